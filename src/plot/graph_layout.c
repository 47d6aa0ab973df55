/* Where the nodes of a network are drawn: layers by longest path, each ordered by its neighbours.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "graph_layout.h"

#include <math.h>
#include <stdlib.h>

#define SWEEPS 4 /* to the right and back again */

void
bs_graph_layout_free (BsGraphLayout *layout)
{
  if (layout == NULL)
    return;
  g_free (layout->column);
  g_free (layout->row);
  g_free (layout->start);
  g_free (layout->order);
  g_free (layout->edges);
  g_free (layout);
}

static int
compare_edges (const void *a, const void *b)
{
  const BsGraphEdge *p = a, *q = b;

  if (p->from != q->from)
    return p->from < q->from ? -1 : 1;
  return (p->to > q->to) - (p->to < q->to);
}

static void
find_edges (BsGraphLayout *layout, const BsModel *model)
{
  g_autofree guint *writer = g_new (guint, MAX (model->n_tensors, 1));
  GArray *edges = g_array_new (FALSE, FALSE, sizeof (BsGraphEdge));
  guint kept = 0;

  for (guint i = 0; i < model->n_tensors; i++)
    writer[i] = BS_TENSOR_NONE;
  for (guint i = 0; i < model->n_nodes; i++)
    for (guint k = 0; k < model->nodes[i].n_outputs; k++)
      if (model->nodes[i].outputs[k] != BS_TENSOR_NONE)
        writer[model->nodes[i].outputs[k]] = i;
  for (guint i = 0; i < model->n_nodes; i++)
    for (guint k = 0; k < model->nodes[i].n_inputs; k++) {
      guint tensor = model->nodes[i].inputs[k];
      BsGraphEdge edge = { tensor != BS_TENSOR_NONE ? writer[tensor] : BS_TENSOR_NONE, i };
      if (edge.from != BS_TENSOR_NONE && edge.from < i) /* execution order: no cycles */
        g_array_append_val (edges, edge);
    }
  layout->edges = (BsGraphEdge *) (gpointer) edges->data;
  if (edges->len > 0)
    qsort (layout->edges, edges->len, sizeof *layout->edges, compare_edges);
  for (guint i = 0; i < edges->len; i++)
    if (kept == 0 || compare_edges (&layout->edges[kept - 1], &layout->edges[i]) != 0)
      layout->edges[kept++] = layout->edges[i];
  layout->n_edges = kept;
  g_array_free (edges, FALSE);
}

static void
find_columns (BsGraphLayout *layout)
{
  for (guint i = 0; i < layout->n_edges; i++) { /* by from: all edges into from came before */
    const BsGraphEdge *edge = &layout->edges[i];
    layout->column[edge->to] = MAX (layout->column[edge->to], layout->column[edge->from] + 1);
  }
  for (guint i = 0; i < layout->n_nodes; i++)
    layout->n_columns = MAX (layout->n_columns, layout->column[i] + 1);
  layout->start = g_new0 (guint, layout->n_columns + 1);
  for (guint i = 0; i < layout->n_nodes; i++)
    layout->start[layout->column[i] + 1]++;
  for (guint i = 0; i < layout->n_columns; i++)
    layout->start[i + 1] += layout->start[i];
  g_autofree guint *next = g_memdup2 (layout->start, layout->n_columns * sizeof *next);
  for (guint i = 0; i < layout->n_nodes; i++)
    layout->order[next[layout->column[i]]++] = i;
}

static void
place_rows (BsGraphLayout *layout)
{
  for (guint c = 0; c < layout->n_columns; c++) {
    guint n = layout->start[c + 1] - layout->start[c];
    layout->most_rows = MAX (layout->most_rows, (float) n);
    for (guint i = 0; i < n; i++)
      layout->row[layout->order[layout->start[c] + i]] = (float) i - (float) (n - 1) / 2;
  }
}

typedef struct {
  float wish;
  guint node, place;
} Wish;

static int
compare_wishes (const void *a, const void *b)
{
  const Wish *p = a, *q = b;

  if (p->wish != q->wish)
    return p->wish < q->wish ? -1 : 1;
  return (p->place > q->place) - (p->place < q->place);
}

/* Each node wishes to stand at the mean of those it is joined with on one side. */
static void
sweep (BsGraphLayout *layout, gboolean forwards)
{
  g_autofree float *sum = g_new0 (float, layout->n_nodes);
  g_autofree guint *count = g_new0 (guint, layout->n_nodes);
  g_autofree Wish *wishes = g_new (Wish, layout->n_nodes);

  for (guint i = 0; i < layout->n_edges; i++) {
    guint of = forwards ? layout->edges[i].to : layout->edges[i].from,
          by = forwards ? layout->edges[i].from : layout->edges[i].to;
    sum[of] += layout->row[by];
    count[of]++;
  }
  for (guint c = 0; c < layout->n_columns; c++) {
    guint start = layout->start[c], n = layout->start[c + 1] - start;
    if (n < 2)
      continue;
    for (guint i = 0; i < n; i++) {
      guint node = layout->order[start + i];
      wishes[i] =
        (Wish){ count[node] > 0 ? sum[node] / (float) count[node] : layout->row[node], node, i };
    }
    qsort (wishes, n, sizeof *wishes, compare_wishes);
    for (guint i = 0; i < n; i++)
      layout->order[start + i] = wishes[i].node;
  }
  place_rows (layout);
}

BsGraphLayout *
bs_graph_layout_new (const BsModel *model)
{
  BsGraphLayout *layout = g_new0 (BsGraphLayout, 1);

  layout->n_nodes = model->n_nodes;
  layout->column = g_new0 (guint, MAX (model->n_nodes, 1));
  layout->row = g_new0 (float, MAX (model->n_nodes, 1));
  layout->order = g_new0 (guint, MAX (model->n_nodes, 1));
  find_edges (layout, model);
  find_columns (layout);
  place_rows (layout);
  for (guint i = 0; i < 2 * SWEEPS; i++)
    sweep (layout, i % 2 == 0);
  return layout;
}
