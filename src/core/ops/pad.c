/* Padding, and moving blocks between channels and pixels.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <string.h>

typedef struct {
  gint64 begin[BS_MAX_DIMS], end[BS_MAX_DIMS]; /* may be negative: cropping */
} Pads;

static BsInts
resolve (const BsCall *call, Pads *pads, GError **error)
{
  guint n_dims = call->in[0]->n_dims, n, n_axes, axis;
  gint64 listed[2 * BS_MAX_DIMS], axes[BS_MAX_DIMS];
  BsInts state =
    bs_ints (call, call->n_in > 1 ? 1 : BS_NO_INPUT, "pads", listed, 2 * BS_MAX_DIMS, &n, error);
  BsInts named =
    state == BS_INTS_ERROR ? state : bs_ints (call, 3, NULL, axes, BS_MAX_DIMS, &n_axes, error);

  if (named == BS_INTS_ERROR)
    return named;
  if (state == BS_INTS_UNKNOWN || named == BS_INTS_UNKNOWN)
    return BS_INTS_UNKNOWN;
  if (named == BS_INTS_ABSENT)
    n_axes = n_dims;
  if (state == BS_INTS_ABSENT || n != 2 * n_axes) {
    bs_call_error (call, error, BS_ERROR_SHAPE, "it has %u pads for %u dimensions", n, n_axes);
    return BS_INTS_ERROR;
  }
  *pads = (Pads){ { 0 }, { 0 } };
  for (guint i = 0; i < n_axes; i++) {
    axis = i;
    if (named == BS_INTS_KNOWN && !bs_axis (call, axes[i], n_dims, &axis, error))
      return BS_INTS_ERROR;
    pads->begin[axis] = CLAMP (listed[i], -((gint64) 1 << 40), (gint64) 1 << 40);
    pads->end[axis] = CLAMP (listed[i + n_axes], -((gint64) 1 << 40), (gint64) 1 << 40);
  }
  return BS_INTS_KNOWN;
}

static gboolean
infer_pad (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  Pads pads;

  switch (resolve (call, &pads, error)) {
  case BS_INTS_ERROR:
    return FALSE;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, in->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    break;
  }
  bs_out_like (call, 0, in);
  for (guint i = 0; i < in->n_dims; i++) {
    call->out[0]->dims[i] += pads.begin[i] + pads.end[i];
    if (call->out[0]->dims[i] < 0)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "it cuts off more than there is");
  }
  return TRUE;
}

typedef enum { CONSTANT, REFLECT, EDGE, WRAP } Mode;

/* The source position for position i of a dimension, or −1 for the constant. */
static gint64
source (Mode mode, gint64 i, gint64 begin, gint64 dim)
{
  gint64 at = i - begin, period;

  if (at >= 0 && at < dim)
    return at;
  if (mode == CONSTANT || dim == 0)
    return -1;
  if (mode == EDGE)
    return at < 0 ? 0 : dim - 1;
  period = mode == WRAP ? dim : MAX (2 * (dim - 1), 1);
  at = (at % period + period) % period;
  return at < dim ? at : period - at;
}

static gboolean
run_pad (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *value = bs_in (call, 2);
  BsValue *out = call->out[0];
  const char *name = bs_node_string (call->node, "mode", "constant");
  Mode mode = strcmp (name, "reflect") == 0 ? REFLECT
              : strcmp (name, "edge") == 0  ? EDGE
              : strcmp (name, "wrap") == 0  ? WRAP
                                            : CONSTANT;
  gsize size = bs_dtype_bits (in->dtype) / 8, count = bs_value_count (out);
  gint64 index[BS_MAX_DIMS] = { 0 }, dense[BS_MAX_DIMS];
  guint8 fill[8] = { 0 };
  Pads pads;

  if (!bs_require_bytes (call, error) || resolve (call, &pads, error) != BS_INTS_KNOWN)
    return FALSE;
  if (value != NULL && bs_value_count (value) == 1 && value->dtype == in->dtype)
    memcpy (fill, value->data, size);
  else if (value == NULL && in->dtype == BS_DTYPE_F32) {
    float number = bs_node_float (call->node, "value", 0);
    memcpy (fill, &number, sizeof number);
  } else if (value != NULL && bs_value_count (value) != 0)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its constant is not one number of its input's type");
  bs_dense_strides (in->dims, in->n_dims, dense);
  for (gsize i = 0; i < count; i++) {
    gint64 at = 0;
    for (guint d = 0; d < in->n_dims && at >= 0; d++) {
      gint64 from = source (mode, index[d], pads.begin[d], in->dims[d]);
      at = from < 0 ? -1 : at + from * dense[d];
    }
    memcpy ((guint8 *) out->data + i * size,
            at < 0 ? fill : (const guint8 *) in->data + at * (gint64) size, size);
    for (guint d = in->n_dims; d-- > 0;) {
      if (++index[d] < out->dims[d])
        break;
      index[d] = 0;
    }
  }
  return TRUE;
}

