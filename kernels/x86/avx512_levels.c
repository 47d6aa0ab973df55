/* Codes of level tables with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* The entry of table for each index, whose bits above those that count are ignored. A table of 16 is
 * one permutation, of 32 one of two vectors; of larger ones each pair is looked up and the index's
 * next bits choose: 8 lookups and 7 choices for 256 entries take a third of the time of a gather. */
ALWAYS_INLINE __m512
look_up (const __m512 *table, __m512i index, const int n)
{
  __m512 found[8];

  if (n <= 16)
    return _mm512_permutexvar_ps (index, *table);
#pragma GCC unroll 8
  for (int i = 0; i < n / 32; i++)
    found[i] = _mm512_permutex2var_ps (table[2 * i], index, table[2 * i + 1]);
#pragma GCC unroll 3
  for (int left = n / 64, bit = 32; left > 0; left /= 2, bit *= 2) {
    __mmask16 upper = _mm512_test_epi32_mask (index, _mm512_set1_epi32 (bit));

#pragma GCC unroll 4
    for (int i = 0; i < left; i++)
      found[i] = _mm512_mask_mov_ps (found[2 * i], upper, found[2 * i + 1]);
  }
  return found[0];
}

typedef struct {
  __m512 heap[BSK_LEVELS_MAX / 16], level[BSK_LEVELS_MAX / 16]; /* aligned, other than in levels */
  __m512 scale;
  __m512i nan_code;
} Table;

/* Each vector waits at every node of the tree, so that AT_ONCE of them descend side by side. No
 * branch may come after that: the compiler would move all the way of a vector behind it. */
enum { AT_ONCE = 4 };

ALWAYS_INLINE void
encode_vectors (const Table *k,
                const float *x,
                __mmask16 mask,
                const bool magnitudes,
                int32_t *codes,
                float *y,
                const int height,
                const int vectors)
{
  const __m512i zero = _mm512_setzero_si512 (), one = _mm512_set1_epi32 (1);
  __m512 value[AT_ONCE], v[AT_ONCE];
  __m512i code[AT_ONCE];

#pragma GCC unroll 4
  for (int j = 0; j < vectors; j++) {
    value[j] = _mm512_maskz_loadu_ps (mask, x + 16 * j);
    v[j] = _mm512_div_ps (magnitudes ? _mm512_abs_ps (value[j]) : value[j], k->scale);
    code[j] = one;
  }
#pragma GCC unroll 8
  for (int d = 0; d < height; d++)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
      __m512 threshold = look_up (k->heap + (1 << d) / 16, code[j], 1 << d);
      __mmask16 above = _mm512_cmp_ps_mask (v[j], threshold, _CMP_GT_OQ);

      code[j] = _mm512_add_epi32 (code[j], code[j]);
      code[j] = _mm512_mask_add_epi32 (code[j], above, code[j], one);
    }
#pragma GCC unroll 4
  for (int j = 0; j < vectors; j++) {
    __m512i c = _mm512_sub_epi32 (code[j], _mm512_set1_epi32 (1 << height));
    __m512 level;

    c = _mm512_mask_mov_epi32 (c, _mm512_cmp_ps_mask (v[j], v[j], _CMP_UNORD_Q), k->nan_code);
    level = _mm512_mul_ps (look_up (k->level, c, 1 << height), k->scale);
    if (magnitudes) {
      __mmask16 flip = _mm512_cmp_ps_mask (value[j], _mm512_setzero_ps (), _CMP_LT_OQ) &
                       _mm512_test_epi32_mask (c, c);

      c = _mm512_mask_sub_epi32 (c, flip, zero, c);
      level = _mm512_mask_xor_ps (level, flip, level, _mm512_set1_ps (-0.0f));
    }
    _mm512_mask_storeu_epi32 (codes + 16 * j, mask, c);
    _mm512_mask_storeu_ps (y + 16 * j, mask, level);
  }
}

/* height: of the tree, 4 to 8. */
ALWAYS_INLINE void
encode (const BskLevels *levels,
        const float *x,
        size_t n,
        float scale,
        const bool magnitudes,
        int32_t *codes,
        float *y,
        const int height)
{
  Table k = { .scale = _mm512_set1_ps (scale), .nan_code = _mm512_set1_epi32 (levels->nan_code) };
  size_t i = 0;

#pragma GCC unroll 16
  for (int j = 0; j < 1 << (height - 4); j++) {
    k.heap[j] = _mm512_loadu_ps (levels->heap + 16 * j);
    k.level[j] = _mm512_loadu_ps (levels->level + 16 * j);
  }
  for (; i + 16 * AT_ONCE <= n; i += 16 * AT_ONCE)
    encode_vectors (&k, x + i, 0xffff, magnitudes, codes + i, y + i, height, AT_ONCE);
  for (; i < n; i += 16)
    encode_vectors (&k, x + i, mask16 ((int) (n - i < 16 ? n - i : 16)), magnitudes, codes + i,
                    y + i, height, 1);
}

ALWAYS_INLINE void
choose_height (const BskLevels *levels,
               const float *x,
               size_t n,
               float scale,
               const bool magnitudes,
               int32_t *codes,
               float *y)
{
  int height = bsk_levels_height (levels->n);

  if (height == 4)
    encode (levels, x, n, scale, magnitudes, codes, y, 4);
  else if (height == 5)
    encode (levels, x, n, scale, magnitudes, codes, y, 5);
  else if (height == 6)
    encode (levels, x, n, scale, magnitudes, codes, y, 6);
  else if (height == 7)
    encode (levels, x, n, scale, magnitudes, codes, y, 7);
  else
    encode (levels, x, n, scale, magnitudes, codes, y, 8);
}

static void
quantize_levels (const BskLevels *levels,
                 const float *x,
                 size_t n,
                 float scale,
                 bool magnitudes,
                 int32_t *codes,
                 float *y)
{
  if (magnitudes)
    choose_height (levels, x, n, scale, true, codes, y);
  else
    choose_height (levels, x, n, scale, false, codes, y);
}

void
bsk_avx512_levels_init (BskTable *table)
{
  table->quantize_levels = quantize_levels;
}
