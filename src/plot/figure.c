/* Plot: a figure of lines, points and bars.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "figure.h"

#include "data.h"
#include "draw.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define PAD 0.05 /* of the axis around what is not said where it ends */

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  BsFigure *figure = input->figure;
  guint index = 0;

  if (figure == NULL) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("There is nothing to draw"));
    return NULL;
  }
  BsPlotData *data =
    bs_plot_data_new (input, bs_figure_ref (figure), (GDestroyNotify) bs_figure_unref);
  g_free (data->title);
  data->title = g_strdup (figure->title);
  data->description = g_strdup (figure->description);
  for (guint s = 0; s < figure->series->len; s++) {
    const BsFigureSeries *series = figure->series->pdata[s];
    for (guint i = 0; i < series->points->len; i++) {
      const BsFigurePoint *point = &g_array_index (series->points, BsFigurePoint, i);
      if (point->text != NULL)
        bs_plot_data_add_item (data, index++, g_strdup (point->text));
    }
  }
  return data;
}

static BsColor
color_of (const BsFigureSeries *series, const BsPlotStyle *style)
{
  return series->color == BS_FIGURE_INK
           ? style->foreground
           : style->series[series->color % G_N_ELEMENTS (style->series)];
}

static void
draw_legend (BsPlotFrame *frame, const BsFigure *figure)
{
  static const BsMarker markers[] = { [BS_FIGURE_LINE] = BS_MARKER_LINE,
                                      [BS_FIGURE_DASHES] = BS_MARKER_DASHES,
                                      [BS_FIGURE_POINTS] = BS_MARKER_CIRCLE,
                                      [BS_FIGURE_RINGS] = BS_MARKER_CIRCLE,
                                      [BS_FIGURE_BARS] = BS_MARKER_SQUARE };
  g_autofree BsLegendEntry *entries = g_new0 (BsLegendEntry, figure->series->len + 1);
  guint n = 0;

  for (guint s = 0; s < figure->series->len; s++) {
    const BsFigureSeries *series = figure->series->pdata[s];
    if (series->name != NULL)
      entries[n++] = (BsLegendEntry){ series->name, color_of (series, frame->style),
                                      markers[series->mark], series->mark == BS_FIGURE_RINGS };
  }
  bs_plot_frame_legend (frame, entries, n);
}

static void
make_axes (const BsFigure *figure, BsPlotAxis *x, BsPlotAxis *y)
{
  double lo, hi;

  if (figure->categories != NULL) {
    bs_plot_axis_init (x, BS_PLOT_LINEAR, -0.6, g_strv_length (figure->categories) - 0.4, 0, 1);
  } else if (figure->x_lo < figure->x_hi) {
    bs_plot_axis_init (x, BS_PLOT_LINEAR, figure->x_lo, figure->x_hi, 0, 1);
  } else {
    bs_figure_range (figure, TRUE, &lo, &hi);
    bs_plot_axis_init (x, BS_PLOT_LINEAR, lo, hi, PAD, 1);
  }
  BsPlotScale scale = figure->y_log ? BS_PLOT_LOG : BS_PLOT_LINEAR;
  if (figure->y_lo < figure->y_hi) {
    bs_plot_axis_init (y, scale, figure->y_lo, figure->y_hi, 0, 1);
  } else {
    bs_figure_range (figure, FALSE, &lo, &hi);
    bs_plot_axis_init (y, scale, lo, hi, PAD, 1);
  }
}

static void
draw_line (const BsPlotFrame *frame, const BsFigureSeries *series, BsPlotAxis *x, BsPlotAxis *y)
{
  gboolean on = FALSE;

  for (guint i = 0; i < series->points->len; i++) {
    const BsFigurePoint *point = &g_array_index (series->points, BsFigurePoint, i);
    if (!isfinite (point->x) || !isfinite (point->y)) {
      on = FALSE;
      continue;
    }
    /* not bs_plot_axis_at, which stops at the frame: lines leave it in their own direction */
    double at_x = x->from + (point->x - x->lo) / (x->hi - x->lo) * (x->to - x->from),
           at_y = y->scale == BS_PLOT_LOG
                    ? bs_plot_axis_at (y, point->y)
                    : y->from + (point->y - y->lo) / (y->hi - y->lo) * (y->to - y->from);
    at_y = CLAMP (at_y, -1e5, 1e5); /* cairo's coordinates have 24 bits */
    if (on)
      cairo_line_to (frame->cr, at_x, at_y);
    else
      cairo_move_to (frame->cr, at_x, at_y);
    on = TRUE;
  }
  cairo_set_line_width (frame->cr, frame->style->line_width * 1.2);
  if (series->mark == BS_FIGURE_DASHES)
    cairo_set_dash (frame->cr, (double[]){ 5, 3 }, 2, 0);
  cairo_stroke (frame->cr);
  cairo_set_dash (frame->cr, NULL, 0, 0);
}

