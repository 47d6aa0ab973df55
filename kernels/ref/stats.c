/* Minimum, histogram and error statistics in plain C, on 16 virtual lanes: the definition of
 * their results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>

enum { LANES = 16 };

/* Adds lanes pairwise: (i, i + 8), (i, i + 4), (i, i + 2), (0, 1). */
static double
reduce (float *lane)
{
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++)
      lane[i] += lane[i + width];
  return (double) lane[0];
}

static void
minmax (const float *x, size_t n, float *min, float *max, size_t *n_not_finite)
{
  for (size_t i = 0; i < n; i++) {
    if (!isfinite (x[i])) {
      *n_not_finite += 1;
      continue;
    }
    *min = x[i] < *min ? x[i] : *min;
    *max = x[i] > *max ? x[i] : *max;
  }
}

static void
minmax_rows (const float *x,
             size_t rows,
             size_t inner,
             float *min,
             float *max,
             size_t *n_not_finite)
{
  for (size_t row = 0; row < rows; row++) {
    min[row] = INFINITY;
    max[row] = -INFINITY;
    minmax (x + row * inner, inner, &min[row], &max[row], n_not_finite);
  }
}

static void
histogram_index (const float *x, size_t n, float lo, float m, int bins, uint16_t *index)
{
  float top = (float) (bins - 1);

  for (size_t i = 0; i < n; i++) {
    float t = (x[i] - lo) * m;

    if (isnan (x[i])) {
      index[i] = (uint16_t) bins;
      continue;
    }
    t = t > 0 ? t : 0;
    t = t < top ? t : top;
    index[i] = (uint16_t) (int32_t) t;
  }
}

typedef struct {
  float sum[LANES], sum_sq[LANES], err_sum[LANES], err_sq[LANES], xy[LANES], y_sq[LANES];
} Lanes;

static void
account (Lanes *lanes, BskStats *stats, size_t lane, float x, float y, float e)
{
  float size = fabsf (e);

  stats->count++;
  stats->min = x < stats->min ? x : stats->min;
  stats->max = x > stats->max ? x : stats->max;
  stats->err_max = size > stats->err_max ? size : stats->err_max;
  lanes->sum[lane] += x;
  lanes->sum_sq[lane] = fmaf (x, x, lanes->sum_sq[lane]);
  lanes->err_sum[lane] += e;
  lanes->err_sq[lane] = fmaf (e, e, lanes->err_sq[lane]);
  lanes->xy[lane] = fmaf (x, y, lanes->xy[lane]);
  lanes->y_sq[lane] = fmaf (y, y, lanes->y_sq[lane]);
}

static void
close_block (Lanes *lanes, BskStats *stats)
{
  stats->sum += reduce (lanes->sum);
  stats->sum_sq += reduce (lanes->sum_sq);
  stats->err_sum += reduce (lanes->err_sum);
  stats->err_sq += reduce (lanes->err_sq);
  stats->xy += reduce (lanes->xy);
  stats->y_sq += reduce (lanes->y_sq);
}

static void
error_row (const float *x, size_t n, const BskQParams *p, Lanes *lanes, BskStats *stats)
{
  float lo = (float) (p->qmin - p->zero_point), hi = (float) (p->qmax - p->zero_point);

  for (size_t i = 0; i < n; i++) {
    float r, code;

    if (!isfinite (x[i])) {
      stats->n_not_finite++;
      continue;
    }
    r = rintf (x[i] / p->scale);
    code = r < lo ? lo : r > hi ? hi : r;
    stats->clipped_low += r < lo;
    stats->clipped_high += r > hi;
    account (lanes, stats, i % LANES, x[i], code * p->scale, fmaf (-code, p->scale, x[i]));
  }
}

static void
error_rows (const float *x,
            size_t rows,
            size_t inner,
            const BskQParams *p,
            size_t ahead,
            BskStats *stats)
{
  Lanes lanes = { 0 };

  for (size_t row = 0; row < rows; row++)
    error_row (x + row * inner, inner, &p[row], &lanes, stats);
  close_block (&lanes, stats);
}

static void
compare_block (const float *x, const float *y, size_t n, size_t ahead, BskStats *stats)
{
  Lanes lanes = { 0 };

  for (size_t i = 0; i < n; i++) {
    if (!isfinite (x[i]) || !isfinite (y[i])) {
      stats->n_not_finite++;
      continue;
    }
    account (&lanes, stats, i % LANES, x[i], y[i], x[i] - y[i]);
  }
  close_block (&lanes, stats);
}

void
bsk_ref_stats_init (BskTable *table)
{
  table->minmax = minmax;
  table->minmax_rows = minmax_rows;
  table->histogram_index = histogram_index;
  table->error_rows = error_rows;
  table->compare_block = compare_block;
}
