/* Tests of the walk: taps, overrides, stopping, views, and of the builder and simplification
 * beneath. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"
#include "model/simplify.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

static guint
tensor (BsModelBuilder *builder, const char *name)
{
  return bs_model_builder_tensor (builder, name);
}

static BsNode *
node (BsModelBuilder *builder,
      const char *op,
      const char *name,
      const char *a,
      const char *b,
      const char *out)
{
  guint inputs[2] = { tensor (builder, a), b != NULL ? tensor (builder, b) : 0 },
        output = tensor (builder, out);

  return bs_model_builder_node (builder, op, "", name, inputs, b != NULL ? 2 : 1, &output, 1);
}

static void
ends (BsModelBuilder *builder, const char *in, const char *out, guint n_dims, const gint64 *dims)
{
  BsTensor *x;
  guint index = tensor (builder, in);

  bs_model_builder_input (builder, index);
  x = &bs_model_builder_edit (builder)->tensors[index];
  x->dtype = BS_DTYPE_F32;
  x->n_dims = n_dims;
  memcpy (x->dims, dims, n_dims * sizeof *dims);
  bs_model_builder_output (builder, tensor (builder, out));
  bs_model_builder_edit (builder)->opset = 13;
}

static BsModel *
finish (BsModelBuilder *builder)
{
  g_autoptr (GError) error = NULL;
  BsModel *model = bs_model_builder_finish (builder, &error);

  g_assert_no_error (error);
  return model;
}

static const gint64 four[] = { 1, 4 };

/* x → Relu → h; h → Reshape → v; y = h + flat (v): h is read twice, v is a view of it. */
static BsModel *
diamond (void)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("diamond", "test");
  const gint64 shape[] = { 2, 2 }, n[] = { 2 }, one[] = { 4 };
  const float w[] = { 1, 2, 3, 4 };

  ends (builder, "x", "y", 2, four);
  bs_model_builder_constant (builder, "shape", BS_DTYPE_I64, n, 1, shape, NULL);
  bs_model_builder_constant (builder, "w", BS_DTYPE_F32, one, 1, w, NULL);
  node (builder, "Mul", "scale", "x", "w", "m");
  node (builder, "Relu", "relu", "m", NULL, "h");
  node (builder, "Reshape", "view", "h", "shape", "v");
  node (builder, "Flatten", "flat", "v", NULL, "f");
  bs_node_add_attr (&bs_model_builder_edit (builder)->nodes[3], "axis", BS_ATTR_INT)->i = 0;
  node (builder, "Add", "add", "h", "f", "y");
  return finish (builder);
}

typedef struct {
  const BsModel *model;
  const char *change; /* tensor that the tap sets to 7 */
  guint seen;
} Tap;

static void
tap_cb (gpointer user, guint index, BsValue *value)
{
  Tap *tap = user;
  float *x = value->data;

  g_assert_false (tap->model->tensors[index].is_constant);
  tap->seen++;
  if (tap->change != NULL && strcmp (tap->model->tensors[index].name, tap->change) == 0)
    for (gsize i = 0; i < bs_value_count (value); i++)
      x[i] = 7;
}

static void
run (const BsModel *model, const BsWalkOptions *options, const float *expected)
{
  float x[] = { -1, 2, -3, 4 };
  BsValue input = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 4 }, .data = x }, output;
  g_autoptr (GError) error = NULL;

  bs_walk (model, &input, &output, options, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpfloat (((float *) output.data)[i], ==, expected[i]);
  g_assert_cmpfloat (x[0], ==, -1); /* the caller's data is never written to */
  bs_value_clear (&output);
}

static void
test_taps (void)
{
  static const struct {
    const char *change;
    float expected[4];
  } cases[] = {
    { NULL, { 0, 8, 0, 32 } },   { "x", { 14, 28, 42, 56 } }, { "m", { 14, 14, 14, 14 } },
    { "h", { 14, 14, 14, 14 } }, { "v", { 7, 11, 7, 23 } }, /* a view that is changed leaves its
                                                               source alone */
    { "f", { 7, 11, 7, 23 } },   { "y", { 7, 7, 7, 7 } },
  };
  g_autoptr (BsModel) model = diamond ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Tap tap = { model, cases[i].change, 0 };
    BsWalkOptions options = { .tap = tap_cb, .user = &tap };
    run (model, &options, cases[i].expected);
    g_assert_cmpuint (tap.seen, ==, 6);
  }
  run (model, NULL, cases[0].expected);
}

static void
test_overrides (void)
{
  g_autoptr (BsModel) model = diamond ();
  g_autofree BsValue *overrides = g_new0 (BsValue, model->n_tensors);
  BsWalkOptions options = { .overrides = overrides };
  float w[] = { -10, 0, 0, 10 };
  const float expected[] = { 20, 0, 0, 80 };

  for (guint i = 0; i < model->n_tensors; i++)
    if (strcmp (model->tensors[i].name, "w") == 0)
      overrides[i] = (BsValue){ .dtype = BS_DTYPE_F32, .n_dims = 1, .dims = { 4 }, .data = w };
  run (model, &options, expected);
}

