/* Datasets of pictures: a folder with one sub-folder of PNG and JPEG files for each class.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/folder.h"

#include "run/walk.h"

#include <glib/gi18n-lib.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#define PIXELS_MAX                                                                                 \
  ((gsize) 1 << 28) /* of one picture: larger ones are refused before memory is asked for */

typedef struct {
  guint width, height;
  gboolean colour;
  guint8 *rgb; /* [height × width × 3] */
} Picture;

static gboolean
fail (GError **error, const char *path, const char *what)
{
  g_autofree char *name = g_filename_display_basename (path);

  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "The picture “%s” cannot be read: %s", name, what);
  return FALSE;
}

static gboolean
is_sane (guint width, guint height)
{
  return width > 0 && height > 0 && (guint64) width * height <= PIXELS_MAX;
}

static gboolean
read_png (const char *path, Picture *picture, GError **error)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  gboolean ok;

  if (!png_image_begin_read_from_file (&image, path))
    return fail (error, path, image.message);
  ok = is_sane (image.width, image.height);
  if (!ok) {
    png_image_free (&image);
    return fail (error, path, "its size is impossible");
  }
  *picture =
    (Picture){ image.width, image.height, (image.format & PNG_FORMAT_FLAG_COLOR) != 0, NULL };
  image.format = PNG_FORMAT_RGB; /* transparency is laid over black */
  picture->rgb = g_try_malloc (PNG_IMAGE_SIZE (image));
  if (picture->rgb == NULL) {
    png_image_free (&image);
    return fail (error, path, "there is not enough memory");
  }
  const png_color black = { 0, 0, 0 };
  if (png_image_finish_read (&image, &black, picture->rgb, 0, NULL))
    return TRUE;
  g_clear_pointer (&picture->rgb, g_free);
  return fail (error, path, image.message);
}

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf back;
  char message[JMSG_LENGTH_MAX];
} JpegError;

/* libjpeg's errors must not return: they leave by longjmp. */
static void
jpeg_failed (j_common_ptr info)
{
  JpegError *problem = (JpegError *) info->err;

  info->err->format_message (info, problem->message);
  longjmp (problem->back, 1);
}

static void
jpeg_silent (j_common_ptr info, int level)
{
  if (level < 0) /* corrupt data that libjpeg would paper over */
    jpeg_failed (info);
}

static gboolean
read_jpeg (const char *path, Picture *picture, GError **error)
{
  struct jpeg_decompress_struct info;
  JpegError problem;
  FILE *file = fopen (path, "rb");

  if (file == NULL)
    return fail (error, path, "it cannot be opened");
  *picture = (Picture){ 0, 0, FALSE, NULL };
  info.err = jpeg_std_error (&problem.base);
  problem.base.error_exit = jpeg_failed;
  problem.base.emit_message = jpeg_silent;
  if (setjmp (problem.back) != 0) {
    jpeg_destroy_decompress (&info);
    fclose (file);
    g_clear_pointer (&picture->rgb, g_free);
    return fail (error, path, problem.message);
  }
  jpeg_create_decompress (&info);
  jpeg_stdio_src (&info, file);
  jpeg_read_header (&info, TRUE);
  picture->colour = info.num_components > 1;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress (&info);
  picture->width = info.output_width;
  picture->height = info.output_height;
  if (is_sane (picture->width, picture->height))
    picture->rgb = g_try_malloc ((gsize) picture->width * picture->height * 3);
  while (picture->rgb != NULL && info.output_scanline < info.output_height) {
    JSAMPROW row = picture->rgb + (gsize) info.output_scanline * picture->width * 3;
    jpeg_read_scanlines (&info, &row, 1);
  }
  jpeg_destroy_decompress (&info);
  fclose (file);
  return picture->rgb != NULL || fail (error, path, "its size is impossible");
}

/* All pictures of the folder as one array [n, height, width, 3]; *colour becomes TRUE when one has
 * colours. */
static gboolean
read_pictures (const BsFolder *folder, BsValue *x, gboolean *colour, GError **error)
{
  gsize size = 0;

  for (guint i = 0; i < folder->paths->len; i++) {
    const char *path = folder->paths->pdata[i];
    Picture picture;
    if (!(bs_has_suffix (path, ".png") ? read_png (path, &picture, error)
                                       : read_jpeg (path, &picture, error)))
      return FALSE;
    g_autofree guint8 *rgb = picture.rgb;
    if (i == 0) {
      *x = (BsValue){ .dtype = BS_DTYPE_U8,
                      .n_dims = 4,
                      .dims = { folder->paths->len, picture.height, picture.width, 3 } };
      size = (gsize) picture.height * picture.width * 3;
      if (!bs_value_alloc (x))
        return fail (error, path, "there is not enough memory for all pictures");
    } else if (x->dims[1] != (gint64) picture.height || x->dims[2] != (gint64) picture.width) {
      g_autofree char *what =
        g_strdup_printf ("it is %u × %u pixels, the first one %" G_GINT64_FORMAT
                         " × %" G_GINT64_FORMAT "; all must have the same size",
                         picture.width, picture.height, x->dims[2], x->dims[1]);
      return fail (error, path, what);
    }
    *colour = *colour || picture.colour;
    memcpy ((guint8 *) x->data + i * size, rgb, size);
  }
  return TRUE;
}

/* Grey pictures keep one channel: [n, height, width]. */
static void
drop_colour (BsValue *x)
{
  guint8 *data = x->data;
  gsize pixels = bs_value_count (x) / 3;

  for (gsize i = 0; i < pixels; i++)
    data[i] = data[3 * i];
  x->n_dims = 3;
}

static const char *const suffixes[] = { ".png", ".jpg", ".jpeg", NULL };

static gboolean
read_folder (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  g_autoptr (BsFolder) folder = bs_folder_list (path, suffixes);
  gboolean colour = FALSE;

  if (!read_pictures (folder, &raw->x, &colour, error))
    return FALSE;
  if (!colour)
    drop_colour (&raw->x);
  raw->layout = colour ? BS_LAYOUT_HWC : BS_LAYOUT_AUTO;
  return bs_folder_labels (folder, &raw->y) || fail (error, path, "there is not enough memory");
}

static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  return bs_folder_has (path, suffixes);
}

const BsDatasetReader bs_dataset_images = {
  .id = "images",
  .title = N_ ("Folder of pictures"),
  .probe = probe,
  .read = read_folder,
};
