/* Tests of the float run on networks from elsewhere, against ONNX Runtime's stored outputs.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/npz.h"
#include "loaders/loader.h"
#include "loaders/onnx_tensor.h"
#include "model/infer.h"
#include "model/simplify.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define RELATIVE                                                                                   \
  1e-4 /* of the largest value of the output: sums in another order differ by less                 \
        */

static const char *const referenced[] = {
  "blazeface_front_128",
  "ch_ppocr_mobile_v2.0_cls_infer",
  "oww_embedding_model",
  "silero_vad_legacy",
  "ultraface_version-RFB-320_without_postprocessing",
  "ultraface_version-slim-320_simplified",
};

static const char *const light[] = { "light_inception_v2", "light_resnet50", "light_shufflenet",
                                     "light_squeezenet" };

static char *
corpus_file (const char *folder, const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_build_filename (g_getenv ("BITSTAIR_SHARED") != NULL ? g_getenv ("BITSTAIR_SHARED")
                                                                : "/nonexistent",
                           "corpus", folder, file, NULL);
}

static gboolean
read_ref (const char *path, const char *kind, const char *tensor, BsValue *value)
{
  g_autofree char *member = g_strconcat (kind, tensor, NULL);
  g_autoptr (GError) error = NULL;
  BsNpy array;

  if (!bs_npz_read (path, member, &array, &error)) {
    g_assert_no_error (error);
    return FALSE;
  }
  *value = (BsValue){ .dtype = array.dtype, .n_dims = array.n_dims, .data = array.data };
  memcpy (value->dims, array.dims, sizeof array.dims);
  return TRUE;
}

static void
compare (const char *name, const BsValue *got, const BsValue *expected)
{
  gsize count = bs_value_count (expected);
  const float *a = got->data, *b = expected->data;
  float largest = 0, worst = 0;

  g_assert_cmpint (got->dtype, ==, BS_DTYPE_F32);
  g_assert_cmpint (expected->dtype, ==, BS_DTYPE_F32);
  g_assert_true (bs_value_same_shape (got, expected));
  for (gsize i = 0; i < count; i++)
    largest = MAX (largest, fabsf (b[i]));
  for (gsize i = 0; i < count; i++)
    worst = isfinite (a[i]) ? MAX (worst, fabsf (a[i] - b[i])) : INFINITY;
  g_test_message ("%s: largest difference %g of %g", name, (double) worst, (double) largest);
  g_assert_cmpfloat (worst, <=, RELATIVE * largest);
}

/* The model as loaded and simplified. */
static void
run_both (const char *path, BsValue *inputs, const BsValue *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsModel) model = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) simple = bs_simplify (model, &error);
  g_assert_no_error (error);
  for (guint pass = 0; pass < 2; pass++) {
    BsValue outputs[16];
    const BsModel *which = pass == 0 ? model : simple;
    bs_walk (which, inputs, outputs, NULL, &error);
    g_assert_no_error (error);
    for (guint i = 0; i < which->n_outputs; i++) {
      compare (which->tensors[which->outputs[i]].name, &outputs[i], &expected[i]);
      bs_value_clear (&outputs[i]);
    }
  }
}

static void
test_referenced (gconstpointer user)
{
  const char *name = user;
  g_autofree char *path = corpus_file ("thirdparty/onnx", name, ".onnx");
  g_autofree char *refs = corpus_file ("refs", name, ".npz");
  g_autoptr (GError) error = NULL;
  BsValue inputs[16], expected[16];

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_message ("%s is not here: nothing checked", path);
    return;
  }
  g_autoptr (BsModel) model = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (model->n_inputs, <=, 16);
  for (guint i = 0; i < model->n_inputs; i++)
    g_assert_true (read_ref (refs, "in_", model->tensors[model->inputs[i]].name, &inputs[i]));
  for (guint i = 0; i < model->n_outputs; i++)
    g_assert_true (read_ref (refs, "out_", model->tensors[model->outputs[i]].name, &expected[i]));
  run_both (path, inputs, expected);
  for (guint i = 0; i < model->n_inputs; i++)
    bs_value_clear (&inputs[i]);
  for (guint i = 0; i < model->n_outputs; i++)
    bs_value_clear (&expected[i]);
}

static void
test_light (gconstpointer user)
{
  const char *name = user;
  g_autofree char *path = corpus_file ("thirdparty/onnx_light", name, ".onnx");
  g_autofree char *output = corpus_file ("thirdparty/onnx_light", name, "_output_0.pb");
  g_autoptr (GError) error = NULL;
  BsValue expected, input = { .dtype = BS_DTYPE_F32 };
  gsize count;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_message ("%s is not here: nothing checked", path);
    return;
  }
  g_autoptr (BsModel) model = bs_load_model (path, &error);
  g_assert_no_error (error);
  const BsTensor *tensor = &model->tensors[model->inputs[0]];
  input.n_dims = tensor->n_dims;
  memcpy (input.dims, tensor->dims, sizeof input.dims);
  g_assert_true (bs_value_alloc (&input));
  count = bs_value_count (&input);
  for (gsize i = 0; i < count; i++)
    ((float *) input.data)[i] = (float) ((double) i / (double) count);
  bs_onnx_read_tensor (output, &expected, &error);
  g_assert_no_error (error);
  run_both (path, &input, &expected);
  bs_value_clear (&input);
  bs_value_clear (&expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (referenced); i++) {
    g_autofree char *path = g_strconcat ("/thirdparty/", referenced[i], NULL);
    g_test_add_data_func (path, referenced[i], test_referenced);
  }
  for (guint i = 0; i < G_N_ELEMENTS (light); i++) {
    g_autofree char *path = g_strconcat ("/thirdparty/", light[i], NULL);
    g_test_add_data_func (path, light[i], test_light);
  }
  return g_test_run ();
}
