/* SHA-256 digests, as lower-case hexadecimal text: what results are keyed by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BS_DIGEST_SIZE 65 /* 64 digits and the terminating zero */

/* bs_digest_update: g_checksum_update for any size. */
void bs_digest_update (GChecksum *sum, const void *data, gsize size);

/* bs_digest_update_sums: for large data, at the speed of reading them: enters the size and eight
 * 64-bit sums of the words, in order. A sum keeps apart any two blocks that differ in one of its
 * words, and others but for a chance of about 2⁻⁶⁴ a sum; it does not withstand someone who makes
 * two blocks alike on purpose. */
void bs_digest_update_sums (GChecksum *sum, const void *data, gsize size);
void bs_digest_bytes (const void *data, gsize size, char digest[BS_DIGEST_SIZE]);
void bs_digest_text (const char *text, char digest[BS_DIGEST_SIZE]);

/* The digest of files that may be huge, made when it is first asked for: opening a model reads only
 * what it looks at. Reference counted.
 *
 * Definition  SHA-256 of the bytes added as content, then of bs_digest_update_sums of each block
 *             added as data.
 * Threads     any, once everything is added. */
typedef struct _BsLazyDigest BsLazyDigest;

BsLazyDigest *bs_lazy_digest_new (void);
BsLazyDigest *bs_lazy_digest_ref (BsLazyDigest *digest);
void bs_lazy_digest_unref (BsLazyDigest *digest);
void bs_lazy_digest_add (BsLazyDigest *digest, GBytes *bytes, gboolean content);
const char *bs_lazy_digest_get (BsLazyDigest *digest); /* borrowed */

G_END_DECLS
