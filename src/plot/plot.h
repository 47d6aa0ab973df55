/* Plots: one function from results to a picture, used by the command line, the window and tests
 * alike. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/figure.h"
#include "search/sensitivity.h"
#include "study/tensor_view.h"

#include <cairo.h>
#include <pango/pango.h>

G_BEGIN_DECLS

typedef struct {
  double r, g, b, a;
} BsColor;

/* Colours and sizes; light for files, light or dark in the window. */
typedef struct {
  BsColor background, foreground, grid, accent, muted;
  BsColor series[8]; /* distinguishable with colour-blind eyes on this background */
  double font_size;  /* points */
  double line_width;
} BsPlotStyle;
extern const BsPlotStyle bs_plot_style_light, bs_plot_style_dark;

/* bs_plot_map_color: a share, 0 … 1, as a colour from dark to light, the same on any background;
 * bs_plot_map_ink: black or white, what can be read on it. */
BsColor bs_plot_map_color (double share);
BsColor bs_plot_map_ink (double share);

/* What the trade-off is against. */
typedef enum {
  BS_PLOT_BYTES,   /* of the weights */
  BS_PLOT_BIT_OPS, /* of a sample */
  BS_PLOT_TRAFFIC, /* bytes that the layers read and write for a sample */
  BS_PLOT_LATENCY, /* of a sample; results without one are left out */
} BsPlotCost;

/* bs_plot_cost_find: "bytes", "bit-ops", "traffic", "latency"; FALSE: none of these. */
gboolean bs_plot_cost_find (const char *name, BsPlotCost *cost);

/* What a plot can be made from; a plot reads what it needs and says what is missing. Borrowed. */
typedef struct {
  const char *title; /* model and data: "mnist_lenet_bn · mnist10k" */
  BsResult *const *results;
  guint n_results;
  BsResult *float_result;    /* baseline; may be NULL */
  BsResult *selected;        /* for per-layer plots; may be NULL */
  const char *layer;         /* node name for single-layer plots; may be NULL */
  const BsTensorView *view;  /* of the layer's weights; may be NULL. Its errors are shown where no
                               result is selected, whose output errors would be */
  const BsStats *stats;      /* of what enters the layer, for its histogram; may be NULL */
  gboolean levels_move;      /* the view's levels are handles, not its range */
  const char *spec;          /* what the weights became: "int4:channel"; may be NULL */
  const BsSensitivity *scan; /* of the heat map, in the place of results; may be NULL */
  BsPlotCost cost;           /* of the trade-off */
  double budget;             /* bytes that are asked for, a line in the trade-off; 0: none */
  BsFigure *figure;          /* of bs_plot_figure, which takes a reference; may be NULL */
} BsPlotInput;

typedef struct _BsPlotData BsPlotData; /* laid out once per data, drawn often */

/* An item that can be hovered and selected: a point, a bar. */
typedef struct {
  double x, y, width, height; /* in the last drawn picture's units; a point's hit box */
  guint index;                /* of the result or layer in the input */
  const char *text;           /* for the hover label, borrowed from the data */
} BsPlotItem;

typedef struct {
  const char *id;    /* "trade-off" */
  const char *title; /* N_(); NULL: the data's, bs_plot_data_title */
  BsPlotData *(*build) (const BsPlotInput *input, GError **error);
  void (*draw) (BsPlotData *data,
                cairo_t *cr,
                PangoContext *pango,
                const BsPlotStyle *style,
                double width,
                double height);
} BsPlot;

/* A line across the plot that can be dragged along x: the ends of the range kept. */
typedef struct {
  double x, top, bottom; /* in the last drawn picture's units */
  double value;
} BsPlotHandle;

/* The part of a plot that is looked at, in shares of the whole: x from left to right, y from bottom
 * to top. */
typedef struct {
  double x0, x1, y0, y1;
} BsPlotZoom;

extern const BsPlot *const bs_plots[]; /* all rows, ending with NULL */
const BsPlot *bs_plot_find (const char *id);

/* The values that enter a layer. No row of bs_plots: only a study that is open has statistics. */
extern const BsPlot bs_plot_activation_histogram;

void bs_plot_data_free (BsPlotData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsPlotData, bs_plot_data_free)
const char *bs_plot_data_title (const BsPlotData *data);       /* what is drawn at the top */
const char *bs_plot_data_description (const BsPlotData *data); /* one sentence with the figures */
const BsPlotItem *bs_plot_data_items (const BsPlotData *data,
                                      guint *n); /* placed by the last draw */

const BsPlotHandle *bs_plot_data_handles (const BsPlotData *data, guint *n); /* likewise */
double bs_plot_data_value_at (const BsPlotData *data, double x); /* of the handles' axis */

gboolean bs_plot_data_can_zoom (const BsPlotData *data);
void bs_plot_data_set_zoom (BsPlotData *data, const BsPlotZoom *zoom); /* NULL: the whole */

/* bs_plot_data_area: where the last draw put the plotting area; FALSE: nowhere yet. */
gboolean bs_plot_data_area (const BsPlotData *data,
                            double *left,
                            double *top,
                            double *right,
                            double *bottom);

/* bs_plot_data_follow: until data is drawn itself, its area and handles are where those of the
 * picture before were: that is what people still see and drag. */
void bs_plot_data_follow (BsPlotData *data, const BsPlotData *before);

/* bs_plot_save: draws into a file; the suffix .png, .svg or .pdf decides.
 *   width, height  in CSS pixels (1/96 inch); 0: 960 × 600
 * Errors  BS_ERROR_INVALID suffix; BS_ERROR_IO with the path. The same input gives the same bytes.
 */
gboolean bs_plot_save (const BsPlot *plot,
                       BsPlotData *data,
                       const char *path,
                       double width,
                       double height,
                       GError **error);

G_END_DECLS
