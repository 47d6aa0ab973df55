/* What fuzz targets share: the bytes as a file, because loaders map files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* fuzz_file: writes data to a file of this process in $TMPDIR with the suffix; its path, valid until the next call. */
static inline const char *
fuzz_file (const uint8_t *data, size_t size, const char *suffix)
{
  static char *path;

  g_free (path);
  path = g_strdup_printf ("%s/bitstair-fuzz-%d%s", g_get_tmp_dir (), (int) getpid (), suffix);
  if (!g_file_set_contents (path, (const char *) data, (gssize) size, NULL))
    g_error ("%s cannot be written", path);
  return path;
}
