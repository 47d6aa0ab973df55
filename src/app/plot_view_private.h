/* What the files of the plot view share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/plot_view.h"

G_BEGIN_DECLS

#define BS_PLOT_NONE G_MAXUINT

struct _BsPlotView {
  GtkWidget parent_instance;
  const BsPlot *plot;
  BsPlotData *data;
  char *reason;        /* why there is no plot */
  GskRenderNode *node; /* the plot as last drawn; NULL: draw again */
  int width, height;   /* it was drawn for */
  BsPlotStyle style;
  double scale;   /* of text and lines */
  guint selected; /* index of the items marked */
  guint hovered;  /* item under the pointer */
  guint cursor;   /* item the keyboard stands on */

  gboolean zoomed;
  BsPlotZoom zoom;
  guint grip; /* handle being dragged; BS_PLOT_NONE: none */
  gboolean grip_moved;
  double grip_x;    /* where it is */
  gboolean banding; /* a rubber band is open from band_x0, band_y0 */
  double band_x0, band_y0, band_x1, band_y1;
};

/* Index into bs_plot_view_signals. */
enum {
  BS_PLOT_VIEW_ITEM_SELECTED,
  BS_PLOT_VIEW_ITEM_ACTIVATED,
  BS_PLOT_VIEW_HANDLE_MOVED,
  BS_PLOT_VIEW_N_SIGNALS
};

extern guint bs_plot_view_signals[BS_PLOT_VIEW_N_SIGNALS];

const BsPlotItem *bs_plot_view_items (BsPlotView *self, guint *n);
void bs_plot_view_redraw (BsPlotView *self); /* the plot itself, not only what lies over it */
void bs_plot_view_set_zoom (BsPlotView *self, const BsPlotZoom *zoom); /* NULL: the whole */

/* plot_view_over.c */
GdkRGBA bs_plot_view_rgba (BsColor color, double alpha);
void bs_plot_view_draw_over (BsPlotView *self, GtkSnapshot *snapshot); /* or why there is none */

/* plot_view_input.c */
void bs_plot_view_describe (BsPlotView *self); /* tells screen readers what is shown */
void bs_plot_view_add_input (BsPlotView *self);

G_END_DECLS
