/* One option per layer: the cheapest choice that fits a size, by dynamic programming.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/knapsack.h"

#include <math.h>
#include <stdlib.h>

#define MAX_STATES 200000 /* per layer; 50 layers of these take 80 MB */

/* A partial choice: the first layers decided. */
typedef struct {
  guint64 size;
  double cost;
  guint parent; /* index among the states of the layer before */
  guint option;
} State;

static int
by_size (const void *a, const void *b)
{
  const State *x = a, *y = b;

  if (x->size != y->size)
    return x->size < y->size ? -1 : 1;
  if (x->cost != y->cost)
    return x->cost < y->cost ? -1 : 1;
  return 0;
}

/* keep_undominated: of states sorted by size, those that cost less than all smaller ones. */
static guint
keep_undominated (State *states, guint n)
{
  guint kept = 0;

  for (guint i = 0; i < n; i++)
    if (kept == 0 || states[i].cost < states[kept - 1].cost)
      states[kept++] = states[i];
  return kept;
}

static guint64
size_of (const BsChoiceProblem *p, guint layer, guint option, guint64 grain)
{
  guint64 size = p->size[layer * p->n_options + option];

  return (size / grain + (size % grain != 0)) * grain;
}

/* solve: with sizes rounded up to multiples of grain. FALSE: too many states. */
static gboolean
solve (const BsChoiceProblem *p,
       guint64 budget,
       guint64 grain,
       const guint64 *least_after,
       guint *choice,
       gboolean *found)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func (g_free);
  g_autofree guint *counts = g_new0 (guint, p->n_layers + 1);
  State *states = g_new0 (State, 1);

  g_ptr_array_add (layers, states);
  counts[0] = 1;
  for (guint l = 0; l < p->n_layers; l++) {
    State *next = g_new (State, (gsize) counts[l] * p->n_options);
    guint n = 0;
    g_ptr_array_add (layers, next);
    for (guint s = 0; s < counts[l]; s++)
      for (guint o = 0; o < p->n_options; o++) {
        guint64 size = states[s].size + size_of (p, l, o, grain);
        if (size + least_after[l + 1] <= budget) /* what is left must still fit */
          next[n++] = (State){ size, states[s].cost + p->cost[l * p->n_options + o], s, o };
      }
    qsort (next, n, sizeof *next, by_size);
    counts[l + 1] = keep_undominated (next, n);
    states = next;
    if (counts[l + 1] > MAX_STATES)
      return FALSE;
  }
  *found = counts[p->n_layers] > 0;
  guint at = *found ? counts[p->n_layers] - 1 : 0; /* the largest is the cheapest */
  for (guint l = p->n_layers; *found && l > 0; l--) {
    const State *state = (const State *) layers->pdata[l] + at;
    choice[l - 1] = state->option;
    at = state->parent;
  }
  return TRUE;
}

static void
sum_up (const BsChoiceProblem *p, const guint *choice, BsChoiceResult *result)
{
  result->cost = 0;
  result->size = 0;
  for (guint l = 0; l < p->n_layers; l++) {
    result->cost += p->cost[l * p->n_options + choice[l]];
    result->size += p->size[l * p->n_options + choice[l]];
  }
}

static guint64
least_size (const BsChoiceProblem *p, guint layer)
{
  guint64 least = G_MAXUINT64;

  for (guint o = 0; o < p->n_options; o++)
    least = MIN (least, p->size[layer * p->n_options + o]);
  return least;
}

static gboolean
does_not_fit (guint64 least, guint64 budget, GError **error)
{
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
               "No choice fits into %" G_GUINT64_FORMAT
               "; the smallest one needs %" G_GUINT64_FORMAT ".",
               budget, least);
  return FALSE;
}

gboolean
bs_knapsack (const BsChoiceProblem *problem,
             guint64 budget,
             guint *choice,
             BsChoiceResult *result,
             GError **error)
{
  g_autofree guint64 *least_after = g_new0 (guint64, problem->n_layers + 1);
  gboolean found = FALSE;

  for (guint l = problem->n_layers; l-- > 0;)
    least_after[l] = least_after[l + 1] + least_size (problem, l);
  if (problem->n_options == 0 || least_after[0] > budget)
    return does_not_fit (least_after[0], budget, error);
  for (guint64 grain = 1;; grain *= 4) {
    if (!solve (problem, budget, grain, least_after, choice, &found))
      continue;
    if (found) {
      sum_up (problem, choice, result);
      result->exact = grain == 1;
      return TRUE;
    }
    /* Rounded up, nothing fits: the smallest options do. */
    for (guint l = 0; l < problem->n_layers; l++)
      for (guint o = choice[l] = 0; o < problem->n_options; o++)
        if (problem->size[l * problem->n_options + o] <
            problem->size[l * problem->n_options + choice[l]])
          choice[l] = o;
    sum_up (problem, choice, result);
    result->exact = FALSE;
    return TRUE;
  }
}

double
bs_hawq_omega (const float *w, const float *quantized, gsize n, double mean_trace)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++) {
    double d = (double) quantized[i] - w[i];
    sum += d * d;
  }
  return mean_trace * sum;
}
