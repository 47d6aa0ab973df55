/* Operators that give the same elements another shape, and those that read shapes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <string.h>

static gboolean
run_view (BsCall *call, GError **error)
{
  gsize bytes = 0;

  if (!bs_dims_bytes (call->in[0]->dims, call->in[0]->n_dims, call->in[0]->dtype, &bytes))
    return bs_no_memory (call, error);
  if (bytes > 0 && call->out[0]->data != call->in[0]->data)
    memcpy (call->out[0]->data, call->in[0]->data, bytes);
  return TRUE;
}

static gboolean
infer_reshape (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean allow_zero = bs_node_int (call->node, "allowzero", 0) != 0;
  gint64 dims[BS_MAX_DIMS];
  gsize total = bs_value_count (in), product = 1, check;
  gint free_dim = -1;
  guint n;

  switch (bs_ints (call, call->n_in > 1 ? 1 : BS_NO_INPUT, "shape", dims, BS_MAX_DIMS, &n, error)) {
  case BS_INTS_ERROR:
    return FALSE;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, in->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  case BS_INTS_ABSENT:
    return bs_call_error (call, error, BS_ERROR_FORMAT, "it does not say which shape to take");
  case BS_INTS_KNOWN:
    break;
  }
  for (guint i = 0; i < n; i++) {
    if (dims[i] == 0 && !allow_zero) {
      if (i >= in->n_dims)
        return bs_call_error (call, error, BS_ERROR_SHAPE,
                              "its shape copies a dimension that is not there");
      dims[i] = in->dims[i];
    }
    if (dims[i] < -1 || (dims[i] == -1 && free_dim >= 0))
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its shape has an impossible entry");
    if (dims[i] == -1)
      free_dim = (gint) i;
    else if (!g_size_checked_mul (&product, product, (gsize) dims[i]))
      return bs_call_error (call, error, BS_ERROR_TOO_LARGE, "its shape is too large");
  }
  if (free_dim >= 0) {
    if (product == 0 || total % product != 0)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "%" G_GSIZE_FORMAT " elements cannot be shaped that way", total);
    dims[free_dim] = (gint64) (total / product);
  }
  if (!bs_dims_count (dims, n, &check) || check != total) {
    g_autofree char *wanted = bs_dims_to_string (dims, n);
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "%" G_GSIZE_FORMAT " elements cannot become %s", total, wanted);
  }
  bs_out_dims (call, 0, in->dtype, dims, n);
  return TRUE;
}

static gboolean
infer_flatten (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 axis = bs_node_int (call->node, "axis", 1), dims[2];

  if (axis < -(gint64) in->n_dims || axis > (gint64) in->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "axis %" G_GINT64_FORMAT " does not exist",
                          axis);
  if (axis < 0)
    axis += in->n_dims;
  dims[0] = (gint64) bs_product (in->dims, 0, (guint) axis);
  dims[1] = (gint64) bs_product (in->dims, (guint) axis, in->n_dims);
  bs_out_dims (call, 0, in->dtype, dims, 2);
  return TRUE;
}

static gboolean
infer_squeeze (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 axes[BS_MAX_DIMS], dims[BS_MAX_DIMS];
  gboolean drop[BS_MAX_DIMS] = { FALSE };
  guint n, n_dims = 0, axis;
  BsInts state = bs_ints (call, 1, "axes", axes, BS_MAX_DIMS, &n, error);

  if (state == BS_INTS_ERROR)
    return FALSE;
  if (state == BS_INTS_UNKNOWN) {
    bs_out_dims (call, 0, in->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  }
  for (guint i = 0; i < in->n_dims; i++)
    drop[i] = state == BS_INTS_ABSENT && in->dims[i] == 1;
  for (guint i = 0; i < n; i++) {
    if (!bs_axis (call, axes[i], in->n_dims, &axis, error))
      return FALSE;
    if (in->dims[axis] != 1)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "dimension %u is not 1 and cannot be dropped", axis);
    drop[axis] = TRUE;
  }
  for (guint i = 0; i < in->n_dims; i++)
    if (!drop[i])
      dims[n_dims++] = in->dims[i];
  bs_out_dims (call, 0, in->dtype, dims, n_dims);
  return TRUE;
}

static gboolean
infer_unsqueeze (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 axes[BS_MAX_DIMS], dims[BS_MAX_DIMS];
  gboolean is_new[BS_MAX_DIMS] = { FALSE };
  guint n, axis, from = 0;
  BsInts state = bs_ints (call, 1, "axes", axes, BS_MAX_DIMS, &n, error);

  if (state == BS_INTS_ERROR)
    return FALSE;
  if (state == BS_INTS_UNKNOWN) {
    bs_out_dims (call, 0, in->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  }
  if (in->n_dims + n > BS_MAX_DIMS)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "its result has more than 8 dimensions");
  for (guint i = 0; i < n; i++) {
    if (!bs_axis (call, axes[i], in->n_dims + n, &axis, error))
      return FALSE;
    if (is_new[axis])
      return bs_call_error (call, error, BS_ERROR_SHAPE, "axis %u is named twice", axis);
    is_new[axis] = TRUE;
  }
  for (guint i = 0; i < in->n_dims + n; i++)
    dims[i] = is_new[i] ? 1 : in->dims[from++];
  bs_out_dims (call, 0, in->dtype, dims, in->n_dims + n);
  return TRUE;
}

/* Dropout at inference is the identity; its mask is all true. A network that trains while it runs
 * is refused. */
