/* Requantization of one sum, by each definition in use.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/requantize.h"

#include <math.h>

void
bs_quantize_multiplier (double m, gint32 *q31, gint *shift)
{
  *q31 = 0;
  *shift = 0;
  if (!(m > 0) || !isfinite (m))
    return;
  gint64 fixed = (gint64) round (frexp (m, shift) * 0x1p31);
  if (fixed == G_GINT64_CONSTANT (1) << 31) {
    fixed /= 2;
    (*shift)++;
  }
  if (*shift < -31) { /* nothing is left after the shift */
    *shift = 0;
    return;
  }
  *q31 = (gint32) fixed;
}

static gint32
saturate (gint64 v)
{
  return (gint32) CLAMP (v, G_MININT32, G_MAXINT32);
}

/* doubling_high: (a · b · 2) / 2³², rounded. */
static gint32
doubling_high (gint32 a, gint32 b)
{
  if (a == G_MININT32 && b == G_MININT32)
    return G_MAXINT32;
  gint64 product = (gint64) a * b;
  gint64 nudge = product >= 0 ? G_GINT64_CONSTANT (1) << 30 : 1 - (G_GINT64_CONSTANT (1) << 30);
  return (gint32) ((product + nudge) / (G_GINT64_CONSTANT (1) << 31));
}

/* rounding_shift: x / 2^n, halves away from zero. */
static gint32
rounding_shift (gint32 x, gint n)
{
  gint64 half = n > 0 ? G_GINT64_CONSTANT (1) << (n - 1) : 0;
  gint64 magnitude = ((x < 0 ? -(gint64) x : x) + half) >> n;

  return (gint32) (x < 0 ? -magnitude : magnitude);
}

static gint64
multiply_double (gint32 acc, gint32 q31, gint shift)
{
  gint32 wide =
    saturate (shift > 0 ? (gint64) acc * (G_GINT64_CONSTANT (1) << MIN (shift, 31)) : acc);

  return rounding_shift (doubling_high (wide, q31), shift < 0 ? -shift : 0);
}

static gint64
multiply_single (gint32 acc, gint32 q31, gint shift)
{
  gint right = 31 - MIN (shift, 30);

  return ((gint64) acc * q31 + (G_GINT64_CONSTANT (1) << (right - 1))) >> right;
}

gint32
bs_requantize (gint32 acc,
               double m,
               gint32 zero,
               gint32 qmin,
               gint32 qmax,
               BsRequantizeProfile profile)
{
  gint32 q31;
  gint shift;
  gint64 v;

  if (profile == BS_REQUANTIZE_REAL_EVEN) {
    v = (gint64) CLAMP (rint (acc * m), -0x1p40, 0x1p40);
  } else {
    bs_quantize_multiplier (m, &q31, &shift);
    v = profile == BS_REQUANTIZE_TFLITE_DOUBLE ? multiply_double (acc, q31, shift)
                                               : multiply_single (acc, q31, shift);
  }
  return (gint32) CLAMP (v + zero, qmin, qmax);
}

void
bs_choose_nudged (double rmin, double rmax, gint32 qmin, gint32 qmax, double *scale, gint32 *zero)
{
  rmin = MIN (rmin, 0);
  rmax = MAX (rmax, 0);
  if (rmin == rmax) {
    *scale = 1;
    *zero = qmin;
    return;
  }
  *scale = (rmax - rmin) / ((double) qmax - qmin);
  double from_min = qmin - rmin / *scale, from_max = qmax - rmax / *scale;
  gboolean use_min =
    fabs ((double) qmin) + fabs (rmin / *scale) < fabs ((double) qmax) + fabs (rmax / *scale);
  *zero = (gint32) CLAMP (round (use_min ? from_min : from_max), qmin, qmax);
}

gboolean
bs_integer_product (const gint32 *a,
                    const gint32 *b,
                    gsize m,
                    gsize k,
                    gsize n,
                    gint32 za,
                    gint32 zb,
                    gint64 *acc)
{
  gboolean fits = TRUE;

  for (gsize i = 0; i < m; i++)
    for (gsize j = 0; j < n; j++) {
      gint64 sum = 0;
      for (gsize l = 0; l < k; l++) {
        sum += ((gint64) a[i * k + l] - za) * ((gint64) b[l * n + j] - zb);
        fits = fits && sum >= G_MININT32 && sum <= G_MAXINT32;
      }
      acc[i * n + j] = sum;
    }
  return fits;
}
