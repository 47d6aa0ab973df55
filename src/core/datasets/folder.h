/* Files of a folder that has one sub-folder for each class.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset_table.h"

G_BEGIN_DECLS

typedef struct {
  GPtrArray *paths; /* classes in turn, so that the first samples are of all classes */
  GArray *labels;   /* gint64, the number of the sub-folder by name; empty without sub-folders */
} BsFolder;

/* bs_folder_list: the files whose name ends in one of the NULL-terminated suffixes, whatever their
 * case: those in sub-folders, else those in the folder itself. */
BsFolder *bs_folder_list (const char *path, const char *const *suffixes);
void bs_folder_free (BsFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsFolder, bs_folder_free)

/* bs_folder_has: whether path is a folder of which bs_folder_list lists something. */
gboolean bs_folder_has (const char *path, const char *const *suffixes);

/* bs_folder_labels: y of the raw data; none without sub-folders. FALSE: no memory. */
gboolean bs_folder_labels (const BsFolder *folder, BsValue *y);

/* bs_list_files: sorted full paths of a folder's files with these suffixes; NULL: of its
 * sub-folders. (transfer full) */
GPtrArray *bs_list_files (const char *folder, const char *const *suffixes);
gboolean bs_has_suffix (const char *name, const char *suffix); /* ASCII letters of any case */

G_END_DECLS
