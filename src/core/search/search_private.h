/* What the files of a search share. Private to src/core/search.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "search/problem.h"
#include "search/search.h"

G_BEGIN_DECLS

#define BS_SEARCH_MOVES 60 /* measurements spent on refining, where the plan does not say */

typedef struct {
  BsStudy *study;
  const BsSearchPlan *plan;
  const BsObserver *observer;
  BsSearch *s;
  BsSearchProblem *p;
  GHashTable *seen; /* key → index of the candidate + 1 */
  GArray *choices;  /* guint [n_groups] for each candidate */
  guint64 limit;
  double least_quality; /* BS_BUDGET_DROP */
  const BsRace *race;   /* what is measured may be given up; NULL: not */
  gint64 deadline_us;   /* 0: none */
  guint offset, total;
  gint64 started_us;
} Search;

/* bs_search_choice: what a candidate is made of: [n_groups] places in the problem's order. */
guint *bs_search_choice (const Search *search, guint candidate);

/* bs_search_size: in the problem's units. */
guint64 bs_search_size (const Search *search, const guint *choice);

/* bs_search_try: index of the candidate, measured now or before; −1 with error. */
gint bs_search_try (Search *search, const guint *choice, const char *origin, GError **error);

/* bs_search_refine: measures the most promising moves from the best choice, takes the best, and
 * goes on from there while that helps. FALSE: stopped or failed. */
gboolean bs_search_refine (Search *search, GError **error);

/* bs_search_random: measures plan->n_random random choices that keep to the budget and use it up;
 * those that stay below the best random one are given up early. FALSE: stopped or failed. */
gboolean bs_search_random (Search *search, GError **error);

G_END_DECLS
