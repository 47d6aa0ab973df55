/* Minimum and maximum, histogram, error statistics: checks and blocks.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { BLOCK = BSK_ERROR_BLOCK };

/* Values that the second-level cache has room for, and as many again. */
enum { IN_CACHE = 1 << 16 };

/* How far ahead to fetch in a pass over `n` values: when these are in the cache, because they were
 * just encoded or their ranges found, what follows them will be next. */
static size_t
next_after (size_t n)
{
  return n <= IN_CACHE ? n : BSK_AHEAD;
}

static float
round_level (float x, float scale)
{
  return rintf (x / scale);
}

void
bsk_clip_points (const BskQParams *p, float *low, float *high)
{
  float lo = (float) (p->qmin - p->zero_point), hi = (float) (p->qmax - p->zero_point);

  /* The product is within a step or two of the point. */
  *high = fminf (fmaxf ((hi + 0.5f) * p->scale, -FLT_MAX), FLT_MAX);
  while (round_level (*high, p->scale) > hi)
    *high = nextafterf (*high, -INFINITY);
  while (*high < FLT_MAX && round_level (nextafterf (*high, INFINITY), p->scale) <= hi)
    *high = nextafterf (*high, INFINITY);
  *low = fminf (fmaxf ((lo - 0.5f) * p->scale, -FLT_MAX), FLT_MAX);
  while (round_level (*low, p->scale) < lo)
    *low = nextafterf (*low, INFINITY);
  while (*low > -FLT_MAX && round_level (nextafterf (*low, -INFINITY), p->scale) >= lo)
    *low = nextafterf (*low, -INFINITY);
}

/* Which zero a comparison keeps is left to the level: both become +0. */
static void
plain_zeros (float *min, float *max)
{
  *min += 0.0f;
  *max += 0.0f;
}

BskStatus
bsk_minmax (const float *x, size_t n, float *min, float *max, size_t *n_not_finite)
{
  size_t bad = 0;

  if (!min || !max || (n && !x))
    return BSK_EINVAL;
  *min = INFINITY;
  *max = -INFINITY;
  if (n)
    bsk_table ()->minmax (x, n, min, max, &bad);
  plain_zeros (min, max);
  if (n_not_finite)
    *n_not_finite = bad;
  return BSK_OK;
}

BskStatus
bsk_minmax_rows (const float *x,
                 size_t rows,
                 size_t inner,
                 float *min,
                 float *max,
                 size_t *n_not_finite)
{
  size_t bad = 0, total;

  if ((rows && (!min || !max)) || __builtin_mul_overflow (rows, inner, &total) || (total && !x))
    return BSK_EINVAL;
  if (rows)
    bsk_table ()->minmax_rows (x, rows, inner, min, max, &bad);
  for (size_t row = 0; row < rows; row++)
    plain_zeros (&min[row], &max[row]);
  if (n_not_finite)
    *n_not_finite = bad;
  return BSK_OK;
}

/* Indices of a block are computed first and counted afterwards, alternately into two small tables:
 * a run of equal values then does not wait for the store of the increment before, and the tables
 * leave the first-level cache to the stream (both measured; four tables are slower). Few bins leave
 * room for eight tables, and are hit more often in a row. */
enum { INDEX_BLOCK = 1024, SMALL_BINS = 4096, FEW_BINS = 512, AT_ONCE = 8 };

static void
count_small (const BskTable *table,
             const float *x,
             size_t n,
             float lo,
             float m,
             int bins,
             uint64_t *counts)
{
  uint32_t tables[2 * (SMALL_BINS + 1)];
  const size_t size = (size_t) bins + 1, n_tables = bins <= FEW_BINS ? AT_ONCE : 2;
  uint32_t *table_of[AT_ONCE];
  uint16_t index[INDEX_BLOCK];

  for (size_t k = 0; k < AT_ONCE; k++)
    table_of[k] = tables + k % n_tables * size;

  memset (tables, 0, n_tables * size * sizeof *tables);
  for (size_t i = 0; i < n; i += INDEX_BLOCK) {
    size_t count = n - i < INDEX_BLOCK ? n - i : INDEX_BLOCK, j = 0;

    table->histogram_index (x + i, count, lo, m, bins, index);
    for (; j + AT_ONCE <= count; j += AT_ONCE)
      for (size_t k = 0; k < AT_ONCE; k++)
        table_of[k][index[j + k]]++;
    for (; j < count; j++)
      tables[index[j]]++;
  }
  for (size_t i = 0; i < n_tables; i++)
    for (int bin = 0; bin < bins; bin++)
      counts[bin] += tables[i * size + (size_t) bin];
}

