/* Folders that commands write into.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_make_folder: makes it and those above it.
 * Errors  BS_ERROR_IO with the path. */
gboolean bs_make_folder (const char *path, GError **error);

G_END_DECLS
