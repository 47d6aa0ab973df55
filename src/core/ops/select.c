/* Operators whose result depends on the order of values: TopK, NonZero, CumSum.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <stdlib.h>
#include <string.h>

static double
element (const BsValue *value, gsize i)
{
  gint64 integer = 0;

  if (value->dtype == BS_DTYPE_F32)
    return (double) ((const float *) value->data)[i];
  if (value->dtype == BS_DTYPE_F64)
    return ((const double *) value->data)[i];
  bs_value_int (value, i, &integer);
  return (double) integer;
}

static gboolean
is_numeric (const BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];

  if (bs_value_is_int (in) || in->dtype == BS_DTYPE_F32 || in->dtype == BS_DTYPE_F64 ||
      in->dtype == BS_DTYPE_BOOL)
    return TRUE;
  return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "this program does not compute it on %s",
                        bs_dtype_name (in->dtype));
}

static BsInts
top_count (const BsCall *call, guint *axis, gint64 *k, GError **error)
{
  const BsValue *in = call->in[0];
  guint n;

  if (!bs_axis (call, bs_node_int (call->node, "axis", -1), in->n_dims, axis, error))
    return BS_INTS_ERROR;
  if (call->n_in > 1) {
    BsInts state = bs_ints (call, 1, NULL, k, 1, &n, error);
    if (state != BS_INTS_KNOWN)
      return state;
  } else
    *k = bs_node_int (call->node, "k", -1);
  if (*k < 0 || *k > in->dims[*axis]) {
    bs_call_error (call, error, BS_ERROR_SHAPE,
                   "it wants %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " values", *k,
                   in->dims[*axis]);
    return BS_INTS_ERROR;
  }
  return BS_INTS_KNOWN;
}

static gboolean
infer_top_k (BsCall *call, GError **error)
{
  guint axis;
  gint64 k = 0;
  BsInts state = top_count (call, &axis, &k, error);

  if (state == BS_INTS_ERROR)
    return FALSE;
  for (guint i = 0; i < MIN (call->n_out, 2); i++) {
    bs_out_like (call, i, call->in[0]);
    if (state == BS_INTS_UNKNOWN)
      call->out[i]->n_dims = BS_DIMS_UNKNOWN;
    else
      call->out[i]->dims[axis] = k;
    if (i == 1)
      call->out[i]->dtype = BS_DTYPE_I64;
  }
  return TRUE;
}

typedef struct {
  double value;
  gint64 index;
} Entry;

static int
smaller_first (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  return x->value != y->value ? (x->value > y->value) - (x->value < y->value)
                              : (x->index > y->index) - (x->index < y->index);
}

static int
larger_first (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  return x->value != y->value ? (x->value < y->value) - (x->value > y->value)
                              : (x->index > y->index) - (x->index < y->index);
}

static gboolean
run_top_k (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize size = bs_dtype_bits (in->dtype) / 8, outer, n, inner;
  gboolean largest = bs_node_int (call->node, "largest", 1) != 0;
  Entry *entries;
  guint axis;
  gint64 k;

  if (!is_numeric (call, error) || top_count (call, &axis, &k, error) != BS_INTS_KNOWN)
    return FALSE;
  outer = bs_product (in->dims, 0, axis);
  n = (gsize) in->dims[axis];
  inner = bs_product (in->dims, axis + 1, in->n_dims);
  entries = call->scratch (call, n * sizeof *entries);
  if (entries == NULL)
    return bs_no_memory (call, error);
  for (gsize o = 0; o < outer; o++)
    for (gsize i = 0; i < inner; i++) {
      for (gsize j = 0; j < n; j++)
        entries[j] = (Entry){ element (in, (o * n + j) * inner + i), (gint64) j };
      qsort (entries, n, sizeof *entries, largest ? larger_first : smaller_first);
      for (gsize j = 0; j < (gsize) k; j++) {
        gsize at = (o * (gsize) k + j) * inner + i;
        memcpy ((guint8 *) call->out[0]->data + at * size,
                (const guint8 *) in->data + ((o * n + (gsize) entries[j].index) * inner + i) * size,
                size);
        if (call->n_out > 1)
          ((gint64 *) call->out[1]->data)[at] = entries[j].index;
      }
    }
  return TRUE;
}

static gboolean
infer_non_zero (BsCall *call, GError **error)
{
  bs_out_dims (call, 0, BS_DTYPE_I64, NULL, BS_DIMS_UNKNOWN);
  return TRUE;
}

static gboolean
run_non_zero (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize count = bs_value_count (in), n = 0, at = 0;
  gint64 dims[2];

  if (!is_numeric (call, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    n += element (in, i) != 0;
  dims[0] = (gint64) MAX (in->n_dims, 1);
  dims[1] = (gint64) n;
  bs_out_dims (call, 0, BS_DTYPE_I64, dims, 2);
  if (!call->alloc (call, 0))
    return bs_no_memory (call, error);
  for (gsize i = 0; i < count; i++) {
    gsize rest = i;
    if (element (in, i) == 0)
      continue;
    for (guint d = in->n_dims; d-- > 0;) {
      ((gint64 *) call->out[0]->data)[d * n + at] = (gint64) (rest % (gsize) in->dims[d]);
      rest /= (gsize) in->dims[d];
    }
    if (in->n_dims == 0)
      ((gint64 *) call->out[0]->data)[at] = 0;
    at++;
  }
  return TRUE;
}

#define SUM(T, WIDE)                                                                               \
  do {                                                                                             \
    const T *x = call->in[0]->data;                                                                \
    T *r = call->out[0]->data;                                                                     \
    for (gsize o = 0; o < outer; o++)                                                              \
      for (gsize i = 0; i < inner; i++) {                                                          \
        WIDE sum = 0;                                                                              \
        for (gsize j = 0; j < n; j++) {                                                            \
          gsize at = (o * n + (reverse ? n - 1 - j : j)) * inner + i;                              \
          T here = x[at];                                                                          \
          if (!exclusive)                                                                          \
            sum += (WIDE) here;                                                                    \
          r[at] = (T) sum;                                                                         \
          if (exclusive)                                                                           \
            sum += (WIDE) here;                                                                    \
        }                                                                                          \
      }                                                                                            \
    return TRUE;                                                                                   \
  } while (0)

static gboolean
run_cum_sum (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean exclusive = bs_node_int (call->node, "exclusive", 0) != 0;
  gboolean reverse = bs_node_int (call->node, "reverse", 0) != 0;
  gsize outer, n, inner;
  gint64 given = 0;
  guint axis;

  if (bs_value_count (call->in[1]) != 1 || !bs_value_int (call->in[1], 0, &given))
    return bs_call_error (call, error, BS_ERROR_FORMAT, "its axis is not one integer");
  if (!bs_axis (call, given, in->n_dims, &axis, error))
    return FALSE;
  outer = bs_product (in->dims, 0, axis);
  n = (gsize) in->dims[axis];
  inner = bs_product (in->dims, axis + 1, in->n_dims);
  switch (in->dtype) {
  case BS_DTYPE_F32:
    SUM (float, double);
  case BS_DTYPE_F64:
    SUM (double, double);
  case BS_DTYPE_I32:
    SUM (gint32, guint64);
  case BS_DTYPE_I64:
    SUM (gint64, guint64);
  default:
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (in->dtype));
  }
}

#define ROW(row, name, low, high, infer_func, run_func)                                            \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (top_k, "TopK", 1, 2, infer_top_k, run_top_k)
ROW (non_zero, "NonZero", 1, 1, infer_non_zero, run_non_zero)
ROW (cum_sum, "CumSum", 2, 2, bs_infer_like, run_cum_sum)
