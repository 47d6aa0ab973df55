/* Rounding of one value to an integer, in every mode a spec can name.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"

#include <math.h>

G_BEGIN_DECLS

/* bs_hash64: a well-mixed 64-bit number from a counter: what seeded choices are drawn from, so that
 * they depend on the position of a value and not on the order of work. Source  splitmix64: Steele,
 * Lea, Flood, OOPSLA 2014. */
static inline guint64
bs_hash64 (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  return x ^ (x >> 31);
}

/* bs_round: v, not NaN, to an integer. draw: bits for stochastic rounding, floor (v + u) with u in
 * [0, 1); ignored by the other modes. */
static inline double
bs_round (double v, BsRounding mode, guint64 draw)
{
  switch (mode) {
  case BS_ROUND_HALF_AWAY:
    return round (v);
  case BS_ROUND_HALF_UP: { /* not floor (v + 0.5): the sum rounds for v just under 0.5 */
    double low = floor (v);
    return v - low >= 0.5 ? low + 1 : low;
  }
  case BS_ROUND_FLOOR:
    return floor (v);
  case BS_ROUND_CEIL:
    return ceil (v);
  case BS_ROUND_TRUNC:
    return trunc (v);
  case BS_ROUND_STOCHASTIC: {
    double low = floor (v), u = (double) (draw >> 11) * 0x1p-53;
    return v - low > u ? low + 1 : low;
  }
  case BS_ROUND_HALF_EVEN:
  default:
    return rint (v);
  }
}

G_END_DECLS
