/* Deciding: which nodes run on integers, what is fused, and what the codes of each tensor mean.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "run/step.h"

static const BsIntOp *const int_ops[] = {
  &bs_int_conv,
  &bs_int_conv_transpose,
  &bs_int_gemm,
  &bs_int_matmul,
  &bs_int_max_pool,
  &bs_int_average_pool,
  &bs_int_global_average_pool,
  &bs_int_reduce_mean,
  &bs_int_add,
  &bs_int_mul,
  &bs_int_concat,
};

const BsIntOp *
bs_int_op_find (const BsLowering *l, guint index)
{
  const BsNode *node = &l->p->model->nodes[index];

  for (guint i = 0; i < G_N_ELEMENTS (int_ops); i++)
    if (g_str_equal (int_ops[i]->type, node->op_type))
      return int_ops[i];
  if ((node->op->flags & (BS_OP_VIEW | BS_OP_MOVES)) != 0)
    return &bs_int_move;
  return (node->op->flags & BS_OP_ELEMENTWISE) != 0 ? &bs_int_lookup : NULL;
}

static gboolean
constant_scalar (const BsModel *model,
                 const BsNode *node,
                 guint input,
                 const char *attr,
                 double fallback,
                 double *value)
{
  if (input < node->n_inputs && node->inputs[input] != BS_TENSOR_NONE) {
    const BsTensor *t = &model->tensors[node->inputs[input]];
    gsize count;
    if (!t->is_constant || t->dtype != BS_DTYPE_F32 ||
        !bs_dims_count (t->dims, t->n_dims, &count) || count != 1)
      return FALSE;
    *value = (double) *(const float *) t->data;
    return TRUE;
  }
  *value = (double) bs_node_float (node, attr, (float) fallback);
  return TRUE;
}

gboolean
bs_clip_bounds (const BsModel *model, const BsNode *node, double *lo, double *hi)
{
  if (g_str_equal (node->op_type, "Relu")) {
    *lo = 0;
    *hi = INFINITY;
    return TRUE;
  }
  return g_str_equal (node->op_type, "Clip") &&
         constant_scalar (model, node, 1, "min", -INFINITY, lo) &&
         constant_scalar (model, node, 2, "max", INFINITY, hi);
}

void
bs_lower_clamp (const BsLowering *l, gint fused, BskQParams *out)
{
  double lo, hi;

  if (fused < 0 || !bs_clip_bounds (l->p->model, &l->p->model->nodes[fused], &lo, &hi))
    return;
  double low = rint (lo / (double) out->scale) + out->zero_point,
         high = rint (hi / (double) out->scale) + out->zero_point;
  gint32 qmin = out->qmin, qmax = out->qmax;
  if (low > qmin)
    out->qmin = (gint32) MIN (low, qmax);
  if (high < qmax)
    out->qmax = (gint32) MAX (high, out->qmin);
}

/* Activations the kernels can hold: integer codes of at most 8 bits, one scale for the tensor (or
 * the model). */
static gboolean
codes_of_8_bits (const BsSpec *spec)
{
  return bs_spec_integer_codes (spec, NULL, NULL) && spec->bits <= 8 &&
         spec->scope <= BS_SCOPE_TENSOR && !spec->range->at_run_time;
}

static gboolean
reads_codes (const BsLowering *l, guint node)
{
  if (l->modes[node] == BS_NODE_INTEGER)
    return TRUE;
  return l->layer_of[node] >= 0 && codes_of_8_bits (bs_lower_layer (l, node)->acts);
}

gboolean
bs_lower_wants_codes (const BsLowering *l, guint tensor)
{
  const GArray *readers = l->readers[tensor];

  if (readers == NULL || readers->len == 0 || readers->len < l->n_readers[tensor] ||
      l->stats[tensor] == NULL || !codes_of_8_bits (l->specs[tensor]))
    return FALSE;
  for (guint i = 0; i < readers->len; i++)
    if (!reads_codes (l, g_array_index (readers, guint, i)))
      return FALSE;
  return TRUE;
}

/* A tensor's spec: the activations' spec of the layer that reads it, or reads what is made of it;
 * of several layers the first that is not float. */
