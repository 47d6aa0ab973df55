/* Tests of the drawing of a network: data flow to the right, nobody shares a place, large graphs too.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"
#include "plot/graph_layout.h"

#include <math.h>

/* Node i adds the outputs of two earlier ones. A block of four: a fork and its join. */
static BsModel *
make (guint n, guint reach)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("made up", "ONNX");
  g_autofree guint *outputs = g_new (guint, n + 1);
  guint state = 11;

  outputs[0] = bs_model_builder_tensor (builder, "x");
  bs_model_builder_input (builder, outputs[0]);
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("t%u", i);
    state = state * 1664525u + 1013904223u;
    guint back = (state >> 8) % MIN (reach, i + 1);
    guint inputs[] = { outputs[i], outputs[i - back] };
    outputs[i + 1] = bs_model_builder_tensor (builder, name);
    bs_model_builder_node (builder, "Add", "", name, inputs, 2, &outputs[i + 1], 1);
    if (i % 3 == 2)
      outputs[i + 1] = outputs[i]; /* the next one starts beside it: a fork */
  }
  for (guint i = 0; i < n; i++) { /* or what nobody reads would be dropped */
    g_autofree char *name = g_strdup_printf ("t%u", i);
    bs_model_builder_output (builder, bs_model_builder_tensor (builder, name));
  }
  BsModel *model = bs_model_builder_finish (builder, NULL);
  g_assert_nonnull (model);
  return model;
}

static void
check (const BsModel *model)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (BsGraphLayout) layout = bs_graph_layout_new (model);
  g_autoptr (GHashTable) places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_test_message ("%u nodes, %u edges, %u columns: %.1f ms", layout->n_nodes, layout->n_edges,
                  layout->n_columns, (double) (g_get_monotonic_time () - start) / 1000);
  g_assert_cmpuint (layout->n_nodes, ==, model->n_nodes);
  g_assert_cmpuint (layout->start[layout->n_columns], ==, model->n_nodes);
  for (guint i = 0; i < layout->n_edges; i++)
    g_assert_cmpuint (layout->column[layout->edges[i].from], <,
                      layout->column[layout->edges[i].to]);
  for (guint i = 0; i < layout->n_nodes; i++) {
    g_assert_true (g_hash_table_add (
      places, g_strdup_printf ("%u %g", layout->column[i], (double) layout->row[i])));
    g_assert_cmpfloat (fabs ((double) layout->row[i]) * 2, <, (double) layout->most_rows);
  }
  for (guint c = 0; c < layout->n_columns; c++) {
    g_assert_cmpuint (layout->start[c], <, layout->start[c + 1]); /* no column is empty */
    for (guint i = layout->start[c]; i < layout->start[c + 1]; i++)
      g_assert_cmpuint (layout->column[layout->order[i]], ==, c);
  }
}

static void
test_small (void)
{
  for (guint n = 1; n < 12; n++) {
    g_autoptr (BsModel) model = make (n, 3);
    check (model);
  }
}

static void
test_large (void)
{
  g_autoptr (BsModel) model = make (10000, 50);

  check (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph-layout/small", test_small);
  g_test_add_func ("/graph-layout/large", test_large);
  return g_test_run ();
}
