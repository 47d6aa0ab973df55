/* Scales: rounded once, from double, to the type they are stored in.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"

#include <float.h>
#include <math.h>

G_BEGIN_DECLS

double bs_scale_store_other (double scale, BsScaleStore store); /* but float */

/* bs_scale_store: scale as stored. Zero and what is not finite become 1; float types clamp to their
 * smallest normal and largest number (half: smallest number), powers of two round up. Source
 * methods: numeric contract 6 and 7. Inline, because every group of a tensor has one. */
static inline double
bs_scale_store (double scale, BsScaleStore store)
{
  if (!(scale > 0) || scale == INFINITY)
    return 1;
  if (store == BS_STORE_F32)
    return (float) CLAMP (scale, (double) FLT_MIN, (double) FLT_MAX);
  return bs_scale_store_other (scale, store);
}

guint bs_scale_bits (BsScaleStore store); /* pow2: 8, an exponent */

G_END_DECLS
