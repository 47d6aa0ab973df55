/* Datasets of sounds: a folder with one sub-folder of WAV files for each class, mono samples cut or
 * filled with silence to the length of the model's input. SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/folder.h"

#include "run/walk.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define FILE_MAX ((gsize) 1 << 30)

enum { PCM = 1, IEEE_FLOAT = 3, EXTENSIBLE = 0xFFFE };

/* One file: where its samples are and what they are. */
typedef struct {
  char *bytes;
  const guint8 *data;
  gsize n;    /* samples */
  guint bits; /* of one: 8 unsigned, 16, 24, 32 signed; float: 32 or 64 */
  gboolean is_float;
  guint32 rate; /* samples a second */
} Sound;

static gboolean
fail (GError **error, const char *path, const char *what)
{
  g_autofree char *name = g_filename_display_basename (path);

  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "The sound “%s” cannot be read: %s", name, what);
  return FALSE;
}

static guint64
little_endian (const guint8 *bytes, guint n)
{
  guint64 value = 0;

  for (guint i = 0; i < n; i++)
    value |= (guint64) bytes[i] << (8 * i);
  return value;
}

static gboolean
read_format (const char *path, const guint8 *chunk, gsize size, Sound *sound, GError **error)
{
  guint64 kind = size >= 16 ? little_endian (chunk, 2) : 0;

  if (kind == EXTENSIBLE && size >= 26)
    kind = little_endian (chunk + 24, 2);
  sound->is_float = kind == IEEE_FLOAT;
  if (kind != PCM && kind != IEEE_FLOAT)
    return fail (error, path, "its samples are compressed");
  if (little_endian (chunk + 2, 2) != 1)
    return fail (error, path, "it has more than one channel");
  sound->rate = (guint32) little_endian (chunk + 4, 4);
  sound->bits = (guint) little_endian (chunk + 14, 2);
  if (sound->is_float ? sound->bits == 32 || sound->bits == 64
                      : sound->bits % 8 == 0 && sound->bits >= 8 && sound->bits <= 32)
    return TRUE;
  return fail (error, path, "its samples have an unusual number of bits");
}

/* RIFF: "RIFF", size, "WAVE", then chunks of a name, a size and as many bytes, filled up to even
 * (Microsoft and IBM, “Multimedia Programming Interface and Data Specifications 1.0”, 1991). A data
 * chunk that is cut off, or whose size a recorder did not know, ends with the file. */
static gboolean
read_sound (const char *path, Sound *sound, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const guint8 *at, *end;
  gsize size;

  if (!g_file_get_contents (path, &sound->bytes, &size, &problem))
    return fail (error, path, problem->message);
  at = (const guint8 *) sound->bytes;
  end = at + size;
  if (size < 12 || size > FILE_MAX || memcmp (at, "RIFF", 4) != 0 ||
      memcmp (at + 8, "WAVE", 4) != 0)
    return fail (error, path, "it is not a WAV file");
  for (at += 12; end - at >= 8; at += MIN (size + size % 2, (gsize) (end - at))) {
    const guint8 *name = at;
    size = (gsize) little_endian (at + 4, 4);
    at += 8;
    if (memcmp (name, "fmt ", 4) == 0 &&
        !read_format (path, at, MIN (size, (gsize) (end - at)), sound, error))
      return FALSE;
    if (memcmp (name, "data", 4) != 0)
      continue;
    if (sound->bits == 0)
      break;
    sound->data = at;
    sound->n = MIN (size, (gsize) (end - at)) / (sound->bits / 8);
    return TRUE;
  }
  return fail (error, path, "it has no samples");
}

