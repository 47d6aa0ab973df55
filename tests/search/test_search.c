/* Tests of the search: the budget is kept, groups agree, the best uniform choice is never beaten
 * by what is found, and the result is what measuring it gives.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "search/search.h"
#include "study/net.h"
#include "study/plan.h"

#include <math.h>
#include <string.h>

#define SAMPLES 140

static BsSearchPlan
make_plan (BsBudget budget, double amount)
{
  g_autoptr (GError) error = NULL;
  BsSearchPlan plan = { .budget = budget, .amount = amount, .max_moves = 20 };

  plan.weights = bs_plan_specs ("int2..int8", "channel", NULL, "weights", &error);
  g_assert_no_error (error);
  g_assert_true (bs_spec_parse ("uint8", &plan.acts, NULL));
  return plan;
}

static BsSearch *
search (BsStudy *study, BsSearchPlan *plan)
{
  g_autoptr (GError) error = NULL;
  BsSearch *found = bs_search (study, plan, NULL, &error);

  g_assert_no_error (error);
  return found;
}

/* The best candidate is among all, fits, and no other that fits is better. */
static void
check_best (BsStudy *fresh, const BsSearch *s, const BsSearchPlan *plan)
{
  const BsCandidate *best = bs_search_best (s);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (best);
  g_assert_true (best->fits);
  for (guint i = 0; i < s->candidates->len; i++) {
    const BsCandidate *c = &g_array_index (s->candidates, BsCandidate, i);
    if (c->fits && plan->budget == BS_BUDGET_DROP)
      g_assert_cmpuint (best->result->weight_bytes, <=, c->result->weight_bytes);
    else if (c->fits)
      g_assert_cmpfloat (bs_result_quality (best->result), >=, bs_result_quality (c->result));
  }
  g_autoptr (BsConfig) config = bs_config_parse (best->result->config, &error);
  g_assert_no_error (error);
  g_autoptr (BsResult) again = bs_study_measure (fresh, config, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->key, ==, best->result->key);
  g_assert_cmpuint (again->n_correct, ==, best->result->n_correct);
  g_assert_cmpmem (&again->output_sqnr_db, sizeof (double), &best->result->output_sqnr_db,
                   sizeof (double));
  for (guint l = 0; l < s->n_layers; l++) {
    const BsSpec *spec = bs_config_weights (config, s->layers[l]);
    g_autofree char *text = bs_spec_to_string (spec);
    g_assert_cmpstr (text, ==, s->sensitivity->options[s->choice[l]].text);
  }
}

static void
test_mean_bits (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsStudy) fresh = net_study (SAMPLES);
  BsSearchPlan plan = make_plan (BS_BUDGET_MEAN_BITS, 4);
  g_autoptr (BsSearch) s = search (study, &plan);
  g_autofree char *advice = bs_search_advice (s, bs_study_float (study));
  const BsCandidate *uniform;

  check_best (fresh, s, &plan);
  g_assert_cmpfloat (s->mean_bits, <=, 4);
  g_assert_cmpint (s->baseline, >=, 0);
  uniform = &g_array_index (s->candidates, BsCandidate, s->baseline);
  g_assert_cmpstr (uniform->origin, ==, "uniform");
  g_assert_cmpfloat (bs_result_quality (bs_search_best (s)->result), >=,
                     bs_result_quality (uniform->result));
  g_assert_cmpuint (bs_search_best (s)->result->weight_bytes, <=, 4 * 1024);
  g_test_message ("%s", advice);
  g_assert_nonnull (strstr (advice, bs_search_best (s)->result->label));
  g_array_unref (plan.weights);
}

static void
test_bytes_and_operations (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsStudy) fresh = net_study (SAMPLES);
  BsSearchPlan plan = make_plan (BS_BUDGET_BYTES, 1200);
  g_autoptr (BsSearch) bytes = search (study, &plan);
  guint64 most = 0;

  check_best (fresh, bytes, &plan);
  g_assert_cmpuint (bs_search_best (bytes)->result->weight_bytes, <=, 1200);
  for (guint i = 0; i < bytes->candidates->len; i++)
    most = MAX (most, g_array_index (bytes->candidates, BsCandidate, i).result->bit_ops);
  plan.budget = BS_BUDGET_BIT_OPS;
  plan.amount = (double) most / 2;
  g_autoptr (BsSearch) operations = search (study, &plan);
  check_best (fresh, operations, &plan);
  g_assert_cmpfloat ((double) bs_search_best (operations)->result->bit_ops, <=, plan.amount);
  g_array_unref (plan.weights);
}

