/* Layers: the nodes that carry weights, what their weights are and what they cost.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/layers.h"

#include "model/infer.h"

#include <string.h>

static gboolean
is_weight (const BsModel *model, const BsNode *node, guint input)
{
  if (input >= node->n_inputs || node->inputs[input] == BS_TENSOR_NONE)
    return FALSE;
  const BsTensor *t = &model->tensors[node->inputs[input]];
  gsize count;
  return t->is_constant && t->dtype == BS_DTYPE_F32 && t->n_dims >= 1 && t->n_dims <= BS_MAX_DIMS &&
         bs_dims_count (t->dims, t->n_dims, &count) && count > 0;
}

static gint
channel_axis (const BsNode *node, guint n_dims)
{
  if (g_str_equal (node->op_type, "Gemm"))
    return bs_node_int (node, "transB", 0) != 0 ? 0 : 1;
  if (g_str_equal (node->op_type, "MatMul"))
    return (gint) n_dims - 1;
  if (g_str_equal (node->op_type, "ConvTranspose") || g_str_equal (node->op_type, "GRU") ||
      g_str_equal (node->op_type, "LSTM") || g_str_equal (node->op_type, "RNN"))
    return 1;
  return 0;
}

static guint64
node_parameters (const BsModel *model, const BsNode *node)
{
  guint64 parameters = 0;

  for (guint i = 0; i < node->n_inputs; i++) {
    gsize count;
    if (node->inputs[i] == BS_TENSOR_NONE)
      continue;
    const BsTensor *t = &model->tensors[node->inputs[i]];
    if (t->is_constant && t->dtype == BS_DTYPE_F32 && bs_dims_count (t->dims, t->n_dims, &count))
      parameters += count;
  }
  return parameters;
}

void
bs_shapes_call (const BsModel *model, const BsNode *node, BsValue *shapes, BsCall *call)
{
  memset (call, 0, sizeof *call);
  call->model = model;
  call->node = node;
  call->n_in = MIN (node->n_inputs, BS_CALL_MAX);
  call->n_out = MIN (node->n_outputs, BS_CALL_MAX);
  for (guint i = 0; i < call->n_in; i++)
    call->in[i] = node->inputs[i] == BS_TENSOR_NONE ? NULL : &shapes[node->inputs[i]];
  for (guint i = 0; i < call->n_out; i++)
    call->out[i] = node->outputs[i] == BS_TENSOR_NONE ? NULL : &shapes[node->outputs[i]];
}

guint64
bs_node_macs (const BsModel *model, const BsNode *node, BsValue *shapes)
{
  BsCall call;

  if (shapes == NULL || node->op == NULL || node->op->macs == NULL)
    return 0;
  for (guint i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] != BS_TENSOR_NONE && shapes[node->inputs[i]].n_dims == BS_DIMS_UNKNOWN)
      return 0;
  for (guint i = 0; i < node->n_outputs; i++)
    if (node->outputs[i] != BS_TENSOR_NONE && shapes[node->outputs[i]].n_dims == BS_DIMS_UNKNOWN)
      return 0;
  bs_shapes_call (model, node, shapes, &call);
  return node->op->macs (&call);
}

/* Elements of the node's inputs that are no constants, or of its outputs. */
static guint64
count_activations (const BsModel *model, const BsValue *shapes, const guint *tensors, guint n)
{
  guint64 count = 0;

  for (guint i = 0; shapes != NULL && i < n; i++)
    if (tensors[i] != BS_TENSOR_NONE && !model->tensors[tensors[i]].is_constant &&
        shapes[tensors[i]].n_dims != BS_DIMS_UNKNOWN)
      count += bs_value_count (&shapes[tensors[i]]);
  return count;
}

