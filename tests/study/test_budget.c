/* Tests of the budget: what fits is found, the mix beats every single width, nothing fits is said.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/budget.h"

#include "base/error.h"

#include <math.h>

#define N_LAYERS 3u
#define BYTES_EACH 100u /* of a layer and bit */

/* A layer's noise at a width: the second one minds most. */
static double
sqnr (guint layer, guint bits)
{
  static const double offsets[N_LAYERS] = { 10, -8, 12 };

  return 6.02 * bits + offsets[layer];
}

static BsResult *
make (guint bits)
{
  BsResult *result = bs_result_new ();
  g_autofree char *text = g_strdup_printf ("int%u:channel", bits);
  g_autofree char *json =
    g_strdup_printf ("{\"bitstair\":1,\"weights\":\"%s\",\"acts\":\"uint8\"}", text);
  g_autoptr (BsConfig) config = bs_config_parse (json, NULL);

  g_assert_nonnull (config);
  result->config = g_strdup (config->text);
  g_strlcpy (result->key, config->key, sizeof result->key);
  result->weights = g_strdup (text);
  result->acts = g_strdup ("uint8");
  result->label = g_strdup (text);
  result->metric = g_strdup ("top1");
  result->value = 0.5 + 0.05 * bits;
  result->n = 1000;
  result->n_layers = N_LAYERS;
  result->layers = g_new0 (BsLayerResult, N_LAYERS);
  for (guint i = 0; i < N_LAYERS; i++)
    result->layers[i] = (BsLayerResult){
      .name = g_strdup_printf ("layer%u", i),
      .op = g_strdup ("Conv"),
      .weights = g_strdup (text),
      .acts = g_strdup ("uint8"),
      .weight_bits = bits * BYTES_EACH * 8,
      .mean_bits = bits,
      .local_sqnr_db = sqnr (i, bits),
    };
  result->weight_bytes = N_LAYERS * bits * BYTES_EACH + 40; /* and biases */
  return result;
}

static GPtrArray *
make_all (void)
{
  GPtrArray *results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);

  for (guint bits = 2; bits <= 8; bits++)
    g_ptr_array_add (results, make (bits));
  return results;
}

static void
test_mix (void)
{
  g_autoptr (GPtrArray) results = make_all ();
  g_autoptr (GError) error = NULL;
  double bytes = N_LAYERS * 4 * BYTES_EACH + 40 + 50; /* four bits each, and half a bit more */
  g_autoptr (BsBudgetPick) pick =
    bs_budget_pick ((BsResult *const *) results->pdata, results->len, bytes, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (pick->measured->weights, ==, "int4:channel");
  g_assert_cmpuint (pick->picked->weight_bytes, <=, (guint64) bytes);
  g_assert_cmpfloat (pick->picked->layers[1].mean_bits, >, 4); /* the one that minds most */
  g_assert_cmpfloat (pick->picked->layers[0].mean_bits, <=, 4);
  double uniform = 0, picked = 0;
  for (guint i = 0; i < N_LAYERS; i++) {
    uniform += pow (10, -sqnr (i, 4) / 10);
    picked += pow (10, -pick->picked->layers[i].local_sqnr_db / 10);
    BsSpec spec;
    g_assert_true (bs_spec_parse (pick->picked->layers[i].weights, &spec, NULL));
    g_assert_cmpuint (bs_config_weights (pick->config, pick->picked->layers[i].name)->bits, ==,
                      spec.bits);
  }
  g_assert_cmpfloat (picked, <, uniform);
  g_assert_cmpfloat_with_epsilon (pick->predicted_sqnr_db, -10 * log10 (picked), 1e-9);
}

static void
test_limits (void)
{
  g_autoptr (GPtrArray) results = make_all ();
  g_autoptr (GError) error = NULL;
  double least, most;

  g_assert_true (bs_budget_range ((BsResult *const *) results->pdata, results->len, &least, &most));
  g_assert_cmpfloat (least, ==, 640);
  g_assert_cmpfloat (most, ==, 2440);
  g_autoptr (BsBudgetPick) all =
    bs_budget_pick ((BsResult *const *) results->pdata, results->len, most, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (all->measured->key, ==, all->picked->key); /* 8 bits everywhere */
  g_assert_null (bs_budget_pick ((BsResult *const *) results->pdata, results->len, 600, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (bs_budget_pick (NULL, 0, 600, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NO_DATA);
  g_clear_error (&error);

  /* one result offers no choice, but is an answer */
  g_autoptr (BsBudgetPick) one =
    bs_budget_pick ((BsResult *const *) results->pdata, 1, most, &error);
  g_assert_no_error (error);
  g_assert_nonnull (one->measured);
  g_assert_null (one->picked);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/mix", test_mix);
  g_test_add_func ("/budget/limits", test_limits);
  return g_test_run ();
}
