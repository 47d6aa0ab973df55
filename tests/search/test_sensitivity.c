/* Tests of sensitivity: each cell is what measuring that configuration by itself gives.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "search/sensitivity.h"
#include "study/net.h"
#include "study/plan.h"

#include <math.h>
#include <string.h>

#define SAMPLES 140

static const char *const layers[] = { "conv1", "depthwise", "left", "right", "fc" };

static BsSensitivityPlan
make_plan (const char *weights, const char *acts_list, const char *others, const char *acts)
{
  g_autoptr (GError) error = NULL;
  BsSensitivityPlan plan = { 0 };

  if (weights != NULL)
    plan.weights = bs_plan_specs (weights, "tensor,channel", NULL, "weights", &error);
  if (acts_list != NULL)
    plan.acts = bs_plan_specs (acts_list, NULL, NULL, "activations", &error);
  g_assert_no_error (error);
  g_assert_true (bs_spec_parse (others, &plan.others, NULL));
  g_assert_true (bs_spec_parse (acts, &plan.layer_acts, NULL));
  return plan;
}

static void
clear_plan (BsSensitivityPlan *plan)
{
  g_clear_pointer (&plan->weights, g_array_unref);
  g_clear_pointer (&plan->acts, g_array_unref);
}

static BsSensitivity *
scan (BsStudy *study, const BsSensitivityPlan *plan, const BsObserver *observer)
{
  g_autoptr (GError) error = NULL;
  BsSensitivity *s = bs_sensitivity_scan (study, plan, observer, &error);

  g_assert_no_error (error);
  return s;
}

static void
assert_cell (BsStudy *fresh, const BsResult *cell, BsConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsResult) expected = bs_study_measure (fresh, config, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (cell);
  g_assert_cmpstr (cell->config, ==, expected->config);
  g_assert_cmpuint (cell->n_correct, ==, expected->n_correct);
  g_assert_cmpmem (cell->predictions, cell->n_predictions * sizeof (gint32), expected->predictions,
                   expected->n_predictions * sizeof (gint32));
  g_assert_cmpmem (&cell->output_sqnr_db, sizeof (double), &expected->output_sqnr_db,
                   sizeof (double));
}

/* others: "float" or a spec; the base has float activations in the first case. */
static void
check_mode (BsSensitivityMode mode, const char *others)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsStudy) fresh = net_study (SAMPLES);
  BsSensitivityPlan plan = make_plan ("int3..int4", "uint6", others, "uint8");
  const char *base_acts = g_str_equal (others, "float") ? "float" : "uint8";

  plan.mode = mode;
  bs_study_set_cache (fresh, 0);
  g_autoptr (BsSensitivity) s = scan (study, &plan, NULL);
  g_assert_false (s->interrupted);
  g_assert_cmpuint (s->n_layers, ==, G_N_ELEMENTS (layers));
  g_assert_cmpuint (s->n_options, ==, 5);
  for (guint o = 0; o < s->n_options; o++) {
    const char *text = s->options[o].text;
    const char *weights = s->options[o].acts ? others : text,
               *acts = s->options[o].acts ? text : "uint8";
    g_assert_cmpint (s->options[o].acts, ==, o == 4);
    g_autoptr (BsConfig) all = net_config (weights, acts);
    assert_cell (fresh, s->uniform[o], all);
    for (guint l = 0; l < s->n_layers; l++) {
      g_autoptr (BsConfig) config =
        mode == BS_SENSITIVITY_ONLY
          ? net_layer_config (others, base_acts, layers[l], weights, acts)
          : net_layer_config (weights, acts, layers[l], others, base_acts);
      g_assert_cmpstr (s->layers[l], ==, layers[l]);
      assert_cell (fresh, bs_sensitivity_result (s, l, o), config);
      g_assert_cmpfloat (bs_sensitivity_noise (s, l, o), >=, 0);
    }
  }
  clear_plan (&plan);
}

static void
test_modes (void)
{
  check_mode (BS_SENSITIVITY_ONLY, "float");
  check_mode (BS_SENSITIVITY_ONLY, "int8:channel");
  check_mode (BS_SENSITIVITY_ALL_BUT, "float");
  check_mode (BS_SENSITIVITY_ALL_BUT, "int8:channel");
}

