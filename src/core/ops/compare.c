/* Comparisons, logic on booleans, and choosing by a condition.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/broadcast.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

#define LOOP(name, T, EXPR)                                                                        \
  static void name (const void *const *in, const gint64 *stride, void *out, gsize n,               \
                    gpointer user)                                                                 \
  {                                                                                                \
    const T *a = in[0], *b = in[1];                                                                \
    guint8 *r = out;                                                                               \
    gsize da = (gsize) stride[0], db = (gsize) stride[1];                                          \
    for (gsize i = 0; i < n; i++) {                                                                \
      const T x = a[i * da], y = b[i * db];                                                        \
      r[i] = (EXPR);                                                                               \
    }                                                                                              \
  }

#define ALL_TYPES(op, EXPR)                                                                        \
  LOOP (op##_f32, float, EXPR)                                                                     \
  LOOP (op##_f64, double, EXPR)                                                                    \
  LOOP (op##_i8, gint8, EXPR)                                                                      \
  LOOP (op##_i16, gint16, EXPR)                                                                    \
  LOOP (op##_i32, gint32, EXPR)                                                                    \
  LOOP (op##_i64, gint64, EXPR)                                                                    \
  LOOP (op##_u8, guint8, EXPR)                                                                     \
  LOOP (op##_u16, guint16, EXPR)                                                                   \
  LOOP (op##_u32, guint32, EXPR)                                                                   \
  LOOP (op##_u64, guint64, EXPR)                                                                   \
  static const BsInnerFunc op##_loops[BS_DTYPE_U64 + 1] = {                                        \
    [BS_DTYPE_F32] = op##_f32, [BS_DTYPE_F64] = op##_f64, [BS_DTYPE_I8] = op##_i8,                 \
    [BS_DTYPE_I16] = op##_i16, [BS_DTYPE_I32] = op##_i32, [BS_DTYPE_I64] = op##_i64,               \
    [BS_DTYPE_U8] = op##_u8,   [BS_DTYPE_U16] = op##_u16, [BS_DTYPE_U32] = op##_u32,               \
    [BS_DTYPE_U64] = op##_u64, [BS_DTYPE_BOOL] = op##_u8,                                          \
  };

ALL_TYPES (equal, x == y)
ALL_TYPES (less, x < y)
ALL_TYPES (less_or_equal, x <= y)
ALL_TYPES (greater, x > y)
ALL_TYPES (greater_or_equal, x >= y)

#define LOGIC(op, EXPR)                                                                            \
  LOOP (op##_bool, guint8, EXPR)                                                                   \
  static const BsInnerFunc op##_loops[BS_DTYPE_U64 + 1] = { [BS_DTYPE_BOOL] = op##_bool };

LOGIC (and, x != 0 && y != 0)
LOGIC (or, x != 0 || y != 0)
LOGIC (xor, (x != 0) != (y != 0))

static gboolean
infer_pair (BsCall *call, GError **error)
{
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;

  if (!bs_broadcast_dims (call, call->in, 2, dims, &n_dims, error))
    return FALSE;
  bs_out_dims (call, 0, BS_DTYPE_BOOL, dims, n_dims);
  return TRUE;
}

static gboolean
run_pair (BsCall *call, const BsInnerFunc *loops, GError **error)
{
  BsDtype dtype = call->in[0]->dtype;

  if ((guint) dtype > BS_DTYPE_U64 || loops[dtype] == NULL)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (dtype));
  if (!bs_require (call, 1, dtype, error))
    return FALSE;
  bs_broadcast_run (call->in, 2, call->out[0], loops[dtype], NULL);
  return TRUE;
}

#define ROW(row, name, inputs, flag, infer_func, run_func)                                         \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = inputs,                                                     \
                             .max_in = inputs,                                                     \
                             .flags = flag,                                                        \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

#define PAIR(row, name)                                                                            \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    return run_pair (call, row##_loops, error);                                                    \
  }                                                                                                \
  ROW (row, name, 2, 0, infer_pair, run_##row)

PAIR (equal, "Equal")
PAIR (less, "Less")
PAIR (less_or_equal, "LessOrEqual")
PAIR (greater, "Greater")
PAIR (greater_or_equal, "GreaterOrEqual")
PAIR (and, "And")
PAIR (or, "Or")
PAIR (xor, "Xor")

static gboolean
run_not (BsCall *call, GError **error)
{
  const guint8 *x = call->in[0]->data;
  guint8 *r = call->out[0]->data;
  gsize count = bs_value_count (call->in[0]);

  if (!bs_require (call, 0, BS_DTYPE_BOOL, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    r[i] = x[i] == 0;
  return TRUE;
}
ROW (not, "Not", 1, BS_OP_IN_PLACE, bs_infer_like, run_not)

static gboolean
infer_test (BsCall *call, GError **error)
{
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = BS_DTYPE_BOOL;
  return bs_require (call, 0, BS_DTYPE_F32, error);
}

static gboolean
run_is_nan (BsCall *call, GError **error)
{
  const float *x = call->in[0]->data;
  gsize count = bs_value_count (call->in[0]);

  for (gsize i = 0; i < count; i++)
    ((guint8 *) call->out[0]->data)[i] = x[i] != x[i];
  return TRUE;
}
ROW (is_nan, "IsNaN", 1, 0, infer_test, run_is_nan)

static gboolean
run_is_inf (BsCall *call, GError **error)
{
  const float *x = call->in[0]->data;
  gsize count = bs_value_count (call->in[0]);
  gboolean negative = bs_node_int (call->node, "detect_negative", 1) != 0;
  gboolean positive = bs_node_int (call->node, "detect_positive", 1) != 0;

  for (gsize i = 0; i < count; i++)
    ((guint8 *) call->out[0]->data)[i] =
      (positive && x[i] == INFINITY) || (negative && x[i] == -INFINITY);
  return TRUE;
}
ROW (is_inf, "IsInf", 1, 0, infer_test, run_is_inf)

static gboolean
infer_where (BsCall *call, GError **error)
{
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;

  if (!bs_require (call, 0, BS_DTYPE_BOOL, error) ||
      !bs_require (call, 2, call->in[1]->dtype, error) ||
      !bs_broadcast_dims (call, call->in, 3, dims, &n_dims, error))
    return FALSE;
  bs_out_dims (call, 0, call->in[1]->dtype, dims, n_dims);
  return TRUE;
}

#define WHERE(T)                                                                                   \
  static void where_##T (const void *const *in, const gint64 *stride, void *out, gsize n,          \
                         gpointer user)                                                            \
  {                                                                                                \
    const guint8 *c = in[0];                                                                       \
    const T *a = in[1], *b = in[2];                                                                \
    T *r = out;                                                                                    \
    gsize dc = (gsize) stride[0], da = (gsize) stride[1], db = (gsize) stride[2];                  \
    for (gsize i = 0; i < n; i++)                                                                  \
      r[i] = c[i * dc] != 0 ? a[i * da] : b[i * db];                                               \
  }

WHERE (guint8)
WHERE (guint16)
WHERE (guint32)
WHERE (guint64)

static gboolean
run_where (BsCall *call, GError **error)
{
  BsInnerFunc inner;

  switch (bs_dtype_bits (call->out[0]->dtype)) {
  case 8:
    inner = where_guint8;
    break;
  case 16:
    inner = where_guint16;
    break;
  case 32:
    inner = where_guint32;
    break;
  case 64:
    inner = where_guint64;
    break;
  default:
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "this program does not move %s",
                          bs_dtype_name (call->out[0]->dtype));
  }
  bs_broadcast_run (call->in, 3, call->out[0], inner, NULL);
  return TRUE;
}
ROW (where, "Where", 3, 0, infer_where, run_where)
