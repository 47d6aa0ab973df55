/* Reductions over axes: sums, means, extremes, norms; ArgMax and ArgMin.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

typedef enum { SUM, MEAN, MAXIMUM, MINIMUM, PRODUCT, L1, L2, SQUARES, LOG_SUM, LOG_SUM_EXP } Kind;

typedef struct {
  gboolean over[BS_MAX_DIMS];
  gboolean noop; /* no axes and noop_with_empty_axes */
} Axes;

static BsInts
resolve (const BsCall *call, Axes *axes, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 listed[BS_MAX_DIMS];
  guint n, axis;
  BsInts state = bs_ints (call, 1, "axes", listed, BS_MAX_DIMS, &n, error);

  *axes = (Axes){ .noop = FALSE };
  if (state == BS_INTS_ERROR || state == BS_INTS_UNKNOWN)
    return state;
  if (n == 0) {
    axes->noop = bs_node_int (call->node, "noop_with_empty_axes", 0) != 0;
    for (guint i = 0; i < in->n_dims; i++)
      axes->over[i] = !axes->noop;
  }
  for (guint i = 0; i < n; i++) {
    if (!bs_axis (call, listed[i], in->n_dims, &axis, error))
      return BS_INTS_ERROR;
    axes->over[axis] = TRUE;
  }
  return BS_INTS_KNOWN;
}

static gboolean
infer_reduce (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean keep = bs_node_int (call->node, "keepdims", 1) != 0;
  gint64 dims[BS_MAX_DIMS];
  guint n = 0;
  Axes axes;
  BsInts state = resolve (call, &axes, error);

  if (state == BS_INTS_ERROR)
    return FALSE;
  for (guint i = 0; i < in->n_dims; i++)
    if (!axes.over[i])
      dims[n++] = in->dims[i];
    else if (keep)
      dims[n++] = 1;
  bs_out_dims (call, 0, in->dtype, dims, state == BS_INTS_UNKNOWN ? BS_DIMS_UNKNOWN : n);
  return TRUE;
}

static double
start_of (Kind kind)
{
  return kind == MAXIMUM ? -INFINITY : kind == MINIMUM ? INFINITY : kind == PRODUCT ? 1 : 0;
}

static double
step (Kind kind, double sum, double x, double highest)
{
  switch (kind) {
  case MAXIMUM:
    return x > sum || x != x ? x : sum;
  case MINIMUM:
    return x < sum || x != x ? x : sum;
  case PRODUCT:
    return sum * x;
  case L1:
    return sum + fabs (x);
  case L2:
  case SQUARES:
    return sum + x * x;
  case LOG_SUM_EXP:
    return sum + exp (x - highest);
  default:
    return sum + x;
  }
}

static double
finish (Kind kind, double sum, double n, double highest)
{
  switch (kind) {
  case MEAN:
    return sum / n;
  case L2:
    return sqrt (sum);
  case LOG_SUM:
    return log (sum);
  case LOG_SUM_EXP:
    return log (sum) + highest;
  default:
    return sum;
  }
}

/* The input as [kept × reduced]: kept and reduced positions each by their own strides. */
typedef struct {
  gint64 kept_dims[BS_MAX_DIMS], kept_strides[BS_MAX_DIMS];
  gint64 dims[BS_MAX_DIMS], strides[BS_MAX_DIMS];
  guint n_kept, n;
} Loops;

static void
make_loops (const BsValue *in, const Axes *axes, Loops *loops)
{
  gint64 dense[BS_MAX_DIMS];

  *loops = (Loops){ .n = 0 };
  bs_dense_strides (in->dims, in->n_dims, dense);
  for (guint i = 0; i < in->n_dims; i++) {
    guint *n = axes->over[i] ? &loops->n : &loops->n_kept;
    gint64 *dims = axes->over[i] ? loops->dims : loops->kept_dims;
    gint64 *strides = axes->over[i] ? loops->strides : loops->kept_strides;
    if (*n > 0 && strides[*n - 1] == dense[i] * in->dims[i]) { /* joins the dimension before */
      dims[*n - 1] *= in->dims[i];
      strides[*n - 1] = dense[i];
      continue;
    }
    dims[*n] = in->dims[i];
    strides[(*n)++] = dense[i];
  }
}

