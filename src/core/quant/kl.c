/* Range rule: the threshold that keeps most of the histogram's information.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/kl.h"
#include "quant/range.h"

#include <glib/gi18n-lib.h>

#include <math.h>

#define BINS 2048 /* Migacz */

/* A histogram, and what sums over parts of it are made of. */
typedef struct {
  const double *bins; /* [n] */
  guint n;
  double *sums;    /* [n + 1] values before each bin */
  guint *positive; /* [n + 1] non-empty bins before each bin */
  guint *filled;   /* [positive[n]] the non-empty bins */
} Histogram;

/* divergence: of bins 0 … n−1 with the tail added to the last, against the same bins merged into
 * `levels` codes. */
static double
divergence (const Histogram *h, guint n, guint levels)
{
  double total = h->sums[h->n], kept = h->sums[n], tail = total - kept, spread = 0, kl = 0;
  guint end = 0;

  if (h->bins[n - 1] == 0 && tail > 0) /* nothing merged is where the tail is */
    return INFINITY;
  for (guint k = 0; k < h->positive[n]; k++) {
    guint i = h->filled[k];
    if (i >= end) { /* the next code with values: from ⌊j n / levels⌋ to ⌊(j + 1) n / levels⌋ */
      guint64 j = ((guint64) (i + 1) * levels - 1) / n;
      guint from = (guint) (j * n / levels);
      end = (guint) ((j + 1) * n / levels);
      spread = (h->sums[end] - h->sums[from]) / (h->positive[end] - h->positive[from]) / kept;
    }
    double p = (h->bins[i] + (i + 1 == n ? tail : 0)) / total;
    kl += p * log (p / spread);
  }
  return kl;
}

guint
bs_kl_threshold (const double *bins, guint n_bins, guint levels, double *kl)
{
  g_autofree double *sums = g_new0 (double, n_bins + 1);
  g_autofree guint *positive = g_new0 (guint, n_bins + 1), *filled = g_new (guint, n_bins + 1);
  const Histogram h = { bins, n_bins, sums, positive, filled };
  double least = INFINITY;
  guint best = n_bins;

  for (guint i = 0; i < n_bins; i++) {
    sums[i + 1] = sums[i] + bins[i];
    positive[i + 1] = positive[i] + (bins[i] > 0);
    filled[positive[i]] = i; /* replaced by the next when it is empty */
  }
  for (guint n = n_bins; n >= levels && n > 0; n--) {
    if (sums[n] == 0)
      break;
    double d = divergence (&h, n, levels);
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

/* clip: to that many of the n_bins. */
static void
clip (guint kept, guint n_bins, double width, double min, double max, BsInterval *out)
{
  double threshold = kept == n_bins ? MAX (-min, max) : kept * width;

  *out = (BsInterval){ MAX (min, -threshold), MIN (max, threshold) };
}

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  double bins[BS_STATS_BINS / 2];
  guint n_bins = 1, levels = levels_of (spec, stats->min >= 0 || stats->max <= 0);

  for (guint i = 0; i < BS_STATS_BINS / 2; i++) {
    bins[i] =
      (double) stats->bins[BS_STATS_BINS / 2 + i] + (double) stats->bins[BS_STATS_BINS / 2 - 1 - i];
    if (bins[i] > 0)
      n_bins = i + 1;
  }
  guint kept = n_bins;
  if (spec->bits <= BS_STATS_KL_BITS) { /* every configuration of a sweep asks for the same */
    gint *known = (gint *) &stats->kl_bins[g_bit_storage (levels) - 1];
    kept = (guint) g_atomic_int_get (known);
    if (kept == 0) {
      kept = bs_kl_threshold (bins, n_bins, levels, NULL);
      g_atomic_int_set (known, (gint) kept);
    }
  }
  clip (kept, n_bins, stats->bin_width, stats->min, stats->max, out);
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
  *out = all;
  if (amax > 0 && spec->bits <= BS_STATS_KL_BITS)
    clip (bs_kl_threshold (bins, BINS, levels_of (spec, all.lo >= 0 || all.hi <= 0), NULL), BINS,
          amax / BINS, all.lo, all.hi, out);
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
