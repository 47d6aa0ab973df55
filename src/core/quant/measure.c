/* Measures: how far a quantized tensor or output is from the original.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/measure.h"

#include <math.h>

#define BLOCK                                                                                      \
  4096 /* values summed before they join the total: keeps the rounding error of long sums small */

static void
add_block (BsErrorSums *sums, const float *x, const float *y, gsize n)
{
  double sum_x = 0, sum_sq_x = 0, sum_sq_y = 0, sum_xy = 0, sum_err = 0, sum_sq_err = 0,
         max_abs = 0;
  gsize skipped = 0;

  for (gsize i = 0; i < n; i++) {
    double a = x[i], b = y[i], err = b - a;
    if (!isfinite (a) || !isfinite (b)) {
      skipped++;
      continue;
    }
    sum_x += a;
    sum_sq_x += a * a;
    sum_sq_y += b * b;
    sum_xy += a * b;
    sum_err += err;
    sum_sq_err += err * err;
    max_abs = fabs (err) > max_abs ? fabs (err) : max_abs;
  }
  sums->count += n - skipped;
  sums->n_not_finite += skipped;
  sums->sum_x += sum_x;
  sums->sum_sq_x += sum_sq_x;
  sums->sum_sq_y += sum_sq_y;
  sums->sum_xy += sum_xy;
  sums->sum_err += sum_err;
  sums->sum_sq_err += sum_sq_err;
  sums->max_abs = MAX (sums->max_abs, max_abs);
}

void
bs_error_sums_add (BsErrorSums *sums, const float *x, const float *y, gsize n)
{
  for (gsize i = 0; i < n; i += BLOCK)
    add_block (sums, x + i, y + i, MIN (n - i, BLOCK));
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

double
bs_kl_divergence (const float *ref, const float *test, guint n)
{
  double lse_ref = log_sum_exp (ref, n), lse_test = log_sum_exp (test, n), kl = 0;

  for (guint i = 0; i < n; i++) {
    double log_p = ref[i] - lse_ref, p = exp (log_p);
    if (p > 0)
      kl += p * (log_p - (test[i] - lse_test));
  }
  return kl;
}

void
bs_wilson_interval (guint64 k, guint64 n, double *lo, double *hi)
{
  const double z = 1.959963984540054; /* 97.5 % quantile of the normal distribution */

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
