/* Tests of folders of pictures: classes, colours, sizes, damaged files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "datasets/dataset.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <jpeglib.h>
#include <png.h>
#include <string.h>

static char *folder;

static char *
in_folder (const char *class, const char *name)
{
  g_autofree char *sub = g_build_filename (folder, class, NULL);

  g_mkdir_with_parents (sub, 0700);
  return g_build_filename (sub, name, NULL);
}

static void
write_png (const char *class,
           const char *name,
           guint format,
           guint width,
           guint height,
           const guint8 *pixels)
{
  g_autofree char *path = in_folder (class, name);
  png_image image = {
    .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format
  };

  g_assert_true (png_image_write_to_file (&image, path, 0, pixels, 0, NULL));
}

static void
write_grey_jpeg (const char *class, const char *name, guint width, guint height, guint8 grey)
{
  g_autofree char *path = in_folder (class, name);
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr problem;
  guint8 row[64];
  JSAMPROW rows = row;
  FILE *file = fopen (path, "wb");

  g_assert_nonnull (file);
  memset (row, grey, sizeof row);
  info.err = jpeg_std_error (&problem);
  jpeg_create_compress (&info);
  jpeg_stdio_dest (&info, file);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults (&info);
  jpeg_start_compress (&info, TRUE);
  while (info.next_scanline < height)
    jpeg_write_scanlines (&info, &rows, 1);
  jpeg_finish_compress (&info);
  jpeg_destroy_compress (&info);
  fclose (file);
}

static const guint8 grey[6] = { 0, 51, 102, 153, 204, 255 };

/* Two classes, one with a JPEG; classes take turns. */
static void
test_grey (void)
{
  const gint64 wanted[] = { -1, 1, 2, 3 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autoptr (GError) error = NULL;

  write_png ("a", "1.png", PNG_FORMAT_GRAY, 3, 2, grey);
  write_grey_jpeg ("a", "2.JPG", 3, 2, 51);
  write_png ("b", "1.png", PNG_FORMAT_GRAY, 3, 2, grey);
  g_autoptr (BsDataset) data = bs_dataset_open (folder, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 3);
  g_assert_cmpint (data->labels[0], ==, 0);
  g_assert_cmpint (data->labels[1], ==, 1);
  g_assert_cmpint (data->labels[2], ==, 0);
  g_assert_cmpfloat (((const float *) data->x)[4], ==, 204 / 255.0f);
  g_assert_cmpfloat (((const float *) data->x)[12], ==, 51 / 255.0f); /* a flat JPEG is exact */
  fixture_remove (folder);
}

static void
test_colour (void)
{
  const gint64 wanted[] = { -1, 3, 1, 2 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autoptr (GError) error = NULL;

  write_png (".", "1.png", PNG_FORMAT_RGB, 2, 1, grey); /* no sub-folders: no labels */
  g_autoptr (BsDataset) data = bs_dataset_open (folder, model, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (data->labels);
  g_assert_cmpfloat (((const float *) data->x)[1], ==, 153 / 255.0f); /* red of the second pixel */
  fixture_remove (folder);
}

static void
test_wrong (void)
{
  const gint64 wanted[] = { -1, 1, 2, 3 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_F32, 4, wanted, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in_folder ("a", "1.png");
  g_autofree char *data = NULL;
  gsize size;

  g_assert_null (bs_dataset_open (folder, model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_NO_DATA);
  g_clear_error (&error);
  write_png ("a", "1.png", PNG_FORMAT_GRAY, 3, 2, grey);
  write_png ("b", "1.png", PNG_FORMAT_GRAY, 2, 3, grey);
  g_assert_null (bs_dataset_open (folder, model, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "same size"));
  g_clear_error (&error);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  for (gsize length = 0; length + 12 < size;
       length += 3) { /* the last 12 bytes only say that it ends */
    g_unlink (path);
    g_file_set_contents_full (path, data, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
    g_assert_null (bs_dataset_open (folder, model, NULL, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_FORMAT);
    g_clear_error (&error);
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
  g_test_add_func ("/images/grey", test_grey);
  g_test_add_func ("/images/colour", test_colour);
  g_test_add_func ("/images/wrong", test_wrong);
  status = g_test_run ();
  fixture_remove (folder);
  g_free (folder);
  return status;
}
