/* Command: a study as a report to hand over, with its plots inside.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/findings.h"
#include "cli/json.h"
#include "cli/result_output.h"
#include "cli/stored.h"
#include "cli/table.h"

#include "plot/plot.h"
#include "plot/report.h"
#include "quant/correction.h"
#include "study/advise.h"
#include "study/gain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char *out;

static const GOptionEntry options[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
    N_ ("Where to; the suffix .html or .pdf decides"), "FILE" },
  { NULL },
};

/* Under a heading, with a sentence where there is one. bold: [rows], or NULL. */
static void
put_table (BsReport *report,
           const char *heading,
           const char *text,
           const BsTable *table,
           const gboolean *bold)
{
  guint n_columns;
  const gboolean *right;
  const GPtrArray *cells = bs_table_cells (table, &n_columns, &right);

  bs_report_heading (report, heading);
  if (text != NULL)
    bs_report_text (report, text);
  bs_report_table (report, n_columns, right, cells, bold);
}

static void
add_result (BsTable *table, const BsResult *r)
{
  g_autofree char *value = bs_result_value_to_string (r),
                  *size = bs_bytes_to_string (r->weight_bytes),
                  *samples = bs_result_samples_to_string (r);

  bs_table_add (table, "%s", r->label);
  bs_table_add (table, "%s", value);
  bs_table_add_number (table, 100 * r->agreement, 2, " %");
  bs_table_add_number (table, r->output_sqnr_db, 1, " dB");
  bs_table_add (table, "%s", size);
  bs_table_add (table, "%s", samples);
  bs_table_add_number (table, r->latency_ms, 4, " ms");
  bs_table_add_number (table, 100 * r->integer_share, 1, " %");
  bs_table_add (table, "%s",
                r->simulated           ? _ ("simulated")
                : r->integer_share > 0 ? _ ("integers")
                                       : _ ("float"));
}

static void
add_results (BsReport *report, const BsStored *stored, const gboolean *pareto)
{
  g_autoptr (BsTable) table =
    bs_table_new (_ ("Configuration|>Value|>Agreement|>Output SQNR|>Size|>Samples|>Latency|"
                     ">On integers|How it was run"));
  g_autofree gboolean *bold = g_new0 (gboolean, stored->results->len + 2);
  guint n = 0;

  if (stored->baseline != NULL) {
    add_result (table, stored->baseline);
    n++;
  }
  for (guint i = 0; i < stored->results->len; i++) {
    add_result (table, stored->results->pdata[i]);
    bold[n++] = pareto[i];
  }
  put_table (report, _ ("Configurations"), _ ("Bold: on the frontier, nothing smaller is better."),
             table, bold);
}

static void
add_layers (BsReport *report, const BsResult *r)
{
  g_autoptr (BsTable) table =
    bs_table_new (_ ("Layer|Operator|Weights|Activations|>Local SQNR|>Accumulated|>Saturated|"
                     ">Multiply-adds|>Bit operations|>Traffic|>Latency"));
  g_autofree char *heading = g_strdup_printf (_ ("Layers of %s"), r->label), *text = NULL;

  if (r->machine != NULL && *r->machine != '\0')
    text = g_strdup_printf (_ ("Latency: a sample on one thread of %s."), r->machine);
  for (guint i = 0; i < r->n_layers; i++) {
    const BsLayerResult *layer = &r->layers[i];
    gboolean counted = layer->traffic_bytes > 0; /* not by earlier versions */
    g_autofree char *traffic = bs_bytes_to_string (layer->traffic_bytes);
    bs_table_add (table, "%s", layer->name);
    bs_table_add (table, "%s", layer->op);
    bs_table_add (table, "%s", layer->weights);
    bs_table_add (table, "%s", layer->acts);
    bs_table_add_number (table, layer->local_sqnr_db, 1, " dB");
    bs_table_add_number (table, layer->accumulated_sqnr_db, 1, " dB");
    bs_table_add_number (table, 100 * layer->saturated_share, 2, " %");
    bs_table_add_number (table, counted ? (double) layer->macs : (double) NAN, 0, "");
    bs_table_add_number (table, counted ? (double) layer->bit_ops : (double) NAN, 0, "");
    bs_table_add (table, "%s", counted ? traffic : "–");
    bs_table_add_number (table, layer->latency_ms, 4, " ms");
  }
  put_table (report, heading, text, table, NULL);
}

