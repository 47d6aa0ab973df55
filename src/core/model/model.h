/* A loaded network: tensors and nodes in execution order. Immutable once made, shared by threads.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/digest.h"
#include "model/tensor.h"

G_BEGIN_DECLS

#define BS_TENSOR_NONE G_MAXUINT /* an optional input or output that is absent */

typedef struct _BsOp BsOp; /* ops/op.h */
typedef struct _BsModel BsModel;

typedef enum {
  BS_ATTR_INT,
  BS_ATTR_FLOAT,
  BS_ATTR_STRING,
  BS_ATTR_INTS,
  BS_ATTR_FLOATS,
  BS_ATTR_STRINGS,
  BS_ATTR_TENSOR,
  BS_ATTR_GRAPH,
} BsAttrKind;

typedef struct {
  char *name;
  BsAttrKind kind;
  gint64 i;
  float f;
  char *s; /* STRING: zero-terminated */
  guint n; /* INTS, FLOATS, STRINGS: how many */
  gint64 *ints;
  float *floats;
  char **strings;
  guint tensor; /* TENSOR: index of a constant in model->tensors */
  BsModel *
    graph; /* GRAPH: the body of If and Loop; tensors of the outer graph that it reads are its inputs, by name */
} BsAttr;

typedef struct {
  char *name;     /* unique in the model; made from type and position where the file has none */
  char *op_type;  /* "Conv" */
  char *domain;   /* "" is ai.onnx */
  const BsOp *op; /* NULL: unsupported; the model still opens for weight analysis */
  guint n_inputs, n_outputs, n_attrs;
  guint *inputs; /* indices of tensors, or BS_TENSOR_NONE */
  guint *outputs;
  BsAttr *attrs;
} BsNode;

struct _BsModel {
  gatomicrefcount refs;
  char *name;           /* the file's base name */
  char *format;         /* "ONNX", "TensorFlow Lite", "safetensors", … */
  char *producer;       /* may be "" */
  gint64 opset;         /* version of the default domain; 0: does not apply */
  BsLazyDigest *digest; /* of the file and of its external data; NULL: not from a file */
  guint64 file_bytes;

  guint n_tensors, n_nodes, n_inputs, n_outputs;
  BsTensor *tensors;
  BsNode *nodes; /* in execution order */
  guint *inputs; /* tensors to feed; constants are not among them */
  guint *outputs;
  char **
    notes; /* NULL-terminated sentences: each step that simplification took, what the loader noticed */
  GPtrArray *backing; /* GBytes that the constants live in */
};

BsModel *bs_model_ref (BsModel *model);
void bs_model_unref (BsModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsModel, bs_model_unref)

/* Attributes with their defaults. The returned text and arrays are borrowed from the node. */
const BsAttr *bs_node_attr (const BsNode *node, const char *name);
gint64 bs_node_int (const BsNode *node, const char *name, gint64 fallback);
float bs_node_float (const BsNode *node, const char *name, float fallback);
const char *bs_node_string (const BsNode *node, const char *name, const char *fallback);
const gint64 *
bs_node_ints (const BsNode *node, const char *name, guint *n); /* NULL and 0 when absent */

/* bs_model_digest: what tells this model's file from others, as text; "" for a model that was
 * built. The first call reads the whole file and its external data. Borrowed. */
const char *bs_model_digest (const BsModel *model);

/* bs_model_producers: for each tensor the index of the node that writes it, or −1. (transfer full) */
gint *bs_model_producers (const BsModel *model);

/* bs_model_consumers: for each tensor how many node inputs and model outputs read it. (transfer full) */
guint *bs_model_consumers (const BsModel *model);

/* bs_model_find_node: index of the node called name, or −1. */
gint bs_model_find_node (const BsModel *model, const char *name);

G_END_DECLS
