/* Folding one node into the one before: batch norms into weights, added vectors into biases.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/fold.h"

#include "ops/op.h"

#include <math.h>
#include <string.h>

static gboolean
is_type (const BsNode *node, const char *type)
{
  return strcmp (node->op_type, type) == 0 && *node->domain == '\0';
}

static gboolean
is_float_constant (const BsModel *model, guint tensor, guint n_dims)
{
  return tensor != BS_TENSOR_NONE && model->tensors[tensor].is_constant &&
         model->tensors[tensor].dtype == BS_DTYPE_F32 &&
         (n_dims == 0 || model->tensors[tensor].n_dims == n_dims);
}

static gsize
count_of (const BsModel *model, guint tensor)
{
  gsize count = 0;

  bs_dims_count (model->tensors[tensor].dims, model->tensors[tensor].n_dims, &count);
  return count;
}

/* The node whose only reader is this node's input 0, or NULL. */
static BsNode *
sole_source (BsModel *model, const BsNode *node, guint input)
{
  g_autofree gint *producers = bs_model_producers (model);
  g_autofree guint *consumers = bs_model_consumers (model);
  guint tensor = node->inputs[input];

  if (tensor == BS_TENSOR_NONE || producers[tensor] < 0 || consumers[tensor] != 1 ||
      model->nodes[producers[tensor]].n_outputs != 1)
    return NULL;
  return &model->nodes[producers[tensor]];
}

/* Where output channel m of a weight lies: elements [outer][m][inner], the same factor for each. */
typedef struct {
  gsize groups, outer, channels,
    inner; /* weight = [groups][outer][channels][inner]; channel = g · channels + m */
} Layout;

static gboolean
weight_layout (const BsModel *model, const BsNode *node, Layout *layout)
{
  const BsTensor *weight = &model->tensors[node->inputs[1]];
  gsize count = count_of (model, node->inputs[1]);
  gint64 group = bs_node_int (node, "group", 1);

  if (weight->n_dims < 2 || count == 0 || group < 1)
    return FALSE;
  if (is_type (node, "Conv"))
    *layout = (Layout){ 1, 1, (gsize) weight->dims[0], count / (gsize) weight->dims[0] };
  else if (is_type (node, "ConvTranspose") && weight->dims[0] % group == 0)
    *layout = (Layout){ (gsize) group, (gsize) (weight->dims[0] / group), (gsize) weight->dims[1],
                        count / (gsize) (weight->dims[0] * weight->dims[1]) };
  else if (is_type (node, "Gemm") && weight->n_dims == 2)
    *layout = bs_node_int (node, "transB", 0) != 0
                ? (Layout){ 1, 1, (gsize) weight->dims[0], (gsize) weight->dims[1] }
                : (Layout){ 1, (gsize) weight->dims[0], (gsize) weight->dims[1], 1 };
  else if (is_type (node, "MatMul") && weight->n_dims == 2 &&
           model->tensors[node->inputs[0]].n_dims == 2)
    *layout = (Layout){ 1, (gsize) weight->dims[0], (gsize) weight->dims[1], 1 };
  else
    return FALSE;
  return TRUE;
}

static guint
scaled_weight (BsModelBuilder *builder, guint weight, const Layout *l, const double *factor)
{
  const BsTensor *tensor = &bs_model_builder_edit (builder)->tensors[weight];
  const float *w = tensor->data;
  gint64 dims[BS_MAX_DIMS];
  g_autofree float *scaled = g_new (float, l->groups * l->outer * l->channels * l->inner);
  g_autofree char *name = g_strdup_printf ("%s.folded", tensor->name);
  gsize at = 0;

  for (gsize g = 0; g < l->groups; g++)
    for (gsize o = 0; o < l->outer; o++)
      for (gsize m = 0; m < l->channels; m++)
        for (gsize i = 0; i < l->inner; i++, at++)
          scaled[at] = (float) ((double) w[at] * factor[g * l->channels + m]);
  memcpy (dims, tensor->dims, sizeof dims);
  return bs_model_builder_constant (builder, name, BS_DTYPE_F32, dims, tensor->n_dims, scaled,
                                    NULL);
}

static void
set_inputs (BsNode *node, guint weight, guint bias)
{
  node->inputs = g_renew (guint, node->inputs, 3);
  node->inputs[1] = weight;
  node->inputs[2] = bias;
  node->n_inputs = 3;
}

/* MatMul becomes Gemm to get a bias; the beta of a Gemm has moved into its bias. */
static void
become_gemm (BsNode *node)
{
  for (guint i = 0; i < node->n_attrs; i++)
    if (strcmp (node->attrs[i].name, "beta") == 0)
      node->attrs[i].f = 1;
  if (is_type (node, "Gemm"))
    return;
  g_free (node->op_type);
  node->op_type = g_strdup ("Gemm");
  node->op = bs_op_find ("", "Gemm");
}

