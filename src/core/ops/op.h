/* Operators: one row per operator type, with its shape rule and its float computation.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "model/model.h"

G_BEGIN_DECLS

#define BS_CALL_MAX 64 /* inputs or outputs of one node */

/* A tensor at run time. data is NULL while only shapes are known (inference) or the tensor is
 * empty. */
typedef struct {
  BsDtype dtype;
  guint n_dims;
  gint64 dims[BS_MAX_DIMS];
  void *data;
} BsValue;

/* One call of one operator. */
typedef struct _BsCall BsCall;
struct _BsCall {
  const BsModel *model;
  const BsNode *node;
  const BsValue
    *in[BS_CALL_MAX]; /* NULL: absent optional input; data may be NULL during inference */
  guint n_in;
  BsValue *out[BS_CALL_MAX]; /* never NULL for i < n_out; infer () fills dtype, n_dims, dims; run ()
                                finds data allocated */
  guint n_out;
  void *(*scratch) (
    BsCall *call,
    gsize bytes); /* 64-byte aligned, valid during this call; NULL when memory is out */
  gpointer walk;  /* the walk's own */
  /* Data for out[output], whose dims run () has just set, where infer () could not know them.
   * FALSE: no memory. */
  gboolean (*alloc) (BsCall *call, guint output);
};

typedef enum {
  BS_OP_VIEW = 1 << 0, /* output 0 is input 0 with another shape, same elements in the same order */
  BS_OP_MOVES =
    1 << 1, /* output elements are elements of input 0 (or constants like padding): no arithmetic */
  BS_OP_ELEMENTWISE =
    1
    << 2, /* out[i] = f(in[i]), other inputs constant: may run as a 256-entry lookup on integers */
  BS_OP_RANDOM = 1 << 3, /* not to be folded */
  BS_OP_IN_PLACE =
    1 << 4, /* run () may find out[0]->data == in[0]->data where type and shape are the same */
} BsOpFlags;

struct _BsOp {
  const char *type;   /* "Conv" */
  const char *domain; /* "" */
  guint min_in, max_in;
  guint flags;
  gint weight_input; /* which input is the weight when it is a constant (Conv 1, Gemm 1, MatMul 1,
                        Gather 0, GRU 1 …); −1: none */

  /* Output dtype and dims from the inputs' (and from their values where data is there); dims of
   * inputs are known. Where an output shape depends on a value not known yet: TRUE with out->n_dims
   * = BS_DIMS_UNKNOWN. Errors  BS_ERROR_SHAPE, BS_ERROR_UNSUPPORTED naming the node. */
  gboolean (*infer) (BsCall *call, GError **error);

  /* Computes out[i]->data. Float arithmetic defines what the integer run approximates. */
  gboolean (*run) (BsCall *call, GError **error);

  /* Multiply-adds of one call, from shapes; NULL: none. */
  guint64 (*macs) (const BsCall *call);
};

/* bs_op_find: the row for a type, or NULL. Domains "" and "ai.onnx" are the same. */
const BsOp *bs_op_find (const char *domain, const char *type);

/* bs_ops: all rows, ending with NULL: for tests and documentation. */
extern const BsOp *const bs_ops[];

/* Helpers for rows. bs_call_error prefixes “Node “conv1” (Conv): ” and returns FALSE. */
gboolean
bs_call_error (const BsCall *call, GError **error, BsErrorCode code, const char *format, ...)
  G_GNUC_PRINTF (4, 5);
gsize bs_value_count (const BsValue *value); /* elements; dims must be known */
gboolean bs_value_same_shape (const BsValue *a, const BsValue *b);

/* bs_check_operators: whether all nodes of a model can be run.
 * Errors  BS_ERROR_UNSUPPORTED naming each operator that cannot, and how often it occurs. */
gboolean bs_check_operators (const BsModel *model, GError **error);

/* The geometry of convolution and pooling, resolved from attributes: shared by the float and the
 * integer run. */
typedef struct {
  guint n_spatial; /* 1, 2 or 3 */
  gint64 kernel[3], stride[3], dilation[3], pad_begin[3], pad_end[3];
  gint64 in[3], out[3]; /* spatial sizes */
  gint64 group;
} BsWindow;

/* bs_window_resolve: from a node's attributes (kernel_shape or the weight's dims, strides,
 * dilations, pads, auto_pad, group, ceil_mode) and its input's dims [N, C, spatial…].
 *
 *   weight_dims  of a convolution, [M, C/group, kernel…]; NULL: pooling
 *
 * Errors  BS_ERROR_SHAPE naming the node. */
gboolean
bs_window_resolve (const BsCall *call, const gint64 *weight_dims, BsWindow *window, GError **error);

/* bs_window_resolve_transposed: of a ConvTranspose, as seen from its output: in is the output's
 * size, out the input's.
 *
 * Errors  BS_ERROR_SHAPE naming the node. */
gboolean bs_window_resolve_transposed (const BsCall *call, BsWindow *window, GError **error);

G_END_DECLS
