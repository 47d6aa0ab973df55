/* Plot: quality over size or another cost: how it is drawn.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "trade_off.h"

#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define MAX_NUMBERED 64 /* more points than this are drawn small, without the width inside */

static const char *const scope_names[] = {
  N_ ("one scale for the model"),
  N_ ("per tensor"),
  N_ ("per channel"),
  N_ ("per group"),
  N_ ("per element"),
  N_ ("float weights"),
};
static const guint scope_colors[] = { 0, 1, 2, 3, 4, 7 };
static const BsMarker markers[] = {
  BS_MARKER_CIRCLE,        BS_MARKER_SQUARE,   BS_MARKER_DIAMOND, BS_MARKER_TRIANGLE,
  BS_MARKER_TRIANGLE_DOWN, BS_MARKER_PENTAGON, BS_MARKER_HEXAGON, BS_MARKER_CROSS,
};

static void
y_range (const BsTradeOff *own, double *lo, double *hi)
{
  *lo = G_MAXDOUBLE;
  *hi = -G_MAXDOUBLE;
  for (guint i = 0; i < own->points->len; i++) {
    double y = g_array_index (own->points, BsTradeOffPoint, i).y;
    if (isfinite (y)) {
      *lo = MIN (*lo, y);
      *hi = MAX (*hi, y);
    }
  }
  if (!isnan (own->float_y)) {
    *lo = MIN (*lo, own->float_y);
    *hi = MAX (*hi, own->float_y);
  }
  /* Room for the bars of the best points, but not for so much that the points move together. */
  for (guint i = 0; i < own->points->len; i++) {
    double bar = g_array_index (own->points, BsTradeOffPoint, i).hi;
    if (own->scale == BS_PLOT_COMPLEMENT)
      *hi = MIN (MAX (*hi, bar), 1 - (1 - own->best) * 0.6);
    else if (own->scale == BS_PLOT_LINEAR && isfinite (bar))
      *hi = MAX (*hi, bar);
  }
}

/* What is beyond the size asked for is veiled. */
static void
draw_budget (const BsTradeOff *own, BsPlotFrame *frame, const BsPlotAxis *x)
{
  double at;

  if (!(own->budget > 0))
    return;
  at = bs_plot_crisp (bs_plot_axis_at (x, own->budget), 1);
  bs_plot_set_color (frame->cr, frame->style->foreground, 0.07);
  cairo_rectangle (frame->cr, at, frame->top, frame->right - at, frame->bottom - frame->top);
  cairo_fill (frame->cr);
  cairo_move_to (frame->cr, at, frame->top);
  cairo_line_to (frame->cr, at, frame->bottom);
  bs_plot_set_color (frame->cr, frame->style->accent, 1);
  cairo_set_line_width (frame->cr, 1);
  cairo_stroke (frame->cr);
}

static void
draw_frontier (const BsTradeOff *own, BsPlotFrame *frame, const BsPlotAxis *x, const BsPlotAxis *y)
{
  gboolean started = FALSE;

  cairo_new_path (frame->cr);
  for (guint i = 0; i < own->points->len; i++) {
    const BsTradeOffPoint *point = &g_array_index (own->points, BsTradeOffPoint, i);
    double px = bs_plot_axis_at (x, point->x), py = bs_plot_axis_at (y, point->y), from_x, from_y;
    if (!point->pareto)
      continue;
    if (started) {
      cairo_get_current_point (frame->cr, &from_x, &from_y);
      cairo_line_to (frame->cr, px, from_y);
      cairo_line_to (frame->cr, px, py);
    } else {
      cairo_move_to (frame->cr, px, py);
    }
    started = TRUE;
  }
  if (started) {
    double from_x, from_y;
    cairo_get_current_point (frame->cr, &from_x, &from_y);
    cairo_line_to (frame->cr, frame->right, from_y);
  }
  bs_plot_set_color (frame->cr, frame->style->foreground, 0.55);
  cairo_set_line_width (frame->cr, frame->style->line_width);
  cairo_stroke (frame->cr);
}

