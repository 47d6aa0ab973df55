/* A report: headings, text, tables and plots in their order, saved as one HTML page or as a PDF.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "report_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void
part_clear (gpointer data)
{
  BsPart *part = data;

  g_free (part->text);
  g_free (part->right);
  g_free (part->bold);
  g_clear_pointer (&part->cells, g_ptr_array_unref);
  g_clear_pointer (&part->data, bs_plot_data_free);
}

BsReport *
bs_report_new (const char *title)
{
  BsReport *report = g_new0 (BsReport, 1);

  report->title = g_strdup (title);
  report->parts = g_array_new (FALSE, TRUE, sizeof (BsPart));
  g_array_set_clear_func (report->parts, part_clear);
  return report;
}

void
bs_report_free (BsReport *report)
{
  g_array_unref (report->parts);
  g_free (report->title);
  g_free (report);
}

void
bs_report_heading (BsReport *report, const char *text)
{
  BsPart part = { .kind = BS_PART_HEADING, .text = g_strdup (text) };

  g_array_append_val (report->parts, part);
}

void
bs_report_text (BsReport *report, const char *text)
{
  BsPart part = { .kind = BS_PART_TEXT, .text = g_strdup (text) };

  g_array_append_val (report->parts, part);
}

void
bs_report_table (BsReport *report,
                 guint n_columns,
                 const gboolean *right,
                 const GPtrArray *cells,
                 const gboolean *bold)
{
  BsPart part = { .kind = BS_PART_TABLE,
                  .n_columns = n_columns,
                  .n_rows = cells->len / n_columns - 1,
                  .right = g_memdup2 (right, n_columns * sizeof *right),
                  .cells = g_ptr_array_new_with_free_func (g_free) };

  g_assert (cells->len >= n_columns && cells->len % n_columns == 0);
  part.bold = bold != NULL ? g_memdup2 (bold, part.n_rows * sizeof *bold)
                           : g_new0 (gboolean, part.n_rows + 1);
  for (guint i = 0; i < cells->len; i++)
    g_ptr_array_add (part.cells, g_strdup (cells->pdata[i]));
  g_array_append_val (report->parts, part);
}

void
bs_report_plot (BsReport *report, const BsPlot *plot, BsPlotData *data)
{
  BsPart part = { .kind = BS_PART_PLOT, .plot = plot, .data = data };

  g_array_append_val (report->parts, part);
}

gboolean
bs_report_save (BsReport *report, const char *path, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) io = NULL;
  gboolean html = g_str_has_suffix (path, ".html"), pdf = g_str_has_suffix (path, ".pdf");

  if (!html && !pdf) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, _ ("“%s” does not end in .html or .pdf"), path);
    return FALSE;
  }
  if (!(html ? bs_report_html (report, bytes, error) : bs_report_pdf (report, bytes, error)))
    return FALSE;
  if (!g_file_set_contents (path, (const char *) bytes->data, bytes->len, &io)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("“%s” cannot be written: %s"), path, io->message);
    return FALSE;
  }
  return TRUE;
}
