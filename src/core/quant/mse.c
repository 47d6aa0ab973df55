/* Range rule: the interval with the smallest mean squared error.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/mse.h"
#include "quant/encoding.h"

#include <bsk.h>
#include <glib/gi18n-lib.h>

#include <math.h>

#define STEPS 100 /* of the grid: methods, calibrators */
#define COARSE 10 /* steps per end of an affine interval, then refined around the winner */
#define MAX_TRIED ((COARSE + 1) * (COARSE + 1)) /* settings in one pass */
#define GOLDEN_STEPS 12                         /* narrows two grid steps to under 1 % of one */
#define ROUNDER 0x1.8p52 /* v + ROUNDER − ROUNDER is v rounded half to even for |v| < 2⁵¹ */

double
bs_mse_integer (const float *x, gsize n, double scale, gint32 zero, gint32 qmin, gint32 qmax)
{
  double lo = (double) qmin - zero, hi = (double) qmax - zero, total = 0;

  for (gsize from = 0; from < n; from += 4096) {
    gsize end = MIN (from + 4096, n);
    double sum = 0;
    for (gsize i = from; i < end; i++) {
      double v = x[i] / scale;
      v = v < lo ? lo : v;
      v = v > hi ? hi : v;
      double err = (v + ROUNDER - ROUNDER) * scale - x[i];
      sum += err * err;
    }
    total += sum;
  }
  return total / (double) n;
}

guint
bs_mse_grid (const float *x,
             gsize n,
             double amax,
             gint32 qmin,
             gint32 qmax,
             guint steps,
             double *mse)
{
  double least = INFINITY;
  guint best = steps;

  for (guint i = steps; i >= 1; i--) {
    double d = bs_mse_integer (x, n, amax * i / steps / qmax, 0, qmin, qmax);
    if (d < least) {
      least = d;
      best = i;
    }
  }
  if (mse != NULL)
    *mse = least;
  return best;
}

/* What is searched: values, or the middles of histogram bins with how often each was seen. */
typedef struct {
  const BsSpec *spec;
  const float *x;
  const double *weight; /* NULL: 1 each */
  gsize n;
  BsQuant *scratch;
} Search;

static double
weighted_mse (const Search *search, const float *y)
{
  double sum = 0, total = 0;

  for (gsize i = 0; i < search->n; i++) {
    double err = (double) y[i] - search->x[i], w = search->weight != NULL ? search->weight[i] : 1;
    sum += w * err * err;
    total += w;
  }
  return sum / total;
}

/* mse_by_kernel: integers on values: all settings in one pass over memory. */
static void
mse_by_kernel (const Search *search, const BsInterval *intervals, guint n, double *mse)
{
  BskQParams settings[MAX_TRIED] = { 0 };

  for (guint i = 0; i < n; i++) {
    bs_quant_params (search->spec, &intervals[i], &settings[i]);
    mse[i] = 0;
  }
  BskStatus status = bsk_error_sweep (search->x, search->n, settings, n, mse, NULL);
  g_assert (status == BSK_OK);
  for (guint i = 0; i < n; i++)
    mse[i] /= (double) search->n;
}

static void
try_all (Search *search, const BsInterval *intervals, guint n, double *mse)
{
  g_assert (n <= MAX_TRIED);
  if (search->weight == NULL && search->spec->rounding == BS_ROUND_HALF_EVEN &&
      bs_spec_integer_codes (search->spec, NULL, NULL)) {
    mse_by_kernel (search, intervals, n, mse);
    return;
  }
  for (guint i = 0; i < n; i++)
    mse[i] = search->spec->encoding->encode (search->scratch, search->x, &intervals[i], NULL)
               ? weighted_mse (search, search->scratch->values)
               : INFINITY;
}

