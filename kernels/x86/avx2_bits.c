/* Products of bits with AVX2: counts of nibbles by table lookup, summed in bytes and widened now
 * and then.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

/* 2 × 8 columns of 64 bits. A word adds at most 8 to each byte, so 31 words fit before widening. */
enum { MAX_ROWS = 2, VECS = 2, WORDS_PER_BYTE = 31 };

ALWAYS_INLINE __m256i
popcount_bytes (__m256i v)
{
  const __m256i table = _mm256_setr_epi8 (0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                          2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8 (15);

  return _mm256_add_epi8 (
    _mm256_shuffle_epi8 (table, _mm256_and_si256 (v, low)),
    _mm256_shuffle_epi8 (table, _mm256_and_si256 (_mm256_srli_epi16 (v, 4), low)));
}

ALWAYS_INLINE void
tile (const BskBitsTile *t, size_t first, const int rows, const BskBitOp op)
{
  const uint64_t *a = t->a + first * t->a_row, *w = t->w;
  __m256i sum[MAX_ROWS * VECS];

#pragma GCC unroll 4
  for (int i = 0; i < rows * VECS; i++)
    sum[i] = _mm256_setzero_si256 ();
  for (int k = 0; k < t->words;) {
    int end = k + WORDS_PER_BYTE < t->words ? k + WORDS_PER_BYTE : t->words;
    __m256i bytes[MAX_ROWS * VECS];

#pragma GCC unroll 4
    for (int i = 0; i < rows * VECS; i++)
      bytes[i] = _mm256_setzero_si256 ();
    for (; k < end; k++, w += 4 * VECS)
#pragma GCC unroll 2
      for (int i = 0; i < rows; i++) {
        __m256i x = _mm256_set1_epi64x ((long long) a[(size_t) i * t->a_row + (size_t) k]);

#pragma GCC unroll 2
        for (int j = 0; j < VECS; j++) {
          __m256i b = _mm256_loadu_si256 ((const void *) (w + 4 * j));
          __m256i both = op == BSK_XOR ? _mm256_xor_si256 (x, b) : _mm256_and_si256 (x, b);

          bytes[i * VECS + j] = _mm256_add_epi8 (bytes[i * VECS + j], popcount_bytes (both));
        }
      }
#pragma GCC unroll 4
    for (int i = 0; i < rows * VECS; i++)
      sum[i] = _mm256_add_epi64 (sum[i], _mm256_sad_epu8 (bytes[i], _mm256_setzero_si256 ()));
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < VECS; j++) {
      int32_t *c = t->c + (first + (size_t) i) * t->c_row + 4 * j;
      uint64_t count[4];

      _mm256_storeu_si256 ((void *) count, sum[i * VECS + j]);
      for (int l = 0; l < 4 && 4 * j + l < t->cols; l++) {
        uint32_t from = (uint32_t) (t->how->accumulate ? c[l] : t->how->offset);

        c[l] = (int32_t) (from + (uint32_t) t->how->factor * (uint32_t) count[l]);
      }
    }
}

static void
bits_tile (const BskBitsTile *t)
{
  size_t i = 0;

  for (; i + 2 <= t->rows; i += 2)
    if (t->how->op == BSK_XOR)
      tile (t, i, 2, BSK_XOR);
    else
      tile (t, i, 2, BSK_AND);
  if (i < t->rows) {
    if (t->how->op == BSK_XOR)
      tile (t, i, 1, BSK_XOR);
    else
      tile (t, i, 1, BSK_AND);
  }
}

void
bsk_avx2_bits_init (BskTable *table)
{
  table->bits_lanes = 4 * VECS;
  table->bits_tile = bits_tile;
}
