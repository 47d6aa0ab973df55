/* Quantizers for a known distribution: the expected error of any levels, and the best levels there
 * are. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BS_DENSITY_NORMAL,
  BS_DENSITY_LAPLACE
} BsDensity; /* both with mean 0 and variance 1 */

/* bs_density_mse: expected squared error when each value goes to the nearest of n rising levels.
 * Source  partial moments of the density in closed form. */
double bs_density_mse (BsDensity density, const double *levels, gsize n);

/* bs_density_lloyd_max: the n levels with the least expected squared error: each the mean of its
 * cell, cells ending half-way between levels. levels  [n], rising; n ≤ 4096 Returns   their error.
 * Source    Max 1960; Lloyd 1982. Newton's method on the two conditions, from the companding
 * solution of Panter and Dite 1951. */
double bs_density_lloyd_max (BsDensity density, guint n, double *levels);

G_END_DECLS
