/* Scales: rounded once, from double, to the type they are stored in.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/scale.h"
#include "quant/minifloat.h"

#include <float.h>
#include <math.h>

double
bs_scale_store_other (double scale, BsScaleStore store)
{
  switch (store) {
  case BS_STORE_F16:
    scale = CLAMP (scale, 0x1p-24, 65504.0);
    return bs_minifloat_decode (&bs_fp16, bs_minifloat_encode (&bs_fp16, scale, TRUE));
  case BS_STORE_BF16:
    scale = CLAMP (scale, 0x1p-126, FLT_MAX);
    return bs_minifloat_decode (&bs_bf16, bs_minifloat_encode (&bs_bf16, scale, TRUE));
  case BS_STORE_POW2: {
    int exponent;
    double mantissa = frexp (scale, &exponent);
    return ldexp (1, CLAMP (mantissa == 0.5 ? exponent - 1 : exponent, -126, 127));
  }
  case BS_STORE_F32:
  case BS_STORE_F64:
  default:
    return scale;
  }
}

guint
bs_scale_bits (BsScaleStore store)
{
  static const guint8 bits[] = {
    [BS_STORE_F32] = 32, [BS_STORE_F16] = 16, [BS_STORE_BF16] = 16,
    [BS_STORE_F64] = 64, [BS_STORE_POW2] = 8,
  };

  return bits[store];
}
