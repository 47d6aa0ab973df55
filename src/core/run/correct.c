/* Corrections of single layers: changed weights, chosen codes, repaired biases.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/correct.h"

#include "base/error.h"

#include <string.h>

GArray *
bs_correct_parse (const BsConfig *config, GError **error)
{
  g_autoptr (GArray) named = g_array_new (FALSE, FALSE, sizeof (BsCorrectionUse));
  g_autoptr (GArray) uses = g_array_new (FALSE, FALSE, sizeof (BsCorrectionUse));

  for (guint i = 0; config->corrections[i] != NULL; i++) {
    BsCorrectionUse use;
    if (!bs_correction_parse (config->corrections[i], &use.row, use.params, error))
      return NULL;
    g_array_append_val (named, use);
  }
  for (guint r = 0; bs_corrections[r] != NULL; r++)
    for (guint i = 0; i < named->len; i++) {
      const BsCorrectionUse *use = &g_array_index (named, BsCorrectionUse, i);
      if (use->row == bs_corrections[r])
        g_array_append_vals (uses, use, 1);
    }
  return g_steal_pointer (&uses);
}

static BsLinear
linear_of (const BsModel *model, const BsPlannedLayer *layer, guint k, const BsLayerInputs *inputs)
{
  const BsTensor *t = &model->tensors[layer->layer.tensors[k]];
  BsLinear linear = { .name = model->nodes[layer->layer.node].name,
                      .weights = t->data,
                      .n_dims = t->n_dims,
                      .channel_axis = layer->layer.channel_axis };

  memcpy (linear.dims, t->dims, sizeof linear.dims);
  if (inputs != NULL && inputs->n_in > 0 && inputs->n_groups == 1) {
    linear.gram = inputs->gram;
    linear.mean = inputs->mean;
  }
  return linear;
}

/* Specs that a row which chooses codes can work on. */
static gboolean
can_choose (const BsSpec *spec)
{
  return bs_spec_integer_codes (spec, NULL, NULL) &&
         (spec->scope == BS_SCOPE_TENSOR || spec->scope == BS_SCOPE_CHANNEL ||
          spec->scope == BS_SCOPE_GROUP);
}

BsQuant *
bs_correct_quantize (const BsModel *model,
                     const BsPlannedLayer *layer,
                     guint k,
                     const GArray *uses,
                     const BsLayerInputs *inputs,
                     const BsInterval *model_range,
                     GError **error)
{
  BsLinear linear = linear_of (model, layer, k, inputs);
  g_autofree float *changed = NULL;
  gsize n = 0, n_out, n_in;

  bs_dims_count (linear.dims, linear.n_dims, &n);
  for (guint i = 0; i < uses->len; i++) {
    const BsCorrectionUse *use = &g_array_index (uses, BsCorrectionUse, i);
    if (use->row->kind == BS_CORRECTION_WEIGHTS && use->row->change != NULL &&
        bs_linear_shape (&linear, &n_out, &n_in)) {
      float *out = g_new (float, n);
      use->row->change (&linear, use->params, out);
      g_free (changed);
      changed = out;
      linear.weights = changed;
    }
    if (use->row->kind == BS_CORRECTION_ROUND && use->row->quantize != NULL &&
        linear.gram != NULL && can_choose (layer->weights) &&
        bs_linear_shape (&linear, &n_out, &n_in))
      return use->row->quantize (&linear, layer->weights, use->params, error);
  }
  return bs_quantize (layer->weights, linear.weights, linear.dims, linear.n_dims,
                      layer->layer.channel_axis, model_range,
                      model->tensors[layer->layer.tensors[k]].name, error);
}

static const BsCorrectionUse *
find_kind (const GArray *uses, BsCorrectionKind kind)
{
  for (guint i = 0; i < uses->len; i++)
    if (g_array_index (uses, BsCorrectionUse, i).row->kind == kind)
      return &g_array_index (uses, BsCorrectionUse, i);
  return NULL;
}

void
bs_correct_bias (const BsModel *model,
                 BsPlannedLayer *layer,
                 const GArray *uses,
                 const BsLayerInputs *inputs)
{
  const BsNode *node = &model->nodes[layer->layer.node];
  gsize n_out, n_in, n_bias;

  if (find_kind (uses, BS_CORRECTION_BIAS) == NULL || inputs == NULL || inputs->n_in == 0 ||
      layer->quant[0] == NULL || node->n_inputs < 3 || node->inputs[2] == BS_TENSOR_NONE ||
      layer->layer.n_weights != 1)
    return;
  BsLinear linear = linear_of (model, layer, 0, inputs);
  const BsTensor *bias = &model->tensors[node->inputs[2]];
  if (!bias->is_constant || bias->dtype != BS_DTYPE_F32 ||
      !bs_dims_count (bias->dims, bias->n_dims, &n_bias) ||
      !bs_linear_shape (&linear, &n_out, &n_in) || n_bias != n_out ||
      n_out % inputs->n_groups != 0 || n_in != inputs->n_in ||
      (inputs->n_groups > 1 && layer->layer.channel_axis != 0))
    return;
  layer->bias_values = g_new (float, n_out);
  linear.dims[0] /= inputs->n_groups > 1 ? (gint64) inputs->n_groups : 1;
  for (guint g = 0; g < inputs->n_groups; g++) { /* each group sees its own inputs */
    gsize row = n_out / inputs->n_groups * g;
    BsLinear group = linear;
    group.weights += inputs->n_groups > 1 ? row * n_in : 0;
    bs_bias_correct (&group, layer->quant[0]->values + (inputs->n_groups > 1 ? row * n_in : 0),
                     inputs->mean + g * n_in, (const float *) bias->data + row,
                     layer->bias_values + row);
  }
}
