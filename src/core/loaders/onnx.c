/* The ONNX loader: the file, its graph, and the graphs inside If and Loop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/memory.h"
#include "loaders/loader_table.h"
#include "loaders/onnx.pb-c.h"
#include "loaders/onnx_half.h"
#include "loaders/onnx_tensor.h"
#include "loaders/protobuf_check.h"
#include "model/builder.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BODY_DEPTH 16

typedef struct _Scope Scope;
struct _Scope { /* one graph being read; bodies look names up in the graphs around them */
  const Scope *outer;
  BsModelBuilder *builder;
  GHashTable *defined; /* set of names that this graph defines, borrowed from the message */
  GPtrArray *captured; /* bodies: names read from outside, which become inputs (owned text) */
  guint depth;
};

typedef struct {
  GBytes *message;
  BsOnnxExternal external;
} File;

static BsModel *read_body (const Onnx__GraphProto *graph,
                           const Scope *outer,
                           File *file,
                           GPtrArray *captured,
                           GError **error);

static const char *
text (const char *string)
{
  return string != NULL ? string : "";
}

static gboolean
add_constant (Scope *scope,
              const Onnx__TensorProto *proto,
              const char *name,
              File *file,
              guint *index,
              GError **error)
{
  g_autoptr (GBytes) backing = NULL;
  BsValue value;

  if (!bs_onnx_tensor (proto, file->message, &file->external, &value, &backing, error))
    return FALSE;
  *index = bs_model_builder_constant (scope->builder, name, value.dtype, value.dims, value.n_dims,
                                      value.data, backing);
  return TRUE;
}

static void
set_type (BsTensor *tensor, const Onnx__TypeProto *type)
{
  const Onnx__TypeProto__Tensor *dense;

  if (tensor->is_constant || type == NULL ||
      type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || type->tensor_type == NULL)
    return;
  dense = type->tensor_type;
  tensor->dtype = (BsDtype) dense->elem_type;
  if (dense->shape == NULL || dense->shape->n_dim > BS_MAX_DIMS)
    return;
  tensor->n_dims = (guint) dense->shape->n_dim;
  for (guint i = 0; i < tensor->n_dims; i++) {
    const Onnx__TensorShapeProto__Dimension *dim = dense->shape->dim[i];
    gboolean known =
      dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value > 0;
    tensor->dims[i] = known ? dim->dim_value : BS_DIM_FREE;
  }
}

static void
set_value_info (Scope *scope, const Onnx__ValueInfoProto *info)
{
  guint index = bs_model_builder_tensor (scope->builder, text (info->name));

  set_type (&bs_model_builder_edit (scope->builder)->tensors[index], info->type);
}

/* A Constant node is a constant, not a node. FALSE in *done: a kind that stays a node. */
static gboolean
constant_node (Scope *scope,
               const Onnx__NodeProto *node,
               File *file,
               gboolean *done,
               GError **error)
{
  const Onnx__AttributeProto *attr = node->n_attribute > 0 ? node->attribute[0] : NULL;
  const char *name = node->n_output > 0 ? text (node->output[0]) : "";
  gint64 n;
  guint index;

  *done = FALSE;
  if (strcmp (text (node->op_type), "Constant") != 0 || *text (node->domain) != '\0' ||
      node->n_attribute != 1 || node->n_output != 1)
    return TRUE;
  *done = TRUE;
  if (attr->t != NULL)
    return add_constant (scope, attr->t, name, file, &index, error);
  if (strcmp (text (attr->name), "value_float") == 0)
    bs_model_builder_constant (scope->builder, name, BS_DTYPE_F32, NULL, 0, &attr->f, NULL);
  else if (strcmp (text (attr->name), "value_int") == 0)
    bs_model_builder_constant (scope->builder, name, BS_DTYPE_I64, NULL, 0, &attr->i, NULL);
  else if (strcmp (text (attr->name), "value_floats") == 0) {
    n = (gint64) attr->n_floats;
    bs_model_builder_constant (scope->builder, name, BS_DTYPE_F32, &n, 1, attr->floats, NULL);
  } else if (strcmp (text (attr->name), "value_ints") == 0) {
    n = (gint64) attr->n_ints;
    bs_model_builder_constant (scope->builder, name, BS_DTYPE_I64, &n, 1, attr->ints, NULL);
  } else
    *done = FALSE;
  return TRUE;
}

