/* Putting a model in order: who writes what, execution order, and what nobody needs.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "model/model_private.h"
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

/* producers of all tensors, refusing a second writer; BS_TENSOR_NONE: nobody; model->n_nodes: an
 * input */
static gboolean
find_writers (const BsModel *model, guint *writers, GError **error)
{
  for (guint i = 0; i < model->n_tensors; i++)
    writers[i] = BS_TENSOR_NONE;
  for (guint i = 0; i < model->n_inputs; i++)
    writers[model->inputs[i]] = model->n_nodes;
  for (guint n = 0; n < model->n_nodes; n++) {
    const BsNode *node = &model->nodes[n];
    for (guint i = 0; i < node->n_outputs; i++) {
      guint out = node->outputs[i];
      if (out == BS_TENSOR_NONE)
        continue;
      if (writers[out] != BS_TENSOR_NONE || model->tensors[out].is_constant) {
        g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                     "Tensor “%s” is written by node “%s” and has another source too",
                     model->tensors[out].name, node->name);
        return FALSE;
      }
      writers[out] = n;
    }
  }
  return TRUE;
}

/* Post-order from the outputs, in file order where that is an order. Nodes nobody reads are not
 * reached. */
typedef struct {
  guint node, input;
} Frame;

static gboolean
visit (const BsModel *model,
       const guint *writers,
       guint start,
       guint8 *state,
       GArray *order,
       GError **error)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (Frame));
  Frame frame = { start, 0 };

  if (state[start] != 0)
    return TRUE;
  state[start] = 1;
  g_array_append_val (stack, frame);
  while (stack->len > 0) {
    Frame *top = &g_array_index (stack, Frame, stack->len - 1);
    const BsNode *node = &model->nodes[top->node];
    if (top->input == node->n_inputs) {
      state[top->node] = 2;
      g_array_append_val (order, top->node);
      g_array_set_size (stack, stack->len - 1);
      continue;
    }
    guint in = node->inputs[top->input++];
    if (in == BS_TENSOR_NONE || model->tensors[in].is_constant || writers[in] == model->n_nodes)
      continue;
    if (writers[in] == BS_TENSOR_NONE) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                   "Node “%s” reads tensor “%s”, which nothing writes", node->name,
                   model->tensors[in].name);
      return FALSE;
    }
    if (state[writers[in]] == 1) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                   "The graph has a cycle through node “%s” and tensor “%s”", node->name,
                   model->tensors[in].name);
      return FALSE;
    }
    if (state[writers[in]] == 0) {
      frame = (Frame){ writers[in], 0 };
      state[writers[in]] = 1;
      g_array_append_val (stack, frame);
    }
  }
  return TRUE;
}

/* Which nodes feed an output. A set, so that visiting can go in file order. */
static guint8 *
mark_needed (const BsModel *model, const guint *writers)
{
  guint8 *needed = g_new0 (guint8, model->n_nodes + 1);
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < model->n_outputs; i++)
    g_array_append_val (stack, model->outputs[i]);
  while (stack->len > 0) {
    guint tensor = g_array_index (stack, guint, stack->len - 1);
    g_array_set_size (stack, stack->len - 1);
    if (writers[tensor] == BS_TENSOR_NONE || needed[writers[tensor]] != 0)
      continue;
    needed[writers[tensor]] = 1;
    if (writers[tensor] == model->n_nodes)
      continue;
    const BsNode *node = &model->nodes[writers[tensor]];
    for (guint i = 0; i < node->n_inputs; i++)
      if (node->inputs[i] != BS_TENSOR_NONE)
        g_array_append_val (stack, node->inputs[i]);
  }
  return needed;
}

static void
reorder_nodes (BsModel *model, const GArray *order)
{
  BsNode *nodes = g_new0 (BsNode, MAX (order->len, 1));
  g_autofree guint8 *kept = g_new0 (guint8, model->n_nodes + 1);

  for (guint i = 0; i < order->len; i++) {
    guint from = g_array_index (order, guint, i);
    nodes[i] = model->nodes[from];
    kept[from] = 1;
  }
  for (guint i = 0; i < model->n_nodes; i++)
    if (!kept[i])
      bs_node_clear (&model->nodes[i]);
  g_free (model->nodes);
  model->nodes = nodes;
  model->n_nodes = order->len;
}

static void
use (guint8 *used, guint tensor)
{
  if (tensor != BS_TENSOR_NONE)
    used[tensor] = 1;
}

static void
move_indices (guint *list, guint n, const guint *moved)
{
  for (guint i = 0; i < n; i++)
    if (list[i] != BS_TENSOR_NONE)
      list[i] = moved[list[i]];
}

static void
drop_unused_tensors (BsModel *model)
{
  g_autofree guint8 *used = g_new0 (guint8, model->n_tensors + 1);
  g_autofree guint *moved = g_new0 (guint, model->n_tensors + 1);
  guint n = 0;

  for (guint i = 0; i < model->n_inputs; i++)
    use (used, model->inputs[i]);
  for (guint i = 0; i < model->n_outputs; i++)
    use (used, model->outputs[i]);
  for (guint k = 0; k < model->n_nodes; k++) {
    const BsNode *node = &model->nodes[k];
    for (guint i = 0; i < node->n_inputs; i++)
      use (used, node->inputs[i]);
    for (guint i = 0; i < node->n_outputs; i++)
      use (used, node->outputs[i]);
    for (guint i = 0; i < node->n_attrs; i++)
      if (node->attrs[i].kind == BS_ATTR_TENSOR)
        use (used, node->attrs[i].tensor);
  }
  for (guint i = 0; i < model->n_tensors; i++) {
    if (!used[i]) {
      g_free (model->tensors[i].name);
      continue;
    }
    moved[i] = n;
    model->tensors[n++] = model->tensors[i];
  }
  model->n_tensors = n;
  move_indices (model->inputs, model->n_inputs, moved);
  move_indices (model->outputs, model->n_outputs, moved);
  for (guint k = 0; k < model->n_nodes; k++) {
    BsNode *node = &model->nodes[k];
    move_indices (node->inputs, node->n_inputs, moved);
    move_indices (node->outputs, node->n_outputs, moved);
    for (guint i = 0; i < node->n_attrs; i++)
      if (node->attrs[i].kind == BS_ATTR_TENSOR)
        move_indices (&node->attrs[i].tensor, 1, moved);
  }
}

gboolean
bs_model_sort (BsModel *model, GError **error)
{
  g_autofree guint *writers = g_new (guint, model->n_tensors + 1);
  g_autofree guint8 *state = g_new0 (guint8, model->n_nodes + 1);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree guint8 *needed = NULL;

  if (!find_writers (model, writers, error))
    return FALSE;
  for (guint i = 0; i < model->n_outputs; i++)
    if (writers[model->outputs[i]] == BS_TENSOR_NONE &&
        !model->tensors[model->outputs[i]].is_constant) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "Nothing writes the output “%s”",
                   model->tensors[model->outputs[i]].name);
      return FALSE;
    }
  needed = mark_needed (model, writers);
  for (guint i = 0; i < model->n_nodes; i++)
    if (needed[i] && !visit (model, writers, i, state, order, error))
      return FALSE;
  if (model->n_nodes > 0) { /* a file of weights alone keeps them all */
    reorder_nodes (model, order);
    drop_unused_tensors (model);
  }
  return TRUE;
}