static void
test_drop (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsStudy) fresh = net_study (SAMPLES);
  BsSearchPlan plan = make_plan (BS_BUDGET_DROP, 0.02);
  g_autoptr (BsSearch) s = search (study, &plan);
  double least = bs_result_quality (bs_study_float (study)) - 0.02;

  check_best (fresh, s, &plan);
  g_assert_cmpfloat (bs_result_quality (bs_search_best (s)->result), >=, least);
  g_array_unref (plan.weights);
}

static void
test_groups (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  BsSearchPlan plan = make_plan (BS_BUDGET_MEAN_BITS, 4.5);
  const char *groups[] = { "left,right", "right, conv1", NULL };
  const char *wrong[] = { "left,nowhere", NULL };
  g_autoptr (GError) error = NULL;

  plan.groups = (char **) groups;
  g_autoptr (BsSearch) s = search (study, &plan);
  for (guint i = 0; i < s->candidates->len; i++) {
    const BsResult *r = g_array_index (s->candidates, BsCandidate, i).result;
    g_autoptr (BsConfig) config = bs_config_parse (r->config, &error);
    g_assert_no_error (error);
    guint8 bits = bs_config_weights (config, "left")->bits;
    g_assert_cmpuint (bs_config_weights (config, "right")->bits, ==, bits);
    g_assert_cmpuint (bs_config_weights (config, "conv1")->bits, ==, bits);
  }
  plan.groups = (char **) wrong;
  g_assert_null (bs_search (study, &plan, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "nowhere"));
  g_array_unref (plan.weights);
}

/* Random choices keep to the budget and use it up; the best finished one is told apart. */
static void
test_random (void)
{
  g_autoptr (BsStudy) study = net_study (600);
  BsSearchPlan plan = make_plan (BS_BUDGET_MEAN_BITS, 4);
  guint n = 0, finished = 0;

  plan.n_random = 40;
  g_autoptr (BsSearch) s = search (study, &plan), again = search (study, &plan);
  g_assert_cmpint (s->random, >=, 0);
  g_assert_cmpint (s->random, ==, again->random);
  const BsCandidate *best = &g_array_index (s->candidates, BsCandidate, s->random);
  for (guint i = 0; i < s->candidates->len; i++) {
    const BsCandidate *c = &g_array_index (s->candidates, BsCandidate, i);
    if (!g_str_equal (c->origin, "random"))
      continue;
    n++;
    g_assert_cmpint (c->fits, ==, !c->result->stopped_early);
    finished += c->fits;
    if (c->fits)
      g_assert_cmpfloat (bs_result_quality (c->result), <=, bs_result_quality (best->result));
  }
  g_assert_cmpuint (n, >, 10); /* some choices come twice, or were measured before */
  g_assert_cmpuint (finished, >=, 1);
  g_assert_cmpfloat (bs_result_quality (bs_search_best (s)->result), >=,
                     bs_result_quality (best->result));
  g_array_unref (plan.weights);
}

/* Times differ from run to run: what must hold is that a wide budget is met by timed results, and
 * that one nothing can meet is refused with the least that could. */
static void
test_latency (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  BsSearchPlan plan = make_plan (BS_BUDGET_LATENCY, 1000);
  g_autoptr (GError) error = NULL;

  plan.max_moves = 3;
  g_autoptr (BsSearch) s = search (study, &plan);
  g_assert_nonnull (bs_search_best (s));
  for (guint i = 0; i < s->candidates->len; i++)
    g_assert_cmpfloat (g_array_index (s->candidates, BsCandidate, i).result->latency_ms, >, 0);
  plan.amount = 1e-7;
  g_assert_null (bs_search (study, &plan, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "fastest"));
  g_array_unref (plan.weights);
}

