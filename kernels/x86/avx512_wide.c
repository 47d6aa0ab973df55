/* Products of 16-bit codes with vpdpwssd: sums of a few pairs in int32, widened to int64 before
 * they can overflow.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <string.h>

#define DOT_16(sum, a, w) __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(w))

/* 6 × 16: six or twelve int32 sums, and twelve registers of int64 sums. Where fewer than FEW pairs
 * fit in int32, weights are split into bytes, of which HALF_CHUNK pairs do: two products are less
 * work than to widen so often. */
enum { MAX_ROWS = 6, FEW = 8, HALF_CHUNK = INT32_MAX / (2 * UINT8_MAX * (INT16_MAX + 1)) };

ALWAYS_INLINE void
store_row (const BskTileArgs *t, __m512i low, __m512i high, char *c)
{
  const BskFinish *f = t->finish;
  const __mmask16 mask = mask16 (t->cols);
  __m512 v = _mm512_insertf32x8 (_mm512_castps256_ps512 (_mm512_cvtepi64_ps (low)),
                                 _mm512_cvtepi64_ps (high), 1);
  __m512i q;

  v = _mm512_mul_ps (v, _mm512_loadu_ps (t->m));
  if (f->out == BSK_F32) {
    _mm512_mask_storeu_ps (c, mask, v);
    return;
  }
  v = _mm512_max_ps (_mm512_min_ps (v, _mm512_set1_ps ((float) (f->hi - f->zero))),
                     _mm512_set1_ps ((float) (f->lo - f->zero)));
  q = _mm512_add_epi32 (_mm512_cvtps_epi32 (v), _mm512_set1_epi32 (f->zero));
  if (f->out == BSK_S16)
    _mm256_mask_storeu_epi16 (c, mask, _mm512_cvtepi32_epi16 (q));
  else
    _mm_mask_storeu_epi8 (c, mask,
                          _mm_xor_si128 (_mm512_cvtepi32_epi8 (q), _mm_set1_epi8 ((char) f->flip)));
}

/* sum · 2^shift */
ALWAYS_INLINE void
widen (__m512i sum, const int shift, __m512i *low, __m512i *high)
{
  __m512i l = _mm512_cvtepi32_epi64 (_mm512_castsi512_si256 (sum));
  __m512i h = _mm512_cvtepi32_epi64 (_mm512_extracti64x4_epi64 (sum, 1));

  *low = _mm512_add_epi64 (*low, _mm512_slli_epi64 (l, shift));
  *high = _mm512_add_epi64 (*high, _mm512_slli_epi64 (h, shift));
}

ALWAYS_INLINE void
tile (const BskTileArgs *t, size_t first, const int rows, const bool split)
{
  const uint8_t *a = t->a + first * t->a_row;
  const char *w = t->w;
  const __m512i byte = _mm512_set1_epi16 (UINT8_MAX);
  const int chunk = split ? HALF_CHUNK : t->chunk;
  __m512i low[MAX_ROWS], high[MAX_ROWS];

#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) {
    low[i] = _mm512_loadu_si512 (t->start64);
    high[i] = _mm512_loadu_si512 (t->start64 + 8);
  }
  for (int s = 0; s < t->n_seg; s++) {
    const uint8_t *p = a + t->seg[s];

    for (int q = 0; q < t->quads;) {
      int end = t->quads - q < chunk ? t->quads : q + chunk;
      __m512i sum[MAX_ROWS], upper[MAX_ROWS];

#pragma GCC unroll 6
      for (int i = 0; i < rows; i++)
        sum[i] = upper[i] = _mm512_setzero_si512 ();
      for (; q < end; q++, p += 4, w += 64) {
        __m512i b = _mm512_load_si512 (w), above = _mm512_srai_epi16 (b, 8);

        if (split)
          b = _mm512_and_si512 (b, byte);
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
          __m512i pair;
          int32_t codes;

          memcpy (&codes, p + (size_t) i * t->a_row, 4);
          pair = _mm512_set1_epi32 (codes);
          DOT_16 (sum[i], pair, b);
          if (split)
            DOT_16 (upper[i], pair, above);
        }
      }
#pragma GCC unroll 6
      for (int i = 0; i < rows; i++) {
        widen (sum[i], 0, &low[i], &high[i]);
        if (split)
          widen (upper[i], 8, &low[i], &high[i]);
      }
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
    store_row (t, low[i], high[i], (char *) t->c + (first + (size_t) i) * t->c_row);
}

ALWAYS_INLINE void
tiles (const BskTileArgs *t, const bool split)
{
  size_t i = 0;

  for (; i + 6 <= t->rows; i += 6)
    tile (t, i, 6, split);
  for (; i + 3 <= t->rows; i += 3)
    tile (t, i, 3, split);
  for (; i < t->rows; i++)
    tile (t, i, 1, split);
}

static void
gemm_tile_16 (const BskTileArgs *t)
{
  if (t->chunk < FEW)
    tiles (t, true);
  else
    tiles (t, false);
}

void
bsk_avx512_wide_init (BskTable *table)
{
  table->gemm_tile_16 = gemm_tile_16;
}
