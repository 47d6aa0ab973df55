/* Tests of folders of sounds: kinds of samples, lengths, classes, damaged files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "datasets/dataset.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder;

typedef struct {
  guint kind, channels, rate, bits;
} Format;

static const Format plain = { 1, 1, 16000, 16 };

static void
put_number (GByteArray *file, guint64 value, guint n)
{
  for (guint i = 0; i < n; i++, value >>= 8)
    g_byte_array_append (file, &(guint8){ (guint8) value }, 1);
}

/* A WAV file; before its format a chunk of odd length, which readers must step over. */
static char *
write_wav (const char *class, const char *name, const Format *format, const void *data, gsize size)
{
  g_autofree char *sub = g_build_filename (folder, class, NULL);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  char *path = g_build_filename (sub, name, NULL);

  g_mkdir_with_parents (sub, 0700);
  g_byte_array_append (file, (const guint8 *) "RIFF\0\0\0\0WAVEnote\3\0\0\0abc", 24);
  g_byte_array_append (file, (const guint8 *) "fmt \20\0\0", 8);
  put_number (file, format->kind, 2);
  put_number (file, format->channels, 2);
  put_number (file, format->rate, 4);
  put_number (file, (guint64) format->rate * format->bits / 8, 4);
  put_number (file, format->bits / 8, 2);
  put_number (file, format->bits, 2);
  g_byte_array_append (file, (const guint8 *) "data", 4);
  put_number (file, size, 4);
  g_byte_array_append (file, data, (guint) size);
  g_assert_true (g_file_set_contents (path, (const char *) file->data, (gssize) file->len, NULL));
  return path;
}

/* −1, ½, 0 in every kind of sample; the input is one longer: silence. */
static void
test_kinds (void)
{
  static const float expected[] = { -1, 0.5f, 0, 0 };
  static const guint8 u8[] = { 0, 192, 128 };
  static const gint16 s16[] = { -32768, 16384, 0 };
  static const guint8 s24[] = { 0, 0, 0x80, 0, 0, 0x40, 0, 0, 0 };
  static const gint32 s32[] = { G_MININT32, 1 << 30, 0 };
  static const float f32[] = { -1, 0.5f, 0 };
  static const double f64[] = { -1, 0.5, 0 };
  static const struct {
    Format format;
    const void *data;
    gsize size;
  } kinds[] = {
    { { 1, 1, 8000, 8 }, u8, sizeof u8 },    { { 1, 1, 8000, 16 }, s16, sizeof s16 },
    { { 1, 1, 8000, 24 }, s24, sizeof s24 }, { { 1, 1, 8000, 32 }, s32, sizeof s32 },
    { { 3, 1, 8000, 32 }, f32, sizeof f32 }, { { 3, 1, 8000, 64 }, f64, sizeof f64 },
  };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 3, (gint64[]){ BS_DIM_FREE, 1, 4 }, 0);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path =
      write_wav (".", "a.wav", &kinds[i].format, kinds[i].data, kinds[i].size);
    g_autoptr (BsDataset) data = bs_dataset_open (folder, model, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (data->n, ==, 1);
    g_assert_null (data->labels);
    g_assert_cmpmem (data->x, data->sample_bytes, expected, sizeof expected);
    fixture_remove (folder);
  }
}

/* Two classes and sounds of different lengths: cut to the input, or as long as the longest where the
 * input takes any length. */
static void
test_classes (void)
{
  static const gint16 sound[] = { 8192, 16384, -8192 };
  g_autoptr (BsModel) fixed = fixture_model (BS_DTYPE_F32, 2, (gint64[]){ BS_DIM_FREE, 2 }, 0);
  g_autoptr (BsModel) free_length =
    fixture_model (BS_DTYPE_F32, 2, (gint64[]){ BS_DIM_FREE, BS_DIM_FREE }, 0);
  g_autofree char *a = write_wav ("no", "1.wav", &plain, sound, sizeof sound);
  g_autofree char *b = write_wav ("yes", "1.WAV", &plain, sound, sizeof *sound);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsDataset) cut = bs_dataset_open (folder, fixed, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsDataset) whole = bs_dataset_open (folder, free_length, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpmem (cut->labels, 2 * sizeof *cut->labels, ((gint64[]){ 0, 1 }), 2 * sizeof (gint64));
  g_assert_cmpmem (cut->x, 2 * cut->sample_bytes, ((float[]){ 0.25f, 0.5f, 0.25f, 0 }),
                   4 * sizeof (float));
  g_assert_cmpmem (whole->x, 2 * whole->sample_bytes,
                   ((float[]){ 0.25f, 0.5f, -0.25f, 0.25f, 0, 0 }), 6 * sizeof (float));
  fixture_remove (folder);
}

static void
check_refused (const BsModel *model, gint code, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (bs_dataset_open (folder, model, NULL, &error));
  g_assert_error (error, BS_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
  fixture_remove (folder);
}

static void
test_wrong (void)
{
  static const gint16 sound[] = { 8192, 16384, -8192 };
  static const Format stereo = { 1, 2, 16000, 16 }, slow = { 1, 1, 8000, 16 },
                      packed = { 17, 1, 16000, 4 }, odd = { 1, 1, 16000, 12 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, (gint64[]){ BS_DIM_FREE, 2 }, 0);
  g_autoptr (BsModel) picture = fixture_model (BS_DTYPE_F32, 3, (gint64[]){ BS_DIM_FREE, 2, 2 }, 0);
  const struct {
    const Format *format;
    const char *why;
  } wrong[] = { { &stereo, "channel" }, { &packed, "compressed" }, { &odd, "bits" } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *path = write_wav ("a", "1.wav", wrong[i].format, sound, sizeof sound);
    check_refused (model, BS_ERROR_FORMAT, wrong[i].why);
  }
  g_autofree char *first = write_wav ("a", "1.wav", &plain, sound, sizeof sound);
  g_autofree char *second = write_wav ("b", "2.wav", &slow, sound, sizeof sound);
  check_refused (model, BS_ERROR_FORMAT, "8000 samples a second");
  g_free (first);
  first = write_wav ("a", "1.wav", &plain, sound, sizeof sound);
  check_refused (picture, BS_ERROR_SHAPE, "2×2");
}

/* Every beginning of a file is read or refused, never read beyond. */
static void
test_cut_off (void)
{
  static const gint16 sound[] = { 8192, 16384, -8192 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 2, (gint64[]){ BS_DIM_FREE, 2 }, 0);
  g_autofree char *path = write_wav ("a", "1.wav", &plain, sound, sizeof sound);
  g_autofree char *data = NULL;
  gsize size, start;

  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  start = size - sizeof sound;
  for (gsize length = 0; length < size; length++) {
    g_autoptr (GError) error = NULL;
    g_assert_true (g_file_set_contents (path, data, (gssize) length, NULL));
    g_autoptr (BsDataset) opened = bs_dataset_open (folder, model, NULL, &error);
    if (length < start)
      g_assert_error (error, BS_ERROR, BS_ERROR_FORMAT);
    else
      g_assert_no_error (error);
  }
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bitstair-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/sounds/kinds", test_kinds);
  g_test_add_func ("/sounds/classes", test_classes);
  g_test_add_func ("/sounds/wrong", test_wrong);
  g_test_add_func ("/sounds/cut-off", test_cut_off);
  status = g_test_run ();
  fixture_remove (folder);
  g_free (folder);
  return status;
}