GArray *
bs_model_layers (const BsModel *model, const BsValue *shapes)
{
  GArray *layers = g_array_new (FALSE, TRUE, sizeof (BsLayer));

  for (guint i = 0; i < model->n_nodes; i++) {
    const BsNode *node = &model->nodes[i];
    BsLayer layer = { .node = i };

    if (node->op == NULL || node->op->weight_input < 0)
      continue;
    guint first = (guint) node->op->weight_input;
    gboolean recurrent = g_str_equal (node->op_type, "GRU") ||
                         g_str_equal (node->op_type, "LSTM") || g_str_equal (node->op_type, "RNN");
    for (guint k = 0; k < (recurrent ? 2u : 1u); k++)
      if (is_weight (model, node, first + k)) {
        layer.inputs[layer.n_weights] = first + k;
        layer.tensors[layer.n_weights++] = node->inputs[first + k];
      }
    if (layer.n_weights == 0)
      continue;
    layer.channel_axis = channel_axis (node, model->tensors[layer.tensors[0]].n_dims);
    layer.parameters = node_parameters (model, node);
    layer.macs = bs_node_macs (model, node, (BsValue *) shapes);
    layer.n_read = count_activations (model, shapes, node->inputs, node->n_inputs);
    layer.n_written = count_activations (model, shapes, node->outputs, node->n_outputs);
    g_array_append_val (layers, layer);
  }
  return layers;
}

/* Running means and variances of batch norms are statistics, not parameters. */
static gboolean
is_statistic (const BsNode *node, guint input)
{
  return input >= 3 && g_str_equal (node->op_type, "BatchNormalization");
}

/* Elements of a float constant; a scalar is a setting, and has none. */
static guint64
count_elements (const BsTensor *tensor)
{
  gsize count;

  return tensor->is_constant && tensor->dtype == BS_DTYPE_F32 && tensor->n_dims > 0 &&
             bs_dims_count (tensor->dims, tensor->n_dims, &count)
           ? count
           : 0;
}

/* Elements of what a ConstantOfShape makes of a constant shape: files without their weights have
 * such nodes in their place. */
static guint64
count_made (const BsModel *model, const BsNode *node)
{
  const BsAttr *value = bs_node_attr (node, "value");
  const BsTensor *shape = node->n_inputs > 0 && node->inputs[0] != BS_TENSOR_NONE
                            ? &model->tensors[node->inputs[0]]
                            : NULL;
  gsize n, count;

  if (shape == NULL || !shape->is_constant || shape->dtype != BS_DTYPE_I64 || shape->n_dims != 1 ||
      !bs_dims_count (shape->dims, 1, &n) || n == 0 || n > BS_MAX_DIMS ||
      (value != NULL && model->tensors[value->tensor].dtype != BS_DTYPE_F32))
    return 0;
  return bs_dims_count (shape->data, (guint) n, &count) ? count : 0;
}

/* Elements of the constant behind a tensor, through Identity nodes: exporters share equal
 * parameters that way. 0: there is none. */
static guint64
count_behind (const BsModel *model, const gint *producers, guint tensor)
{
  while (!model->tensors[tensor].is_constant) {
    const BsNode *node = producers[tensor] >= 0 ? &model->nodes[producers[tensor]] : NULL;
    if (node != NULL && g_str_equal (node->op_type, "ConstantOfShape"))
      return count_made (model, node);
    if (node == NULL || !g_str_equal (node->op_type, "Identity") ||
        node->inputs[0] == BS_TENSOR_NONE)
      return 0;
    tensor = node->inputs[0];
  }
  return count_elements (&model->tensors[tensor]);
}

guint64
bs_model_parameters (const BsModel *model)
{
  g_autofree gboolean *counted = g_new0 (gboolean, model->n_tensors);
  g_autofree gint *producers = bs_model_producers (model);
  guint64 parameters = 0;

  for (guint n = 0; n < model->n_nodes; n++) {
    const BsNode *node = &model->nodes[n];
    for (guint i = 0; i < node->n_inputs && !g_str_equal (node->op_type, "Identity"); i++) {
      guint t = node->inputs[i];
      if (t == BS_TENSOR_NONE || counted[t] || is_statistic (node, i))
        continue;
      counted[t] = TRUE;
      parameters += count_behind (model, producers, t);
    }
  }
  return parameters;
}

BsValue *
bs_model_shapes (const BsModel *model, GError **error)
{
  g_autofree BsValue *shapes = NULL;

  if (model->n_inputs == 0)
    return NULL;
  shapes = g_new0 (BsValue, model->n_tensors);
  if (!bs_infer_bound (model, 1, shapes, error))
    return NULL;
  return g_steal_pointer (&shapes);
}
