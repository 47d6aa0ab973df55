/* Encodings: the 32-value blocks of ggml.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/ggml.h"
#include "quant/groups.h"

#include <glib/gi18n-lib.h>

#include <string.h>

/* encode_group: what a short last block lacks is taken as zeros. */
static void
encode_group (BsQuant *quant,
              gsize k,
              const float *x,
              gsize n,
              const BsInterval *interval,
              gint32 *codes,
              float *values,
              gpointer user)
{
  BsGgmlType type = *(const BsGgmlType *) user;

  for (gsize from = 0; from < n; from += 32) {
    gsize m = MIN (n - from, 32);
    float block[32] = { 0 }, decoded[32];
    gint32 block_codes[32];
    guint8 bytes[40];
    memcpy (block, x + from, m * sizeof *x);
    bs_ggml_encode (type, block, bytes);
    bs_ggml_codes (type, bytes, block_codes, &quant->scale[k]);
    bs_ggml_decode (type, bytes, decoded);
    memcpy (codes + from, block_codes, m * sizeof *codes);
    memcpy (values + from, decoded, m * sizeof *values);
  }
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  BsGgmlType type;

  if (!bs_ggml_find (quant->spec.encoding->id, &type))
    g_assert_not_reached ();
  bs_groups_encode (quant, x, NULL, encode_group, &type);
  return TRUE;
}

/* size_bits: whole blocks, a short one is filled up. */
static guint64
size_bits (const BsSpec *spec, gsize n, gsize n_scales)
{
  BsGgmlType type;

  if (!bs_ggml_find (spec->encoding->id, &type))
    g_assert_not_reached ();
  return (guint64) n_scales * bs_ggml_block_bytes (type) * 8;
}

#define ROW(name, the_title, width, text)                                                          \
  const BsEncoding bs_encoding_##name = {                                                          \
    .id = #name,                                                                                   \
    .title = the_title,                                                                            \
    .description = text,                                                                           \
    .family = BS_FAMILY_BLOCK,                                                                     \
    .min_bits = width,                                                                             \
    .max_bits = width,                                                                             \
    .encode = encode,                                                                              \
    .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE | BS_ENCODING_BLOCKS_ONLY |             \
             BS_ENCODING_BLOCK_FIXED,                                                              \
    .block = 32,                                                                                   \
    .size_bits = size_bits,                                                                        \
  }

ROW (q4_0,
     N_ ("ggml q4_0"),
     4,
     N_ ("4-bit codes with a float16 scale per block of 32, the scale's sign chosen so that the "
         "extreme value is exact: 4.5 "
         "bits a value, the same bytes as llama.cpp. Source: ggml-quants.c."));
ROW (q4_1,
     N_ ("ggml q4_1"),
     4,
     N_ ("4-bit codes with a float16 scale and a float16 minimum per block of 32: 5 bits a value, "
         "the same bytes as "
         "llama.cpp. Source: ggml-quants.c."));
ROW (q5_0,
     N_ ("ggml q5_0"),
     5,
     N_ ("5-bit codes with a float16 scale per block of 32, the fifth bits kept apart: 5.5 bits a "
         "value, the same bytes as "
         "llama.cpp. Source: ggml-quants.c."));
ROW (q5_1,
     N_ ("ggml q5_1"),
     5,
     N_ ("5-bit codes with a float16 scale and a float16 minimum per block of 32: 6 bits a value, "
         "the same bytes as "
         "llama.cpp. Source: ggml-quants.c."));
ROW (q8_0,
     N_ ("ggml q8_0"),
     8,
     N_ ("8-bit codes with a float16 scale per block of 32, halves rounded away from zero: 8.5 "
         "bits a value, the same bytes "
         "as llama.cpp. Source: ggml-quants.c."));
