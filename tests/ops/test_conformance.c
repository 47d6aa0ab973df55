/* Tests of operators against ONNX's own: Debian's libonnx-testdata, but for a list of known
 * exceptions. SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/loader.h"
#include "loaders/onnx_tensor.h"
#include "ops/cast.h"
#include "ops/integer.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define DATA_FOLDER "/usr/share/libonnx-testdata/data"
#define RELATIVE 1e-3 /* the tolerances of ONNX's own runner, here for floats only */
#define ABSOLUTE 1e-4

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "%s", what);
  return FALSE;
}

static double *
as_doubles (const BsValue *value)
{
  BsValue to = *value;

  to.dtype = BS_DTYPE_F64;
  if (!bs_value_alloc (&to) || !bs_cast_values (value, &to))
    bs_value_clear (&to);
  return to.data;
}

static gboolean
compare (const BsValue *got, const BsValue *expected, GError **error)
{
  g_autofree char *shape = bs_dims_to_string (got->dims, got->n_dims);
  g_autofree char *wanted = bs_dims_to_string (expected->dims, expected->n_dims);
  gboolean floats;
  gsize count;

  if (got->dtype != expected->dtype || !bs_value_same_shape (got, expected)) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "result is %s %s, expected %s %s",
                 bs_dtype_name (got->dtype), shape, bs_dtype_name (expected->dtype), wanted);
    return FALSE;
  }
  count = bs_value_count (got);
  floats = got->dtype == BS_DTYPE_F32 || got->dtype == BS_DTYPE_F64 || got->dtype == BS_DTYPE_F16 ||
           got->dtype == BS_DTYPE_BF16;
  g_autofree double *a = as_doubles (got);
  g_autofree double *b = as_doubles (expected);
  if (a == NULL || b == NULL)
    return fail (error, "a type that cannot be compared");
  for (gsize i = 0; i < count; i++)
    if (!((isnan (a[i]) && isnan (b[i])) || a[i] == b[i] ||
          (floats && fabs (a[i] - b[i]) <= ABSOLUTE + RELATIVE * fabs (b[i])))) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                   "element %" G_GSIZE_FORMAT " is %g, expected %g", i, a[i], b[i]);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_values (const char *folder, const char *kind, BsValue *values, guint n, GError **error)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("%s_%u.pb", kind, i);
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (!bs_onnx_read_tensor (path, &values[i], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run_case (const char *name, GError **error)
{
  g_autofree char *folder = g_build_filename (DATA_FOLDER, name, NULL);
  g_autofree char *path = g_build_filename (folder, "model.onnx", NULL);
  g_autofree char *data = g_build_filename (folder, "test_data_set_0", NULL);
  g_autoptr (BsModel) model = bs_load_model (path, error);
  BsValue inputs[64] = { 0 }, expected[64] = { 0 }, outputs[64] = { 0 };
  gboolean ok;

  if (model == NULL)
    return FALSE;
  if (model->n_inputs > 64 || model->n_outputs > 64)
    return fail (error, "too many inputs or outputs");
  ok = read_values (data, "input", inputs, model->n_inputs, error) &&
       read_values (data, "output", expected, model->n_outputs, error) &&
       bs_walk_body (model, inputs, outputs, NULL, error);
  for (guint i = 0; ok && i < model->n_outputs; i++)
    ok = compare (&outputs[i], &expected[i], error);
  for (guint i = 0; i < 64; i++) {
    bs_value_clear (&inputs[i]);
    bs_value_clear (&expected[i]);
    bs_value_clear (&outputs[i]);
  }
  return ok;
}

static char **
read_lines (const char *file)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "ops", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (g_strstrip (text), "\n", -1);
}

/* "name reason": those that may fail, and must: an exception that has begun to pass is to be struck
 * out. */
static GHashTable *
read_exceptions (void)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = read_lines ("conformance_exceptions.txt");

  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], " ", 2);
    if (parts[0] != NULL && *parts[0] != '\0' && *parts[0] != '#')
      g_hash_table_insert (table, g_strdup (parts[0]), g_strdup (parts[1] != NULL ? parts[1] : ""));
  }
  return table;
}

static void
test_all (void)
{
  g_auto (GStrv) names = read_lines ("conformance.txt");
  g_autoptr (GHashTable) exceptions = read_exceptions ();
  guint passed = 0, excepted = 0, wrong = 0;

  if (!g_file_test (DATA_FOLDER, G_FILE_TEST_IS_DIR)) {
    g_test_message ("libonnx-testdata is not installed: nothing checked");
    return;
  }
  for (guint i = 0; names[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;
    gboolean ok = run_case (names[i], &error);
    const char *reason = g_hash_table_lookup (exceptions, names[i]);
    if (ok && reason == NULL)
      passed++;
    else if (!ok && reason != NULL)
      excepted++;
    else {
      wrong++;
      g_test_message ("%s: %s", names[i],
                      ok ? "passes, but is listed as an exception" : error->message);
    }
  }
  g_test_message ("%u pass, %u are known exceptions, %u are wrong", passed, excepted, wrong);
  g_assert_cmpuint (wrong, ==, 0);
}

/* The four operators on integers agree with ONNX's own tests to the last code, and it is the integer
 * kernels that computed them. */
static void
test_integer_kernels (void)
{
  static const char *const names[] = {
    "node/test_qlinearconv",
    "node/test_qlinearmatmul_2D",
    "node/test_qlinearmatmul_3D",
    "node/test_basic_convinteger",
    "node/test_convinteger_with_padding",
    "node/test_convinteger_without_padding",
    "node/test_matmulinteger",
  };

  if (!g_file_test (DATA_FOLDER, G_FILE_TEST_IS_DIR)) {
    g_test_message ("libonnx-testdata is not installed: nothing checked");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    guint64 kernels[2], plain[2];
    bs_integer_paths (&kernels[0], &plain[0]);
    run_case (names[i], &error);
    g_assert_no_error (error);
    bs_integer_paths (&kernels[1], &plain[1]);
    g_assert_cmpuint (kernels[1], >, kernels[0]);
    g_assert_cmpuint (plain[1], ==, plain[0]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ops/conformance", test_all);
  g_test_add_func ("/ops/conformance/integer-kernels", test_integer_kernels);
  return g_test_run ();
}
