/* The best under a size, at once, from what a sweep has measured: a configuration that exists, and
 * one width per layer that could be better.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/config.h"
#include "study/result.h"

G_BEGIN_DECLS

/* What fits. */
typedef struct {
  BsResult *measured; /* best of the results that fit; NULL: none does */
  BsConfig *config; /* a spec for each layer; NULL: the results have no two options to choose of */
  BsResult *picked; /* the same as a result without measures of the whole: weight_bytes, and for
                         each layer weights, weight_bits, mean_bits; NULL with config */
  double predicted_sqnr_db; /* of the output, were the layers' errors independent */
} BsBudgetPick;

void bs_budget_pick_free (BsBudgetPick *pick);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsBudgetPick, bs_budget_pick_free)

/* bs_budget_range: the smallest and largest size worth asking for. FALSE: no results. */
gboolean bs_budget_range (BsResult *const *results, guint n, double *least, double *most);

/* bs_budget_pick: the best under `bytes`. Options of a layer are the weights of results that give
 * all layers the same, with the activations of most of them and without corrections; what an option
 * costs is the noise it adds to that layer's own output, relative to its signal. The sum of noises
 * is least, exactly or nearly: bs_knapsack.
 *
 * Errors  BS_ERROR_INVALID when nothing fits, naming the least that would; BS_ERROR_NO_DATA without
 * results.
 * Threads reads results only. */
BsBudgetPick *bs_budget_pick (BsResult *const *results, guint n, double bytes, GError **error);

G_END_DECLS
