/* Operators on one tensor, element by element: activations and elementary functions.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

typedef struct {
  float alpha, beta;
} Params;

/* One function: f on float, the same on double; either may run in place. */
#define UNARY(name, EXPR32, EXPR64)                                                                \
  static void name##_f32 (const float *a, float *r, gsize n, Params p)                             \
  {                                                                                                \
    _Pragma ("GCC ivdep") for (gsize i = 0; i < n; i++)                                            \
    {                                                                                              \
      const float x = a[i];                                                                        \
      r[i] = (EXPR32);                                                                             \
    }                                                                                              \
  }                                                                                                \
  static void name##_f64 (const double *a, double *r, gsize n, Params p)                           \
  {                                                                                                \
    for (gsize i = 0; i < n; i++) {                                                                \
      const double x = a[i];                                                                       \
      r[i] = (EXPR64);                                                                             \
    }                                                                                              \
  }

static float
sigmoid (float x)
{
  return 1 / (1 + expf (-x));
}

static double
sigmoid64 (double x)
{
  return 1 / (1 + exp (-x));
}

UNARY (relu, x > 0 || x != x ? x : 0, x > 0 || x != x ? x : 0)
UNARY (leaky_relu, x < 0 ? p.alpha * x : x, x < 0 ? (double) p.alpha * x : x)
UNARY (thresholded_relu, x > p.alpha ? x : 0, x > (double) p.alpha ? x : 0)
UNARY (elu, x < 0 ? p.alpha * expm1f (x) : x, x < 0 ? (double) p.alpha * expm1 (x) : x)
UNARY (celu,
       x < 0 ? p.alpha * expm1f (x / p.alpha) : x,
       x < 0 ? (double) p.alpha * expm1 (x / (double) p.alpha) : x)
UNARY (selu,
       p.beta *(x <= 0 ? p.alpha * expm1f (x) : x),
       (double) p.beta *(x <= 0 ? (double) p.alpha * expm1 (x) : x))
UNARY (sigmoid, sigmoid (x), sigmoid64 (x))
UNARY (hard_sigmoid,
       fmaxf (0, fminf (1, p.alpha *x + p.beta)),
       fmax (0, fmin (1, (double) p.alpha *x + (double) p.beta)))
UNARY (hard_swish, x *fmaxf (0, fminf (1, x / 6 + 0.5f)), x *fmax (0, fmin (1, x / 6 + 0.5)))
UNARY (silu, x *sigmoid (p.alpha *x), x *sigmoid64 ((double) p.alpha *x))
UNARY (mish, x *tanhf (x > 20 ? x : log1pf (expf (x))), x *tanh (x > 40 ? x : log1p (exp (x))))
UNARY (softplus,
       x > 20 ? x + log1pf (expf (-x)) : log1pf (expf (x)),
       x > 40 ? x + log1p (exp (-x)) : log1p (exp (x)))
UNARY (softsign, x / (1 + fabsf (x)), x / (1 + fabs (x)))
UNARY (gelu,
       0.5f * x * (1 + erff (x * (float) (G_SQRT2 / 2))),
       0.5 * x * (1 + erf (x * G_SQRT2 / 2)))
/* tanh approximation: 0.7978845608 = √(2/π), 0.044715 as in Hendrycks & Gimpel, 2016 */
UNARY (gelu_tanh,
       0.5f * x * (1 + tanhf (0.7978845608f * (x + 0.044715f * x * x * x))),
       0.5 * x * (1 + tanh (0.7978845608028654 * (x + 0.044715 * x * x * x))))
UNARY (tanh, tanhf (x), tanh (x))
UNARY (erf, erff (x), erf (x))
UNARY (exp, expf (x), exp (x))
UNARY (log, logf (x), log (x))
UNARY (sqrt, sqrtf (x), sqrt (x))
UNARY (reciprocal, 1 / x, 1 / x)
UNARY (abs, fabsf (x), fabs (x))
UNARY (neg, -x, -x)
UNARY (sign, (float) ((x > 0) - (x < 0)), (double) ((x > 0) - (x < 0)))
UNARY (floor, floorf (x), floor (x))
UNARY (ceil, ceilf (x), ceil (x))
UNARY (round, rintf (x), rint (x)) /* half to even: the default rounding mode */
UNARY (sin, sinf (x), sin (x))
UNARY (cos, cosf (x), cos (x))
UNARY (tan, tanf (x), tan (x))
UNARY (asin, asinf (x), asin (x))
UNARY (acos, acosf (x), acos (x))
UNARY (atan, atanf (x), atan (x))
UNARY (sinh, sinhf (x), sinh (x))
UNARY (cosh, coshf (x), cosh (x))
UNARY (asinh, asinhf (x), asinh (x))
UNARY (acosh, acoshf (x), acosh (x))
UNARY (atanh, atanhf (x), atanh (x))
UNARY (shrink,
       x<-p.alpha ? x + p.beta : x> p.alpha ? x - p.beta : 0,
       x<(double) -p.alpha ? x + (double) p.beta : x> (double) p.alpha ? x - (double) p.beta : 0)

