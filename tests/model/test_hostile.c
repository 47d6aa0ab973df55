/* Tests of opening damaged, impossible and hostile model files: an error with a sentence, never a
 * crash. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/simplify.h"
#include "ops/op.h"
#include "run/walk.h"

#include "onnx_writer.h"

#include <glib/gstdio.h>

static char *folder;

static char *
save (const char *name, const void *data, gsize size)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_unlink (path); /* without synchronizing, contents are written over what is there */
  g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  return path;
}

/* Takes model over. */
static BsModel *
load (GByteArray *model, GError **error)
{
  g_autofree char *path = save ("model.onnx", model->data, model->len);

  g_byte_array_unref (model);
  return bs_load_model (path, error);
}

static void
expect (GByteArray *model, BsErrorCode code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsModel) loaded = load (model, &error);

  g_assert_error (error, BS_ERROR, (gint) code);
  g_assert_null (loaded);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
}

static const gint64 four[] = { -1, 4 };

/* x [N, 4] → nodes → y */
static GByteArray *
graph_with (GByteArray *first, GByteArray *second)
{
  GByteArray *graph = g_byte_array_new ();

  put_message (graph, GRAPH_NODE, first);
  if (second != NULL)
    put_message (graph, GRAPH_NODE, second);
  put_message (graph, GRAPH_INPUT, make_value_info ("x", 2, four));
  put_message (graph, GRAPH_OUTPUT, make_value_info ("y", 2, four));
  return graph;
}

static void
check_prefixes (const char *path)
{
  g_autofree char *data = NULL;
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;
  gsize size, step;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  step = size / 150 + 1;
  for (gsize length = 0; length < size;
       length += length < 200 || size - length < 100 ? 1 : MIN (step, size - length - 99)) {
    g_autofree char *part = save ("part.onnx", data, length);
    g_autoptr (GError) problem = NULL;
    g_autoptr (BsModel) model = bs_load_model (part, &problem);
    if (model != NULL)
      g_error ("the first %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes of %s open", length,
               size, name);
    g_assert_nonnull (problem);
  }
}

static void
test_prefixes (void)
{
  g_autofree char *examples =
    g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (examples, 0, &error);
  const char *name;
  guint n = 0;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".onnx")) {
      g_autofree char *path = g_build_filename (examples, name, NULL);
      check_prefixes (path);
      n++;
    }
  g_assert_cmpuint (n, >, 0);
}

/* Bytes changed at random: whatever opens must also survive inference and simplification. */
static void
test_flipped_bytes (void)
{
  g_autofree char *path =
    g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", "digits_mlp.onnx", NULL);
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  for (guint round = 0; round < 1500; round++) {
    g_autofree char *copy = g_memdup2 (data, size);
    for (gint k = g_test_rand_int_range (1, 4); k > 0; k--) {
      gsize at = round % 2 == 0 ? (gsize) g_test_rand_int_range (0, 400)
                                : size - 1 - (gsize) g_test_rand_int_range (0, 400);
      copy[at] = (char) g_test_rand_int_range (0, 256);
    }
    g_autofree char *bad = save ("flipped.onnx", copy, size);
    g_autoptr (BsModel) model = bs_load_model (bad, NULL);
    if (model == NULL)
      continue;
    gint64 fixed_batch;
    g_autoptr (BsModel) inferred = bs_infer (model, &fixed_batch, NULL);
    g_autoptr (BsModel) simple = bs_simplify (model, NULL);
  }
}

static void
test_deep_nesting (void)
{
  GByteArray *graph = graph_with (make_node ("Relu", "r", "x", "y"), NULL);

  for (guint i = 0; i < 2000; i++) {
    GByteArray *attribute = g_byte_array_new (), *node, *outer = g_byte_array_new ();
    put_text (attribute, ATTRIBUTE_NAME, "body");
    put_int (attribute, ATTRIBUTE_TYPE, 5);
    put_message (attribute, ATTRIBUTE_GRAPH, graph);
    node = make_node ("If", "n", "x", "y");
    put_message (node, NODE_ATTRIBUTE, attribute);
    put_message (outer, GRAPH_NODE, node);
    graph = outer;
  }
  expect (make_model (graph, 13), BS_ERROR_TOO_LARGE, "nested too deeply");
}

static GByteArray *
with_tensor (GByteArray *tensor)
{
  GByteArray *graph = graph_with (make_node ("Add", "add", "x w", "y"), NULL);

  put_message (graph, GRAPH_INITIALIZER, tensor);
  return make_model (graph, 13);
}

