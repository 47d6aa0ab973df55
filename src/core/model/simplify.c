/* Simplification before quantization: constants are computed, batch norms folded, idle nodes
 * dropped. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/simplify.h"

#include "model/builder.h"
#include "model/fold.h"
#include "model/layers.h"
#include "run/walk.h"

#include <string.h>

#define FOLD_MAX ((gsize) 64 << 20) /* bytes of results */

static gboolean
is_type (const BsNode *node, const char *type)
{
  return strcmp (node->op_type, type) == 0 && *node->domain == '\0';
}

static gboolean
is_foldable (const BsModel *model, const BsNode *node)
{
  if (node->op == NULL || node->n_outputs == 0 || (node->op->flags & BS_OP_RANDOM) != 0)
    return FALSE;
  for (guint i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] != BS_TENSOR_NONE && !model->tensors[node->inputs[i]].is_constant)
      return FALSE;
  return TRUE;
}

static gboolean
fold_node (BsModelBuilder *builder, guint index)
{
  BsModel *model = bs_model_builder_edit (builder);
  BsNode *node = &model->nodes[index];
  BsValue in[BS_CALL_MAX], out[BS_CALL_MAX];
  const BsValue *pointers[BS_CALL_MAX];
  gsize total = 0, bytes;
  guint n_outputs = node->n_outputs;
  gboolean ok;

  for (guint i = 0; i < node->n_inputs; i++) {
    pointers[i] = NULL;
    if (node->inputs[i] == BS_TENSOR_NONE)
      continue;
    in[i] = bs_tensor_value (&model->tensors[node->inputs[i]]);
    pointers[i] = &in[i];
  }
  if (!bs_call_infer (model, node, pointers, out, NULL))
    return FALSE;
  for (guint i = 0; i < n_outputs; i++)
    if (out[i].n_dims != BS_DIMS_UNKNOWN &&
        (!bs_dims_bytes (out[i].dims, out[i].n_dims, out[i].dtype, &bytes) ||
         (total += bytes) > FOLD_MAX))
      return FALSE;
  ok = bs_call_once (model, node, pointers, out,
                     NULL); /* what fails here fails in the run, with its sentence */
  if (ok)
    node->n_outputs = 0;
  for (guint i = 0; ok && i < n_outputs; i++) {
    guint tensor = bs_model_builder_edit (builder)->nodes[index].outputs[i];
    if (tensor != BS_TENSOR_NONE) {
      g_autofree char *name = g_strdup (bs_model_builder_edit (builder)->tensors[tensor].name);
      bs_model_builder_constant (builder, name, out[i].dtype, out[i].dims, out[i].n_dims,
                                 out[i].data, NULL);
    }
    bs_value_clear (&out[i]);
  }
  return ok;
}

static void
fold_constants (BsModelBuilder *builder)
{
  guint n = 0;

  for (guint i = 0; i < bs_model_builder_edit (builder)->n_nodes; i++)
    if (is_foldable (bs_model_builder_edit (builder), &bs_model_builder_edit (builder)->nodes[i]) &&
        fold_node (builder, i))
      n++;
  if (n > 0)
    bs_model_builder_note (builder, "Computed %u nodes whose inputs are constant", n);
}

static gboolean
does_nothing (const BsModel *model, const BsNode *node)
{
  if (node->n_outputs == 0 || node->n_inputs == 0 || node->inputs[0] == BS_TENSOR_NONE)
    return FALSE;
  if (is_type (node, "Identity"))
    return TRUE;
  if (is_type (node, "Cast"))
    return model->tensors[node->inputs[0]].dtype == (BsDtype) bs_node_int (node, "to", 0);
  if (!is_type (node, "Dropout"))
    return FALSE;
  return (node->n_outputs == 1 || node->outputs[1] == BS_TENSOR_NONE) &&
         (node->n_inputs < 3 || node->inputs[2] == BS_TENSOR_NONE ||
          (model->tensors[node->inputs[2]].is_constant &&
           model->tensors[node->inputs[2]].data != NULL &&
           *(const guint8 *) model->tensors[node->inputs[2]].data == 0));
}

static void
replace_reads (BsModel *model, guint from, guint to)
{
  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_inputs; i++)
      if (model->nodes[n].inputs[i] == from)
        model->nodes[n].inputs[i] = to;
}

static gboolean
is_output (const BsModel *model, guint tensor)
{
  for (guint i = 0; i < model->n_outputs; i++)
    if (model->outputs[i] == tensor)
      return TRUE;
  return FALSE;
}

/* The output of the model keeps its name: then the node before writes it directly. */
static gboolean
remove_node (BsModel *model, BsNode *node)
{
  guint in = node->inputs[0], out = node->outputs[0];

  if (!is_output (model, out)) {
    replace_reads (model, out, in);
    node->n_outputs = 0;
    return TRUE;
  }
  if (model->tensors[in].is_constant || is_output (model, in))
    return FALSE;
  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_outputs; i++)
      if (model->nodes[n].outputs[i] == in) {
        node->n_outputs = 0;
        model->nodes[n].outputs[i] = out;
        replace_reads (model, in, out);
        return TRUE;
      }
  return FALSE; /* an input of the model */
}

static void
drop_idle (BsModelBuilder *builder)
{
  BsModel *model = bs_model_builder_edit (builder);

  for (guint i = 0; i < model->n_nodes; i++)
    if (does_nothing (model, &model->nodes[i]) && remove_node (model, &model->nodes[i]))
      bs_model_builder_note (builder, "Dropped “%s” (%s), which does nothing", model->nodes[i].name,
                             model->nodes[i].op_type);
}

/* Layers in the bodies of If and Loop, in theirs too. */
static guint
count_inner_layers (const BsNode *node)
{
  guint count = 0;

  for (guint i = 0; i < node->n_attrs; i++) {
    const BsModel *body = node->attrs[i].kind == BS_ATTR_GRAPH ? node->attrs[i].graph : NULL;
    g_autoptr (GArray) layers = body != NULL ? bs_model_layers (body, NULL) : NULL;
    count += layers != NULL ? layers->len : 0;
    for (guint k = 0; body != NULL && k < body->n_nodes; k++)
      count += count_inner_layers (&body->nodes[k]);
  }
  return count;
}

/* They are not measured: that is said. */
static void
note_inner_layers (BsModelBuilder *builder)
{
  const BsModel *model = bs_model_builder_edit (builder);

  for (guint i = 0; i < model->n_nodes; i++) {
    const BsNode *node = &model->nodes[i];
    guint count = node->n_outputs > 0 ? count_inner_layers (node) : 0;
    if (count > 0)
      bs_model_builder_note (builder,
                             "“%s” (%s) has layers inside (%u): they stay float, only those of the "
                             "graph itself are quantized",
                             node->name, node->op_type, count);
  }
}

BsModel *
bs_simplify (const BsModel *model, GError **error)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (model);

  drop_idle (builder);
  fold_constants (builder);
  bs_fold_batch_norms (builder);
  bs_fold_biases (builder);
  note_inner_layers (builder);
  return bs_model_builder_finish (builder, error);
}
