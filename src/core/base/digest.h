/* SHA-256 digests, as lower-case hexadecimal text: what results are keyed by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_DIGEST_SIZE 65 /* 64 digits and the terminating zero */

void bs_digest_bytes (const void *data, gsize size, char digest[BS_DIGEST_SIZE]);
void bs_digest_text (const char *text, char digest[BS_DIGEST_SIZE]);

G_END_DECLS