/* Files before IR version 2 name no kind. */
static Onnx__AttributeProto__AttributeType
attribute_type (const Onnx__AttributeProto *proto)
{
  if (proto->has_type && proto->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
    return proto->type;
  if (proto->has_f)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  if (proto->has_i)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  if (proto->has_s)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  if (proto->t != NULL)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  if (proto->g != NULL)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
  if (proto->n_floats > 0)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  if (proto->n_strings > 0)
    return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS;
  return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static char *
binary_text (const ProtobufCBinaryData *data)
{
  return data->data != NULL ? g_strndup ((const char *) data->data, data->len) : g_strdup ("");
}

/* Attributes of kinds that no supported operator has (sparse tensors, types, lists of graphs) are
 * left out. */
static void
add_attribute (BsNode *node, const Onnx__AttributeProto *proto)
{
  const char *name = text (proto->name);
  BsAttr *attr;

  switch (attribute_type (proto)) {
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
    bs_node_add_attr (node, name, BS_ATTR_FLOAT)->f = proto->f;
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
    bs_node_add_attr (node, name, BS_ATTR_INT)->i = proto->i;
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    bs_node_add_attr (node, name, BS_ATTR_STRING)->s = binary_text (&proto->s);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
    attr = bs_node_add_attr (node, name, BS_ATTR_FLOATS);
    attr->n = (guint) proto->n_floats;
    attr->floats = g_memdup2 (proto->floats, proto->n_floats * sizeof *proto->floats);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
    attr = bs_node_add_attr (node, name, BS_ATTR_INTS);
    attr->n = (guint) proto->n_ints;
    attr->ints = g_memdup2 (proto->ints, proto->n_ints * sizeof *proto->ints);
    break;
  case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
    attr = bs_node_add_attr (node, name, BS_ATTR_STRINGS);
    attr->n = (guint) proto->n_strings;
    attr->strings = g_new0 (char *, proto->n_strings + 1);
    for (gsize i = 0; i < proto->n_strings; i++)
      attr->strings[i] = binary_text (&proto->strings[i]);
    break;
  default:
    break;
  }
}

/* A name read from outside: a constant out there is shared; anything else becomes one more input of
 * the body. */
static void
capture (Scope *scope, const char *name)
{
  for (const Scope *outer = scope->outer; outer != NULL; outer = outer->outer) {
    const BsModel *model = bs_model_builder_edit (outer->builder);
    if (!g_hash_table_contains (outer->defined, name))
      continue;
    guint index = bs_model_builder_tensor (outer->builder, name);
    const BsTensor *tensor = &model->tensors[index];
    if (tensor->is_constant) {
      g_autoptr (GBytes) nothing =
        g_bytes_new (NULL, 0); /* the outer model's backing outlives its bodies */
      bs_model_builder_constant (scope->builder, name, tensor->dtype, tensor->dims, tensor->n_dims,
                                 tensor->data, nothing);
      g_hash_table_add (scope->defined, (gpointer) name);
      return;
    }
    break;
  }
  if (!g_ptr_array_find_with_equal_func (scope->captured, name, g_str_equal, NULL)) {
    g_ptr_array_add (scope->captured, g_strdup (name));
    bs_model_builder_input (scope->builder, bs_model_builder_tensor (scope->builder, name));
  }
}

static guint
input_tensor (Scope *scope, const char *name)
{
  if (*name == '\0')
    return BS_TENSOR_NONE;
  if (scope->outer != NULL && !g_hash_table_contains (scope->defined, name))
    capture (scope, name);
  return bs_model_builder_tensor (scope->builder, name);
}

static gboolean
add_node (Scope *scope, const Onnx__NodeProto *proto, File *file, GError **error)
{
  g_autoptr (GArray) inputs = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) outputs = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GPtrArray) captured = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) bodies = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_model_unref);
  BsNode *node;
  guint index, next_body = 0;

  for (gsize i = 0; i < proto->n_input; i++) {
    index = input_tensor (scope, text (proto->input[i]));
    g_array_append_val (inputs, index);
  }
  for (gsize i = 0; i < proto->n_output; i++) {
    const char *name = text (proto->output[i]);
    index = *name != '\0' ? bs_model_builder_tensor (scope->builder, name) : BS_TENSOR_NONE;
    g_array_append_val (outputs, index);
  }
  for (gsize i = 0; i < proto->n_attribute; i++)
    if (proto->attribute[i]->g != NULL) {
      BsModel *body = read_body (proto->attribute[i]->g, scope, file, captured, error);
      if (body == NULL) {
        g_prefix_error (error, "inside node “%s”: ", text (proto->name));
        return FALSE;
      }
      g_ptr_array_add (bodies, body);
    }
  for (guint i = 0; i < captured->len; i++) {
    index = input_tensor (scope, captured->pdata[i]);
    g_array_append_val (inputs, index);
  }
  node = bs_model_builder_node (scope->builder, text (proto->op_type), text (proto->domain),
                                text (proto->name), (const guint *) inputs->data, inputs->len,
                                (const guint *) outputs->data, outputs->len);
  for (gsize i = 0; i < proto->n_attribute; i++)
    if (proto->attribute[i]->g != NULL)
      bs_node_add_attr (node, text (proto->attribute[i]->name), BS_ATTR_GRAPH)->graph =
        bs_model_ref (bodies->pdata[next_body++]);
    else if (proto->attribute[i]->t != NULL) {
      g_autofree char *name =
        g_strdup_printf ("%s.%s", node->name, text (proto->attribute[i]->name));
      if (!add_constant (scope, proto->attribute[i]->t, name, file, &index, error))
        return FALSE;
      bs_node_add_attr (node, text (proto->attribute[i]->name), BS_ATTR_TENSOR)->tensor = index;
    } else
      add_attribute (node, proto->attribute[i]);
  if (bodies->len > 0) /* the captured inputs come behind these: ops/control.c */
    bs_node_add_attr (node, "explicit_inputs", BS_ATTR_INT)->i = (gint64) proto->n_input;
  return TRUE;
}

