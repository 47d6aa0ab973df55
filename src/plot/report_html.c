/* A report as one HTML page that needs no other file.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "report_private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const char style[] =
  "body{font:16px/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;"
  "background:#fff}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .7rem;"
  "border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right;"
  "font-variant-numeric:tabular-nums}tr.front td{font-weight:bold}img{max-width:100%}"
  "figcaption,footer{color:#555}";

/* An element around text, with what HTML gives a meaning taken out of it. */
static void
add (GString *html, const char *open, const char *text, const char *close)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  g_string_append_printf (html, "%s%s%s", open, escaped, close);
}

static void
add_table (GString *html, const BsPart *part)
{
  g_string_append (html, "<table>");
  for (guint row = 0; row <= part->n_rows; row++) {
    const char *cell = row == 0 ? "th" : "td";
    g_string_append (html, row == 0              ? "<thead><tr>"
                           : part->bold[row - 1] ? "<tr class=\"front\">"
                                                 : "<tr>");
    for (guint c = 0; c < part->n_columns; c++) {
      g_string_append_printf (html, "<%s%s>", cell, part->right[c] ? " class=\"n\"" : "");
      add (html, "", part->cells->pdata[row * part->n_columns + c], "");
      g_string_append_printf (html, "</%s>", cell);
    }
    g_string_append (html, row == 0 ? "</tr></thead><tbody>\n" : "</tr>\n");
  }
  g_string_append (html, "</tbody></table>\n");
}

static gboolean
add_plot (GString *html, const BsPart *part, GError **error)
{
  g_autoptr (GByteArray) svg = g_byte_array_new ();
  g_autofree char *encoded = NULL;
  const char *description = bs_plot_data_description (part->data);

  if (!bs_plot_render (part->plot, part->data, ".svg", 0, 0, svg, error))
    return FALSE;
  encoded = g_base64_encode (svg->data, svg->len);
  add (html, "<h2>", _ (part->plot->title), "</h2>");
  g_string_append_printf (html, "<figure><img src=\"data:image/svg+xml;base64,%s\" alt=\"",
                          encoded);
  add (html, "", description, "\">");
  add (html, "<figcaption>", description, "</figcaption></figure>\n");
  return TRUE;
}

gboolean
bs_report_html (const BsReport *report, GByteArray *bytes, GError **error)
{
  g_autoptr (GString) html = g_string_new ("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">");

  g_string_append_printf (html, "<style>%s</style>", style);
  add (html, "<title>", report->title, "</title></head><body>");
  add (html, "<h1>", report->title, "</h1>\n");
  for (guint i = 0; i < report->parts->len; i++) {
    const BsPart *part = &g_array_index (report->parts, BsPart, i);
    switch (part->kind) {
    case BS_PART_HEADING:
      add (html, "<h2>", part->text, "</h2>\n");
      break;
    case BS_PART_TEXT:
      add (html, "<p>", part->text, "</p>\n");
      break;
    case BS_PART_TABLE:
      add_table (html, part);
      break;
    case BS_PART_PLOT:
      if (!add_plot (html, part, error))
        return FALSE;
      break;
    }
  }
  g_string_append (html, "</body></html>\n");
  g_byte_array_append (bytes, (const guint8 *) html->str, (guint) html->len);
  return TRUE;
}