/* Calls for every offset of an odometer: advances index and offset; FALSE at the end. */
static gboolean
advance (const gint64 *dims, const gint64 *strides, guint n, gint64 *index, gint64 *offset)
{
  for (guint d = n; d-- > 0;) {
    *offset += strides[d];
    if (++index[d] < dims[d])
      return TRUE;
    *offset -= strides[d] * dims[d];
    index[d] = 0;
  }
  return FALSE;
}

static double
element (const BsValue *value, gint64 at)
{
  gint64 number = 0;

  if (value->dtype == BS_DTYPE_F32)
    return (double) ((const float *) value->data)[at];
  if (value->dtype == BS_DTYPE_F64)
    return ((const double *) value->data)[at];
  bs_value_int (value, (gsize) at, &number);
  return (double) number;
}

static double
reduce_one (Kind kind, const BsValue *in, const Loops *loops, gint64 base, gsize n)
{
  gint64 index[BS_MAX_DIMS] = { 0 }, offset = base;
  double sum = start_of (kind), highest = 0;

  if (n == 0)
    return finish (kind, sum, 0, 0);
  if (kind == LOG_SUM_EXP)
    highest = reduce_one (MAXIMUM, in, loops, base, n);
  if (!isfinite (highest))
    highest = 0;
  if (loops->n == 1 && in->dtype == BS_DTYPE_F32) {
    const float *x = (const float *) in->data + base;
    for (gsize i = 0; i < n; i++)
      sum = step (kind, sum, (double) x[(gint64) i * loops->strides[0]], highest);
    return finish (kind, sum, (double) n, highest);
  }
  do
    sum = step (kind, sum, element (in, offset), highest);
  while (advance (loops->dims, loops->strides, loops->n, index, &offset));
  return finish (kind, sum, (double) n, highest);
}

/* Integers add and multiply exactly, without a detour over double. */
static gint64
reduce_integers (Kind kind, const BsValue *in, const Loops *loops, gint64 base, gsize n)
{
  gint64 index[BS_MAX_DIMS] = { 0 }, offset = base, x = 0;
  guint64 sum = kind == PRODUCT ? 1 : 0;
  gboolean first = TRUE;

  if (n == 0)
    return (gint64) sum;
  do {
    bs_value_int (in, (gsize) offset, &x);
    if (kind == PRODUCT)
      sum *= (guint64) x;
    else if (kind == MAXIMUM || kind == MINIMUM)
      sum = (guint64) (first ? x : kind == MAXIMUM ? MAX (x, (gint64) sum) : MIN (x, (gint64) sum));
    else if (kind == L1)
      sum += x < 0 ? 0 - (guint64) x : (guint64) x;
    else
      sum += kind == SQUARES ? (guint64) x * (guint64) x : (guint64) x;
    first = FALSE;
  } while (advance (loops->dims, loops->strides, loops->n, index, &offset));
  return kind == MEAN ? (gint64) sum / (gint64) n : (gint64) sum;
}

static void
store_integer (BsValue *out, gsize at, gint64 value)
{
  switch (out->dtype) {
  case BS_DTYPE_I64:
    ((gint64 *) out->data)[at] = value;
    break;
  case BS_DTYPE_I32:
  case BS_DTYPE_U32:
    ((guint32 *) out->data)[at] = (guint32) value;
    break;
  case BS_DTYPE_I16:
  case BS_DTYPE_U16:
    ((guint16 *) out->data)[at] = (guint16) value;
    break;
  default:
    ((guint8 *) out->data)[at] = (guint8) value;
  }
}

static gboolean
run_reduce (BsCall *call, Kind kind, GError **error)
{
  const BsValue *in = call->in[0];
  BsValue *out = call->out[0];
  gboolean integer = bs_value_is_int (in) || in->dtype == BS_DTYPE_BOOL;
  gint64 index[BS_MAX_DIMS] = { 0 }, base = 0;
  Loops loops;
  Axes axes;
  gsize n, at = 0;

  if ((!integer && in->dtype != BS_DTYPE_F32 && in->dtype != BS_DTYPE_F64) ||
      (integer && (kind == LOG_SUM || kind == LOG_SUM_EXP || kind == L2)))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (in->dtype));
  if (resolve (call, &axes, error) != BS_INTS_KNOWN)
    return FALSE;
  if (axes.noop) {
    memcpy (out->data, in->data, bs_value_count (in) * (bs_dtype_bits (in->dtype) / 8));
    return TRUE;
  }
  if (bs_value_count (out) == 0)
    return TRUE;
  make_loops (in, &axes, &loops);
  n = bs_product (loops.dims, 0, loops.n);
  do {
    if (integer)
      store_integer (out, at, reduce_integers (kind, in, &loops, base, n));
    else if (in->dtype == BS_DTYPE_F32)
      ((float *) out->data)[at] = (float) reduce_one (kind, in, &loops, base, n);
    else
      ((double *) out->data)[at] = reduce_one (kind, in, &loops, base, n);
    at++;
  } while (advance (loops.kept_dims, loops.kept_strides, loops.n_kept, index, &base));
  return TRUE;
}

