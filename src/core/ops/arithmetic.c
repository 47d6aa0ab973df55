/* Operators on two or more tensors, element by element: + − × ÷, power, remainder, minimum,
 * maximum, sum, mean, PRelu. SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/broadcast.h"
#include "ops/cast.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

static gint64
divide_int (gint64 a, gint64 b)
{
  return b == 0 ? 0 : b == -1 ? (gint64) (0 - (guint64) a) : a / b;
}

static gint64
modulo_int (gint64 a, gint64 b) /* the sign of the divisor, as in Python */
{
  gint64 rest = b == 0 || b == -1 ? 0 : a % b;

  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static gint64
remainder_int (gint64 a, gint64 b) /* the sign of the dividend, as in C */
{
  return b == 0 || b == -1 ? 0 : a % b;
}

static guint64
power_int (gint64 base, gint64 exponent)
{
  guint64 result = 1, factor = (guint64) base;

  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 != 0 ? G_MAXUINT64 : 1) : 0;
  for (; exponent > 0; exponent >>= 1, factor *= factor)
    if ((exponent & 1) != 0)
      result *= factor;
  return result;
}

/* Each loop runs in place when out is in[0]: element i depends on element i only. */
#define LOOP(name, T, EXPR)                                                                        \
  static void name (const void *const *in, const gint64 *stride, void *out, gsize n,               \
                    gpointer user)                                                                 \
  {                                                                                                \
    const T *a = in[0], *b = in[1];                                                                \
    T *r = out;                                                                                    \
    if (stride[0] != 0 && stride[1] != 0) {                                                        \
      _Pragma ("GCC ivdep") for (gsize i = 0; i < n; i++)                                          \
      {                                                                                            \
        const T x = a[i], y = b[i];                                                                \
        r[i] = (T) (EXPR);                                                                         \
      }                                                                                            \
    } else if (stride[0] != 0) {                                                                   \
      const T y = b[0];                                                                            \
      _Pragma ("GCC ivdep") for (gsize i = 0; i < n; i++)                                          \
      {                                                                                            \
        const T x = a[i];                                                                          \
        r[i] = (T) (EXPR);                                                                         \
      }                                                                                            \
    } else {                                                                                       \
      const T x = a[0];                                                                            \
      _Pragma ("GCC ivdep") for (gsize i = 0; i < n; i++)                                          \
      {                                                                                            \
        const T y = b[stride[1] != 0 ? i : 0];                                                     \
        r[i] = (T) (EXPR);                                                                         \
      }                                                                                            \
    }                                                                                              \
  }

