/* Float convolution with AVX2: six output pixels × 16 output channels in registers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

/* Both halves of one pixel's 16 channels from unit on. */
ALWAYS_INLINE void
store (const BskFloatTile *t, size_t pixel, int unit, const __m256 *sum)
{
  float *c = t->c + pixel * t->c_px + 16 * (size_t) unit;
  float rest[16];
  int cols = t->cols - 16 * unit;

  for (int half = 0; half < 2; half++)
    _mm256_storeu_ps (
      cols >= 16 ? c + 8 * half : rest + 8 * half,
      _mm256_min_ps (_mm256_set1_ps (t->hi), _mm256_max_ps (_mm256_set1_ps (t->lo), sum[half])));
  if (cols < 16)
    memcpy (c, rest, (size_t) cols * sizeof *c);
}

ALWAYS_INLINE void
dense (const BskFloatTile *t, size_t pixel, int unit, const int pixels)
{
  __m256 sum[6][2];
  const size_t step = t->a_px;

#pragma GCC unroll 6
  for (int p = 0; p < pixels; p++) {
    sum[p][0] = _mm256_loadu_ps (t->start + 16 * unit);
    sum[p][1] = _mm256_loadu_ps (t->start + 16 * unit + 8);
  }
  for (int s = 0; s < t->n_seg; s++) {
    const float *a = t->a + pixel * step + t->seg[s].a,
                *w = t->w + (size_t) unit * t->w_unit + 16 * t->seg[s].w;
    const float *a3 = a + 3 * step;

    for (int k = 0; k < t->seg[s].len; k++, a++, a3++, w += 16) {
      __m256 low = _mm256_loadu_ps (w), high = _mm256_loadu_ps (w + 8);

#pragma GCC unroll 6
      for (int p = 0; p < pixels; p++) {
        __m256 x = _mm256_broadcast_ss ((p < 3 ? a : a3) + (size_t) (p % 3) * step);

        sum[p][0] = _mm256_fmadd_ps (x, low, sum[p][0]);
        sum[p][1] = _mm256_fmadd_ps (x, high, sum[p][1]);
      }
    }
  }
#pragma GCC unroll 6
  for (int p = 0; p < pixels; p++)
    store (t, pixel + (size_t) p, unit, sum[p]);
}

static void
dense_f32 (const BskFloatTile *t)
{
  for (int unit = 0; unit < (t->cols + 15) / 16; unit++) {
    size_t p = 0;

    for (; p + 6 <= t->pixels; p += 6)
      dense (t, p, unit, 6);
    for (; p + 3 <= t->pixels; p += 3)
      dense (t, p, unit, 3);
    for (; p < t->pixels; p++)
      dense (t, p, unit, 1);
  }
}

ALWAYS_INLINE __m256
load_some (const float *x, int n)
{
  float rest[8] = { 0 };

  if (n >= 8)
    return _mm256_loadu_ps (x);
  if (n > 0)
    memcpy (rest, x, (size_t) n * sizeof *x);
  return _mm256_loadu_ps (rest);
}

ALWAYS_INLINE void
depthwise (const BskFloatTile *t, size_t pixel, int unit, const int pixels, const bool whole)
{
  __m256 sum[4][2];
  int cols = whole ? 16 : t->cols - 16 * unit;

#pragma GCC unroll 4
  for (int p = 0; p < pixels; p++) {
    sum[p][0] = _mm256_loadu_ps (t->start + 16 * unit);
    sum[p][1] = _mm256_loadu_ps (t->start + 16 * unit + 8);
  }
  for (int s = 0; s < t->n_seg; s++) {
    const float *a = t->a + pixel * t->a_px + t->seg[s].a + 16 * unit,
                *w = t->w + t->seg[s].w * t->w_unit + 16 * (size_t) unit;
    __m256 low = _mm256_loadu_ps (w), high = _mm256_loadu_ps (w + 8);

#pragma GCC unroll 4
    for (int p = 0; p < pixels; p++) {
      const float *x = a + (size_t) p * t->a_px;

      sum[p][0] = _mm256_fmadd_ps (load_some (x, cols), low, sum[p][0]);
      sum[p][1] = _mm256_fmadd_ps (cols > 8 ? load_some (x + 8, cols - 8) : _mm256_setzero_ps (),
                                   high, sum[p][1]);
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < pixels; p++)
    store (t, pixel + (size_t) p, unit, sum[p]);
}

static void
depthwise_f32 (const BskFloatTile *t)
{
  for (int unit = 0; unit < (t->cols + 15) / 16; unit++) {
    bool whole = t->cols - 16 * unit >= 16;
    size_t p = 0;

    for (; whole && p + 4 <= t->pixels; p += 4)
      depthwise (t, p, unit, 4, true);
    for (; p < t->pixels; p++)
      depthwise (t, p, unit, 1, whole);
  }
}

void
bsk_avx2_float_init (BskTable *table)
{
  table->dense_f32 = dense_f32;
  table->depthwise_f32 = depthwise_f32;
}
