/* Search: one width per layer under a budget, chosen from measured sensitivities, confirmed and
 * refined by measurement. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "search/sensitivity.h"

G_BEGIN_DECLS

/* What must not be exceeded. */
typedef enum {
  BS_BUDGET_BYTES,     /* amount: weight_bytes of the result */
  BS_BUDGET_MEAN_BITS, /* amount: mean width of weight codes, scales not counted */
  BS_BUDGET_BIT_OPS,   /* amount: bit_ops of the result */
  BS_BUDGET_LATENCY,   /* amount: ms a sample, as the sum of what each layer took alone at its
                          width, measured where all layers had it, and of what lies between */
  BS_BUDGET_DROP,      /* amount: loss of quality against float: share of samples for top1 and
                          agreement, share of the float value for perplexity; size is minimized */
} BsBudget;

typedef struct {
  GArray *weights; /* BsSpec: what each layer may become */
  BsSpec acts;     /* activations of all layers */
  BsBudget budget;
  double amount;
  char **groups;     /* NULL-terminated lists of layer names "conv1,conv2" that must agree; may be
                        NULL */
  guint max_moves;   /* measurements spent on refining; 0: 60 */
  guint n_random;    /* random choices measured too, for comparison; not with BS_BUDGET_DROP */
  GHashTable *known; /* key → BsResult measured before; NULL: none */
  double seconds;    /* time box; 0: none */
} BsSearchPlan;

/* A configuration that was considered. */
typedef struct {
  const char *origin; /* static: "knapsack", "greedy", "second-order", "uniform", "refined",
                         "frontier", "random" */
  double predicted_sqnr_db, predicted_value; /* were errors of layers independent */
  BsResult *result;
  gboolean fits; /* the budget; FALSE for what was stopped early */
} BsCandidate;

typedef struct {
  BsSensitivity *sensitivity;
  GArray *candidates; /* BsCandidate in order of measuring; frontier and refinements among them */
  guint n_layers;
  char **layers; /* [n_layers], borrowed from sensitivity */
  guint *choice; /* [n_layers] option of the best configuration */
  gint best;     /* index in candidates; −1: nothing that fits was measured */
  /* Indices for comparison; −1: none fits, or not under this budget. Two may be the same. */
  gint baseline;     /* best uniform configuration that fits */
  gint exact;        /* the exact choice */
  gint greedy;       /* bs_greedy's */
  gint second_order; /* the exact choice by noise in proportion to ‖ΔW‖², in the manner of HAWQ */
  gint random;       /* the best of the random choices */
  double mean_bits;     /* of the best: mean width of weight codes */
  double solve_seconds; /* for the exact choice */
  gboolean interrupted;
} BsSearch;

/* bs_search: scans layers, solves exactly, measures the choices along the whole frontier, and moves
 * bits between layers while measuring says it helps.
 *
 * Errors  bs_sensitivity_scan's own; BS_ERROR_INVALID for a group that names an unknown layer, a
 * budget that nothing fits (naming the least that would). Cancelling is not an error. */
BsSearch *
bs_search (BsStudy *study, const BsSearchPlan *plan, const BsObserver *observer, GError **error);
void bs_search_free (BsSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsSearch, bs_search_free)

const BsCandidate *bs_search_best (const BsSearch *search); /* NULL: none */

/* bs_search_advice: in words: which configuration, why, what the next smaller one would cost, and
 * whether that is more than chance. (transfer full) */
char *bs_search_advice (const BsSearch *search, const BsResult *baseline);

char *bs_search_text (const BsSearchPlan *plan); /* what results are stored under (transfer full) */

G_END_DECLS