/* search_share: shrinks both ends together: a grid, then golden section around its winner. */
static void
search_share (Search *search, double lo, double hi, BsInterval *out)
{
  const double ratio = 0.6180339887498949; /* of the golden section */
  BsInterval tried[STEPS];
  double mse[STEPS], least = INFINITY, best = 1;

  for (guint i = 0; i < STEPS; i++)
    tried[i] = (BsInterval){ lo * (STEPS - i) / STEPS, hi * (STEPS - i) / STEPS };
  try_all (search, tried, STEPS, mse);
  for (guint i = 0; i < STEPS; i++)
    if (mse[i] < least) { /* from the largest down: ties go to it */
      least = mse[i];
      best = (double) (STEPS - i) / STEPS;
    }
  double a = MAX (best - 1.0 / STEPS, 0.25 / STEPS), b = MIN (best + 1.0 / STEPS, 1);
  for (guint i = 0; i < GOLDEN_STEPS; i++) {
    double at[2] = { b - ratio * (b - a), a + ratio * (b - a) };
    for (guint k = 0; k < 2; k++)
      tried[k] = (BsInterval){ lo * at[k], hi * at[k] };
    try_all (search, tried, 2, mse);
    for (guint k = 0; k < 2; k++)
      if (mse[k] < least) { /* the error is not unimodal: keep the best point seen */
        least = mse[k];
        best = at[k];
      }
    if (mse[0] <= mse[1])
      b = at[1];
    else
      a = at[0];
  }
  *out = (BsInterval){ lo * best, hi * best };
}

/* search_both: each end shrinks on its own, on a coarse grid, then on a fine one around the winner.
 */
static void
search_both (Search *search, double lo, double hi, BsInterval *out)
{
  double mse[MAX_TRIED], least = INFINITY, step = 1.0 / COARSE;
  double best_lo = 1, best_hi = 1, centre_lo = 0.5, centre_hi = 0.5;
  BsInterval tried[MAX_TRIED];
  double shares[MAX_TRIED][2];

  for (guint round = 0; round < 2; round++) {
    guint n = 0;
    for (int i = COARSE / 2; i >= -COARSE / 2; i--)
      for (int j = COARSE / 2; j >= -COARSE / 2; j--) {
        double share_lo = centre_lo + i * step, share_hi = centre_hi + j * step;
        if (share_lo <= 0 || share_lo > 1 || share_hi <= 0 || share_hi > 1)
          continue;
        shares[n][0] = share_lo;
        shares[n][1] = share_hi;
        tried[n++] = (BsInterval){ lo * share_lo, hi * share_hi };
      }
    try_all (search, tried, n, mse);
    for (guint i = 0; i < n; i++)
      if (mse[i] < least) {
        least = mse[i];
        best_lo = shares[i][0];
        best_hi = shares[i][1];
      }
    centre_lo = best_lo;
    centre_hi = best_hi;
    step /= COARSE / 2;
  }
  *out = (BsInterval){ lo * best_lo, hi * best_hi };
}

static gboolean
run (Search *search, double min, double max, BsInterval *out, GError **error)
{
  double lo = MIN (min, 0), hi = MAX (max, 0), amax = MAX (-lo, hi);

  *out = (BsInterval){ lo, hi };
  if (lo == hi || bs_spec_is_float (search->spec) ||
      (search->spec->encoding->flags & BS_ENCODING_OWN_RANGE) != 0)
    return TRUE;
  search->scratch = bs_quant_scratch (search->spec, search->n, error);
  if (search->scratch == NULL)
    return FALSE;
  if (!search->spec->affine)
    search_share (search, -amax, amax, out);
  else if (lo < 0 && hi > 0)
    search_both (search, lo, hi, out);
  else
    search_share (search, lo, hi, out);
  bs_quant_unref (search->scratch);
  return TRUE;
}

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  g_autofree float *middles = g_new (float, BS_STATS_BINS);
  g_autofree double *weight = g_new (double, BS_STATS_BINS);
  Search search = { spec, middles, weight, 0, NULL };

  for (guint i = 0; i < BS_STATS_BINS; i++)
    if (stats->bins[i] > 0) {
      double middle = bs_stats_bin_low (stats, i) + stats->bin_width / 2;
      middles[search.n] = (float) CLAMP (middle, stats->min, stats->max);
      weight[search.n++] = (double) stats->bins[i];
    }
  return run (&search, stats->min, stats->max, out, error);
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  Search search = { spec, x, NULL, n, NULL };
  BsInterval all;

  bs_range_minmax.choose_values (x, n, spec, &all, NULL);
  return run (&search, all.lo, all.hi, out, error);
}

const BsRange bs_range_mse = {
  .id = "mse",
  .title = N_ ("Least squared error"),
  .description = N_ (
    "Searches the interval whose codes give the smallest mean squared error: one hundred shrunken "
    "copies "
    "of the range, refined by golden section around the best; for affine codes both ends shrink on "
    "their "
    "own. Trades a few clipped values against smaller steps for all others. Source: Nagel et al., "
    "arXiv:2106.08295, section 3.1; Choukroun et al., arXiv:1902.06822."),
  .choose = choose,
  .choose_values = choose_values,
};
