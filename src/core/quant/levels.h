/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <bsk.h>
#include <glib.h>

G_BEGIN_DECLS

#define BS_LEVELS_MAX BSK_LEVELS_MAX

typedef BskLevels BsLevels;

/* bs_levels_init: thresholds half-way between levels, a tie goes to the lower level. NaN becomes
 * the level nearest to 0, infinities the ends.
 *   level  rising, finite; n of them */
void bs_levels_init (BsLevels *levels, const double *level, guint n);

/* bs_levels_encode: code = index of the level nearest to x / scale (float division), value = level
 * · scale. */
void bs_levels_encode (const BsLevels *levels,
                       float scale,
                       const float *x,
                       gsize n,
                       gint32 *codes,
                       float *values);

/* bs_levels_encode_magnitudes: the same for |x|, then code and value take the sign of x. levels
 * starts with 0. */
void bs_levels_encode_magnitudes (const BsLevels *levels,
                                  float scale,
                                  const float *x,
                                  gsize n,
                                  gint32 *codes,
                                  float *values);

/* bs_round_down: the largest float not above v: for floats x, x > v and x > bs_round_down (v) say
 * the same. */
float bs_round_down (double v);

G_END_DECLS
