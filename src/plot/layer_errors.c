/* Plot: how much each layer loses, alone and together with all layers before it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef struct {
  char *name;
  double local, accumulated; /* dB */
} Row;

static void
clear_row (gpointer data)
{
  g_free (((Row *) data)->name);
}

static void
rows_free (gpointer data)
{
  g_array_unref (data);
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  const BsResult *result = bs_plot_result_with_layers (input, error);
  const BsLayerResult *worst = NULL;
  char a[32], b[32];

  if (result == NULL)
    return NULL;
  GArray *rows = g_array_sized_new (FALSE, TRUE, sizeof (Row), result->n_layers);
  g_array_set_clear_func (rows, clear_row);
  BsPlotData *data = bs_plot_data_new (input, rows, rows_free);
  g_free (data->title);
  data->title = input->title != NULL ? g_strdup_printf ("%s · %s", input->title, result->label)
                                     : g_strdup (result->label);

  for (guint i = 0; i < result->n_layers; i++) {
    const BsLayerResult *layer = &result->layers[i];
    Row row = { g_strdup (layer->name), layer->local_sqnr_db, layer->accumulated_sqnr_db };
    g_array_append_val (rows, row);
    if (isfinite (layer->local_sqnr_db) &&
        (worst == NULL || layer->local_sqnr_db < worst->local_sqnr_db))
      worst = layer;
    bs_plot_number (a, sizeof a, layer->local_sqnr_db, 1);
    bs_plot_number (b, sizeof b, layer->accumulated_sqnr_db, 1);
    char *text = g_strdup_printf (_ ("%s (%s)\nweights %s\nalone %s dB · accumulated %s dB"),
                                  layer->name, layer->op, layer->weights, a, b);
    bs_plot_data_add_item (data, i, text);
  }
  bs_plot_number (b, sizeof b, result->layers[result->n_layers - 1].accumulated_sqnr_db, 1);
  if (worst != NULL) {
    bs_plot_number (a, sizeof a, worst->local_sqnr_db, 1);
    data->description =
      g_strdup_printf (_ ("Error of %u layers with %s: the layer that loses most on its own is %s "
                          "with %s dB; the last layer arrives with %s dB."),
                       result->n_layers, result->label, worst->name, a, b);
  } else {
    data->description = g_strdup_printf (_ ("Error of %u layers with %s: no layer loses anything."),
                                         result->n_layers, result->label);
  }
  return data;
}

/* Room for layer names at the left, at most a third of the picture; returns their scale. */
static void
draw_names (const GArray *rows, BsPlotFrame *frame, double room, double row_height, double first)
{
  guint every = MAX (1, (guint) ceil (frame->em * 1.05 / row_height));

  for (guint i = 0; i < rows->len; i += every) {
    g_autofree char *fit = bs_plot_text_fit (frame, g_array_index (rows, Row, i).name, room, 0.9);
    bs_plot_text (frame, fit, frame->left - frame->em * 0.6, first + i * row_height, 1, 0.5, 0.9,
                  frame->style->foreground, FALSE);
  }
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const GArray *rows = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  double lo = 0, hi = 10, room = 0;
  BsColor alone = style->series[4], together = style->series[1];

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  const BsLegendEntry legend[] = {
    { _ ("this layer alone"), alone, BS_MARKER_CIRCLE, TRUE },
    { _ ("accumulated up to this layer"), together, BS_MARKER_CIRCLE },
  };
  bs_plot_frame_legend (&frame, legend, G_N_ELEMENTS (legend));

  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    const double values[] = { row->local, row->accumulated };
    for (guint j = 0; j < 2; j++)
      if (isfinite (values[j])) {
        lo = MIN (lo, values[j]);
        hi = MAX (hi, values[j]);
      }
    room = MAX (room, bs_plot_text_width (&frame, row->name, 0.9));
  }
  room = MIN (room, width * 0.3);
  frame.left += room + frame.em * 0.6;

  bs_plot_axis_init (&x, BS_PLOT_LINEAR, lo, hi * 1.05, 0, 1);
  bs_plot_axis_init (&y, BS_PLOT_LINEAR, (double) rows->len - 0.5, -0.5, 0, 1);
  bs_plot_frame_axes (&frame, &x, &y, _ ("SQNR of the layer's output (dB, more is better)"), NULL,
                      BS_FRAME_GRID_X | BS_FRAME_NO_Y_LABELS);

  double row_height = (frame.bottom - frame.top) / rows->len, first = frame.top + row_height / 2;
  double radius = CLAMP (row_height * 0.3, 1.2, frame.em * 0.4);
  draw_names (rows, &frame, room, row_height, first);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    double at = first + i * row_height;
    double a = bs_plot_axis_at (&x, isfinite (row->local) ? row->local
                                    : row->local > 0      ? x.hi
                                                          : x.lo);
    double b = bs_plot_axis_at (&x, isfinite (row->accumulated) ? row->accumulated
                                    : row->accumulated > 0      ? x.hi
                                                                : x.lo);

    cairo_move_to (cr, a, at);
    cairo_line_to (cr, b, at);
    bs_plot_set_color (cr, style->muted, 0.55);
    cairo_set_line_width (cr, MIN (2, radius));
    cairo_stroke (cr);
    bs_plot_marker (cr, BS_MARKER_CIRCLE, b, at, radius);
    bs_plot_set_color (cr, together, 1);
    cairo_fill (cr);
    bs_plot_marker (cr, BS_MARKER_CIRCLE, a, at, radius);
    bs_plot_set_color (cr, style->background, 1);
    cairo_fill_preserve (cr);
    bs_plot_set_color (cr, alone, 1);
    cairo_set_line_width (cr, MIN (style->line_width * 1.2, radius));
    cairo_stroke (cr);
    bs_plot_data_place (data, i, (frame.left + frame.right) / 2, at, frame.right - frame.left,
                        row_height);
  }
}

const BsPlot bs_plot_layer_errors = {
  .id = "layer-errors",
  .title = N_ ("Error per layer"),
  .build = build,
  .draw = draw,
};
