/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/levels.h"
#include "quant/vectors.h"

#include <math.h>
#include <string.h>

#define FEW 16      /* levels: all thresholds are compared */
#define MAX_DEPTH 4 /* thresholds in one bucket; with more, halving is faster */

/* round_down: the largest float not above v: for floats x, x > v and x > round_down (v) say the
 * same. */
static float
round_down (double v)
{
  float f = (float) v;

  return (double) f > v ? nextafterf (f, -INFINITY) : f;
}

BS_INLINE gint32
bucket_of (const BsLevels *levels, float v)
{
  float at = (v - levels->low) * levels->per_unit;

  at = bs_select (at > 0, at, 0); /* 0 also where infinity times 0 is not a number */
  at = bs_select (at < BS_LEVELS_BUCKETS - 1, at, BS_LEVELS_BUCKETS - 1);
  return (gint32) at;
}

/* sort_in: that v is not above a threshold whose bucket is higher, nor below one whose is lower,
 * holds because each step to the bucket never falls when v rises. */
static void
sort_in (BsLevels *levels)
{
  float width = levels->threshold[levels->n - 2] - levels->threshold[0];
  float per_unit = (BS_LEVELS_BUCKETS - 1) / width;
  guint at = 0;

  levels->low = levels->threshold[0];
  levels->per_unit = isfinite (per_unit) ? per_unit : 0;
  levels->depth = 0;
  for (gint32 b = 0; b < BS_LEVELS_BUCKETS; b++) {
    guint first = at;
    levels->first[b] = (gint32) first;
    while (at + 1 < levels->n && bucket_of (levels, levels->threshold[at]) == b)
      at++;
    levels->depth = MAX (levels->depth, at - first);
  }
}

void
bs_levels_init (BsLevels *levels, const double *level, guint n)
{
  levels->n = n;
  levels->zero = 0;
  for (guint i = 0; i < G_N_ELEMENTS (levels->threshold); i++)
    levels->threshold[i] = INFINITY;
  for (guint i = 0; i < n; i++) {
    levels->level[i] = (float) level[i];
    if (fabs (level[i]) < fabs (level[levels->zero]))
      levels->zero = (guint16) i;
    if (i + 1 < n)
      levels->threshold[i] = round_down (level[i] + (level[i + 1] - level[i]) / 2);
  }
  if (n > FEW)
    sort_in (levels);
}

typedef struct {
  const BsLevels *levels;
  float scale;
  guint32 keep; /* bits of a value: without its sign, magnitudes are encoded */
} Job;

/* units: of the scale; NaN becomes the level nearest to 0. */
BS_INLINE void
units (const Job *job, const float *restrict x, float *restrict v)
{
  float nothing = job->levels->level[job->levels->zero];

  for (guint i = 0; i < BS_VECTOR; i++) {
    guint32 bits;
    float kept;
    memcpy (&bits, &x[i], sizeof bits);
    bits &= job->keep;
    memcpy (&kept, &bits, sizeof bits);
    kept = kept / job->scale;
    v[i] = bs_select (kept == kept, kept, nothing);
  }
}

BS_INLINE void
finish (const Job *job,
        const float *restrict x,
        const gint32 *restrict count,
        gint32 *restrict codes,
        float *restrict values)
{
  const float *level = job->levels->level;
  gint32 has_sign = job->keep != G_MAXUINT32;
  float scale = job->scale;

  for (guint i = 0; i < BS_VECTOR; i++)
    values[i] = level[count[i]] * scale;
  for (guint i = 0; i < BS_VECTOR; i++) {
    gint32 flip = has_sign & (x[i] < 0) & (count[i] != 0);
    codes[i] = (count[i] ^ -flip) + flip;
    values[i] = bs_select (flip, -values[i], values[i]);
  }
}

/* Three ways to count the thresholds below a value; no branch depends on a value. */
BS_VECTORIZED static void
encode_few (gconstpointer how,
            const float *restrict x,
            gsize n,
            gsize first,
            gint32 *restrict codes,
            float *restrict values)
{
  const Job *job = how;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    float v[BS_VECTOR];
    gint32 count[BS_VECTOR] = { 0 };
    units (job, x + from, v);
    for (guint t = 0; t < FEW - 1; t++)
      for (guint i = 0; i < BS_VECTOR; i++)
        count[i] += v[i] > job->levels->threshold[t];
    finish (job, x + from, count, codes + from, values + from);
  }
}

BS_VECTORIZED static void
encode_in_buckets (gconstpointer how,
                   const float *restrict x,
                   gsize n,
                   gsize first,
                   gint32 *restrict codes,
                   float *restrict values)
{
  const Job *job = how;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    float v[BS_VECTOR];
    gint32 count[BS_VECTOR], low[BS_VECTOR];
    units (job, x + from, v);
    for (guint i = 0; i < BS_VECTOR; i++)
      count[i] = low[i] = job->levels->first[bucket_of (job->levels, v[i])];
    for (guint d = 0; d < job->levels->depth; d++)
      for (guint i = 0; i < BS_VECTOR; i++)
        count[i] += v[i] > job->levels->threshold[(guint) low[i] + d];
    finish (job, x + from, count, codes + from, values + from);
  }
}

BS_VECTORIZED static void
encode_by_halves (gconstpointer how,
                  const float *restrict x,
                  gsize n,
                  gsize first,
                  gint32 *restrict codes,
                  float *restrict values)
{
  const Job *job = how;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    float v[BS_VECTOR];
    gint32 count[BS_VECTOR] = { 0 };
    units (job, x + from, v);
    for (gint32 step = BS_LEVELS_MAX / 2; step > 0; step /= 2)
      for (guint i = 0; i < BS_VECTOR; i++)
        count[i] += v[i] > job->levels->threshold[count[i] + step - 1] ? step : 0;
    finish (job, x + from, count, codes + from, values + from);
  }
}

static void
encode (const Job *job, const float *x, gsize n, gint32 *codes, float *values)
{
  BsVectorFunc func = job->levels->n <= FEW             ? encode_few
                      : job->levels->depth <= MAX_DEPTH ? encode_in_buckets
                                                        : encode_by_halves;

  bs_in_vectors (func, job, x, n, codes, values);
}

void
bs_levels_encode (const BsLevels *levels,
                  float scale,
                  const float *x,
                  gsize n,
                  gint32 *codes,
                  float *values)
{
  encode (&(Job){ levels, scale, G_MAXUINT32 }, x, n, codes, values);
}

void
bs_levels_encode_magnitudes (const BsLevels *levels,
                             float scale,
                             const float *x,
                             gsize n,
                             gint32 *codes,
                             float *values)
{
  encode (&(Job){ levels, scale, G_MAXINT32 }, x, n, codes, values);
}
