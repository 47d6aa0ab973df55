/* Small binary floating-point formats: sign, exponent, mantissa.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/minifloat.h"
#include "quant/vectors.h"

#include <math.h>
#include <string.h>

const BsMinifloat bs_fp16 = { "fp16", 5, 10, 15, 0x7BFF, 0x7C00, 0x7E00, 65504 };
const BsMinifloat bs_bf16 = { "bf16", 8, 7, 127, 0x7F7F, 0x7F80, 0x7FC0, 0x1.FEp127f };
const BsMinifloat bs_fp8e4m3 = { "fp8e4m3", 4, 3, 7, 0x7E, 0, 0x7F, 448 };
const BsMinifloat bs_fp8e5m2 = { "fp8e5m2", 5, 2, 15, 0x7B, 0x7C, 0x7E, 57344 };
const BsMinifloat bs_fp6e3m2 = { "fp6e3m2", 3, 2, 3, 0x1F, 0, 0, 28 };
const BsMinifloat bs_fp6e2m3 = { "fp6e2m3", 2, 3, 1, 0x1F, 0, 0, 7.5f };
const BsMinifloat bs_fp4e2m1 = { "fp4e2m1", 2, 1, 1, 0x7, 0, 0, 6 };

guint
bs_minifloat_encode (const BsMinifloat *format, double x, gboolean saturate)
{
  guint sign = signbit (x) ? 1u << (format->exponent_bits + format->mantissa_bits) : 0, code;
  int lowest = 1 - format->bias; /* exponent of the smallest normal number */

  if (isnan (x))
    return format->nan_code != 0 ? sign | format->nan_code : 0;
  if (isinf (x)) {
    code = G_MAXUINT;
  } else if (x == 0) {
    code = 0;
  } else {
    int exponent = MAX (ilogb (x), lowest);
    /* In units of the last mantissa bit; a carry to the next power of two runs into the exponent
     * field by itself. */
    double units = rint (ldexp (fabs (x), format->mantissa_bits - exponent));
    code = exponent - lowest > 1 << format->exponent_bits
             ? G_MAXUINT
             : ((guint) (exponent - lowest) << format->mantissa_bits) + (guint) units;
  }
  if (code > format->max_code) {
    if (saturate || (format->inf_code == 0 && format->nan_code == 0))
      code = format->max_code;
    else
      code = format->inf_code != 0 ? format->inf_code : format->nan_code;
  }
  return sign | code;
}

float
bs_minifloat_decode (const BsMinifloat *format, guint code)
{
  guint sign_bit = 1u << (format->exponent_bits + format->mantissa_bits),
        magnitude = code & (sign_bit - 1);
  double value;

  if (magnitude > format->max_code && format->nan_code != 0) {
    value = magnitude == format->inf_code && format->inf_code != 0 ? INFINITY : NAN;
  } else {
    int exponent = (int) (magnitude >> format->mantissa_bits);
    guint mantissa = magnitude & ((1u << format->mantissa_bits) - 1);
    if (exponent > 0)
      mantissa |= 1u << format->mantissa_bits;
    value = ldexp (mantissa, MAX (exponent, 1) - format->bias - format->mantissa_bits);
  }
  return (float) (code & sign_bit ? -value : value);
}

BS_INLINE guint32
bits_of (float v)
{
  guint32 bits;

  memcpy (&bits, &v, sizeof bits);
  return bits;
}

BS_INLINE float
float_of (guint32 bits)
{
  float v;

  memcpy (&v, &bits, sizeof v);
  return v;
}

/* What the loop below needs of a format, worked out once. */
typedef struct {
  float scale, first, second;
  guint32 drop; /* mantissa bits of a float32 that the format lacks */
  guint32 base; /* code of the smallest normal number as a float32 shifted by drop, less its code */
  guint32 n_mantissa; /* 2^mantissa_bits: codes below are subnormal */
  guint32 too_large;  /* code for what is too large */
  guint32 max_code, nan_code, sign_shift;
  float smallest_normal, adder, unit; /* adder: its last bit is worth one subnormal step, unit */
  float beyond;                       /* what codes above max_code stand for */
} Constants;

