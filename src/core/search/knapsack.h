/* One option per layer: the cheapest choice that fits a size.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"

G_BEGIN_DECLS

typedef struct {
  guint n_layers, n_options;
  const double *cost;  /* [n_layers × n_options], finite: what an option adds to the error */
  const guint64 *size; /* [n_layers × n_options] */
} BsChoiceProblem;

typedef struct {
  double cost;
  guint64 size;
  gboolean exact; /* FALSE: cut short after a million partial choices; the choice fits, and is
                     nearly the best */
} BsChoiceResult;

/* bs_knapsack: minimizes the sum of costs with the sum of sizes at most budget.
 *
 *   choice  [n_layers], filled
 *
 * Errors  BS_ERROR_INVALID when even the smallest options do not fit, naming the least size that
 * would. Source  dynamic programming over undominated (size, cost) pairs, from a core of layers
 * outwards: Pisinger, European Journal of Operational Research 83, 1995. */
gboolean bs_knapsack (const BsChoiceProblem *problem,
                      guint64 budget,
                      guint *choice,
                      BsChoiceResult *result,
                      GError **error);

/* bs_greedy: from the first option of each layer, steps to the next one where a saved unit of size
 * costs least, until the sum fits; ties: the lower layer. Options of a layer stand in order of
 * falling size. Errors  as bs_knapsack. Source  the usual baseline, as in Dong et al.,
 * arXiv:1911.03852. */
gboolean bs_greedy (const BsChoiceProblem *problem,
                    guint64 budget,
                    guint *choice,
                    BsChoiceResult *result,
                    GError **error);

/* bs_hawq_omega: second-order sensitivity of a layer: mean Hessian trace times ‖W^ − W‖².
 * Source  Dong et al., HAWQ-V2, arXiv:1911.03852, equation 3. */
double bs_hawq_omega (const float *w, const float *quantized, gsize n, double mean_trace);

G_END_DECLS