#define ALL_TYPES(op, FLOAT, DOUBLE, SIGNED, UNSIGNED)                                             \
  LOOP (op##_f32, float, FLOAT)                                                                    \
  LOOP (op##_f64, double, DOUBLE)                                                                  \
  LOOP (op##_i8, gint8, SIGNED)                                                                    \
  LOOP (op##_i16, gint16, SIGNED)                                                                  \
  LOOP (op##_i32, gint32, SIGNED)                                                                  \
  LOOP (op##_i64, gint64, SIGNED)                                                                  \
  LOOP (op##_u8, guint8, UNSIGNED)                                                                 \
  LOOP (op##_u16, guint16, UNSIGNED)                                                               \
  LOOP (op##_u32, guint32, UNSIGNED)                                                               \
  LOOP (op##_u64, guint64, UNSIGNED)                                                               \
  static const BsInnerFunc op##_loops[] = {                                                        \
    [BS_DTYPE_F32] = op##_f32, [BS_DTYPE_F64] = op##_f64, [BS_DTYPE_I8] = op##_i8,                 \
    [BS_DTYPE_I16] = op##_i16, [BS_DTYPE_I32] = op##_i32, [BS_DTYPE_I64] = op##_i64,               \
    [BS_DTYPE_U8] = op##_u8,   [BS_DTYPE_U16] = op##_u16, [BS_DTYPE_U32] = op##_u32,               \
    [BS_DTYPE_U64] = op##_u64,                                                                     \
  };

#define WRAP(op) (guint64) x op (guint64) y /* overflow wraps, as in NumPy */

ALL_TYPES (add, x + y, x + y, WRAP (+), WRAP (+))
ALL_TYPES (subtract, x - y, x - y, WRAP (-), WRAP (-))
ALL_TYPES (multiply, x *y, x *y, WRAP (*), WRAP (*))
ALL_TYPES (divide, x / y, x / y, divide_int (x, y), y == 0 ? 0 : x / y)
ALL_TYPES (power, powf (x, y), pow (x, y), power_int (x, y), power_int ((gint64) x, (gint64) y))
ALL_TYPES (modulo, fmodf (x, y), fmod (x, y), modulo_int (x, y), y == 0 ? 0 : x % y)
ALL_TYPES (remainder, fmodf (x, y), fmod (x, y), remainder_int (x, y), y == 0 ? 0 : x % y)
ALL_TYPES (minimum, x < y || x != x ? x : y, x < y || x != x ? x : y, MIN (x, y), MIN (x, y))
ALL_TYPES (maximum, x > y || x != x ? x : y, x > y || x != x ? x : y, MAX (x, y), MAX (x, y))
ALL_TYPES (prelu,
           x < 0 ? x * y : x,
           x < 0 ? x * y : x,
           x < 0 ? WRAP (*) : (guint64) x,
           ((void) y, x))

#define LAST_TYPE BS_DTYPE_U64

static BsInnerFunc
loop_for (const BsInnerFunc *loops, BsDtype dtype)
{
  return (guint) dtype <= LAST_TYPE ? loops[dtype] : NULL;
}

static gboolean
infer_all (BsCall *call, GError **error)
{
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;

  for (guint i = 0; i < call->n_in; i++)
    if (call->in[i] == NULL)
      return bs_call_error (call, error, BS_ERROR_FORMAT, "its input %u is missing", i + 1);
  if (!bs_broadcast_dims (call, call->in, call->n_in, dims, &n_dims, error))
    return FALSE;
  bs_out_dims (call, 0, call->in[0]->dtype, dims, n_dims);
  return TRUE;
}

static gboolean
run_pair (BsCall *call, const BsInnerFunc *loops, GError **error)
{
  BsInnerFunc inner = loop_for (loops, call->in[0]->dtype);

  if (inner == NULL)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s",
                          bs_dtype_name (call->in[0]->dtype));
  if (!bs_require (call, 1, call->in[0]->dtype, error))
    return FALSE;
  bs_broadcast_run (call->in, 2, call->out[0], inner, NULL);
  return TRUE;
}

#define PAIR(op)                                                                                   \
  static gboolean run_##op (BsCall *call, GError **error)                                          \
  {                                                                                                \
    return run_pair (call, op##_loops, error);                                                     \
  }

PAIR (add)
PAIR (subtract)
PAIR (multiply)
PAIR (divide)

static gboolean
run_modulo (BsCall *call, GError **error)
{
  gboolean c_like = bs_node_int (call->node, "fmod", 0) != 0;

  if (!c_like && (call->in[0]->dtype == BS_DTYPE_F32 || call->in[0]->dtype == BS_DTYPE_F64))
    return bs_call_error (call, error, BS_ERROR_FORMAT,
                          "fmod must be 1 for floating-point tensors");
  return run_pair (call, c_like ? remainder_loops : modulo_loops, error);
}

/* The exponent may be of another type than the base: both as double then, which is exact up to 2⁵³.
 */
static gboolean
run_mixed_power (BsCall *call, GError **error)
{
  BsValue parts[2], result = *call->out[0];
  const BsValue *pair[2] = { &parts[0], &parts[1] };

  for (guint i = 0; i < 2; i++) {
    parts[i] = *call->in[i];
    parts[i].dtype = BS_DTYPE_F64;
    parts[i].data = call->scratch (call, bs_value_count (call->in[i]) * sizeof (double));
    if (parts[i].data == NULL || !bs_cast_values (call->in[i], &parts[i]))
      return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "%s to the power of %s",
                            bs_dtype_name (call->in[0]->dtype), bs_dtype_name (call->in[1]->dtype));
  }
  result.dtype = BS_DTYPE_F64;
  result.data = call->scratch (call, bs_value_count (&result) * sizeof (double));
  if (result.data == NULL)
    return bs_no_memory (call, error);
  bs_broadcast_run (pair, 2, &result, power_f64, NULL);
  return bs_cast_values (&result, call->out[0]) || bs_no_memory (call, error);
}

/* A constant square or root is the usual case, and far cheaper than pow (). */
static gboolean
run_power (BsCall *call, GError **error)
{
  const BsValue *base = call->in[0], *exponent = call->in[1];
  gsize count = bs_value_count (call->out[0]);
  const float *x = base->data;
  float *r = call->out[0]->data, constant;

  if (base->dtype != exponent->dtype)
    return run_mixed_power (call, error);
  if (base->dtype != BS_DTYPE_F32 || bs_value_count (exponent) != 1)
    return run_pair (call, power_loops, error);
  constant = *(const float *) exponent->data;
  if (constant == 2)
    for (gsize i = 0; i < count; i++)
      r[i] = x[i] * x[i];
  else if (constant == 0.5f)
    for (gsize i = 0; i < count; i++)
      r[i] = sqrtf (x[i]);
  else
    return run_pair (call, power_loops, error);
  return TRUE;
}

/* Min, Max, Sum, Mean: the first two into the output, then each further one on top of it. */
static gboolean
run_many (BsCall *call, const BsInnerFunc *loops, GError **error)
{
  BsInnerFunc inner = loop_for (loops, call->in[0]->dtype);
  BsValue *out = call->out[0];
  const BsValue *pair[2] = { call->in[0], call->in[0] };
  BsValue first;

  if (inner == NULL)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s",
                          bs_dtype_name (call->in[0]->dtype));
  for (guint i = 1; i < call->n_in; i++)
    if (!bs_require (call, i, call->in[0]->dtype, error))
      return FALSE;
  if (call->n_in == 1) {
    bs_broadcast_run (pair, 2, out, minimum_loops[out->dtype], NULL);
    return TRUE;
  }
  for (guint i = 1; i < call->n_in; i++) {
    first = *out;
    pair[0] = i == 1 ? call->in[0] : &first;
    pair[1] = call->in[i];
    bs_broadcast_run (pair, 2, out, inner, NULL);
  }
  return TRUE;
}

static gboolean
run_minimum (BsCall *call, GError **error)
{
  return run_many (call, minimum_loops, error);
}

static gboolean
run_maximum (BsCall *call, GError **error)
{
  return run_many (call, maximum_loops, error);
}

static gboolean
run_sum (BsCall *call, GError **error)
{
  return run_many (call, add_loops, error);
}

static gboolean
run_mean (BsCall *call, GError **error)
{
  gsize count = bs_value_count (call->out[0]);
  float *r = call->out[0]->data;

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || !run_many (call, add_loops, error))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    r[i] /= (float) call->n_in;
  return TRUE;
}

/* The slope as it broadcasts: before opset 7 a vector of slopes meant the channels. */
static BsValue
slope_of (const BsCall *call)
{
  const BsValue *x = call->in[0];
  BsValue slope = *call->in[1];

  if (slope.n_dims == 1 && slope.dims[0] != 1 && x->n_dims > 2 && call->model->opset < 7 &&
      slope.dims[0] == x->dims[1]) {
    slope.n_dims = x->n_dims - 1;
    for (guint i = 1; i < slope.n_dims; i++)
      slope.dims[i] = 1;
  }
  return slope;
}

static gboolean
infer_prelu (BsCall *call, GError **error)
{
  BsValue slope = slope_of (call);
  const BsValue *pair[2] = { call->in[0], &slope };
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;

  return bs_broadcast_dims (call, pair, 2, dims, &n_dims, error) && bs_infer_like (call, error);
}

static gboolean
run_prelu (BsCall *call, GError **error)
{
  BsValue slope = slope_of (call);
  const BsValue *pair[2] = { call->in[0], &slope };
  BsInnerFunc inner = loop_for (prelu_loops, call->in[0]->dtype);

  if (inner == NULL || slope.dtype != call->in[0]->dtype)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s",
                          bs_dtype_name (call->in[0]->dtype));
  bs_broadcast_run (pair, 2, call->out[0], inner, NULL);
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

ROW (add, "Add", 2, 2, BS_OP_IN_PLACE, infer_all, run_add)
ROW (sub, "Sub", 2, 2, BS_OP_IN_PLACE, infer_all, run_subtract)
ROW (mul, "Mul", 2, 2, BS_OP_IN_PLACE, infer_all, run_multiply)
ROW (div, "Div", 2, 2, BS_OP_IN_PLACE, infer_all, run_divide)
ROW (pow, "Pow", 2, 2, BS_OP_IN_PLACE, infer_all, run_power)
ROW (mod, "Mod", 2, 2, BS_OP_IN_PLACE, infer_all, run_modulo)
ROW (prelu, "PRelu", 2, 2, BS_OP_IN_PLACE, infer_prelu, run_prelu)
ROW (min, "Min", 1, BS_CALL_MAX, 0, infer_all, run_minimum)
ROW (max, "Max", 1, BS_CALL_MAX, 0, infer_all, run_maximum)
ROW (sum, "Sum", 1, BS_CALL_MAX, 0, infer_all, run_sum)
ROW (mean, "Mean", 1, BS_CALL_MAX, 0, infer_all, run_mean)