static gboolean
infer_arg (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean keep = bs_node_int (call->node, "keepdims", 1) != 0;
  gint64 dims[BS_MAX_DIMS];
  guint axis, n = 0;

  if (!bs_axis (call, bs_node_int (call->node, "axis", 0), in->n_dims, &axis, error))
    return FALSE;
  for (guint i = 0; i < in->n_dims; i++)
    if (i != axis)
      dims[n++] = in->dims[i];
    else if (keep)
      dims[n++] = 1;
  bs_out_dims (call, 0, BS_DTYPE_I64, dims, n);
  return TRUE;
}

static gboolean
run_arg (BsCall *call, gboolean maximum, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean last = bs_node_int (call->node, "select_last_index", 0) != 0;
  gint64 *out = call->out[0]->data;
  gsize outer, n, inner;
  guint axis;

  if (!bs_axis (call, bs_node_int (call->node, "axis", 0), in->n_dims, &axis, error))
    return FALSE;
  if (!bs_value_is_int (in) && in->dtype != BS_DTYPE_F32 && in->dtype != BS_DTYPE_F64)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (in->dtype));
  outer = bs_product (in->dims, 0, axis);
  n = (gsize) in->dims[axis];
  inner = bs_product (in->dims, axis + 1, in->n_dims);
  if (n == 0 && outer * inner > 0)
    return bs_call_error (call, error, BS_ERROR_NO_DATA, "there is nothing to choose from");
  for (gsize o = 0; o < outer; o++)
    for (gsize i = 0; i < inner; i++) {
      gint64 base = (gint64) (o * n * inner + i), best = 0;
      double value = element (in, base);
      for (gsize k = 1; k < n; k++) {
        double x = element (in, base + (gint64) (k * inner));
        if (maximum ? (last ? x >= value : x > value) : (last ? x <= value : x < value)) {
          value = x;
          best = (gint64) k;
        }
      }
      out[o * inner + i] = best;
    }
  return TRUE;
}

#define ROW(row, name, high, infer_func, call_expression)                                          \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    return call_expression;                                                                        \
  }                                                                                                \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = 1,                                                          \
                             .max_in = high,                                                       \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_##row };

ROW (reduce_sum, "ReduceSum", 2, infer_reduce, run_reduce (call, SUM, error))
ROW (reduce_mean, "ReduceMean", 2, infer_reduce, run_reduce (call, MEAN, error))
ROW (reduce_max, "ReduceMax", 2, infer_reduce, run_reduce (call, MAXIMUM, error))
ROW (reduce_min, "ReduceMin", 2, infer_reduce, run_reduce (call, MINIMUM, error))
ROW (reduce_prod, "ReduceProd", 2, infer_reduce, run_reduce (call, PRODUCT, error))
ROW (reduce_l1, "ReduceL1", 2, infer_reduce, run_reduce (call, L1, error))
ROW (reduce_l2, "ReduceL2", 2, infer_reduce, run_reduce (call, L2, error))
ROW (reduce_sum_square, "ReduceSumSquare", 2, infer_reduce, run_reduce (call, SQUARES, error))
ROW (reduce_log_sum, "ReduceLogSum", 2, infer_reduce, run_reduce (call, LOG_SUM, error))
ROW (reduce_log_sum_exp, "ReduceLogSumExp", 2, infer_reduce, run_reduce (call, LOG_SUM_EXP, error))
ROW (arg_max, "ArgMax", 1, infer_arg, run_arg (call, TRUE, error))
ROW (arg_min, "ArgMin", 1, infer_arg, run_arg (call, FALSE, error))
