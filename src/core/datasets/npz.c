/* NumPy's .npz archives: zip files of .npy files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/npz.h"

#include <libdeflate.h>
#include <string.h>
#include <zip.h>

#define MEMBER_MAX                                                                                 \
  ((guint64) 16 << 30) /* a member that claims more is refused before memory is asked for */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (zip_t, zip_discard)

static zip_t *
open_archive (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  int code = 0;
  zip_t *archive = zip_open (path, ZIP_RDONLY, &code);

  if (archive == NULL) {
    zip_error_t problem;
    zip_error_init_with_code (&problem, code);
    g_set_error (error, BS_ERROR,
                 code == ZIP_ER_NOENT || code == ZIP_ER_OPEN ? BS_ERROR_IO : BS_ERROR_FORMAT,
                 "The archive “%s” cannot be read: %s", name, zip_error_strerror (&problem));
    zip_error_fini (&problem);
  }
  return archive;
}

/* `size` bytes of a member: unpacked, and their sum checked, or with ZIP_FL_COMPRESSED as they are
 * in the archive. FALSE when they are damaged. */
static gboolean
read_bytes (zip_t *archive, zip_uint64_t index, zip_flags_t flags, guint8 *out, guint64 size)
{
  zip_file_t *file = zip_fopen_index (archive, index, flags);
  guint64 done = 0;
  gboolean ok;
  char extra;

  if (file == NULL)
    return FALSE;
  while (done < size) {
    zip_int64_t n = zip_fread (file, out + done, MIN (size - done, (guint64) 1 << 30));
    if (n <= 0)
      break;
    done += (guint64) n;
  }
  ok = done == size && zip_fread (file, &extra, 1) == 0; /* reading past the end checks the sum */
  zip_fclose (file);
  return ok;
}

/* As read_bytes, but some times faster than libzip's zlib, since the whole member is at hand. */
static gboolean
inflate (zip_t *archive, zip_uint64_t index, const zip_stat_t *info, guint8 *out)
{
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor ();
  g_autofree guint8 *packed = g_try_malloc (MAX (info->comp_size, 1));
  gboolean ok = decompressor != NULL && packed != NULL &&
                read_bytes (archive, index, ZIP_FL_COMPRESSED, packed, info->comp_size) &&
                libdeflate_deflate_decompress (decompressor, packed, info->comp_size, out,
                                               info->size, NULL) == LIBDEFLATE_SUCCESS &&
                libdeflate_crc32 (0, out, info->size) == info->crc;

  libdeflate_free_decompressor (decompressor);
  return ok;
}

static gboolean
read_member (zip_t *archive, zip_uint64_t index, const char *name, BsNpy *array, GError **error)
{
  const zip_uint64_t wanted =
    ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_CRC | ZIP_STAT_ENCRYPTION_METHOD;
  g_autofree guint8 *data = NULL;
  zip_stat_t info;
  gboolean deflated, ok;

  if (zip_stat_index (archive, index, 0, &info) != 0 || (info.valid & ZIP_STAT_SIZE) == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "The array “%s” cannot be read", name);
    return FALSE;
  }
  if (info.size > MEMBER_MAX || (data = g_try_malloc (MAX (info.size, 1))) == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "The array “%s” is too large", name);
    return FALSE;
  }
  deflated = (info.valid & wanted) == wanted && info.comp_method == ZIP_CM_DEFLATE &&
             info.encryption_method == ZIP_EM_NONE && info.comp_size <= MEMBER_MAX;
  ok = deflated ? inflate (archive, index, &info, data)
                : read_bytes (archive, index, 0, data, info.size);
  if (!ok) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "The array “%s” is damaged", name);
    return FALSE;
  }
  return bs_npy_parse (data, info.size, name, array, error);
}

gboolean
bs_npz_read (const char *path, const char *member, BsNpy *array, GError **error)
{
  g_autoptr (zip_t) archive = open_archive (path, error);
  g_autofree char *file = g_strconcat (member, ".npy", NULL);
  g_autofree char *name = g_filename_display_basename (path);
  zip_int64_t index;

  *array = (BsNpy){ .dtype = BS_DTYPE_NONE };
  if (archive == NULL)
    return FALSE;
  index = zip_name_locate (archive, file, 0);
  if (index < 0)
    return FALSE;
  if (read_member (archive, (zip_uint64_t) index, member, array, error))
    return TRUE;
  g_prefix_error (error, "“%s”: ", name);
  return FALSE;
}

char **
bs_npz_members (const char *path, GError **error)
{
  g_autoptr (zip_t) archive = open_archive (path, error);
  GPtrArray *names;

  if (archive == NULL)
    return NULL;
  names = g_ptr_array_new ();
  for (zip_int64_t i = 0; i < zip_get_num_entries (archive, 0); i++) {
    const char *name = zip_get_name (archive, (zip_uint64_t) i, 0);
    if (name != NULL && g_str_has_suffix (name, ".npy"))
      g_ptr_array_add (names, g_strndup (name, strlen (name) - 4));
  }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
