/* Minimum and maximum with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <math.h>

/* Values whose extrema are found as if all were finite. */
enum { MINMAX_BLOCK = 4096 };

typedef struct {
  __m512 low, high;
} Extrema;

/* Returns how many are not finite. */
static size_t
minmax_careful (const float *x, size_t n, Extrema *e)
{
  size_t bad = 0;

  for (size_t i = 0; i < n; i += 16) {
    __mmask16 mask = n - i < 16 ? mask16 ((int) (n - i)) : 0xffff;
    __m512 v = _mm512_maskz_loadu_ps (mask, x + i);
    __mmask16 good = is_finite (v) & mask;

    bad += (size_t) __builtin_popcount (mask & ~good);
    e->low = _mm512_mask_min_ps (e->low, good, e->low, v);
    e->high = _mm512_mask_max_ps (e->high, good, e->high, v);
  }
  return bad;
}

/* Without the sign a float's bits have its order, and what is not finite is above all others. */
ALWAYS_INLINE __m512i
largest_size (__m512i sizes, __m512 v)
{
  return _mm512_max_epu32 (sizes, _mm512_slli_epi32 (_mm512_castps_si512 (v), 1));
}

ALWAYS_INLINE bool
all_finite (__m512i sizes)
{
  return _mm512_cmpge_epu32_mask (sizes, _mm512_set1_epi32 ((int) 0xFF000000u)) == 0;
}

/* 64 m values. Returns false, and nothing of use, when something was not finite. */
ALWAYS_INLINE bool
minmax_fast (const float *x, size_t n, Extrema *e)
{
  __m512i sizes = _mm512_setzero_si512 ();
  __m512 low[4], high[4];

  for (int j = 0; j < 4; j++) {
    low[j] = e->low;
    high[j] = e->high;
  }
  for (size_t i = 0; i < n; i += 64)
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      __m512 v = _mm512_loadu_ps (x + i + 16 * j);

      _mm_prefetch ((const char *) (x + i + 16 * j + BSK_AHEAD), _MM_HINT_T0);
      low[j] = _mm512_min_ps (low[j], v);
      high[j] = _mm512_max_ps (high[j], v);
      sizes = largest_size (sizes, v);
    }
  if (!all_finite (sizes))
    return false;
  e->low = _mm512_min_ps (_mm512_min_ps (low[0], low[1]), _mm512_min_ps (low[2], low[3]));
  e->high = _mm512_max_ps (_mm512_max_ps (high[0], high[1]), _mm512_max_ps (high[2], high[3]));
  return true;
}

static void
minmax (const float *x, size_t n, float *min, float *max, size_t *n_not_finite)
{
  Extrema e = { _mm512_set1_ps (*min), _mm512_set1_ps (*max) };
  size_t head = (size_t) - (uintptr_t) x % 64 / 4;

  /* Loads that cross lines would halve the speed, from memory too, and malloc gives 16 past one. */
  if (n >= MINMAX_BLOCK) {
    *n_not_finite += minmax_careful (x, head, &e);
    x += head;
    n -= head;
  }
  for (size_t i = 0; i < n; i += MINMAX_BLOCK) {
    size_t count = n - i < MINMAX_BLOCK ? n - i : MINMAX_BLOCK, whole = count & ~(size_t) 63;

    if (!minmax_fast (x + i, whole, &e))
      whole = 0;
    *n_not_finite += minmax_careful (x + i + whole, count - whole, &e);
  }
  *min = _mm512_reduce_min_ps (e.low);
  *max = _mm512_reduce_max_ps (e.high);
}

ALWAYS_INLINE __m512
pick (__m512 a, __m512 b, const bool largest)
{
  return largest ? _mm512_max_ps (a, b) : _mm512_min_ps (a, b);
}

/* Four vectors to one: lanes 4 i … 4 i + 3 of the result together hold the extremum of vector i. */
ALWAYS_INLINE __m512
across (__m512 a, __m512 b, __m512 c, __m512 d, const bool largest)
{
  __m512 ab = pick (_mm512_shuffle_f32x4 (a, b, 0x44), _mm512_shuffle_f32x4 (a, b, 0xEE), largest);
  __m512 cd = pick (_mm512_shuffle_f32x4 (c, d, 0x44), _mm512_shuffle_f32x4 (c, d, 0xEE), largest);

  return pick (_mm512_shuffle_f32x4 (ab, cd, 0x88), _mm512_shuffle_f32x4 (ab, cd, 0xDD), largest);
}

/* Of each four lanes to one. */
ALWAYS_INLINE __m128
within (__m512 v, const bool largest)
{
  const __m512i first = _mm512_setr_epi32 (0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  v = pick (v, _mm512_permute_ps (v, 0x4E), largest);
  v = pick (v, _mm512_permute_ps (v, 0xB1), largest);
  return _mm512_castps512_ps128 (_mm512_permutexvar_ps (first, v));
}

/* Four short rows of 16 m values. Returns false when something was not finite. */
ALWAYS_INLINE bool
minmax_four (const float *x, size_t inner, float *min, float *max)
{
  __m512 low[4], high[4];
  __m512i sizes = _mm512_setzero_si512 ();

#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    const float *from = x + (size_t) r * inner;

    low[r] = high[r] = _mm512_loadu_ps (from);
    sizes = largest_size (sizes, low[r]);
    for (size_t i = 16; i < inner; i += 16) {
      __m512 v = _mm512_loadu_ps (from + i);

      low[r] = _mm512_min_ps (low[r], v);
      high[r] = _mm512_max_ps (high[r], v);
      sizes = largest_size (sizes, v);
    }
  }
  _mm_storeu_ps (min, within (across (low[0], low[1], low[2], low[3], false), false));
  _mm_storeu_ps (max, within (across (high[0], high[1], high[2], high[3], true), true));
  return all_finite (sizes);
}

static void
minmax_rows (const float *x,
             size_t rows,
             size_t inner,
             float *min,
             float *max,
             size_t *n_not_finite)
{
  size_t row = 0, end;

  while (row < rows) {
    /* Longer rows are better off with the fetching of the other. */
    if (inner % 16 == 0 && inner > 0 && inner < 128 && row + 4 <= rows &&
        minmax_four (x + row * inner, inner, min + row, max + row)) {
      row += 4;
      continue;
    }
    for (end = row + 4 < rows ? row + 4 : rows; row < end; row++) {
      min[row] = INFINITY;
      max[row] = -INFINITY;
      minmax (x + row * inner, inner, &min[row], &max[row], n_not_finite);
    }
  }
}

void
bsk_avx512_minmax_init (BskTable *table)
{
  table->minmax = minmax;
  table->minmax_rows = minmax_rows;
}