static void
choose_specs (BsLowering *l)
{
  const BsModel *model = l->p->model;
  g_autofree gboolean *direct = g_new0 (gboolean, model->n_tensors);

  for (guint i = 0; i < model->n_tensors; i++)
    l->specs[i] = &l->p->config->acts;
  for (guint n = model->n_nodes; n-- > 0;) {
    const BsNode *node = &model->nodes[n];
    for (guint k = 0; k < node->n_inputs; k++) {
      guint t = node->inputs[k];
      if (t == BS_TENSOR_NONE || model->tensors[t].is_constant)
        continue;
      if (l->layer_of[n] >= 0) {
        const BsSpec *acts = bs_lower_layer (l, n)->acts;
        if (!direct[t] || !bs_spec_is_float (acts)) /* beside a float layer codes are still codes */
          l->specs[t] = acts;
        direct[t] = TRUE;
      } else if (!direct[t]) {
        l->specs[t] = l->specs[node->outputs[0]];
      }
    }
  }
}

/* Weights the kernels may be able to multiply with: codes of at most 8 bits, a scale and zero point
 * per output channel or coarser, or per group: which groups, the operators know. */
static const char *
why_not_weights (const BsPlannedLayer *layer)
{
  const BsSpec *w = layer->weights;

  if (bs_spec_is_float (w))
    return "weights are float";
  if (!bs_spec_integer_codes (w, NULL, NULL))
    return "this encoding has no integer codes";
  if (w->bits > 8)
    return "weights of more than 8 bits are simulated";
  if (w->scope > BS_SCOPE_GROUP)
    return "a scale for each element cannot leave the sum";
  if (w->scope == BS_SCOPE_CHANNEL && layer->quant[0]->axis != layer->layer.channel_axis)
    return "the scale does not run along the output channels";
  return NULL;
}

static const char *
why_not_acts (const BsSpec *acts)
{
  if (bs_spec_is_float (acts))
    return "activations are float";
  if (acts->range->at_run_time)
    return "activations are simulated: their ranges are found while the network runs";
  if (!codes_of_8_bits (acts))
    return "activations are simulated: the kernels take integer codes of at most 8 bits with one "
           "scale";
  return NULL;
}

static gboolean
layer_runs_on_integers (BsLowering *l, guint n)
{
  BsPlannedLayer *layer = bs_lower_layer (l, n);
  const BsIntOp *row = bs_int_op_find (l, n);

  layer->why_not = why_not_weights (layer);
  if (layer->why_not == NULL)
    layer->why_not = why_not_acts (layer->acts);
  if (layer->why_not == NULL &&
      (row == NULL || layer->layer.n_weights != 1 || row == &bs_int_move || row == &bs_int_lookup))
    layer->why_not = "this operator has no integer kernel";
  return layer->why_not == NULL && row->capable (l, n);
}

/* The Relu or Clip that alone reads the node's output and whose own readers take codes; −1: none.
 */
static gint
fusable (const BsLowering *l, guint n)
{
  const BsModel *model = l->p->model;
  guint out = model->nodes[n].outputs[0];
  double lo, hi;

  if (l->n_readers[out] != 1 || l->readers[out] == NULL)
    return -1;
  guint reader = g_array_index (l->readers[out], guint, 0);
  if (!bs_clip_bounds (model, &model->nodes[reader], &lo, &hi) ||
      model->nodes[reader].inputs[0] != out ||
      !bs_lower_wants_codes (l, model->nodes[reader].outputs[0]))
    return -1;
  return (gint) reader;
}

static gboolean
can_clamp (const BsIntOp *row)
{
  return row != &bs_int_max_pool && row != &bs_int_move && row != &bs_int_lookup &&
         row != &bs_int_concat;
}

