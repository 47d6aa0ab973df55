/* Variants: the same network with scale moved between its layers, so that each is easier to
 * quantize. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "model/builder.h"
#include "run/correct.h"
#include "study/study_private.h"

#include <math.h>
#include <string.h>

#define EQUALIZE_ROUNDS 20
#define AWQ_GRID 20
#define MAX_VARIANTS 8

/* Two layers with nothing but ReLU, pooling and reshaping between them: f (s·x) = s·f (x) for s >
 * 0, channel by channel. */
typedef struct {
  guint first, second; /* in layers */
  gsize n;             /* channels between them */
} Pair;

/* A layer's weights while scales move: a copy, read by channel. */
typedef struct {
  const BsLayer *layer;
  float *weights, *bias; /* owned; bias NULL: none */
  gsize n;               /* weights */
  gsize n_out, n_in;     /* output channels; input channels (columns of a matrix) */
  gboolean depthwise;    /* input channel c is output channel c */
} Side;

static gboolean
passes_scale (const BsNode *node)
{
  static const char *const types[] = { "Relu",        "LeakyRelu",         "MaxPool",
                                       "AveragePool", "GlobalAveragePool", "ReduceMean",
                                       "Flatten",     "GlobalMaxPool",     "Reshape",
                                       "Squeeze",     "Unsqueeze" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i], node->op_type))
      return TRUE;
  return FALSE;
}

/* Weights as rows of outputs and columns of input channels; FALSE for layers that cannot take part.
 */
static gboolean
open_side (const BsModel *model, const BsLayer *layer, Side *side)
{
  const BsNode *node = &model->nodes[layer->node];
  const BsTensor *w = &model->tensors[layer->tensors[0]];
  gboolean conv = g_str_equal (node->op_type, "Conv");
  gboolean matrix = w->n_dims == 2 &&
                    (g_str_equal (node->op_type, "Gemm") || g_str_equal (node->op_type, "MatMul"));
  gint64 groups = conv ? bs_node_int (node, "group", 1) : 1;
  gsize n_bias = 0;

  memset (side, 0, sizeof *side);
  if (!(conv || matrix) || layer->inputs[0] != 1 || !bs_dims_count (w->dims, w->n_dims, &side->n))
    return FALSE;
  side->layer = layer;
  side->depthwise = groups > 1 && w->dims[1] == 1 && w->dims[0] == groups;
  if (groups > 1 && !side->depthwise)
    return FALSE;
  side->n_out = (gsize) w->dims[layer->channel_axis];
  side->n_in = side->depthwise ? side->n_out : conv ? (gsize) w->dims[1] : side->n / side->n_out;
  if (node->n_inputs > 2 && node->inputs[2] != BS_TENSOR_NONE) {
    const BsTensor *b = &model->tensors[node->inputs[2]];
    if (!b->is_constant || b->dtype != BS_DTYPE_F32 ||
        !bs_dims_count (b->dims, b->n_dims, &n_bias) || n_bias != side->n_out)
      return FALSE;
    side->bias = g_memdup2 (b->data, n_bias * sizeof (float));
  }
  side->weights = g_memdup2 (w->data, side->n * sizeof (float));
  return TRUE;
}

/* Output channel of weight i, and which of n_between channels before it. A flattened image has
 * several columns a channel. */
static void
channels_of (const BsModel *model,
             const Side *side,
             gsize i,
             gsize n_between,
             gsize *out,
             gsize *in)
{
  const BsTensor *w = &model->tensors[side->layer->tensors[0]];

  if (w->n_dims == 2) {
    gsize row = i / (gsize) w->dims[1], column = i % (gsize) w->dims[1];
    gboolean by_row = side->layer->channel_axis == 0;
    *out = by_row ? row : column;
    *in = (by_row ? column : row) / MAX (side->n_in / n_between, 1);
    return;
  }
  gsize inner = side->n / (gsize) w->dims[0];
  *out = i / inner;
  *in = side->depthwise ? *out : i % inner / (inner / (gsize) w->dims[1]);
}

