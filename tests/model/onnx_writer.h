/* Writing small ONNX files byte by byte, wrong ones too.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <string.h>

/* Field numbers of onnx.proto */
enum { MODEL_IR_VERSION = 1, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum {
  ATTRIBUTE_NAME = 1,
  ATTRIBUTE_I = 3,
  ATTRIBUTE_GRAPH = 6,
  ATTRIBUTE_INTS = 8,
  ATTRIBUTE_TYPE = 20
};
enum {
  TENSOR_DIMS = 1,
  TENSOR_TYPE = 2,
  TENSOR_NAME = 8,
  TENSOR_RAW = 9,
  TENSOR_EXTERNAL = 13,
  TENSOR_LOCATION = 14
};

static inline void
put_varint (GByteArray *out, guint64 value)
{
  guint8 byte;

  do {
    byte = (guint8) (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
    g_byte_array_append (out, &byte, 1);
    value >>= 7;
  } while (value != 0);
}

static inline void
put_int (GByteArray *out, guint field, gint64 value)
{
  put_varint (out, (guint64) field << 3);
  put_varint (out, (guint64) value);
}

static inline void
put_bytes (GByteArray *out, guint field, const void *data, gsize size)
{
  put_varint (out, (guint64) field << 3 | 2);
  put_varint (out, size);
  g_byte_array_append (out, data, (guint) size);
}

static inline void
put_text (GByteArray *out, guint field, const char *text)
{
  put_bytes (out, field, text, strlen (text));
}

/* Takes part over. */
static inline void
put_message (GByteArray *out, guint field, GByteArray *part)
{
  put_bytes (out, field, part->data, part->len);
  g_byte_array_unref (part);
}

static inline GByteArray *
make_value_info (const char *name, guint n_dims, const gint64 *dims)
{
  GByteArray *info = g_byte_array_new (), *type = g_byte_array_new (),
             *tensor = g_byte_array_new ();
  GByteArray *shape = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++) {
    GByteArray *dim = g_byte_array_new ();
    if (dims[i] >= 0)
      put_int (dim, 1, dims[i]);
    else
      put_text (dim, 2, "N");
    put_message (shape, 1, dim);
  }
  put_int (tensor, 1, 1); /* float */
  put_message (tensor, 2, shape);
  put_message (type, 1, tensor);
  put_text (info, 1, name);
  put_message (info, 2, type);
  return info;
}

/* inputs and outputs: names, separated by blanks */
static inline GByteArray *
make_node (const char *op, const char *name, const char *inputs, const char *outputs)
{
  GByteArray *node = g_byte_array_new ();
  g_auto (GStrv) in = g_strsplit (inputs, " ", -1);
  g_auto (GStrv) out = g_strsplit (outputs, " ", -1);

  for (guint i = 0; in[i] != NULL; i++)
    put_text (node, NODE_INPUT, in[i]);
  for (guint i = 0; out[i] != NULL; i++)
    put_text (node, NODE_OUTPUT, out[i]);
  put_text (node, NODE_NAME, name);
  put_text (node, NODE_OP, op);
  return node;
}

static inline GByteArray *
make_tensor (const char *name, guint n_dims, const gint64 *dims, const float *data, gsize count)
{
  GByteArray *tensor = g_byte_array_new ();

  for (guint i = 0; i < n_dims; i++)
    put_int (tensor, TENSOR_DIMS, dims[i]);
  put_int (tensor, TENSOR_TYPE, 1);
  put_text (tensor, TENSOR_NAME, name);
  if (data != NULL)
    put_bytes (tensor, TENSOR_RAW, data, count * sizeof *data);
  return tensor;
}

/* Takes graph over. */
static inline GByteArray *
make_model (GByteArray *graph, gint64 opset)
{
  GByteArray *model = g_byte_array_new (), *import = g_byte_array_new ();

  put_int (model, MODEL_IR_VERSION, 7);
  put_message (model, MODEL_GRAPH, graph);
  put_int (import, 2, opset);
  put_message (model, MODEL_OPSET, import);
  return model;
}