static void
decide_node (BsLowering *l, guint n)
{
  const BsNode *node = &l->p->model->nodes[n];
  gboolean is_layer = l->layer_of[n] >= 0;
  gboolean wanted = bs_lower_wants_codes (l, node->outputs[0]);
  const BsIntOp *row = bs_int_op_find (l, n);
  gint fused = -1;

  if (is_layer) {
    if (!layer_runs_on_integers (l, n))
      return;
    fused = fusable (l, n);
  } else {
    if (row == NULL || node->n_outputs != 1)
      return;
    fused = can_clamp (row) ? fusable (l, n) : -1;
    if ((fused < 0 && !wanted) || !row->capable (l, n))
      return;
  }
  l->modes[n] = BS_NODE_INTEGER;
  if (fused >= 0) {
    l->fused[n] = fused;
    l->modes[fused] = BS_NODE_FUSED;
    l->outputs[n] = l->p->model->nodes[fused].outputs[0];
  }
  if (is_layer) {
    BsPlannedLayer *layer = bs_lower_layer (l, n);
    layer->on_integers = TRUE;
    layer->fused = fused;
    layer->output = l->outputs[n];
  }
}

static void
mark_codes (BsLowering *l)
{
  const BsModel *model = l->p->model;

  for (guint t = 0; t < model->n_tensors; t++) {
    const GArray *readers = l->readers[t];
    for (guint i = 0; readers != NULL && i < readers->len && l->stats[t] != NULL &&
                      codes_of_8_bits (l->specs[t]);
         i++)
      if (reads_codes (l, g_array_index (readers, guint, i)))
        l->p->tensors[t].quantized = TRUE;
  }
  for (guint n = 0; n < model->n_nodes; n++) /* what an integer node is fused with never exists */
    if (l->fused[n] >= 0)
      l->p->tensors[model->nodes[n].outputs[0]].quantized = FALSE;
}

static gboolean
choose_codes (BsLowering *l, GError **error)
{
  const BsModel *model = l->p->model;
  BsInterval whole = { 0, 0 };

  for (guint t = 0; t < model->n_tensors; t++) {
    BsPlannedTensor *planned = &l->p->tensors[t];
    const BsSpec *spec = l->specs[t];
    gint writer = l->producers[t];
    planned->inherits = -1;
    if (writer >= 0 && planned->quantized && l->modes[writer] == BS_NODE_INTEGER &&
        bs_int_op_find (l, (guint) writer)->inherits)
      planned->inherits = (gint) model->nodes[writer].inputs[0];
    if (l->stats[t] == NULL || bs_spec_is_float (spec) ||
        (!planned->quantized && codes_of_8_bits (spec)))
      continue;
    if (!bs_range_choose (l->stats[t], spec, model->tensors[t].name, &planned->interval, error))
      return FALSE;
    if (spec->scope == BS_SCOPE_MODEL && planned->inherits < 0) {
      whole.lo = MIN (whole.lo, planned->interval.lo);
      whole.hi = MAX (whole.hi, planned->interval.hi);
    }
  }
  for (guint t = 0; t < model->n_tensors; t++) {
    BsPlannedTensor *planned = &l->p->tensors[t];
    if (l->stats[t] == NULL || bs_spec_is_float (l->specs[t]))
      continue;
    if (l->specs[t]->scope == BS_SCOPE_MODEL)
      planned->interval = whole;
    if (bs_spec_integer_codes (l->specs[t], NULL, NULL))
      bs_quant_params (l->specs[t], &planned->interval, &planned->params);
    planned->is_signed = l->specs[t]->is_signed;
  }
  for (guint n = 0; n < model->n_nodes;
       n++) { /* in execution order, so that chains of pooling and reshaping inherit */
    guint t = model->nodes[n].outputs[0];
    if (t != BS_TENSOR_NONE && l->p->tensors[t].inherits >= 0) {
      const BsPlannedTensor *from = &l->p->tensors[l->p->tensors[t].inherits];
      l->p->tensors[t].params = from->params;
      l->p->tensors[t].is_signed = from->is_signed;
    }
  }
  return TRUE;
}

gboolean
bs_decide (BsLowering *l, GError **error)
{
  const BsModel *model = l->p->model;

  choose_specs (l);
  for (guint n = model->n_nodes; n-- > 0;)
    if (l->modes[n] == BS_NODE_FLOAT && model->nodes[n].n_outputs > 0 &&
        model->nodes[n].outputs[0] != BS_TENSOR_NONE)
      decide_node (l, n);
  mark_codes (l);
  return choose_codes (l, error);
}
