/* Tables as CSV, for the clipboard.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/csv.h"

#include "app/list_util.h"

#include <math.h>

static void
append_number (GString *csv, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (csv, ',');
  if (isfinite (value))
    g_string_append (csv, g_ascii_dtostr (buffer, sizeof buffer, value));
}

/* Labels and specs hold commas where a range is given by hand, names may hold anything. */
static void
append_text (GString *csv, const char *text)
{
  if (csv->len > 0 && csv->str[csv->len - 1] != '\n')
    g_string_append_c (csv, ',');
  g_string_append_c (csv, '"');
  for (const char *c = text; *c != '\0'; c++)
    g_string_append_len (csv, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  g_string_append_c (csv, '"');
}

char *
bs_csv_results (GListModel *model)
{
  guint n;
  g_autofree BsResult **results = bs_list_results (model, &n);
  GString *csv = g_string_new (
    "configuration,key,metric,value,agreement,output_sqnr_db,weight_bytes,integer_share\n");

  for (guint i = 0; i < n; i++) {
    append_text (csv, results[i]->label);
    g_string_append_printf (csv, ",%s,%s", results[i]->key, results[i]->metric);
    append_number (csv, results[i]->value);
    append_number (csv, results[i]->agreement);
    append_number (csv, results[i]->output_sqnr_db);
    append_number (csv, (double) results[i]->weight_bytes);
    append_number (csv, results[i]->integer_share);
    g_string_append_c (csv, '\n');
  }
  return g_string_free (csv, FALSE);
}

char *
bs_csv_layers (GListModel *layers, const BsResult *result)
{
  GString *csv =
    g_string_new ("layer,operator,shape,parameters,weights,activations,bits_each,weight_sqnr_db,"
                  "local_sqnr_db,accumulated_sqnr_db,on_integers\n");

  for (guint i = 0; i < g_list_model_get_n_items (layers); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (layers, i);
    const BsLayerResult *layer = bs_result_layer (result, bs_layer_item_name (item));
    g_autofree char *shape = NULL;
    double parameters;

    g_object_get (item, "shape", &shape, "parameters", &parameters, NULL);
    append_text (csv, bs_layer_item_name (item));
    append_text (csv, bs_layer_item_op (item));
    append_text (csv, shape);
    append_number (csv, parameters);
    append_text (csv, layer != NULL ? layer->weights : "");
    append_text (csv, layer != NULL ? layer->acts : "");
    append_number (csv, layer != NULL ? layer->mean_bits : NAN);
    append_number (csv, layer != NULL ? layer->weight_sqnr_db : NAN);
    append_number (csv, layer != NULL ? layer->local_sqnr_db : NAN);
    append_number (csv, layer != NULL ? layer->accumulated_sqnr_db : NAN);
    append_number (csv, layer != NULL ? layer->on_integers : NAN);
    g_string_append_c (csv, '\n');
  }
  return g_string_free (csv, FALSE);
}

static void
append_pair (GString *csv, const char *name, const char *measure, double a, double b)
{
  append_text (csv, name);
  append_text (csv, measure);
  append_number (csv, a);
  append_number (csv, b);
  append_number (csv, b - a);
  g_string_append_c (csv, '\n');
}

char *
bs_csv_comparison (const BsResult *a, const BsResult *b)
{
  GString *csv = g_string_new ("layer,measure");

  append_text (csv, a->label);
  append_text (csv, b->label);
  g_string_append (csv, ",difference\n");
  append_pair (csv, "", a->metric, a->value, b->value);
  append_pair (csv, "", "agreement", a->agreement, b->agreement);
  append_pair (csv, "", "output_sqnr_db", a->output_sqnr_db, b->output_sqnr_db);
  append_pair (csv, "", "weight_bytes", (double) a->weight_bytes, (double) b->weight_bytes);
  append_pair (csv, "", "integer_share", a->integer_share, b->integer_share);
  for (guint i = 0; i < a->n_layers; i++) {
    const BsLayerResult *x = &a->layers[i], *y = bs_result_layer (b, x->name);
    if (y == NULL)
      continue;
    append_pair (csv, x->name, "bits_each", x->mean_bits, y->mean_bits);
    append_pair (csv, x->name, "local_sqnr_db", x->local_sqnr_db, y->local_sqnr_db);
    append_pair (csv, x->name, "accumulated_sqnr_db", x->accumulated_sqnr_db,
                 y->accumulated_sqnr_db);
  }
  return g_string_free (csv, FALSE);
}
