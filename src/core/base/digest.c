/* SHA-256 digests, as lower-case hexadecimal text: what results are keyed by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/digest.h"

#include <string.h>

#define LANES 8

struct _BsLazyDigest {
  gatomicrefcount refs;
  GPtrArray *contents, *data; /* GBytes */
  GMutex lock;                /* guards text */
  char text[BS_DIGEST_SIZE];  /* "": not made yet */
};

void
bs_digest_update (GChecksum *sum, const void *data, gsize size)
{
  const guint8 *bytes = data;

  while (size > 0) { /* g_checksum_update takes a gssize */
    gsize part = MIN (size, (gsize) 1 << 30);
    g_checksum_update (sum, bytes, (gssize) part);
    bytes += part;
    size -= part;
  }
}

void
bs_digest_bytes (const void *data, gsize size, char digest[BS_DIGEST_SIZE])
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  bs_digest_update (sum, data, size);
  g_strlcpy (digest, g_checksum_get_string (sum), BS_DIGEST_SIZE);
}

void
bs_digest_text (const char *text, char digest[BS_DIGEST_SIZE])
{
  bs_digest_bytes (text, strlen (text), digest);
}

/* Word i goes into sum i mod LANES; each step is a bijection of the sum, so nothing is lost. */
static void
sum_words (const guint8 *data, gsize size, guint64 sums[LANES])
{
  for (guint j = 0; j < LANES; j++)
    sums[j] = G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) * (j + 1);
  for (gsize i = 0; i < size; i += LANES * sizeof *sums) {
    guint64 words[LANES] = { 0 };
    memcpy (words, data + i, MIN (size - i, sizeof words));
    for (guint j = 0; j < LANES; j++) {
      sums[j] = (sums[j] ^ GUINT64_FROM_LE (words[j])) * G_GUINT64_CONSTANT (0xd6e8feb86659fd93);
      sums[j] ^= sums[j] >> 32;
    }
  }
}

void
bs_digest_update_sums (GChecksum *sum, const void *data, gsize size)
{
  guint64 sums[LANES + 1] = { GUINT64_TO_LE ((guint64) size) };

  sum_words (data, size, sums + 1);
  for (guint j = 1; j <= LANES; j++)
    sums[j] = GUINT64_TO_LE (sums[j]);
  bs_digest_update (sum, sums, sizeof sums);
}

BsLazyDigest *
bs_lazy_digest_new (void)
{
  BsLazyDigest *digest = g_new0 (BsLazyDigest, 1);

  g_atomic_ref_count_init (&digest->refs);
  digest->contents = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  digest->data = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_mutex_init (&digest->lock);
  return digest;
}

BsLazyDigest *
bs_lazy_digest_ref (BsLazyDigest *digest)
{
  if (digest != NULL)
    g_atomic_ref_count_inc (&digest->refs);
  return digest;
}

void
bs_lazy_digest_unref (BsLazyDigest *digest)
{
  if (digest == NULL || !g_atomic_ref_count_dec (&digest->refs))
    return;
  g_ptr_array_unref (digest->contents);
  g_ptr_array_unref (digest->data);
  g_mutex_clear (&digest->lock);
  g_free (digest);
}

void
bs_lazy_digest_add (BsLazyDigest *digest, GBytes *bytes, gboolean content)
{
  g_ptr_array_add (content ? digest->contents : digest->data, g_bytes_ref (bytes));
}

static void
make (BsLazyDigest *digest)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < digest->contents->len; i++)
    bs_digest_update (sum, g_bytes_get_data (digest->contents->pdata[i], NULL),
                      g_bytes_get_size (digest->contents->pdata[i]));
  for (guint i = 0; i < digest->data->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (digest->data->pdata[i], &size);
    bs_digest_update_sums (sum, data, size);
  }
  g_strlcpy (digest->text, g_checksum_get_string (sum), BS_DIGEST_SIZE);
}

const char *
bs_lazy_digest_get (BsLazyDigest *digest)
{
  g_mutex_lock (&digest->lock);
  if (digest->text[0] == '\0')
    make (digest);
  g_mutex_unlock (&digest->lock);
  return digest->text;
}
