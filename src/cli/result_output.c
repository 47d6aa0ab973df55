/* Results as JSON and as tables.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/result_output.h"

#include "quant/config.h"
#include "study/gain.h"

#include "cli/command.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEY_DIGITS 8 /* of a key, shown to people: enough to find it again */

static void
add_layers (JsonBuilder *json, const BsResult *result)
{
  bs_json_begin_array (json, "layers");
  for (guint i = 0; i < result->n_layers; i++) {
    const BsLayerResult *layer = &result->layers[i];

    json_builder_begin_object (json);
    bs_json_text (json, "name", layer->name);
    bs_json_text (json, "op", layer->op);
    bs_json_text (json, "weights", layer->weights);
    bs_json_text (json, "acts", layer->acts);
    bs_json_flag (json, "on_integers", layer->on_integers);
    bs_json_integer (json, "weight_bits", (gint64) layer->weight_bits);
    bs_json_number (json, "mean_bits", layer->mean_bits);
    bs_json_integer (json, "macs", (gint64) layer->macs);
    bs_json_integer (json, "bit_ops", (gint64) layer->bit_ops);
    bs_json_integer (json, "traffic_bytes", (gint64) layer->traffic_bytes);
    bs_json_number (json, "latency_ms", layer->latency_ms);
    bs_json_number (json, "weight_sqnr_db", layer->weight_sqnr_db);
    bs_json_number (json, "local_sqnr_db", layer->local_sqnr_db);
    bs_json_number (json, "accumulated_sqnr_db", layer->accumulated_sqnr_db);
    bs_json_number (json, "cosine", layer->cosine);
    bs_json_number (json, "max_abs", layer->max_abs);
    bs_json_number (json, "saturated_share", layer->saturated_share);
    bs_json_number (json, "error_span", layer->error_span);
    bs_json_begin_array (json, "error_bins");
    for (guint j = 0; j < BS_ERROR_BINS; j++)
      json_builder_add_int_value (json, (gint64) layer->error_bins[j]);
    json_builder_end_array (json);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

void
bs_json_result (JsonBuilder *json, const BsResult *result, gboolean with_layers)
{
  bs_json_text (json, "key", result->key);
  bs_json_text (json, "label", result->label);
  bs_json_text (json, "weights", result->weights);
  bs_json_text (json, "acts", result->acts);
  bs_json_raw (json, "config", result->config);
  bs_json_text (json, "metric", result->metric);
  bs_json_number (json, "value", result->value);
  bs_json_integer (json, "n", (gint64) result->n);
  bs_json_integer (json, "samples", (gint64) result->n_samples);
  bs_json_flag (json, "stopped_early", result->stopped_early);
  bs_json_integer (json, "correct", (gint64) result->n_correct);
  bs_json_begin_array (json, "ci95");
  bs_json_add_number (json, result->ci_lo);
  bs_json_add_number (json, result->ci_hi);
  json_builder_end_array (json);
  bs_json_number (json, "agreement", result->agreement);
  bs_json_begin_array (json, "agreement_ci95");
  bs_json_add_number (json, result->agreement_lo);
  bs_json_add_number (json, result->agreement_hi);
  json_builder_end_array (json);
  bs_json_number (json, "output_sqnr_db", result->output_sqnr_db);
  bs_json_number (json, "output_kl", result->output_kl);
  bs_json_integer (json, "weight_bytes", (gint64) result->weight_bytes);
  bs_json_integer (json, "float_bytes", (gint64) result->float_bytes);
  bs_json_number (json, "mean_bits", result->mean_bits);
  bs_json_integer (json, "bit_ops", (gint64) result->bit_ops);
  bs_json_number (json, "integer_share", result->integer_share);
  bs_json_flag (json, "simulated", result->simulated);
  bs_json_text (json, "level", result->level);
  bs_json_integer (json, "seed", (gint64) result->seed);
  bs_json_number (json, "seconds", result->seconds);
  bs_json_integer (json, "traffic_bytes", (gint64) result->traffic_bytes);
  bs_json_number (json, "latency_ms", result->latency_ms);
  bs_json_text (json, "machine", result->machine != NULL ? result->machine : "");
  bs_json_integer (json, "finished_at", result->finished_at);
  if (with_layers)
    add_layers (json, result);
}

static gboolean *
frontier (GPtrArray *results)
{
  gboolean *pareto = g_new0 (gboolean, MAX (results->len, 1));

  bs_results_pareto ((BsResult *const *) results->pdata, results->len, pareto);
  return pareto;
}

static void
add_gains (JsonBuilder *json, GPtrArray *results)
{
  g_autoptr (GArray) gains = bs_gains ((BsResult *const *) results->pdata, results->len);

  bs_json_begin_array (json, "gains");
  for (guint i = 0; i < gains->len; i++) {
    const BsGain *gain = &g_array_index (gains, BsGain, i);

    json_builder_begin_object (json);
    bs_json_text (json, "correction", gain->correction);
    bs_json_integer (json, "pairs", gain->n_pairs);
    bs_json_integer (json, "better", gain->n_better);
    bs_json_integer (json, "worse", gain->n_worse);
    bs_json_number (json, "mean_quality", gain->mean_quality);
    bs_json_number (json, "mean_sqnr_db", gain->mean_db);
    bs_json_text (json, "with", gain->with->key);
    bs_json_text (json, "without", gain->without->key);
    bs_json_number (json, "best_quality", gain->best_quality);
    bs_json_number (json, "best_sqnr_db", gain->best_db);
    bs_json_flag (json, "significant", gain->significant);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

void
bs_json_results (JsonBuilder *json, GPtrArray *results, gboolean only_pareto)
{
  g_autofree gboolean *pareto = frontier (results);

  bs_json_begin_array (json, "results");
  for (guint i = 0; i < results->len; i++) {
    if (only_pareto && !pareto[i])
      continue;
    json_builder_begin_object (json);
    bs_json_result (json, results->pdata[i], FALSE);
    bs_json_flag (json, "pareto", pareto[i]);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  add_gains (json, results);
}

void
bs_json_study (JsonBuilder *json, const BsStudyInfo *info)
{
  bs_json_integer (json, "study", info->id);
  bs_json_text (json, "model", info->model_name);
  bs_json_text (json, "model_path", info->model_path);
  bs_json_text (json, "model_digest", info->model_digest);
  bs_json_text (json, "data", info->data_name);
  bs_json_text (json, "data_spec", info->data_spec);
  bs_json_text (json, "data_digest", info->data_digest);
  bs_json_text (json, "plan", info->plan);
  bs_json_text (json, "metric", info->metric);
  bs_json_integer (json, "samples", (gint64) info->n_samples);
  bs_json_integer (json, "parameters", (gint64) info->parameters);
  bs_json_integer (json, "float_bytes", (gint64) info->float_bytes);
  bs_json_integer (json, "created_at", info->created_at);
}

char *
bs_result_value_to_string (const BsResult *result)
{
  if (isnan (result->value))
    return g_strdup ("–");
  if (g_strcmp0 (result->metric, "top1") == 0)
    return g_strdup_printf ("%.2f %%", 100 * result->value);
  return g_strdup_printf ("%.4f", result->value);
}

char *
bs_result_samples_to_string (const BsResult *result)
{
  return g_strdup_printf (result->stopped_early ? _ ("%llu, stopped early") : "%llu",
                          (unsigned long long) result->n_samples);
}

/* Everything but the width of the weights first, so that one scope's widths stand below each other.
 */
static char *
sort_key (const BsResult *result)
{
  const char *rest = strchr (result->weights, ':');
  g_autofree char *encoding = rest != NULL
                                ? g_strndup (result->weights, (gsize) (rest - result->weights))
                                : g_strdup (result->weights);
  g_autofree char *text =
    g_strdup_printf ("%s|%s|%s", result->acts, rest != NULL ? rest : "", encoding);

  return g_utf8_collate_key_for_filename (text, -1);
}

typedef struct {
  char *key;
  guint index;
} Sorted;

static gint
compare_sorted (gconstpointer a, gconstpointer b)
{
  const Sorted *p = a, *q = b;
  gint order = strcmp (p->key, q->key);

  return order != 0 ? order : (p->index > q->index) - (p->index < q->index);
}

/* The weights' spec, and what else the configuration says of them: single layers, corrections. */
static char *
describe_weights (const BsResult *result)
{
  g_autoptr (BsConfig) config =
    result->config != NULL ? bs_config_parse (result->config, NULL) : NULL;
  GString *text = g_string_new (result->weights);

  if (config != NULL && config->layers->len > 0)
    g_string_append (text, _ (", mixed"));
  for (guint i = 0; config != NULL && config->corrections[i] != NULL; i++)
    g_string_append_printf (text, " + %s", config->corrections[i]);
  return g_string_free (text, FALSE);
}

static void
add_row (BsTable *table, const BsResult *result, const char *mark, gboolean timed)
{
  g_autofree char *value = bs_result_value_to_string (result);
  g_autofree char *size = bs_bytes_to_string (result->weight_bytes);
  g_autofree char *weights = describe_weights (result),
                  *samples = bs_result_samples_to_string (result);
  gboolean percent = g_strcmp0 (result->metric, "top1") == 0;

  bs_table_add (table, "%s", mark);
  bs_table_add (table, "%.*s", KEY_DIGITS, result->key);
  bs_table_add (table, "%s", weights);
  bs_table_add (table, "%s", result->acts);
  bs_table_add (table, "%s", value);
  if (!isnan (result->ci_lo))
    bs_table_add (table, "%.2f–%.2f", (percent ? 100 : 1) * result->ci_lo,
                  (percent ? 100 : 1) * result->ci_hi);
  else
    bs_table_add (table, "–");
  bs_table_add_number (table, 100 * result->agreement, 2, " %");
  bs_table_add_number (table, result->output_sqnr_db, 1, " dB");
  bs_table_add (table, "%s", size);
  bs_table_add (table, "%s", samples);
  if (timed)
    bs_table_add_number (table, result->latency_ms, 4, " ms");
  if (result->simulated)
    bs_table_add (table, _ ("simulated, %.1f %% on integers"), 100 * result->integer_share);
  else
    bs_table_add_number (table, 100 * result->integer_share, 1, " %");
}

static void
print_gains (GPtrArray *results)
{
  g_autoptr (GArray) gains = bs_gains ((BsResult *const *) results->pdata, results->len);

  if (gains->len > 0)
    puts (_ ("\nWhat corrections gained, measured with and without:"));
  for (guint i = 0; i < gains->len; i++) {
    const BsGain *gain = &g_array_index (gains, BsGain, i);
    g_autofree char *text = bs_gain_text (gain);

    printf ("  %s: %s\n", gain->correction, text);
  }
}

/* Whether any of them has a latency. */
static gboolean
is_timed (GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++)
    if (!isnan (((const BsResult *) results->pdata[i])->latency_ms))
      return TRUE;
  return FALSE;
}

void
bs_print_results (GPtrArray *results, const BsResult *baseline, gboolean only_pareto)
{
  g_autofree gboolean *pareto = frontier (results);
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (Sorted));
  gboolean timed = is_timed (results);
  g_autoptr (BsTable) table =
    bs_table_new (timed ? _ (/* xgettext:no-c-format */ " |Key|Weights|Activations|>Value|>95 % "
                                                        "interval|>Agreement|>Output SQNR|>Size|"
                                                        ">Samples|>Latency|On integers")
                        : _ (/* xgettext:no-c-format */ " |Key|Weights|Activations|>Value|>95 % "
                                                        "interval|>Agreement|>Output SQNR|>Size|"
                                                        ">Samples|On integers"));

  for (guint i = 0; i < results->len; i++) {
    Sorted row = { sort_key (results->pdata[i]), i };

    g_array_append_val (sorted, row);
  }
  g_array_sort (sorted, compare_sorted);
  if (baseline != NULL)
    add_row (table, baseline, "", timed);
  for (guint i = 0; i < sorted->len; i++) {
    Sorted *row = &g_array_index (sorted, Sorted, i);

    if (pareto[row->index] || !only_pareto)
      add_row (table, results->pdata[row->index], pareto[row->index] ? "●" : "", timed);
    g_free (row->key);
  }
  bs_table_print (table);
  puts (_ ("● on the frontier: nothing smaller is better"));
  print_gains (results);
}

void
bs_print_layers (const BsResult *result)
{
  g_autoptr (BsTable) table = bs_table_new (
    _ ("Layer|Operator|Weights|Activations|>Size|>Local SQNR|>Accumulated|>Cosine|>Max error|"
       ">Saturated|>Bit operations|>Traffic|>Latency"));

  for (guint i = 0; i < result->n_layers; i++) {
    const BsLayerResult *layer = &result->layers[i];
    gboolean counted = layer->traffic_bytes > 0; /* not by earlier versions */
    g_autofree char *size = bs_bytes_to_string ((layer->weight_bits + 7) / 8),
                    *traffic = bs_bytes_to_string (layer->traffic_bytes);

    bs_table_add (table, "%s", layer->name);
    bs_table_add (table, "%s", layer->op);
    bs_table_add (table, "%s", layer->weights);
    bs_table_add (table, "%s", layer->acts);
    bs_table_add (table, "%s", size);
    bs_table_add_number (table, layer->local_sqnr_db, 1, " dB");
    bs_table_add_number (table, layer->accumulated_sqnr_db, 1, " dB");
    bs_table_add_number (table, layer->cosine, 4, "");
    bs_table_add_number (table, layer->max_abs, 4, "");
    bs_table_add_number (table, 100 * layer->saturated_share, 2, " %");
    bs_table_add_number (table, counted ? (double) layer->bit_ops : (double) NAN, 0, "");
    bs_table_add (table, "%s", counted ? traffic : "–");
    bs_table_add_number (table, layer->latency_ms, 4, " ms");
  }
  bs_table_print (table);
}
