/* Tests of data sets: fitting samples to a model, labels, options, archives.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset.h"
#include "datasets/dataset_table.h"
#include "datasets/npy.h"
#include "datasets/npz.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <zip.h>

static char *folder;

typedef struct {
  const char *name;
  BsDtype dtype;
  guint n_dims;
  gint64 dims[4];
  const void *data;
} Member;

/* Writes the members as .npy and joins them. */
static char *
write_npz (const Member *members, guint n)
{
  char *path = g_build_filename (folder, "data.npz", NULL);
  zip_t *archive;
  int code;

  g_unlink (path);
  archive = zip_open (path, ZIP_CREATE | ZIP_TRUNCATE, &code);
  g_assert_nonnull (archive);
  for (guint i = 0; i < n; i++) {
    g_autofree char *file = g_strconcat (members[i].name, ".npy", NULL);
    g_autofree char *npy = g_build_filename (folder, file, NULL);
    g_autoptr (GError) error = NULL;
    char *bytes;
    gsize size;
    bs_npy_save (npy, members[i].dtype, members[i].dims, members[i].n_dims, members[i].data,
                 &error);
    g_assert_no_error (error);
    g_assert_true (g_file_get_contents (npy, &bytes, &size, NULL));
    void *copy = malloc (size); /* libzip frees it */
    memcpy (copy, bytes, size);
    g_free (bytes);
    g_unlink (npy);
    g_assert_cmpint (
      zip_file_add (archive, file, zip_source_buffer (archive, copy, size, 1), ZIP_FL_OVERWRITE),
      >=, 0);
  }
  g_assert_cmpint (zip_close (archive), ==, 0);
  return path;
}

static BsDataset *
open_members (const Member *members,
              guint n,
              const BsModel *model,
              const BsDatasetOptions *options,
              GError **error)
{
  g_autofree char *path = write_npz (members, n);

  return bs_dataset_open (path, model, options, error);
}

