/* Streamed statistics of one tensor: made once, merged in shard order, never grows with the data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/stats.h"

#include "base/vectorize.h"
#include "bsk.h"

#include <math.h>
#include <string.h>

#define HALF (BS_STATS_BINS / 2)

void
bs_stats_init (BsStats *stats)
{
  memset (stats, 0, sizeof *stats);
  stats->min = INFINITY;
  stats->max = -INFINITY;
}

/* widen: joins bins so that one becomes 2^doublings times as wide; exact, because edges are
 * multiples of the width. */
static void
widen (BsStats *stats, int doublings)
{
  guint64 bins[BS_STATS_BINS] = { 0 };

  if (doublings <= 0)
    return;
  for (int i = 0; i < BS_STATS_BINS; i++) {
    int from = i - HALF;
    int to = doublings >= 31 ? (from < 0 ? -1 : 0) : from >> doublings; /* arithmetic: floor */
    bins[to + HALF] += stats->bins[i];
  }
  memcpy (stats->bins, bins, sizeof bins);
  stats->bin_width = ldexp (stats->bin_width, doublings);
}

/* width_for: the smallest power of two whose bins hold values of magnitude up to amax > 0. */
static double
width_for (double amax)
{
  int exponent;

  frexp (amax, &exponent); /* amax < 2^exponent = HALF · width */
  return ldexp (1, exponent) / HALF;
}

static void
make_room (BsStats *stats, double amax)
{
  if (!(amax > 0))
    return;
  if (stats->bin_width == 0) {
    stats->bin_width = width_for (amax); /* zeros seen so far stay in the bin that starts at 0 */
    return;
  }
  double wanted = width_for (amax);
  if (wanted > stats->bin_width)
    widen (stats, ilogb (wanted) - ilogb (stats->bin_width));
}

static void
add_batch (BsStats *stats, double min, double max)
{
  if (stats->n_batches == 0) {
    stats->average_min = min;
    stats->average_max = max;
  } else {
    stats->average_min += BS_STATS_CONSTANT * (min - stats->average_min);
    stats->average_max += BS_STATS_CONSTANT * (max - stats->average_max);
  }
  if (stats->n_batches < BS_STATS_BATCHES) {
    stats->batch_min[stats->n_batches] = (float) min;
    stats->batch_max[stats->n_batches] = (float) max;
  }
  stats->n_batches++;
}

/* Values whose bins are found together, as vectors, before they are counted. */
#define BLOCK 512u
/* Sums are kept in lanes, value i in lane i mod LANES, so that they can be vectors, too. */
#define LANES 8u
/* Values counted in 32 bits. */
#define CHUNK ((gsize) 1 << 30)

typedef struct {
  double sum[LANES], sum_sq[LANES], sum_abs[LANES];
  /* Neighbours are counted in tables of their own: the zeros behind a ReLU would wait for each
   * other. */
  guint32 counts[2][BS_STATS_BINS];
} Tally;

BS_VECTORIZED static void
tally_sums (Tally *tally, const float *x, guint n)
{
  double sum[LANES], sum_sq[LANES], sum_abs[LANES]; /* the compiler keeps these in registers */
  guint whole = n / LANES * LANES;

  memcpy (sum, tally->sum, sizeof sum);
  memcpy (sum_sq, tally->sum_sq, sizeof sum_sq);
  memcpy (sum_abs, tally->sum_abs, sizeof sum_abs);
  for (guint i = 0; i < whole; i += LANES)
    for (guint lane = 0; lane < LANES; lane++) {
      double v = x[i + lane];
      sum[lane] += v;
      sum_sq[lane] += v * v;
      sum_abs[lane] += fabs (v);
    }
  for (guint lane = 0; lane < n - whole; lane++) {
    double v = x[whole + lane];
    sum[lane] += v;
    sum_sq[lane] += v * v;
    sum_abs[lane] += fabs (v);
  }
  memcpy (tally->sum, sum, sizeof sum);
  memcpy (tally->sum_sq, sum_sq, sizeof sum_sq);
  memcpy (tally->sum_abs, sum_abs, sizeof sum_abs);
}