static void
test_refusals (void)
{
  g_autoptr (BsModel) model = diamond ();
  float x[8] = { 0 };
  BsValue output, wrong = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 5 }, .data = x };
  BsValue type = { .dtype = BS_DTYPE_I32, .n_dims = 2, .dims = { 1, 4 }, .data = x };
  BsValue right = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 4 }, .data = x };
  gint cancelled = 1;
  BsWalkOptions options = { .cancelled = &cancelled };
  g_autoptr (GError) error = NULL;

  g_assert_false (bs_walk (model, &wrong, &output, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (bs_walk (model, &type, &output, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (bs_walk (model, &right, &output, &options, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_CANCELLED);
}

/* MatMul + Add → Gemm; Identity and Dropout gone; constants computed; dead nodes dropped; names
 * kept. */
static void
test_simplify (void)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("s", "test");
  const gint64 square[] = { 4, 4 }, one[] = { 4 };
  float w[16], b[] = { 1, 2, 3, 4 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 16; i++)
    w[i] = (float) i;
  ends (builder, "x", "y", 2, four);
  bs_model_builder_constant (builder, "w", BS_DTYPE_F32, square, 2, w, NULL);
  bs_model_builder_constant (builder, "b", BS_DTYPE_F32, one, 1, b, NULL);
  node (builder, "Neg", "negate", "b", NULL, "nb"); /* constant */
  node (builder, "Identity", "idle", "x", NULL, "i");
  node (builder, "MatMul", "product", "i", "w", "p");
  node (builder, "Add", "bias", "nb", "p", "a");
  node (builder, "Relu", "dead", "a", NULL, "nobody");
  node (builder, "Dropout", "drop", "a", NULL, "y");
  g_autoptr (BsModel) model = finish (builder);
  g_assert_cmpuint (model->n_nodes, ==, 5);
  g_autoptr (BsModel) simple = bs_simplify (model, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (simple->n_nodes, ==, 1);
  g_assert_cmpstr (simple->nodes[0].name, ==, "product");
  g_assert_cmpstr (simple->nodes[0].op_type, ==, "Gemm");
  g_assert_cmpstr (simple->tensors[simple->outputs[0]].name, ==, "y");
  g_assert_cmpuint (g_strv_length (simple->notes), >=, 4);
  float expected[4];
  const float x[] = { -1, 2, -3, 4 };
  for (guint j = 0; j < 4; j++) {
    expected[j] = -b[j];
    for (guint i = 0; i < 4; i++)
      expected[j] += x[i] * w[i * 4 + j];
  }
  run (model, NULL, expected);
  run (simple, NULL, expected);
}

/* Conv [1 → 2 channels], grouped ConvTranspose and Gemm, each before a batch norm: folded within
 * rounding. */
static void
test_fold_batch_norm (void)
{
  static const char *const ops[] = { "Conv", "ConvTranspose", "Gemm" };

  for (guint k = 0; k < G_N_ELEMENTS (ops); k++) {
    g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("f", "test");
    const gint64 picture[] = { 1, 4, 3, 3 }, matrix[] = { 1, 4 }, conv[] = { 4, 2, 2, 2 },
                 gemm[] = { 4, 4 }, n[] = { 4 };
    float w[32], statistics[4][4], x[36];
    g_autoptr (GError) error = NULL;
    static const char *const names[] = { "gamma", "beta", "mean", "variance" };
    guint inputs[5], output;
    ends (builder, "x", "y", k == 2 ? 2 : 4, k == 2 ? matrix : picture);
    for (guint i = 0; i < 32; i++)
      w[i] = (float) g_test_rand_double_range (-1, 1);
    bs_model_builder_constant (builder, "w", BS_DTYPE_F32, k == 2 ? gemm : conv, k == 2 ? 2 : 4, w,
                               NULL);
    node (builder, ops[k], "op", "x", "w", "h");
    if (k < 2)
      bs_node_add_attr (&bs_model_builder_edit (builder)->nodes[0], "group", BS_ATTR_INT)->i = 2;
    inputs[0] = tensor (builder, "h");
    for (guint i = 0; i < 4; i++) {
      for (guint c = 0; c < 4; c++)
        statistics[i][c] = (float) g_test_rand_double_range (0.5, 2);
      inputs[i + 1] =
        bs_model_builder_constant (builder, names[i], BS_DTYPE_F32, n, 1, statistics[i], NULL);
    }
    output = tensor (builder, "y");
    bs_model_builder_node (builder, "BatchNormalization", "", "norm", inputs, 5, &output, 1);
    g_autoptr (BsModel) model = finish (builder);
    g_autoptr (BsModel) simple = bs_simplify (model, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (simple->n_nodes, ==, 1);
    BsValue input = { .dtype = BS_DTYPE_F32, .n_dims = k == 2 ? 2 : 4, .data = x }, a, b;
    memcpy (input.dims, k == 2 ? matrix : picture, input.n_dims * sizeof *picture);
    for (guint i = 0; i < 36; i++)
      x[i] = (float) g_test_rand_double_range (-1, 1);
    bs_walk (model, &input, &a, NULL, &error);
    g_assert_no_error (error);
    bs_walk (simple, &input, &b, NULL, &error);
    g_assert_no_error (error);
    g_assert_true (bs_value_same_shape (&a, &b));
    for (gsize i = 0; i < bs_value_count (&a); i++)
      g_assert_cmpfloat (fabsf (((float *) a.data)[i] - ((float *) b.data)[i]), <, 1e-5f);
    bs_value_clear (&a);
    bs_value_clear (&b);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/walk/taps", test_taps);
  g_test_add_func ("/walk/overrides", test_overrides);
  g_test_add_func ("/walk/refusals", test_refusals);
  g_test_add_func ("/walk/simplify", test_simplify);
  g_test_add_func ("/walk/fold-batch-norm", test_fold_batch_norm);
  return g_test_run ();
}
