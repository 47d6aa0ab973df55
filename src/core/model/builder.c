/* Making a model: adding tensors and nodes, then sorting, checking and giving it away.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include "base/memory.h"
#include "model/model_private.h"
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

struct _BsModelBuilder {
  BsModel *model;
  GHashTable *tensors; /* name → index + 1 */
  GHashTable *nodes;   /* set of names */
  guint tensors_room, nodes_room;
  GPtrArray *notes;
};

BsModelBuilder *
bs_model_builder_new (const char *name, const char *format)
{
  BsModelBuilder *builder = g_new0 (BsModelBuilder, 1);
  BsModel *model = g_new0 (BsModel, 1);

  g_atomic_ref_count_init (&model->refs);
  model->name = g_strdup (name);
  model->format = g_strdup (format);
  model->producer = g_strdup ("");
  model->backing = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  builder->model = model;
  builder->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  builder->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  builder->notes = g_ptr_array_new_with_free_func (g_free);
  return builder;
}

void
bs_model_builder_free (BsModelBuilder *builder)
{
  if (builder == NULL)
    return;
  bs_model_unref (builder->model);
  g_hash_table_unref (builder->tensors);
  g_hash_table_unref (builder->nodes);
  g_ptr_array_unref (builder->notes);
  g_free (builder);
}

BsModel *
bs_model_builder_edit (BsModelBuilder *builder)
{
  return builder->model;
}

guint
bs_model_builder_tensor (BsModelBuilder *builder, const char *name)
{
  BsModel *model = builder->model;
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (builder->tensors, name));

  if (index > 0)
    return index - 1;
  if (model->n_tensors == builder->tensors_room) {
    builder->tensors_room = MAX (64, builder->tensors_room * 2);
    model->tensors = g_renew (BsTensor, model->tensors, builder->tensors_room);
  }
  index = model->n_tensors++;
  model->tensors[index] = (BsTensor){ .name = g_strdup (name), .n_dims = BS_DIMS_UNKNOWN };
  g_hash_table_insert (builder->tensors, g_strdup (name), GUINT_TO_POINTER (index + 1));
  return index;
}

static gboolean
is_written (const BsModel *model, guint tensor)
{
  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_outputs; i++)
      if (model->nodes[n].outputs[i] == tensor)
        return TRUE;
  for (guint i = 0; i < model->n_inputs; i++)
    if (model->inputs[i] == tensor)
      return TRUE;
  return FALSE;
}

static char *
free_tensor_name (BsModelBuilder *builder, const char *name)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (builder->tensors, name));

  if (index == 0 ||
      (!builder->model->tensors[index - 1].is_constant && !is_written (builder->model, index - 1)))
    return g_strdup (name);
  for (guint number = 2;; number++) {
    g_autofree char *candidate = g_strdup_printf ("%s_%u", name, number);
    if (!g_hash_table_contains (builder->tensors, candidate))
      return g_steal_pointer (&candidate);
  }
}

guint
bs_model_builder_constant (BsModelBuilder *builder,
                           const char *name,
                           BsDtype dtype,
                           const gint64 *dims,
                           guint n_dims,
                           const void *data,
                           GBytes *backing)
{
  g_autofree char *unique = free_tensor_name (builder, name);
  guint index = bs_model_builder_tensor (builder, unique);
  BsTensor *tensor = &builder->model->tensors[index];
  gsize bytes;
  gboolean fits = bs_dims_bytes (dims, n_dims, dtype, &bytes);

  g_assert (fits);
  tensor->dtype = dtype;
  tensor->n_dims = n_dims;
  if (n_dims > 0)
    memcpy (tensor->dims, dims, n_dims * sizeof *dims);
  tensor->is_constant = TRUE;
  if (backing != NULL) {
    tensor->data = data;
    if (!g_ptr_array_find (builder->model->backing, backing, NULL))
      g_ptr_array_add (builder->model->backing, g_bytes_ref (backing));
  } else if (bytes > 0) {
    void *copy = bs_memory_new (bytes);
    if (copy == NULL)
      g_error ("Out of memory: %" G_GSIZE_FORMAT " bytes", bytes);
    memcpy (copy, data, bytes);
    tensor->data = copy;
    g_ptr_array_add (builder->model->backing, g_bytes_new_with_free_func (copy, bytes, free, copy));
  }
  return index;
}

static char *
free_node_name (BsModelBuilder *builder, const char *name, const char *op_type)
{
  guint number = builder->model->n_nodes;
  char *candidate =
    name != NULL && *name != '\0' ? g_strdup (name) : g_strdup_printf ("%s_%u", op_type, number);

  while (!g_hash_table_add (builder->nodes, g_strdup (candidate))) {
    g_free (candidate);
    candidate = g_strdup_printf ("%s_%u", name != NULL && *name != '\0' ? name : op_type, ++number);
  }
  return candidate;
}