static void
collect_defined (Scope *scope, const Onnx__GraphProto *graph)
{
  for (gsize i = 0; i < graph->n_input; i++)
    g_hash_table_add (scope->defined, (gpointer) text (graph->input[i]->name));
  for (gsize i = 0; i < graph->n_initializer; i++)
    g_hash_table_add (scope->defined, (gpointer) text (graph->initializer[i]->name));
  for (gsize i = 0; i < graph->n_node; i++)
    for (gsize k = 0; k < graph->node[i]->n_output; k++)
      g_hash_table_add (scope->defined, (gpointer) text (graph->node[i]->output[k]));
}

static gboolean
read_graph (Scope *scope, const Onnx__GraphProto *graph, File *file, GError **error)
{
  BsModel *model = bs_model_builder_edit (scope->builder);
  guint index;

  if (graph->n_sparse_initializer > 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "its weights are stored as sparse tensors, which this program does not read");
    return FALSE;
  }
  collect_defined (scope, graph);
  for (gsize i = 0; i < graph->n_initializer; i++) {
    const char *name = text (graph->initializer[i]->name);
    index = bs_model_builder_tensor (scope->builder, name);
    if (*name == '\0' || model->tensors[index].is_constant) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "two of its constants are called “%s”", name);
      return FALSE;
    }
    if (!add_constant (scope, graph->initializer[i], name, file, &index, error))
      return FALSE;
  }
  for (gsize i = 0; i < graph->n_input; i++) {
    index = bs_model_builder_tensor (scope->builder, text (graph->input[i]->name));
    if (model->tensors[index]
          .is_constant) /* before IR version 4 initializers are listed as inputs */
      continue;
    for (guint k = 0; k < model->n_inputs; k++)
      if (model->inputs[k] == index) {
        g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "two of its inputs are called “%s”",
                     text (graph->input[i]->name));
        return FALSE;
      }
    set_value_info (scope, graph->input[i]);
    bs_model_builder_input (scope->builder, index);
  }
  for (gsize i = 0; i < graph->n_node; i++) {
    gboolean done;
    if (!constant_node (scope, graph->node[i], file, &done, error) ||
        (!done && !add_node (scope, graph->node[i], file, error)))
      return FALSE;
  }
  for (gsize i = 0; i < graph->n_value_info; i++)
    if (g_hash_table_contains (scope->defined, text (graph->value_info[i]->name)))
      set_value_info (scope, graph->value_info[i]);
  for (gsize i = 0; i < graph->n_output; i++) {
    index = input_tensor (scope, text (graph->output[i]->name));
    if (index == BS_TENSOR_NONE) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "one of its outputs has no name");
      return FALSE;
    }
    set_value_info (scope, graph->output[i]);
    bs_model_builder_output (scope->builder, index);
  }
  return TRUE;
}

