/* Streamed statistics of one tensor: made once, merged in shard order, never grows with the data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_STATS_BINS 4096
#define BS_STATS_KL_BITS 12  /* widest codes that the range rule kl searches for */
#define BS_STATS_BATCHES 256 /* batches whose extrema are kept */
/* Weight of a new batch in the moving average that is kept for any number of batches: the default of PyTorch's
 * MovingAverageMinMaxObserver. Others are computed from the extrema kept. */
#define BS_STATS_CONSTANT 0.01

/* The histogram has fixed bins over [−bin_width · BINS/2, bin_width · BINS/2), bin_width a power of two that doubles (pairs of
 * bins merge) when a value does not fit; so merging is exact and does not depend on the order of values. */
typedef struct {
  guint64 count;                       /* finite values */
  guint64 n_nan, n_pos_inf, n_neg_inf; /* not among count */
  double min, max;                     /* of finite values; min > max when count == 0 */
  double sum, sum_sq, sum_abs;
  double bin_width; /* 0: no value seen but zeros */
  guint64 bins[BS_STATS_BINS];
  double average_min, average_max; /* moving average over batches, BS_STATS_CONSTANT */
  guint64 n_batches;               /* with at least one finite value */
  float batch_min[BS_STATS_BATCHES], batch_max[BS_STATS_BATCHES]; /* extrema of the first batches */

  /* Bins that the range rule kl keeps for 2^i codes, 0 until it is asked. Whoever asks finds the same:
   * kl.c writes it atomically, also in statistics that are otherwise only read. */
  gint kl_bins[BS_STATS_KL_BITS + 1];
} BsStats;

void bs_stats_init (BsStats *stats);
void bs_stats_add (BsStats *stats, const float *x, gsize n); /* one batch */
void bs_stats_merge (BsStats *into, const BsStats *from);

/* bs_stats_quantile: value below which share (0 … 1) of the finite values lie, linear inside a bin; exact at 0 and 1. */
double bs_stats_quantile (const BsStats *stats, double share);
double bs_stats_quantile_abs (const BsStats *stats, double share); /* of magnitudes */
double bs_stats_mean (const BsStats *stats);
double bs_stats_std (const BsStats *stats);
double bs_stats_mean_abs_deviation (const BsStats *stats); /* mean |x − mean|, to half a bin */

/* bs_stats_bin_low: lower edge of a bin; it ends bin_width above. */
double bs_stats_bin_low (const BsStats *stats, guint bin);

/* bs_stats_average: moving averages of the batch extrema, average += constant · (batch − average), starting at the
 * first batch. FALSE when there were more than BS_STATS_BATCHES batches and constant is not BS_STATS_CONSTANT. */
gboolean bs_stats_average (const BsStats *stats, double constant, double *min, double *max);

G_END_DECLS
