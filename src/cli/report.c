/* Command: a study as one page to hand over, with its plots inside.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/findings.h"
#include "cli/json.h"
#include "cli/result_output.h"
#include "cli/stored.h"
#include "cli/table.h"

#include "plot/plot.h"
#include "quant/correction.h"
#include "study/advise.h"
#include "study/gain.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char *out;

static const GOptionEntry options[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out, N_ ("Where to; .html"), "FILE" },
  { NULL },
};

static const char style[] =
  "body{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;"
  "background:#fff}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .7rem;"
  "border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right;"
  "font-variant-numeric:tabular-nums}tr.front td{font-weight:bold}img{max-width:100%}"
  "figcaption,footer{color:#555}";

/* Text with what HTML gives a meaning taken out of it. */
static void add_text (GString *html, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_text (GString *html, const char *format, ...)
{
  va_list arguments;
  g_autofree char *plain = NULL, *escaped = NULL;

  va_start (arguments, format);
  plain = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  escaped = g_markup_escape_text (plain, -1);
  g_string_append (html, escaped);
}

static void
add_cell (GString *html, gboolean number, const char *text)
{
  g_string_append (html, number ? "<td class=\"n\">" : "<td>");
  add_text (html, "%s", text);
  g_string_append (html, "</td>");
}

static void
add_number (GString *html, double value, gint digits, const char *unit)
{
  g_autofree char *text = isnan (value)   ? g_strdup ("–")
                          : isinf (value) ? g_strdup (value > 0 ? "∞" : "−∞")
                                          : g_strdup_printf ("%.*f%s", digits, value, unit);

  add_cell (html, TRUE, text);
}

static void
add_heads (GString *html, const char *titles)
{
  g_auto (GStrv) parts = g_strsplit (titles, "|", -1);

  g_string_append (html, "<table><thead><tr>");
  for (guint i = 0; parts[i] != NULL; i++) {
    g_string_append (html, *parts[i] == '>' ? "<th class=\"n\">" : "<th>");
    add_text (html, "%s", *parts[i] == '>' ? parts[i] + 1 : parts[i]);
    g_string_append (html, "</th>");
  }
  g_string_append (html, "</tr></thead><tbody>\n");
}

static void
add_result (GString *html, const BsResult *r, gboolean front)
{
  g_autofree char *value = bs_result_value_to_string (r),
                  *size = bs_bytes_to_string (r->weight_bytes),
                  *samples = bs_result_samples_to_string (r);

  g_string_append (html, front ? "<tr class=\"front\">" : "<tr>");
  add_cell (html, FALSE, r->label);
  add_cell (html, TRUE, value);
  add_number (html, 100 * r->agreement, 2, " %");
  add_number (html, r->output_sqnr_db, 1, " dB");
  add_cell (html, TRUE, size);
  add_cell (html, TRUE, samples);
  add_number (html, 100 * r->integer_share, 1, " %");
  add_cell (html, FALSE, r->simulated ? _ ("simulated") : _ ("integers"));
  g_string_append (html, "</tr>\n");
}

static void
add_results (GString *html, const BsStored *stored, const gboolean *pareto)
{
  g_string_append (html, "<h2>");
  add_text (html, "%s", _ ("Configurations"));
  g_string_append (html, "</h2><p>");
  add_text (html, "%s", _ ("Bold: on the frontier, nothing smaller is better."));
  g_string_append (html, "</p>");
  add_heads (
    html, _ ("Configuration|>Value|>Agreement|>Output SQNR|>Size|>Samples|>On integers|How it was "
             "run"));
  if (stored->baseline != NULL)
    add_result (html, stored->baseline, FALSE);
  for (guint i = 0; i < stored->results->len; i++)
    add_result (html, stored->results->pdata[i], pareto[i]);
  g_string_append (html, "</tbody></table>\n");
}

static void
add_layers (GString *html, const BsResult *r)
{
  g_string_append (html, "<h2>");
  add_text (html, _ ("Layers of %s"), r->label);
  g_string_append (html, "</h2>");
  add_heads (html, _ ("Layer|Operator|Weights|Activations|>Local SQNR|>Accumulated|>Saturated|"
                      ">Multiply-adds|>Bit operations|>Traffic|>Latency"));
  for (guint i = 0; i < r->n_layers; i++) {
    const BsLayerResult *layer = &r->layers[i];
    g_autofree char *traffic = bs_bytes_to_string (layer->traffic_bytes);
    g_string_append (html, "<tr>");
    add_cell (html, FALSE, layer->name);
    add_cell (html, FALSE, layer->op);
    add_cell (html, FALSE, layer->weights);
    add_cell (html, FALSE, layer->acts);
    add_number (html, layer->local_sqnr_db, 1, " dB");
    add_number (html, layer->accumulated_sqnr_db, 1, " dB");
    add_number (html, 100 * layer->saturated_share, 2, " %");
    add_number (html, (double) layer->macs, 0, "");
    add_number (html, (double) layer->bit_ops, 0, "");
    add_cell (html, TRUE, traffic);
    add_number (html, layer->latency_ms, 4, " ms");
    g_string_append (html, "</tr>\n");
  }
  g_string_append (html, "</tbody></table>\n");
}

/* What corrections gained, where the study measured with and without. */
static void
add_gains (GString *html, const BsStored *stored)
{
  g_autoptr (GArray) gains =
    bs_gains ((BsResult *const *) stored->results->pdata, stored->results->len);

  if (gains->len == 0)
    return;
  g_string_append (html, "<h2>");
  add_text (html, "%s", _ ("What Corrections Gained"));
  g_string_append (html, "</h2>");
  add_heads (html, _ ("Correction|Gain|What it does"));
  for (guint i = 0; i < gains->len; i++) {
    const BsGain *gain = &g_array_index (gains, BsGain, i);
    const BsCorrection *row;
    double params[BS_MAX_PARAMS];
    g_autofree char *text = bs_gain_text (gain);

    g_string_append (html, "<tr>");
    add_cell (html, FALSE, gain->correction);
    add_cell (html, FALSE, text);
    add_cell (html, FALSE,
              bs_correction_parse (gain->correction, &row, params, NULL) ? _ (row->description)
                                                                         : "–");
    g_string_append (html, "</tr>\n");
  }
  g_string_append (html, "</tbody></table>\n");
}

/* What will hurt in the weights; nothing where the model is no longer where it was. */
static void
add_findings (GString *html, const BsStored *stored)
{
  g_autoptr (BsModel) model = bs_stored_model (stored, NULL, NULL);
  g_autoptr (BsConfig) config = bs_advise_default ();
  g_autoptr (GPtrArray) findings =
    model != NULL ? bs_advise_model (model, config, NULL) : bs_findings_new ();

  if (findings->len == 0)
    return;
  g_string_append (html, "<h2>");
  add_text (html, "%s", _ ("What Hurts in the Weights"));
  g_string_append (html, "</h2><p>");
  add_text (html, "%s", _ ("With 8 bits and one scale per layer; worst first."));
  g_string_append (html, "</p>");
  add_heads (html, _ ("Finding|>Bits lost|Worth a try"));
  for (guint i = 0; i < findings->len; i++) {
    const BsFinding *finding = findings->pdata[i];
    g_autofree char *cure = bs_finding_cure_text (finding);

    g_string_append (html, "<tr>");
    add_cell (html, FALSE, finding->text);
    add_number (html, bs_finding_bits (finding), 1, "");
    add_cell (html, FALSE, cure != NULL ? cure : "–");
    g_string_append (html, "</tr>\n");
  }
  g_string_append (html, "</tbody></table>\n");
}

/* A plot as an image inside the page; one that these results have no data for is left out. */
static gboolean
add_plot (GString *html,
          const BsPlot *plot,
          const BsPlotInput *input,
          const char *path,
          GError **error)
{
  g_autoptr (BsPlotData) data = plot->build (input, NULL);
  g_autofree char *svg = NULL, *encoded = NULL;
  gsize bytes;

  if (data == NULL)
    return TRUE;
  if (!bs_plot_save (plot, data, path, 0, 0, error) ||
      !g_file_get_contents (path, &svg, &bytes, error))
    return FALSE;
  encoded = g_base64_encode ((const guchar *) svg, bytes);
  g_string_append (html, "<h2>");
  add_text (html, "%s", _ (plot->title));
  g_string_append_printf (html, "</h2><figure><img src=\"data:image/svg+xml;base64,%s\" alt=\"",
                          encoded);
  add_text (html, "%s", bs_plot_data_description (data));
  g_string_append (html, "\"><figcaption>");
  add_text (html, "%s", bs_plot_data_description (data));
  g_string_append (html, "</figcaption></figure>\n");
  return TRUE;
}

static gboolean
add_plots (GString *html, const BsStored *stored, const BsResult *selected, GError **error)
{
  g_autofree char *title =
    g_strdup_printf ("%s · %s", stored->info->model_name, stored->info->data_name);
  g_autofree char *folder = g_dir_make_tmp ("bitstair-report-XXXXXX", error);
  g_autofree char *path = folder != NULL ? g_build_filename (folder, "plot.svg", NULL) : NULL;
  BsPlotInput input = { .title = title,
                        .results = (BsResult *const *) stored->results->pdata,
                        .n_results = stored->results->len,
                        .float_result = stored->baseline,
                        .selected = (BsResult *) selected };
  gboolean ok = folder != NULL;

  if (selected != NULL && selected->n_layers > 0)
    input.layer = selected->layers[0].name;
  for (guint i = 0; ok && bs_plots[i] != NULL; i++)
    ok = add_plot (html, bs_plots[i], &input, path, error);
  if (folder != NULL) {
    g_unlink (path);
    g_rmdir (folder);
  }
  return ok;
}

/* The result named, else the best one on the frontier. */
static const BsResult *
choose (const BsStored *stored, const gboolean *pareto)
{
  const BsResult *best = stored->selected;

  for (guint i = 0; stored->selected == NULL && i < stored->results->len; i++)
    if (pareto[i] &&
        (best == NULL || bs_result_quality (stored->results->pdata[i]) > bs_result_quality (best)))
      best = stored->results->pdata[i];
  return best;
}

static gboolean
write_report (const BsStored *stored, GError **error)
{
  g_autoptr (GString) html = g_string_new ("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">");
  g_autofree gboolean *pareto = g_new0 (gboolean, stored->results->len + 1);
  const BsResult *selected;

  bs_results_pareto ((BsResult *const *) stored->results->pdata, stored->results->len, pareto);
  selected = choose (stored, pareto);
  g_string_append_printf (html, "<style>%s</style><title>", style);
  add_text (html, _ ("%s on %s"), stored->info->model_name, stored->info->data_name);
  g_string_append (html, "</title></head><body><h1>");
  add_text (html, _ ("%s on %s"), stored->info->model_name, stored->info->data_name);
  g_string_append (html, "</h1><p>");
  add_text (html, _ ("%llu samples, %u configurations. Model %s (SHA-256 %s), data %s."),
            (unsigned long long) stored->info->n_samples, stored->results->len,
            stored->info->model_path, stored->info->model_digest, stored->info->data_spec);
  g_string_append (html, "</p>\n");
  if (!add_plots (html, stored, selected, error))
    return FALSE;
  add_results (html, stored, pareto);
  add_gains (html, stored);
  add_findings (html, stored);
  if (selected != NULL)
    add_layers (html, selected);
  g_string_append (html, "<footer>Bitstair " BITSTAIR_VERSION "</footer></body></html>\n");
  return g_file_set_contents (out, html->str, (gssize) html->len, error);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_auto (BsStored) stored = { 0 };

  if (out == NULL || !g_str_has_suffix (out, ".html"))
    return bs_cli_usage (error, _ ("Please say where to write the report: -o FILE.html"));
  if (!bs_stored_open (&stored, cli->db, args[0], error) || !write_report (&stored, error))
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
  .arguments = "STUDY|RESULT -o FILE.html",
  .summary = N_ ("Write a study as one page to hand over"),
  .description = N_ ("Plots and tables in one HTML file that needs no other. With a RESULT its "
                     "layers are shown, else those of the best configuration."),
  .example = "bitstair-cli report 1 -o report.html",
  .options = options,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
