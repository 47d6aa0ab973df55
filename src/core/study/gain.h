/* What corrections gained: results with one against the same configuration without it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

G_BEGIN_DECLS

/* Differences are with − without, so that larger is better: of bs_result_quality (a share where the
 * metric is one) and of the output SQNR in dB. NaN where no pair has the measure. */
typedef struct {
  char *correction;        /* "equalize", or with values as in the configuration: "prune=0.5" */
  guint n_pairs;           /* configurations measured both with and without it */
  guint n_better, n_worse; /* pairs whose difference is more than chance */
  double mean_quality, mean_db; /* over the pairs */
  BsResult *with, *without;     /* the pair whose quality gained most */
  double best_quality, best_db; /* of that pair */
  gboolean significant;         /* that pair's difference is more than chance */
} BsGain;

/* bs_gains: one row for each correction that was measured with and without, in the order corrections
 * are applied. (transfer full) array of BsGain; results are referenced. */
GArray *bs_gains (BsResult *const *results, guint n);

/* bs_gain_find: the row of a correction, by its id alone or with values; NULL: not measured. */
const BsGain *bs_gain_find (const GArray *gains, const char *correction);

/* bs_gain_text: a sentence: "In 15 pairs …: +12.30 points, +4.5 dB on average; most with … ".
 * (transfer full) */
char *bs_gain_text (const BsGain *gain);

/* bs_results_differ: whether two results differ by more than chance: shares as if they were of
 * independent samples, which errs towards chance; perplexities when their intervals are apart;
 * measures without chance in them (SQNR) always. */
gboolean bs_results_differ (const BsResult *a, const BsResult *b);

G_END_DECLS
