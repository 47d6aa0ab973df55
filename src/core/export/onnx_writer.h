/* Writing ONNX: a graph message with its own memory. Private to src/core/export.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "loaders/onnx.pb-c.h"
#include "model/model.h"

G_BEGIN_DECLS

typedef struct _BsOnnxWriter BsOnnxWriter;

/* opset: of the default domain; the IR version follows from it. */
BsOnnxWriter *bs_onnx_writer_new (const char *graph_name, gint64 opset);
void bs_onnx_writer_free (BsOnnxWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsOnnxWriter, bs_onnx_writer_free)

gint64 bs_onnx_writer_opset (const BsOnnxWriter *writer);

/* bs_onnx_writer_tensor: an initializer; data is copied. 4-bit types: data holds packed nibbles,
 * bytes of them. */
void bs_onnx_writer_tensor (BsOnnxWriter *writer,
                            const char *name,
                            BsDtype dtype,
                            const gint64 *dims,
                            guint n_dims,
                            const void *data,
                            gsize bytes);
void
bs_onnx_writer_scalar (BsOnnxWriter *writer, const char *name, BsDtype dtype, const void *data);

/* bs_onnx_writer_node: appends a node; attributes are added to what it returns. NULL names are
 * absent inputs. */
Onnx__NodeProto *bs_onnx_writer_node (BsOnnxWriter *writer,
                                      const char *type,
                                      const char *domain,
                                      const char *name,
                                      const char *const *inputs,
                                      guint n_inputs,
                                      const char *const *outputs,
                                      guint n_outputs);
void
bs_onnx_writer_int (BsOnnxWriter *writer, Onnx__NodeProto *node, const char *name, gint64 value);
void
bs_onnx_writer_float (BsOnnxWriter *writer, Onnx__NodeProto *node, const char *name, float value);

/* bs_onnx_writer_attr: a copy of a model's attribute; FALSE for subgraphs and text lists. */
gboolean bs_onnx_writer_attr (BsOnnxWriter *writer,
                              Onnx__NodeProto *node,
                              const BsModel *model,
                              const BsAttr *attr);

/* bs_onnx_writer_value: an input or output of the graph with its type; free dimensions are called
 * N. */
void bs_onnx_writer_input (BsOnnxWriter *writer, const BsTensor *tensor);
void bs_onnx_writer_output (BsOnnxWriter *writer, const BsTensor *tensor);

/* bs_onnx_writer_save: the finished message. Errors BS_ERROR_IO with the path. */
gboolean bs_onnx_writer_save (BsOnnxWriter *writer, const char *path, GError **error);

G_END_DECLS
