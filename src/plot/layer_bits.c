/* Plot: how many bits each layer's weights have, one bar a layer.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>

typedef struct {
  char *name;
  double bits;
} Bar;

static void
clear_bar (gpointer data)
{
  g_free (((Bar *) data)->name);
}

static void
bars_free (gpointer data)
{
  g_array_unref (data);
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  const BsResult *result = bs_plot_result_with_layers (input, error);
  double lo = G_MAXDOUBLE, hi = 0;
  char a[32], b[32], c[32];

  if (result == NULL)
    return NULL;
  GArray *bars = g_array_sized_new (FALSE, TRUE, sizeof (Bar), result->n_layers);
  g_array_set_clear_func (bars, clear_bar);
  BsPlotData *data = bs_plot_data_new (input, bars, bars_free);
  for (guint i = 0; i < result->n_layers; i++) {
    const BsLayerResult *layer = &result->layers[i];
    Bar bar = { g_strdup (layer->name), layer->mean_bits };
    g_array_append_val (bars, bar);
    lo = MIN (lo, layer->mean_bits);
    hi = MAX (hi, layer->mean_bits);
    bs_plot_number (a, sizeof a, layer->mean_bits, 2);
    bs_plot_bytes (b, sizeof b, (double) layer->weight_bits / 8);
    bs_plot_data_add_item (
      data, i,
      g_strdup_printf (_ ("%s\n%s · %s bits each · %s"), layer->name, layer->weights, a, b));
  }
  bs_plot_number (a, sizeof a, lo, 1);
  bs_plot_number (b, sizeof b, hi, 1);
  bs_plot_bytes (c, sizeof c, (double) result->weight_bytes);
  data->description = g_strdup_printf (
    ngettext ("%u layer with %s to %s bits a weight, %s together.",
              "%u layers with %s to %s bits a weight, %s together.", result->n_layers),
    result->n_layers, a, b, c);
  return data;
}

/* Names stand below their bars, turned, where there is room for them. */
static void
draw_names (const GArray *bars, BsPlotFrame *frame, double step)
{
  if (step < frame->em * 1.1)
    return;
  for (guint i = 0; i < bars->len; i++) {
    g_autofree char *fit = bs_plot_text_fit (frame, g_array_index (bars, Bar, i).name,
                                             frame->bottom - frame->top - frame->em, 0.8);
    bs_plot_text (frame, fit, frame->left + (i + 0.5) * step, frame->bottom - frame->em * 0.4, 0,
                  0.5, 0.8, frame->style->foreground, TRUE);
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
  const GArray *bars = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  double most = 8;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  for (guint i = 0; i < bars->len; i++)
    most = MAX (most, g_array_index (bars, Bar, i).bits);
  bs_plot_axis_init (&x, BS_PLOT_LINEAR, 0, bars->len, 0, 1);
  bs_plot_axis_init (&y, BS_PLOT_LINEAR, 0, MIN (most, 33) * 1.04, 0, 1);
  bs_plot_frame_axes (&frame, &x, &y, _ ("Layers, from input to output"), _ ("Bits"),
                      BS_FRAME_GRID_Y);
  double step = (frame.right - frame.left) / bars->len;
  for (guint i = 0; i < bars->len; i++) {
    const Bar *bar = &g_array_index (bars, Bar, i);
    double left = round (frame.left + i * step), right = round (frame.left + (i + 1) * step);
    double top = MIN (round (bs_plot_axis_at (&y, bar->bits)), frame.bottom - 1);
    bs_plot_set_color (cr, bs_plot_mix (style->series[1], style->background, 0.35), 1);
    cairo_rectangle (cr, left, top, MAX (right - left - (step > 4 ? 2 : 0), 1), frame.bottom - top);
    cairo_fill (cr);
    bs_plot_data_place (data, i, (left + right) / 2, (frame.top + frame.bottom) / 2, right - left,
                        frame.bottom - frame.top);
  }
  draw_names (bars, &frame, step);
}

const BsPlot bs_plot_layer_bits = {
  .id = "layer-bits",
  .title = N_ ("Bits per layer"),
  .build = build,
  .draw = draw,
};
