/* Tests of what corrections gained: pairs found by configuration, means, the best pair, chance.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/config.h"
#include "study/gain.h"

#include <math.h>
#include <string.h>

static BsResult *
make (const char *weights, const char *corrections, guint64 n_correct, double db)
{
  BsResult *result = bs_result_new ();
  g_auto (GStrv) list = g_strsplit (corrections, "+", -1);
  BsSpec w, a;

  g_assert_true (bs_spec_parse (weights, &w, NULL));
  g_assert_true (bs_spec_parse ("uint8", &a, NULL));
  g_autoptr (BsConfig) config = bs_config_new (&w, &a, NULL, (const char *const *) list);
  g_strlcpy (result->key, config->key, sizeof result->key);
  result->config = g_strdup (config->text);
  result->label = g_strdup (weights);
  result->metric = g_strdup ("top1");
  result->n = 1000;
  result->n_correct = n_correct;
  result->value = (double) n_correct / 1000;
  result->output_sqnr_db = db;
  return result;
}

static void
test_gains (void)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);

  g_ptr_array_add (results, make ("int8", "", 900, 30));
  g_ptr_array_add (results, make ("int8", "equalize", 905, 31));
  g_ptr_array_add (results, make ("int4", "", 100, 1));
  g_ptr_array_add (results, make ("int4", "equalize", 880, 20));
  g_ptr_array_add (results, make ("int4", "equalize+bias", 881, INFINITY));
  g_ptr_array_add (results, make ("int3", "prune=0.5", 500, 5)); /* nothing to compare with */
  g_autoptr (GArray) gains = bs_gains ((BsResult *const *) results->pdata, results->len);

  g_assert_cmpuint (gains->len, ==, 2);
  const BsGain *equalize = &g_array_index (gains, BsGain, 0);
  g_assert_cmpstr (equalize->correction, ==, "equalize"); /* applied before bias */
  g_assert_true (equalize == bs_gain_find (gains, "equalize"));
  g_assert_cmpuint (equalize->n_pairs, ==, 2);
  g_assert_cmpuint (equalize->n_better, ==, 1); /* 900 and 905 of 1000 differ by chance */
  g_assert_cmpuint (equalize->n_worse, ==, 0);
  g_assert_cmpfloat_with_epsilon (equalize->mean_quality, (0.005 + 0.78) / 2, 1e-12);
  g_assert_cmpfloat_with_epsilon (equalize->mean_db, 10, 1e-12);
  g_assert_true (equalize->with == results->pdata[3] && equalize->without == results->pdata[2]);
  g_assert_cmpfloat_with_epsilon (equalize->best_quality, 0.78, 1e-12);
  g_assert_true (equalize->significant);
  g_autofree char *text = bs_gain_text (equalize);
  g_assert_nonnull (strstr (text, "+78.00"));
  g_assert_nonnull (strstr (text, "+19.0 dB"));

  const BsGain *bias = bs_gain_find (gains, "bias"); /* with equalize on both sides */
  g_assert_cmpuint (bias->n_pairs, ==, 1);
  g_assert_false (bias->significant);
  g_assert_true (isnan (bias->mean_db)); /* infinite is no number of decibels */
  g_assert_null (bs_gain_find (gains, "prune"));
  g_assert_null (bs_gain_find (gains, "bia"));
}

static void
test_nothing (void)
{
  g_autoptr (GArray) gains = bs_gains (NULL, 0);

  g_assert_cmpuint (gains->len, ==, 0);
}

/* Layers that were not measured, and those that lost nothing, do not count. */
static void
test_mean_of_layer (void)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  const double db[] = { 10, 31, NAN, INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (db); i++) {
    BsResult *result = make ("int8", "", 900, 30);
    result->n_layers = 1;
    result->layers = g_new0 (BsLayerResult, 1);
    result->layers[0].name = g_strdup ("conv");
    result->layers[0].local_sqnr_db = db[i];
    g_ptr_array_add (results, result);
  }
  BsResult *const *all = (BsResult *const *) results->pdata;
  g_assert_cmpfloat (bs_results_mean_sqnr_db (all, 4, "conv"), ==, 20.5);
  g_assert_true (isnan (bs_results_mean_sqnr_db (all + 2, 2, "conv")));
  g_assert_true (isnan (bs_results_mean_sqnr_db (all, 4, "fc")));
  g_assert_null (bs_result_layer (NULL, "conv"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gain/pairs", test_gains);
  g_test_add_func ("/gain/nothing", test_nothing);
  g_test_add_func ("/gain/mean-of-layer", test_mean_of_layer);
  return g_test_run ();
}