static gboolean
apply (BsCall *call,
       void (*f32) (const float *, float *, gsize, Params),
       void (*f64) (const double *, double *, gsize, Params),
       Params params,
       GError **error)
{
  const BsValue *in = call->in[0];
  gsize count = bs_value_count (in);

  if (in->dtype == BS_DTYPE_F32)
    f32 (in->data, call->out[0]->data, count, params);
  else if (in->dtype == BS_DTYPE_F64)
    f64 (in->data, call->out[0]->data, count, params);
  else
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (in->dtype));
  return TRUE;
}

#define ROW(row, name, opdomain, run_func)                                                         \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = opdomain,                                                   \
                             .min_in = 1,                                                          \
                             .max_in = 1,                                                          \
                             .flags = BS_OP_ELEMENTWISE | BS_OP_IN_PLACE,                          \
                             .weight_input = -1,                                                   \
                             .infer = bs_infer_like,                                               \
                             .run = run_func };

/* a is the default of alpha, b of the second attribute */
#define FUNCTION(row, name, func, second, a, b)                                                    \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    Params params = { bs_node_float (call->node, "alpha", a),                                      \
                      bs_node_float (call->node, second, b) };                                     \
    return apply (call, func##_f32, func##_f64, params, error);                                    \
  }                                                                                                \
  ROW (row, name, "", run_##row)

FUNCTION (leaky_relu, "LeakyRelu", leaky_relu, "", 0.01f, 0)
FUNCTION (thresholded_relu, "ThresholdedRelu", thresholded_relu, "", 1, 0)
FUNCTION (elu, "Elu", elu, "", 1, 0)
FUNCTION (celu, "Celu", celu, "", 1, 0)
FUNCTION (selu, "Selu", selu, "gamma", 1.67326319217681884765625f, 1.05070102214813232421875f)
FUNCTION (sigmoid, "Sigmoid", sigmoid, "", 0, 0)
FUNCTION (hard_sigmoid, "HardSigmoid", hard_sigmoid, "beta", 0.2f, 0.5f)
FUNCTION (hard_swish, "HardSwish", hard_swish, "", 0, 0)
FUNCTION (swish, "Swish", silu, "", 1, 0)
FUNCTION (mish, "Mish", mish, "", 0, 0)
FUNCTION (softplus, "Softplus", softplus, "", 0, 0)
FUNCTION (softsign, "Softsign", softsign, "", 0, 0)
FUNCTION (tanh, "Tanh", tanh, "", 0, 0)
FUNCTION (erf, "Erf", erf, "", 0, 0)
FUNCTION (exp, "Exp", exp, "", 0, 0)
FUNCTION (log, "Log", log, "", 0, 0)
FUNCTION (sqrt, "Sqrt", sqrt, "", 0, 0)
FUNCTION (reciprocal, "Reciprocal", reciprocal, "", 0, 0)
FUNCTION (floor, "Floor", floor, "", 0, 0)
FUNCTION (ceil, "Ceil", ceil, "", 0, 0)
FUNCTION (round, "Round", round, "", 0, 0)
FUNCTION (sin, "Sin", sin, "", 0, 0)
FUNCTION (cos, "Cos", cos, "", 0, 0)
FUNCTION (tan, "Tan", tan, "", 0, 0)
FUNCTION (asin, "Asin", asin, "", 0, 0)
FUNCTION (acos, "Acos", acos, "", 0, 0)
FUNCTION (atan, "Atan", atan, "", 0, 0)
FUNCTION (sinh, "Sinh", sinh, "", 0, 0)
FUNCTION (cosh, "Cosh", cosh, "", 0, 0)
FUNCTION (asinh, "Asinh", asinh, "", 0, 0)
FUNCTION (acosh, "Acosh", acosh, "", 0, 0)
FUNCTION (atanh, "Atanh", atanh, "", 0, 0)

static gboolean
run_shrink (BsCall *call, GError **error)
{
  Params params = { bs_node_float (call->node, "lambd", 0.5f),
                    bs_node_float (call->node, "bias", 0) };

  return apply (call, shrink_f32, shrink_f64, params, error);
}
ROW (shrink, "Shrink", "", run_shrink)

static gboolean
run_gelu (BsCall *call, GError **error)
{
  gboolean tanh_form = strcmp (bs_node_string (call->node, "approximate", "none"), "tanh") == 0;

  return apply (call, tanh_form ? gelu_tanh_f32 : gelu_f32, tanh_form ? gelu_tanh_f64 : gelu_f64,
                (Params){ 0, 0 }, error);
}
ROW (gelu, "Gelu", "", run_gelu)
ROW (gelu_ms, "Gelu", "com.microsoft", run_gelu)

/* Relu, Abs, Neg and Sign exist on integers too. */
#define INTEGER(T, EXPR)                                                                           \
  do {                                                                                             \
    const T *a = call->in[0]->data;                                                                \
    T *r = call->out[0]->data;                                                                     \
    for (gsize i = 0; i < count; i++) {                                                            \
      const T x = a[i];                                                                            \
      r[i] = (T) (EXPR);                                                                           \
    }                                                                                              \
    return TRUE;                                                                                   \
  } while (0)

#define WITH_INTEGERS(row, name, SIGNED, UNSIGNED)                                                 \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    gsize count = bs_value_count (call->in[0]);                                                    \
    switch (call->in[0]->dtype) {                                                                  \
    case BS_DTYPE_I8:                                                                              \
      INTEGER (gint8, SIGNED);                                                                     \
    case BS_DTYPE_I16:                                                                             \
      INTEGER (gint16, SIGNED);                                                                    \
    case BS_DTYPE_I32:                                                                             \
      INTEGER (gint32, SIGNED);                                                                    \
    case BS_DTYPE_I64:                                                                             \
      INTEGER (gint64, SIGNED);                                                                    \
    case BS_DTYPE_U8:                                                                              \
      INTEGER (guint8, UNSIGNED);                                                                  \
    case BS_DTYPE_U16:                                                                             \
      INTEGER (guint16, UNSIGNED);                                                                 \
    case BS_DTYPE_U32:                                                                             \
      INTEGER (guint32, UNSIGNED);                                                                 \
    case BS_DTYPE_U64:                                                                             \
      INTEGER (guint64, UNSIGNED);                                                                 \
    default:                                                                                       \
      return apply (call, row##_f32, row##_f64, (Params){ 0, 0 }, error);                          \
    }                                                                                              \
  }                                                                                                \
  ROW (row, name, "", run_##row)

WITH_INTEGERS (relu, "Relu", x > 0 ? x : 0, x)
WITH_INTEGERS (abs, "Abs", x < 0 ? 0 - (guint64) x : (guint64) x, x)
WITH_INTEGERS (neg, "Neg", 0 - (guint64) x, 0 - (guint64) x)
WITH_INTEGERS (sign, "Sign", (x > 0) - (x < 0), x > 0)

/* Clip: limits are attributes before opset 11, then optional inputs. */
#define CLIP(T, low, high)                                                                         \
  do {                                                                                             \
    const BsValue *min = bs_in (call, 1), *max = bs_in (call, 2);                                  \
    T lo = min != NULL ? *(const T *) min->data : (T) (low);                                       \
    T hi = max != NULL ? *(const T *) max->data : (T) (high);                                      \
    const T *a = call->in[0]->data;                                                                \
    T *r = call->out[0]->data;                                                                     \
    _Pragma ("GCC ivdep") for (gsize i = 0; i < count; i++)                                        \
    {                                                                                              \
      T x = a[i];                                                                                  \
      x = x < lo ? lo : x;                                                                         \
      r[i] = x > hi ? hi : x;                                                                      \
    }                                                                                              \
    return TRUE;                                                                                   \
  } while (0)

static gboolean
run_clip (BsCall *call, GError **error)
{
  gsize count = bs_value_count (call->in[0]);

  for (guint i = 1; i < 3; i++)
    if (!bs_require (call, i, call->in[0]->dtype, error))
      return FALSE;
    else if (bs_in (call, i) != NULL && bs_value_count (bs_in (call, i)) != 1)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its limits must be single numbers");
  switch (call->in[0]->dtype) {
  case BS_DTYPE_F32:
    CLIP (float, bs_node_float (call->node, "min", -INFINITY),
          bs_node_float (call->node, "max", INFINITY));
  case BS_DTYPE_F64:
    CLIP (double, bs_node_float (call->node, "min", -INFINITY),
          bs_node_float (call->node, "max", INFINITY));
  case BS_DTYPE_I8:
    CLIP (gint8, G_MININT8, G_MAXINT8);
  case BS_DTYPE_U8:
    CLIP (guint8, 0, G_MAXUINT8);
  case BS_DTYPE_I16:
    CLIP (gint16, G_MININT16, G_MAXINT16);
  case BS_DTYPE_U16:
    CLIP (guint16, 0, G_MAXUINT16);
  case BS_DTYPE_I32:
    CLIP (gint32, G_MININT32, G_MAXINT32);
  case BS_DTYPE_U32:
    CLIP (guint32, 0, G_MAXUINT32);
  case BS_DTYPE_I64:
    CLIP (gint64, G_MININT64, G_MAXINT64);
  case BS_DTYPE_U64:
    CLIP (guint64, 0, G_MAXUINT64);
  default:
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s",
                          bs_dtype_name (call->in[0]->dtype));
  }
}

const BsOp bs_op_clip = {
  .type = "Clip",
  .domain = "",
  .min_in = 1,
  .max_in = 3,
  .flags = BS_OP_ELEMENTWISE | BS_OP_IN_PLACE,
  .weight_input = -1,
  .infer = bs_infer_like,
  .run = run_clip,
};
