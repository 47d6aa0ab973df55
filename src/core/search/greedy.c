/* One option per layer, greedily: always the step that costs least for what it saves.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/knapsack.h"

#include <math.h>

gboolean
bs_greedy (const BsChoiceProblem *problem,
           guint64 budget,
           guint *choice,
           BsChoiceResult *result,
           GError **error)
{
  guint n_options = problem->n_options;

  result->size = 0;
  result->cost = 0;
  result->exact = FALSE;
  for (guint l = 0; l < problem->n_layers; l++) {
    choice[l] = 0;
    result->size += problem->size[l * n_options];
    result->cost += problem->cost[l * n_options];
  }
  while (result->size > budget) {
    double least = INFINITY;
    guint best = problem->n_layers;
    for (guint l = 0; l < problem->n_layers; l++) {
      gsize at = (gsize) l * n_options + choice[l];
      if (choice[l] + 1 >= n_options || problem->size[at + 1] >= problem->size[at])
        continue;
      double price = (problem->cost[at + 1] - problem->cost[at]) /
                     (double) (problem->size[at] - problem->size[at + 1]);
      if (price < least) {
        least = price;
        best = l;
      }
    }
    if (best == problem->n_layers) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "No choice fits into %" G_GUINT64_FORMAT
                   "; the smallest one needs %" G_GUINT64_FORMAT ".",
                   budget, result->size);
      return FALSE;
    }
    gsize at = (gsize) best * n_options + choice[best]++;
    result->size -= problem->size[at] - problem->size[at + 1];
    result->cost += problem->cost[at + 1] - problem->cost[at];
  }
  return TRUE;
}