/* Small errors add up: at 7 bits the sum is close to what all layers together give. */
static void
test_additivity (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  BsSensitivityPlan plan = make_plan ("int7", NULL, "float", "float");
  g_autoptr (BsSensitivity) s = scan (study, &plan, NULL);
  BsAdditivity check;

  g_assert_true (bs_sensitivity_additivity (s, 0, &check));
  g_test_message ("predicted %.1f dB, measured %.1f dB", check.predicted_sqnr_db,
                  check.measured_sqnr_db);
  g_assert_cmpfloat (fabs (check.predicted_sqnr_db - check.measured_sqnr_db), <, 3);
  g_assert_true (check.measured_value == s->uniform[0]->value);
  clear_plan (&plan);
}

typedef struct {
  gint cancelled;
  guint results, stop_after;
  guint last_done, total;
} Watch;

static void
progress_cb (gpointer user, guint done, guint total, const char *what, double seconds_left)
{
  Watch *watch = user;

  g_assert_cmpuint (done, >=, watch->last_done);
  g_assert_cmpuint (done, <=, total);
  watch->last_done = done;
  watch->total = total;
}

static void
result_cb (gpointer user, BsResult *result)
{
  Watch *watch = user;

  if (++watch->results == watch->stop_after)
    g_atomic_int_set (&watch->cancelled, 1);
}

typedef struct {
  guint calls, filled;
  BsSensitivity *last;
} Filling;

/* A copy outlives the call, and each call finds a table with one result more. */
static void
filled_cb (gpointer user, const BsSensitivity *so_far)
{
  Filling *filling = user;
  guint filled = so_far->base != NULL;

  for (guint o = 0; o < so_far->n_options; o++) {
    filled += so_far->uniform[o] != NULL;
    for (guint l = 0; l < so_far->n_layers; l++)
      filled += bs_sensitivity_result (so_far, l, o) != NULL;
  }
  g_assert_cmpuint (filled, ==, filling->calls++);
  g_clear_pointer (&filling->last, bs_sensitivity_free);
  filling->last = bs_sensitivity_copy (so_far);
}

/* A stopped scan gives what it has, and shows it while it runs; going on with it known measures only the rest. */
static void
test_stop_and_go_on (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  BsSensitivityPlan plan = make_plan ("int4", NULL, "int8:channel", "uint8");
  Watch watch = { .stop_after = 7 };
  BsObserver observer = { progress_cb, result_cb, &watch.cancelled, &watch };
  Filling filling = { 0 };
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  guint found = 0;

  plan.filled = filled_cb;
  plan.user = &filling;
  g_autoptr (BsSensitivity) part = scan (study, &plan, &observer);
  g_assert_true (part->interrupted);
  g_assert_cmpuint (watch.results, ==, 7);
  g_assert_cmpuint (filling.calls, ==, 1 + 7);
  for (guint i = 0; i < part->n_layers * part->n_options; i++)
    g_assert_true (filling.last->results[i] == part->results[i]);
  g_assert_true (filling.last->base == part->base);
  plan.filled = NULL;
  bs_sensitivity_free (filling.last);
  for (guint i = 0; i < part->n_layers * part->n_options; i++)
    if (part->results[i] != NULL) {
      g_hash_table_insert (known, part->results[i]->key, part->results[i]);
      found++;
    }
  g_assert_cmpuint (found, ==, 6); /* the base came first */
  plan.known = known;
  watch = (Watch){ 0 };
  g_autoptr (BsSensitivity) whole = scan (study, &plan, &observer);
  g_assert_false (whole->interrupted);
  g_assert_cmpuint (watch.results, ==, watch.total);
  g_assert_cmpuint (watch.last_done, ==, 1 + 2 * (1 + G_N_ELEMENTS (layers)));
  for (guint i = 0; i < whole->n_layers * whole->n_options; i++) {
    g_assert_nonnull (whole->results[i]);
    if (part->results[i] != NULL)
      g_assert_true (whole->results[i] == part->results[i]);
  }
  clear_plan (&plan);
}

static void
test_time_box (void)
{
  g_autoptr (BsStudy) study = net_study (20);
  BsSensitivityPlan plan = make_plan ("int2..int8", NULL, "float", "float");

  plan.seconds = 1e-6;
  g_autoptr (BsSensitivity) s = scan (study, &plan, NULL);
  g_assert_true (s->interrupted);
  g_assert_null (bs_sensitivity_result (s, 0, 0));
  clear_plan (&plan);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sensitivity/modes", test_modes);
  g_test_add_func ("/sensitivity/additivity", test_additivity);
  g_test_add_func ("/sensitivity/stop-and-go-on", test_stop_and_go_on);
  g_test_add_func ("/sensitivity/time-box", test_time_box);
  return g_test_run ();
}
