/* Float convolution with AVX2: six output pixels × 16 output channels in registers, or 12 × 8.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

ALWAYS_INLINE __m256i
mask_of (int n)
{
  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 (n), _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7));
}

/* Three vectors of weights and one of the input are there besides the sums. */
#define V __m256
#define LANES 8
#define MOST 10
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define Mask __m256i
#define LOAD_SOME(mask, p) _mm256_maskload_ps (p, mask)
#define STORE_SOME _mm256_maskstore_ps
#define FMA _mm256_fmadd_ps
#define MIN _mm256_min_ps
#define MAX _mm256_max_ps
#define SET1 _mm256_set1_ps
#include "float.inc"

/* `halves` vectors of one pixel's channels from unit on. */
ALWAYS_INLINE void
store (const BskFloatTile *t, size_t pixel, int unit, const __m256 *sum, const int halves)
{
  float *c = t->c + pixel * t->c_px + 16 * (size_t) unit;
  float rest[16];
  int cols = t->cols - 16 * unit;

#pragma GCC unroll 2
  for (int half = 0; half < halves; half++)
    _mm256_storeu_ps (
      cols >= 8 * halves ? c + 8 * half : rest + 8 * half,
      _mm256_min_ps (_mm256_set1_ps (t->hi), _mm256_max_ps (_mm256_set1_ps (t->lo), sum[half])));
  if (cols < 8 * halves)
    memcpy (c, rest, (size_t) cols * sizeof *c);
}

ALWAYS_INLINE void
dense (const BskFloatTile *t, size_t pixel, int unit, const int pixels, const int halves)
{
  __m256 sum[12][2];
  const size_t step = t->a_px;

#pragma GCC unroll 12
  for (int p = 0; p < pixels; p++)
#pragma GCC unroll 2
    for (int half = 0; half < halves; half++)
      sum[p][half] = _mm256_loadu_ps (t->start + 16 * unit + 8 * half);
  for (int s = 0; s < t->n_seg; s++) {
    const float *a = t->a + pixel * step + t->seg[s].a,
                *w = t->w + (size_t) unit * t->w_unit + 16 * t->seg[s].w;
    const float *a3 = a + 3 * step, *a6 = a + 6 * step, *a9 = a + 9 * step;

    for (int k = 0; k < t->seg[s].len; k++, a++, a3++, a6++, a9++, w += 16) {
      __m256 column[2];

#pragma GCC unroll 2
      for (int half = 0; half < halves; half++)
        column[half] = _mm256_loadu_ps (w + 8 * half);
#pragma GCC unroll 12
      for (int p = 0; p < pixels; p++) {
        const float *from = p < 3 ? a : p < 6 ? a3 : p < 9 ? a6 : a9;
        __m256 x = _mm256_broadcast_ss (from + (size_t) (p % 3) * step);

#pragma GCC unroll 2
        for (int half = 0; half < halves; half++)
          sum[p][half] = _mm256_fmadd_ps (x, column[half], sum[p][half]);
      }
    }
  }
#pragma GCC unroll 12
  for (int p = 0; p < pixels; p++)
    store (t, pixel + (size_t) p, unit, sum[p], halves);
}

/* All pixels of one unit. */
ALWAYS_INLINE void
dense_unit (const BskFloatTile *t, int unit, const int most, const int halves)
{
  const Cut cut = cut_pixels (t->pixels, (size_t) most);

  for (size_t i = 0, p = 0, size; i < cut.tiles; i++, p += size) {
    size = cut.size + (i < cut.longer);
    switch (size) {
#define TILE(n)                                                                                    \
  case n:                                                                                          \
    if (n <= most)                                                                                 \
      dense (t, p, unit, n, halves);                                                               \
    break;
      EACH_SIZE (TILE)
#undef TILE
    }
  }
}

static void
dense_f32 (const BskFloatTile *t)
{
  for (int unit = 0; 16 * unit < t->cols; unit++)
    if (t->cols - 16 * unit > 8)
      dense_unit (t, unit, 6, 2);
    else
      dense_unit (t, unit, 12, 1);
}

void
bsk_avx2_float_init (BskTable *table)
{
  table->dense_f32 = dense_f32;
  table->depthwise_f32 = depthwise_f32;
}
