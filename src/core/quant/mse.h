/* The search for the clipping threshold with the smallest mean squared error.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/range.h"

G_BEGIN_DECLS

/* bs_mse_integer: mean squared error of integer codes with a scale that is not rounded to its
 * storage type. x     finite values, n ≥ 1 zero  zero point; codes qmin … qmax */
double
bs_mse_integer (const float *x, gsize n, double scale, gint32 zero, gint32 qmin, gint32 qmax);

/* bs_mse_grid: the best of the thresholds amax · i / steps, i = 1 … steps, for symmetric codes
 * −qmax … qmax; ties go to the larger threshold. amax    largest magnitude of x, > 0 mse     of the
 * winner, may be NULL Returns   i. */
guint bs_mse_grid (const float *x,
                   gsize n,
                   double amax,
                   gint32 qmin,
                   gint32 qmax,
                   guint steps,
                   double *mse);

G_END_DECLS
