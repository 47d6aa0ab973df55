/* Files of a folder that has one sub-folder for each class.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/folder.h"

#include "run/walk.h"

#include <string.h>

gboolean
bs_has_suffix (const char *name, const char *suffix)
{
  gsize n = strlen (name), k = strlen (suffix);

  return n > k && g_ascii_strcasecmp (name + n - k, suffix) == 0;
}

static gboolean
is_wanted (const char *name, const char *const *suffixes)
{
  for (guint i = 0; suffixes[i] != NULL; i++)
    if (bs_has_suffix (name, suffixes[i]))
      return TRUE;
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
bs_list_files (const char *folder, const char *const *suffixes)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (*name != '.' &&
        (suffixes != NULL ? is_wanted (name, suffixes) : g_file_test (path, G_FILE_TEST_IS_DIR)))
      g_ptr_array_add (paths, g_steal_pointer (&path));
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_ptr_array_sort (paths, compare_names);
  return paths;
}

BsFolder *
bs_folder_list (const char *path, const char *const *suffixes)
{
  BsFolder *folder = g_new (BsFolder, 1);
  g_autoptr (GPtrArray) folders = bs_list_files (path, NULL);
  g_autoptr (GPtrArray) classes =
    g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  gboolean more = TRUE;

  folder->paths = g_ptr_array_new_with_free_func (g_free);
  folder->labels = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < folders->len; i++)
    g_ptr_array_add (classes, bs_list_files (folders->pdata[i], suffixes));
  for (guint k = 0; more; k++) {
    more = FALSE;
    for (guint c = 0; c < classes->len; c++) {
      GPtrArray *files = classes->pdata[c];
      gint64 label = c;
      if (k >= files->len)
        continue;
      g_ptr_array_add (folder->paths, g_strdup (files->pdata[k]));
      g_array_append_val (folder->labels, label);
      more = TRUE;
    }
  }
  if (folder->paths->len == 0) {
    g_ptr_array_unref (folder->paths);
    folder->paths = bs_list_files (path, suffixes);
  }
  return folder;
}

void
bs_folder_free (BsFolder *folder)
{
  g_ptr_array_unref (folder->paths);
  g_array_unref (folder->labels);
  g_free (folder);
}

gboolean
bs_folder_has (const char *path, const char *const *suffixes)
{
  g_autoptr (BsFolder) folder = bs_folder_list (path, suffixes);

  return folder->paths->len > 0;
}

gboolean
bs_folder_labels (const BsFolder *folder, BsValue *y)
{
  if (folder->labels->len == 0)
    return TRUE;
  *y = (BsValue){ .dtype = BS_DTYPE_I64, .n_dims = 1, .dims = { folder->labels->len } };
  if (!bs_value_alloc (y))
    return FALSE;
  memcpy (y->data, folder->labels->data, folder->labels->len * sizeof (gint64));
  return TRUE;
}
