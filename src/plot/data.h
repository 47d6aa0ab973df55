/* What the plots of this folder share: the laid-out data behind the opaque BsPlotData.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "plot.h"

G_BEGIN_DECLS

#define BS_PLOT_HANDLES 16

struct _BsPlotData {
  char *title;       /* drawn at the top; may be NULL */
  char *description; /* one sentence with the figures */
  GArray *items;     /* BsPlotItem; text is owned */
  gboolean can_zoom;
  BsPlotZoom zoom;
  double left, top, right, bottom; /* the plotting area of the last draw */
  guint n_handles;
  BsPlotHandle handles[BS_PLOT_HANDLES];
  double value_lo, value_hi; /* of the x axis at left and right, linear, where there are handles */
  gpointer own;              /* the plot's own numbers */
  GDestroyNotify own_free;
};

/* bs_plot_data_new: own is freed with own_free. */
BsPlotData *bs_plot_data_new (const BsPlotInput *input, gpointer own, GDestroyNotify own_free);

/* bs_plot_data_add_item: text (transfer full); places are filled when the plot is drawn. */
void bs_plot_data_add_item (BsPlotData *data, guint index, char *text);

/* bs_plot_data_place: the box of item i, centre and size given. */
void
bs_plot_data_place (BsPlotData *data, guint i, double x, double y, double width, double height);

/* bs_plot_render: a plot as the bytes of a file; suffix: ".png", ".svg" or ".pdf"; width and height
 * in CSS pixels, 0: 960 × 600. */
gboolean bs_plot_render (const BsPlot *plot,
                         BsPlotData *data,
                         const char *suffix,
                         double width,
                         double height,
                         GByteArray *bytes,
                         GError **error);

/* bs_plot_surface: what bs_plot_render draws on: writes into bytes, in CSS pixels. (transfer full) */
cairo_surface_t *
bs_plot_surface (const char *suffix, GByteArray *bytes, double width, double height);

/* bs_plot_context: of its own, so that files do not depend on the screen's font size, resolution or
 * hinting. (transfer full) */
PangoContext *bs_plot_context (void);

/* bs_plot_data_set_area: remembers where the plotting area is, for zooming and dragging. */
void bs_plot_data_set_area (BsPlotData *data, double left, double top, double right, double bottom);

/* bs_plot_result_with_layers: the selected result, or NULL where there is none or it has no layers. */
const BsResult *bs_plot_result_with_layers (const BsPlotInput *input, GError **error);

extern const BsPlot bs_plot_trade_off, bs_plot_layer_errors, bs_plot_error_histogram,
  bs_plot_weight_histogram, bs_plot_heat_map, bs_plot_layer_bits;

G_END_DECLS
