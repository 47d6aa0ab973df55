/* Writing ONNX: a graph message with its own memory.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "export/onnx_writer.h"

#include <string.h>

#include "base/error.h"

struct _BsOnnxWriter {
  GPtrArray *memory; /* all blocks the message points into */
  GPtrArray *nodes, *tensors, *inputs, *outputs;
  char *graph_name;
  gint64 opset;
};

/* IR version that came with each opset (ONNX, docs/Versioning.md). */
static gint64
ir_version (gint64 opset)
{
  return opset >= 25   ? 13
         : opset >= 24 ? 12
         : opset >= 23 ? 11
         : opset >= 21 ? 10
         : opset >= 19 ? 9
         : opset >= 15 ? 8
                       : 7;
}

BsOnnxWriter *
bs_onnx_writer_new (const char *graph_name, gint64 opset)
{
  BsOnnxWriter *w = g_new0 (BsOnnxWriter, 1);

  w->memory = g_ptr_array_new_with_free_func (g_free);
  w->nodes = g_ptr_array_new ();
  w->tensors = g_ptr_array_new ();
  w->inputs = g_ptr_array_new ();
  w->outputs = g_ptr_array_new ();
  w->graph_name = g_strdup (graph_name);
  w->opset = opset;
  return w;
}

void
bs_onnx_writer_free (BsOnnxWriter *w)
{
  g_ptr_array_unref (w->nodes);
  g_ptr_array_unref (w->tensors);
  g_ptr_array_unref (w->inputs);
  g_ptr_array_unref (w->outputs);
  g_ptr_array_unref (w->memory);
  g_free (w->graph_name);
  g_free (w);
}

gint64
bs_onnx_writer_opset (const BsOnnxWriter *w)
{
  return w->opset;
}

static gpointer
keep (BsOnnxWriter *w, gpointer block)
{
  g_ptr_array_add (w->memory, block);
  return block;
}

static char *
keep_text (BsOnnxWriter *w, const char *text)
{
  return keep (w, g_strdup (text != NULL ? text : ""));
}

static gpointer
keep_copy (BsOnnxWriter *w, const void *data, gsize bytes)
{
  gpointer copy = g_malloc (MAX (bytes, 1));

  if (bytes > 0)
    memcpy (copy, data, bytes);
  return keep (w, copy);
}

static Onnx__TensorProto *
make_tensor (BsOnnxWriter *w,
             const char *name,
             BsDtype dtype,
             const gint64 *dims,
             guint n_dims,
             const void *data,
             gsize bytes)
{
  Onnx__TensorProto *t = keep (w, g_new (Onnx__TensorProto, 1));

  onnx__tensor_proto__init (t);
  t->name = keep_text (w, name);
  t->has_data_type = TRUE;
  t->data_type = (gint32) dtype;
  t->n_dims = n_dims;
  t->dims = keep_copy (w, dims, n_dims * sizeof *dims);
  t->has_raw_data = TRUE;
  t->raw_data.len = bytes;
  t->raw_data.data = keep_copy (w, data, bytes);
  return t;
}

void
bs_onnx_writer_tensor (BsOnnxWriter *w,
                       const char *name,
                       BsDtype dtype,
                       const gint64 *dims,
                       guint n_dims,
                       const void *data,
                       gsize bytes)
{
  g_ptr_array_add (w->tensors, make_tensor (w, name, dtype, dims, n_dims, data, bytes));
}

void
bs_onnx_writer_scalar (BsOnnxWriter *w, const char *name, BsDtype dtype, const void *data)
{
  bs_onnx_writer_tensor (w, name, dtype, NULL, 0, data, bs_dtype_bits (dtype) / 8);
}

static char **
keep_names (BsOnnxWriter *w, const char *const *names, guint n)
{
  char **kept = keep (w, g_new0 (char *, n + 1));

  for (guint i = 0; i < n; i++)
    kept[i] = keep_text (w, names[i]);
  return kept;
}

Onnx__NodeProto *
bs_onnx_writer_node (BsOnnxWriter *w,
                     const char *type,
                     const char *domain,
                     const char *name,
                     const char *const *inputs,
                     guint n_inputs,
                     const char *const *outputs,
                     guint n_outputs)
{
  Onnx__NodeProto *node = keep (w, g_new (Onnx__NodeProto, 1));

  onnx__node_proto__init (node);
  node->op_type = keep_text (w, type);
  node->domain = keep_text (w, domain);
  node->name = keep_text (w, name);
  node->n_input = n_inputs;
  node->input = keep_names (w, inputs, n_inputs);
  node->n_output = n_outputs;
  node->output = keep_names (w, outputs, n_outputs);
  g_ptr_array_add (w->nodes, node);
  return node;
}

static Onnx__AttributeProto *
add_attribute (BsOnnxWriter *w,
               Onnx__NodeProto *node,
               const char *name,
               Onnx__AttributeProto__AttributeType type)
{
  Onnx__AttributeProto *attr = keep (w, g_new (Onnx__AttributeProto, 1));
  Onnx__AttributeProto **all = keep (w, g_new (Onnx__AttributeProto *, node->n_attribute + 1));

  onnx__attribute_proto__init (attr);
  attr->name = keep_text (w, name);
  attr->has_type = TRUE;
  attr->type = type;
  if (node->n_attribute > 0)
    memcpy (all, node->attribute, node->n_attribute * sizeof *all);
  all[node->n_attribute++] = attr;
  node->attribute = all;
  return attr;
}

