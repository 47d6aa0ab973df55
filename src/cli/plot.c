/* Command: any plot the window shows, into a file.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/stored.h"
#include "cli/table.h"

#include "model/layers.h"
#include "plot/plot.h"

#include <stdio.h>
#include <string.h>

static char *out, *layer, *model_path, *against;
static gboolean list;
static double width, height;

static const GOptionEntry options[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
    N_ ("Where to; the suffix .png, .svg or .pdf decides"), "FILE" },
  { "layer", 'l', 0, G_OPTION_ARG_STRING, &layer,
    N_ ("For plots of one layer; default the worst one"), "NAME" },
  { "x", 'x', 0, G_OPTION_ARG_STRING, &against,
    N_ ("For the trade-off: bytes (default), bit-ops, traffic or latency"), "COST" },
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model_path,
    N_ ("For plots of weights; default where the study found it"), "MODEL" },
  { "width", 0, 0, G_OPTION_ARG_DOUBLE, &width, N_ ("In CSS pixels; default 960"), "N" },
  { "height", 0, 0, G_OPTION_ARG_DOUBLE, &height, N_ ("In CSS pixels; default 600"), "N" },
  { "list", 0, 0, G_OPTION_ARG_NONE, &list, N_ ("List the kinds of plots"), NULL },
  { NULL },
};

static void
print_kinds (const BsCli *cli)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (BsTable) table = bs_table_new (_ ("Kind|Title"));

  json_builder_begin_object (json);
  bs_json_begin_array (json, "plots");
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    json_builder_begin_object (json);
    bs_json_text (json, "kind", bs_plots[i]->id);
    bs_json_text (json, "title", _ (bs_plots[i]->title));
    json_builder_end_object (json);
    bs_table_add (table, "%s", bs_plots[i]->id);
    bs_table_add (table, "%s", _ (bs_plots[i]->title));
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  if (cli->json)
    bs_json_print (json);
  else
    bs_table_print (table);
}

/* The layer whose error a reader would look at first. */
static const char *
worst_layer (const BsResult *result)
{
  const BsLayerResult *worst = NULL;

  for (guint i = 0; result != NULL && i < result->n_layers; i++) {
    if (worst == NULL || result->layers[i].local_sqnr_db < worst->local_sqnr_db)
      worst = &result->layers[i];
  }
  return worst != NULL ? worst->name : NULL;
}

/* The weights of the layer under the result's spec, from the model file. */
static BsTensorView *
view_weights (const BsStored *stored, const BsResult *result, const char *name, GError **error)
{
  g_autoptr (BsModel) model = bs_stored_model (stored, model_path, error);
  g_autoptr (GArray) layers = NULL;
  const char *text = "float";
  BsSpec spec;

  if (model == NULL)
    return NULL;
  const BsLayerResult *measured = bs_result_layer (result, name);
  if (measured != NULL)
    text = measured->weights;
  if (!bs_spec_parse (text, &spec, error))
    return NULL;
  layers = bs_model_layers (model, NULL);
  for (guint i = 0; i < layers->len; i++) {
    const BsLayer *found = &g_array_index (layers, BsLayer, i);

    if (strcmp (model->nodes[found->node].name, name) == 0)
      return bs_tensor_view_new (model, found->tensors[0], &spec, 0, error);
  }
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, _ ("“%s” has no layer “%s”"), model->name, name);
  return NULL;
}

static gboolean
check (char **args, const BsPlot **plot, GError **error)
{
  if (args[0] == NULL || args[1] == NULL)
    return bs_cli_usage (error, _ ("Please say which plot of what: plot KIND STUDY|RESULT -o FILE; "
                                   "plot --list lists the kinds"));
  if (out == NULL)
    return bs_cli_usage (error,
                         _ ("Please say where to write the plot: -o FILE.png, .svg or .pdf"));
  if (width < 0 || height < 0 || width > 20000 || height > 20000)
    return bs_cli_usage (error, _ ("--width and --height are numbers up to 20000"));
  *plot = bs_plot_find (args[0]);
  if (*plot == NULL)
    return bs_cli_usage (error, _ ("There is no plot “%s”; plot --list lists them"), args[0]);
  return TRUE;
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  const BsPlot *plot;
  g_auto (BsStored) stored = { 0 };
  g_autoptr (BsPlotData) data = NULL;
  g_autoptr (BsTensorView) view = NULL;
  g_autofree char *title = NULL;
  BsPlotInput input = { 0 };

  if (against != NULL && !bs_plot_cost_find (against, &input.cost))
    return bs_cli_usage (error, _ ("-x takes bytes, bit-ops, traffic or latency, not “%s”"),
                         against);

  if (list) {
    print_kinds (cli);
    return TRUE;
  }
  if (!check (args, &plot, error) || !bs_stored_open (&stored, cli->db, args[1], error))
    return FALSE;

  title = g_strdup_printf ("%s · %s", stored.info->model_name, stored.info->data_name);
  input.title = title;
  input.results = (BsResult *const *) stored.results->pdata;
  input.n_results = stored.results->len;
  input.float_result = stored.baseline;
  input.selected = stored.selected;
  if (stored.selected == NULL) /* a plot of the whole study, or else of its best result */
    data = plot->build (&input, NULL);
  if (data == NULL)
    input.selected = bs_stored_chosen (&stored);
  input.layer = layer != NULL ? layer : worst_layer (input.selected);
  if (strcmp (plot->id, "weight-histogram") == 0 && input.layer != NULL) {
    view = view_weights (&stored, input.selected, input.layer, error);
    if (view == NULL)
      return FALSE;
    input.view = view;
  }
  if (data == NULL)
    data = plot->build (&input, error);
  if (data == NULL || !bs_plot_save (plot, data, out, width, height, error))
    return FALSE;

  if (cli->json) {
    g_autoptr (JsonBuilder) json = json_builder_new ();

    json_builder_begin_object (json);
    bs_json_text (json, "kind", plot->id);
    bs_json_text (json, "file", out);
    bs_json_text (json, "description", bs_plot_data_description (data));
    json_builder_end_object (json);
    bs_json_print (json);
  } else if (!cli->quiet)
    printf ("%s\n%s\n", out, bs_plot_data_description (data));
  return TRUE;
}

const BsCommand bs_command_plot = {
  .name = "plot",
  .arguments = "KIND STUDY|RESULT -o FILE",
  .summary = N_ ("Draw a plot of what is stored"),
  .description = N_ ("STUDY is a number, RESULT the first digits of a key, as “results” prints "
                     "them. Plots of one result "
                     "show the best of a STUDY."),
  .example = "bitstair-cli plot trade-off 1 -o trade-off.svg",
  .options = options,
  .max_args = 2,
  .run = run,
};