const BsOp bs_op_pad = {
  .type = "Pad",
  .domain = "",
  .min_in = 1,
  .max_in = 4,
  .flags = BS_OP_MOVES,
  .weight_input = -1,
  .infer = infer_pad,
  .run = run_pad,
};

static gboolean
infer_blocks (BsCall *call, gboolean to_space, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 b = bs_node_int (call->node, "blocksize", 0), dims[4];

  if (in->n_dims != 4 || b < 1 || b > 65536 || in->dims[1] > G_MAXINT32 ||
      in->dims[2] > G_MAXINT32 || in->dims[3] > G_MAXINT32)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it needs a picture and a block size");
  if (to_space ? in->dims[1] % (b * b) != 0 : in->dims[2] % b != 0 || in->dims[3] % b != 0)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its block size does not divide its input");
  dims[0] = in->dims[0];
  dims[1] = to_space ? in->dims[1] / (b * b) : in->dims[1] * b * b;
  dims[2] = to_space ? in->dims[2] * b : in->dims[2] / b;
  dims[3] = to_space ? in->dims[3] * b : in->dims[3] / b;
  bs_out_dims (call, 0, in->dtype, dims, 4);
  return TRUE;
}

static gboolean
infer_depth_to_space (BsCall *call, GError **error)
{
  return infer_blocks (call, TRUE, error);
}

static gboolean
infer_space_to_depth (BsCall *call, GError **error)
{
  return infer_blocks (call, FALSE, error);
}

static gboolean
run_depth_to_space (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *out = call->out[0];
  gboolean crd = strcmp (bs_node_string (call->node, "mode", "DCR"), "CRD") == 0;
  gint64 b = bs_node_int (call->node, "blocksize", 1), c = out->dims[1], dense[4];

  if (!bs_require_bytes (call, error))
    return FALSE;
  bs_dense_strides (in->dims, 4, dense);
  /* output [n, c, h, bh, w, bw]; input channel is (bh, bw, c) or (c, bh, bw) */
  gint64 dims[6] = { in->dims[0], c, in->dims[2], b, in->dims[3], b };
  gint64 strides[6] = { dense[0], (crd ? b * b : 1) * dense[1],
                        dense[2], (crd ? b : b * c) * dense[1],
                        dense[3], (crd ? 1 : c) * dense[1] };
  bs_copy_strided (in->data, strides, dims, 6, out->data, bs_dtype_bits (in->dtype) / 8);
  return TRUE;
}

static gboolean
run_space_to_depth (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *out = call->out[0];
  gint64 b = bs_node_int (call->node, "blocksize", 1), dense[4];

  if (!bs_require_bytes (call, error))
    return FALSE;
  bs_dense_strides (in->dims, 4, dense);
  gint64 dims[6] = { in->dims[0], b, b, in->dims[1], out->dims[2], out->dims[3] };
  gint64 strides[6] = { dense[0], dense[2], dense[3], dense[1], b * dense[2], b * dense[3] };
  bs_copy_strided (in->data, strides, dims, 6, out->data, bs_dtype_bits (in->dtype) / 8);
  return TRUE;
}

const BsOp bs_op_depth_to_space = {
  .type = "DepthToSpace",
  .domain = "",
  .min_in = 1,
  .max_in = 1,
  .flags = BS_OP_MOVES,
  .weight_input = -1,
  .infer = infer_depth_to_space,
  .run = run_depth_to_space,
};

const BsOp bs_op_space_to_depth = {
  .type = "SpaceToDepth",
  .domain = "",
  .min_in = 1,
  .max_in = 1,
  .flags = BS_OP_MOVES,
  .weight_input = -1,
  .infer = infer_space_to_depth,
  .run = run_space_to_depth,
};