/* n finite values, up to BLOCK. 1 / bin_width = first · second, powers of two: one of them alone
 * could be too large for a float. */
BS_VECTORIZED static void
tally_bins (Tally *tally, const float *x, guint n, float first, float second)
{
  gint32 bins[BLOCK + 1];

  for (guint i = 0; i < n; i++) {
    float t = x[i] * first * second; /* exact, but for what rounds to zero */
    gint32 bin = (gint32) t;
    gboolean below = (t < (float) bin) | ((x[i] < 0) & (t == 0));
    bins[i] = bin - below + HALF; /* floor */
  }
  bins[n] = 0;
  for (guint i = 0; i < n; i += 2) {
    tally->counts[0][bins[i]]++;
    tally->counts[1][bins[i + 1]] += i + 1 < n;
  }
}

static void
add_finite (BsStats *stats, const float *x, gsize n)
{
  double inverse = stats->bin_width > 0 ? 1 / stats->bin_width : 0;
  float first = inverse > 0x1p64 ? 0x1p64f : 1, second = (float) (inverse / first);
  g_autofree Tally *tally = g_new0 (Tally, 1);

  for (gsize i = 0; i < n; i += BLOCK) {
    guint block = (guint) MIN (BLOCK, n - i);
    tally_sums (tally, x + i, block);
    tally_bins (tally, x + i, block, first, second);
  }
  for (guint lane = 0; lane < LANES; lane++) {
    stats->sum += tally->sum[lane];
    stats->sum_sq += tally->sum_sq[lane];
    stats->sum_abs += tally->sum_abs[lane];
  }
  for (guint bin = 0; bin < BS_STATS_BINS; bin++)
    stats->bins[bin] += (guint64) tally->counts[0][bin] + tally->counts[1][bin];
}

/* The finite ones among x, in order, and the others counted. (transfer full) */
static float *
sort_out (BsStats *stats, const float *x, gsize n, gsize n_finite)
{
  float *finite = g_new (float, n_finite + 1);

  for (gsize i = 0, k = 0; i < n; i++)
    if (isfinite (x[i]))
      finite[k++] = x[i];
    else if (isnan (x[i]))
      stats->n_nan++;
    else if (x[i] > 0)
      stats->n_pos_inf++;
    else
      stats->n_neg_inf++;
  return finite;
}

void
bs_stats_add (BsStats *stats, const float *x, gsize n)
{
  g_autofree float *finite = NULL;
  gsize n_others;
  float min, max;

  if (n == 0)
    return;
  bsk_minmax (x, n, &min, &max, &n_others);
  if (n_others > 0) {
    n -= n_others;
    x = finite = sort_out (stats, x, n + n_others, n);
  }
  if (n == 0)
    return;
  memset (stats->kl_bins, 0, sizeof stats->kl_bins);
  make_room (stats, MAX (-(double) min, (double) max));
  for (gsize i = 0; i < n; i += CHUNK)
    add_finite (stats, x + i, MIN (CHUNK, n - i));
  stats->count += n;
  stats->min = MIN (stats->min, (double) min);
  stats->max = MAX (stats->max, (double) max);
  add_batch (stats, min, max);
}

/* merge_averages: continues the moving average of into over the batches of from. The average is
 * linear in where it starts, so that from's needs only be shifted by what its first batch weighs.
 */
static void
merge_averages (BsStats *into, const BsStats *from)
{
  if (into->n_batches == 0) {
    into->average_min = from->average_min;
    into->average_max = from->average_max;
  } else {
    double left = pow (1 - BS_STATS_CONSTANT, (double) from->n_batches);
    into->average_min = from->average_min + left * (into->average_min - from->batch_min[0]);
    into->average_max = from->average_max + left * (into->average_max - from->batch_max[0]);
  }
  for (guint64 i = 0;
       i < from->n_batches && into->n_batches + i < BS_STATS_BATCHES && i < BS_STATS_BATCHES; i++) {
    into->batch_min[into->n_batches + i] = from->batch_min[i];
    into->batch_max[into->n_batches + i] = from->batch_max[i];
  }
  into->n_batches += from->n_batches;
}

