/* Tests of shape inference: free batches, re-batching, multiply-adds; and of what simplification
 * leaves. SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/layers.h"
#include "model/simplify.h"
#include "run/walk.h"

#include "onnx_writer.h"

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

typedef struct {
  const char *folder, *name;
  gint64 fixed_batch;
  guint64 macs;         /* a sample */
  guint n_simple;       /* nodes after simplification */
  gboolean check_batch; /* a batch gives what its samples give one by one; not for the slow ones */
} Case;

static const Case cases[] = {
  { "models", "digits_mlp", 0, 64 * 64 + 64 * 32 + 32 * 10, 6, TRUE },
  { "models", "mnist_mlp", 0, 784 * 256 + 256 * 128 + 128 * 10, 6, TRUE },
  { "models", "mnist_lenet_bn", 0, 1121960, 12, TRUE },
  { "models", "fashion_resnet", 0, 9345920, 22, TRUE },
  { "models", "fashion_mobilenet", 0, 2717840, 28, TRUE },
  { "models", "fashion_vit", 0, 3522912, 213, TRUE },
  { "models", "kjv_chargru", 0, 18309120, 12, FALSE },
  /* joins its channels with a constant of batch 1 */
  { "thirdparty/onnx", "blazeface_front_128", 1, 30760960, 93, FALSE },
  { "thirdparty/onnx", "ch_ppocr_mobile_v2.0_cls_infer", 0, 6259952, 184, FALSE },
  { "thirdparty/onnx", "oww_embedding_model", 0, 41955840, 65, TRUE },
  { "thirdparty/onnx", "silero_vad_legacy", 0, 0, 2, FALSE }, /* all inside an If */
  { "thirdparty/onnx", "ultraface_version-RFB-320_without_postprocessing", 0, 100418560, 142,
    TRUE },
  { "thirdparty/onnx", "ultraface_version-slim-320_simplified", 0, 81410560, 95, TRUE },
  { "thirdparty/onnx_light", "light_inception_v2", 0, 2018851840, 302, FALSE },
  { "thirdparty/onnx_light", "light_resnet50", 0, 4089184256, 123, FALSE },
  { "thirdparty/onnx_light", "light_shufflenet", 0, 124664528, 154, FALSE },
  { "thirdparty/onnx_light", "light_squeezenet", 0, 349151936, 66, FALSE },
};

#define BATCH 3

/* Networks made for one sample run batches: each sample gets what it would get alone. */
static void
check_batch (const BsModel *model)
{
  const BsTensor *tensor = &model->tensors[model->inputs[0]];
  BsValue all = { .dtype = BS_DTYPE_F32, .n_dims = tensor->n_dims }, batched[8], single[8];
  g_autoptr (GError) error = NULL;
  gsize size;

  g_assert_cmpuint (model->n_inputs, ==, 1);
  g_assert_cmpuint (model->n_outputs, <=, 8);
  memcpy (all.dims, tensor->dims, sizeof all.dims);
  all.dims[0] = BATCH;
  g_assert_true (bs_value_alloc (&all));
  size = bs_value_count (&all) / BATCH;
  for (gsize i = 0; i < size * BATCH; i++)
    ((float *) all.data)[i] = (float) g_test_rand_double_range (0, 1);
  bs_walk (model, &all, batched, NULL, &error);
  g_assert_no_error (error);
  for (gsize b = 0; b < BATCH; b++) {
    BsValue one = all;
    one.dims[0] = 1;
    one.data = (float *) all.data + b * size;
    bs_walk (model, &one, single, NULL, &error);
    g_assert_no_error (error);
    for (guint k = 0; k < model->n_outputs; k++) {
      gsize count = bs_value_count (&single[k]);
      const float *x = single[k].data, *y = (const float *) batched[k].data + b * count;
      g_assert_cmpuint (bs_value_count (&batched[k]), ==, count * BATCH);
      for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat (fabsf (x[i] - y[i]), <=, 1e-4f * MAX (1, fabsf (x[i])));
      bs_value_clear (&single[k]);
    }
  }
  for (guint k = 0; k < model->n_outputs; k++)
    bs_value_clear (&batched[k]);
  bs_value_clear (&all);
}

static guint64
total_macs (const BsModel *model, GError **error)
{
  g_autofree BsValue *shapes = bs_model_shapes (model, error);
  guint64 macs = 0;

  for (guint i = 0; shapes != NULL && i < model->n_nodes; i++)
    macs += bs_node_macs (model, &model->nodes[i], shapes);
  return macs;
}

