/* Preparing a run: a configuration met a model; weights are quantized and packed, steps are listed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/prepare.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "quant/measure.h"
#include "run/correct.h"
#include "run/step.h"

static void
clear_layer (gpointer data)
{
  BsPlannedLayer *layer = data;

  for (guint k = 0; k < BS_LAYER_WEIGHTS; k++)
    g_clear_pointer (&layer->quant[k], bs_quant_unref);
  g_clear_pointer (&layer->scale, g_atomic_rc_box_release);
  g_clear_pointer (&layer->zero, g_atomic_rc_box_release);
  g_clear_pointer (&layer->codes, g_atomic_rc_box_release);
  g_clear_pointer (&layer->bias, g_atomic_rc_box_release);
  g_clear_pointer (&layer->bias_real, g_atomic_rc_box_release);
  g_free (layer->bias_values);
}

void
bs_prepared_free (BsPrepared *p)
{
  for (guint i = 0; i < p->n_steps; i++) {
    g_free (p->steps[i].in);
    g_free (p->steps[i].out);
    if (p->steps[i].free_data != NULL && p->steps[i].data != NULL)
      p->steps[i].free_data (p->steps[i].data);
  }
  g_free (p->steps);
  g_free (p->slots);
  g_free (p->output_slots);
  g_clear_pointer (&p->layers, g_array_unref);
  g_free (p->tensors);
  g_free (p->shapes);
  bs_config_unref (p->config);
  bs_model_unref (p->model);
  g_free (p);
}

static gboolean
check_layer_names (const BsModel *model,
                   const BsConfig *config,
                   const GArray *layers,
                   GError **error)
{
  for (guint i = 0; i < config->layers->len; i++) {
    const char *name = ((const BsLayerSpec *) config->layers->pdata[i])->layer;
    gboolean found = FALSE;
    for (guint k = 0; k < layers->len && !found; k++)
      found =
        g_str_equal (model->nodes[g_array_index (layers, BsPlannedLayer, k).layer.node].name, name);
    if (!found) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "The configuration names the layer “%s”, which the model “%s” does not have",
                   name, model->name);
      return FALSE;
    }
  }
  return TRUE;
}

/* The interval that one scale for the whole model must cover: all weights that ask for it. */
static gboolean
model_range (const BsPrepared *p, BsInterval *whole, GError **error)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (gsize));
  const BsSpec *spec = NULL;

  for (guint i = 0; i < p->layers->len; i++) {
    const BsPlannedLayer *layer = &g_array_index (p->layers, BsPlannedLayer, i);
    if (layer->weights->scope != BS_SCOPE_MODEL || bs_spec_is_float (layer->weights))
      continue;
    spec = layer->weights;
    for (guint k = 0; k < layer->layer.n_weights; k++) {
      const BsTensor *t = &p->model->tensors[layer->layer.tensors[k]];
      gsize n;
      bs_dims_count (t->dims, t->n_dims, &n);
      g_ptr_array_add (values, (gpointer) t->data);
      g_array_append_val (counts, n);
    }
  }
  return spec == NULL ||
         bs_quant_model_range (spec, (const float *const *) values->pdata,
                               (const gsize *) (gpointer) counts->data, values->len, whole, error);
}

/* Takes the weights that the like plan quantized to the same spec. */
static gboolean
share_weights (BsPlannedLayer *layer, const BsPlannedLayer *like)
{
  g_autofree char *spec = bs_spec_to_string (layer->weights),
                  *same = bs_spec_to_string (like->weights);

  if (layer->weights->scope == BS_SCOPE_MODEL || !g_str_equal (spec, same))
    return FALSE;
  for (guint k = 0; k < layer->layer.n_weights; k++)
    layer->quant[k] = bs_quant_ref (like->quant[k]);
  layer->weight_sqnr_db = like->weight_sqnr_db;
  return TRUE;
}

static double
weight_sqnr_db (const BsModel *model, const BsPlannedLayer *layer)
{
  BsErrorSums sums = { 0 };

  for (guint k = 0; k < layer->layer.n_weights; k++)
    bs_error_sums_add (&sums, model->tensors[layer->layer.tensors[k]].data, layer->quant[k]->values,
                       layer->quant[k]->n);
  return sums.count > 0 ? bs_error_sqnr_db (&sums) : INFINITY;
}

