/* Racing: whether the samples seen so far are enough to give a configuration up.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "base/stride.h"
#include "study/study_private.h"

/* Half width of the interval that must lie below the bar, in standard deviations: 99.9 %, and not the
 * 95 % that results show, since many configurations are looked at several times each. */
#define RACE_Z 3.2905
#define UNFAIR 1e-3 /* chance below which a mix of classes is not taken for a fair sample */

guint *
bs_race_order (guint n_shards)
{
  guint *order = g_new (guint, n_shards + 1), last = (MAX (n_shards, 1) - 1) / 2,
        step = bs_stride (MAX (last, 1));

  for (guint pair = 0, at = 0; pair < last; pair++, at = (at + step) % last)
    for (guint k = 0; k < 2; k++)
      order[2 * pair + k] = 2 * at + k;
  for (guint i = 2 * last; i < n_shards; i++)
    order[i] = i;
  return order;
}

/* Data sorted by class would show the first classes only: the float model must see all classes as
 * often among the samples of these shards as among all. A χ² test. */
static gboolean
is_fair (const BsStudy *study, guint shard, const guint *order, guint taken)
{
  guint classes = study->judge.classes, n = study->dataset->n, kinds = 0;
  g_autofree guint *all = g_new0 (guint, classes + 1), *seen = g_new0 (guint, classes + 1);
  double chi = 0, share, n_seen = 0;

  if (study->judge.rows != 1)
    return TRUE; /* tokens of a sample have all kinds of classes */
  for (guint i = 0; i < n; i++)
    all[study->reference_class[i]]++;
  for (guint k = 0; k < taken; k++)
    for (guint i = order[k] * shard; i < MIN ((order[k] + 1) * shard, n); i++, n_seen++)
      seen[study->reference_class[i]]++;
  share = n_seen / n;
  for (guint c = 0; c < classes; c++) {
    double expected = all[c] * share;
    if (all[c] == 0)
      continue;
    kinds++;
    chi += (seen[c] - expected) * (seen[c] - expected) / (expected * (1 - share));
  }
  return kinds < 2 || gsl_cdf_chisq_Q (chi, kinds - 1) >= UNFAIR;
}

/* The quality of the samples so far, and the upper end of its interval; +INFINITY where there is
 * none. */
static double
estimate (const BsStudy *study, const BsShardSums *sums, double *upper)
{
  gboolean labels = study->dataset->labels != NULL;
  double n = (double) sums->n, lo;

  *upper = INFINITY;
  if (study->judge.classes == 0 || sums->n == 0)
    return INFINITY;
  if (labels && study->judge.next_token) { /* of −perplexity */
    double mean = sums->nll / n, deviation = sqrt (MAX (sums->nll_sq / n - mean * mean, 0) / n);
    *upper = -exp (mean - RACE_Z * deviation);
    return -exp (mean);
  }
  guint64 k = labels ? sums->n_correct : sums->n_agree;
  bs_wilson_bounds (k, sums->n, RACE_Z, &lo, upper);
  return (double) k / n;
}

BsRaceState
bs_race_look (const BsStudy *study,
              const BsShardSums *sums,
              guint shard,
              const guint *order,
              guint taken,
              double bar)
{
  double upper, now = estimate (study, sums, &upper);

  if (!is_fair (study, shard, order, taken))
    return BS_RACE_OPEN;
  return now >= bar ? BS_RACE_KEPT : upper < bar ? BS_RACE_LOST : BS_RACE_OPEN;
}