/* Two pictures of 2 × 3 with 3 channels, last: value = 100·sample + 10·pixel + channel */
static void
test_hwc_becomes_chw (void)
{
  const gint64 wanted[] = { -1, 3, 2, 3 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autoptr (GError) error = NULL;
  float x[2 * 18];
  BsDatasetOptions chw = { .layout = "chw" }, hwc = { .layout = "hwc" };

  for (guint s = 0; s < 2; s++)
    for (guint p = 0; p < 6; p++)
      for (guint c = 0; c < 3; c++)
        x[s * 18 + p * 3 + c] = (float) (100 * s + 10 * p + c);
  const Member members[] = { { "x", BS_DTYPE_F32, 4, { 2, 2, 3, 3 }, x } };
  g_autoptr (BsDataset) data = open_members (members, 1, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 2);
  g_assert_cmpuint (data->n_calibration, ==, 2);
  g_assert_null (data->labels);
  for (guint s = 0; s < 2; s++)
    for (guint c = 0; c < 3; c++)
      for (guint p = 0; p < 6; p++)
        g_assert_cmpfloat (((const float *) data->x)[s * 18 + c * 6 + p], ==,
                           (float) (100 * s + 10 * p + c));
  g_assert_null (open_members (members, 1, model, &chw, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
  g_clear_error (&error);
  g_autoptr (BsDataset) told = open_members (members, 1, model, &hwc, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (told->digest, ==, data->digest);
}

static void
test_shapes (void)
{
  static const struct {
    guint n_wanted;
    gint64 wanted[4];
    guint n_stored;
    gint64 stored[4];
    gboolean fits;
  } cases[] = {
    { 4, { -1, 1, 2, 3 }, 3, { 4, 2, 3 }, TRUE }, /* the channel axis is put in */
    { 4, { -1, 2, 3, 1 }, 3, { 4, 2, 3 }, TRUE }, /* last, too */
    { 2, { -1, 6 }, 3, { 4, 2, 3 }, TRUE },       /* flattened */
    { 2, { -1, 6 }, 4, { 4, 1, 2, 3 }, TRUE },
    { 4, { -1, 1, 2, 3 }, 2, { 4, 6 }, TRUE },      /* and back */
    { 4, { -1, 1, -1, -1 }, 3, { 4, 2, 3 }, TRUE }, /* free sizes */
    { 4, { -1, 1, 2, 3 }, 3, { 4, 3, 2 }, FALSE },  /* turned pictures are not guessed at */
    { 4, { -1, 3, 2, 3 }, 3, { 4, 2, 3 }, FALSE },
    { 2, { -1, 7 }, 3, { 4, 2, 3 }, FALSE },
    { 2, { -1, 1 }, 1, { 4 }, TRUE }, /* one number a sample */
  };
  float x[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, cases[i].n_wanted, cases[i].wanted, 0);
    g_autoptr (GError) error = NULL;
    Member member = { "x", BS_DTYPE_F32, cases[i].n_stored, { 0 }, x };
    memcpy (member.dims, cases[i].stored, sizeof member.dims);
    g_autoptr (BsDataset) data = open_members (&member, 1, model, NULL, &error);
    if (cases[i].fits) {
      g_assert_no_error (error);
      g_assert_cmpuint (data->n_dims, ==, cases[i].n_wanted - 1);
    } else {
      g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
      g_assert_nonnull (strstr (error->message, "data.npz"));
    }
  }
}

static void
test_numbers (void)
{
  const gint64 wanted[] = { -1, 2 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, wanted, 0);
  g_autoptr (GError) error = NULL;
  const guint8 bytes[] = { 0, 51, 102, 255 };
  const gint32 ints[] = { 0, 51, 102, 255 };
  const Member small[] = { { "x", BS_DTYPE_U8, 2, { 2, 2 }, bytes } },
               wide[] = { { "x", BS_DTYPE_I32, 2, { 2, 2 }, ints } };
  BsDatasetOptions options = {
    .scale = 0.5, .n_mean = 2, .mean = { 1, 2 }, .n_std = 1, .std = { 4 }
  };
  BsDatasetOptions bad = { .n_std = 1, .std = { 0 } },
                   misfit = { .n_mean = 3, .mean = { 1, 2, 3 } };

  g_autoptr (BsDataset) by_255 = open_members (small, 1, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (((const float *) by_255->x)[1], ==, 51 / 255.0f);
  g_autoptr (BsDataset) as_is = open_members (wide, 1, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (((const float *) as_is->x)[1], ==, 51);
  g_autoptr (BsDataset) scaled = open_members (small, 1, model, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (((const float *) scaled->x)[2], ==, (51 - 1) / 4.0f);
  g_assert_cmpfloat (((const float *) scaled->x)[3], ==, (127.5f - 2) / 4.0f);
  g_assert_null (open_members (small, 1, model, &bad, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (open_members (small, 1, model, &misfit, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
}

static void
test_tokens (void)
{
  const gint64 wanted[] = { -1, 3 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_I64, 2, wanted, 5);
  g_autoptr (GError) error = NULL;
  const guint8 x[] = { 0, 1, 2, 3, 4, 0 }, y[] = { 1, 2, 3, 4, 0, 1 },
               train[] = { 4, 3, 2, 1, 0, 1, 2, 3 };
  const Member members[] = { { "x_test", BS_DTYPE_U8, 2, { 2, 3 }, x },
                             { "y_test", BS_DTYPE_U8, 2, { 2, 3 }, y },
                             { "train", BS_DTYPE_U8, 1, { 8 }, train } };

  g_autoptr (BsDataset) data = open_members (members, 3, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (data->dtype, ==, BS_DTYPE_I64);
  g_assert_cmpuint (data->sample_bytes, ==, 24);
  g_assert_cmpint (((const gint64 *) data->x)[4], ==, 4);
  g_assert_cmpuint (data->labels_per_sample, ==, 3);
  g_assert_cmpint (data->labels[5], ==, 1);
  g_assert_cmpuint (data->n_calibration, ==, 2);
  gint64 calibration[6];
  bs_dataset_calibration (data, 0, 2, (guint8 *) calibration);
  g_assert_cmpint (calibration[3], ==, 1);
}

static void
test_labels_and_limits (void)
{
  const gint64 wanted[] = { -1, 1 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, wanted, 0);
  g_autoptr (GError) error = NULL;
  const float x[] = { 1, 2, 3, 4 }, odd[] = { 1, NAN, 3, 4 };
  const gint32 y[] = { 7, 8, 9, 10 };
  Member members[] = { { "x", BS_DTYPE_F32, 2, { 4, 1 }, x }, { "y", BS_DTYPE_I32, 1, { 4 }, y } };
  BsDatasetOptions options = { .limit = 3, .calibration = 2 };

  g_autoptr (BsDataset) data = open_members (members, 2, model, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 3);
  g_assert_cmpuint (data->n_calibration, ==, 2);
  g_assert_cmpint (data->labels[2], ==, 9);
  members[1].dims[0] = 3;
  g_assert_null (open_members (members, 2, model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
  g_clear_error (&error);
  members[0].data = odd;
  g_assert_null (open_members (members, 1, model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NOT_FINITE);
  g_clear_error (&error);
  members[0].name = "images";
  g_assert_null (open_members (members, 1, model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NO_DATA);
  g_assert_nonnull (strstr (error->message, "images"));
}

static void
test_synthetic (void)
{
  const gint64 wanted[] = { -1, 1, 8, 8 }, tokens[] = { -1, 16 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autoptr (BsModel) gru = NULL;
  g_autoptr (GError) error = NULL;
  BsDatasetOptions other = { .seed = 1 };
  double sum = 0;

  g_autoptr (BsDataset) a = bs_dataset_open ("synthetic:300", model, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsDataset) b = bs_dataset_open ("synthetic:300", model, NULL, &error);
  g_autoptr (BsDataset) c = bs_dataset_open ("synthetic:300", model, &other, &error);
  g_assert_true (a->synthetic);
  g_assert_cmpuint (a->n, ==, 300);
  g_assert_cmpuint (a->n_calibration, ==, 256);
  g_assert_cmpstr (a->digest, ==, b->digest);
  g_assert_cmpstr (a->digest, !=, c->digest);
  for (gsize i = 0; i < 300 * 64; i++)
    sum += (double) ((const float *) a->x)[i] * (double) ((const float *) a->x)[i];
  g_assert_cmpfloat (fabs (sum / (300 * 64) - 1), <, 0.05); /* five deviations of the mean square */
  gru = fixture_model (BS_DTYPE_I64, 2, tokens, 5);
  g_autoptr (BsDataset) d = bs_dataset_open ("synthetic:9", gru, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 9 * 16; i++) {
    g_assert_cmpint (((const gint64 *) d->x)[i], >=, 0);
    g_assert_cmpint (((const gint64 *) d->x)[i], <, 5); /* rows of the embedding */
  }
  static const char *const wrong[] = { "synthetic:", "synthetic:0", "synthetic:-1",
                                       "synthetic:many", "synthetic:99999999" };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_assert_null (bs_dataset_open (wrong[i], model, NULL, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    g_clear_error (&error);
  }
}

static void
test_damaged (void)
{
  const gint64 wanted[] = { -1, 64 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, wanted, 0);
  float x[256];
  const Member members[] = { { "x", BS_DTYPE_F32, 2, { 4, 64 }, x } };
  g_autofree char *path = NULL, *bytes = NULL;
  gsize size;

  for (guint i = 0; i < 256; i++)
    x[i] = (float) g_test_rand_double ();
  path = write_npz (members, 1);
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize length = 0; length < size; length += length < 64 ? 1 : 13) {
    g_autofree char *part = g_build_filename (folder, "part.npz", NULL);
    g_autoptr (GError) error = NULL;
    g_unlink (part);
    g_file_set_contents_full (part, bytes, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
    g_assert_null (bs_dataset_open (part, model, NULL, &error));
    g_assert_nonnull (error);
    g_unlink (part);
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (bs_dataset_open ("/nonexistent/x.npz", model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_IO);
}

static char *
write_text (const char *name, const void *data, gsize size)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, (gssize) size, &error);
  g_assert_no_error (error);
  return path;
}

static void
test_csv (void)
{
  static const struct {
    const char *text;
    BsErrorCode code;
  } wrong[] = {
    { "", BS_ERROR_NO_DATA },          { "a,b,label\n", BS_ERROR_NO_DATA },
    { "1,2\n3\n", BS_ERROR_FORMAT },   { "1,2\n3,4,5\n", BS_ERROR_FORMAT },
    { "1,2\n3,x\n", BS_ERROR_FORMAT }, { "1,2\n3,nan\n", BS_ERROR_FORMAT },
    { "1,2,3\n", BS_ERROR_SHAPE },
  };
  const gint64 wanted[] = { -1, 2 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, wanted, 0);
  const char *text = "a; \"Label\" ;b\r\n1;dog;2.5\r\n\r\n-3;cat;4e2\r\n5;dog;6\r\n";
  g_autofree char *path = write_text ("x.csv", text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (BsDataset) data = bs_dataset_open (path, model, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 3);
  g_assert_cmpfloat (((const float *) data->x)[1], ==, 2.5);
  g_assert_cmpfloat (((const float *) data->x)[3], ==, 400);
  g_assert_cmpint (data->labels[0], ==, 1);
  g_assert_cmpint (data->labels[1], ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *bad = write_text ("x.csv", wrong[i].text, strlen (wrong[i].text));
    g_autoptr (GError) problem = NULL;
    g_assert_null (bs_dataset_open (bad, model, NULL, &problem));
    g_assert_error (problem, BS_ERROR, (gint) wrong[i].code);
    g_assert_nonnull (strstr (problem->message, "x.csv"));
  }
  g_unlink (path);
}

static void
test_idx (void)
{
  const guint8 images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102 };
  const guint8 labels[] = { 0, 0, 8, 1, 0, 0, 0, 2, 9, 3 };
  const guint8 train[] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 204, 0 };
  const gint64 wanted[] = { -1, 1, 1, 2 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autofree char *path = write_text ("t10k-images-idx3-ubyte", images, sizeof images);
  g_autofree char *label_path = write_text ("t10k-labels-idx1-ubyte", labels, sizeof labels);
  g_autofree char *train_path = write_text ("train-images-idx3-ubyte", train, sizeof train);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsDataset) data = bs_dataset_open (path, model, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 2);
  g_assert_cmpfloat (((const float *) data->x)[3], ==, 102 / 255.0f);
  g_assert_cmpint (data->labels[0], ==, 9);
  g_assert_cmpuint (data->n_calibration, ==, 1);
  g_autofree float *calibration = g_malloc (data->sample_bytes);
  bs_dataset_calibration (data, 0, 1, (guint8 *) calibration);
  g_assert_cmpfloat (calibration[0], ==, 204 / 255.0f);
  for (gsize length = 4; length < sizeof images; length++) {
    g_autofree char *part = write_text ("part-idx3", images, length);
    g_autoptr (GError) problem = NULL;
    g_assert_null (bs_dataset_open (part, model, NULL, &problem));
    g_assert_error (problem, BS_ERROR, BS_ERROR_FORMAT);
    g_unlink (part);
  }
  g_unlink (path);
  g_unlink (label_path);
  g_unlink (train_path);
}

/* What file dialogs offer and a window takes for data when it is dropped. */
static void
test_names (void)
{
  static const char *const data[] = { "a.npz",
                                      "a.npy",
                                      "a.csv",
                                      "B.TSV",
                                      "psalms.txt",
                                      "t10k-images-idx3-ubyte",
                                      "train-labels-idx1-ubyte.gz" };
  static const char *const others[] = { "net.onnx", "plan.json", "txt", "a.wav", "" };

  for (guint i = 0; i < G_N_ELEMENTS (data); i++)
    g_assert_true (bs_dataset_is_named (data[i]));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (bs_dataset_is_named (others[i]));
  g_assert_true (bs_dataset_is_named (g_get_tmp_dir ())); /* pictures or sounds */
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bitstair-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/dataset/hwc-becomes-chw", test_hwc_becomes_chw);
  g_test_add_func ("/dataset/shapes", test_shapes);
  g_test_add_func ("/dataset/numbers", test_numbers);
  g_test_add_func ("/dataset/tokens", test_tokens);
  g_test_add_func ("/dataset/labels-and-limits", test_labels_and_limits);
  g_test_add_func ("/dataset/synthetic", test_synthetic);
  g_test_add_func ("/dataset/damaged", test_damaged);
  g_test_add_func ("/dataset/csv", test_csv);
  g_test_add_func ("/dataset/idx", test_idx);
  g_test_add_func ("/dataset/names", test_names);
  status = g_test_run ();
  g_autofree char *path = g_build_filename (folder, "data.npz", NULL);
  g_unlink (path);
  g_rmdir (folder);
  g_free (folder);
  return status;
}
