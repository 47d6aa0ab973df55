/* Optimal code books in one dimension.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_kmeans: k levels with the least squared error for the values.
 *
 *   x       finite values
 *   levels  [k], rising; fewer distinct values than levels: the last value repeated
 *
 * Exact   up to 4096 distinct values: dynamic programming. Beyond: the values are first gathered in
 * 65536 bins, the optimum for 2048 joined bins is found exactly and then improved by Lloyd's
 * iteration on all bins. Source  Wang and Song, Ckmeans.1d.dp, R Journal 2011, with divide and
 * conquer, O(k n log n); Lloyd 1982. */
void bs_kmeans (const float *x, gsize n, guint k, double *levels);

G_END_DECLS
