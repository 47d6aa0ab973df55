/* GPTQ: columns rounded one by one, the error of each passed on to those not yet rounded.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_gptq_factor: upper Cholesky factor of the inverse of the damped Hessian.
 *
 *   gram   [n × n] mean of x xᵀ; the Hessian is twice that
 *   damp   share of the mean diagonal added to it
 *   order  [n] permutation of the columns: as they are, or by falling diagonal when by_importance
 *   dead   [n] TRUE for inputs that are always 0; weights of these become 0
 *   upper  [n × n] row-major, by the permuted columns
 *
 * Errors  BS_ERROR_INVALID when the matrix is not positive definite even so.
 * Source  Frantar et al., arXiv:2210.17323, section 3.3. */
gboolean bs_gptq_factor (const double *gram,
                         gsize n,
                         double damp,
                         gboolean by_importance,
                         gsize *order,
                         gboolean *dead,
                         double *upper,
                         GError **error);

G_END_DECLS
