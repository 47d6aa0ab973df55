/* Exact quantiles of values in memory, without sorting or copying them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_quantile: the value at position (n − 1) · share of the sorted values, linear between
 * neighbours.
 *
 *   x          finite values, n ≥ 1
 *   magnitude  of |x| instead of x
 *   share      0 … 1
 *
 * Source  Hyndman and Fan 1996, definition 7: what NumPy and GSL compute. */
double bs_quantile (const float *x, gsize n, gboolean magnitude, double share);

G_END_DECLS
