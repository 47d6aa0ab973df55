/* What the weight histogram shows: which values share a scale, which levels they may take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tensor_view.h"

#include "model/builder.h"

#include <math.h>

static BsFacts *facts;

static const BsLayerFact *
layer (guint i)
{
  return &g_array_index (facts->layers, BsLayerFact, i);
}

static BsTensorView *
make (guint i, const char *text, guint scale)
{
  g_autoptr (GError) error = NULL;
  BsSpec spec;

  g_assert_true (bs_spec_parse (text, &spec, &error));
  BsTensorView *view =
    bs_tensor_view_new (facts->simplified, layer (i)->tensor, &spec, scale, &error);
  g_assert_no_error (error);
  return view;
}

static void
test_float (void)
{
  g_autoptr (BsTensorView) view =
    bs_tensor_view_new (facts->simplified, layer (0)->tensor, NULL, 0, NULL);

  g_assert_cmpuint (view->n, ==, layer (0)->parameters);
  g_assert_cmpuint (view->n_scales, ==, 0);
  g_assert_cmpuint (view->n_levels, ==, 0);
}

static void
test_tensor (void)
{
  g_autoptr (BsTensorView) view = make (0, "int4", 0);
  double most = 0;

  g_assert_cmpuint (view->n, ==, layer (0)->parameters);
  g_assert_cmpuint (view->n_scales, ==, 1);
  g_assert_cmpuint (view->n_levels, ==, 15);
  for (gsize i = 0; i < view->n; i++)
    most = MAX (most, fabs ((double) view->values[i]));
  g_assert_cmpfloat_with_epsilon (view->clip_hi, most, most * 1e-6);
  g_assert_cmpfloat_with_epsilon (view->levels[7], 0, 1e-12);
  g_assert_cmpfloat_with_epsilon (view->levels[14], most, most * 1e-6);
}

/* The channels together hold every value once, and each keeps its own largest value exactly. */
static void
test_channels (void)
{
  gsize total = 0;
  g_autoptr (BsTensorView) first = make (1, "int4:channel", 0);
  guint n = first->n_scales;

  g_assert_cmpuint (n, ==, 32);
  for (guint i = 0; i < n; i++) {
    g_autoptr (BsTensorView) view = make (1, "int4:channel", i);
    double most = 0;
    total += view->n;
    for (gsize j = 0; j < view->n; j++)
      most = MAX (most, fabs ((double) view->values[j]));
    g_assert_cmpfloat_with_epsilon (view->clip_hi, most, most * 1e-6);
  }
  g_assert_cmpuint (total, ==, layer (1)->parameters);
}

static void
test_groups (void)
{
  gsize total = 0;
  g_autoptr (BsTensorView) first = make (1, "int4:group=32", 0);

  for (guint i = 0; i < first->n_scales; i++) {
    g_autoptr (BsTensorView) view = make (1, "int4:group=32", i);
    g_assert_cmpuint (view->n, <=, 32);
    total += view->n;
  }
  g_assert_cmpuint (total, ==, layer (1)->parameters);
}

/* One scale for the model: every layer has the same levels, and the first layer's are wider than
 * its values. */
static void
test_model (void)
{
  g_autoptr (BsTensorView) a = make (0, "int3:model", 0), b = make (2, "int3:model", 0);

  g_assert_cmpfloat (a->clip_hi, ==, b->clip_hi);
  g_assert_cmpuint (a->n_levels, ==, 7);
}

static void
test_scale_past_the_end (void)
{
  g_autoptr (BsTensorView) view = make (1, "int4:channel", 9999);

  g_assert_cmpuint (view->scale, ==, view->n_scales - 1);
  g_assert_cmpuint (view->n, >, 0);
}

/* Errors of the weights: all of them counted, none larger than half a step where nothing is cut off.
 */
static void
test_errors (void)
{
  g_autoptr (BsTensorView) view = make (0, "int4", 0), exact = make (0, "fp16", 0);
  guint64 total = 0;

  for (guint i = 0; i < BS_ERROR_BINS; i++)
    total += view->error_bins[i];
  g_assert_cmpuint (total, ==, layer (0)->parameters);
  g_assert_cmpfloat (view->error_span, >, 0);
  g_assert_cmpfloat (view->error_span, <=, view->clip_hi / 7 / 2 * 1.0001);
  g_assert_cmpfloat (exact->error_span, <, view->error_span / 100);
}

static BsFacts *
large_facts (guint rows, guint columns)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("large", "ONNX");
  BsFacts *made = g_new0 (BsFacts, 1);
  gsize n = (gsize) rows * columns;
  g_autofree float *w = g_new (float, n);
  guint state = 5;

  for (gsize i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    w[i] = (float) (state >> 8) / 8388608.0f - 1;
  }
  guint x = bs_model_builder_tensor (builder, "x"), y = bs_model_builder_tensor (builder, "y");
  guint inputs[] = { x, bs_model_builder_constant (builder, "w", BS_DTYPE_F32,
                                                   (gint64[]){ rows, columns }, 2, w, NULL) };
  bs_model_builder_input (builder, x);
  bs_model_builder_node (builder, "MatMul", "", "product", inputs, 2, &y, 1);
  bs_model_builder_output (builder, y);
  g_atomic_ref_count_init (&made->refs);
  made->simplified = bs_model_builder_finish (builder, NULL);
  made->layers = g_array_new (FALSE, FALSE, sizeof (BsLayerFact));
  made->unsupported = g_array_new (FALSE, FALSE, sizeof (BsUnsupported));
  g_assert_nonnull (made->simplified);
  return made;
}

static void
plots_cb (GObject *source, GAsyncResult *result, gpointer plots)
{
  *(BsTensorPlots **) plots = bs_tensor_plots_finish (result, NULL);
}

/* What the page does for each edit, on a weight of the size that must redraw within 100 ms. */
static void
test_large (void)
{
  static const char *const texts[] = { "int4",          "int8:fixed=-0.5,0.5",  "int4:channel",
                                       "int4:group=32", "int4:percentile=99.9", "int4:mse" };
  g_autoptr (BsFacts) large = large_facts (1536, 1568);
  guint tensor = 0;

  while (large->simplified->tensors[tensor].data == NULL)
    tensor++;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    BsTensorPlots *plots = NULL;
    BsSpec spec;
    gint64 start = g_get_monotonic_time ();

    g_assert_true (bs_spec_parse (texts[i], &spec, NULL));
    bs_tensor_plots_async (large, tensor, "product", &spec, 0, plots_cb, &plots);
    while (plots == NULL)
      g_main_context_iteration (NULL, TRUE);
    g_test_message ("%s: %.0f ms for 2.4 million weights", texts[i],
                    (double) (g_get_monotonic_time () - start) / 1000);
    g_assert_nonnull (plots->weights);
    g_assert_nonnull (plots->errors);
    bs_tensor_plots_free (plots);
  }
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  path =
    g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", "digits_mlp.onnx", NULL);
  facts = bs_facts_load (path, &error);
  g_assert_no_error (error);
  g_test_add_func ("/tensor-view/float", test_float);
  g_test_add_func ("/tensor-view/tensor", test_tensor);
  g_test_add_func ("/tensor-view/channels", test_channels);
  g_test_add_func ("/tensor-view/groups", test_groups);
  g_test_add_func ("/tensor-view/model", test_model);
  g_test_add_func ("/tensor-view/scale-past-the-end", test_scale_past_the_end);
  g_test_add_func ("/tensor-view/errors", test_errors);
  g_test_add_func ("/tensor-view/large", test_large);
  int status = g_test_run ();
  bs_facts_unref (facts);
  return status;
}
