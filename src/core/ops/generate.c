/* Operators that make tensors from shapes and numbers, and triangles of matrices.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

static gboolean
infer_constant_of_shape (BsCall *call, GError **error)
{
  const BsAttr *attr = bs_node_attr (call->node, "value");
  BsDtype dtype = attr != NULL && attr->kind == BS_ATTR_TENSOR
                    ? call->model->tensors[attr->tensor].dtype
                    : BS_DTYPE_F32;
  gint64 dims[BS_MAX_DIMS];
  gsize count;
  guint n;

  switch (bs_ints (call, 0, NULL, dims, BS_MAX_DIMS, &n, error)) {
  case BS_INTS_KNOWN:
    break;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    return FALSE;
  }
  if (!bs_dims_count (dims, n, &count))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its shape is impossible");
  bs_out_dims (call, 0, dtype, dims, n);
  return TRUE;
}

static gboolean
run_constant_of_shape (BsCall *call, GError **error)
{
  const BsAttr *attr = bs_node_attr (call->node, "value");
  gsize count = bs_value_count (call->out[0]), size = bs_dtype_bits (call->out[0]->dtype) / 8;
  const BsTensor *value;

  if (attr == NULL || attr->kind != BS_ATTR_TENSOR) {
    memset (call->out[0]->data, 0, count * size);
    return TRUE;
  }
  value = &call->model->tensors[attr->tensor];
  if (value->data == NULL || size == 0)
    return bs_call_error (call, error, BS_ERROR_FORMAT, "its value is not one number");
  for (gsize i = 0; i < count; i++)
    memcpy ((guint8 *) call->out[0]->data + i * size, value->data, size);
  return TRUE;
}

const BsOp bs_op_constant_of_shape = {
  .type = "ConstantOfShape",
  .domain = "",
  .min_in = 1,
  .max_in = 1,
  .weight_input = -1,
  .infer = infer_constant_of_shape,
  .run = run_constant_of_shape,
};

static double
number (const BsValue *value)
{
  gint64 integer = 0;

  if (value->dtype == BS_DTYPE_F32)
    return (double) *(const float *) value->data;
  if (value->dtype == BS_DTYPE_F64)
    return *(const double *) value->data;
  bs_value_int (value, 0, &integer);
  return (double) integer;
}

static gboolean
infer_range (BsCall *call, GError **error)
{
  gint64 n;

  for (guint i = 0; i < 3; i++) {
    if (bs_value_count (call->in[i]) != 1)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its limits must be single numbers");
    if (!bs_require (call, i, call->in[0]->dtype, error))
      return FALSE;
    if (call->in[i]->data == NULL) {
      bs_out_dims (call, 0, call->in[0]->dtype, NULL, BS_DIMS_UNKNOWN);
      return TRUE;
    }
  }
  double count = ceil ((number (call->in[1]) - number (call->in[0])) / number (call->in[2]));
  if (!isfinite (count) || count > 1e15)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its range is impossible");
  n = (gint64) MAX (count, 0);
  bs_out_dims (call, 0, call->in[0]->dtype, &n, 1);
  return TRUE;
}

static gboolean
run_range (BsCall *call, GError **error)
{
  BsValue *out = call->out[0];
  gsize count = bs_value_count (out);
  gint64 start = 0, step = 0;

  bs_value_int (call->in[0], 0, &start);
  bs_value_int (call->in[2], 0, &step);
  for (gsize i = 0; i < count; i++)
    switch (out->dtype) {
    case BS_DTYPE_F32:
      ((float *) out->data)[i] = (float) (number (call->in[0]) + (double) i * number (call->in[2]));
      break;
    case BS_DTYPE_F64:
      ((double *) out->data)[i] = number (call->in[0]) + (double) i * number (call->in[2]);
      break;
    case BS_DTYPE_I64:
      ((gint64 *) out->data)[i] = (gint64) ((guint64) start + i * (guint64) step);
      break;
    case BS_DTYPE_I32:
      ((gint32 *) out->data)[i] = (gint32) ((guint64) start + i * (guint64) step);
      break;
    default:
      return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                            "this program does not compute it on %s", bs_dtype_name (out->dtype));
    }
  return TRUE;
}

const BsOp bs_op_range = {
  .type = "Range",
  .domain = "",
  .min_in = 3,
  .max_in = 3,
  .weight_input = -1,
  .infer = infer_range,
  .run = run_range,
};

static gboolean
infer_eye_like (BsCall *call, GError **error)
{
  if (call->in[0]->n_dims != 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input is no matrix");
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = (BsDtype) bs_node_int (call->node, "dtype", (gint64) call->in[0]->dtype);
  return TRUE;
}

static gboolean
run_eye_like (BsCall *call, GError **error)
{
  BsValue *out = call->out[0];
  gint64 k = bs_node_int (call->node, "k", 0), rows = out->dims[0], columns = out->dims[1];
  gsize size = bs_dtype_bits (out->dtype) / 8;
  gint64 integer = 1;
  double f64 = 1;
  float f32 = 1;
  const void *one = out->dtype == BS_DTYPE_F32   ? (const void *) &f32
                    : out->dtype == BS_DTYPE_F64 ? (const void *) &f64
                                                 : (const void *) &integer; /* little-endian */

  if (size == 0 || out->dtype == BS_DTYPE_F16 || out->dtype == BS_DTYPE_BF16)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (out->dtype));
  memset (out->data, 0, bs_value_count (out) * size);
  for (gint64 i = MAX (0, k < -rows ? rows : -k); i < rows; i++)
    if (k < columns && i + k < columns)
      memcpy ((guint8 *) out->data + (gsize) (i * columns + i + k) * size, one, size);
  return TRUE;
}