/* The first n samples as numbers between −1 and 1; silence where there are fewer. */
static void
decode (const Sound *sound, gsize n, float *out)
{
  guint bytes = sound->bits / 8;

  for (gsize i = 0; i < MIN (n, sound->n); i++) {
    guint64 code = little_endian (sound->data + i * bytes, bytes);
    union {
      guint32 u32;
      guint64 u64;
      float f32;
      double f64;
    } number = { .u64 = code };
    if (sound->is_float) {
      number.u32 = bytes == 4 ? (guint32) code : number.u32;
      out[i] = bytes == 4 ? number.f32 : (float) number.f64;
    } else if (bytes == 1) { /* around 128 */
      out[i] = ((float) code - 128) / 128;
    } else { /* two's complement: as the upper bits of 32 */
      gint32 upper = (gint32) (guint32) (code << (32 - sound->bits));
      out[i] = (float) ((double) upper / 2147483648.0);
    }
  }
}

/* The one dimension of the input that a sound fills: its length, BS_DIM_FREE, or 0 when there is
 * none, as for pictures and spectra. */
static gint64
input_length (const BsTensor *input)
{
  gint64 length = 1;

  if (input->n_dims == BS_DIMS_UNKNOWN)
    return BS_DIM_FREE;
  for (guint d = 1; d < input->n_dims; d++) {
    if (input->dims[d] != 1 && length != 1)
      return 0;
    if (input->dims[d] != 1)
      length = input->dims[d];
  }
  return length;
}

static gboolean
check_rate (const char *path, guint32 rate, guint32 first, GError **error)
{
  g_autofree char *what = NULL;

  if (rate == first)
    return TRUE;
  what = g_strdup_printf ("it has %u samples a second, the first one %u; all must have the same",
                          rate, first);
  return fail (error, path, what);
}

/* sounds: one for each path, read. length: BS_DIM_FREE takes the longest. */
static gboolean
join (const BsFolder *folder, const Sound *sounds, gint64 length, BsValue *x, GError **error)
{
  guint n = folder->paths->len;

  if (length == BS_DIM_FREE)
    for (guint i = 0; i < n; i++)
      length = MAX (length, (gint64) sounds[i].n);
  *x = (BsValue){ .dtype = BS_DTYPE_F32, .n_dims = 2, .dims = { n, length } };
  if (length == 0)
    return fail (error, folder->paths->pdata[0], "it has no samples");
  if (!bs_value_alloc (x))
    return fail (error, folder->paths->pdata[0], "there is not enough memory for all sounds");
  memset (x->data, 0, bs_value_count (x) * sizeof (float));
  for (guint i = 0; i < n; i++)
    decode (&sounds[i], (gsize) length, (float *) x->data + (gsize) i * (gsize) length);
  return TRUE;
}

static gboolean
read_folder (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  static const char *const suffixes[] = { ".wav", NULL };
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (BsFolder) folder = bs_folder_list (path, suffixes);
  guint n = folder->paths->len;
  g_autofree Sound *sounds = g_new0 (Sound, MAX (n, 1));
  gint64 length = input_length (target->input);
  gboolean ok = n > 0 && length != 0;

  if (n == 0)
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "The folder “%s” holds neither PNG or JPEG pictures nor WAV files", name);
  else if (length == 0) {
    g_autofree char *dims = bs_dims_to_string (target->input->dims, target->input->n_dims);
    g_set_error (
      error, BS_ERROR, BS_ERROR_SHAPE,
      "The folder “%s” holds sounds, but input “%s” of %s does not take them as they are", name,
      target->input->name, dims);
  }
  for (guint i = 0; ok && i < n; i++)
    ok = read_sound (folder->paths->pdata[i], &sounds[i], error) &&
         check_rate (folder->paths->pdata[i], sounds[i].rate, sounds[0].rate, error);
  ok = ok && join (folder, sounds, length, &raw->x, error);
  if (ok && !bs_folder_labels (folder, &raw->y))
    ok = fail (error, path, "there is not enough memory");
  for (guint i = 0; i < n; i++)
    g_free (sounds[i].bytes);
  return ok;
}

/* Any folder, after that of pictures: it says what is missing. */
static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

const BsDatasetReader bs_dataset_sounds = {
  .id = "sounds",
  .title = N_ ("Folder of sounds"),
  .probe = probe,
  .read = read_folder,
};
