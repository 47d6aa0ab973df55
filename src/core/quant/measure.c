/* Measures: how far a quantized tensor or output is from the original.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/measure.h"

#include "base/transcendental.h"

#include <math.h>

#define BLOCK                                                                                      \
  4096 /* values summed before they join the total: keeps the rounding error of long sums small */

#define LANES BS_VECTOR /* partial sums, so that the compiler makes vectors of them */

typedef struct {
  double count[LANES], x[LANES], sq_x[LANES], sq_y[LANES], xy[LANES], err[LANES], sq_err[LANES],
    max_abs[LANES];
} Lanes;

BS_INLINE void
add_lanes (Lanes *sums, const float *x, const float *y)
{
  for (guint j = 0; j < LANES; j++) {
    double a = x[j], b = y[j], err = b - a;
    gboolean finite = err - err == 0;
    a = bs_select_f64 (finite, a, 0);
    b = bs_select_f64 (finite, b, 0);
    err = bs_select_f64 (finite, err, 0);
    sums->count[j] += finite;
    sums->x[j] += a;
    sums->sq_x[j] += a * a;
    sums->sq_y[j] += b * b;
    sums->xy[j] += a * b;
    sums->err[j] += err;
    sums->sq_err[j] += err * err;
    err = fabs (err);
    sums->max_abs[j] = bs_select_f64 (err > sums->max_abs[j], err, sums->max_abs[j]);
  }
}

static double
total (const double *lanes)
{
  double sum = 0;

  for (guint j = 0; j < LANES; j++)
    sum += lanes[j];
  return sum;
}

BS_VECTORIZED static void
add_block (BsErrorSums *sums, const float *x, const float *y, gsize n)
{
  Lanes lanes = { 0 };
  gsize whole = n - n % LANES;
  float rest_x[LANES] = { 0 }, rest_y[LANES] = { 0 };

  for (gsize i = 0; i < whole; i += LANES)
    add_lanes (&lanes, x + i, y + i);
  for (gsize i = whole; i < n; i++) {
    rest_x[i - whole] = x[i];
    rest_y[i - whole] = y[i];
  }
  gsize padding = 0;
  if (whole < n) {
    add_lanes (&lanes, rest_x, rest_y); /* zeros add nothing but themselves to the count */
    padding = LANES - (n - whole);
  }
  gsize count = (gsize) total (lanes.count) - padding;
  sums->count += count;
  sums->n_not_finite += n - count;
  sums->sum_x += total (lanes.x);
  sums->sum_sq_x += total (lanes.sq_x);
  sums->sum_sq_y += total (lanes.sq_y);
  sums->sum_xy += total (lanes.xy);
  sums->sum_err += total (lanes.err);
  sums->sum_sq_err += total (lanes.sq_err);
  for (guint j = 0; j < LANES; j++)
    sums->max_abs = MAX (sums->max_abs, lanes.max_abs[j]);
}

void
bs_error_sums_add (BsErrorSums *sums, const float *x, const float *y, gsize n)
{
  for (gsize i = 0; i < n; i += BLOCK)
    add_block (sums, x + i, y + i, MIN (n - i, BLOCK));
}

/* The kernels add up in float, 256 values a lane: squares outside of this would be lost. */
#define SMALLEST 1e-17f
#define LARGEST 1e17f

/* The kernels' error is x − y, ours y − x. */
void
bs_error_sums_add_stats (BsErrorSums *sums, const BskStats *stats)
{
  sums->count += stats->count;
  sums->n_not_finite += stats->n_not_finite;
  sums->sum_x += stats->sum;
  sums->sum_sq_x += stats->sum_sq;
  sums->sum_sq_y += stats->y_sq;
  sums->sum_xy += stats->xy;
  sums->sum_err -= stats->err_sum;
  sums->sum_sq_err += stats->err_sq;
  sums->max_abs = MAX (sums->max_abs, stats->err_max);
}

void
bs_error_sums_compare (BsErrorSums *sums, const float *x, const float *y, gsize n)
{
  BskStats stats;

  if (n == 0)
    return;
  bsk_stats_init (&stats);
  bsk_compare (x, y, n, &stats);
  float largest = MAX (MAX (-stats.min, stats.max), stats.err_max);
  gboolean fits = largest < LARGEST && (stats.err_max > SMALLEST || stats.err_max == 0) &&
                  (largest > SMALLEST || largest == 0);
  if (fits || stats.count == 0)
    bs_error_sums_add_stats (sums, &stats);
  else
    bs_error_sums_add (sums, x, y, n);
}

void
bs_error_sums_merge (BsErrorSums *into, const BsErrorSums *from)
{
  into->count += from->count;
  into->n_not_finite += from->n_not_finite;
  into->sum_x += from->sum_x;
  into->sum_sq_x += from->sum_sq_x;
  into->sum_sq_y += from->sum_sq_y;
  into->sum_xy += from->sum_xy;
  into->sum_err += from->sum_err;
  into->sum_sq_err += from->sum_sq_err;
  into->max_abs = MAX (into->max_abs, from->max_abs);
}

double
bs_error_mse (const BsErrorSums *sums)
{
  return sums->count > 0 ? sums->sum_sq_err / (double) sums->count : 0;
}

double
bs_error_sqnr_db (const BsErrorSums *sums)
{
  if (sums->sum_sq_err == 0)
    return INFINITY;
  if (sums->sum_sq_x == 0)
    return -INFINITY;
  return 10 * log10 (sums->sum_sq_x / sums->sum_sq_err);
}

