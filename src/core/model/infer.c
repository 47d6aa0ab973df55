/* Shape inference: two passes with different batch sizes; what differs is free.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/infer.h"

#include "model/builder.h"
#include "run/walk.h"

#include <stdlib.h>
#include <string.h>

#define COMPUTE_MAX 65536 /* elements: shape arithmetic is far smaller, weights are far larger */

/* What a pass binds free dimensions to: the batch, and other free dimensions (sequence length,
 * picture size). */
typedef struct {
  gint64 batch, other;
} Binding;

static const Binding bindings[2] = { { 2, 64 }, { 3, 96 } };

static void
free_values (BsValue *values, const BsModel *model)
{
  for (guint i = 0; i < model->n_tensors; i++)
    if (!model->tensors[i].is_constant)
      bs_value_clear (&values[i]);
  g_free (values);
}

static gboolean
bind_input (const BsTensor *tensor, Binding binding, BsValue *value)
{
  gboolean guessed = FALSE;

  *value = bs_tensor_value (tensor);
  for (guint d = 0; value->n_dims != BS_DIMS_UNKNOWN && d < value->n_dims; d++)
    if (value->dims[d] < 0) {
      value->dims[d] = d == 0 ? binding.batch : binding.other;
      guessed = guessed || d > 0;
    }
  return guessed;
}

static gboolean
is_small (const BsValue *value)
{
  gsize count;

  return value->n_dims != BS_DIMS_UNKNOWN && bs_dims_count (value->dims, value->n_dims, &count) &&
         count <= COMPUTE_MAX;
}

/* Shape arithmetic is computed, so that shapes that depend on it are known. */
static gboolean
is_computable (const BsNode *node, const BsValue *const *in, const BsValue *out)
{
  gboolean reads_shape =
    strcmp (node->op_type, "Shape") == 0 || strcmp (node->op_type, "Size") == 0;

  if ((node->op->flags & BS_OP_RANDOM) != 0)
    return FALSE;
  for (guint i = 0; i < node->n_inputs; i++)
    if (in[i] != NULL && !reads_shape &&
        ((in[i]->data == NULL && bs_value_count (in[i]) > 0) || !is_small (in[i])))
      return FALSE;
  for (guint i = 0; i < node->n_outputs; i++)
    if (!is_small (&out[i]))
      return FALSE;
  return TRUE;
}

static gboolean
infer_node (const BsModel *model,
            const BsNode *node,
            BsValue *values,
            gboolean guessed,
            GError **error)
{
  const BsValue *in[BS_CALL_MAX];
  BsValue out[BS_CALL_MAX];
  g_autoptr (GError) problem = NULL;

  if (node->op == NULL)
    return TRUE;
  for (guint i = 0; i < node->n_inputs; i++) {
    in[i] = node->inputs[i] != BS_TENSOR_NONE ? &values[node->inputs[i]] : NULL;
    if (in[i] != NULL && in[i]->n_dims == BS_DIMS_UNKNOWN)
      return TRUE;
  }
  if (!bs_call_infer (model, node, in, out, &problem)) {
    if (guessed || g_error_matches (problem, BS_ERROR, BS_ERROR_UNSUPPORTED))
      return TRUE;
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (is_computable (node, in, out) && !bs_call_once (model, node, in, out, NULL))
    for (guint i = 0; i < node->n_outputs; i++)
      out[i].data = NULL;
  for (guint i = 0; i < node->n_outputs; i++) {
    gsize count;
    if (node->outputs[i] == BS_TENSOR_NONE) {
      bs_value_clear (&out[i]);
      continue;
    }
    if (out[i].n_dims != BS_DIMS_UNKNOWN && !bs_dims_count (out[i].dims, out[i].n_dims, &count)) {
      g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                   "Node “%s” (%s): its output has impossible dimensions", node->name,
                   node->op_type);
      return FALSE;
    }
    values[node->outputs[i]] = out[i];
  }
  return TRUE;
}

static BsValue *
pass (const BsModel *model, Binding binding, GError **error)
{
  BsValue *values = g_new0 (BsValue, model->n_tensors + 1);
  gboolean guessed = FALSE, ok = TRUE;

  for (guint i = 0; i < model->n_tensors; i++)
    if (model->tensors[i].is_constant)
      values[i] = bs_tensor_value (&model->tensors[i]);
    else
      values[i].n_dims = BS_DIMS_UNKNOWN;
  for (guint i = 0; i < model->n_inputs; i++)
    guessed |= bind_input (&model->tensors[model->inputs[i]], binding, &values[model->inputs[i]]);
  for (guint i = 0; ok && i < model->n_nodes; i++)
    ok = infer_node (model, &model->nodes[i], values, guessed, error);
  if (ok)
    return values;
  free_values (values, model);
  return NULL;
}

