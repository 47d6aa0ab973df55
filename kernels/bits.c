/* Products of bits by xor or and, and popcount: packing and panels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <string.h>

#define BITS_MAGIC 0x73746962736b7362u

typedef struct {
  uint64_t magic;
  const BskTable *table;
  int n, words;
} Header;

static const size_t header_bytes = BSK_ALIGN;

static bool
sizes (const BskTable *table, int n, int k, size_t *words, size_t *bytes)
{
  size_t lanes = (size_t) table->bits_lanes;

  if (n < 1 || k < 1)
    return false;
  *words = ((size_t) k + 63) / 64;
  if (!bsk_size_mul (((size_t) n + lanes - 1) / lanes * lanes * 8, *words, bytes) ||
      *bytes > SIZE_MAX / 2)
    return false;
  *bytes = bsk_align (header_bytes + *bytes);
  return true;
}

size_t
bsk_bits_bytes (int n, int k)
{
  size_t words, bytes;

  return sizes (bsk_table (), n, k, &words, &bytes) ? bytes : 0;
}

BskStatus
bsk_bits_pack (int n, int k, const uint64_t *w, size_t ldw, void *packed)
{
  const BskTable *table = bsk_table ();
  size_t words, bytes, lanes = (size_t) table->bits_lanes;
  Header *header = packed;
  uint64_t *out;

  if (n < 1 || k < 1 || !w || !packed)
    return BSK_EINVAL;
  if (!sizes (table, n, k, &words, &bytes))
    return BSK_ERANGE;
  if (ldw < words)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  memset (packed, 0, bytes);
  *header = (Header){ .magic = BITS_MAGIC, .table = table, .n = n, .words = (int) words };
  out = (uint64_t *) ((char *) packed + header_bytes);
  for (size_t i = 0; i < (size_t) n; i++)
    for (size_t j = 0; j < words; j++)
      out[(i / lanes * words + j) * lanes + i % lanes] = w[i * ldw + j];
  return BSK_OK;
}

BskStatus
bsk_gemm_bits (const void *packed,
               const BskBitsArgs *args,
               const uint64_t *a,
               size_t lda,
               int32_t *c,
               size_t ldc,
               size_t m0,
               size_t m1)
{
  const Header *header = packed;
  BskBitsTile tile;
  int lanes;

  if (!packed || (uintptr_t) packed % BSK_ALIGN || header->magic != BITS_MAGIC || !args ||
      m0 > m1 || (args->op != BSK_XOR && args->op != BSK_AND))
    return BSK_EINVAL;
  if (m0 == m1)
    return BSK_OK;
  if (!a || !c || lda < (size_t) header->words || ldc < (size_t) header->n)
    return BSK_EINVAL;
  lanes = header->table->bits_lanes;
  tile = (BskBitsTile){ .a = a + m0 * lda,
                        .a_row = lda,
                        .w = (const uint64_t *) ((const char *) packed + header_bytes),
                        .words = header->words,
                        .c_row = ldc,
                        .rows = m1 - m0,
                        .how = args };
  for (int n = 0; n < header->n; n += lanes) {
    tile.cols = header->n - n < lanes ? header->n - n : lanes;
    tile.c = c + m0 * ldc + n;
    header->table->bits_tile (&tile);
    tile.w += (size_t) lanes * (size_t) header->words;
  }
  return BSK_OK;
}
