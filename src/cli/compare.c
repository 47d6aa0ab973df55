/* Command: two results side by side.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/result_output.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

static void
print_json (BsResult *const *pair)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_begin_array (json, "results");
  for (guint i = 0; i < 2; i++) {
    json_builder_begin_object (json);
    bs_json_result (json, pair[i], TRUE);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  bs_json_begin_array (json, "layers");
  for (guint i = 0; i < pair[0]->n_layers; i++) {
    const BsLayerResult *a = &pair[0]->layers[i], *b = bs_result_layer (pair[1], a->name);

    if (b == NULL)
      continue;
    json_builder_begin_object (json);
    bs_json_text (json, "name", a->name);
    bs_json_number (json, "local_sqnr_db_difference", b->local_sqnr_db - a->local_sqnr_db);
    bs_json_number (json, "accumulated_sqnr_db_difference",
                    b->accumulated_sqnr_db - a->accumulated_sqnr_db);
    bs_json_integer (json, "weight_bits_difference",
                     (gint64) b->weight_bits - (gint64) a->weight_bits);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  bs_json_number (json, "value_difference", pair[1]->value - pair[0]->value);
  bs_json_integer (json, "weight_bytes_difference",
                   (gint64) pair[1]->weight_bytes - (gint64) pair[0]->weight_bytes);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_table (BsResult *const *pair)
{
  g_autoptr (GPtrArray) both = g_ptr_array_new ();
  g_autoptr (BsTable) table = bs_table_new (
    _ ("Layer|Weights A|Weights B|>Local A|>Local B|>Accumulated A|>Accumulated B|>Difference"));

  g_ptr_array_add (both, pair[0]);
  g_ptr_array_add (both, pair[1]);
  bs_print_results (both, NULL, FALSE);
  puts ("");
  for (guint i = 0; i < pair[0]->n_layers; i++) {
    const BsLayerResult *a = &pair[0]->layers[i], *b = bs_result_layer (pair[1], a->name);

    if (b == NULL)
      continue;
    bs_table_add (table, "%s", a->name);
    bs_table_add (table, "%s", a->weights);
    bs_table_add (table, "%s", b->weights);
    bs_table_add_number (table, a->local_sqnr_db, 1, " dB");
    bs_table_add_number (table, b->local_sqnr_db, 1, " dB");
    bs_table_add_number (table, a->accumulated_sqnr_db, 1, " dB");
    bs_table_add_number (table, b->accumulated_sqnr_db, 1, " dB");
    bs_table_add_number (table, b->accumulated_sqnr_db - a->accumulated_sqnr_db, 1, " dB");
  }
  bs_table_print (table);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_autoptr (BsStore) store = bs_store_open_read_only (cli->db, error);
  g_autoptr (BsResult) a = NULL, b = NULL;
  gint64 study;

  if (store == NULL || (a = bs_store_find (store, args[0], &study, error)) == NULL ||
      (b = bs_store_find (store, args[1], &study, error)) == NULL)
    return FALSE;
  if (cli->json)
    print_json ((BsResult *[]){ a, b });
  else if (!cli->quiet)
    print_table ((BsResult *[]){ a, b });
  return TRUE;
}

const BsCommand bs_command_compare = {
  .name = "compare",
  .arguments = "A B",
  .summary = N_ ("Two results side by side"),
  .description = N_ (
    "A and B are keys, or their first digits, as “results” prints them; 7:3fa9 is one of study 7."),
  .example = "bitstair-cli compare 3fa91c04 81d0e2b7",
  .min_args = 2,
  .max_args = 2,
  .run = run,
};
