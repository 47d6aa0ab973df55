/* Command: one width per layer under a budget.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/amount.h"
#include "cli/open_study.h"
#include "cli/result_output.h"
#include "cli/table.h"
#include "cli/time_box.h"

#include "workbench/workbench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char *weights, *scopes, *ranges, *acts, *max_drop, *max_bytes, *mean_bits, *max_bit_ops,
  *max_latency;
static char *time_box, *output;
static char **groups;
static gint moves, n_random;

static const GOptionEntry options[] = {
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights,
    N_ ("What a layer's weights may become; int2..int8 is a range"), "LIST" },
  { "scope", 's', 0, G_OPTION_ARG_STRING, &scopes,
    N_ ("Scopes for the weights: model,tensor,channel,group=N"), "LIST" },
  { "range", 'r', 0, G_OPTION_ARG_STRING, &ranges, N_ ("Range rules for the weights"), "LIST" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts, N_ ("Activations of all layers; default float"),
    "SPEC" },
  { "max-drop", 0, 0, G_OPTION_ARG_STRING, &max_drop,
    N_ ("The smallest that loses at most this against float, e.g. 1%"), "SHARE" },
  { "max-bytes", 0, 0, G_OPTION_ARG_STRING, &max_bytes,
    N_ ("The best whose parameters take at most this, e.g. 40000 or 40K"), "N" },
  { "mean-bits", 0, 0, G_OPTION_ARG_STRING, &mean_bits,
    N_ ("The best whose weights have at most this many bits on average"), "B" },
  { "max-bit-ops", 0, 0, G_OPTION_ARG_STRING, &max_bit_ops,
    N_ ("The best with at most this many bit operations a sample"), "N" },
  { "max-latency", 0, 0, G_OPTION_ARG_STRING, &max_latency,
    N_ ("The best that takes at most this many milliseconds a sample on one thread here"), "MS" },
  { "group", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &groups,
    N_ ("Layers that must agree; may be given several times"), "LAYER,LAYER…" },
  { "moves", 0, 0, G_OPTION_ARG_INT, &moves,
    N_ ("Measurements spent on refining the choice; default 60"), "N" },
  { "random", 0, 0, G_OPTION_ARG_INT, &n_random,
    N_ ("Measure so many random choices within the budget too, for comparison"), "N" },
  { "time", 't', 0, G_OPTION_ARG_STRING, &time_box, N_ ("Stop after this time, e.g. 30s, 5m, 1h"),
    "TIME" },
  { "output", 'O', 0, G_OPTION_ARG_FILENAME, &output, N_ ("Write the configuration found"),
    "FILE" },
  { NULL },
};

static gboolean
parse_budget (BsSearchPlan *plan, GError **error)
{
  const struct {
    const char *name, *text;
    BsBudget budget;
  } budgets[] = { { "--max-drop", max_drop, BS_BUDGET_DROP },
                  { "--max-bytes", max_bytes, BS_BUDGET_BYTES },
                  { "--mean-bits", mean_bits, BS_BUDGET_MEAN_BITS },
                  { "--max-bit-ops", max_bit_ops, BS_BUDGET_BIT_OPS },
                  { "--max-latency", max_latency, BS_BUDGET_LATENCY } };
  guint given = 0;

  for (guint i = 0; i < G_N_ELEMENTS (budgets); i++) {
    if (budgets[i].text == NULL)
      continue;
    given++;
    plan->budget = budgets[i].budget;
    if (!bs_amount_parse (budgets[i].text, plan->budget == BS_BUDGET_DROP, &plan->amount))
      return bs_cli_usage (error,
                           plan->budget == BS_BUDGET_DROP
                             ? _ ("%s takes a share like 1%% or 0.01, not “%s”")
                             : _ ("%s takes a number above 0, not “%s”"),
                           budgets[i].name, budgets[i].text);
  }
  return given == 1
           ? TRUE
           : bs_cli_usage (error, _ ("Please give one budget: --max-drop 1%%, --max-bytes N, "
                                     "--mean-bits B, --max-bit-ops N or --max-latency MS"));
}

static gboolean
parse (BsSearchPlan *plan, GError **error)
{
  if (weights == NULL)
    return bs_cli_usage (error, _ ("Please say what layers may become: --weights int2..int8"));
  if (!parse_budget (plan, error) || !bs_time_from_option (time_box, &plan->seconds, error))
    return FALSE;
  if (moves < 0)
    return bs_cli_usage (error, _ ("--moves takes a number of measurements"));
  if (n_random < 0 || (n_random > 0 && plan->budget == BS_BUDGET_DROP))
    return bs_cli_usage (error, _ ("--random takes a number, and a budget other than --max-drop"));
  plan->max_moves = (guint) moves;
  plan->n_random = (guint) n_random;
  plan->groups = groups;
  plan->weights = bs_plan_specs (weights, scopes, ranges, "weights", error);
  if (plan->weights == NULL || !bs_spec_parse (acts != NULL ? acts : "float", &plan->acts, error))
    return bs_cli_as_usage (error);
  return TRUE;
}

static GPtrArray *
all_results (const BsSearch *search)
{
  GPtrArray *results = g_ptr_array_new ();

  for (guint i = 0; i < search->candidates->len; i++)
    g_ptr_array_add (results, g_array_index (search->candidates, BsCandidate, i).result);
  return results;
}

static void
add_candidates (JsonBuilder *json, const BsSearch *search)
{
  g_autoptr (GPtrArray) results = all_results (search);
  g_autofree gboolean *pareto = g_new0 (gboolean, results->len + 1);

  bs_results_pareto ((BsResult *const *) results->pdata, results->len, pareto);
  bs_json_begin_array (json, "candidates");
  for (guint i = 0; i < results->len; i++) {
    const BsCandidate *c = &g_array_index (search->candidates, BsCandidate, i);
    json_builder_begin_object (json);
    bs_json_text (json, "origin", c->origin);
    bs_json_flag (json, "fits", c->fits);
    bs_json_flag (json, "pareto", pareto[i]);
    bs_json_number (json, "predicted", c->predicted_value);
    bs_json_number (json, "predicted_sqnr_db", c->predicted_sqnr_db);
    bs_json_result (json, c->result, FALSE);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static void
print_json (const BsSearch *search, gint64 study, const char *advice, double seconds)
{
  const struct {
    const char *name;
    gint index;
  } baselines[] = { { "uniform", search->baseline },
                    { "greedy", search->greedy },
                    { "second-order", search->second_order },
                    { "knapsack", search->exact },
                    { "random", search->random } };
  const BsCandidate *best = bs_search_best (search);
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_integer (json, "study", study);
  if (best != NULL) {
    bs_json_result (json, best->result, FALSE);
    bs_json_number (json, "mean_bits_with_scales", best->result->mean_bits);
    bs_json_number (json, "predicted", best->predicted_value);
    bs_json_number (json, "predicted_sqnr_db", best->predicted_sqnr_db);
    bs_json_text (json, "origin", best->origin);
    bs_json_number (json, "mean_bits",
                    search->mean_bits); /* of the codes alone: replaces the above */
  }
  bs_json_number (json, "seconds", seconds);
  bs_json_number (json, "solve_seconds", search->solve_seconds);
  bs_json_flag (json, "interrupted", search->interrupted);
  bs_json_text (json, "advice", advice);
  bs_json_begin_array (json, "layers");
  for (guint l = 0; best != NULL && l < search->n_layers; l++) {
    json_builder_begin_object (json);
    bs_json_text (json, "name", search->layers[l]);
    bs_json_text (json, "spec", search->sensitivity->options[search->choice[l]].text);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "baselines");
  json_builder_begin_object (json);
  for (guint i = 0; i < G_N_ELEMENTS (baselines); i++) {
    if (baselines[i].index < 0)
      continue;
    const BsCandidate *c = &g_array_index (search->candidates, BsCandidate, baselines[i].index);
    json_builder_set_member_name (json, baselines[i].name);
    json_builder_begin_object (json);
    bs_json_result (json, c->result, FALSE);
    json_builder_end_object (json);
  }
  json_builder_end_object (json);
  add_candidates (json, search);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_table (const BsSearch *search, const char *advice, double seconds)
{
  const BsCandidate *best = bs_search_best (search);
  g_autoptr (BsTable) table = bs_table_new (_ ("Layer|Weights"));
  g_autoptr (GPtrArray) results = all_results (search);

  for (guint l = 0; best != NULL && l < search->n_layers; l++) {
    bs_table_add (table, "%s", search->layers[l]);
    bs_table_add (table, "%s", search->sensitivity->options[search->choice[l]].text);
  }
  if (best != NULL)
    bs_table_print (table);
  puts ("");
  bs_print_results (results, NULL, TRUE);
  printf ("\n%s\n\n", advice);
  if (best != NULL)
    printf (
      _ ("Mean width %.2f bits, found by: %s. %u configurations compared in %.1f s; key %s\n"),
      search->mean_bits, best->origin, search->candidates->len, seconds, best->result->key);
}

