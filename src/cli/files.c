/* Folders that commands write into.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/files.h"

#include "base/error.h"

#include <errno.h>
#include <glib/gi18n.h>

gboolean
bs_make_folder (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0777) == 0)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("The folder “%s” cannot be made: %s"), path,
               g_strerror (errno));
  return FALSE;
}
