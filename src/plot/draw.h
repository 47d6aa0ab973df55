/* Drawing that all plots share: text, markers, the frame with its axes, the legend.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "axis.h"
#include "plot.h"

G_BEGIN_DECLS

/* One picture being drawn. left … bottom is the plotting area and shrinks as titles, legend and
 * axes take their places. Without a PangoContext no text is drawn, but space is kept for it as if
 * letters had an average width. */
typedef struct {
  cairo_t *cr;
  PangoContext *pango;
  const BsPlotStyle *style;
  double width, height;
  double em; /* height of the text in the picture's units */
  double left, top, right, bottom;
} BsPlotFrame;

typedef enum {
  BS_MARKER_CIRCLE,
  BS_MARKER_SQUARE,
  BS_MARKER_DIAMOND,
  BS_MARKER_TRIANGLE,
  BS_MARKER_TRIANGLE_DOWN,
  BS_MARKER_PENTAGON,
  BS_MARKER_HEXAGON,
  BS_MARKER_CROSS,
  BS_N_MARKERS,
  BS_MARKER_LINE,   /* legend only */
  BS_MARKER_DASHES, /* legend only */
} BsMarker;

typedef struct {
  const char *text;
  BsColor color;
  BsMarker marker;
  gboolean hollow;
} BsLegendEntry;

void bs_plot_set_color (cairo_t *cr, BsColor color, double alpha);
BsColor bs_plot_mix (BsColor a, BsColor b, double share); /* share of b */

/* bs_plot_text: draws and measures. align_x, align_y: which point of the text lies at x, y; 0
 * left/top … 1 right/bottom. scale   1: the style's size turned  reads upwards; align_x then runs
 * along the text */
void bs_plot_text (BsPlotFrame *frame,
                   const char *text,
                   double x,
                   double y,
                   double align_x,
                   double align_y,
                   double scale,
                   BsColor color,
                   gboolean turned);
void bs_plot_text_bold (BsPlotFrame *frame,
                        const char *text,
                        double x,
                        double y,
                        double align_x,
                        double align_y,
                        double scale,
                        BsColor color);
double bs_plot_text_width (BsPlotFrame *frame, const char *text, double scale);

/* bs_plot_text_fit: text shortened in the middle so that it is at most width wide. (transfer full)
 */
char *bs_plot_text_fit (BsPlotFrame *frame, const char *text, double width, double scale);

void
bs_plot_marker (cairo_t *cr, BsMarker marker, double x, double y, double radius); /* path only */

/* bs_plot_frame_begin: background, then the title's strip when there is a title. */
void bs_plot_frame_begin (BsPlotFrame *frame,
                          cairo_t *cr,
                          PangoContext *pango,
                          const BsPlotStyle *style,
                          double width,
                          double height,
                          const char *title);

/* bs_plot_frame_legend: a strip above the plotting area, as many lines as needed: it never covers
 * points. a text of NULL starts the next entry on a new line */
void bs_plot_frame_legend (BsPlotFrame *frame, const BsLegendEntry *entries, guint n);

typedef enum {
  BS_FRAME_GRID_X = 1 << 0,
  BS_FRAME_GRID_Y = 1 << 1,
  BS_FRAME_NO_Y_LABELS =
    1 << 2, /* the caller labels rows itself; frame->left already leaves room */
  BS_FRAME_NO_X_LABELS = 1 << 3, /* the caller writes one line of labels itself */
} BsFrameFlags;

/* bs_plot_frame_axes: places both axes, chooses ticks that do not overlap, draws grid, lines,
 * labels and titles. */
void bs_plot_frame_axes (BsPlotFrame *frame,
                         BsPlotAxis *x,
                         BsPlotAxis *y,
                         const char *x_title,
                         const char *y_title,
                         BsFrameFlags flags);

/* bs_plot_grip: what can be taken hold of, halfway down a line at x. */
void bs_plot_grip (BsPlotFrame *frame, double x);

/* bs_plot_crisp: the nearest position at which a line of this width covers whole pixels. */
double bs_plot_crisp (double position, double width);

G_END_DECLS