static void
merge (BsTensor *tensor, const BsValue *a, const BsValue *b, gboolean forget)
{
  if (tensor->is_constant)
    return;
  if (a->dtype != BS_DTYPE_NONE)
    tensor->dtype = a->dtype;
  if (a->n_dims == BS_DIMS_UNKNOWN || a->n_dims != b->n_dims) {
    if (forget || a->n_dims != b->n_dims)
      tensor->n_dims = BS_DIMS_UNKNOWN;
    return;
  }
  tensor->n_dims = a->n_dims;
  for (guint d = 0; d < a->n_dims; d++)
    tensor->dims[d] = a->dims[d] == b->dims[d] ? a->dims[d] : BS_DIM_FREE;
}

/* Both passes over the builder's model; fills in what they say. follows: every output must begin
 * with the batch. */
static gboolean
infer_both (BsModelBuilder *builder, gboolean follows, GError **error)
{
  BsModel *model = bs_model_builder_edit (builder);
  BsValue *a = pass (model, bindings[0], error);
  BsValue *b = a != NULL ? pass (model, bindings[1], error) : NULL;
  gboolean ok = b != NULL;

  for (guint i = 0; ok && follows && i < model->n_outputs; i++) {
    const BsValue *x = &a[model->outputs[i]], *y = &b[model->outputs[i]];
    ok = x->n_dims != BS_DIMS_UNKNOWN && x->n_dims > 0 && y->n_dims == x->n_dims &&
         x->dims[0] == bindings[0].batch && y->dims[0] == bindings[1].batch;
    if (!ok)
      g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, "The output “%s” does not follow the batch",
                   model->tensors[model->outputs[i]].name);
  }
  for (guint i = 0; ok && i < model->n_tensors; i++)
    merge (&model->tensors[i], &a[i], &b[i], follows);
  if (a != NULL)
    free_values (a, model);
  if (b != NULL)
    free_values (b, model);
  return ok;
}

/* The batch that all inputs share: n, BS_DIM_FREE, or 0 when there is none. */
static gint64
common_batch (const BsModel *model)
{
  gint64 batch = 0;

  for (guint i = 0; i < model->n_inputs; i++) {
    const BsTensor *tensor = &model->tensors[model->inputs[i]];
    if (tensor->n_dims == BS_DIMS_UNKNOWN || tensor->n_dims == 0)
      return 0;
    if (i > 0 && tensor->dims[0] != batch)
      return 0;
    batch = tensor->dims[0];
  }
  return batch;
}

static gboolean
has_free_batch (const BsModel *model)
{
  for (guint i = 0; i < model->n_inputs; i++) {
    const BsTensor *tensor = &model->tensors[model->inputs[i]];
    if (tensor->n_dims != BS_DIMS_UNKNOWN && tensor->n_dims > 0 && tensor->dims[0] < 0)
      return TRUE;
  }
  return FALSE;
}

static void
set_batch (BsModel *model, gint64 from, gint64 to)
{
  for (guint i = 0; i < model->n_inputs; i++) {
    BsTensor *tensor = &model->tensors[model->inputs[i]];
    if (tensor->n_dims != BS_DIMS_UNKNOWN && tensor->n_dims > 0 && tensor->dims[0] == from)
      tensor->dims[0] = to;
  }
}

/* A constant shape that repeats the batch: its first entry becomes 0 (copy) or, where the input
 * does not begin with the batch, −1. */
static guint
free_reshapes (BsModelBuilder *builder, gint64 batch, const BsValue *values)
{
  guint n = 0;

  for (guint i = 0; i < bs_model_builder_edit (builder)->n_nodes; i++) {
    BsModel *model = bs_model_builder_edit (builder);
    BsNode *node = &model->nodes[i];
    gint64 dims[BS_MAX_DIMS];
    gboolean has_rest = FALSE;
    gsize count;
    if (strcmp (node->op_type, "Reshape") != 0 || node->n_inputs < 2 ||
        node->inputs[0] == BS_TENSOR_NONE || node->inputs[1] == BS_TENSOR_NONE ||
        bs_node_int (node, "allowzero", 0) != 0)
      continue;
    const BsTensor *shape = &model->tensors[node->inputs[1]];
    const BsValue *in = &values[node->inputs[0]];
    if (!shape->is_constant || shape->dtype != BS_DTYPE_I64 || shape->n_dims != 1 ||
        !bs_dims_count (shape->dims, 1, &count) || count < 1 || count > BS_MAX_DIMS ||
        in->n_dims == BS_DIMS_UNKNOWN || in->n_dims == 0)
      continue;
    memcpy (dims, shape->data, count * sizeof *dims);
    for (gsize k = 1; k < count; k++)
      has_rest = has_rest || dims[k] < 0;
    if (dims[0] != batch || (in->dims[0] != batch && has_rest))
      continue;
    dims[0] = in->dims[0] == batch ? 0 : -1;
    g_autofree char *name = g_strdup_printf ("%s.shape", node->name);
    gint64 length = (gint64) count;
    guint index = bs_model_builder_constant (builder, name, BS_DTYPE_I64, &length, 1, dims, NULL);
    bs_model_builder_edit (builder)->nodes[i].inputs[1] = index;
    n++;
  }
  return n;
}

