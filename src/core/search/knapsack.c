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

/* What prunes: Lagrange's relaxation. A state whose cost, with a price put on size and the rest
 * chosen as if size were free at that price, is above a choice already known cannot become the
 * best. Source: Pisinger, European Journal of Operational Research 83, 1995. */
typedef struct {
  double price;  /* of one unit of size */
  double *after; /* [n_layers + 1] least cost + price · size of the layers from there on */
  double known;  /* cost of a choice that fits */
} Bound;

/* Cheapest option of a layer at a price; ties: the smaller. */
static guint
cheapest (const BsChoiceProblem *p, guint layer, double price)
{
  gsize row = (gsize) layer * p->n_options;
  guint best = 0;

  for (guint o = 1; o < p->n_options; o++) {
    double now = p->cost[row + o] + price * (double) p->size[row + o],
           then = p->cost[row + best] + price * (double) p->size[row + best];
    if (now < then || (now == then && p->size[row + o] < p->size[row + best]))
      best = o;
  }
  return best;
}

static guint64
choose_at (const BsChoiceProblem *p, double price, guint *choice)
{
  guint64 size = 0;

  for (guint l = 0; l < p->n_layers; l++) {
    choice[l] = cheapest (p, l, price);
    size += p->size[(gsize) l * p->n_options + choice[l]];
  }
  return size;
}

/* Spends what is left of the budget where a unit of size saves most, while something fits. */
static void
spend_rest (const BsChoiceProblem *p, guint64 rest, guint *choice)
{
  for (;;) {
    double most = 0;
    guint layer = 0, option = 0;
    for (guint l = 0; l < p->n_layers; l++) {
      gsize row = (gsize) l * p->n_options, at = row + choice[l];
      for (guint o = 0; o < p->n_options; o++) {
        double saved = p->cost[at] - p->cost[row + o];
        double more = (double) p->size[row + o] - (double) p->size[at];
        if (saved > 0 && more <= (double) rest && saved / MAX (more, 1e-9) > most) {
          most = saved / MAX (more, 1e-9);
          layer = l;
          option = o;
        }
      }
    }
    if (most == 0)
      return;
    gsize row = (gsize) layer * p->n_options;
    rest = rest + p->size[row + choice[layer]] - p->size[row + option];
    choice[layer] = option;
  }
}

/* The least price at which the layers' own choices fit, by halving. The smallest options fit. */
static void
make_bound (const BsChoiceProblem *p, guint64 budget, Bound *bound)
{
  g_autofree guint *choice = g_new0 (guint, p->n_layers + 1);
  double low = 0, high = 1e-12;
  guint64 size;

  while (choose_at (p, high, choice) > budget && high < 1e300)
    high *= 16;
  for (guint i = 0; i < 100 && choose_at (p, 0, choice) > budget; i++) {
    double middle = (low + high) / 2;
    if (choose_at (p, middle, choice) > budget)
      low = middle;
    else
      high = middle;
  }
  bound->price = choose_at (p, 0, choice) > budget ? high : 0;
  size = choose_at (p, bound->price, choice);
  bound->known = INFINITY;
  if (size <= budget) {
    spend_rest (p, budget - size, choice);
    bound->known = 0;
    for (guint l = 0; l < p->n_layers; l++)
      bound->known += p->cost[(gsize) l * p->n_options + choice[l]];
  }
  bound->after = g_new0 (double, p->n_layers + 1);
  for (guint l = p->n_layers; l-- > 0;) {
    gsize at = (gsize) l * p->n_options + cheapest (p, l, bound->price);
    bound->after[l] = bound->after[l + 1] + p->cost[at] + bound->price * (double) p->size[at];
  }
}

/* TRUE: from here nothing better than the known choice can come. */
static gboolean
hopeless (const Bound *bound, guint64 budget, guint layer, guint64 size, double cost)
{
  double least = cost + bound->price * ((double) size - (double) budget) + bound->after[layer];

  return least > bound->known + 1e-9 * (fabs (bound->known) + fabs (bound->after[0]));
}

/* solve: with sizes rounded up to multiples of grain. FALSE: too many states. */
static gboolean
solve (const BsChoiceProblem *p,
       guint64 budget,
       guint64 grain,
       const Bound *bound,
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
        double cost = states[s].cost + p->cost[l * p->n_options + o];
        if (size + least_after[l + 1] <= budget && /* what is left must still fit */
            (grain > 1 || !hopeless (bound, budget, l + 1, size, cost)))
          next[n++] = (State){ size, cost, s, o };
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
  g_autofree double *owned = NULL;
  gboolean found = FALSE;
  Bound bound;

  for (guint l = problem->n_layers; l-- > 0;)
    least_after[l] = least_after[l + 1] + least_size (problem, l);
  if (problem->n_options == 0 || least_after[0] > budget)
    return does_not_fit (least_after[0], budget, error);
  make_bound (problem, budget, &bound);
  owned = bound.after;
  for (guint64 grain = 1;; grain *= 4) {
    if (!solve (problem, budget, grain, &bound, least_after, choice, &found))
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
