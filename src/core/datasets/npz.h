/* NumPy's .npz archives: zip files of .npy files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/npy.h"

G_BEGIN_DECLS

/* bs_npz_read: one member, by its name without “.npy”; FALSE without error when there is none of
 * that name. Errors  as bs_npy_load. */
gboolean bs_npz_read (const char *path, const char *member, BsNpy *array, GError **error);

/* bs_npz_members: names without “.npy”, NULL-terminated. (transfer full) Errors BS_ERROR_IO,
 * BS_ERROR_FORMAT. */
char **bs_npz_members (const char *path, GError **error);

G_END_DECLS
