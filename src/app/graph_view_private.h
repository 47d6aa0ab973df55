/* What the files of the graph view share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/graph_view.h"
#include "plot/graph_layout.h"

G_BEGIN_DECLS

#define BS_GRAPH_COLUMN 150.0 /* world units from column to column, pixels at zoom 1 */
#define BS_GRAPH_ROW 46.0
#define BS_GRAPH_BOX_WIDTH 126.0
#define BS_GRAPH_BOX_HEIGHT 34.0
#define BS_GRAPH_LEAST_TEXT 0.55 /* zoom below which names could not be read */
#define BS_GRAPH_READABLE 0.85   /* zoom at which they are read well */
#define BS_GRAPH_LEAST_EDGES 0.04
#define BS_GRAPH_MOST_ZOOM 3.0
#define BS_GRAPH_NONE G_MAXUINT

struct _BsGraphView {
  GtkWidget parent_instance;
  BsDocument *document;
  BsGraphLayout *layout; /* NULL: nothing open */
  BsLayerItem **items;   /* [n_nodes] the layer of a node, or NULL; borrowed */
  BsGraphMeasure measure;
  double *sensitivity; /* [n_nodes] dB over all results; NULL: to be found again */
  double zoom, x, y;   /* world point in the middle of the view */
  double drag_x, drag_y;
  gboolean fitted; /* shows everything, also after a change of size */
  guint selected;  /* node */
};

/* Where a world point is in the view. */
double bs_graph_view_x (BsGraphView *self, double world);
double bs_graph_view_y (BsGraphView *self, double world);

/* bs_graph_view_columns: those that can be seen. FALSE: none. */
gboolean bs_graph_view_columns (BsGraphView *self, guint *first, guint *last);

const BsModel *bs_graph_view_model (BsGraphView *self);

/* graph_view_draw.c: what the colour of a node says, in words; NULL: nothing. (transfer full) */
char *bs_graph_view_measure_text (BsGraphView *self, guint node);

/* graph_view_draw.c: the class's snapshot. */
void bs_graph_view_draw (GtkWidget *widget, GtkSnapshot *snapshot);

G_END_DECLS