static void
test_dimensions (void)
{
  const gint64 negative[] = { -4 }, huge[] = { (gint64) 1 << 40, (gint64) 1 << 40 },
               big[] = { (gint64) 1 << 50 };
  const gint64 five[] = { 5 }, many[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
  const float data[4] = { 1, 2, 3, 4 };

  expect (with_tensor (make_tensor ("w", 1, negative, data, 4)), BS_ERROR_FORMAT,
          "“w” has impossible dimensions");
  expect (with_tensor (make_tensor ("w", 2, huge, data, 4)), BS_ERROR_FORMAT,
          "“w” has impossible dimensions");
  expect (with_tensor (make_tensor ("w", 1, big, data, 4)), BS_ERROR_FORMAT,
          "“w” has another number of bytes");
  expect (with_tensor (make_tensor ("w", 1, five, data, 4)), BS_ERROR_FORMAT,
          "“w” has another number of bytes");
  expect (with_tensor (make_tensor ("w", 1, five, NULL, 0)), BS_ERROR_FORMAT,
          "“w” has another number of elements");
  expect (with_tensor (make_tensor ("w", 10, many, data, 1)), BS_ERROR_UNSUPPORTED,
          "more than 8 dimensions");
}

static void
test_graphs (void)
{
  const gint64 one[] = { 1 };
  const float data[1] = { 1 };
  GByteArray *graph;

  expect (
    make_model (graph_with (make_node ("Add", "a", "x b", "a"), make_node ("Add", "b", "a x", "b")),
                13),
    BS_ERROR_FORMAT, "Nothing writes the output “y”");
  expect (
    make_model (graph_with (make_node ("Add", "a", "x b", "y"), make_node ("Add", "b", "y x", "b")),
                13),
    BS_ERROR_FORMAT, "cycle");
  expect (make_model (
            graph_with (make_node ("Relu", "a", "x", "y"), make_node ("Relu", "b", "x", "y")), 13),
          BS_ERROR_FORMAT, "“y” is written by node “b”");
  expect (make_model (graph_with (make_node ("Add", "a", "x ghost", "y"), NULL), 13),
          BS_ERROR_FORMAT, "“ghost”");
  graph = graph_with (make_node ("Add", "a", "x w", "y"), NULL);
  put_message (graph, GRAPH_INITIALIZER, make_tensor ("w", 1, one, data, 1));
  put_message (graph, GRAPH_INITIALIZER, make_tensor ("w", 1, one, data, 1));
  expect (make_model (graph, 13), BS_ERROR_FORMAT, "two of its constants are called “w”");
  graph = graph_with (make_node ("Relu", "a", "x", "y"), NULL);
  put_message (graph, GRAPH_INPUT, make_value_info ("x", 2, four));
  expect (make_model (graph, 13), BS_ERROR_FORMAT, "two of its inputs are called “x”");
}

static void
test_unsupported (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsModel) model = load (
    make_model (
      graph_with (make_node ("Relu", "", "x", "h"), make_node ("Frobnicate", "", "h", "y")), 13),
    &error);
  float zeros[4] = { 0 };
  BsValue input = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 4 }, .data = zeros }, output;

  g_assert_no_error (error);
  g_assert_cmpuint (model->n_nodes, ==, 2);
  g_assert_nonnull (model->nodes[0].op);
  g_assert_null (model->nodes[1].op);
  g_assert_cmpstr (model->nodes[0].name, !=, model->nodes[1].name);
  g_assert_false (bs_walk (model, &input, &output, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "Frobnicate"));
}

/* Nodes in any order, one name twice: sorted and told apart. */
static void
test_order_and_names (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsModel) model =
    load (make_model (
            graph_with (make_node ("Neg", "n", "h", "y"), make_node ("Relu", "n", "x", "h")), 13),
          &error);

  g_assert_no_error (error);
  g_assert_cmpstr (model->nodes[0].op_type, ==, "Relu");
  g_assert_cmpstr (model->nodes[1].op_type, ==, "Neg");
  g_assert_cmpstr (model->nodes[0].name, !=, model->nodes[1].name);
}

static GByteArray *
external_tensor (const char *location, const char *offset)
{
  const gint64 dims[] = { 4 };
  GByteArray *tensor = make_tensor ("w", 1, dims, NULL, 0);
  const char *const entries[][2] = { { "location", location }, { "offset", offset } };

  for (guint i = 0; i < 2; i++) {
    GByteArray *entry = g_byte_array_new ();
    put_text (entry, 1, entries[i][0]);
    put_text (entry, 2, entries[i][1]);
    put_message (tensor, TENSOR_EXTERNAL, entry);
  }
  put_int (tensor, TENSOR_LOCATION, 1);
  return tensor;
}

