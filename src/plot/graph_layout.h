/* Where the nodes of a network are drawn: layers by longest path, each ordered by its neighbours.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

typedef struct {
  guint from, to; /* nodes */
} BsGraphEdge;

/* Immutable. Columns go from left to right in the direction of the data, one unit apart; rows are
 * centred around 0, one unit apart. */
typedef struct {
  guint n_nodes, n_columns, n_edges;
  guint *column;      /* [n_nodes] 0 is where the inputs are read */
  float *row;         /* [n_nodes] */
  float most_rows;    /* of any column */
  guint *start;       /* [n_columns + 1] first place of a column in order */
  guint *order;       /* [n_nodes] nodes by column, then by row */
  BsGraphEdge *edges; /* [n_edges] each pair once, by from */
} BsGraphLayout;

/* bs_graph_layout_new: nodes stand in execution order in the model, so that one pass finds the
 * longest path to each; a few sweeps of barycentres untangle the columns.
 * Threads  reads the model only. Source  Sugiyama, Tagawa, Toda, IEEE Trans. SMC 1981. */
BsGraphLayout *bs_graph_layout_new (const BsModel *model);
void bs_graph_layout_free (BsGraphLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsGraphLayout, bs_graph_layout_free)

G_END_DECLS
