/* Streamed statistics of one tensor: made once, merged in shard order, never grows with the data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_STATS_BINS 4096

/* The histogram has fixed bins over [−bin_width · BINS/2, bin_width · BINS/2), bin_width a power of two that doubles (pairs of
 * bins merge) when a value does not fit; so merging is exact and does not depend on the order of values. */
typedef struct {
  guint64 count;                        /* finite values */
  guint64 n_nan, n_pos_inf, n_neg_inf;  /* not among count */
  double min, max;                      /* of finite values; min > max when count == 0 */
  double sum, sum_sq, sum_abs;
  double bin_width;                     /* 0: no value seen but zeros */
  guint64 bins[BS_STATS_BINS];
  double average_min, average_max;      /* moving average over batches, constant 0.01 */
  guint64 n_batches;
} BsStats;

void bs_stats_init (BsStats *stats);
void bs_stats_add (BsStats *stats, const float *x, gsize n); /* one batch */
void bs_stats_merge (BsStats *into, const BsStats *from);

/* bs_stats_quantile: value below which share (0 … 1) of the finite values lie, linear inside a bin; exact at 0 and 1. */
double bs_stats_quantile (const BsStats *stats, double share);
double bs_stats_mean (const BsStats *stats);

G_END_DECLS
