/* Advice about a whole model: what a configuration will stumble over, before it is measured.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/advise.h"

#include "model/layers.h"

/* One walk over the layers. */
typedef struct {
  const BsModel *model;
  const BsConfig *config;
  const BsStudy *study;
  GHashTable *seen; /* tensors advised about: several layers may read one */
  GPtrArray *findings;
} Walk;

static gboolean
is_weight (const BsLayer *layer, guint input)
{
  for (guint i = 0; i < layer->n_weights; i++)
    if (layer->inputs[i] == input)
      return TRUE;
  return FALSE;
}

static void
advise_weights (Walk *walk, const BsLayer *layer, const char *name)
{
  const BsSpec *spec = bs_config_weights (walk->config, name);

  for (guint i = 0; i < layer->n_weights; i++) {
    const BsTensor *weight = &walk->model->tensors[layer->tensors[i]];
    g_autofree char *where =
      layer->n_weights > 1 ? g_strdup_printf ("%s %s", name, weight->name) : g_strdup (name);

    if (weight->dtype == BS_DTYPE_F32 && weight->data != NULL)
      bs_advise_weights (where, weight->data, weight->dims, weight->n_dims, layer->channel_axis,
                         spec, walk->findings);
  }
}

/* The constant behind a layer's weight with one value per output channel; NULL: there is none. */
static const BsTensor *
find_bias (const Walk *walk, const BsLayer *layer, gsize *n)
{
  const BsNode *node = &walk->model->nodes[layer->node];

  if (layer->n_weights != 1 || layer->inputs[0] != 1 || node->n_inputs < 3 ||
      node->inputs[2] == BS_TENSOR_NONE)
    return NULL;
  const BsTensor *bias = &walk->model->tensors[node->inputs[2]];
  if (bias->dtype != BS_DTYPE_F32 || bias->data == NULL ||
      !bs_dims_count (bias->dims, bias->n_dims, n))
    return NULL;
  return bias;
}

static void
advise_bias (Walk *walk, const BsLayer *layer, const char *name, const BsStats *input)
{
  const BsTensor *weight = &walk->model->tensors[layer->tensors[0]];
  const BsSpec *weights = bs_config_weights (walk->config, name),
               *acts = bs_config_acts (walk->config, name);
  gsize n;
  const BsTensor *bias = find_bias (walk, layer, &n);
  BsInterval interval;
  BskQParams params;

  if (bias == NULL || weight->dtype != BS_DTYPE_F32 ||
      !bs_spec_integer_codes (weights, NULL, NULL) || !bs_spec_integer_codes (acts, NULL, NULL) ||
      !bs_range_choose (input, acts, name, &interval, NULL))
    return;
  g_autoptr (BsQuant) quant = bs_quantize (weights, weight->data, weight->dims, weight->n_dims,
                                           layer->channel_axis, NULL, name, NULL);
  if (quant == NULL || quant->scale == NULL || (quant->n_scales != 1 && quant->n_scales != n))
    return;
  bs_quant_params (acts, &interval, &params);
  bs_advise_bias (name, bias->data, n, params.scale, quant->scale, quant->n_scales, walk->findings);
}

static void
advise_inputs (Walk *walk, const BsLayer *layer, const char *name)
{
  const BsNode *node = &walk->model->nodes[layer->node];

  for (guint i = 0; i < node->n_inputs; i++) {
    guint tensor = node->inputs[i];
    const BsStats *stats = tensor != BS_TENSOR_NONE && !is_weight (layer, i)
                             ? bs_study_stats (walk->study, tensor)
                             : NULL;

    if (stats == NULL || stats->count == 0)
      continue;
    if (i == 0)
      advise_bias (walk, layer, name, stats);
    if (g_hash_table_add (walk->seen, GUINT_TO_POINTER (tensor)))
      bs_advise_acts (walk->model->tensors[tensor].name, stats, bs_config_acts (walk->config, name),
                      walk->findings);
  }
}

static gint
compare_findings (gconstpointer a, gconstpointer b)
{
  const BsFinding *p = *(BsFinding *const *) a, *q = *(BsFinding *const *) b;
  double x = bs_finding_bits (p), y = bs_finding_bits (q);

  return x != y ? (x < y ? 1 : -1) : g_strcmp0 (p->where, q->where);
}

GPtrArray *
bs_advise_model (const BsModel *model, const BsConfig *config, const BsStudy *study)
{
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Walk walk = { model, config, study, seen, bs_findings_new () };

  for (guint i = 0; i < layers->len; i++) {
    const BsLayer *layer = &g_array_index (layers, BsLayer, i);
    const char *name = model->nodes[layer->node].name;

    advise_weights (&walk, layer, name);
    if (study != NULL)
      advise_inputs (&walk, layer, name);
  }
  g_ptr_array_sort (walk.findings, compare_findings);
  return walk.findings;
}

BsConfig *
bs_advise_default (void)
{
  static const char *const no_corrections[] = { NULL };
  BsSpec weights, acts;
  gboolean known = bs_spec_parse ("int8", &weights, NULL) && bs_spec_parse ("uint8", &acts, NULL);

  g_assert (known);
  return bs_config_new (&weights, &acts, NULL, no_corrections);
}
