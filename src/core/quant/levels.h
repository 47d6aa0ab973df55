/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_LEVELS_MAX 256
#define BS_LEVELS_BUCKETS 4096

typedef struct {
  guint n;                    /* 1 … BS_LEVELS_MAX */
  float level[BS_LEVELS_MAX]; /* rising */
  /* What lies above threshold[i] is nearer to level[i + 1]; n − 1 of them, then infinities. */
  float threshold[2 * BS_LEVELS_MAX];
  guint16 zero; /* the level nearest to 0: what NaN becomes */

  /* Where to look for the code of v among many levels: bucket trunc ((v − low) · per_unit), cut to
   * those there are; of its thresholds, first[bucket] lie in lower ones and at most depth in it. */
  float low, per_unit;
  guint depth;
  gint32 first[BS_LEVELS_BUCKETS];
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

/* bs_levels_encode_magnitudes: the same for |x|, then code and value take the sign of x. levels
 * starts with 0. */
void bs_levels_encode_magnitudes (const BsLevels *levels,
                                  float scale,
                                  const float *x,
                                  gsize n,
                                  gint32 *codes,
                                  float *values);

G_END_DECLS
