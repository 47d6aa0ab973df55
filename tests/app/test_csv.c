/* Tables as CSV: quoting, empty cells, pairs of layers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/csv.h"

#include <math.h>

static BsResult *
make (const char *label, double value, double db)
{
  BsResult *result = bs_result_new ();

  result->label = g_strdup (label);
  result->metric = g_strdup ("top1");
  result->value = value;
  result->agreement = NAN;
  result->output_sqnr_db = INFINITY;
  result->weight_bytes = 1000;
  result->integer_share = 1;
  result->n_layers = 1;
  result->layers = g_new0 (BsLayerResult, 1);
  result->layers[0].name = g_strdup ("a \"b\", c");
  result->layers[0].weights = g_strdup ("int4:fixed=-1,1");
  result->layers[0].acts = g_strdup ("uint8");
  result->layers[0].mean_bits = 4;
  result->layers[0].weight_sqnr_db = NAN;
  result->layers[0].local_sqnr_db = result->layers[0].accumulated_sqnr_db = db;
  return result;
}

static void
test_results (void)
{
  g_autoptr (GListStore) list = g_list_store_new (BS_TYPE_RESULT_ITEM);
  g_autoptr (BsResult) result = make ("int4:fixed=-1,1", 0.5, 10);
  g_autoptr (BsResultItem) item = bs_result_item_new (result);

  g_list_store_append (list, item);
  g_autofree char *csv = bs_csv_results (G_LIST_MODEL (list));
  g_assert_true (g_str_has_suffix (csv, "\n\"int4:fixed=-1,1\",,top1,0.5,,,1000,1\n"));
}

static void
test_layers (void)
{
  g_autoptr (GListStore) list = g_list_store_new (BS_TYPE_LAYER_ITEM);
  g_autoptr (BsResult) result = make ("int4", 0.5, 10);
  g_autoptr (BsLayerItem) item = bs_layer_item_new (0, "a \"b\", c", "Conv", "2×3", 6, 1, 0);

  g_list_store_append (list, item);
  g_autofree char *csv = bs_csv_layers (G_LIST_MODEL (list), result);
  g_assert_true (g_str_has_suffix (csv,
                                   "\n\"a \"\"b\"\", c\",\"Conv\",\"2×3\",6,\"int4:fixed=-1,1\","
                                   "\"uint8\",4,,10,10,0\n"));
  g_autofree char *none = bs_csv_layers (G_LIST_MODEL (list), NULL);
  g_assert_true (g_str_has_suffix (none, ",6,\"\",\"\",,,,,\n"));
}

static void
test_comparison (void)
{
  g_autoptr (BsResult) a = make ("int4", 0.5, 10), b = make ("int8", 0.75, 30),
                       other = make ("x", 0, 0);
  g_autofree char *csv = bs_csv_comparison (a, b);

  g_assert_true (g_str_has_prefix (csv, "layer,measure,\"int4\",\"int8\",difference\n"
                                        "\"\",\"top1\",0.5,0.75,0.25\n"
                                        "\"\",\"agreement\",,,\n"));
  g_assert_true (g_str_has_suffix (csv, "\n\"a \"\"b\"\", c\",\"accumulated_sqnr_db\",10,30,20\n"));
  g_free (other->layers[0].name);
  other->layers[0].name = g_strdup ("fc");
  g_autofree char *apart = bs_csv_comparison (a, other);
  g_assert_true (g_str_has_suffix (apart, "\"integer_share\",1,1,0\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/csv/results", test_results);
  g_test_add_func ("/csv/layers", test_layers);
  g_test_add_func ("/csv/comparison", test_comparison);
  return g_test_run ();
}