static gboolean
save (const BsSearch *search, GError **error)
{
  const BsCandidate *best = bs_search_best (search);
  g_autoptr (BsConfig) config = NULL;

  if (output == NULL || best == NULL)
    return TRUE;
  config = bs_config_parse (best->result->config, error);
  return config != NULL && bs_config_save (config, output, error);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  BsSearchPlan plan = { 0 };
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsOpened) opened = { 0 };
  g_autoptr (BsStore) store = NULL;
  g_autoptr (BsSearch) search = NULL;
  g_autofree char *advice = NULL;
  gint64 start = g_get_monotonic_time (), study;
  double seconds;
  gboolean ok = parse (&plan, error);
  g_autoptr (GArray) owned = plan.weights;

  if (!ok || !bs_open_measuring (&opened, &store, &progress, cli, args[0], error))
    return FALSE;
  search = bs_workbench_search (opened.study, store, args[0], opened.data, &plan,
                                &progress.observer, &study, error);
  bs_progress_stop (&progress);
  if (search == NULL || !save (search, error))
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  advice = bs_search_advice (search, bs_study_float (opened.study));
  if (cli->json)
    print_json (search, study, advice, seconds);
  else if (!cli->quiet)
    print_table (search, advice, seconds);
  if (!bs_interrupted (cli, search->interrupted, error))
    return FALSE;
  if (search->best < 0 && !search->interrupted) {
    fflush (stdout);
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 _ ("No configuration of “%s” keeps to the budget"), args[0]);
    return FALSE;
  }
  return TRUE;
}

const BsCommand bs_command_search = {
  .name = "search",
  .arguments = "MODEL --data FILE --weights LIST BUDGET",
  .summary = N_ ("Find one width per layer under a budget"),
  .description =
    N_ ("Layers are scanned one at a time, the exact best sum of their losses is chosen, measured, "
        "and refined by moving bits between layers while that helps. Greedy and second-order "
        "choices, single widths and the frontier are measured too. --max-latency adds up what "
        "each layer took at each width; the time of the whole is measured beside it. Everything is "
        "stored; what is "
        "stored already is not measured again."),
  .example = "bitstair-cli search net.onnx --data test.npz --weights int2..int8 --scope channel "
             "--acts uint8 --mean-bits 4",
  .options = options,
  .takes_data = TRUE,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
