/* What the weight histogram shows: which values share a scale, which levels they may take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tensor_view.h"

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
  int status = g_test_run ();
  bs_facts_unref (facts);
  return status;
}
