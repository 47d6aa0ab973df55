/* Level tables made of powers of two and of sums of them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_pow2_exponent: e1 of the largest level 2^e1 for a largest magnitude: floor (log2 (4 amax /
 * 3)); 0 for amax = 0. Source  Zhou et al., INQ, arXiv:1702.03044, section 2.1. */
int bs_pow2_exponent (double amax);

/* bs_apot_levels: rising magnitudes of additive powers of two, without doubles, from 0 to 1.
 *   bits    of the magnitude, 1 … 15, dealt to the terms `per_term` at a time; the last term gets
 * what is left levels  [2^bits] Returns   how many. Source    Li et al., arXiv:1909.13144,
 * equation 5. */
guint bs_apot_levels (guint bits, guint per_term, double *levels);

G_END_DECLS