double
bs_error_cosine (const BsErrorSums *sums)
{
  if (sums->sum_sq_x == 0 && sums->sum_sq_y == 0)
    return 1;
  if (sums->sum_sq_x == 0 || sums->sum_sq_y == 0)
    return 0;
  return sums->sum_xy / (sqrt (sums->sum_sq_x) * sqrt (sums->sum_sq_y));
}

double
bs_error_mean (const BsErrorSums *sums)
{
  return sums->count > 0 ? sums->sum_err / (double) sums->count : 0;
}

double
bs_error_relative_l2 (const BsErrorSums *sums)
{
  if (sums->sum_sq_err == 0)
    return 0;
  return sums->sum_sq_x == 0 ? INFINITY : sqrt (sums->sum_sq_err / sums->sum_sq_x);
}

guint
bs_argmax (const float *x, guint n)
{
  guint best = 0;

  for (guint i = 1; i < n; i++)
    if (x[i] > x[best] || (isnan (x[best]) && !isnan (x[i])))
      best = i;
  return best;
}

guint
bs_rank (const float *x, guint n, guint label)
{
  guint rank = 0;

  for (guint i = 0; i < n; i++)
    rank +=
      x[i] > x[label] || (x[i] == x[label] && i < label) || (isnan (x[label]) && !isnan (x[i]));
  return rank;
}

/* log_sum_exp: with the largest member taken out, so that nothing overflows. */
static double
log_sum_exp (const float *x, guint n)
{
  double max = -INFINITY, sum = 0;

  for (guint i = 0; i < n; i++)
    max = x[i] > max ? x[i] : max;
  if (!isfinite (max))
    return max;
  for (guint i = 0; i < n; i++)
    sum += exp (x[i] - max);
  return max + log (sum);
}

double
bs_negative_log_likelihood (const float *x, guint n, guint label)
{
  return log_sum_exp (x, n) - x[label];
}

/* Σ over the classes of one row, log-sum-exp with the largest member taken out. */
typedef struct {
  double ref, test, gap; /* Σ e^r, Σ e^t, Σ e^r (r − t) */
} RowSums;

/* x[j]: member i of row j. */
BS_INLINE void
read_column (const float *rows, const gsize *at, guint i, double *x)
{
  for (guint j = 0; j < BS_VECTOR; j++)
    x[j] = rows[at[j] + i];
}

BS_INLINE void
find_largest (const float *rows, const gsize *at, guint n, double *largest)
{
  double x[BS_VECTOR];

  for (guint j = 0; j < BS_VECTOR; j++)
    largest[j] = -INFINITY;
  for (guint i = 0; i < n; i++) {
    read_column (rows, at, i, x);
    for (guint j = 0; j < BS_VECTOR; j++)
      largest[j] = bs_select_f64 (x[j] > largest[j], x[j], largest[j]);
  }
}

/* BS_VECTOR rows at once, row j from at[j] on. */
BS_VECTORIZED static void
add_up_rows (const float *ref, const float *test, const gsize *at, guint n, RowSums *rows)
{
  double largest_ref[BS_VECTOR], largest_test[BS_VECTOR], x[BS_VECTOR], y[BS_VECTOR];
  double sum_ref[BS_VECTOR] = { 0 }, sum_test[BS_VECTOR] = { 0 }, gap[BS_VECTOR] = { 0 };

  find_largest (ref, at, n, largest_ref);
  find_largest (test, at, n, largest_test);
  for (guint i = 0; i < n; i++) {
    read_column (ref, at, i, x);
    read_column (test, at, i, y);
    for (guint j = 0; j < BS_VECTOR; j++) {
      double r = x[j] - largest_ref[j], t = y[j] - largest_test[j], e = bs_exp (r);
      /* what cannot be adds nothing, whatever the other says */
      sum_ref[j] += bs_select_f64 (r == -INFINITY, 0, e);
      gap[j] += bs_select_f64 (r == -INFINITY, 0, e * (r - t));
      sum_test[j] += bs_select_f64 (t != t, t, bs_exp (t));
    }
  }
  for (guint j = 0; j < BS_VECTOR; j++)
    rows[j] = (RowSums){ sum_ref[j], sum_test[j], gap[j] };
}

double
bs_kl_divergence (const float *ref, const float *test, gsize rows, guint n)
{
  RowSums sums[BS_VECTOR];
  gsize at[BS_VECTOR];
  double kl = 0;

  for (gsize row = 0; row < rows; row += BS_VECTOR) {
    gsize count = MIN (rows - row, BS_VECTOR);
    for (gsize j = 0; j < BS_VECTOR; j++)
      at[j] = (row + MIN (j, count - 1)) * n;
    add_up_rows (ref, test, at, n, sums);
    for (gsize j = 0; j < count; j++)
      kl += sums[j].gap / sums[j].ref - log (sums[j].ref / sums[j].test);
  }
  return kl;
}

void
bs_wilson_interval (guint64 k, guint64 n, double *lo, double *hi)
{
  bs_wilson_bounds (k, n, 1.959963984540054, lo,
                    hi); /* 97.5 % quantile of the normal distribution */
}

void
bs_wilson_bounds (guint64 k, guint64 n, double z, double *lo, double *hi)
{
  *lo = 0;
  *hi = 1;
  if (n == 0)
    return;
  double p = (double) k / (double) n, zn = z * z / (double) n;
  double centre = (p + zn / 2) / (1 + zn);
  double half = z * sqrt (p * (1 - p) / (double) n + zn / (4 * (double) n)) / (1 + zn);
  if (k > 0)
    *lo = MAX (centre - half, 0);
  if (k < n)
    *hi = MIN (centre + half, 1);
}
