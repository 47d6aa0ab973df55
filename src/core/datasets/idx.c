/* Datasets in the IDX format of MNIST: pictures in one file, labels in the file beside it; gzip is
 * undone. SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset_table.h"

#include "run/walk.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define FILE_MAX ((gsize) 4 << 30) /* unpacked; MNIST has 47 million bytes */

static gboolean
fail (GError **error, BsErrorCode code, const char *path, const char *what)
{
  g_autofree char *name = g_filename_display_basename (path);

  g_set_error (error, BS_ERROR, code, "The file “%s” %s", name, what);
  return FALSE;
}

/* The whole file, unpacked when it begins as gzip does. */
static GByteArray *
read_all (const char *path, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GFileInputStream) plain = g_file_read (file, NULL, &problem);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 magic[2], block[65536];
  gssize n = 0;

  if (plain != NULL)
    n = g_input_stream_read (G_INPUT_STREAM (plain), magic, 2, NULL, &problem);
  if (n == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
    g_autoptr (GConverter) unzip =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    if (g_seekable_seek (G_SEEKABLE (plain), 0, G_SEEK_SET, NULL, &problem))
      stream = g_converter_input_stream_new (G_INPUT_STREAM (plain), unzip);
  } else if (n >= 0 && plain != NULL) {
    stream = G_INPUT_STREAM (g_object_ref (plain));
    g_byte_array_append (bytes, magic, (guint) n);
  }
  while (stream != NULL &&
         (n = g_input_stream_read (stream, block, sizeof block, NULL, &problem)) > 0) {
    if (bytes->len + (gsize) n > MIN (FILE_MAX, G_MAXUINT - 1)) {
      fail (error, BS_ERROR_TOO_LARGE, path, "is too large");
      return NULL;
    }
    g_byte_array_append (bytes, block, (guint) n);
  }
  if (problem != NULL) {
    fail (error, BS_ERROR_IO, path, problem->message);
    return NULL;
  }
  return g_steal_pointer (&bytes);
}

static guint32
big_endian (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

static void
to_native (guint8 *data, gsize count, gsize size)
{
  for (gsize i = 0; G_BYTE_ORDER == G_LITTLE_ENDIAN && size > 1 && i < count; i++, data += size)
    for (gsize k = 0; k < size / 2; k++) {
      guint8 byte = data[k];
      data[k] = data[size - 1 - k];
      data[size - 1 - k] = byte;
    }
}

/* 0, 0, type, number of dimensions; the dimensions, 32 bits each; the data; all big-endian
 * (Y. LeCun, “The MNIST database”) */
static gboolean
read_idx (const char *path, BsValue *value, GError **error)
{
  static const BsDtype types[] = { [8] = BS_DTYPE_U8,   [9] = BS_DTYPE_I8,   [11] = BS_DTYPE_I16,
                                   [12] = BS_DTYPE_I32, [13] = BS_DTYPE_F32, [14] = BS_DTYPE_F64 };
  g_autoptr (GByteArray) bytes = read_all (path, error);
  gsize size, count, start;

  if (bytes == NULL)
    return FALSE;
  if (bytes->len < 4 || bytes->data[0] != 0 || bytes->data[1] != 0 ||
      bytes->data[2] >= G_N_ELEMENTS (types) || types[bytes->data[2]] == BS_DTYPE_NONE ||
      bytes->data[3] < 1 || bytes->data[3] > BS_MAX_DIMS)
    return fail (error, BS_ERROR_FORMAT, path, "is not in the IDX format");
  *value = (BsValue){ .dtype = types[bytes->data[2]], .n_dims = bytes->data[3] };
  start = 4 + 4 * (gsize) value->n_dims;
  if (bytes->len < start)
    return fail (error, BS_ERROR_FORMAT, path, "is cut off");
  for (guint i = 0; i < value->n_dims; i++)
    value->dims[i] = big_endian (bytes->data + 4 + 4 * i);
  if (!bs_dims_count (value->dims, value->n_dims, &count) ||
      !bs_dims_bytes (value->dims, value->n_dims, value->dtype, &size) ||
      size != bytes->len - start)
    return fail (error, BS_ERROR_FORMAT, path, "has another size than its dimensions say");
  if (!bs_value_alloc (value))
    return fail (error, BS_ERROR_TOO_LARGE, path, "is too large");
  if (size > 0)
    memcpy (value->data, bytes->data + start, size);
  to_native (value->data, count, bs_dtype_bits (value->dtype) / 8);
  return TRUE;
}

/* The file beside path whose name has one word exchanged for another; NULL when there is none. */
static char *
sibling (const char *path, const char *const (*words)[2], guint n)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autoptr (GString) name = g_string_new (base);
  char *found;

  for (guint i = 0; i < n; i++)
    g_string_replace (name, words[i][0], words[i][1], 1);
  found = g_build_filename (folder, name->str, NULL);
  if (strcmp (name->str, base) != 0 && g_file_test (found, G_FILE_TEST_IS_REGULAR))
    return found;
  g_free (found);
  return NULL;
}

/* t10k-images-idx3-ubyte has its labels in t10k-labels-idx1-ubyte and calibrates with
 * train-images-idx3-ubyte. */
static gboolean
read_dataset (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  static const char *const to_labels[][2] = { { "images", "labels" }, { "idx3", "idx1" } };
  static const char *const to_train[][2] = { { "t10k", "train" }, { "test", "train" } };
  g_autofree char *labels = sibling (path, to_labels, 2);
  g_autofree char *train = sibling (path, to_train, 2);

  return read_idx (path, &raw->x, error) && (labels == NULL || read_idx (labels, &raw->y, error)) &&
         (train == NULL || read_idx (train, &raw->x_train, error));
}

static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  g_autofree char *base = g_path_get_basename (path);

  if (size >= 4 && data[0] == 0 && data[1] == 0 && data[2] >= 8 && data[2] <= 14 && data[3] >= 1 &&
      data[3] <= BS_MAX_DIMS)
    return TRUE;
  return size >= 2 && data[0] == 0x1f && data[1] == 0x8b && strstr (base, "idx") != NULL;
}

const BsDatasetReader bs_dataset_idx = {
  .id = "idx",
  .title = N_ ("IDX files, as MNIST has them"),
  .suffixes = "-ubyte -ubyte.gz",
  .probe = probe,
  .read = read_dataset,
};
