/* A report as PDF: pages of A4 across, with text, tables that go on over pages, and a page a plot.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "data.h"
#include "report_private.h"

#include <cairo-pdf.h>
#include <glib/gi18n-lib.h>
#include <pango/pangocairo.h>

/* In CSS pixels, as plots are: A4 at 96 to the inch. */
#define WIDTH 1122.52
#define HEIGHT 793.70
#define MARGIN 60.0
#define ROOM (WIDTH - 2 * MARGIN)
#define BOTTOM (HEIGHT - MARGIN)
#define GAP 14.0 /* between columns */
#define TEXT_POINTS 10.0
#define LEAST_POINTS 5.0 /* wide tables shrink so far */
#define WIDEST 0.35      /* share of the page that a column of text takes before it wraps */

typedef struct {
  cairo_t *cr;
  PangoContext *pango;
  double y; /* where the next thing goes */
} Page;

static PangoLayout *
make_layout (const Page *page, const char *text, double points, gboolean bold)
{
  PangoLayout *layout = pango_layout_new (page->pango);
  PangoFontDescription *font = pango_font_description_from_string ("Sans");

  pango_font_description_set_size (font, (int) (points * PANGO_SCALE));
  pango_font_description_set_weight (font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

static void
next_page (Page *page)
{
  cairo_show_page (page->cr);
  page->y = MARGIN;
}

/* Text over the whole width; a new page where it does not fit. keep: room to leave below it. */
static void
put_text (Page *page, const char *text, double points, gboolean bold, double keep)
{
  g_autoptr (PangoLayout) layout = make_layout (page, text, points, bold);
  int height;

  pango_layout_set_width (layout, (int) (ROOM * PANGO_SCALE));
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_get_pixel_size (layout, NULL, &height);
  if (page->y > MARGIN && page->y + height + keep > BOTTOM)
    next_page (page);
  cairo_move_to (page->cr, MARGIN, page->y);
  pango_cairo_show_layout (page->cr, layout);
  page->y += height + points;
}

/* Widths of the columns at a size: as wide as their cells, but text wraps; returns what the table
 * takes with gaps. */
static double
measure_columns (const Page *page, const BsPart *part, double points, double *widths)
{
  double sum = GAP * (part->n_columns - 1);

  for (guint c = 0; c < part->n_columns; c++)
    widths[c] = 0;
  for (guint i = 0; i < part->cells->len; i++) {
    guint row = i / part->n_columns, c = i % part->n_columns;
    g_autoptr (PangoLayout) layout =
      make_layout (page, part->cells->pdata[i], points, row == 0 || part->bold[row - 1]);
    int width;
    pango_layout_get_pixel_size (layout, &width, NULL);
    widths[c] = MAX (widths[c], part->right[c] ? width : MIN (width, WIDEST * ROOM));
  }
  for (guint c = 0; c < part->n_columns; c++)
    sum += widths[c];
  return sum;
}

/* A row as layouts in the columns' widths, and how tall it gets. (transfer full) */
static GPtrArray *
lay_row (const Page *page,
         const BsPart *part,
         guint row,
         double points,
         const double *widths,
         int *tall)
{
  GPtrArray *layouts = g_ptr_array_new_with_free_func (g_object_unref);

  *tall = 0;
  for (guint c = 0; c < part->n_columns; c++) {
    PangoLayout *layout = make_layout (page, part->cells->pdata[row * part->n_columns + c], points,
                                       row == 0 || part->bold[row - 1]);
    int height;
    pango_layout_set_width (layout, (int) ((widths[c] + 1) * PANGO_SCALE));
    if (part->right[c])
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
    else
      pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment (layout, part->right[c] ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    pango_layout_get_pixel_size (layout, NULL, &height);
    *tall = MAX (*tall, height);
    g_ptr_array_add (layouts, layout);
  }
  return layouts;
}

static void
put_row (Page *page, const BsPart *part, guint row, double points, const double *widths)
{
  int tall;
  g_autoptr (GPtrArray) layouts = lay_row (page, part, row, points, widths, &tall);
  double x = MARGIN;

  if (page->y > MARGIN && page->y + tall > BOTTOM) {
    next_page (page);
    if (row > 0)
      put_row (page, part, 0, points, widths); /* the titles again */
  }
  for (guint c = 0; c < part->n_columns; c++) {
    cairo_move_to (page->cr, x, page->y);
    pango_cairo_show_layout (page->cr, layouts->pdata[c]);
    x += widths[c] + GAP;
  }
  page->y += tall + 2;
  if (row == 0) {
    cairo_move_to (page->cr, MARGIN, page->y);
    cairo_line_to (page->cr, x - GAP, page->y);
    cairo_set_line_width (page->cr, 1);
    cairo_stroke (page->cr);
    page->y += 3;
  }
}

static void
put_table (Page *page, const BsPart *part)
{
  g_autofree double *widths = g_new0 (double, part->n_columns);
  double gaps = GAP * (part->n_columns - 1), points = TEXT_POINTS,
         width = measure_columns (page, part, points, widths);

  if (width > ROOM) {
    points = MAX (points * ROOM / width * 0.98, LEAST_POINTS);
    width = measure_columns (page, part, points, widths);
  }
  for (guint c = 0; width > ROOM && c < part->n_columns; c++)
    widths[c] *= (ROOM - gaps) / (width - gaps);
  for (guint row = 0; row <= part->n_rows; row++)
    put_row (page, part, row, points, widths);
  page->y += TEXT_POINTS;
}

static void
put_plot (Page *page, const BsPart *part)
{
  double height = HEIGHT - 2 * MARGIN - 110;

  if (page->y > MARGIN)
    next_page (page);
  put_text (page, _ (part->plot->title), 16, TRUE, 0);
  cairo_save (page->cr);
  cairo_translate (page->cr, MARGIN, page->y);
  cairo_rectangle (page->cr, 0, 0, ROOM, height);
  cairo_clip (page->cr);
  part->plot->draw (part->data, page->cr, page->pango, &bs_plot_style_light, ROOM, height);
  cairo_restore (page->cr);
  page->y += height + TEXT_POINTS;
  put_text (page, bs_plot_data_description (part->data), TEXT_POINTS, FALSE, 0);
}

gboolean
bs_report_pdf (const BsReport *report, GByteArray *bytes, GError **error)
{
  cairo_surface_t *surface = bs_plot_surface (".pdf", bytes, WIDTH, HEIGHT);
  g_autoptr (GObject) context = G_OBJECT (bs_plot_context ());
  Page page = { cairo_create (surface), PANGO_CONTEXT (context), MARGIN };
  cairo_status_t status;

  cairo_pdf_surface_set_metadata (surface, CAIRO_PDF_METADATA_TITLE, report->title);
  put_text (&page, report->title, 22, TRUE, 0);
  for (guint i = 0; i < report->parts->len; i++) {
    const BsPart *part = &g_array_index (report->parts, BsPart, i);
    switch (part->kind) {
    case BS_PART_HEADING:
      put_text (&page, part->text, 16, TRUE, 100);
      break;
    case BS_PART_TEXT:
      put_text (&page, part->text, TEXT_POINTS, FALSE, 0);
      break;
    case BS_PART_TABLE:
      put_table (&page, part);
      break;
    case BS_PART_PLOT:
      put_plot (&page, part);
      break;
    }
  }
  cairo_show_page (page.cr);
  status = cairo_status (page.cr);
  cairo_destroy (page.cr);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("The report cannot be drawn: %s"),
               cairo_status_to_string (status));
  return FALSE;
}
