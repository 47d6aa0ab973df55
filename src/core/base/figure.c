/* A figure as data: lines, points and bars over two axes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/figure.h"

#include <math.h>

static void
clear_point (gpointer data)
{
  g_free (((BsFigurePoint *) data)->text);
}

static void
series_free (gpointer data)
{
  BsFigureSeries *series = data;

  g_free (series->name);
  g_array_unref (series->points);
  g_free (series);
}

BsFigure *
bs_figure_new (const char *title, const char *x_title, const char *y_title)
{
  BsFigure *figure = g_new0 (BsFigure, 1);

  g_atomic_ref_count_init (&figure->refs);
  figure->title = g_strdup (title);
  figure->x_title = g_strdup (x_title);
  figure->y_title = g_strdup (y_title);
  figure->handle = NAN;
  figure->series = g_ptr_array_new_with_free_func (series_free);
  return figure;
}

BsFigure *
bs_figure_ref (BsFigure *figure)
{
  g_atomic_ref_count_inc (&figure->refs);
  return figure;
}

void
bs_figure_unref (BsFigure *figure)
{
  if (figure == NULL || !g_atomic_ref_count_dec (&figure->refs))
    return;
  g_free (figure->title);
  g_free (figure->x_title);
  g_free (figure->y_title);
  g_free (figure->description);
  g_strfreev (figure->categories);
  g_ptr_array_unref (figure->series);
  g_free (figure);
}

BsFigureSeries *
bs_figure_add (BsFigure *figure, BsFigureMark mark, const char *name, guint color)
{
  BsFigureSeries *series = g_new0 (BsFigureSeries, 1);

  series->mark = mark;
  series->name = g_strdup (name);
  series->color = color;
  series->points = g_array_new (FALSE, FALSE, sizeof (BsFigurePoint));
  g_array_set_clear_func (series->points, clear_point);
  g_ptr_array_add (figure->series, series);
  return series;
}

void
bs_figure_point (BsFigureSeries *series, double x, double y, char *text)
{
  BsFigurePoint point = { x, y, text, 0 };

  g_array_append_val (series->points, point);
}

BsFigureSeries *
bs_figure_add_cells (BsFigure *figure, double width, double height)
{
  BsFigureSeries *cells = bs_figure_add (figure, BS_FIGURE_CELLS, NULL, 0);

  cells->cell_width = width;
  cells->cell_height = height;
  return cells;
}

void
bs_figure_cell (BsFigureSeries *cells, double x, double y, double share)
{
  BsFigurePoint cell = { x, y, NULL, share };

  g_array_append_val (cells->points, cell);
}

gboolean
bs_figure_range (const BsFigure *figure, gboolean along_x, double *lo, double *hi)
{
  *lo = INFINITY;
  *hi = -INFINITY;
  for (guint s = 0; s < figure->series->len; s++) {
    const BsFigureSeries *series = figure->series->pdata[s];
    for (guint i = 0; i < series->points->len; i++) {
      const BsFigurePoint *point = &g_array_index (series->points, BsFigurePoint, i);
      double value = along_x ? point->x : point->y;
      if (isfinite (point->x) && isfinite (point->y)) {
        *lo = MIN (*lo, value);
        *hi = MAX (*hi, value);
      }
    }
  }
  return *lo <= *hi;
}
