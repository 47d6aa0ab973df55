/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/levels.h"

#include <math.h>

#define BLOCK 256

/* round_down: the largest float not above v: for floats x, x > v and x > round_down (v) say the
 * same. */
static float
round_down (double v)
{
  float f = (float) v;

  return (double) f > v ? nextafterf (f, -INFINITY) : f;
}

void
bs_levels_init (BsLevels *levels, const double *level, guint n)
{
  levels->n = n;
  levels->zero = 0;
  for (guint i = 0; i < n; i++) {
    levels->level[i] = (float) level[i];
    if (fabs (level[i]) < fabs (level[levels->zero]))
      levels->zero = (guint16) i;
    if (i + 1 < n)
      levels->threshold[i] = round_down (level[i] + (level[i + 1] - level[i]) / 2);
  }
}

/* count_few: a comparison with every threshold; no branches, so that the compiler makes vectors of
 * it. */
static void
count_few (const BsLevels *levels, const float *v, gint32 *codes)
{
  for (guint i = 0; i < BLOCK; i++)
    codes[i] = 0;
  for (guint t = 0; t + 1 < levels->n; t++) {
    float threshold = levels->threshold[t];
    for (guint i = 0; i < BLOCK; i++)
      codes[i] += v[i] > threshold;
  }
}

/* count_many: halves the table; the steps are the same for all values. */
static void
count_many (const BsLevels *levels, const float *v, gint32 *codes)
{
  guint top = 1;

  while (top * 2 < levels->n)
    top *= 2;
  for (guint i = 0; i < BLOCK; i++) {
    guint at = 0;
    for (guint step = top; step > 0; step /= 2)
      if (at + step < levels->n && v[i] > levels->threshold[at + step - 1])
        at += step;
    codes[i] = (gint32) at;
  }
}

void
bs_levels_encode (const BsLevels *levels,
                  float scale,
                  const float *x,
                  gsize n,
                  gint32 *codes,
                  float *values)
{
  float v[BLOCK];
  gint32 block[BLOCK];

  for (gsize from = 0; from < n; from += BLOCK) {
    guint m = (guint) MIN (n - from, BLOCK);
    for (guint i = 0; i < m; i++) {
      float q = x[from + i] / scale;
      v[i] = q == q ? q : levels->level[levels->zero];
    }
    for (guint i = m; i < BLOCK; i++)
      v[i] = 0;
    if (levels->n <= 16)
      count_few (levels, v, block);
    else
      count_many (levels, v, block);
    for (guint i = 0; i < m; i++) {
      codes[from + i] = block[i];
      values[from + i] = levels->level[block[i]] * scale;
    }
  }
}