void
bs_onnx_writer_int (BsOnnxWriter *w, Onnx__NodeProto *node, const char *name, gint64 value)
{
  Onnx__AttributeProto *attr =
    add_attribute (w, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

  attr->has_i = TRUE;
  attr->i = value;
}

void
bs_onnx_writer_float (BsOnnxWriter *w, Onnx__NodeProto *node, const char *name, float value)
{
  Onnx__AttributeProto *attr =
    add_attribute (w, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

  attr->has_f = TRUE;
  attr->f = value;
}

gboolean
bs_onnx_writer_attr (BsOnnxWriter *w,
                     Onnx__NodeProto *node,
                     const BsModel *model,
                     const BsAttr *attr)
{
  Onnx__AttributeProto *to;
  gsize bytes;

  switch (attr->kind) {
  case BS_ATTR_INT:
    bs_onnx_writer_int (w, node, attr->name, attr->i);
    return TRUE;
  case BS_ATTR_FLOAT:
    bs_onnx_writer_float (w, node, attr->name, attr->f);
    return TRUE;
  case BS_ATTR_STRING:
    to = add_attribute (w, node, attr->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    to->has_s = TRUE;
    to->s.len = strlen (attr->s);
    to->s.data = keep_copy (w, attr->s, to->s.len);
    return TRUE;
  case BS_ATTR_INTS:
    to = add_attribute (w, node, attr->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    to->n_ints = attr->n;
    to->ints = keep_copy (w, attr->ints, attr->n * sizeof *attr->ints);
    return TRUE;
  case BS_ATTR_FLOATS:
    to = add_attribute (w, node, attr->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    to->n_floats = attr->n;
    to->floats = keep_copy (w, attr->floats, attr->n * sizeof *attr->floats);
    return TRUE;
  case BS_ATTR_TENSOR: {
    const BsTensor *t = &model->tensors[attr->tensor];
    if (!bs_dims_bytes (t->dims, t->n_dims, t->dtype, &bytes))
      return FALSE;
    to = add_attribute (w, node, attr->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
    to->t = make_tensor (w, t->name, t->dtype, t->dims, t->n_dims, t->data, bytes);
    return TRUE;
  }
  case BS_ATTR_STRINGS:
  case BS_ATTR_GRAPH:
    break;
  }
  return FALSE;
}

static Onnx__ValueInfoProto *
make_value (BsOnnxWriter *w, const BsTensor *tensor)
{
  Onnx__ValueInfoProto *info = keep (w, g_new (Onnx__ValueInfoProto, 1));
  Onnx__TypeProto *type = keep (w, g_new (Onnx__TypeProto, 1));
  Onnx__TypeProto__Tensor *dense = keep (w, g_new (Onnx__TypeProto__Tensor, 1));

  onnx__value_info_proto__init (info);
  onnx__type_proto__init (type);
  onnx__type_proto__tensor__init (dense);
  info->name = keep_text (w, tensor->name);
  info->type = type;
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = dense;
  dense->has_elem_type = TRUE;
  dense->elem_type = (gint32) tensor->dtype;
  if (tensor->n_dims == BS_DIMS_UNKNOWN)
    return info;
  Onnx__TensorShapeProto *shape = keep (w, g_new (Onnx__TensorShapeProto, 1));
  onnx__tensor_shape_proto__init (shape);
  shape->n_dim = tensor->n_dims;
  shape->dim = keep (w, g_new0 (Onnx__TensorShapeProto__Dimension *, tensor->n_dims + 1));
  dense->shape = shape;
  for (guint i = 0; i < tensor->n_dims; i++) {
    Onnx__TensorShapeProto__Dimension *dim = keep (w, g_new (Onnx__TensorShapeProto__Dimension, 1));
    onnx__tensor_shape_proto__dimension__init (dim);
    if (tensor->dims[i] >= 0) {
      dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      dim->dim_value = tensor->dims[i];
    } else {
      dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
      dim->dim_param = keep_text (w, "N");
    }
    shape->dim[i] = dim;
  }
  return info;
}

void
bs_onnx_writer_input (BsOnnxWriter *w, const BsTensor *tensor)
{
  g_ptr_array_add (w->inputs, make_value (w, tensor));
}

void
bs_onnx_writer_output (BsOnnxWriter *w, const BsTensor *tensor)
{
  g_ptr_array_add (w->outputs, make_value (w, tensor));
}

gboolean
bs_onnx_writer_save (BsOnnxWriter *w, const char *path, GError **error)
{
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
  Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT;
  Onnx__OperatorSetIdProto *opsets[] = { &opset };
  g_autofree guint8 *bytes = NULL;
  gsize size;

  opset.domain = (char *) "";
  opset.has_version = TRUE;
  opset.version = w->opset;
  model.has_ir_version = TRUE;
  model.ir_version = ir_version (w->opset);
  model.producer_name = (char *) "Bitstair";
  model.n_opset_import = 1;
  model.opset_import = opsets;
  model.graph = &graph;
  graph.name = w->graph_name;
  graph.n_node = w->nodes->len;
  graph.node = (Onnx__NodeProto **) w->nodes->pdata;
  graph.n_initializer = w->tensors->len;
  graph.initializer = (Onnx__TensorProto **) w->tensors->pdata;
  graph.n_input = w->inputs->len;
  graph.input = (Onnx__ValueInfoProto **) w->inputs->pdata;
  graph.n_output = w->outputs->len;
  graph.output = (Onnx__ValueInfoProto **) w->outputs->pdata;
  size = onnx__model_proto__get_packed_size (&model);
  bytes = g_malloc (size);
  onnx__model_proto__pack (&model, bytes);
  g_autoptr (GError) cause = NULL;
  if (!g_file_set_contents (path, (const char *) bytes, (gssize) size, &cause)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "The file “%s” cannot be written: %s", path,
                 cause->message);
    return FALSE;
  }
  return TRUE;
}
