/* Plot: how the errors of one layer's outputs are distributed, on a logarithmic scale that shows
 * the tails. SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef struct {
  double span, total;
  gboolean of_weights;
  double share[BS_ERROR_BINS]; /* 0 … 1; the two at the ends hold all that lies beyond, too */
} Histogram;

/* Whose errors are shown: the weights' or, after a measurement, the layer's output. */
typedef struct {
  const guint64 *bins;
  double span, sqnr_db;
  const char *layer; /* NULL: the weights are of none */
  const char *with;
  gboolean of_weights;
} Source;

static gboolean
find_source (const BsPlotInput *input, Source *source, GError **error)
{
  const BsLayerResult *layer = bs_result_layer (input->selected, input->layer);

  if (input->view != NULL && input->selected == NULL) {
    *source = (Source){ input->view->error_bins,
                        input->view->error_span,
                        input->view->sqnr_db,
                        input->layer,
                        input->spec != NULL ? input->spec : "–",
                        TRUE };
    return TRUE;
  }
  if (layer == NULL || input->layer == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "%s",
                 input->selected == NULL ? _ ("No result is selected")
                 : input->layer == NULL  ? _ ("No layer is selected")
                                         : _ ("The selected result has no measures of this layer"));
    return FALSE;
  }
  *source = (Source){ layer->error_bins, layer->error_span,      layer->accumulated_sqnr_db,
                      layer->name,       input->selected->label, FALSE };
  return TRUE;
}

static void
add_bins (BsPlotData *data, const Histogram *own)
{
  double width = 2 * own->span / BS_ERROR_BINS;
  int decimals = CLAMP ((int) ceil (1 - log10 (width)), 0, 6);
  char a[32], b[32], c[32];

  for (guint i = 0; i < BS_ERROR_BINS; i++) {
    double lo = -own->span + i * width;
    bs_plot_number (a, sizeof a, lo, decimals);
    bs_plot_number (b, sizeof b, lo + width, decimals);
    bs_plot_number (c, sizeof c, own->share[i] * 100, own->share[i] < 0.001 ? 4 : 2);
    bs_plot_data_add_item (data, i,
                           i == 0 ? g_strdup_printf (_ ("error up to %s\n%s %% of values"), b, c)
                           : i == BS_ERROR_BINS - 1
                             ? g_strdup_printf (_ ("error from %s\n%s %% of values"), a, c)
                             : g_strdup_printf (_ ("error %s … %s\n%s %% of values"), a, b, c));
  }
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  guint64 total = 0;
  double central = 0;
  char a[32], b[32], c[32], d[32];
  Source source;

  if (!find_source (input, &source, error))
    return NULL;
  for (guint i = 0; i < BS_ERROR_BINS; i++)
    total += source.bins[i];
  if (total == 0 || !(source.span > 0)) {
    if (source.layer == NULL)
      g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("There is no error with %s"), source.with);
    else
      g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("Layer “%s” has no error with %s"),
                   source.layer, source.with);
    return NULL;
  }
  Histogram *own = g_new0 (Histogram, 1);
  own->span = source.span;
  own->total = (double) total;
  own->of_weights = source.of_weights;
  BsPlotData *data = bs_plot_data_new (input, own, g_free);
  g_free (data->title);
  data->title = source.layer == NULL ? g_strdup_printf (_ ("Errors with %s"), source.with)
                : source.of_weights
                  ? g_strdup_printf (_ ("Weight error of %s · %s"), source.layer, source.with)
                  : g_strdup_printf (_ ("Output error of %s · %s"), source.layer, source.with);
  for (guint i = 0; i < BS_ERROR_BINS; i++) {
    own->share[i] = (double) source.bins[i] / own->total;
    if (ABS ((gint) i - BS_ERROR_BINS / 2) <= BS_ERROR_BINS / 20)
      central += own->share[i];
  }
  add_bins (data, own);
  bs_plot_number (a, sizeof a, central * 100, 1);
  bs_plot_number (b, sizeof b, own->span, CLAMP ((int) ceil (2 - log10 (own->span)), 0, 6));
  bs_plot_number (c, sizeof c, source.sqnr_db, 1);
  bs_plot_number (d, sizeof d, (own->share[0] + own->share[BS_ERROR_BINS - 1]) * 100, 1);
  if (source.layer == NULL)
    data->description = g_strdup_printf (
      _ ("Errors with %s: %s %% in the middle tenth of ±%s, %s %% at its ends; SQNR %s dB."),
      source.with, a, b, d, c);
  else
    data->description = g_strdup_printf (
      source.of_weights
        ? _ ("Errors of the weights of %s with %s: %s %% in the middle tenth of ±%s, %s %% at its "
             "ends; SQNR %s dB.")
        : _ ("Errors of layer %s with %s: %s %% in the middle tenth of ±%s, %s %% at its ends or "
             "beyond; SQNR %s dB."),
      source.layer, source.with, a, b, d, c);
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
  bs_plot_frame_axes (&frame, &x, &y,
                      own->of_weights ? _ ("Weight error, quantized − float")
                                      : _ ("Output error, quantized − float"),
                      _ ("Values (%)"), BS_FRAME_GRID_Y);

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