/* One point or bar; its box in the picture. */
static void
draw_mark (const BsPlotFrame *frame,
           const BsFigureSeries *series,
           const BsFigurePoint *point,
           BsPlotAxis *x,
           BsPlotAxis *y)
{
  double at_x = bs_plot_axis_at (x, point->x), at_y = bs_plot_axis_at (y, point->y);
  double radius = frame->em * (series->mark == BS_FIGURE_RINGS ? 0.62 : 0.36);

  if (series->mark == BS_FIGURE_BARS) {
    double half = fabs (bs_plot_axis_at (x, point->x + 0.38) - at_x);
    double base = y->scale == BS_PLOT_LINEAR && y->lo < 0 ? bs_plot_axis_at (y, 0) : frame->bottom;
    cairo_rectangle (frame->cr, round (at_x - half), MIN (at_y, base), MAX (round (2 * half), 1),
                     MAX (fabs (base - at_y), 1));
    cairo_fill (frame->cr);
  } else if (series->mark == BS_FIGURE_CELLS) {
    double right = round (bs_plot_axis_at (x, point->x + series->cell_width)),
           top = round (bs_plot_axis_at (y, point->y + series->cell_height));
    bs_plot_set_color (frame->cr, bs_plot_map_color (point->share), 1);
    cairo_rectangle (frame->cr, round (at_x), top, right - round (at_x), round (at_y) - top);
    cairo_fill (frame->cr);
  } else if (bs_plot_axis_shows (x, point->x) && bs_plot_axis_shows (y, point->y)) {
    bs_plot_marker (frame->cr, BS_MARKER_CIRCLE, at_x, at_y, radius);
    cairo_set_line_width (frame->cr, frame->style->line_width * 1.4);
    if (series->mark == BS_FIGURE_RINGS)
      cairo_stroke (frame->cr);
    else
      cairo_fill (frame->cr);
  }
}

/* Where an item is hit: a bar in its whole column, whatever its height. */
static void
place (BsPlotData *data,
       guint item,
       const BsPlotFrame *frame,
       const BsFigureSeries *series,
       const BsFigurePoint *point,
       const BsPlotAxis *x,
       const BsPlotAxis *y)
{
  double at_x = bs_plot_axis_at (x, point->x);

  if (series->mark == BS_FIGURE_BARS)
    bs_plot_data_place (data, item, at_x, (frame->top + frame->bottom) / 2,
                        2 * fabs (bs_plot_axis_at (x, point->x + 0.38) - at_x),
                        frame->bottom - frame->top);
  else
    bs_plot_data_place (data, item, at_x, bs_plot_axis_at (y, point->y), frame->em, frame->em);
}

static void
draw_categories (BsPlotFrame *frame, const BsFigure *figure, const BsPlotAxis *x)
{
  guint n = g_strv_length (figure->categories);
  double room = (frame->right - frame->left) / n - frame->em * 0.4;
  guint every = MAX (1, (guint) ceil (frame->em * 2 / MAX (room, 1)));

  for (guint i = 0; i < n; i += every) {
    g_autofree char *fit =
      bs_plot_text_fit (frame, figure->categories[i], MAX (room * every, frame->em), 0.95);
    bs_plot_text (frame, fit, bs_plot_axis_at (x, i), frame->bottom + frame->em * 0.4, 0.5, 0, 0.95,
                  frame->style->foreground, FALSE);
  }
}

static void
draw_handle (BsPlotData *data, BsPlotFrame *frame, const BsFigure *figure, const BsPlotAxis *x)
{
  double at = bs_plot_crisp (bs_plot_axis_at (x, figure->handle), 1);

  bs_plot_set_color (frame->cr, frame->style->series[0], 1);
  cairo_move_to (frame->cr, at, frame->top);
  cairo_line_to (frame->cr, at, frame->bottom);
  cairo_set_line_width (frame->cr, 1);
  cairo_stroke (frame->cr);
  bs_plot_grip (frame, at);
  data->n_handles = 1;
  data->handles[0] = (BsPlotHandle){ at, frame->top, frame->bottom, figure->handle };
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const BsFigure *figure = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  guint item = 0;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  draw_legend (&frame, figure);
  make_axes (figure, &x, &y);
  bs_plot_frame_axes (&frame, &x, &y, figure->x_title, figure->y_title,
                      figure->categories != NULL ? BS_FRAME_GRID_Y | BS_FRAME_NO_X_LABELS
                                                 : BS_FRAME_GRID_X | BS_FRAME_GRID_Y);
  if (figure->categories != NULL)
    draw_categories (&frame, figure, &x);
  bs_plot_data_set_area (data, frame.left, frame.top, frame.right, frame.bottom);
  data->value_lo = x.lo;
  data->value_hi = x.hi;
  data->n_handles = 0; /* the picture before may have had one: bs_plot_data_follow */
  cairo_save (cr);
  cairo_rectangle (cr, frame.left, frame.top - 1, frame.right - frame.left,
                   frame.bottom - frame.top + 1);
  cairo_clip (cr);
  for (guint s = 0; s < figure->series->len; s++) {
    const BsFigureSeries *series = figure->series->pdata[s];
    gboolean line = series->mark == BS_FIGURE_LINE || series->mark == BS_FIGURE_DASHES;
    bs_plot_set_color (cr, color_of (series, style), series->mark == BS_FIGURE_BARS ? 0.8 : 1);
    if (line)
      draw_line (&frame, series, &x, &y);
    for (guint i = 0; i < series->points->len; i++) {
      const BsFigurePoint *point = &g_array_index (series->points, BsFigurePoint, i);
      if (!line && isfinite (point->x) && isfinite (point->y))
        draw_mark (&frame, series, point, &x, &y);
      if (point->text != NULL)
        place (data, item++, &frame, series, point, &x, &y);
    }
  }
  cairo_restore (cr);
  if (isfinite (figure->handle))
    draw_handle (data, &frame, figure, &x);
}

const BsPlot bs_plot_figure = {
  .id = "figure",
  .build = build,
  .draw = draw,
};