static void
count_large (const BskTable *table,
             const float *x,
             size_t n,
             float lo,
             float m,
             int bins,
             uint64_t *counts)
{
  uint16_t index[INDEX_BLOCK];

  for (size_t i = 0; i < n; i += INDEX_BLOCK) {
    size_t count = n - i < INDEX_BLOCK ? n - i : INDEX_BLOCK;

    table->histogram_index (x + i, count, lo, m, bins, index);
    for (size_t j = 0; j < count; j++)
      if (index[j] < bins)
        counts[index[j]]++;
  }
}

BskStatus
bsk_histogram (const float *x, size_t n, float lo, float hi, int bins, uint64_t *counts)
{
  const size_t part = (size_t) 1 << 30; /* no 32-bit counter overflows */
  float m;

  if (bins < 1 || bins > 32768 || !(lo < hi) || !counts || (n && !x))
    return BSK_EINVAL;
  m = (float) bins / (hi - lo);
  if (!isfinite (lo) || !isfinite (hi) || !isfinite (hi - lo) || !isfinite (m))
    return BSK_ERANGE;
  for (size_t i = 0; i < n; i += part) {
    size_t count = n - i < part ? n - i : part;

    if (bins <= SMALL_BINS)
      count_small (bsk_table (), x + i, count, lo, m, bins, counts);
    else
      count_large (bsk_table (), x + i, count, lo, m, bins, counts);
  }
  return BSK_OK;
}

void
bsk_stats_init (BskStats *stats)
{
  *stats = (BskStats){ .min = INFINITY, .max = -INFINITY };
}

void
bsk_stats_merge (BskStats *into, const BskStats *from)
{
  into->count += from->count;
  into->n_not_finite += from->n_not_finite;
  into->clipped_low += from->clipped_low;
  into->clipped_high += from->clipped_high;
  into->min = from->min < into->min ? from->min : into->min;
  into->max = from->max > into->max ? from->max : into->max;
  into->err_max = from->err_max > into->err_max ? from->err_max : into->err_max;
  into->sum += from->sum;
  into->sum_sq += from->sum_sq;
  into->err_sum += from->err_sum;
  into->err_sq += from->err_sq;
  into->xy += from->xy;
  into->y_sq += from->y_sq;
}

static void
error_run (const float *x, size_t n, const BskQParams *params, size_t ahead, BskStats *stats)
{
  for (size_t i = 0; i < n; i += BLOCK)
    bsk_table ()->error_rows (x + i, 1, n - i < BLOCK ? n - i : BLOCK, params, ahead, stats);
}

BskStatus
bsk_error (const float *x, size_t n, const BskQParams *params, BskStats *stats)
{
  BskStatus status;

  if (!params || !stats || (n && !x))
    return BSK_EINVAL;
  status = bsk_check_levels (params);
  if (!status)
    error_run (x, n, params, BSK_AHEAD, stats);
  if (!status)
    plain_zeros (&stats->min, &stats->max);
  return status;
}

BskStatus
bsk_error_rows (const float *x,
                size_t rows,
                size_t inner,
                const BskQParams *params,
                BskStats *stats)
{
  size_t total, step = inner && inner < BLOCK ? BLOCK / inner : 1, ahead;

  if (!stats || (rows && !params) || __builtin_mul_overflow (rows, inner, &total) || (total && !x))
    return BSK_EINVAL;
  for (size_t row = 0; row < rows; row++) {
    BskStatus status = bsk_check_levels (&params[row]);

    if (status)
      return status;
  }
  ahead = next_after (total);
  for (size_t row = 0; row < rows && inner; row += step) {
    if (inner > BLOCK)
      error_run (x + row * inner, inner, &params[row], ahead, stats);
    else
      bsk_table ()->error_rows (x + row * inner, rows - row < step ? rows - row : step, inner,
                                &params[row], ahead, stats);
  }
  plain_zeros (&stats->min, &stats->max);
  return BSK_OK;
}

BskStatus
bsk_compare (const float *x, const float *y, size_t n, BskStats *stats)
{
  if (!stats || (n && (!x || !y)))
    return BSK_EINVAL;
  for (size_t i = 0; i < n; i += BLOCK)
    bsk_table ()->compare_block (x + i, y + i, n - i < BLOCK ? n - i : BLOCK, next_after (n),
                                 stats);
  plain_zeros (&stats->min, &stats->max);
  return BSK_OK;
}
