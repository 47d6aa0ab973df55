/* Measures: how far a quantized tensor or output is from the original.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <bsk.h>
#include <glib.h>

G_BEGIN_DECLS

/* Sums over pairs (x, y = quantized x); merge in shard order for numbers that do not depend on threads. */
typedef struct {
  guint64 count, n_not_finite; /* pairs; pairs skipped because a member is not finite */
  double sum_x, sum_sq_x, sum_sq_y, sum_xy, sum_err, sum_sq_err, max_abs;
} BsErrorSums;

/* bs_error_sums_add: in double, vector by vector. bs_error_sums_compare: at the speed of memory, as
 * bsk_compare adds up, to six digits; values whose squares float cannot hold go the first way. */
void bs_error_sums_add (BsErrorSums *sums, const float *x, const float *y, gsize n);
void bs_error_sums_compare (BsErrorSums *sums, const float *x, const float *y, gsize n);
void bs_error_sums_add_stats (BsErrorSums *sums,
                              const BskStats *stats); /* of bsk_error, bsk_compare */
void bs_error_sums_merge (BsErrorSums *into, const BsErrorSums *from);

double bs_error_mse (const BsErrorSums *sums);
double bs_error_sqnr_db (
  const BsErrorSums *sums); /* 10·log10(Σx²/Σ(x−y)²); +inf without noise, −inf without signal */
double bs_error_cosine (const BsErrorSums *sums); /* both zero 1, one zero 0 */
double bs_error_mean (const BsErrorSums *sums);   /* bias: mean of y − x */

double bs_error_relative_l2 (const BsErrorSums *sums); /* √(Σ(x−y)²/Σx²) */

/* Outputs [n, classes]. argmax: ties give the lowest index, NaN never wins. */
guint bs_argmax (const float *x, guint n);
guint bs_rank (const float *x,
               guint n,
               guint label); /* strictly larger + equal with lower index; top-k: rank < k */
double bs_negative_log_likelihood (const float *x,
                                   guint n,
                                   guint label); /* of softmax, nats, log-sum-exp */

/* bs_kl_divergence: of softmax, in nats, the sum over rows of n classes. −∞ in ref is a class that
 * cannot be; a NaN in a row makes NaN of it. */
double bs_kl_divergence (const float *ref, const float *test, gsize rows, guint n);

/* bs_wilson_interval: 95 % confidence interval of a share k of n, in [0, 1]. Source: Wilson 1927. */
void bs_wilson_interval (guint64 k, guint64 n, double *lo, double *hi);

/* bs_wilson_bounds: likewise, z standard deviations wide. */
void bs_wilson_bounds (guint64 k, guint64 n, double z, double *lo, double *hi);

G_END_DECLS