static BsModelBuilder *
rebatch (const BsModel *model, gint64 batch)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (model);
  BsValue *values = pass (model, bindings[0], NULL);
  guint n;

  if (values == NULL)
    return NULL;
  n = free_reshapes (builder, batch, values);
  free_values (values, model);
  set_batch (bs_model_builder_edit (builder), batch, BS_DIM_FREE);
  if (!infer_both (builder, TRUE, NULL))
    return NULL;
  bs_model_builder_note (builder,
                         "Made for batches of %" G_GINT64_FORMAT
                         "; runs any batch now (%u constant shapes changed)",
                         batch, n);
  return g_steal_pointer (&builder);
}

BsModel *
bs_infer (const BsModel *model, gint64 *fixed_batch, GError **error)
{
  g_autoptr (BsModelBuilder) builder = NULL;
  g_autoptr (GError) problem = NULL;
  gint64 batch = common_batch (model);

  *fixed_batch = 0;
  if (batch > 0)
    builder = rebatch (model, batch);
  if (builder != NULL)
    return bs_model_builder_finish (builder, error);
  builder = bs_model_builder_copy (model);
  if (!has_free_batch (model)) {
    const BsTensor *first = model->n_inputs > 0 ? &model->tensors[model->inputs[0]] : NULL;
    *fixed_batch = first != NULL && first->n_dims != BS_DIMS_UNKNOWN && first->n_dims > 0
                     ? MAX (first->dims[0], 1)
                     : 1;
    if (!infer_both (builder, FALSE, error))
      return NULL;
  } else if (!infer_both (builder, FALSE,
                          &problem)) { /* says that it is free, but is not: one at a time */
    set_batch (bs_model_builder_edit (builder), BS_DIM_FREE, 1);
    if (!infer_both (builder, FALSE, NULL)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    *fixed_batch = 1;
    bs_model_builder_note (builder, "Runs one sample at a time: %s", problem->message);
  }
  return bs_model_builder_finish (builder, error);
}

BsModel *
bs_bind_inputs (const BsModel *model, const BsValue *fed, GError **error)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (model);

  for (guint i = 0; i < model->n_inputs; i++) {
    BsTensor *tensor = &bs_model_builder_edit (builder)->tensors[model->inputs[i]];
    gboolean bound = tensor->n_dims == BS_DIMS_UNKNOWN;
    if (bound) {
      tensor->n_dims = fed[i].n_dims;
      tensor->dims[0] = BS_DIM_FREE;
    }
    for (guint d = 1; d < MIN (tensor->n_dims, fed[i].n_dims); d++)
      if (bound || tensor->dims[d] < 0) {
        tensor->dims[d] = fed[i].dims[d];
        bound = TRUE;
      }
    if (bound) {
      g_autofree char *dims = bs_dims_to_string (tensor->dims, tensor->n_dims);
      bs_model_builder_note (builder, "Input “%s” is run as %s, the size of the samples",
                             tensor->name, dims);
    }
  }
  return bs_model_builder_finish (builder, error);
}

gboolean
bs_infer_bound (const BsModel *model, gint64 batch, BsValue *values, GError **error)
{
  g_autoptr (BsModelBuilder) builder = NULL;
  gint64 common = common_batch (model);
  guint n = model->n_tensors;
  BsValue *all;

  if (common == 1 && batch != 1)
    builder = rebatch (model, common);
  if (builder == NULL)
    builder = bs_model_builder_copy (model);
  model = bs_model_builder_edit (
    builder); /* further tensors may follow, the first ones keep their places */
  all = pass (model, (Binding){ batch, bindings[0].other }, error);
  if (all == NULL)
    return FALSE;
  memcpy (values, all, n * sizeof *values);
  for (guint i = 0; i < n; i++)
    values[i].data = NULL;
  free_values (all, model);
  return TRUE;
}
