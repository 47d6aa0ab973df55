/* One option per layer: the cheapest choice that fits a size, by dynamic programming over a core.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/knapsack.h"

#include <math.h>
#include <string.h>

#define MAX_STATES 1000000u /* in all layers together: 24 MB */
#define SLACK 1e-12         /* of costs, relative: what sums of doubles may be off by */

/* Changes to some layers of the choice that a price on size makes. */
typedef struct {
  gint64 size;  /* more than that choice */
  double cost;  /* likewise */
  guint parent; /* index among the states of the layer before */
  guint option;
} State;

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

/* The least price at which the layers' own choices fit, by halving; 0: they fit without. The smallest
 * options fit. */
static double
find_price (const BsChoiceProblem *p, guint64 budget, guint *choice)
{
  double low = 0, high = 1e-12;

  if (choose_at (p, 0, choice) <= budget)
    return 0;
  while (choose_at (p, high, choice) > budget && high < 1e300)
    high *= 16;
  for (guint i = 0; i < 100 && low < high; i++) {
    double middle = (low + high) / 2;
    if (choose_at (p, middle, choice) > budget)
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* A layer of the core: options that may be part of the best choice, what they change. */
typedef struct {
  guint layer, n;
  double least; /* smallest cost + price · size of an option other than the base's, above it; ≥ 0 */
  guint *options;
  gint64 *size;
  double *cost;
} CoreLayer;

static int
by_least (const void *a, const void *b)
{
  const CoreLayer *x = a, *y = b;

  if (x->least != y->least)
    return x->least < y->least ? -1 : 1;
  return (x->layer > y->layer) - (x->layer < y->layer);
}

/* One solution at work. Source: Pisinger, European Journal of Operational Research 83, 1995: dynamic
 * programming over a core of layers that grows from the price's own choice, with Lagrange's bound. A
 * choice costs at least what the price's does, less the price of what is left of the budget, plus the
 * losses of its changes: where that is above a known choice, it cannot be the best. */
typedef struct {
  const BsChoiceProblem *p;
  gint64 room; /* what the base choice leaves of the budget */
  double price, slack;
  double known;      /* cost of the best choice so far, more than the base */
  GPtrArray *states; /* State [n], by rising size and falling cost; one array a layer of the core */
  GArray *counts;    /* guint */
  guint best_layer, best_state; /* where the best so far ends; layer G_MAXUINT: not in states */
} Core;

static gboolean
hopeless (const Core *core, gint64 size, double cost)
{
  return cost + core->price * (double) (size - core->room) > core->known + core->slack;
}

static GArray *
make_core (const BsChoiceProblem *p, const Core *core, const guint *base)
{
  GArray *layers = g_array_new (FALSE, FALSE, sizeof (CoreLayer));

  for (guint l = 0; l < p->n_layers; l++) {
    gsize row = (gsize) l * p->n_options, at = row + base[l];
    CoreLayer c = { .layer = l, .least = INFINITY };
    c.options = g_new (guint, p->n_options);
    c.size = g_new (gint64, p->n_options);
    c.cost = g_new (double, p->n_options);
    for (guint o = 0; o < p->n_options; o++) {
      c.options[c.n] = o;
      c.size[c.n] = (gint64) (p->size[row + o] - p->size[at]);
      c.cost[c.n] = p->cost[row + o] - p->cost[at];
      double loss = c.cost[c.n] + core->price * (double) c.size[c.n];
      if (hopeless (core, c.size[c.n], c.cost[c.n]))
        continue;
      if (o != base[l])
        c.least = MIN (c.least, loss);
      c.n++;
    }
    if (c.n > 1) {
      g_array_append_val (layers, c);
    } else {
      g_free (c.options);
      g_free (c.size);
      g_free (c.cost);
    }
  }
  g_array_sort (layers, by_least);
  return layers;
}

/* Merges b into a, both by rising size; keeps what costs less than all smaller ones. */
static guint
merge (const State *a, guint n_a, const State *b, guint n_b, State *out)
{
  guint n = 0, i = 0, j = 0;

  while (i < n_a || j < n_b) {
    gboolean first =
      j == n_b ||
      (i < n_a && (a[i].size != b[j].size ? a[i].size < b[j].size : a[i].cost <= b[j].cost));
    const State *next = first ? &a[i++] : &b[j++];
    if (n == 0 || next->cost < out[n - 1].cost)
      out[n++] = *next;
  }
  return n;
}

/* The states with one more layer decided. least: what later layers may take away from the size. */
static State *
add_layer (const Core *core, const CoreLayer *c, gint64 least, guint *n)
{
  const State *from = core->states->pdata[core->states->len - 1];
  guint n_from = g_array_index (core->counts, guint, core->counts->len - 1);
  g_autofree State *shifted = g_new (State, n_from + 1);
  State *all = g_new (State, 1), *merged;

  *n = 0;
  for (guint k = 0; k < c->n; k++) {
    guint m = 0;
    for (guint i = 0; i < n_from; i++) {
      State next = { from[i].size + c->size[k], from[i].cost + c->cost[k], i, c->options[k] };
      if (next.size + least <= core->room && !hopeless (core, next.size, next.cost))
        shifted[m++] = next;
    }
    merged = g_new (State, (gsize) *n + m + 1);
    *n = merge (all, *n, shifted, m, merged);
    g_free (all);
    all = merged;
  }
  return all;
}

/* The largest state that fits is the cheapest of them. */
static void
look_for_better (Core *core, const State *states, guint n)
{
  guint low = 0, high = n;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (states[middle].size <= core->room)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0 || states[low - 1].cost >= core->known)
    return;
  core->known = states[low - 1].cost;
  core->best_layer = core->states->len - 1;
  core->best_state = low - 1;
}

/* FALSE: there were too many states to go on. */
static gboolean
solve_core (Core *core, const GArray *layers)
{
  g_autofree gint64 *least = g_new0 (gint64, layers->len + 1);
  State *states = g_new0 (State, 1);
  guint n = 1, total = 1;

  for (guint i = layers->len; i-- > 0;) {
    const CoreLayer *c = &g_array_index (layers, CoreLayer, i);
    gint64 smallest = 0;
    for (guint k = 0; k < c->n; k++)
      smallest = MIN (smallest, c->size[k]);
    least[i] = least[i + 1] + smallest;
  }
  g_ptr_array_add (core->states, states);
  g_array_append_val (core->counts, n);
  look_for_better (core, states, n);
  for (guint i = 0; i < layers->len; i++) {
    const CoreLayer *c = &g_array_index (layers, CoreLayer, i);
    if (c->least - core->price * (double) core->room > core->known + core->slack)
      break; /* and so are all behind it: no change of theirs is worth it */
    states = add_layer (core, c, least[i + 1], &n);
    g_ptr_array_add (core->states, states);
    g_array_append_val (core->counts, n);
    look_for_better (core, states, n);
    total += n;
    if (total > MAX_STATES)
      return FALSE;
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

static void
take_best (const Core *core, const GArray *layers, const guint *base, guint *choice)
{
  if (core->best_layer == G_MAXUINT)
    return;
  memcpy (choice, base, core->p->n_layers * sizeof *choice);
  for (guint k = core->best_layer, at = core->best_state; k > 0; k--) {
    const State *state = (const State *) core->states->pdata[k] + at;
    choice[g_array_index (layers, CoreLayer, k - 1).layer] = state->option;
    at = state->parent;
  }
}

gboolean
bs_knapsack (const BsChoiceProblem *problem,
             guint64 budget,
             guint *choice,
             BsChoiceResult *result,
             GError **error)
{
  g_autofree guint *base = g_new0 (guint, problem->n_layers + 1);
  g_autoptr (GPtrArray) states = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) layers = NULL;
  Core core = { .p = problem, .states = states, .counts = counts, .best_layer = G_MAXUINT };
  guint64 least = 0, size;
  BsChoiceResult now;

  for (guint l = 0; l < problem->n_layers; l++)
    least += least_size (problem, l);
  if (problem->n_options == 0 || least > budget)
    return does_not_fit (least, budget, error);

  core.price = find_price (problem, budget, base);
  size = choose_at (problem, core.price, base);
  core.room = (gint64) (budget - size);
  sum_up (problem, base, &now);
  memcpy (choice, base, problem->n_layers * sizeof *choice);
  spend_rest (problem, budget - size, choice);
  sum_up (problem, choice, result);
  core.known = result->cost - now.cost;
  core.slack = SLACK * (fabs (result->cost) + core.price * (double) budget);

  layers = make_core (problem, &core, base);
  result->exact = core.price == 0 || solve_core (&core, layers);
  take_best (&core, layers, base, choice);
  sum_up (problem, choice, result);
  for (guint i = 0; i < layers->len; i++) {
    CoreLayer *c = &g_array_index (layers, CoreLayer, i);
    g_free (c->options);
    g_free (c->size);
    g_free (c->cost);
  }
  return TRUE;
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