/* Everything is where nothing is zoomed: an axis may end before a point that is at its end. */
static gboolean
is_shown (const BsPlotData *data,
          const BsTradeOffPoint *point,
          const BsPlotAxis *x,
          const BsPlotAxis *y)
{
  gboolean whole =
    data->zoom.x0 <= 0 && data->zoom.x1 >= 1 && data->zoom.y0 <= 0 && data->zoom.y1 >= 1;

  return whole || (bs_plot_axis_shows (x, point->x) && bs_plot_axis_shows (y, point->y));
}

static void
draw_points (BsPlotData *data, BsPlotFrame *frame, const BsPlotAxis *x, const BsPlotAxis *y)
{
  const BsTradeOff *own = data->own;
  const BsPlotStyle *style = frame->style;
  gboolean numbered = own->points->len <= MAX_NUMBERED;
  double radius = frame->em * (numbered ? 0.58 : own->points->len > 400 ? 0.24 : 0.36);
  cairo_t *cr = frame->cr;

  /* Bars first, so that no bar crosses a marker; then the points beside the frontier, then those on
   * it. */
  cairo_set_line_width (cr, 1);
  for (guint i = 0; i < own->points->len; i++) {
    const BsTradeOffPoint *point = &g_array_index (own->points, BsTradeOffPoint, i);
    if (!isfinite (point->lo) || !isfinite (point->hi) || point->hi <= point->lo ||
        !bs_plot_axis_shows (x, point->x))
      continue;
    double px = bs_plot_crisp (bs_plot_axis_at (x, point->x), 1), cap = radius * 0.45;
    double a = bs_plot_crisp (bs_plot_axis_at (y, point->lo), 1),
           b = bs_plot_crisp (bs_plot_axis_at (y, point->hi), 1);
    cairo_move_to (cr, px, a);
    cairo_line_to (cr, px, b);
    cairo_move_to (cr, px - cap, a);
    cairo_line_to (cr, px + cap, a);
    cairo_move_to (cr, px - cap, b);
    cairo_line_to (cr, px + cap, b);
    bs_plot_set_color (cr, style->series[scope_colors[point->scope]], 0.6);
    cairo_stroke (cr);
  }
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < own->points->len; i++) {
      const BsTradeOffPoint *point = &g_array_index (own->points, BsTradeOffPoint, i);
      if (point->pareto != (pass == 1))
        continue;
      if (!is_shown (data, point, x, y)) {
        bs_plot_data_place (data, i, -1e6, -1e6, 0, 0); /* out of reach of the pointer */
        continue;
      }
      double px = bs_plot_axis_at (x, point->x), py = bs_plot_axis_at (y, point->y);
      BsColor color = style->series[scope_colors[point->scope]];
      bs_plot_marker (cr, markers[point->shape % G_N_ELEMENTS (markers)], px, py, radius);
      BsColor fill = point->stopped  ? style->background
                     : point->pareto ? color
                                     : bs_plot_mix (color, style->background, 0.25);
      bs_plot_set_color (cr, fill, 1);
      cairo_fill_preserve (cr);
      bs_plot_set_color (cr,
                         point->stopped  ? color
                         : point->pareto ? style->foreground
                                         : style->background,
                         1);
      cairo_set_line_width (cr, point->pareto ? 1.25 : 1);
      cairo_stroke (cr);
      if (numbered) {
        BsColor on = point->stopped              ? color
                     : style->background.r > 0.5 ? (BsColor){ 1, 1, 1, 1 }
                                                 : (BsColor){ 0, 0, 0, 1 };
        bs_plot_text_bold (frame, point->width, px, py, 0.5, 0.5,
                           strlen (point->width) > 1 ? 0.6 : 0.72, on);
      }
      bs_plot_data_place (data, i, px, py, radius * 2 + 4, radius * 2 + 4);
    }
}

