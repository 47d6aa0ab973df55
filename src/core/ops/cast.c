/* Cast and CastLike between element types.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/cast.h"

#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

float
bs_half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16, exponent = (half >> 10) & 31,
          mantissa = half & 0x3ff;
  guint32 bits;
  float value;

  if (exponent == 0) {
    value = (float) mantissa * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | mantissa << 13;
  memcpy (&value, &bits, sizeof value);
  return value;
}

guint16
bs_float_to_half (float value)
{
  guint32 bits, magnitude, rest, half;
  guint16 sign;

  memcpy (&bits, &value, sizeof bits);
  sign = (guint16) (bits >> 16 & 0x8000);
  magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return sign | 0x7e00;
  if (magnitude >= 0x477ff000u) /* 65520 and above round to infinity */
    return sign | 0x7c00;
  if (magnitude < 0x38800000u) { /* subnormal: multiples of 2⁻²⁴ */
    float absolute;
    memcpy (&absolute, &magnitude, sizeof absolute);
    return sign | (guint16) rintf (absolute * 0x1p24f);
  }
  half = (magnitude - 0x38000000u) >> 13;
  rest = magnitude & 0x1fff;
  if (rest > 0x1000 || (rest == 0x1000 && (half & 1) != 0))
    half++;
  return sign | (guint16) half;
}

static float
bf16_to_float (guint16 value)
{
  guint32 bits = (guint32) value << 16;
  float result;

  memcpy (&result, &bits, sizeof result);
  return result;
}

static guint16
float_to_bf16 (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  if (value != value)
    return (guint16) (bits >> 16) | 0x40;
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Reading: any type as double, and 64-bit integers as they are. */
static double
read_number (const BsValue *in, gsize i, gint64 *integer, gboolean *is_integer)
{
  *is_integer = FALSE;
  switch (in->dtype) {
  case BS_DTYPE_F32:
    return (double) ((const float *) in->data)[i];
  case BS_DTYPE_F64:
    return ((const double *) in->data)[i];
  case BS_DTYPE_F16:
    return (double) bs_half_to_float (((const guint16 *) in->data)[i]);
  case BS_DTYPE_BF16:
    return (double) bf16_to_float (((const guint16 *) in->data)[i]);
  case BS_DTYPE_U64:
    *is_integer = TRUE;
    *integer = (gint64) ((const guint64 *) in->data)[i];
    return (double) ((const guint64 *) in->data)[i];
  default:
    *is_integer = TRUE;
    bs_value_int (in, i, integer);
    return (double) *integer;
  }
}

/* Out of range is undefined in ONNX; here it saturates, and NaN becomes 0. */
static gint64
to_integer (double value)
{
  return value != value     ? 0
         : value >= 0x1p63  ? G_MAXINT64
         : value <= -0x1p63 ? G_MININT64
                            : (gint64) value;
}

static void
write_number (BsValue *out, gsize i, double value, gint64 integer)
{
  switch (out->dtype) {
  case BS_DTYPE_F32:
    ((float *) out->data)[i] = (float) value;
    break;
  case BS_DTYPE_F64:
    ((double *) out->data)[i] = value;
    break;
  case BS_DTYPE_F16:
    ((guint16 *) out->data)[i] = bs_float_to_half ((float) value);
    break;
  case BS_DTYPE_BF16:
    ((guint16 *) out->data)[i] = float_to_bf16 ((float) value);
    break;
  case BS_DTYPE_BOOL:
    ((guint8 *) out->data)[i] = value != 0;
    break;
  case BS_DTYPE_U8:
  case BS_DTYPE_I8:
    ((guint8 *) out->data)[i] = (guint8) integer;
    break;
  case BS_DTYPE_U16:
  case BS_DTYPE_I16:
    ((guint16 *) out->data)[i] = (guint16) integer;
    break;
  case BS_DTYPE_U32:
  case BS_DTYPE_I32:
    ((guint32 *) out->data)[i] = (guint32) integer;
    break;
  default:
    ((gint64 *) out->data)[i] = integer;
  }
}

static gboolean
is_castable (BsDtype dtype)
{
  return (dtype >= BS_DTYPE_F32 && dtype <= BS_DTYPE_U64 && dtype != BS_DTYPE_STRING) ||
         dtype == BS_DTYPE_BF16;
}

static gboolean
infer_cast (BsCall *call, GError **error)
{
  BsDtype to = call->n_in > 1 ? call->in[1]->dtype : (BsDtype) bs_node_int (call->node, "to", 0);

  if (!is_castable (to) || !is_castable (call->in[0]->dtype))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "it converts %s to %s",
                          bs_dtype_name (call->in[0]->dtype), bs_dtype_name (to));
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = to;
  return TRUE;
}

gboolean
bs_cast_values (const BsValue *in, BsValue *out)
{
  gsize count = bs_value_count (in), bytes = 0;

  if (!is_castable (in->dtype) || !is_castable (out->dtype))
    return FALSE;
  if (in->dtype == out->dtype) {
    bs_dims_bytes (in->dims, in->n_dims, in->dtype, &bytes);
    if (bytes > 0 && in->data != out->data)
      memcpy (out->data, in->data, bytes);
    return TRUE;
  }
  if (in->dtype == BS_DTYPE_U8 && out->dtype == BS_DTYPE_F32) { /* pictures */
    for (gsize i = 0; i < count; i++)
      ((float *) out->data)[i] = (float) ((const guint8 *) in->data)[i];
    return TRUE;
  }
  for (gsize i = 0; i < count; i++) {
    gboolean is_integer;
    gint64 integer = 0;
    double value = read_number (in, i, &integer, &is_integer);
    if (!is_integer)
      integer = out->dtype == BS_DTYPE_U64 && value >= 0x1p63 && value < 0x1p64
                  ? (gint64) (guint64) value
                  : to_integer (value);
    write_number (out, i, value, integer);
  }
  return TRUE;
}

static gboolean
run_cast (BsCall *call, GError **error)
{
  return bs_cast_values (call->in[0], call->out[0]) || bs_no_memory (call, error);
}

const BsOp bs_op_cast = {
  .type = "Cast",
  .domain = "",
  .min_in = 1,
  .max_in = 1,
  .weight_input = -1,
  .infer = infer_cast,
  .run = run_cast,
};

const BsOp bs_op_cast_like = {
  .type = "CastLike",
  .domain = "",
  .min_in = 2,
  .max_in = 2,
  .weight_input = -1,
  .infer = infer_cast,
  .run = run_cast,
};