const BsOp bs_op_eye_like = {
  .type = "EyeLike",
  .domain = "",
  .min_in = 1,
  .max_in = 1,
  .weight_input = -1,
  .infer = infer_eye_like,
  .run = run_eye_like,
};

static gboolean
infer_trilu (BsCall *call, GError **error)
{
  if (call->in[0]->n_dims < 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input is no matrix");
  return bs_infer_like (call, error);
}

static gboolean
run_trilu (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean upper = bs_node_int (call->node, "upper", 1) != 0;
  gint64 k = 0, rows = in->dims[in->n_dims - 2], columns = in->dims[in->n_dims - 1];
  gsize size = bs_dtype_bits (in->dtype) / 8, matrices = bs_product (in->dims, 0, in->n_dims - 2);

  if (!bs_require_bytes (call, error))
    return FALSE;
  bs_value_int (bs_in (call, 1), 0, &k);
  k = CLAMP (k, -rows, columns);
  for (gsize m = 0; m < matrices; m++)
    for (gint64 i = 0; i < rows; i++) {
      gsize at = (m * (gsize) rows + (gsize) i) * (gsize) columns * size;
      gint64 split = CLAMP (i + k + (upper ? 0 : 1), 0,
                            columns); /* columns before it belong to the lower part */
      gsize before = (gsize) split * size, after = (gsize) (columns - split) * size;
      const guint8 *from = (const guint8 *) in->data + at;
      guint8 *to = (guint8 *) call->out[0]->data + at;
      if (upper) {
        memset (to, 0, before);
        memmove (to + before, from + before, after);
      } else {
        memmove (to, from, before);
        memset (to + before, 0, after);
      }
    }
  return TRUE;
}

const BsOp bs_op_trilu = {
  .type = "Trilu",
  .domain = "",
  .min_in = 1,
  .max_in = 2,
  .flags = BS_OP_IN_PLACE,
  .weight_input = -1,
  .infer = infer_trilu,
  .run = run_trilu,
};

/* OneHot: off and on values along a new axis. */
static gboolean
infer_one_hot (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 dims[BS_MAX_DIMS + 1], depth;
  guint axis, n = 0;

  if (call->in[1]->data == NULL) {
    bs_out_dims (call, 0, call->in[2]->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  }
  if (in->n_dims == BS_MAX_DIMS)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "its result has more than 8 dimensions");
  if (!bs_axis (call, bs_node_int (call->node, "axis", -1), in->n_dims + 1, &axis, error))
    return FALSE;
  double given = bs_value_count (call->in[1]) == 1 ? number (call->in[1]) : -1;
  depth = given >= 0 && given < 0x1p40 ? (gint64) given : -1;
  if (depth < 0 || bs_value_count (call->in[2]) != 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its depth or its values are impossible");
  for (guint i = 0; i <= in->n_dims; i++)
    dims[i] = i == axis ? depth : in->dims[n++];
  bs_out_dims (call, 0, call->in[2]->dtype, dims, in->n_dims + 1);
  return TRUE;
}

static gboolean
run_one_hot (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *values = call->in[2];
  BsValue *out = call->out[0];
  gsize size = bs_dtype_bits (values->dtype) / 8, outer, inner;
  gint64 depth;
  guint axis;

  if (size == 0 || !bs_axis (call, bs_node_int (call->node, "axis", -1), out->n_dims, &axis, error))
    return bs_no_memory (call, error);
  outer = bs_product (out->dims, 0, axis);
  inner = bs_product (out->dims, axis + 1, out->n_dims);
  depth = out->dims[axis];
  for (gsize o = 0; o < outer; o++)
    for (gsize i = 0; i < inner; i++) {
      BsValue one = { .dtype = in->dtype, .n_dims = 0 };
      one.data = (guint8 *) in->data + (o * inner + i) * (bs_dtype_bits (in->dtype) / 8);
      double given = number (&one);
      gint64 hot = fabs (given) < 0x1p40 ? (gint64) given : -1 - depth; /* outside: all off */
      hot = hot < 0 ? hot + depth : hot;
      for (gint64 d = 0; d < depth; d++)
        memcpy ((guint8 *) out->data + ((o * (gsize) depth + (gsize) d) * inner + i) * size,
                (const guint8 *) values->data + (d == hot ? size : 0), size);
    }
  return TRUE;
}

const BsOp bs_op_one_hot = {
  .type = "OneHot",
  .domain = "",
  .min_in = 3,
  .max_in = 3,
  .weight_input = -1,
  .infer = infer_one_hot,
  .run = run_one_hot,
};