static void
test_model (gconstpointer user)
{
  const Case *c = user;
  const char *shared = g_getenv ("BITSTAIR_SHARED");
  g_autofree char *file = g_strconcat (c->name, ".onnx", NULL);
  g_autofree char *path =
    g_build_filename (shared != NULL ? shared : "/nonexistent", "corpus", c->folder, file, NULL);
  g_autoptr (GError) error = NULL;
  gint64 fixed_batch;
  guint64 macs;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_message ("%s is not here: nothing checked", path);
    return;
  }
  g_autoptr (BsModel) loaded = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) model = bs_infer (loaded, &fixed_batch, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) simple = bs_simplify (model, &error);
  g_assert_no_error (error);
  macs = total_macs (simple, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixed_batch, ==, c->fixed_batch);
  g_assert_cmpuint (macs, ==, c->macs);
  g_assert_cmpuint (simple->n_nodes, ==, c->n_simple);
  g_assert_cmpint (model->tensors[model->inputs[0]].dims[0], ==,
                   c->fixed_batch == 0 ? BS_DIM_FREE : c->fixed_batch);
  for (guint i = 0; i < model->n_tensors; i++) {
    g_assert_cmpuint (model->tensors[i].n_dims, !=, BS_DIMS_UNKNOWN);
    g_assert_cmpint (model->tensors[i].dtype, !=, BS_DTYPE_NONE);
  }
  if (c->check_batch)
    check_batch (model);
}

/* As the corpus counts them, and as ResNet-50 and SqueezeNet 1.1 are known to have: also where nodes
 * make the weights. */
static void
test_parameters (void)
{
  static const struct {
    const char *folder, *name;
    guint64 parameters;
  } known[] = { { "models", "mnist_lenet_bn", 85918 },
                { "models", "fashion_mobilenet", 35906 },
                { "models", "kjv_chargru", 146601 },
                { "thirdparty/onnx_light", "light_resnet50", 25557032 },
                { "thirdparty/onnx_light", "light_squeezenet", 1235496 } };
  const char *shared = g_getenv ("BITSTAIR_SHARED");

  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    g_autofree char *file = g_strconcat (known[i].name, ".onnx", NULL);
    g_autofree char *path = g_build_filename (shared != NULL ? shared : "/nonexistent", "corpus",
                                              known[i].folder, file, NULL);
    g_autoptr (GError) error = NULL;
    if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
      g_test_message ("%s is not here: nothing checked", path);
      continue;
    }
    g_autoptr (BsModel) model = bs_load_model (path, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (bs_model_parameters (model), ==, known[i].parameters);
  }
}

/* A network whose layers are all in the bodies of an If says that none of them is quantized. */
static void
test_inner_layers (void)
{
  const char *shared = g_getenv ("BITSTAIR_SHARED");
  g_autofree char *path = g_build_filename (shared != NULL ? shared : "/nonexistent", "corpus",
                                            "thirdparty", "onnx", "silero_vad_legacy.onnx", NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_message ("%s is not here: nothing checked", path);
    return;
  }
  g_autoptr (BsModel) loaded = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) simple = bs_simplify (loaded, &error);
  g_assert_no_error (error);
  g_autofree char *notes = g_strjoinv ("\n", simple->notes);
  g_assert_nonnull (strstr (notes, "(If) has layers inside (44)"));
}

static const gint64 one_by_four[] = { 1, 4 };

/* x [1, 4] → Reshape to the constant shape [1, 2, 2] → Softmax: the constant is freed with the
 * batch. */
static void
test_reshape (void)
{
  const gint64 n[] = { 3 }, shape[] = { 1, 2, 2 };
  GByteArray *graph = g_byte_array_new (), *tensor = g_byte_array_new (), *file;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  gint64 fixed_batch;

  put_message (graph, GRAPH_NODE, make_node ("Reshape", "r", "x s", "h"));
  put_message (graph, GRAPH_NODE, make_node ("Softmax", "t", "h", "y"));
  put_int (tensor, TENSOR_DIMS, n[0]);
  put_int (tensor, TENSOR_TYPE, 7);
  put_text (tensor, TENSOR_NAME, "s");
  put_bytes (tensor, TENSOR_RAW, shape, sizeof shape);
  put_message (graph, GRAPH_INITIALIZER, tensor);
  put_message (graph, GRAPH_INPUT, make_value_info ("x", 2, one_by_four));
  put_message (graph, GRAPH_OUTPUT, make_value_info ("y", 2, one_by_four));
  file = make_model (graph, 13);
  gint handle = g_file_open_tmp ("bitstair-XXXXXX.onnx", &path, &error);
  g_assert_no_error (error);
  close (handle);
  g_file_set_contents (path, (const char *) file->data, (gssize) file->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (file);
  g_autoptr (BsModel) loaded = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  g_autoptr (BsModel) model = bs_infer (loaded, &fixed_batch, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixed_batch, ==, 0);
  const BsTensor *out = &model->tensors[model->outputs[0]];
  g_assert_cmpuint (out->n_dims, ==, 3);
  g_assert_cmpint (out->dims[0], ==, BS_DIM_FREE);
  g_assert_nonnull (model->notes[0]);
  check_batch (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/infer/", cases[i].name, NULL);
    g_test_add_data_func (path, &cases[i], test_model);
  }
  g_test_add_func ("/infer/parameters", test_parameters);
  g_test_add_func ("/infer/inner-layers", test_inner_layers);
  g_test_add_func ("/infer/reshape", test_reshape);
  return g_test_run ();
}
