/* Products of 16-bit codes with AVX2: sums of a few pairs in int32, widened to int64 before they
 * can overflow.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

#include <math.h>

enum { MAX_ROWS = 3 };

/* The int64 sums leave through memory: AVX2 cannot convert them. */
static void
store_row (const BskTileArgs *t, const int64_t *sum, char *c)
{
  const BskFinish *f = t->finish;
  const float lo = (float) (f->lo - f->zero), hi = (float) (f->hi - f->zero);

  for (int i = 0; i < t->cols; i++) {
    float value = (float) sum[i] * t->m[i], r = rintf (value);
    int32_t code;

    if (f->out == BSK_F32) {
      memcpy (c + 4 * i, &value, 4);
      continue;
    }
    r = r < lo ? lo : r > hi ? hi : r;
    code = (int32_t) r + f->zero;
    if (f->out == BSK_S16)
      memcpy (c + 2 * i, &(int16_t){ (int16_t) code }, 2);
    else
      c[i] = (char) (code ^ f->flip);
  }
}

ALWAYS_INLINE void
tile (const BskTileArgs *t, size_t first, const int rows)
{
  const uint8_t *a = t->a + first * t->a_row;
  const char *w = t->w;
  __m256i low[MAX_ROWS], high[MAX_ROWS];

#pragma GCC unroll 3
  for (int i = 0; i < rows; i++) {
    low[i] = _mm256_loadu_si256 ((const void *) t->start64);
    high[i] = _mm256_loadu_si256 ((const void *) (t->start64 + 4));
  }
  for (int s = 0; s < t->n_seg; s++) {
    const uint8_t *p = a + t->seg[s];

    for (int q = 0; q < t->quads;) {
      int end = t->quads - q < t->chunk ? t->quads : q + t->chunk;
      __m256i sum[MAX_ROWS];

#pragma GCC unroll 3
      for (int i = 0; i < rows; i++)
        sum[i] = _mm256_setzero_si256 ();
      for (; q < end; q++, p += 4, w += 32) {
        __m256i b = _mm256_loadu_si256 ((const void *) w);

#pragma GCC unroll 3
        for (int i = 0; i < rows; i++) {
          int32_t pair;

          memcpy (&pair, p + (size_t) i * t->a_row, 4);
          sum[i] = _mm256_add_epi32 (sum[i], _mm256_madd_epi16 (_mm256_set1_epi32 (pair), b));
        }
      }
#pragma GCC unroll 3
      for (int i = 0; i < rows; i++) {
        low[i] = _mm256_add_epi64 (low[i], _mm256_cvtepi32_epi64 (_mm256_castsi256_si128 (sum[i])));
        high[i] =
          _mm256_add_epi64 (high[i], _mm256_cvtepi32_epi64 (_mm256_extracti128_si256 (sum[i], 1)));
      }
    }
  }
#pragma GCC unroll 3
  for (int i = 0; i < rows; i++) {
    int64_t sums[8];

    _mm256_storeu_si256 ((void *) sums, low[i]);
    _mm256_storeu_si256 ((void *) (sums + 4), high[i]);
    store_row (t, sums, (char *) t->c + (first + (size_t) i) * t->c_row);
  }
}

static void
gemm_tile_16 (const BskTileArgs *t)
{
  size_t i = 0;

  for (; i + 3 <= t->rows; i += 3)
    tile (t, i, 3);
  for (; i < t->rows; i++)
    tile (t, i, 1);
}

void
bsk_avx2_wide_init (BskTable *table)
{
  table->gemm_tile_16 = gemm_tile_16;
}
