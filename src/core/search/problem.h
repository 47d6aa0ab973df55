/* The choice a search solves: groups of layers, options by falling size, what they cost and take.
 * Private to src/core/search. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "search/knapsack.h"
#include "search/search.h"

G_BEGIN_DECLS

typedef struct {
  guint n_groups, n_options;
  guint *group_of;  /* [n_layers] */
  guint *order;     /* [n_options] the scan's option, largest first */
  guint64 *size;    /* [n_groups · n_options] in units of the budget */
  double *noise;    /* output noise that is added */
  double *loss;     /* output KL that is added; as noise without classes */
  double *second;   /* noise by ‖ΔW‖² from the widest option: HAWQ's rule */
  guint64 elements; /* of all weights */
  guint64 rest;     /* bytes that no choice changes; ns for a budget of time */
} BsSearchProblem;

/* bs_search_problem: from a finished scan.
 * Errors  BS_ERROR_INVALID for a group that names no layer. */
BsSearchProblem *bs_search_problem (const BsStudy *study,
                                    const BsSensitivity *scan,
                                    BsBudget budget,
                                    char *const *groups,
                                    GError **error);
void bs_search_problem_free (BsSearchProblem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsSearchProblem, bs_search_problem_free)

/* bs_search_limit: the budget in the problem's units of size. */
guint64 bs_search_limit (const BsSearchProblem *problem, BsBudget budget, double amount);

G_END_DECLS
