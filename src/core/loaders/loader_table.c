/* The table of loaders, and opening a file with the one that fits.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/loader.h"

#include "loaders/loader_table.h"

#define PROBE_BYTES 4096

const BsLoader *const bs_loaders[] = {
  &bs_loader_onnx, /* last: the format has no magic number */
  NULL,
};

GBytes *
bs_loader_map (const char *path, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GError) problem = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "it is a folder");
    return NULL;
  }
  file = g_mapped_file_new (path, FALSE, &problem);
  if (file == NULL)
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "%s", problem->message);
  else if (g_mapped_file_get_length (file) == 0)
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it is empty");
  else
    return g_mapped_file_get_bytes (file);
  return NULL;
}

static BsModel *
load (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = bs_loader_map (path, error);
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  for (guint i = 0; bs_loaders[i] != NULL; i++)
    if (bs_loaders[i]->probe (path, data, MIN (size, PROBE_BYTES)))
      return bs_loaders[i]->load (path, error);
  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "it is of no format that this program knows");
  return NULL;
}

BsModel *
bs_load_model (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  BsModel *model = load (path, error);

  if (model == NULL)
    g_prefix_error (error, "The file “%s” cannot be opened: ", name);
  return model;
}
