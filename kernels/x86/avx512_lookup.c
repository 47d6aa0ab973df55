/* Lookup in a table of 256 bytes with AVX-512 VBMI.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* Each half of the table is two registers, which one permutation looks 64 codes up in; the codes'
 * top bit chooses between the halves. */
ALWAYS_INLINE __m512i
look_up (const __m512i *table, __m512i codes)
{
  __m512i low = _mm512_permutex2var_epi8 (table[0], codes, table[1]);
  __m512i high = _mm512_permutex2var_epi8 (table[2], codes, table[3]);

  return _mm512_mask_mov_epi8 (low, _mm512_movepi8_mask (codes), high);
}

static void
lookup (const uint8_t *table, const uint8_t *a, size_t n, uint8_t *c)
{
  __m512i quarter[4];
  size_t i = 0;

  for (int j = 0; j < 4; j++)
    quarter[j] = _mm512_loadu_si512 (table + 64 * j);
  for (; i + 64 <= n; i += 64)
    _mm512_storeu_si512 (c + i, look_up (quarter, _mm512_loadu_si512 (a + i)));
  if (i < n) {
    __mmask64 rest = mask64 (n - i);

    _mm512_mask_storeu_epi8 (c + i, rest, look_up (quarter, _mm512_maskz_loadu_epi8 (rest, a + i)));
  }
}

void
bsk_avx512_lookup_init (BskTable *table)
{
  table->lookup = lookup;
}
