/* Small binary floating-point formats: sign, exponent, mantissa.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/minifloat.h"

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

void
bs_minifloat_encode_array (const BsMinifloat *format,
                           float scale,
                           gboolean saturate,
                           const float *x,
                           gsize n,
                           gint32 *codes,
                           float *values)
{
  for (gsize i = 0; i < n; i++) {
    codes[i] = (gint32) bs_minifloat_encode (format, x[i] / scale, saturate);
    values[i] = bs_minifloat_decode (format, (guint) codes[i]) * scale;
  }
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
