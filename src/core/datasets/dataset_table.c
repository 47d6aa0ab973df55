/* The table of dataset kinds, and reading a file with the one that fits.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset_table.h"

#include "run/walk.h"

#include <stdio.h>

const BsDatasetReader *const bs_dataset_readers[] = {
  &bs_dataset_npz, &bs_dataset_npy, &bs_dataset_idx, &bs_dataset_csv, &bs_dataset_images, NULL,
};

gboolean
bs_dataset_read (const char *path, BsRawDataset *raw, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  guint8 data[64];
  gsize size = 0;
  FILE *file;

  *raw = (BsRawDataset){ .layout = BS_LAYOUT_AUTO };
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "There is no file or folder “%s”", path);
    return FALSE;
  }
  file = fopen (path, "rb");
  if (file != NULL) {
    size = fread (data, 1, sizeof data, file);
    fclose (file);
  }
  for (guint i = 0; bs_dataset_readers[i] != NULL; i++)
    if (bs_dataset_readers[i]->probe (path, data, size)) {
      if (bs_dataset_readers[i]->read (path, raw, error))
        return TRUE;
      bs_raw_dataset_clear (raw);
      return FALSE;
    }
  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
               "“%s” holds no data of a kind that this program reads", name);
  return FALSE;
}

void
bs_raw_dataset_clear (BsRawDataset *raw)
{
  bs_value_clear (&raw->x);
  bs_value_clear (&raw->y);
  bs_value_clear (&raw->x_train);
}