/* The layer behind layer a, when only what passes scale on lies between. */
static void
find_pair (const BsModel *model,
           const GArray *layers,
           const Side *sides,
           const guint *readers,
           guint a,
           GArray *pairs)
{
  guint n = g_array_index (layers, BsLayer, a).node, t = model->nodes[n].outputs[0];

  for (n++; n < model->n_nodes && readers[t] == 1; n++) {
    const BsNode *node = &model->nodes[n];
    if (node->n_inputs == 0 || node->inputs[0] != t)
      continue;
    for (guint b = 0; b < layers->len; b++)
      if (g_array_index (layers, BsLayer, b).node == n && sides[b].weights != NULL &&
          sides[b].n_in % sides[a].n_out == 0) {
        Pair pair = { a, b, sides[a].n_out };
        g_array_append_val (pairs, pair);
      }
    if (!passes_scale (node))
      return;
    t = node->outputs[0];
  }
}

static GArray *
find_pairs (const BsModel *model, const GArray *layers, const Side *sides)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  g_autofree guint *readers = bs_model_consumers (model);

  for (guint a = 0; a < layers->len; a++)
    if (sides[a].weights != NULL)
      find_pair (model, layers, sides, readers, a, pairs);
  return pairs;
}

static void
ranges (const BsModel *model, const Side *side, gboolean by_output, gsize n, double *r)
{
  memset (r, 0, n * sizeof *r);
  for (gsize i = 0; i < side->n; i++) {
    gsize out, in;
    channels_of (model, side, i, n, &out, &in);
    gsize c = by_output ? out : in;
    r[c] = MAX (r[c], fabs ((double) side->weights[i]));
  }
}

/* Divides the first layer's outputs by s and multiplies the second's inputs. */
static void
move_scale (const BsModel *model, Side *first, Side *second, const double *s, gsize n)
{
  gsize out, in;

  for (gsize i = 0; i < first->n; i++) {
    channels_of (model, first, i, first->n_in, &out, &in);
    first->weights[i] = (float) ((double) first->weights[i] / s[out]);
  }
  for (gsize c = 0; first->bias != NULL && c < n; c++)
    first->bias[c] = (float) ((double) first->bias[c] / s[c]);
  for (gsize i = 0; i < second->n; i++) {
    channels_of (model, second, i, n, &out, &in);
    second->weights[i] = (float) ((double) second->weights[i] * s[in]);
  }
}

static void
equalize (const BsModel *model, Side *sides, const GArray *pairs)
{
  for (guint round = 0; round < EQUALIZE_ROUNDS; round++) {
    double change = 0;
    for (guint p = 0; p < pairs->len; p++) {
      const Pair *pair = &g_array_index (pairs, Pair, p);
      g_autofree double *r1 = g_new (double, pair->n), *r2 = g_new (double, pair->n),
                        *s = g_new (double, pair->n);
      ranges (model, &sides[pair->first], TRUE, pair->n, r1);
      ranges (model, &sides[pair->second], FALSE, pair->n, r2);
      bs_equalize_scales (r1, r2, pair->n, s);
      for (gsize c = 0; c < pair->n; c++)
        change = MAX (change, fabs (log (s[c])));
      move_scale (model, &sides[pair->first], &sides[pair->second], s, pair->n);
    }
    if (change < 1e-4)
      return;
  }
}

/* AWQ: the scales of one layer's inputs with the smallest output error; FALSE with s untouched
 * where it does not apply. */
static gboolean
search_scales (const BsModel *model,
               const BsConfig *config,
               const Side *side,
               const BsLayerInputs *in,
               gsize n,
               double *s)
{
  const BsTensor *w = &model->tensors[side->layer->tensors[0]];
  const BsSpec *spec = bs_config_weights (config, model->nodes[side->layer->node].name);
  BsLinear linear = { .name = w->name,
                      .weights = side->weights,
                      .n_dims = w->n_dims,
                      .channel_axis = side->layer->channel_axis,
                      .gram = in->gram,
                      .mean = in->mean };

  memcpy (linear.dims, w->dims, sizeof linear.dims);
  return w->n_dims == 2 && in->gram != NULL && in->n_in == n &&
         bs_spec_integer_codes (spec, NULL, NULL) &&
         bs_awq_search (&linear, spec, in->mean_abs, AWQ_GRID, s, NULL, NULL) >= 0;
}