void
bs_trade_off_draw (BsPlotData *data,
                   cairo_t *cr,
                   PangoContext *pango,
                   const BsPlotStyle *style,
                   double width,
                   double height)
{
  const BsTradeOff *own = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  BsLegendEntry legend[G_N_ELEMENTS (scope_names) + BS_N_MARKERS + 5];
  guint n = 0;
  double lo, hi;
  g_autofree char *float_text = NULL;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  for (guint i = 0; i < G_N_ELEMENTS (scope_names); i++)
    if (own->scopes[i])
      legend[n++] =
        (BsLegendEntry){ _ (scope_names[i]), style->series[scope_colors[i]], BS_MARKER_CIRCLE };
  if (own->shapes->len > 1)
    for (guint i = 0; i < MIN (own->shapes->len, BS_N_MARKERS); i++)
      legend[n++] = (BsLegendEntry){ own->shapes->pdata[i], style->muted, markers[i],
                                     own->n_stopped == 0 }; /* else hollow means something */
  if (own->n_stopped > 0)
    legend[n++] = (BsLegendEntry){ _ ("stopped early"), style->foreground, BS_MARKER_CIRCLE, TRUE };
  legend[n++] =
    (BsLegendEntry){ _ ("Pareto frontier"),
                     bs_plot_mix (style->foreground, style->background, 0.45), BS_MARKER_LINE };
  if (!isnan (own->float_y)) {
    char cost[64];
    g_autofree char *quality = bs_quantity_text (own->quantity, own->float_y);
    bs_plot_cost_text (own->cost, cost, sizeof cost, own->float_x);
    float_text = g_strdup_printf (_ ("float32: %s, %s"), quality, cost);
    legend[n++] = (BsLegendEntry){ float_text, style->foreground, BS_MARKER_DASHES };
  }
  bs_plot_frame_legend (&frame, legend, n);

  y_range (own, &lo, &hi);
  gboolean share = own->quantity == BS_QUANTITY_TOP1 || own->quantity == BS_QUANTITY_AGREEMENT;
  bs_plot_axis_init (&y, own->scale, own->quantity == BS_QUANTITY_PERPLEXITY ? hi : lo,
                     own->quantity == BS_QUANTITY_PERPLEXITY ? lo : hi, 0.07, share ? 0.01 : 1);
  double first = g_array_index (own->points, BsTradeOffPoint, 0).x,
         last = g_array_index (own->points, BsTradeOffPoint, own->points->len - 1).x;
  double unit;
  g_autofree char *x_title = bs_plot_cost_axis (own->cost, last, &unit);
  bs_plot_axis_init (&x, BS_PLOT_LINEAR, first, last, 0.05, unit);

  g_autofree char *y_title = own->quantity == BS_QUANTITY_PERPLEXITY
                               ? g_strdup (_ ("Perplexity (log scale, better upwards)"))
                             : own->quantity == BS_QUANTITY_SQNR ? g_strdup (_ ("Output SQNR (dB)"))
                             : own->quantity == BS_QUANTITY_AGREEMENT
                               ? g_strdup (_ ("Agreement with float (%)"))
                               : g_strdup (_ ("Top-1 accuracy (%)"));
  if (own->scale == BS_PLOT_COMPLEMENT) {
    g_autofree char *full = g_strdup_printf (_ ("%s, log error"), y_title);
    if (bs_plot_text_width (&frame, full, 1) < frame.bottom - frame.top - 3 * frame.em) {
      g_free (y_title);
      y_title = g_steal_pointer (&full);
    }
  }
  bs_plot_axis_zoom (&x, data->zoom.x0, data->zoom.x1);
  bs_plot_axis_zoom (&y, data->zoom.y0, data->zoom.y1);
  bs_plot_frame_axes (&frame, &x, &y, x_title, y_title, BS_FRAME_GRID_X | BS_FRAME_GRID_Y);

  bs_plot_data_set_area (data, frame.left, frame.top, frame.right, frame.bottom);
  cairo_save (cr);
  cairo_rectangle (cr, frame.left, frame.top - 6, frame.right - frame.left + 6,
                   frame.bottom - frame.top + 6);
  cairo_clip (cr);
  if (!isnan (own->float_y) && bs_plot_axis_shows (&y, own->float_y)) {
    double at = bs_plot_crisp (bs_plot_axis_at (&y, own->float_y), 1);
    cairo_set_dash (cr, (double[]){ 5, 4 }, 2, 0);
    cairo_move_to (cr, frame.left, at);
    cairo_line_to (cr, frame.right, at);
    bs_plot_set_color (cr, style->foreground, 0.9);
    cairo_set_line_width (cr, 1);
    cairo_stroke (cr);
    cairo_set_dash (cr, NULL, 0, 0);
  }
  draw_budget (own, &frame, &x);
  draw_frontier (own, &frame, &x, &y);
  draw_points (data, &frame, &x, &y);
  cairo_restore (cr);
}
