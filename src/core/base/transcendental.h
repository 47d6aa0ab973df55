/* Exponential and logarithm as loops of vectors can compute them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/vectorize.h"

/* bs_exp: within 2 units of the last place of exp (x) for |x| ≤ 700; beyond as at the end.
 *
 * x = n ln 2 + r, |r| ≤ ln 2 / 2; e^r by its Taylor series, of which the first term left out is
 * below 2⁻⁵⁷; 2^n by its exponent bits. ln 2 in two parts as in Cody and Waite, Software Manual for
 * the Elementary Functions, 1980. */
BS_INLINE double
bs_exp (double x)
{
  const double rounder = 0x1.8p52; /* leaves n in the lowest bits */
  double t, n, r, e, power;
  guint64 bits;

  x = bs_select_f64 (x > -700, x, -700);
  x = bs_select_f64 (x < 700, x, 700);
  t = x * 0x1.71547652b82fep0 + rounder; /* 1 / ln 2 */
  n = t - rounder;
  r = x - n * 0x1.62e42feep-1 - n * 0x1.a39ef35793c76p-33;
  e = 1 / 6227020800.0;
  e = e * r + 1 / 479001600.0;
  e = e * r + 1 / 39916800.0;
  e = e * r + 1 / 3628800.0;
  e = e * r + 1 / 362880.0;
  e = e * r + 1 / 40320.0;
  e = e * r + 1 / 5040.0;
  e = e * r + 1 / 720.0;
  e = e * r + 1 / 120.0;
  e = e * r + 1 / 24.0;
  e = e * r + 1 / 6.0;
  e = e * r + 0.5;
  e = e * r + 1;
  e = e * r + 1;
  memcpy (&bits, &t, sizeof bits);
  bits = (bits + 1023) << 52;
  memcpy (&power, &bits, sizeof power);
  return e * power;
}

/* bs_log: within 2⁻⁵² of log (x), absolutely, and within 2 units of the last place where |log (x)|
 * > 1, for normal numbers x > 0.
 *
 * x = 2^n m, √½ ≤ m < √2; log (m) = 2 artanh (f), f = (m − 1) / (m + 1), |f| < 0.172, by its series,
 * of which the first term left out is below 2⁻⁵⁹. */
BS_INLINE double
bs_log (double x)
{
  const guint64 sqrt_half = G_GUINT64_CONSTANT (0x3FE6A09E667F3BCD),
                mantissa = G_GUINT64_CONSTANT (0x000FFFFFFFFFFFFF),
                two_52 = G_GUINT64_CONSTANT (0x4330000000000000);
  guint64 bits, shifted, n_bits;
  double m, n, f, g, sum;

  memcpy (&bits, &x, sizeof bits);
  shifted = bits - sqrt_half + G_GUINT64_CONSTANT (0x3FF0000000000000);
  n_bits = (shifted >> 52) | two_52;
  bits = (shifted & mantissa) + sqrt_half;
  memcpy (&n, &n_bits, sizeof n);
  memcpy (&m, &bits, sizeof m);
  n -= 0x1p52 + 1023;
  f = (m - 1) / (m + 1);
  g = f * f;
  sum = 1 / 21.0;
  sum = sum * g + 1 / 19.0;
  sum = sum * g + 1 / 17.0;
  sum = sum * g + 1 / 15.0;
  sum = sum * g + 1 / 13.0;
  sum = sum * g + 1 / 11.0;
  sum = sum * g + 1 / 9.0;
  sum = sum * g + 1 / 7.0;
  sum = sum * g + 1 / 5.0;
  sum = sum * g + 1 / 3.0;
  return n * 0x1.62e42fefa39efp-1 + (2 * f + 2 * f * g * sum);
}
