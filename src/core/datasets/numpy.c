/* Datasets from NumPy's files: .npz by the names of its arrays, .npy as samples without labels.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset_table.h"
#include "datasets/npz.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The array's data changes hands. */
static BsValue
to_value (BsNpy *array)
{
  BsValue value = { .dtype = array->dtype,
                    .n_dims = array->n_dims,
                    .data = g_steal_pointer (&array->data) };

  memcpy (value.dims, array->dims, sizeof array->dims);
  return value;
}

/* The first of the names that is there; FALSE with error set when it is damaged. */
static gboolean
read_first (const char *path, const char *const *names, BsValue *value, GError **error)
{
  for (guint i = 0; names[i] != NULL && value->data == NULL; i++) {
    g_autoptr (GError) problem = NULL;
    BsNpy array;
    if (bs_npz_read (path, names[i], &array, &problem))
      *value = to_value (&array);
    else if (problem != NULL) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_npz (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  static const char *const x[] = { "x_test", "x", NULL };
  static const char *const y_test[] = { "y_test", NULL }, *const y[] = { "y", NULL };
  static const char *const train[] = { "x_train", "train", NULL };
  g_auto (GStrv) members = bs_npz_members (path, error);
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *list = NULL;

  if (members == NULL)
    return FALSE;
  if (!read_first (path, x, &raw->x, error) ||
      !read_first (path, g_strv_contains ((const char *const *) members, "x_test") ? y_test : y,
                   &raw->y, error) ||
      !read_first (path, train, &raw->x_train, error))
    return FALSE;
  if (raw->x.data != NULL)
    return TRUE;
  list = g_strjoinv (", ", members);
  g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "“%s” has no array “x_test” or “x”; it has: %s",
               name, list);
  return FALSE;
}

static gboolean
probe_npz (const char *path, const guint8 *data, gsize size)
{
  return size >= 4 && memcmp (data, "PK\3\4", 4) == 0;
}

static gboolean
read_npy (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  BsNpy array = { .dtype = BS_DTYPE_NONE };

  if (!bs_npy_load (path, &array, error))
    return FALSE;
  raw->x = to_value (&array);
  return TRUE;
}

static gboolean
probe_npy (const char *path, const guint8 *data, gsize size)
{
  return size >= 6 && memcmp (data, "\x93NUMPY", 6) == 0;
}

const BsDatasetReader bs_dataset_npz = {
  .id = "npz",
  .title = N_ ("NumPy archive"),
  .suffixes = ".npz",
  .probe = probe_npz,
  .read = read_npz,
};

const BsDatasetReader bs_dataset_npy = {
  .id = "npy",
  .title = N_ ("NumPy array"),
  .suffixes = ".npy",
  .probe = probe_npy,
  .read = read_npy,
};