static gboolean
infer_dropout (BsCall *call, GError **error)
{
  gint64 training = 0;

  bs_value_int (bs_in (call, 2), 0, &training);
  if (training != 0 &&
      (bs_in (call, 1) == NULL || bs_in (call, 1)->data == NULL ||
       bs_in (call, 1)->dtype != BS_DTYPE_F32 || *(const float *) bs_in (call, 1)->data != 0))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "it drops values at random: a training graph");
  bs_out_like (call, 0, call->in[0]);
  if (call->n_out > 1) {
    bs_out_like (call, 1, call->in[0]);
    call->out[1]->dtype = BS_DTYPE_BOOL;
  }
  return TRUE;
}

static gboolean
run_dropout (BsCall *call, GError **error)
{
  if (call->n_out > 1)
    memset (call->out[1]->data, call->model->opset > 0 && call->model->opset < 10 ? 0 : 1,
            bs_value_count (call->out[1]));
  return run_view (call, error);
}

static void
shape_range (const BsCall *call, gint64 *start, gint64 *end)
{
  gint64 n = call->in[0]->n_dims;

  *start = bs_node_int (call->node, "start", 0);
  *end = bs_node_int (call->node, "end", n);
  *start = CLAMP (*start < 0 ? *start + n : *start, 0, n);
  *end = CLAMP (*end < 0 ? *end + n : *end, *start, n);
}

static gboolean
infer_shape (BsCall *call, GError **error)
{
  gint64 start, end, dims[1];

  shape_range (call, &start, &end);
  dims[0] = end - start;
  bs_out_dims (call, 0, BS_DTYPE_I64, dims, 1);
  return TRUE;
}

static gboolean
run_shape (BsCall *call, GError **error)
{
  gint64 start, end;

  shape_range (call, &start, &end);
  for (gint64 i = start; i < end; i++)
    ((gint64 *) call->out[0]->data)[i - start] = call->in[0]->dims[i];
  return TRUE;
}

static gboolean
infer_size (BsCall *call, GError **error)
{
  bs_out_dims (call, 0, BS_DTYPE_I64, NULL, 0);
  return TRUE;
}

static gboolean
run_size (BsCall *call, GError **error)
{
  *(gint64 *) call->out[0]->data = (gint64) bs_value_count (call->in[0]);
  return TRUE;
}

#define ROW(row, name, low, high, flag, infer_func, run_func)                                      \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .flags = flag,                                                        \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (reshape, "Reshape", 1, 2, BS_OP_VIEW | BS_OP_MOVES, infer_reshape, run_view)
ROW (flatten, "Flatten", 1, 1, BS_OP_VIEW | BS_OP_MOVES, infer_flatten, run_view)
ROW (squeeze, "Squeeze", 1, 2, BS_OP_VIEW | BS_OP_MOVES, infer_squeeze, run_view)
ROW (unsqueeze, "Unsqueeze", 1, 2, BS_OP_VIEW | BS_OP_MOVES, infer_unsqueeze, run_view)
ROW (identity, "Identity", 1, 1, BS_OP_VIEW | BS_OP_MOVES, bs_infer_like, run_view)
ROW (dropout, "Dropout", 1, 3, BS_OP_VIEW | BS_OP_MOVES, infer_dropout, run_dropout)
ROW (shape, "Shape", 1, 1, 0, infer_shape, run_shape)
ROW (size, "Size", 1, 1, 0, infer_size, run_size)