static void
add_candidate (BsSearch *s, const char *label, guint64 n, guint64 n_correct, guint64 bytes)
{
  BsCandidate c = { .origin = "uniform", .fits = TRUE, .result = bs_result_new () };

  c.result->label = g_strdup (label);
  c.result->metric = g_strdup ("top1");
  c.result->n = n;
  c.result->n_correct = n_correct;
  c.result->value = (double) n_correct / (double) n;
  c.result->weight_bytes = bytes;
  g_array_append_val (s->candidates, c);
}

/* The same three points of accuracy are chance on 200 samples and are not on 20,000. */
static void
test_advice (void)
{
  static const struct {
    guint64 n;
    const char *uniform, *smaller;
  } cases[] = {
    { 200, "the difference is not significant", "a difference that is not significant" },
    { 20000, "mixing widths gains more than chance", "a loss that is more than chance" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (BsSearch) s = g_new0 (BsSearch, 1);
    guint64 n = cases[i].n;
    s->candidates = g_array_new (FALSE, FALSE, sizeof (BsCandidate));
    s->exact = s->greedy = s->second_order = s->random = -1;
    add_candidate (s, "the chosen", n, n * 95 / 100, 4000);
    add_candidate (s, "one width", n, n * 92 / 100, 4100);
    add_candidate (s, "a smaller one", n, n * 91 / 100, 3000);
    add_candidate (s, "given up", n, n * 99 / 100, 2000);
    g_array_index (s->candidates, BsCandidate, 3).result->stopped_early = TRUE;
    s->best = 0;
    s->baseline = 1;
    g_autofree char *advice =
      bs_search_advice (s, g_array_index (s->candidates, BsCandidate, 0).result);
    g_test_message ("%s", advice);
    g_assert_true (g_str_has_prefix (advice, "Take the chosen: 95.00 % right"));
    g_assert_nonnull (strstr (advice, "The difference to float is not significant"));
    g_assert_nonnull (strstr (advice, cases[i].uniform));
    g_assert_nonnull (strstr (advice, "a smaller one"));
    g_assert_nonnull (strstr (advice, cases[i].smaller));
    g_assert_null (strstr (advice, "given up"));
  }
}

static void
test_impossible (void)
{
  g_autoptr (BsStudy) study = net_study (20);
  static const struct {
    BsBudget budget;
    double amount;
  } wrong[] = { { BS_BUDGET_MEAN_BITS, 1.9 }, { BS_BUDGET_BYTES, 100 }, { BS_BUDGET_BIT_OPS, 10 } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    BsSearchPlan plan = make_plan (wrong[i].budget, wrong[i].amount);
    g_autoptr (GError) error = NULL;
    g_assert_null (bs_search (study, &plan, NULL, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, "smallest"));
    g_array_unref (plan.weights);
  }
}

static void
test_stopped (void)
{
  g_autoptr (BsStudy) study = net_study (20);
  BsSearchPlan plan = make_plan (BS_BUDGET_MEAN_BITS, 4);
  gint cancelled = 1;
  BsObserver observer = { .cancelled = &cancelled };
  g_autoptr (GError) error = NULL;

  g_autoptr (BsSearch) s = bs_search (study, &plan, &observer, &error);
  g_assert_no_error (error);
  g_assert_true (s->interrupted);
  g_assert_null (bs_search_best (s));
  g_autofree char *advice = bs_search_advice (s, bs_study_float (study));
  g_assert_cmpstr (advice, !=, "");
  g_array_unref (plan.weights);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/search/mean-bits", test_mean_bits);
  g_test_add_func ("/search/bytes-and-operations", test_bytes_and_operations);
  g_test_add_func ("/search/drop", test_drop);
  g_test_add_func ("/search/groups", test_groups);
  g_test_add_func ("/search/random", test_random);
  g_test_add_func ("/search/latency", test_latency);
  g_test_add_func ("/search/advice", test_advice);
  g_test_add_func ("/search/impossible", test_impossible);
  g_test_add_func ("/search/stopped", test_stopped);
  return g_test_run ();
}