/* like: no correction was or is to be applied. */
static gboolean
quantize_layers (BsPrepared *p, const BsLayerInputs *inputs, const BsPrepared *like, GError **error)
{
  g_autoptr (GArray) uses = bs_correct_parse (p->config, error);
  BsInterval whole = { 0, 0 };

  if (uses == NULL || !model_range (p, &whole, error))
    return FALSE;
  for (guint i = 0; i < p->layers->len; i++) {
    BsPlannedLayer *layer = &g_array_index (p->layers, BsPlannedLayer, i);
    layer->weight_sqnr_db = INFINITY;
    if (bs_spec_is_float (layer->weights) ||
        (like != NULL && share_weights (layer, &g_array_index (like->layers, BsPlannedLayer, i))))
      continue;
    for (guint k = 0; k < layer->layer.n_weights; k++) {
      layer->quant[k] =
        bs_correct_quantize (p->model, layer, k, uses, inputs != NULL ? &inputs[i] : NULL,
                             layer->weights->scope == BS_SCOPE_MODEL ? &whole : NULL, error);
      if (layer->quant[k] == NULL) {
        g_prefix_error (error, "Layer “%s”: ", p->model->nodes[layer->layer.node].name);
        return FALSE;
      }
    }
    layer->weight_sqnr_db = weight_sqnr_db (p->model, layer);
    bs_correct_bias (p->model, layer, uses, inputs != NULL ? &inputs[i] : NULL);
  }
  return TRUE;
}

static void
init_lowering (BsLowering *l, BsPrepared *p, BsStats *const *stats)
{
  const BsModel *model = p->model;

  *l = (BsLowering){ .p = p, .stats = stats };
  l->producers = bs_model_producers (model);
  l->n_readers = bs_model_consumers (model);
  l->readers = g_new0 (GArray *, model->n_tensors);
  l->modes = g_new0 (BsNodeMode, model->n_nodes);
  l->layer_of = g_new (gint, model->n_nodes);
  l->fused = g_new (gint, model->n_nodes);
  l->outputs = g_new (guint, model->n_nodes);
  l->specs = g_new0 (const BsSpec *, model->n_tensors);
  l->steps = g_array_new (FALSE, TRUE, sizeof (BsStep));
  l->slots = g_array_new (FALSE, TRUE, sizeof (BsSlot));
  l->slot_of = g_new (guint, (gsize) model->n_tensors * BS_N_FORMS);
  memset (l->slot_of, 0xff, (gsize) model->n_tensors * BS_N_FORMS * sizeof *l->slot_of);
  for (guint n = 0; n < model->n_nodes; n++) {
    const BsNode *node = &model->nodes[n];
    l->layer_of[n] = l->fused[n] = -1;
    l->outputs[n] = node->n_outputs > 0 ? node->outputs[0] : BS_TENSOR_NONE;
    for (guint k = 0; k < node->n_inputs; k++) {
      guint t = node->inputs[k];
      if (t == BS_TENSOR_NONE || model->tensors[t].is_constant)
        continue;
      if (l->readers[t] == NULL)
        l->readers[t] = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (l->readers[t], n);
    }
  }
  for (guint i = 0; i < p->layers->len; i++)
    l->layer_of[g_array_index (p->layers, BsPlannedLayer, i).layer.node] = (gint) i;
}

static void
clear_lowering (BsLowering *l)
{
  for (guint t = 0; t < l->p->model->n_tensors; t++)
    if (l->readers[t] != NULL)
      g_array_unref (l->readers[t]);
  g_free (l->readers);
  g_free (l->producers);
  g_free (l->n_readers);
  g_free (l->modes);
  g_free (l->layer_of);
  g_free (l->fused);
  g_free (l->outputs);
  g_free (l->specs);
  g_free (l->slot_of);
}

static void
lower_float (BsLowering *l, guint node)
{
  if (!bs_lower_float_last (l, node))
    bs_lower_island (l, node, BS_FORM_FLOAT);
}

