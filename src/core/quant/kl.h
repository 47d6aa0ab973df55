/* The entropy search for a clipping threshold.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_kl_threshold: how many bins of a histogram of magnitudes to keep, so that the kept part merged
 * into `levels` codes is closest to the whole in Kullback–Leibler divergence.
 *
 *   bins    [n_bins] counts, first bin at 0
 *   levels  codes to merge into; n_bins ≤ levels: all bins are kept
 *   kl      divergence of the winner in nats, may be NULL
 *
 * Returns   1 … n_bins; the threshold is that many bin widths. Ties go to the larger.
 * Source    Migacz, 8-bit inference with TensorRT, GTC 2017, S7310. */
guint bs_kl_threshold (const double *bins, guint n_bins, guint levels, double *kl);

/* bs_kl_histogram: adds magnitudes to n_bins equal bins over [0, amax]; amax itself falls in the
 * last. x finite. */
void bs_kl_histogram (const float *x, gsize n, double amax, guint n_bins, double *bins);

G_END_DECLS
