/* Plot: how the errors of one layer's outputs are distributed, on a logarithmic scale that shows
 * the tails. SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef struct {
  double span, total;
  double share[BS_ERROR_BINS]; /* 0 … 1; the two at the ends hold all that lies beyond, too */
} Histogram;

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  const BsLayerResult *layer =
    input->selected != NULL ? bs_plot_find_layer (input->selected, input->layer) : NULL;
  guint64 total = 0;
  double central = 0;
  char a[32], b[32], c[32], d[32];

  if (input->selected == NULL || input->layer == NULL || layer == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "%s",
                 input->selected == NULL ? _ ("No result is selected")
                 : input->layer == NULL  ? _ ("No layer is selected")
                                         : _ ("The selected result has no measures of this layer"));
    return NULL;
  }
  for (guint i = 0; i < BS_ERROR_BINS; i++)
    total += layer->error_bins[i];
  if (total == 0 || !(layer->error_span > 0)) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("Layer “%s” has no error with %s"),
                 layer->name, input->selected->label);
    return NULL;
  }
  Histogram *own = g_new0 (Histogram, 1);
  own->span = layer->error_span;
  own->total = (double) total;
  BsPlotData *data = bs_plot_data_new (input, own, g_free);
  g_free (data->title);
  data->title =
    g_strdup_printf (_ ("Output error of %s · %s"), layer->name, input->selected->label);
  for (guint i = 0; i < BS_ERROR_BINS; i++) {
    double width = 2 * own->span / BS_ERROR_BINS, lo = -own->span + i * width;
    own->share[i] = (double) layer->error_bins[i] / own->total;
    if (ABS ((gint) i - BS_ERROR_BINS / 2) <= BS_ERROR_BINS / 20)
      central += own->share[i];
    int decimals = CLAMP ((int) ceil (1 - log10 (width)), 0, 6);
    bs_plot_number (a, sizeof a, lo, decimals);
    bs_plot_number (b, sizeof b, lo + width, decimals);
    bs_plot_number (c, sizeof c, own->share[i] * 100, own->share[i] < 0.001 ? 4 : 2);
    bs_plot_data_add_item (data, i,
                           i == 0 ? g_strdup_printf (_ ("error up to %s\n%s %% of values"), b, c)
                           : i == BS_ERROR_BINS - 1
                             ? g_strdup_printf (_ ("error from %s\n%s %% of values"), a, c)
                             : g_strdup_printf (_ ("error %s … %s\n%s %% of values"), a, b, c));
  }
  bs_plot_number (a, sizeof a, central * 100, 1);
  bs_plot_number (b, sizeof b, own->span, CLAMP ((int) ceil (2 - log10 (own->span)), 0, 6));
  bs_plot_number (c, sizeof c, layer->accumulated_sqnr_db, 1);
  bs_plot_number (d, sizeof d, (own->share[0] + own->share[BS_ERROR_BINS - 1]) * 100, 1);
  data->description = g_strdup_printf (
    _ ("Errors of layer %s with %s: %s %% in the middle tenth of ±%s, %s %% at its ends or beyond; "
       "SQNR %s dB."),
    layer->name, input->selected->label, a, b, d, c);
  return data;
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const Histogram *own = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  double lo = 1, hi = 0;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  gboolean beyond = own->share[0] + own->share[BS_ERROR_BINS - 1] > 0;
  const BsLegendEntry legend[] = {
    { _ ("errors"), style->series[1], BS_MARKER_SQUARE },
    { _ ("at the ends or beyond"), style->series[0], BS_MARKER_SQUARE },
  };
  bs_plot_frame_legend (&frame, legend, beyond ? 2 : 0);
  for (guint i = 0; i < BS_ERROR_BINS; i++)
    if (own->share[i] > 0) {
      lo = MIN (lo, own->share[i]);
      hi = MAX (hi, own->share[i]);
    }
  bs_plot_axis_init (&x, BS_PLOT_LINEAR, -own->span, own->span, 0, 1);
  bs_plot_axis_init (&y, BS_PLOT_LOG, MIN (lo / 2, hi / 20), MIN (hi * 1.4, 1), 0, 0.01);
  bs_plot_frame_axes (&frame, &x, &y, _ ("Output error, quantized − float"), _ ("Values (%)"),
                      BS_FRAME_GRID_Y);

  double step = (frame.right - frame.left) / BS_ERROR_BINS;
  for (guint i = 0; i < BS_ERROR_BINS; i++) {
    double left = round (frame.left + i * step), right = round (frame.left + (i + 1) * step);
    double top = own->share[i] > 0
                   ? MIN (round (bs_plot_axis_at (&y, own->share[i])), frame.bottom - 1)
                   : frame.bottom;
    bs_plot_set_color (cr, style->series[i == 0 || i == BS_ERROR_BINS - 1 ? 0 : 1], 0.9);
    cairo_rectangle (cr, left, top, MAX (right - left - (step > 4 ? 1 : 0), 1), frame.bottom - top);
    cairo_fill (cr);
    bs_plot_data_place (data, i, (left + right) / 2, (frame.top + frame.bottom) / 2, right - left,
                        frame.bottom - frame.top);
  }
  double zero = bs_plot_crisp (bs_plot_axis_at (&x, 0), 1);
  cairo_move_to (cr, zero, frame.top);
  cairo_line_to (cr, zero, frame.bottom);
  cairo_set_line_width (cr, 1);
  cairo_set_dash (cr, (double[]){ 2, 3 }, 2, 0);
  bs_plot_set_color (cr, style->foreground, 0.7);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

const BsPlot bs_plot_error_histogram = {
  .id = "error-histogram",
  .title = N_ ("Output error"),
  .build = build,
  .draw = draw,
};