static gboolean
fold_batch_norm (BsModelBuilder *builder, guint index)
{
  BsModel *model = bs_model_builder_edit (builder);
  BsNode *norm = &model->nodes[index];
  BsNode *source;
  Layout l;
  const float *p[4]; /* γ β μ σ² */
  gsize n;

  if (!is_type (norm, "BatchNormalization") || norm->n_inputs != 5 || norm->n_outputs == 0 ||
      bs_node_int (norm, "training_mode", 0) != 0)
    return FALSE;
  for (guint i = 1; i < norm->n_outputs; i++)
    if (norm->outputs[i] != BS_TENSOR_NONE)
      return FALSE;
  source = sole_source (model, norm, 0);
  if (source == NULL || source->n_inputs < 2 || !is_float_constant (model, source->inputs[1], 0) ||
      !weight_layout (model, source, &l))
    return FALSE;
  n = l.groups * l.channels;
  for (guint i = 0; i < 4; i++) {
    if (!is_float_constant (model, norm->inputs[i + 1], 1) ||
        count_of (model, norm->inputs[i + 1]) != n)
      return FALSE;
    p[i] = model->tensors[norm->inputs[i + 1]].data;
  }
  gboolean has_bias = source->n_inputs > 2 && source->inputs[2] != BS_TENSOR_NONE;
  if (has_bias && (!is_float_constant (model, source->inputs[2], 0) ||
                   count_of (model, source->inputs[2]) != n))
    return FALSE;
  const float *old = has_bias ? model->tensors[source->inputs[2]].data : NULL;
  double beta = is_type (source, "Gemm") ? (double) bs_node_float (source, "beta", 1) : 1;
  double epsilon = (double) bs_node_float (norm, "epsilon", 1e-5f);
  g_autofree double *factor = g_new (double, n);
  g_autofree float *bias = g_new (float, n);
  for (gsize c = 0; c < n; c++) {
    factor[c] = (double) p[0][c] / sqrt ((double) p[3][c] + epsilon);
    bias[c] = (float) (((old != NULL ? beta * (double) old[c] : 0) - (double) p[2][c]) * factor[c] +
                       (double) p[1][c]);
  }
  guint weight_tensor = scaled_weight (builder, source->inputs[1], &l, factor);
  gint64 length = (gint64) n;
  g_autofree char *name = g_strdup_printf ("%s.bias", source->name);
  guint bias_tensor =
    bs_model_builder_constant (builder, name, BS_DTYPE_F32, &length, 1, bias, NULL);
  set_inputs (source, weight_tensor, bias_tensor);
  if (!is_type (source, "Conv") && !is_type (source, "ConvTranspose"))
    become_gemm (source);
  source->outputs[0] = norm->outputs[0];
  norm->n_outputs = 0;
  bs_model_builder_note (builder, "Folded “%s” (BatchNormalization) into “%s”", norm->name,
                         source->name);
  return TRUE;
}

void
bs_fold_batch_norms (BsModelBuilder *builder)
{
  for (guint i = 0; i < bs_model_builder_edit (builder)->n_nodes; i++)
    fold_batch_norm (builder, i);
}

static void
fold_bias (BsModelBuilder *builder, guint index)
{
  BsModel *model = bs_model_builder_edit (builder);
  BsNode *add = &model->nodes[index];
  const BsTensor *vector;
  BsNode *source;
  guint side;
  gint64 columns;

  if (!is_type (add, "Add") || add->n_inputs != 2 || add->n_outputs != 1)
    return;
  side = is_float_constant (model, add->inputs[0], 0) ? 0 : 1;
  if (!is_float_constant (model, add->inputs[side], 0))
    return;
  source = sole_source (model, add, 1 - side);
  if (source == NULL || !is_type (source, "MatMul") || source->n_inputs != 2 ||
      source->inputs[0] == BS_TENSOR_NONE || !is_float_constant (model, source->inputs[1], 2) ||
      model->tensors[source->inputs[0]].n_dims != 2)
    return;
  vector = &model->tensors[add->inputs[side]];
  columns = model->tensors[source->inputs[1]].dims[1];
  if (vector->n_dims < 1 || vector->n_dims > 2 || vector->dims[vector->n_dims - 1] != columns ||
      (gint64) count_of (model, add->inputs[side]) != columns)
    return;
  g_autofree char *name = g_strdup_printf ("%s.bias", source->name);
  guint bias =
    bs_model_builder_constant (builder, name, BS_DTYPE_F32, &columns, 1, vector->data, NULL);
  set_inputs (source, source->inputs[1], bias);
  become_gemm (source);
  source->outputs[0] = add->outputs[0];
  add->n_outputs = 0;
  bs_model_builder_note (builder, "Joined “%s” (MatMul) and “%s” (Add) into one Gemm", source->name,
                         add->name);
}

void
bs_fold_biases (BsModelBuilder *builder)
{
  for (guint i = 0; i < bs_model_builder_edit (builder)->n_nodes; i++)
    fold_bias (builder, i);
}
