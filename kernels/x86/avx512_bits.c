/* Products of bits with VPOPCNTDQ: lanes are output channels, words of A are broadcast, no
 * horizontal sums.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* 6 × 32: 24 accumulators of eight 64-bit counts. */
enum { MAX_ROWS = 6, VECS = 4 };

ALWAYS_INLINE void
tile (const BskBitsTile *t, size_t first, const int rows, const BskBitOp op)
{
  const uint64_t *a = t->a + first * t->a_row, *w = t->w;
  const __m512i factor = _mm512_set1_epi32 (t->how->factor),
                offset = _mm512_set1_epi32 (t->how->offset);
  const __m512i evens =
    _mm512_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  __m512i sum[MAX_ROWS * VECS];

#pragma GCC unroll 24
  for (int i = 0; i < rows * VECS; i++)
    sum[i] = _mm512_setzero_si512 ();
  for (int k = 0; k < t->words; k++, w += 8 * VECS) {
    __m512i b[VECS];

#pragma GCC unroll 4
    for (int j = 0; j < VECS; j++)
      b[j] = _mm512_load_si512 (w + 8 * j);
#pragma GCC unroll 6
    for (int i = 0; i < rows; i++) {
      __m512i x = _mm512_set1_epi64 ((long long) a[(size_t) i * t->a_row + (size_t) k]);

#pragma GCC unroll 4
      for (int j = 0; j < VECS; j++) {
        __m512i both = op == BSK_XOR ? _mm512_xor_si512 (x, b[j]) : _mm512_and_si512 (x, b[j]);

        sum[i * VECS + j] = _mm512_add_epi64 (sum[i * VECS + j], _mm512_popcnt_epi64 (both));
      }
    }
  }
  /* Two vectors of counts make one of sums. */
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < VECS; j += 2) {
      int32_t *c = t->c + (first + (size_t) i) * t->c_row + 8 * j;
      __mmask16 mask = mask16 (t->cols - 8 * j);
      __m512i from = t->how->accumulate ? _mm512_maskz_loadu_epi32 (mask, c) : offset;
      __m512i count = _mm512_permutex2var_epi32 (sum[i * VECS + j], evens, sum[i * VECS + j + 1]);

      _mm512_mask_storeu_epi32 (c, mask,
                                _mm512_add_epi32 (from, _mm512_mullo_epi32 (factor, count)));
    }
}

ALWAYS_INLINE void
all_rows (const BskBitsTile *t, const BskBitOp op)
{
  for (size_t done = 0, rows; done < t->rows; done += rows) {
    size_t left = t->rows - done;

    rows = left < MAX_ROWS ? left : MAX_ROWS;
    switch (rows) {
    case 1:
      tile (t, done, 1, op);
      break;
    case 2:
      tile (t, done, 2, op);
      break;
    case 3:
      tile (t, done, 3, op);
      break;
    case 4:
      tile (t, done, 4, op);
      break;
    case 5:
      tile (t, done, 5, op);
      break;
    default:
      tile (t, done, 6, op);
    }
  }
}

static void
bits_tile (const BskBitsTile *t)
{
  if (t->how->op == BSK_XOR)
    all_rows (t, BSK_XOR);
  else
    all_rows (t, BSK_AND);
}

void
bsk_avx512_bits_init (BskTable *table)
{
  table->bits_lanes = 8 * VECS;
  table->bits_tile = bits_tile;
}
