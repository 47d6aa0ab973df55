/* Float convolution with AVX-512: output pixels × output channels in registers.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* Three vectors of weights and one of the input are there besides the sums. */
#define V __m512
#define LANES 16
#define MOST 14
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define Mask __mmask16
#define mask_of mask16
#define LOAD_SOME _mm512_maskz_loadu_ps
#define STORE_SOME _mm512_mask_storeu_ps
#define FMA _mm512_fmadd_ps
#define MIN _mm512_min_ps
#define MAX _mm512_max_ps
#define SET1 _mm512_set1_ps
#include "float.inc"

/* Up to four vectors of output channels; the last may be short. */
typedef struct {
  int first;
  __mmask16 there[4];
} Units;

ALWAYS_INLINE Units
units_of (const BskFloatTile *t, int first)
{
  int cols = t->cols - 16 * first;

  return (Units){ first,
                  { mask16 (cols), mask16 (cols - 16), mask16 (cols - 32), mask16 (cols - 48) } };
}

/* Sums of `pixels` × `units` vectors, numbers known to the compiler; 24 fill the registers. */
typedef struct {
  __m512 v[14][4];
} Sums;

ALWAYS_INLINE void
open (const BskFloatTile *t, const Units *own, Sums *sum, const int pixels, const int units)
{
#pragma GCC unroll 14
  for (int p = 0; p < pixels; p++)
#pragma GCC unroll 4
    for (int u = 0; u < units; u++)
      sum->v[p][u] = _mm512_loadu_ps (t->start + 16 * (own->first + u));
}

ALWAYS_INLINE void
store (const BskFloatTile *t,
       size_t pixel,
       const Units *own,
       const Sums *sum,
       const int pixels,
       const int units)
{
  const __m512 lo = _mm512_set1_ps (t->lo), hi = _mm512_set1_ps (t->hi);
  float *c = t->c + pixel * t->c_px + 16 * (size_t) own->first;

#pragma GCC unroll 14
  for (int p = 0; p < pixels; p++, c += t->c_px)
#pragma GCC unroll 4
    for (int u = 0; u < units; u++)
      _mm512_mask_storeu_ps (c + 16 * u, own->there[u],
                             _mm512_min_ps (hi, _mm512_max_ps (lo, sum->v[p][u])));
}

ALWAYS_INLINE void
dense (const BskFloatTile *t, size_t pixel, const Units *own, const int pixels, const int units)
{
  const size_t step = t->a_px;
  Sums sum;

  open (t, own, &sum, pixels, units);
  for (int s = 0; s < t->n_seg; s++) {
    const float *a = t->a + (ptrdiff_t) (pixel * step) + t->seg[s].a,
                *w = t->w + (size_t) own->first * t->w_unit + 16 * t->seg[s].w;
    const float *a4 = a + 4 * step, *a8 = a + 8 * step,
                *a12 = a + 12 * step; /* four bases reach all pixels */

    for (int k = 0; k < t->seg[s].len; k++, a++, a4++, a8++, a12++, w += 16) {
      __m512 column[4];

#pragma GCC unroll 4
      for (int u = 0; u < units; u++)
        column[u] = _mm512_loadu_ps (w + (size_t) u * t->w_unit);
#pragma GCC unroll 14
      for (int p = 0; p < pixels; p++) {
        const float *from = p < 4 ? a : p < 8 ? a4 : p < 12 ? a8 : a12;
        __m512 x = _mm512_set1_ps (from[(size_t) (p % 4) * step]);

#pragma GCC unroll 4
        for (int u = 0; u < units; u++)
          sum.v[p][u] = _mm512_fmadd_ps (x, column[u], sum.v[p][u]);
      }
    }
  }
  store (t, pixel, own, &sum, pixels, units);
}

/* All pixels of some units. */
ALWAYS_INLINE void
dense_units (const BskFloatTile *t, int first, const int most, const int units)
{
  const Units own = units_of (t, first);
  const Cut cut = cut_pixels (t->pixels, (size_t) most);

  for (size_t i = 0, p = 0, size; i < cut.tiles; i++, p += size) {
    size = cut.size + (i < cut.longer);
    switch (size) {
#define TILE(n)                                                                                    \
  case n:                                                                                          \
    if (n <= most)                                                                                 \
      dense (t, p, &own, n, units);                                                                \
    break;
      EACH_SIZE (TILE)
#undef TILE
    }
  }
}

static void
dense_f32 (const BskFloatTile *t)
{
  int units = (t->cols + 15) / 16;

  for (int u = 0, left; (left = units - u) > 0;)
    if (left == 1) {
      dense_units (t, u, 14, 1);
      u += 1;
    } else if (left == 2) {
      dense_units (t, u, 12, 2);
      u += 2;
    } else if (left % 4 == 1 || left == 3 || left == 6) {
      dense_units (t, u, 8, 3);
      u += 3;
    } else {
      dense_units (t, u, 6, 4);
      u += 4;
    }
}

void
bsk_avx512_float_init (BskTable *table)
{
  table->dense_f32 = dense_f32;
  table->depthwise_f32 = depthwise_f32;
}
