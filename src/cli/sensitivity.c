/* Command: what each layer costs, one at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/open_study.h"
#include "cli/result_output.h"
#include "cli/table.h"
#include "cli/time_box.h"

#include "workbench/workbench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char *weights, *scopes, *ranges, *acts, *acts_list, *others, *mode, *time_box;

static const GOptionEntry options[] = {
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights,
    N_ ("What a layer's weights become, one after the other; int2..int8 is a range"), "LIST" },
  { "scope", 's', 0, G_OPTION_ARG_STRING, &scopes,
    N_ ("Scopes for the weights: model,tensor,channel,group=N"), "LIST" },
  { "range", 'r', 0, G_OPTION_ARG_STRING, &ranges, N_ ("Range rules for the weights"), "LIST" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts,
    N_ ("Activations of the layers whose weights are quantized; default float"), "SPEC" },
  { "acts-list", 0, 0, G_OPTION_ARG_STRING, &acts_list,
    N_ ("What a layer's activations become, its weights as --others"), "LIST" },
  { "others", 'o', 0, G_OPTION_ARG_STRING, &others,
    N_ ("Weights of the other layers; default float, activations too"), "SPEC" },
  { "mode", 'm', 0, G_OPTION_ARG_STRING, &mode,
    N_ ("only: one layer is quantized; all-but: all but one are"), "MODE" },
  { "time", 't', 0, G_OPTION_ARG_STRING, &time_box, N_ ("Stop after this time, e.g. 30s, 5m, 1h"),
    "TIME" },
  { NULL },
};

static gboolean
parse (BsSensitivityPlan *plan, GError **error)
{
  gboolean ok;

  if (weights == NULL && acts_list == NULL)
    return bs_cli_usage (error, _ ("Please say what layers become: --weights int2..int8"));
  if (mode != NULL && strcmp (mode, "only") != 0 && strcmp (mode, "all-but") != 0)
    return bs_cli_usage (error, _ ("--mode is only or all-but, not “%s”"), mode);
  plan->mode = g_strcmp0 (mode, "all-but") == 0 ? BS_SENSITIVITY_ALL_BUT : BS_SENSITIVITY_ONLY;
  ok = bs_spec_parse (others != NULL ? others : "float", &plan->others, error) &&
       bs_spec_parse (acts != NULL ? acts : "float", &plan->layer_acts, error);
  if (ok && weights != NULL) {
    plan->weights = bs_plan_specs (weights, scopes, ranges, "weights", error);
    ok = plan->weights != NULL;
  }
  if (ok && acts_list != NULL) {
    plan->acts = bs_plan_specs (acts_list, NULL, NULL, "activations", error);
    ok = plan->acts != NULL;
  }
  return ok ? bs_time_from_option (time_box, &plan->seconds, error) : bs_cli_as_usage (error);
}

static void
add_measures (JsonBuilder *json, const BsResult *result)
{
  bs_json_text (json, "key", result->key);
  bs_json_number (json, "value", result->value);
  bs_json_number (json, "agreement", result->agreement);
  bs_json_number (json, "output_sqnr_db", result->output_sqnr_db);
  bs_json_number (json, "output_kl", result->output_kl);
  bs_json_integer (json, "weight_bytes", (gint64) result->weight_bytes);
  bs_json_number (json, "mean_bits", result->mean_bits);
  bs_json_integer (json, "bit_ops", (gint64) result->bit_ops);
}

static void
add_layer (JsonBuilder *json, const BsSensitivity *s, guint layer)
{
  json_builder_begin_object (json);
  bs_json_text (json, "name", s->layers[layer]);
  bs_json_begin_array (json, "results");
  for (guint o = 0; o < s->n_options; o++) {
    const BsResult *result = bs_sensitivity_result (s, layer, o);
    const BsLayerResult *all = bs_result_layer (s->uniform[o], s->layers[layer]);
    if (result == NULL)
      continue;
    json_builder_begin_object (json);
    bs_json_text (json, "spec", s->options[o].text);
    bs_json_text (json, "part", s->options[o].acts ? "acts" : "weights");
    add_measures (json, result);
    bs_json_number (json, "noise", bs_sensitivity_noise (s, layer, o));
    if (all != NULL) {
      bs_json_number (json, "local_sqnr_db", all->local_sqnr_db);
      bs_json_number (json, "accumulated_sqnr_db", all->accumulated_sqnr_db);
    }
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
}

static void
add_uniform (JsonBuilder *json, const BsSensitivity *s, guint option)
{
  BsAdditivity check;

  json_builder_begin_object (json);
  bs_json_text (json, "spec", s->options[option].text);
  bs_json_text (json, "part", s->options[option].acts ? "acts" : "weights");
  add_measures (json, s->uniform[option]);
  if (bs_sensitivity_additivity (s, option, &check)) {
    json_builder_set_member_name (json, "additivity");
    json_builder_begin_object (json);
    bs_json_number (json, "predicted_sqnr_db", check.predicted_sqnr_db);
    bs_json_number (json, "measured_sqnr_db", check.measured_sqnr_db);
    bs_json_number (json, "predicted_value", check.predicted_value);
    bs_json_number (json, "measured_value", check.measured_value);
    json_builder_end_object (json);
  }
  json_builder_end_object (json);
}

static void
print_json (const BsSensitivity *s, gint64 study, double seconds)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_integer (json, "study", study);
  bs_json_text (json, "mode", s->mode == BS_SENSITIVITY_ONLY ? "only" : "all-but");
  bs_json_flag (json, "interrupted", s->interrupted);
  bs_json_number (json, "seconds", seconds);
  if (s->base != NULL) {
    json_builder_set_member_name (json, "base");
    json_builder_begin_object (json);
    bs_json_result (json, s->base, FALSE);
    json_builder_end_object (json);
  }
  bs_json_begin_array (json, "layers");
  for (guint l = 0; l < s->n_layers; l++)
    add_layer (json, s, l);
  json_builder_end_array (json);
  bs_json_begin_array (json, "all");
  for (guint o = 0; o < s->n_options; o++)
    if (s->uniform[o] != NULL)
      add_uniform (json, s, o);
  json_builder_end_array (json);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
add_cell (BsTable *table, const BsResult *result)
{
  g_autofree char *value = NULL;

  if (result == NULL) {
    bs_table_add (table, "–");
  } else if (isnan (result->value)) {
    bs_table_add_number (table, result->output_sqnr_db, 1, " dB");
  } else {
    value = bs_result_value_to_string (result);
    bs_table_add (table, "%s", value);
  }
}

static void
print_table (const BsSensitivity *s, gint64 study, double seconds)
{
  g_autoptr (GString) titles = g_string_new (_ ("Layer"));
  g_autoptr (BsTable) table = NULL;
  g_autofree char *base = s->base != NULL ? bs_result_value_to_string (s->base) : NULL;

  for (guint o = 0; o < s->n_options; o++)
    g_string_append_printf (titles, "|>%s%s", s->options[o].acts ? _ ("acts ") : "",
                            s->options[o].text);
  table = bs_table_new (titles->str);
  for (guint l = 0; l < s->n_layers; l++) {
    bs_table_add (table, "%s", s->layers[l]);
    for (guint o = 0; o < s->n_options; o++)
      add_cell (table, bs_sensitivity_result (s, l, o));
  }
  bs_table_add (table, "%s", _ ("all layers"));
  for (guint o = 0; o < s->n_options; o++)
    add_cell (table, s->uniform[o]);
  bs_table_add (table, "%s", _ ("all, were errors independent"));
  for (guint o = 0; o < s->n_options; o++) {
    BsAdditivity check;
    if (!bs_sensitivity_additivity (s, o, &check))
      bs_table_add (table, "–");
    else if (isnan (check.predicted_value))
      bs_table_add_number (table, check.predicted_sqnr_db, 1, " dB");
    else
      bs_table_add (table, "%.2f %%", 100 * check.predicted_value);
  }
  printf (s->mode == BS_SENSITIVITY_ONLY
            ? _ ("Study %lld: one layer quantized at a time; none: %s\n\n")
            : _ ("Study %lld: all layers but one quantized; none: %s\n\n"),
          (long long) study, base != NULL ? base : "–");
  bs_table_print (table);
  printf (_ ("%u layers in %u ways in %.1f s\n"), s->n_layers, s->n_options, seconds);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  BsSensitivityPlan plan = { 0 };
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsOpened) opened = { 0 };
  g_autoptr (BsStore) store = NULL;
  g_autoptr (BsSensitivity) found = NULL;
  gint64 start = g_get_monotonic_time (), study;
  double seconds;
  gboolean ok = parse (&plan, error);
  g_autoptr (GArray) owned_weights = plan.weights;
  g_autoptr (GArray) owned_acts = plan.acts;

  if (!ok || !bs_open_measuring (&opened, &store, &progress, cli, args[0], error))
    return FALSE;
  found = bs_workbench_sensitivity (opened.study, store, args[0], opened.data, &plan,
                                    &progress.observer, &study, error);
  bs_progress_stop (&progress);
  if (found == NULL)
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  if (cli->json)
    print_json (found, study, seconds);
  else if (!cli->quiet)
    print_table (found, study, seconds);
  return bs_interrupted (cli, found->interrupted, error);
}

const BsCommand bs_command_sensitivity = {
  .name = "sensitivity",
  .arguments = "MODEL --data FILE --weights LIST",
  .summary = N_ ("Measure what each layer costs when it alone is quantized"),
  .description =
    N_ ("The other layers stay float, or are as --others says, with activations as --acts. With "
        "--mode all-but it is the other way round: all layers are quantized and one is spared. The "
        "last rows compare all layers together with the sum of single losses. One scale for the "
        "whole model (scope model) covers the layers that have that scope."),
  .example = "bitstair-cli sensitivity net.onnx --data test.npz --weights int2..int8 --scope "
             "tensor,channel --acts uint8 --others int8:channel",
  .options = options,
  .takes_data = TRUE,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