static void
test_external_data (void)
{
  const float weights[] = { 9, 1, 2, 3, 4 };
  float x[4] = { 10, 20, 30, 40 };
  BsValue input = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 4 }, .data = x }, output;
  g_autofree char *path = save ("w.bin", weights, sizeof weights);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsModel) model = load (with_tensor (external_tensor ("w.bin", "4")), &error);
  g_autoptr (BsModel) inside = NULL;

  g_assert_no_error (error);
  bs_walk (model, &input, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (((float *) output.data)[3], ==, 44);
  bs_value_clear (&output);
  expect (with_tensor (external_tensor ("w.bin", "8")), BS_ERROR_FORMAT, "“w.bin” is too short");
  expect (with_tensor (external_tensor ("w.bin", "99999999999999999999")), BS_ERROR_FORMAT,
          "impossible place");
  expect (with_tensor (external_tensor ("none.bin", "0")), BS_ERROR_IO, "“none.bin”");
  expect (with_tensor (external_tensor ("../w.bin", "0")), BS_ERROR_FORMAT, "outside the folder");
  expect (with_tensor (external_tensor ("/etc/passwd", "0")), BS_ERROR_FORMAT,
          "outside the folder");
  expect (with_tensor (external_tensor ("a/../../w.bin", "0")), BS_ERROR_FORMAT,
          "outside the folder");
  expect (with_tensor (external_tensor ("", "0")), BS_ERROR_FORMAT, "outside the folder");
}

/* A float16 Gemm is computed in float32, exactly widened. */
static void
test_half_precision (void)
{
  const guint16 weights[] = {
    0x3c00, 0, 0, 0, 0, 0x4000, 0, 0, 0, 0, 0x3555, 0, 0, 0, 0, 0xbc00
  }; /* 1 2 0.33325 −1 */
  const gint64 dims[] = { 4, 4 };
  GByteArray *tensor = g_byte_array_new (),
             *graph = graph_with (make_node ("MatMul", "m", "x w", "y"), NULL);
  float x[4] = { 1, 2, 3, 4 };
  BsValue input = { .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { 1, 4 }, .data = x }, output;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    put_int (tensor, TENSOR_DIMS, dims[i]);
  put_int (tensor, TENSOR_TYPE, 10);
  put_text (tensor, TENSOR_NAME, "w");
  put_bytes (tensor, TENSOR_RAW, weights, sizeof weights);
  put_message (graph, GRAPH_INITIALIZER, tensor);
  g_autoptr (BsModel) model = load (make_model (graph, 13), &error);
  g_assert_no_error (error);
  bs_walk (model, &input, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (((float *) output.data)[1], ==, 4);
  g_assert_cmpfloat (((float *) output.data)[2], ==, 3 * 0x1.554p-2f);
  g_assert_cmpfloat (((float *) output.data)[3], ==, -4);
  bs_value_clear (&output);
}

static void
test_not_models (void)
{
  static const char *const texts[] = { "", "hello, this is no model", "PK\3\4", "\x08\x07",
                                       "\x08\x07\x3a\xff\xff\xff\xff\x0f" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *path = save ("not.bin", texts[i], strlen (texts[i]));
    g_autoptr (GError) error = NULL;
    g_assert_null (bs_load_model (path, &error));
    g_assert_nonnull (error);
    g_assert_nonnull (strstr (error->message, "not.bin"));
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (bs_load_model (folder, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_IO);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bitstair-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/hostile/prefixes", test_prefixes);
  g_test_add_func ("/hostile/flipped-bytes", test_flipped_bytes);
  g_test_add_func ("/hostile/deep-nesting", test_deep_nesting);
  g_test_add_func ("/hostile/dimensions", test_dimensions);
  g_test_add_func ("/hostile/graphs", test_graphs);
  g_test_add_func ("/hostile/unsupported", test_unsupported);
  g_test_add_func ("/hostile/order-and-names", test_order_and_names);
  g_test_add_func ("/hostile/external-data", test_external_data);
  g_test_add_func ("/hostile/half-precision", test_half_precision);
  g_test_add_func ("/hostile/not-models", test_not_models);
  status = g_test_run ();
  static const char *const files[] = { "model.onnx", "part.onnx", "flipped.onnx", "w.bin",
                                       "not.bin" };
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (folder, files[i], NULL);
    g_unlink (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
