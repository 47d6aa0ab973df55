/* Scales: rounded once, from double, to the type they are stored in.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"

G_BEGIN_DECLS

/* bs_scale_store: scale as stored. Zero and what is not finite become 1; float types clamp to their
 * smallest normal and largest number (half: smallest number), powers of two round up. Source
 * methods: numeric contract 6 and 7. */
double bs_scale_store (double scale, BsScaleStore store);

guint bs_scale_bits (BsScaleStore store); /* pow2: 8, an exponent */

G_END_DECLS
