/* A figure as data: lines, points and bars over two axes, for pictures that are not made from results.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BS_FIGURE_LINE,
  BS_FIGURE_DASHES,
  BS_FIGURE_POINTS,
  BS_FIGURE_RINGS, /* hollow points, larger: what stands out */
  BS_FIGURE_BARS,  /* from the lower end of the y axis; x are whole numbers */
  BS_FIGURE_CELLS, /* of a map: points are their lower left corners */
} BsFigureMark;

#define BS_FIGURE_INK G_MAXUINT /* the colour of text */

typedef struct {
  double x, y;  /* NaN breaks a line */
  char *text;   /* for the hover label; NULL: cannot be hovered */
  double share; /* of a cell: its colour, 0 … 1 */
} BsFigurePoint;

typedef struct {
  BsFigureMark mark;
  char *name;     /* in the legend; NULL: not there */
  guint color;    /* of the style's series, or BS_FIGURE_INK */
  GArray *points; /* BsFigurePoint */
  double cell_width, cell_height;
} BsFigureSeries;

/* Filled by one function, then only read; reference counted. */
typedef struct {
  gatomicrefcount refs;
  char *title, *x_title, *y_title;
  char *description;             /* one sentence with the figures */
  char **categories;             /* NULL-terminated names below x = 0, 1, …; NULL: numbers */
  double x_lo, x_hi, y_lo, y_hi; /* what is shown; lo ≥ hi: all points */
  gboolean y_log;                /* all y > 0 */
  double handle;                 /* x of the line that can be dragged; NaN: none */
  GPtrArray *series;             /* BsFigureSeries */
} BsFigure;

/* bs_figure_new: empty; texts are copied. */
BsFigure *bs_figure_new (const char *title, const char *x_title, const char *y_title);
BsFigure *bs_figure_ref (BsFigure *figure);
void bs_figure_unref (BsFigure *figure); /* NULL: nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsFigure, bs_figure_unref)

/* bs_figure_add: a new series, drawn over those before. name may be NULL. (transfer none) */
BsFigureSeries *bs_figure_add (BsFigure *figure, BsFigureMark mark, const char *name, guint color);

/* bs_figure_point: text (transfer full), may be NULL. */
void bs_figure_point (BsFigureSeries *series, double x, double y, char *text);

/* bs_figure_add_cells: a map of cells that are so large; bs_figure_cell: one of them. */
BsFigureSeries *bs_figure_add_cells (BsFigure *figure, double width, double height);
void bs_figure_cell (BsFigureSeries *cells, double x, double y, double share);

/* bs_figure_range: smallest and largest y (along_x: x) of all finite points; FALSE: there are none. */
gboolean bs_figure_range (const BsFigure *figure, gboolean along_x, double *lo, double *hi);

G_END_DECLS
