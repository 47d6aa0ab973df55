/* Visiting n places so that any first part of them is spread over all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_stride: a step through n ≥ 1 places, modulo n, that visits each once and keeps far from those
 * before: near the golden section of n, without a common divisor. */
static inline guint
bs_stride (guint n)
{
  for (guint step = MAX ((guint) (n * 0.618), 1);; step++) {
    guint a = n, b = step;
    while (b != 0) {
      guint rest = a % b;
      a = b;
      b = rest;
    }
    if (a == 1)
      return step;
  }
}

G_END_DECLS