static Constants
constants_of (const BsMinifloat *format, gboolean saturate)
{
  gint lowest = 1 - format->bias, m = format->mantissa_bits;
  guint32 not_finite = format->inf_code != 0 ? format->inf_code : format->nan_code;

  saturate = saturate || not_finite == 0;
  return (Constants){ .drop = 23u - (guint32) m,
                      .base = (guint32) (127 - format->bias) << m,
                      .n_mantissa = 1u << m,
                      .too_large = saturate ? format->max_code : not_finite,
                      .max_code = format->max_code,
                      .nan_code = format->nan_code,
                      .sign_shift = 31u - (guint32) (format->exponent_bits + m),
                      .beyond = format->inf_code != 0 ? INFINITY : NAN,
                      .smallest_normal = bs_power_of_two (lowest),
                      .adder = bs_power_of_two (lowest - m + 23),
                      .unit = bs_power_of_two (lowest - m) };
}

/* The same results as the functions above, without branches, so that the compiler makes vectors of
 * it. Normal numbers round on their bits: half of the dropped bits, less one where the kept part is
 * even, carries into it. Subnormal ones round in a float addition whose last bit is their step. */
BS_INLINE void
encode (Constants c,
        const float *restrict x,
        gsize n,
        gint32 *restrict codes,
        float *restrict values)
{
  const guint32 nan_sign = c.nan_code != 0 ? 0x80000000u : 0, half = (1u << (c.drop - 1)) - 1;

  for (gsize from = 0; from < n; from += BS_VECTOR)
    for (gsize i = from; i < from + BS_VECTOR; i++) {
      float v = x[i] / c.scale;
      guint32 bits = bits_of (v), magnitude = bits & 0x7FFFFFFFu, sign = bits & 0x80000000u;
      float a = float_of (magnitude);
      guint32 normal = ((magnitude + half + (magnitude >> c.drop & 1)) >> c.drop) - c.base;
      guint32 subnormal = bits_of (a + c.adder) - bits_of (c.adder);
      guint32 code = a < c.smallest_normal ? subnormal : normal;
      code = (gint32) code > (gint32) c.max_code ? c.too_large : code;
      code = magnitude > 0x7F800000u ? c.nan_code : code;
      sign = magnitude > 0x7F800000u ? sign & nan_sign : sign;

      float small = (float) (gint32) code * c.unit;
      float large = float_of ((code + c.base) << c.drop);
      float value = code < c.n_mantissa ? small : large;
      value = code > c.max_code ? (magnitude > 0x7F800000u ? NAN : c.beyond) : value;
      codes[i] = (gint32) (code | sign >> c.sign_shift);
      values[i] = float_of (bits_of (value) | sign) * c.first * c.second;
    }
}

BS_VECTORIZED static void
encode_vectors (gconstpointer how,
                const float *restrict x,
                gsize n,
                gsize first,
                gint32 *restrict codes,
                float *restrict values)
{
  encode (*(const Constants *) how, x, n, codes, values);
}

BS_VECTORIZED void
bs_minifloat_encode_rows (const BsMinifloat *format,
                          const float *scale,
                          const float *first,
                          float second,
                          const float *x,
                          gsize rows,
                          gsize inner,
                          gint32 *codes,
                          float *values)
{
  Constants c = constants_of (format, TRUE);

  c.second = second;
  for (gsize row = 0; row < rows; row++) {
    c.scale = scale[row];
    c.first = first[row];
    encode (c, x + row * inner, inner, codes + row * inner, values + row * inner);
  }
}

void
bs_minifloat_encode_twice (const BsMinifloat *format,
                           float scale,
                           float first,
                           float second,
                           gboolean saturate,
                           const float *x,
                           gsize n,
                           gint32 *codes,
                           float *values)
{
  Constants c = constants_of (format, saturate);

  c.scale = scale;
  c.first = first;
  c.second = second;
  bs_in_vectors (encode_vectors, &c, x, n, codes, values);
}

void
bs_minifloat_encode_array (const BsMinifloat *format,
                           float scale,
                           gboolean saturate,
                           const float *x,
                           gsize n,
                           gint32 *codes,
                           float *values)
{
  bs_minifloat_encode_twice (format, scale, scale, 1, saturate, x, n, codes, values);
}

const BsMinifloat *
bs_minifloat_find (const char *id)
{
  static const BsMinifloat *const formats[] = {
    &bs_fp16, &bs_bf16, &bs_fp8e4m3, &bs_fp8e5m2, &bs_fp6e3m2, &bs_fp6e2m3, &bs_fp4e2m1,
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (formats[i]->id, id) == 0)
      return formats[i];
  return NULL;
}