void
bs_stats_merge (BsStats *into, const BsStats *from)
{
  into->n_nan += from->n_nan;
  into->n_pos_inf += from->n_pos_inf;
  into->n_neg_inf += from->n_neg_inf;
  if (from->count == 0)
    return;
  memset (into->kl_bins, 0, sizeof into->kl_bins);
  make_room (into, MAX (-from->min, from->max));
  /* Now into is at least as wide. From's bins go into every 2^shift-th of into. */
  int shift = from->bin_width > 0 ? ilogb (into->bin_width) - ilogb (from->bin_width) : 0;
  for (int i = 0; i < BS_STATS_BINS; i++) {
    int bin = i - HALF;
    into->bins[(shift >= 31 ? (bin < 0 ? -1 : 0) : bin >> shift) + HALF] += from->bins[i];
  }
  into->count += from->count;
  into->min = MIN (into->min, from->min);
  into->max = MAX (into->max, from->max);
  into->sum += from->sum;
  into->sum_sq += from->sum_sq;
  into->sum_abs += from->sum_abs;
  if (from->n_batches > 0)
    merge_averages (into, from);
}

gboolean
bs_stats_average (const BsStats *stats, double constant, double *min, double *max)
{
  if (constant == BS_STATS_CONSTANT) {
    *min = stats->average_min;
    *max = stats->average_max;
    return TRUE;
  }
  if (stats->n_batches > BS_STATS_BATCHES)
    return FALSE;
  *min = stats->batch_min[0];
  *max = stats->batch_max[0];
  for (guint i = 1; i < stats->n_batches; i++) {
    *min += constant * (stats->batch_min[i] - *min);
    *max += constant * (stats->batch_max[i] - *max);
  }
  return TRUE;
}

double
bs_stats_bin_low (const BsStats *stats, guint bin)
{
  return ((double) bin - HALF) * stats->bin_width;
}

double
bs_stats_quantile (const BsStats *stats, double share)
{
  double below = 0;

  if (stats->count == 0)
    return NAN;
  if (share <= 0)
    return stats->min;
  if (share >= 1)
    return stats->max;
  double target = share * (double) (stats->count - 1);
  for (guint i = 0; i < BS_STATS_BINS; i++) {
    double in = (double) stats->bins[i];
    if (in > 0 && below + in > target) {
      double v = bs_stats_bin_low (stats, i) + stats->bin_width * ((target - below + 0.5) / in);
      return CLAMP (v, stats->min, stats->max);
    }
    below += in;
  }
  return stats->max;
}

double
bs_stats_quantile_abs (const BsStats *stats, double share)
{
  double amax = MAX (-stats->min, stats->max), below = 0;

  if (stats->count == 0)
    return NAN;
  if (share >= 1)
    return amax;
  double target = MAX (share, 0) * (double) (stats->count - 1);
  for (guint i = 0; i < HALF; i++) {
    double in = (double) stats->bins[HALF + i] + (double) stats->bins[HALF - 1 - i];
    if (in > 0 && below + in > target)
      return MIN (stats->bin_width * (i + (target - below + 0.5) / in), amax);
    below += in;
  }
  return amax;
}

double
bs_stats_mean (const BsStats *stats)
{
  return stats->count > 0 ? stats->sum / (double) stats->count : NAN;
}

double
bs_stats_mean_abs_deviation (const BsStats *stats)
{
  double mean = bs_stats_mean (stats), sum = 0;

  if (stats->count == 0)
    return NAN;
  for (guint i = 0; i < BS_STATS_BINS; i++)
    if (stats->bins[i] > 0)
      sum +=
        (double) stats->bins[i] * fabs (bs_stats_bin_low (stats, i) + stats->bin_width / 2 - mean);
  return sum / (double) stats->count;
}

double
bs_stats_std (const BsStats *stats)
{
  double mean = bs_stats_mean (stats);

  return stats->count > 0 ? sqrt (MAX (stats->sum_sq / (double) stats->count - mean * mean, 0))
                          : NAN;
}