/* What corrections gained, where the study measured with and without. */
static void
add_gains (BsReport *report, const BsStored *stored)
{
  g_autoptr (GArray) gains =
    bs_gains ((BsResult *const *) stored->results->pdata, stored->results->len);
  g_autoptr (BsTable) table = bs_table_new (_ ("Correction|Gain|What it does"));

  if (gains->len == 0)
    return;
  for (guint i = 0; i < gains->len; i++) {
    const BsGain *gain = &g_array_index (gains, BsGain, i);
    const BsCorrection *row;
    double params[BS_MAX_PARAMS];
    g_autofree char *text = bs_gain_text (gain);

    bs_table_add (table, "%s", gain->correction);
    bs_table_add (table, "%s", text);
    bs_table_add (table, "%s",
                  bs_correction_parse (gain->correction, &row, params, NULL) ? _ (row->description)
                                                                             : "–");
  }
  put_table (report, _ ("What Corrections Gained"), NULL, table, NULL);
}

/* What will hurt in the weights; nothing where the model is no longer where it was. */
static void
add_findings (BsReport *report, const BsStored *stored)
{
  g_autoptr (BsModel) model = bs_stored_model (stored, NULL, NULL);
  g_autoptr (BsConfig) config = bs_advise_default ();
  g_autoptr (GPtrArray) findings =
    model != NULL ? bs_advise_model (model, config, NULL) : bs_findings_new ();
  g_autoptr (BsTable) table = bs_table_new (_ ("Finding|>Bits lost|Worth a try"));

  if (findings->len == 0)
    return;
  for (guint i = 0; i < findings->len; i++) {
    const BsFinding *finding = findings->pdata[i];
    g_autofree char *cure = bs_finding_cure_text (finding);

    bs_table_add (table, "%s", finding->text);
    bs_table_add_number (table, bs_finding_bits (finding), 1, "");
    bs_table_add (table, "%s", cure != NULL ? cure : "–");
  }
  put_table (report, _ ("What Hurts in the Weights"),
             _ ("With 8 bits and one scale per layer; worst first."), table, NULL);
}

/* Plots that these results have no data for are left out. */
static void
add_plots (BsReport *report, const BsStored *stored, const BsResult *selected)
{
  g_autofree char *title =
    g_strdup_printf ("%s · %s", stored->info->model_name, stored->info->data_name);
  BsPlotInput input = { .title = title,
                        .results = (BsResult *const *) stored->results->pdata,
                        .n_results = stored->results->len,
                        .float_result = stored->baseline,
                        .selected = (BsResult *) selected };

  if (selected != NULL && selected->n_layers > 0)
    input.layer = selected->layers[0].name;
  for (guint i = 0; bs_plots[i] != NULL; i++) {
    BsPlotData *data = bs_plots[i]->build (&input, NULL);
    if (data != NULL)
      bs_report_plot (report, bs_plots[i], data);
  }
}

static BsReport *
make_report (const BsStored *stored)
{
  const BsStudyInfo *info = stored->info;
  g_autofree gboolean *pareto = g_new0 (gboolean, stored->results->len + 1);
  g_autofree char *title = g_strdup_printf (_ ("%s on %s"), info->model_name, info->data_name);
  g_autofree char *text =
    g_strdup_printf (_ ("%llu samples, %u configurations. Model %s (SHA-256 %s), data %s."),
                     (unsigned long long) info->n_samples, stored->results->len, info->model_path,
                     info->model_digest, info->data_spec);
  BsReport *report = bs_report_new (title);
  BsResult *selected = bs_stored_chosen (stored);

  bs_results_pareto ((BsResult *const *) stored->results->pdata, stored->results->len, pareto);
  bs_report_text (report, text);
  bs_report_text (report, "Bitstair " BITSTAIR_VERSION);
  add_plots (report, stored, selected);
  add_results (report, stored, pareto);
  add_gains (report, stored);
  add_findings (report, stored);
  if (selected != NULL)
    add_layers (report, selected);
  return report;
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_auto (BsStored) stored = { 0 };
  g_autoptr (BsReport) report = NULL;

  if (out == NULL || !(g_str_has_suffix (out, ".html") || g_str_has_suffix (out, ".pdf")))
    return bs_cli_usage (error, _ ("Please say where to write the report: -o FILE.html or .pdf"));
  if (!bs_stored_open (&stored, cli->db, args[0], error))
    return FALSE;
  report = make_report (&stored);
  if (!bs_report_save (report, out, error))
    return FALSE;
  if (cli->json) {
    g_autoptr (JsonBuilder) json = json_builder_new ();
    json_builder_begin_object (json);
    bs_json_text (json, "file", out);
    json_builder_end_object (json);
    bs_json_print (json);
  } else if (!cli->quiet) {
    puts (out);
  }
  return TRUE;
}

const BsCommand bs_command_report = {
  .name = "report",
  .arguments = "STUDY|RESULT -o FILE",
  .summary = N_ ("Write a study as a report to hand over"),
  .description = N_ ("Plots and tables in one HTML page that needs no other file, or a PDF. With a "
                     "RESULT its layers are shown, else those of the best configuration."),
  .example = "bitstair-cli report 1 -o report.html",
  .options = options,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
