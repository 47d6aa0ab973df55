/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_LEVELS_MAX 256

typedef struct {
  guint n;                    /* 1 … BS_LEVELS_MAX */
  float level[BS_LEVELS_MAX]; /* rising */
  float
    threshold[BS_LEVELS_MAX]; /* [n − 1]: what lies above threshold[i] is nearer to level[i + 1] */
  guint16 zero;               /* the level nearest to 0: what NaN becomes */
} BsLevels;

/* bs_levels_init: thresholds half-way between levels, a tie goes to the lower level.
 *   level  rising, finite; n of them */
void bs_levels_init (BsLevels *levels, const double *level, guint n);

/* bs_levels_encode: code = index of the level nearest to x / scale (float division), value = level
 * · scale. NaN gives the level nearest to 0, infinities the ends. */
void bs_levels_encode (const BsLevels *levels,
                       float scale,
                       const float *x,
                       gsize n,
                       gint32 *codes,
                       float *values);

G_END_DECLS
