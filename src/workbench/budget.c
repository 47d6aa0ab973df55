/* The best under a size, at once, from what a sweep has measured: a configuration that exists, and
 * one width per layer that could be better.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/budget.h"

#include "base/error.h"
#include "search/knapsack.h"
#include "search/sensitivity.h"

#include <math.h>
#include <string.h>

void
bs_budget_pick_free (BsBudgetPick *pick)
{
  if (pick == NULL)
    return;
  g_clear_pointer (&pick->measured, bs_result_unref);
  g_clear_pointer (&pick->config, bs_config_unref);
  g_clear_pointer (&pick->picked, bs_result_unref);
  g_free (pick);
}

gboolean
bs_budget_range (BsResult *const *results, guint n, double *least, double *most)
{
  *least = INFINITY;
  *most = 0;
  for (guint i = 0; i < n; i++) {
    *least = MIN (*least, (double) results[i]->weight_bytes);
    *most = MAX (*most, (double) results[i]->weight_bytes);
  }
  return n > 0;
}

static BsResult *
best_measured (BsResult *const *results, guint n, double bytes)
{
  BsResult *best = NULL;

  for (guint i = 0; i < n; i++)
    if ((double) results[i]->weight_bytes <= bytes && !results[i]->stopped_early &&
        !isnan (bs_result_quality (results[i])) &&
        (best == NULL || bs_result_quality (results[i]) > bs_result_quality (best)))
      best = results[i];
  return best != NULL ? bs_result_ref (best) : NULL;
}

/* All layers alike, nothing corrected: a result that offers its weights as an option. */
static gboolean
is_uniform (const BsResult *result)
{
  if (result->n_layers == 0 || strstr (result->config, "\"corrections\"") != NULL)
    return FALSE;
  for (guint i = 0; i < result->n_layers; i++)
    if (g_strcmp0 (result->layers[i].weights, result->weights) != 0)
      return FALSE;
  return TRUE;
}

/* The activations that most uniform results have. */
static const char *
usual_acts (BsResult *const *results, guint n)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  const char *best = NULL;
  guint most = 0;

  for (guint i = 0; i < n; i++) {
    if (!is_uniform (results[i]))
      continue;
    guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, results[i]->acts)) + 1;
    g_hash_table_insert (counts, results[i]->acts, GUINT_TO_POINTER (count));
    if (count > most) {
      most = count;
      best = results[i]->acts;
    }
  }
  return best;
}

/* The results that offer options; all have the same layers. (transfer container) */
static GPtrArray *
find_options (BsResult *const *results, guint n)
{
  GPtrArray *options = g_ptr_array_new ();
  const char *acts = usual_acts (results, n);

  for (guint i = 0; i < n && acts != NULL; i++) {
    const BsResult *first = options->len > 0 ? options->pdata[0] : results[i];
    gboolean fits = is_uniform (results[i]) && g_str_equal (results[i]->acts, acts) &&
                    results[i]->n_layers == first->n_layers;
    for (guint l = 0; fits && l < first->n_layers; l++)
      fits = g_str_equal (results[i]->layers[l].name, first->layers[l].name) &&
             !isnan (results[i]->layers[l].local_sqnr_db);
    if (fits)
      g_ptr_array_add (options, results[i]);
  }
  return options;
}

/* Bits that no choice changes. */
static guint64
rest_bits (const BsResult *result)
{
  guint64 weights = 0;

  for (guint l = 0; l < result->n_layers; l++)
    weights += result->layers[l].weight_bits;
  return result->weight_bytes * 8 > weights ? result->weight_bytes * 8 - weights : 0;
}

static void
fill_pick (BsBudgetPick *pick, const GPtrArray *options, const guint *choice, guint64 bits)
{
  const BsResult *first = options->pdata[0];
  BsSpec weights, acts;
  double noise = 0;
  g_autoptr (BsConfig) config = NULL;

  if (!bs_spec_parse (((BsResult *) options->pdata[choice[0]])->weights, &weights, NULL) ||
      !bs_spec_parse (first->acts, &acts, NULL))
    return;
  pick->picked = bs_result_new ();
  pick->picked->n_layers = first->n_layers;
  pick->picked->layers = g_new0 (BsLayerResult, first->n_layers);
  config = bs_config_new (&weights, &acts, NULL, (const char *const[]){ NULL });
  for (guint l = 0; l < first->n_layers; l++) {
    const BsLayerResult *from = &((BsResult *) options->pdata[choice[l]])->layers[l];
    BsLayerResult *to = &pick->picked->layers[l];
    BsSpec spec;

    *to = (BsLayerResult){
      .name = g_strdup (from->name),
      .op = g_strdup (from->op),
      .weights = g_strdup (from->weights),
      .acts = g_strdup (from->acts),
      .weight_bits = from->weight_bits,
      .mean_bits = from->mean_bits,
      .local_sqnr_db = from->local_sqnr_db,
      .accumulated_sqnr_db = NAN,
    };
    noise += bs_noise (from->local_sqnr_db);
    if (choice[l] != choice[0] && bs_spec_parse (from->weights, &spec, NULL)) {
      BsConfig *with = bs_config_with_weights (config, from->name, &spec);
      bs_config_unref (config);
      config = with;
    }
  }
  pick->picked->weights = g_strdup (((BsResult *) options->pdata[choice[0]])->weights);
  pick->picked->acts = g_strdup (first->acts);
  pick->picked->label = bs_spec_to_string (&weights);
  pick->picked->config = g_strdup (config->text);
  g_strlcpy (pick->picked->key, config->key, sizeof pick->picked->key);
  pick->picked->weight_bytes = (bits + 7) / 8;
  pick->picked->float_bytes = first->float_bytes;
  pick->predicted_sqnr_db = -10 * log10 (noise);
  pick->config = g_steal_pointer (&config);
}

static gboolean
pick_widths (BsBudgetPick *pick, BsResult *const *results, guint n, double bytes, GError **error)
{
  g_autoptr (GPtrArray) options = find_options (results, n);

  if (options->len < 2)
    return TRUE;
  const BsResult *first = options->pdata[0];
  guint n_layers = first->n_layers;
  guint64 rest = rest_bits (first), budget = (guint64) MAX (bytes * 8, 0);
  g_autofree double *cost = g_new (double, (gsize) n_layers * options->len);
  g_autofree guint64 *size = g_new (guint64, (gsize) n_layers * options->len);
  g_autofree guint *choice = g_new0 (guint, n_layers);
  BsChoiceProblem problem = { n_layers, options->len, cost, size };
  BsChoiceResult found;

  for (guint l = 0; l < n_layers; l++)
    for (guint o = 0; o < options->len; o++) {
      const BsLayerResult *layer = &((BsResult *) options->pdata[o])->layers[l];
      double noise = bs_noise (layer->local_sqnr_db);
      cost[l * options->len + o] = isfinite (noise) ? noise : 1e9;
      size[l * options->len + o] = layer->weight_bits;
    }
  if (!bs_knapsack (&problem, budget > rest ? budget - rest : 0, choice, &found, error))
    return FALSE;
  fill_pick (pick, options, choice, found.size + rest);
  return TRUE;
}

BsBudgetPick *
bs_budget_pick (BsResult *const *results, guint n, double bytes, GError **error)
{
  g_autoptr (BsBudgetPick) pick = g_new0 (BsBudgetPick, 1);

  if (n == 0) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA, "There are no results yet");
    return NULL;
  }
  pick->measured = best_measured (results, n, bytes);
  if (!pick_widths (pick, results, n, bytes, error))
    return NULL;
  return g_steal_pointer (&pick);
}
