/* Clipping thresholds from a model of the distribution.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { BS_ACIQ_LAPLACE, BS_ACIQ_GAUSS } BsAciqModel;

/* bs_aciq_alpha: the threshold with the least expected clipping plus rounding error for codes of
 * `bits` bits, in units of the mean absolute deviation (Laplace) or the standard deviation (Gauss).
 * Source  Banner et al., arXiv:1810.05723: alpha e^alpha = 3 · 4^bits; for Gauss the root of the
 * derivative. */
double bs_aciq_alpha (BsAciqModel model, guint bits);

/* bs_aciq_deviation: of values, as alpha is measured in; two passes in double. */
double bs_aciq_deviation (BsAciqModel model, const float *x, gsize n, double *mean);

G_END_DECLS
