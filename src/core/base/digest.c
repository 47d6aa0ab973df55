/* SHA-256 digests, as lower-case hexadecimal text: what results are keyed by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/digest.h"

#include <string.h>

void
bs_digest_bytes (const void *data, gsize size, char digest[BS_DIGEST_SIZE])
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const guint8 *bytes = data;

  while (size > 0) { /* g_checksum_update takes a gssize */
    gsize part = MIN (size, (gsize) 1 << 30);
    g_checksum_update (sum, bytes, (gssize) part);
    bytes += part;
    size -= part;
  }
  g_strlcpy (digest, g_checksum_get_string (sum), BS_DIGEST_SIZE);
}

void
bs_digest_text (const char *text, char digest[BS_DIGEST_SIZE])
{
  bs_digest_bytes (text, strlen (text), digest);
}