static BsModel *
read_body (const Onnx__GraphProto *graph,
           const Scope *outer,
           File *file,
           GPtrArray *captured,
           GError **error)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new (text (graph->name), "ONNX");
  g_autoptr (GHashTable) defined = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  Scope scope = { outer, builder, defined, names, outer->depth + 1 };

  if (scope.depth > MAX_BODY_DEPTH) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "its graphs are nested too deeply");
    return NULL;
  }
  bs_model_builder_edit (builder)->opset = bs_model_builder_edit (outer->builder)->opset;
  if (!read_graph (&scope, graph, file, error))
    return NULL;
  for (guint i = 0; i < names->len; i++)
    if (!g_ptr_array_find_with_equal_func (captured, names->pdata[i], g_str_equal, NULL))
      g_ptr_array_add (captured, g_strdup (names->pdata[i]));
  return bs_model_builder_finish (builder, error);
}

static gint64
default_opset (const Onnx__ModelProto *proto)
{
  for (gsize i = 0; i < proto->n_opset_import; i++)
    if (*text (proto->opset_import[i]->domain) == '\0' ||
        strcmp (proto->opset_import[i]->domain, "ai.onnx") == 0)
      return proto->opset_import[i]->version;
  return 0;
}

static BsModel *
read_model (const Onnx__ModelProto *proto, const char *name, File *file, GError **error)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new (name, "ONNX");
  g_autoptr (GHashTable) defined = g_hash_table_new (g_str_hash, g_str_equal);
  Scope scope = { NULL, builder, defined, NULL, 0 };
  BsModel *model = bs_model_builder_edit (builder);

  model->opset = default_opset (proto);
  if (proto->graph == NULL || (proto->graph->n_node == 0 && proto->graph->n_initializer == 0)) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it holds no ONNX graph");
    return NULL;
  }
  if (proto->n_opset_import == 0 || model->opset < 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it does not say which ONNX version it is of");
    return NULL;
  }
  g_free (model->producer);
  model->producer =
    g_strstrip (g_strjoin (" ", text (proto->producer_name), text (proto->producer_version), NULL));
  if (!read_graph (&scope, proto->graph, file, error))
    return NULL;
  bs_widen_halves (builder);
  if (model->opset > 0 && (model->opset < 7 || model->opset > 21))
    bs_model_builder_note (
      builder, "Made for ONNX operator set %" G_GINT64_FORMAT "; results are checked for 7 to 21",
      model->opset);
  return bs_model_builder_finish (builder, error);
}

static void *
allocate_cb (void *user, size_t bytes)
{
  return bytes >= BS_MEMORY_LARGE ? bs_memory_new (bytes) : malloc (bytes);
}

static void
free_cb (void *user, void *memory)
{
  free (memory);
}

/* Weights stay where they are unpacked to. */
static ProtobufCAllocator allocator = { allocate_cb, free_cb, NULL };

static void
free_message (gpointer data)
{
  onnx__model_proto__free_unpacked (data, &allocator);
}

static BsModel *
load (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = bs_loader_map (path, error);
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GHashTable) files =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GBytes) message = NULL;
  BsLazyDigest *digest;
  File file;
  const guint8 *data;
  gsize size;
  Onnx__ModelProto *proto;
  BsModel *model;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (!bs_protobuf_check (&onnx__model_proto__descriptor, data, size, error))
    return NULL;
  proto = onnx__model_proto__unpack (&allocator, size, data);
  if (proto == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it is not an ONNX model");
    return NULL;
  }
  message = g_bytes_new_with_free_func (proto, sizeof *proto, free_message, proto);
  digest = bs_lazy_digest_new ();
  bs_lazy_digest_add (digest, bytes, TRUE);
  file = (File){ message, { folder, files, digest } };
  model = read_model (proto, name, &file, error);
  if (model == NULL) {
    bs_lazy_digest_unref (digest);
    return NULL;
  }
  model->file_bytes = size;
  model->digest = digest;
  return model;
}

/* ONNX has no magic number: the first field is nearly always ir_version, a small number. */
static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  return g_str_has_suffix (path, ".onnx") ||
         (size > 4 && data[0] == 0x08 && data[1] >= 1 && data[1] < 32 && (data[2] & 7) <= 2);
}

const BsLoader bs_loader_onnx = {
  .id = "onnx",
  .title = "ONNX",
  .suffixes = ".onnx",
  .probe = probe,
  .load = load,
};