static gboolean
lower_all (BsLowering *l, GError **error)
{
  const BsModel *model = l->p->model;

  for (guint i = 0; i < model->n_inputs; i++)
    bs_lower_slot (l, model->inputs[i], BS_FORM_FLOAT, "input", NULL, 0);
  for (guint n = 0; n < model->n_nodes; n++) {
    if (l->modes[n] == BS_NODE_FLOAT)
      lower_float (l, n);
    else if (l->modes[n] == BS_NODE_INTEGER && !bs_int_op_find (l, n)->lower (l, n, error)) {
      return FALSE;
    }
  }
  for (guint i = 0; i < model->n_outputs; i++) {
    guint t = model->outputs[i];
    if (model->tensors[t].is_constant) {
      g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                   "Output “%s” is a constant: there is nothing to run", model->tensors[t].name);
      return FALSE;
    }
    l->p->output_slots[i] = bs_lower_need (l, t, BS_FORM_FLOAT);
  }
  return TRUE;
}

static void
sum_up (BsPrepared *p, const BsLowering *l)
{
  guint64 all = 0, integer = 0;

  for (guint n = 0; n < p->model->n_nodes; n++) {
    guint64 macs = bs_node_macs (p->model, &p->model->nodes[n], p->shapes);
    all += macs;
    if (l->modes[n] == BS_NODE_INTEGER)
      integer += macs;
  }
  p->integer_share = all > 0 ? (double) integer / (double) all : 0;
  for (guint i = 0; i < p->layers->len; i++) {
    const BsPlannedLayer *layer = &g_array_index (p->layers, BsPlannedLayer, i);
    if (!layer->on_integers && (layer->quant[0] != NULL || !bs_spec_is_float (layer->acts)))
      p->simulated = TRUE;
  }
  for (guint i = 0; i < p->model->n_outputs; i++)
    p->slots[p->output_slots[i]].last_use = p->n_steps;
}

/* stats NULL: float only, and nothing is fused. */
static BsPrepared *
prepare (BsModel *model,
         BsConfig *config,
         BsStats *const *stats,
         const BsLayerInputs *inputs,
         const BsPrepared *like,
         GError **error)
{
  g_autofree BsStats **none = stats == NULL ? g_new0 (BsStats *, model->n_tensors + 1) : NULL;
  g_autoptr (BsPrepared) p = g_new0 (BsPrepared, 1);
  g_autoptr (GArray) layers = NULL;
  BsLowering l;

  if (like != NULL && (like->config->corrections[0] != NULL || config->corrections[0] != NULL))
    like = NULL; /* corrections look at more than a layer's own weights */
  p->model = bs_model_ref (model);
  p->config = bs_config_ref (config);
  p->layers = g_array_new (FALSE, TRUE, sizeof (BsPlannedLayer));
  g_array_set_clear_func (p->layers, clear_layer);
  p->tensors = g_new0 (BsPlannedTensor, model->n_tensors);
  p->output_slots = g_new0 (guint, model->n_outputs);
  if (!bs_check_operators (model, error))
    return NULL;
  p->shapes = bs_model_shapes (model, error);
  if (p->shapes == NULL)
    return NULL;
  layers = bs_model_layers (model, p->shapes);
  for (guint i = 0; i < layers->len; i++) {
    BsPlannedLayer layer = { .layer = g_array_index (layers, BsLayer, i), .fused = -1 };
    const BsNode *node = &model->nodes[layer.layer.node];
    layer.weights = bs_config_weights (config, node->name);
    layer.acts = bs_config_acts (config, node->name);
    layer.output = node->outputs[0];
    g_array_append_val (p->layers, layer);
  }
  if (!check_layer_names (model, config, p->layers, error) ||
      !quantize_layers (p, inputs, like, error))
    return NULL;

  init_lowering (&l, p, stats != NULL ? stats : none);
  l.whole = stats == NULL;
  l.like = like;
  gboolean ok = bs_decide (&l, error) && lower_all (&l, error);
  p->n_steps = l.steps->len;
  p->n_slots = l.slots->len;
  p->steps = (BsStep *) (gpointer) g_array_free (l.steps, FALSE);
  p->slots = (BsSlot *) (gpointer) g_array_free (l.slots, FALSE);
  if (ok)
    sum_up (p, &l);
  clear_lowering (&l);
  return ok ? g_steal_pointer (&p) : NULL;
}

BsPrepared *
bs_prepare (BsModel *model,
            BsConfig *config,
            BsStats *const *stats,
            const BsLayerInputs *inputs,
            const BsPrepared *like,
            GError **error)
{
  return prepare (model, config, stats, inputs, like, error);
}

BsPrepared *
bs_prepare_whole (BsModel *model, BsConfig *config, GError **error)
{
  return prepare (model, config, NULL, NULL, NULL, error);
}
