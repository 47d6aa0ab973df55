/* Range rule: the threshold that keeps most of the histogram's information.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/kl.h"
#include "quant/range.h"

#include <glib/gi18n-lib.h>

#include <math.h>

#define BINS 2048 /* Migacz */

/* divergence: of bins 0 … n−1 with the tail added to the last, against the same bins merged into
 * `levels` codes. positive: counts of non-empty bins before each bin; sums: counts of values before
 * each bin. */
static double
divergence (const double *bins,
            const double *sums,
            const guint *positive,
            guint n,
            guint n_bins,
            guint levels)
{
  double total = sums[n_bins], tail = total - sums[n], kept = sums[n], kl = 0;

  for (guint j = 0; j < levels; j++) {
    guint from = (guint) ((guint64) j * n / levels), end = (guint) ((guint64) (j + 1) * n / levels);
    guint filled = positive[end] - positive[from];
    double spread = filled > 0 ? (sums[end] - sums[from]) / filled / kept : 0;
    for (guint i = from; i < end; i++) {
      double p = (bins[i] + (i + 1 == n ? tail : 0)) / total;
      if (p == 0)
        continue;
      if (bins[i] == 0) /* only the last, when it is the tail alone */
        return INFINITY;
      kl += p * log (p / spread);
    }
  }
  return kl;
}

guint
bs_kl_threshold (const double *bins, guint n_bins, guint levels, double *kl)
{
  g_autofree double *sums = g_new0 (double, n_bins + 1);
  g_autofree guint *positive = g_new0 (guint, n_bins + 1);
  double least = INFINITY;
  guint best = n_bins;

  for (guint i = 0; i < n_bins; i++) {
    sums[i + 1] = sums[i] + bins[i];
    positive[i + 1] = positive[i] + (bins[i] > 0);
  }
  for (guint n = n_bins; n >= levels && n > 0; n--) {
    if (sums[n] == 0)
      break;
    double d = divergence (bins, sums, positive, n, n_bins, levels);
    if (d < least) {
      least = d;
      best = n;
    }
  }
  if (kl != NULL)
    *kl = least;
  return best;
}

void
bs_kl_histogram (const float *x, gsize n, double amax, guint n_bins, double *bins)
{
  double width = amax / n_bins;

  for (gsize i = 0; amax > 0 && i < n; i++)
    bins[MIN ((guint) (fabs ((double) x[i]) / width), n_bins - 1)]++;
}

/* levels_of: codes for magnitudes: half of all, or all where only one side is there. */
static guint
levels_of (const BsSpec *spec, gboolean one_sided)
{
  return 1u << (spec->affine && one_sided ? spec->bits : spec->bits - 1);
}

static void
apply (const double *bins,
       guint n_bins,
       double width,
       double min,
       double max,
       const BsSpec *spec,
       BsInterval *out)
{
  guint levels = levels_of (spec, min >= 0 || max <= 0);
  guint n = spec->bits <= 12 ? bs_kl_threshold (bins, n_bins, levels, NULL) : n_bins;
  double threshold = n == n_bins ? MAX (-min, max) : n * width;

  *out = (BsInterval){ MAX (min, -threshold), MIN (max, threshold) };
}

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  double bins[BS_STATS_BINS / 2];
  guint n = 0;

  for (guint i = 0; i < BS_STATS_BINS / 2; i++) {
    bins[i] =
      (double) stats->bins[BS_STATS_BINS / 2 + i] + (double) stats->bins[BS_STATS_BINS / 2 - 1 - i];
    if (bins[i] > 0)
      n = i + 1;
  }
  apply (bins, MAX (n, 1), stats->bin_width, stats->min, stats->max, spec, out);
  return TRUE;
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  g_autofree double *bins = g_new0 (double, BINS);
  BsInterval all;

  bs_range_minmax.choose_values (x, n, spec, &all, NULL);
  double amax = MAX (-all.lo, all.hi);
  bs_kl_histogram (x, n, amax, BINS, bins);
  if (amax > 0)
    apply (bins, BINS, amax / BINS, all.lo, all.hi, spec, out);
  else
    *out = all;
  return TRUE;
}

const BsRange bs_range_kl = {
  .id = "kl",
  .title = N_ ("Entropy (KL)"),
  .description = N_ ("Tries every threshold of a histogram of magnitudes and keeps the one at "
                     "which the clipped histogram, "
                     "merged into as many steps as there are codes, diverges least from the whole. "
                     "Meant for 8 bits. "
                     "Source: Migacz, 8-bit inference with TensorRT, GTC 2017, S7310."),
  .choose = choose,
  .choose_values = choose_values,
};
