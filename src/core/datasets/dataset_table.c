/* The table of dataset kinds, and reading a file with the one that fits.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset_table.h"

#include "datasets/folder.h"
#include "run/walk.h"

#include <stdio.h>
#include <string.h>

const BsDatasetReader *const bs_dataset_readers[] = {
  &bs_dataset_npz,    &bs_dataset_npy,    &bs_dataset_idx,  &bs_dataset_csv,
  &bs_dataset_images, &bs_dataset_sounds, &bs_dataset_text, NULL,
};

/* How many rows the embedding has that reads the input as indices. */
static gint64
count_tokens (const BsModel *model, guint input)
{
  for (guint i = 0; i < model->n_nodes; i++) {
    const BsNode *node = &model->nodes[i];
    const BsTensor *table;
    if (strcmp (node->op_type, "Gather") != 0 || node->n_inputs != 2 || node->inputs[1] != input ||
        node->inputs[0] == BS_TENSOR_NONE)
      continue;
    table = &model->tensors[node->inputs[0]];
    if (table->is_constant && table->n_dims != BS_DIMS_UNKNOWN && table->n_dims > 0)
      return MAX (table->dims[0], 0);
  }
  return 0;
}

BsDatasetTarget
bs_dataset_target (const BsModel *model, guint input)
{
  return (BsDatasetTarget){ &model->tensors[input], count_tokens (model, input) };
}

gboolean
bs_dataset_read (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
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
      if (bs_dataset_readers[i]->read (path, target, raw, error))
        return TRUE;
      bs_raw_dataset_clear (raw);
      return FALSE;
    }
  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
               "“%s” holds no data of a kind that this program reads", name);
  return FALSE;
}

gboolean
bs_dataset_is_named (const char *path)
{
  gboolean named = g_file_test (path, G_FILE_TEST_IS_DIR);

  for (guint i = 0; bs_dataset_readers[i] != NULL && !named; i++) {
    const char *list = bs_dataset_readers[i]->suffixes;
    g_auto (GStrv) suffixes = g_strsplit (list != NULL ? list : "", " ", -1);
    for (guint k = 0; suffixes[k] != NULL && !named; k++)
      named = bs_has_suffix (path, suffixes[k]);
  }
  return named;
}

void
bs_raw_dataset_clear (BsRawDataset *raw)
{
  bs_value_clear (&raw->x);
  bs_value_clear (&raw->y);
  bs_value_clear (&raw->x_train);
}
