/* The one drawing widget: shows any plot, with hover, selection, keyboard, dragging and zoom.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * It keeps the plot's render node until data, size or style change, and draws hover and selection
 * above it. Its accessible name is the plot's title, its accessible description the plot's
 * sentence. Signal "item-selected" (guint index): an item was clicked or walked to; index as in
 * BsPlotItem. Signal "item-activated" (guint index): an item was clicked, or Return pressed on it.
 * Signal "handle-moved" (guint handle, double value, gboolean released): a handle of the
 * plot is being dragged. Property "zoomed": a rubber band chose a part; Home or the action
 * plot.zoom-home show the whole again. */
#pragma once

#include "plot/plot.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define BS_TYPE_PLOT_VIEW (bs_plot_view_get_type ())
G_DECLARE_FINAL_TYPE (BsPlotView, bs_plot_view, BS, PLOT_VIEW, GtkWidget)

/* bs_plot_view_show: builds the plot from input and shows it; where it cannot be built, the reason
 * is shown. */
void bs_plot_view_show (BsPlotView *self, const BsPlot *plot, const BsPlotInput *input);

/* bs_plot_view_take: shows a plot built elsewhere, off the main thread.
 *   data    (transfer full); NULL: reason is shown */
void bs_plot_view_take (BsPlotView *self, const BsPlot *plot, BsPlotData *data, const char *reason);

void bs_plot_view_zoom_home (BsPlotView *self); /* shows the whole plot */

/* bs_plot_view_select: marks items with this index; G_MAXUINT: none. */
void bs_plot_view_select (BsPlotView *self, guint index);

/* bs_plot_view_set_scale: text and lines are so many times larger; 1 to begin with. */
void bs_plot_view_set_scale (BsPlotView *self, double scale);

gboolean bs_plot_view_has_plot (BsPlotView *self);
const BsPlot *bs_plot_view_plot (BsPlotView *self);
gboolean bs_plot_view_save (BsPlotView *self,
                            const char *path,
                            GError **error); /* in the size shown, light */

G_END_DECLS
