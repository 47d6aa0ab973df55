/* The network as a drawing: columns of nodes coloured by a measure; pan, zoom, search.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Only what is visible is drawn. Its accessible description names size and selection. Keys: arrows
 * walk along the nodes, + and − zoom, Home shows everything. */
#pragma once

#include "app/document.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum {
  BS_GRAPH_BITS,
  BS_GRAPH_SQNR,
  BS_GRAPH_SIZE,
  BS_GRAPH_SENSITIVITY, /* over all results, not the selected one */
} BsGraphMeasure;

#define BS_TYPE_GRAPH_VIEW (bs_graph_view_get_type ())
G_DECLARE_FINAL_TYPE (BsGraphView, bs_graph_view, BS, GRAPH_VIEW, GtkWidget)

void bs_graph_view_set_document (BsGraphView *self, BsDocument *document);
void bs_graph_view_set_measure (BsGraphView *self, BsGraphMeasure measure);

/* bs_graph_view_search: goes to the next node whose name or operator holds the text, and selects it.
 * FALSE: there is none. */
gboolean bs_graph_view_search (BsGraphView *self, const char *text);

G_END_DECLS