/* Scales from what the second layer reads: SmoothQuant from magnitudes, AWQ from a search. */
static void
scale_by_inputs (const BsModel *model,
                 const BsConfig *config,
                 const BsCorrectionUse *use,
                 const BsLayerInputs *inputs,
                 Side *sides,
                 const GArray *pairs)
{
  for (guint p = 0; p < pairs->len; p++) {
    const Pair *pair = &g_array_index (pairs, Pair, p);
    const BsLayerInputs *in = &inputs[pair->second];
    Side *second = &sides[pair->second];
    g_autofree double *s = g_new (double, pair->n), *r2 = g_new (double, pair->n);
    if (in->amax == NULL || in->n_channels != pair->n)
      continue;
    if (g_str_equal (use->row->id, "smoothquant")) {
      ranges (model, second, FALSE, pair->n, r2);
      bs_smoothquant_scales (in->amax, r2, pair->n, use->params[0], s);
    } else if (!search_scales (model, config, second, in, pair->n, s)) {
      continue;
    }
    move_scale (model, &sides[pair->first], second, s, pair->n);
  }
}

static void
set_constant (BsModelBuilder *builder, guint node, guint input, const float *values)
{
  const BsModel *model = bs_model_builder_edit (builder);
  BsTensor t = model->tensors[model->nodes[node].inputs[input]];
  g_autofree char *name = g_strdup (t.name);
  guint index = bs_model_builder_constant (builder, name, t.dtype, t.dims, t.n_dims, values, NULL);

  bs_model_builder_edit (builder)->nodes[node].inputs[input] = index;
}

/* study: not a variant. */
static BsModel *
rescale (BsStudy *study, const BsConfig *config, const GArray *uses, GError **error)
{
  const BsModel *model = study->model;
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  g_autofree Side *sides = g_new0 (Side, layers->len + 1);
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (model);
  gboolean ok = TRUE;

  for (guint i = 0; i < layers->len; i++)
    open_side (model, &g_array_index (layers, BsLayer, i), &sides[i]);
  g_autoptr (GArray) pairs = find_pairs (model, layers, sides);
  for (guint i = 0; i < uses->len && ok; i++) {
    const BsCorrectionUse *use = &g_array_index (uses, BsCorrectionUse, i);
    if (use->row->kind != BS_CORRECTION_RESCALE)
      continue;
    if (g_str_equal (use->row->id, "equalize")) {
      equalize (model, sides, pairs);
    } else {
      ok = bs_study_make_inputs (study, error);
      if (ok && study->inputs != NULL)
        scale_by_inputs (model, config, use, study->inputs, sides, pairs);
    }
  }
  for (guint i = 0; i < layers->len; i++) {
    guint node = g_array_index (layers, BsLayer, i).node;
    if (sides[i].weights != NULL)
      set_constant (builder, node, 1, sides[i].weights);
    if (sides[i].bias != NULL)
      set_constant (builder, node, 2, sides[i].bias);
    g_free (sides[i].weights);
    g_free (sides[i].bias);
  }
  return ok ? bs_model_builder_finish (builder, error) : NULL;
}

BsStudy *
bs_study_variant (BsStudy *study, const BsConfig *config, GError **error)
{
  g_autoptr (GArray) uses = bs_correct_parse (config, error);
  g_autoptr (GString) key = g_string_new (NULL);
  g_autoptr (BsModel) model = NULL;
  g_autoptr (BsStudy) variant = NULL;

  if (uses == NULL)
    return NULL;
  for (guint i = 0; i < uses->len; i++) {
    const BsCorrectionUse *use = &g_array_index (uses, BsCorrectionUse, i);
    if (use->row->kind == BS_CORRECTION_RESCALE)
      g_string_append_printf (key, "%s %a %s ", use->row->id, use->params[0],
                              g_str_equal (use->row->id, "awq")
                                ? config->key
                                : ""); /* AWQ's scales depend on the specs */
  }
  if (key->len == 0)
    return study;
  if (study->variants == NULL)
    study->variants =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) bs_study_free);
  BsStudy *known = g_hash_table_lookup (study->variants, key->str);
  if (known != NULL)
    return known;
  model = rescale (study, config, uses, error);
  if (model == NULL)
    return NULL;
  variant = bs_study_new_variant (study, model);
  if (!bs_study_calibrate (variant, NULL, error))
    return NULL;
  if (g_hash_table_size (study->variants) >= MAX_VARIANTS)
    g_hash_table_remove_all (study->variants);
  known = variant;
  g_hash_table_insert (study->variants, g_strdup (key->str), g_steal_pointer (&variant));
  return known;
}
