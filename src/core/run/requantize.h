/* Requantization of one sum, by each definition in use: what integer-only targets do after a
 * product. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BS_REQUANTIZE_REAL_EVEN,     /* the real product, rounded half to even */
  BS_REQUANTIZE_TFLITE_DOUBLE, /* doubling high multiplication, then a rounding shift: halves away
                                  from zero, twice rounded */
  BS_REQUANTIZE_TFLITE_SINGLE, /* one 64-bit product and shift: halves up */
} BsRequantizeProfile;

/* bs_quantize_multiplier: m = q31 · 2^(shift − 31), q31 in [2³⁰, 2³¹); 0 for m = 0 and for m below
 * 2^−32. m  ≥ 0, finite Source  TensorFlow Lite, QuantizeMultiplier. */
void bs_quantize_multiplier (double m, gint32 *q31, gint *shift);

/* bs_requantize: clamp (round (acc · m) + zero, qmin, qmax).
 * Source  gemmlowp, fixedpoint.h; TensorFlow Lite, MultiplyByQuantizedMultiplier, built with and
 * without single rounding. */
gint32 bs_requantize (gint32 acc,
                      double m,
                      gint32 zero,
                      gint32 qmin,
                      gint32 qmax,
                      BsRequantizeProfile profile);

/* bs_choose_nudged: scale and zero point as Jacob et al. choose them: the zero point from the end
 * where it needs less arithmetic, halves away from zero. Source  Jacob et al., CVPR 2018, section
 * 3; TensorFlow Lite, ChooseQuantizationParams. */
void
bs_choose_nudged (double rmin, double rmax, gint32 qmin, gint32 qmax, double *scale, gint32 *zero);

/* bs_integer_product: acc[i, j] = Σ (a[i, l] − za)(b[l, j] − zb), in 64 bits.
 *   a  [m × k], b [k × n]: codes
 * Returns  TRUE when every sum, on the way too, fits into 32 bits: else an int32 accumulator would
 * overflow. */
gboolean bs_integer_product (const gint32 *a,
                             const gint32 *b,
                             gsize m,
                             gsize k,
                             gsize n,
                             gint32 za,
                             gint32 zb,
                             gint64 *acc);

G_END_DECLS
