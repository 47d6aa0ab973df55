/* Tests of choosing one option per layer: against trying everything, and in milliseconds.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "search/knapsack.h"

#include <math.h>

typedef struct {
  double *cost;
  guint64 *size;
  BsChoiceProblem problem;
  guint64 least, most;
} Instance;

/* Costs fall with size as errors do with bits, with noise; now and then an option is dominated. */
static void
make (Instance *i, GRand *rand, guint n_layers, guint n_options, guint64 unit)
{
  *i = (Instance){ g_new (double, n_layers *n_options), g_new (guint64, n_layers * n_options) };
  i->problem = (BsChoiceProblem){ n_layers, n_options, i->cost, i->size };
  for (guint l = 0; l < n_layers; l++) {
    guint64 elements = (guint64) g_rand_int_range (rand, 1, 5000) * unit;
    double weight = exp (g_rand_double_range (rand, -6, 3));
    for (guint o = 0; o < n_options; o++) {
      guint bits = n_options - o;
      i->size[l * n_options + o] = elements * bits + (guint64) g_rand_int_range (rand, 0, 64);
      i->cost[l * n_options + o] =
        weight * pow (4, -(double) bits) * g_rand_double_range (rand, 0.5, 1.5);
    }
    i->most += i->size[l * n_options];
    i->least += i->size[l * n_options + n_options - 1];
  }
}

static void
clear (Instance *i)
{
  g_free (i->cost);
  g_free (i->size);
}

static double
try_all (const Instance *i, guint layer, guint64 size, double cost, guint64 budget)
{
  double best = INFINITY;

  if (size > budget)
    return INFINITY;
  if (layer == i->problem.n_layers)
    return cost;
  for (guint o = 0; o < i->problem.n_options; o++) {
    gsize at = (gsize) layer * i->problem.n_options + o;
    best = MIN (best, try_all (i, layer + 1, size + i->size[at], cost + i->cost[at], budget));
  }
  return best;
}

static void
check_choice (const Instance *i, guint64 budget, const guint *choice, const BsChoiceResult *result)
{
  double cost = 0;
  guint64 size = 0;

  for (guint l = 0; l < i->problem.n_layers; l++) {
    g_assert_cmpuint (choice[l], <, i->problem.n_options);
    cost += i->cost[l * i->problem.n_options + choice[l]];
    size += i->size[l * i->problem.n_options + choice[l]];
  }
  g_assert_cmpuint (size, ==, result->size);
  g_assert_cmpuint (size, <=, budget);
  g_assert_cmpfloat (fabs (cost - result->cost), <=, 1e-12 * cost);
}

static void
test_everything (void)
{
  guint32 seed = g_test_rand_int_range (0, G_MAXINT32);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  for (guint round = 0; round < 200; round++) {
    Instance i;
    guint choice[6];
    BsChoiceResult result, greedy;
    g_autoptr (GError) error = NULL;
    make (&i, rand, 6, 4, 1);
    guint64 budget = i.least + (guint64) (g_rand_double (rand) * 1.1 * (double) (i.most - i.least));
    double best = try_all (&i, 0, 0, 0, budget);
    gboolean found = bs_knapsack (&i.problem, budget, choice, &result, &error);
    g_assert_cmpint (found, ==, isfinite (best));
    if (found) {
      check_choice (&i, budget, choice, &result);
      g_assert_true (result.exact);
      g_assert_cmpfloat (fabs (result.cost - best), <=, 1e-9 * best);
      if (bs_greedy (&i.problem, budget, choice, &greedy, NULL)) {
        check_choice (&i, budget, choice, &greedy);
        g_assert_cmpfloat (greedy.cost, >=, best * (1 - 1e-9));
      }
    } else {
      g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    }
    clear (&i);
  }
}

/* The size the program promises: 1,000 layers at 8 widths. */
static void
test_thousand_layers (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autofree guint *choice = g_new (guint, 1000);
  Instance i;

  make (&i, rand, 1000, 8, 16);
  for (guint part = 1; part < 8; part++) {
    BsChoiceResult result, greedy;
    g_autoptr (GError) error = NULL;
    guint64 budget = i.least + (i.most - i.least) / 8 * part;
    g_test_timer_start ();
    g_assert_true (bs_knapsack (&i.problem, budget, choice, &result, &error));
    double seconds = g_test_timer_elapsed ();
    g_assert_no_error (error);
    check_choice (&i, budget, choice, &result);
    g_assert_true (result.exact);
    g_assert_true (bs_greedy (&i.problem, budget, choice, &greedy, NULL));
    g_assert_cmpfloat (result.cost, <=, greedy.cost);
    g_test_message ("budget %u/8: %.1f ms, cost %.15g, greedy %.6g", part, 1e3 * seconds,
                    result.cost, greedy.cost);
  }
  clear (&i);
}

static void
test_ties (void)
{
  const double cost[] = { 0, 0, 0, 1, 1, 1 };
  const guint64 size[] = { 4, 4, 2, 8, 8, 8 };
  BsChoiceProblem problem = { 2, 3, cost, size };
  BsChoiceResult result;
  guint choice[2];

  g_assert_true (bs_knapsack (&problem, 10, choice, &result, NULL));
  g_assert_cmpuint (result.size, ==, 10);
  g_assert_cmpfloat (result.cost, ==, 1);
  g_assert_false (bs_knapsack (&problem, 9, choice, &result, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/knapsack/everything", test_everything);
  g_test_add_func ("/knapsack/thousand-layers", test_thousand_layers);
  g_test_add_func ("/knapsack/ties", test_ties);
  return g_test_run ();
}
