/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/levels.h"

#include <math.h>
#include <string.h>

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
  for (guint i = 0; i < BS_LEVELS_MAX; i++)
    levels->threshold[i] = INFINITY;
  for (guint i = 0; i < n; i++) {
    levels->level[i] = (float) level[i];
    if (fabs (level[i]) < fabs (level[levels->zero]))
      levels->zero = (guint16) i;
    if (i + 1 < n)
      levels->threshold[i] = round_down (level[i] + (level[i + 1] - level[i]) / 2);
  }
}

typedef float Floats __attribute__ ((vector_size (16)));
typedef gint32 Ints __attribute__ ((vector_size (16)));

/* count_few: a comparison with every threshold; sixteen values at a time stay in registers. */
static void
count_few (const BsLevels *levels, const float *v, guint n, gint32 *codes)
{
  for (guint i = 0; i < n; i += 16) {
    Floats value[4];
    Ints count[4] = { { 0 } };
    memcpy (value, v + i, sizeof value);
    for (guint t = 0; t + 1 < levels->n; t++) {
      float one = levels->threshold[t];
      Floats threshold = { one, one, one, one };
      count[0] -= value[0] > threshold; /* true is −1 */
      count[1] -= value[1] > threshold;
      count[2] -= value[2] > threshold;
      count[3] -= value[3] > threshold;
    }
    memcpy (codes + i, count, sizeof count);
  }
}

/* above: how many of 16 thresholds lie below a value. */
static inline guint
above (const float *threshold, Floats value)
{
  Floats row[4];

  memcpy (row, threshold, sizeof row);
  Ints count = (value > row[0]) + (value > row[1]) + (value > row[2]) + (value > row[3]);
  return (guint) - (count[0] + count[1] + count[2] + count[3]); /* true is −1 */
}

/* count_many: first among every sixteenth threshold, then among the sixteen there; beyond the last
 * threshold stand infinities. No branch depends on a value. */
static void
count_many (const BsLevels *levels, const float *v, guint n, gint32 *codes)
{
  float coarse[16];

  for (guint i = 0; i < 16; i++)
    coarse[i] = levels->threshold[i * 16 + 15];
  for (guint i = 0; i < n; i++) {
    Floats value = { v[i], v[i], v[i], v[i] };
    guint first = above (coarse, value) * 16;
    codes[i] = (gint32) (first + above (levels->threshold + first, value));
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
    for (guint i = m; i % 16 != 0; i++)
      v[i] = 0;
    if (levels->n <= 16)
      count_few (levels, v, m, block);
    else
      count_many (levels, v, m, block);
    for (guint i = 0; i < m; i++) {
      codes[from + i] = block[i];
      values[from + i] = levels->level[block[i]] * scale;
    }
  }
}