BsNode *
bs_model_builder_node (BsModelBuilder *builder,
                       const char *op_type,
                       const char *domain,
                       const char *name,
                       const guint *inputs,
                       guint n_inputs,
                       const guint *outputs,
                       guint n_outputs)
{
  BsModel *model = builder->model;
  BsNode *node;

  if (model->n_nodes == builder->nodes_room) {
    builder->nodes_room = MAX (64, builder->nodes_room * 2);
    model->nodes = g_renew (BsNode, model->nodes, builder->nodes_room);
  }
  if (domain == NULL || strcmp (domain, "ai.onnx") == 0)
    domain = "";
  node = &model->nodes[model->n_nodes];
  *node = (BsNode){
    .name = free_node_name (builder, name, op_type),
    .op_type = g_strdup (op_type),
    .domain = g_strdup (domain),
    .op = bs_op_find (domain, op_type),
    .n_inputs = n_inputs,
    .n_outputs = n_outputs,
    .inputs = g_memdup2 (inputs, n_inputs * sizeof *inputs),
    .outputs = g_memdup2 (outputs, n_outputs * sizeof *outputs),
  };
  if (node->op != NULL && (n_inputs > BS_CALL_MAX || n_outputs > BS_CALL_MAX))
    node->op = NULL;
  model->n_nodes++;
  return node;
}

BsAttr *
bs_node_add_attr (BsNode *node, const char *name, BsAttrKind kind)
{
  BsAttr *attr;

  node->attrs = g_renew (BsAttr, node->attrs, node->n_attrs + 1);
  attr = &node->attrs[node->n_attrs++];
  *attr = (BsAttr){ .name = g_strdup (name), .kind = kind, .tensor = BS_TENSOR_NONE };
  return attr;
}

static void
append_index (guint **list, guint *n, guint index)
{
  *list = g_renew (guint, *list, *n + 1);
  (*list)[(*n)++] = index;
}

void
bs_model_builder_input (BsModelBuilder *builder, guint tensor)
{
  append_index (&builder->model->inputs, &builder->model->n_inputs, tensor);
}

void
bs_model_builder_output (BsModelBuilder *builder, guint tensor)
{
  append_index (&builder->model->outputs, &builder->model->n_outputs, tensor);
}

void
bs_model_builder_note (BsModelBuilder *builder, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (builder->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
copy_attr (BsNode *node, const BsAttr *from)
{
  BsAttr *to = bs_node_add_attr (node, from->name, from->kind);

  to->i = from->i;
  to->f = from->f;
  to->s = g_strdup (from->s);
  to->n = from->n;
  to->ints = from->ints != NULL ? g_memdup2 (from->ints, from->n * sizeof *from->ints) : NULL;
  to->floats =
    from->floats != NULL ? g_memdup2 (from->floats, from->n * sizeof *from->floats) : NULL;
  if (from->strings != NULL) {
    to->strings = g_new0 (char *, from->n + 1);
    for (guint i = 0; i < from->n; i++)
      to->strings[i] = g_strdup (from->strings[i]);
  }
  to->tensor = from->tensor;
  to->graph = from->graph != NULL ? bs_model_ref (from->graph) : NULL;
}

BsModelBuilder *
bs_model_builder_copy (const BsModel *model)
{
  BsModelBuilder *builder = bs_model_builder_new (model->name, model->format);
  BsModel *copy = builder->model;

  g_free (copy->producer);
  copy->producer = g_strdup (model->producer);
  copy->opset = model->opset;
  copy->digest = bs_lazy_digest_ref (model->digest);
  copy->file_bytes = model->file_bytes;
  for (guint i = 0; i < model->backing->len; i++)
    g_ptr_array_add (copy->backing, g_bytes_ref (model->backing->pdata[i]));
  for (guint i = 0; i < model->n_tensors; i++) {
    guint index = bs_model_builder_tensor (builder, model->tensors[i].name);
    char *name = copy->tensors[index].name;
    g_assert (index == i);
    copy->tensors[i] = model->tensors[i];
    copy->tensors[i].name = name;
  }
  for (guint i = 0; i < model->n_nodes; i++) {
    const BsNode *from = &model->nodes[i];
    BsNode *to =
      bs_model_builder_node (builder, from->op_type, from->domain, from->name, from->inputs,
                             from->n_inputs, from->outputs, from->n_outputs);
    for (guint a = 0; a < from->n_attrs; a++)
      copy_attr (to, &from->attrs[a]);
  }
  for (guint i = 0; i < model->n_inputs; i++)
    bs_model_builder_input (builder, model->inputs[i]);
  for (guint i = 0; i < model->n_outputs; i++)
    bs_model_builder_output (builder, model->outputs[i]);
  for (guint i = 0; model->notes != NULL && model->notes[i] != NULL; i++)
    g_ptr_array_add (builder->notes, g_strdup (model->notes[i]));
  return builder;
}

BsModel *
bs_model_builder_finish (BsModelBuilder *builder, GError **error)
{
  BsModel *model = builder->model;

  if (!bs_model_sort (model, error))
    return NULL;
  g_ptr_array_add (builder->notes, NULL);
  g_strfreev (model->notes);
  model->notes = (char **) g_ptr_array_free (builder->notes, FALSE);
  builder->notes = g_ptr_array_new_with_free_func (g_free);
  builder->model = NULL;
  g_hash_table_remove_all (builder->tensors);
  g_hash_table_remove_all (builder->nodes);
  return model;
}
