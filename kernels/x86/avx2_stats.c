/* Minimum and maximum, histogram indices and error statistics with AVX2: the 16
 * lanes are two vectors.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"
#include "avx2_reduce.h"

#include <math.h>

/* All ones where finite. */
ALWAYS_INLINE __m256
is_finite (__m256 x)
{
  __m256 size = _mm256_andnot_ps (_mm256_set1_ps (-0.0f), x);

  return _mm256_cmp_ps (size, _mm256_set1_ps (INFINITY), _CMP_LT_OQ);
}

ALWAYS_INLINE unsigned
count (__m256 mask)
{
  return (unsigned) __builtin_popcount ((unsigned) _mm256_movemask_ps (mask));
}

ALWAYS_INLINE float
least (__m256 v)
{
  float lane[8], result = INFINITY;

  _mm256_storeu_ps (lane, v);
  for (int i = 0; i < 8; i++)
    result = lane[i] < result ? lane[i] : result;
  return result;
}

ALWAYS_INLINE __m256
negate (__m256 v)
{
  return _mm256_xor_ps (v, _mm256_set1_ps (-0.0f));
}

/* Eight values, NaN past the end: what is not finite counts nowhere but in n_not_finite. */
ALWAYS_INLINE __m256
load_rest (const float *x, size_t n)
{
  float rest[8] = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };

  memcpy (rest, x, n * sizeof *x);
  return _mm256_loadu_ps (rest);
}

/* Values whose extrema are found as if all were finite. */
enum { MINMAX_BLOCK = 4096 };

typedef struct {
  __m256 low, high;
} Extrema;

/* Returns how many are not finite. */
static size_t
minmax_careful (const float *x, size_t n, Extrema *e)
{
  const __m256 top = _mm256_set1_ps (INFINITY), bottom = _mm256_set1_ps (-INFINITY);
  size_t good = 0;

  for (size_t i = 0; i < n; i += 8) {
    __m256 v = n - i < 8 ? load_rest (x + i, n - i) : _mm256_loadu_ps (x + i), f = is_finite (v);

    e->low = _mm256_min_ps (e->low, _mm256_blendv_ps (top, v, f));
    e->high = _mm256_max_ps (e->high, _mm256_blendv_ps (bottom, v, f));
    good += count (f);
  }
  return n - good;
}

/* 32 m values. Returns false, and nothing of use, when something was not finite: without the sign a
 * float's bits have its order, and what is not finite is above all others. */
ALWAYS_INLINE bool
minmax_fast (const float *x, size_t n, Extrema *e)
{
  const __m256i bad = _mm256_set1_epi32 ((int) 0xFF000000u);
  __m256i sizes = _mm256_setzero_si256 ();
  __m256 low[4], high[4];

  for (int j = 0; j < 4; j++) {
    low[j] = e->low;
    high[j] = e->high;
  }
  for (size_t i = 0; i < n; i += 32) {
    _mm_prefetch ((const char *) (x + i + BSK_AHEAD), _MM_HINT_T0);
    _mm_prefetch ((const char *) (x + i + BSK_AHEAD + 16), _MM_HINT_T0);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      __m256 v = _mm256_loadu_ps (x + i + 8 * j);

      low[j] = _mm256_min_ps (low[j], v);
      high[j] = _mm256_max_ps (high[j], v);
      sizes = _mm256_max_epu32 (sizes, _mm256_slli_epi32 (_mm256_castps_si256 (v), 1));
    }
  }
  e->low = _mm256_min_ps (_mm256_min_ps (low[0], low[1]), _mm256_min_ps (low[2], low[3]));
  e->high = _mm256_max_ps (_mm256_max_ps (high[0], high[1]), _mm256_max_ps (high[2], high[3]));
  return _mm256_movemask_epi8 (_mm256_cmpeq_epi32 (_mm256_max_epu32 (sizes, bad), sizes)) == 0;
}

static void
minmax (const float *x, size_t n, float *min, float *max, size_t *n_not_finite)
{
  Extrema e = { _mm256_set1_ps (*min), _mm256_set1_ps (*max) };

  for (size_t i = 0; i < n; i += MINMAX_BLOCK) {
    size_t count = n - i < MINMAX_BLOCK ? n - i : MINMAX_BLOCK, whole = count & ~(size_t) 31;
    Extrema before = e;

    if (!minmax_fast (x + i, whole, &e)) {
      e = before;
      whole = 0;
    }
    *n_not_finite += minmax_careful (x + i + whole, count - whole, &e);
  }
  *min = least (e.low);
  *max = -least (negate (e.high));
}

static void
minmax_rows (const float *x,
             size_t rows,
             size_t inner,
             float *min,
             float *max,
             size_t *n_not_finite)
{
  for (size_t row = 0; row < rows; row++) {
    min[row] = INFINITY;
    max[row] = -INFINITY;
    minmax (x + row * inner, inner, &min[row], &max[row], n_not_finite);
  }
}

static void
histogram_index (const float *x, size_t n, float lo, float m, int bins, uint16_t *index)
{
  const __m256 low = _mm256_set1_ps (lo), scale = _mm256_set1_ps (m),
               top = _mm256_set1_ps ((float) (bins - 1));
  const __m256 none = _mm256_set1_ps ((float) bins), zero = _mm256_setzero_ps ();

  for (size_t i = 0; i < n; i += 8) {
    size_t here = n - i < 8 ? n - i : 8;
    __m256 v = here < 8 ? load_rest (x + i, here) : _mm256_loadu_ps (x + i);
    __m256 t = _mm256_mul_ps (_mm256_sub_ps (v, low), scale);
    uint16_t out[8];
    __m256i at;

    t = _mm256_min_ps (_mm256_max_ps (t, zero), top);
    at = _mm256_cvttps_epi32 (_mm256_blendv_ps (t, none, _mm256_cmp_ps (v, v, _CMP_UNORD_Q)));
    _mm_storeu_si128 ((void *) out, _mm_packus_epi32 (_mm256_castsi256_si128 (at),
                                                      _mm256_extracti128_si256 (at, 1)));
    memcpy (index + i, out, here * 2);
  }
}

/* Each sum for lanes 0 … 7 and 8 … 15. */
typedef struct {
  __m256 sum[2], sum_sq[2], err_sum[2], err_sq[2], xy[2], y_sq[2], err_max, min, max;
} Lanes;

ALWAYS_INLINE Lanes
lanes_open (void)
{
  __m256 zero = _mm256_setzero_ps ();

  return (Lanes){ .sum = { zero, zero },
                  .sum_sq = { zero, zero },
                  .err_sum = { zero, zero },
                  .err_sq = { zero, zero },
                  .xy = { zero, zero },
                  .y_sq = { zero, zero },
                  .err_max = zero,
                  .min = _mm256_set1_ps (INFINITY),
                  .max = _mm256_set1_ps (-INFINITY) };
}

/* Only the values of `mask` count; adding +0 leaves a sum as it is (a sum is never −0: it starts as
 * +0). */
ALWAYS_INLINE void
account (Lanes *l, int half, __m256 mask, __m256 x, __m256 y, __m256 e)
{
  __m256 v = _mm256_and_ps (x, mask), u = _mm256_and_ps (y, mask);

  e = _mm256_and_ps (e, mask);
  l->sum[half] = _mm256_add_ps (l->sum[half], v);
  l->sum_sq[half] = _mm256_fmadd_ps (v, v, l->sum_sq[half]);
  l->err_sum[half] = _mm256_add_ps (l->err_sum[half], e);
  l->err_sq[half] = _mm256_fmadd_ps (e, e, l->err_sq[half]);
  l->xy[half] = _mm256_fmadd_ps (v, u, l->xy[half]);
  l->y_sq[half] = _mm256_fmadd_ps (u, u, l->y_sq[half]);
  l->err_max = _mm256_max_ps (l->err_max, _mm256_andnot_ps (_mm256_set1_ps (-0.0f), e));
  l->min = _mm256_min_ps (l->min, _mm256_blendv_ps (_mm256_set1_ps (INFINITY), x, mask));
  l->max = _mm256_max_ps (l->max, _mm256_blendv_ps (_mm256_set1_ps (-INFINITY), x, mask));
}

ALWAYS_INLINE void
lanes_close (const Lanes *l, BskStats *stats)
{
  float min = least (l->min), max = -least (negate (l->max)), worst = -least (negate (l->err_max));

  stats->min = min < stats->min ? min : stats->min;
  stats->max = max > stats->max ? max : stats->max;
  stats->err_max = worst > stats->err_max ? worst : stats->err_max;
  stats->sum += reduce_8 (_mm256_add_ps (l->sum[0], l->sum[1]));
  stats->sum_sq += reduce_8 (_mm256_add_ps (l->sum_sq[0], l->sum_sq[1]));
  stats->err_sum += reduce_8 (_mm256_add_ps (l->err_sum[0], l->err_sum[1]));
  stats->err_sq += reduce_8 (_mm256_add_ps (l->err_sq[0], l->err_sq[1]));
  stats->xy += reduce_8 (_mm256_add_ps (l->xy[0], l->xy[1]));
  stats->y_sq += reduce_8 (_mm256_add_ps (l->y_sq[0], l->y_sq[1]));
}

typedef struct {
  __m256 scale, inverse, low, high;
} Levels;

ALWAYS_INLINE __m256
level_of (__m256 x, const Levels *k, const bool fast)
{
  __m256 v = _mm256_min_ps (_mm256_max_ps (x, k->low), k->high), t;

  if (fast) {
    t = _mm256_mul_ps (v, k->inverse);
    t = _mm256_fmadd_ps (_mm256_fnmadd_ps (t, k->scale, v), k->inverse, t);
  } else {
    t = _mm256_div_ps (v, k->scale);
  }
  return _mm256_round_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

ALWAYS_INLINE void
error_inner (const float *x, size_t n, const Levels *k, Lanes *l, BskStats *stats, const bool fast)
{
  uint64_t good = 0;

  for (size_t i = 0; i < n; i += 16)
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
      size_t at = i + 8 * (size_t) half, left = n > at ? n - at : 0;
      __m256 v = left < 8 ? load_rest (x + at, left) : _mm256_loadu_ps (x + at), f = is_finite (v),
             t;

      good += count (f);
      stats->clipped_low += count (_mm256_and_ps (f, _mm256_cmp_ps (v, k->low, _CMP_LT_OQ)));
      stats->clipped_high += count (_mm256_and_ps (f, _mm256_cmp_ps (v, k->high, _CMP_GT_OQ)));
      t = level_of (v, k, fast);
      account (l, half, f, v, _mm256_mul_ps (t, k->scale), _mm256_fnmadd_ps (t, k->scale, v));
    }
  stats->count += good;
  stats->n_not_finite += n - good;
}

/* As if nothing were clipped, which each row's extrema tell afterwards. First the one half of the
 * lanes, then the other: the sums of both do not fit in the registers. Returns false, with nothing
 * done, when something was clipped or not finite. */
static bool
error_inside (const float *x,
              size_t rows,
              size_t inner,
              const BskQParams *p,
              size_t ahead,
              BskStats *stats)
{
  const __m256 size = _mm256_castsi256_ps (_mm256_set1_epi32 (INT32_MAX));
  Lanes l = lanes_open ();
  BskInside inside;

  if (!bsk_inside_rows (p, rows, &inside))
    return false;
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++) {
    __m256 sum = _mm256_setzero_ps (), sum_sq = sum, err_sum = sum, err_sq = sum, xy = sum,
           y_sq = sum;

    for (size_t row = 0; row < rows; row++) {
      const float *from = x + row * inner + 8 * half;
      const __m256 scale = _mm256_set1_ps (p[row].scale),
                   inverse = _mm256_set1_ps (inside.inverse[row]);
      __m256 min = _mm256_set1_ps (INFINITY), max = _mm256_set1_ps (-INFINITY);

      for (size_t i = 0; i < inner; i += 16) {
        __m256 v = _mm256_loadu_ps (from + i), t = _mm256_mul_ps (v, inverse), y, e;

        if (half == 0)
          _mm_prefetch ((const char *) (from + i + ahead), _MM_HINT_T0);
        t = _mm256_fmadd_ps (_mm256_fnmadd_ps (t, scale, v), inverse, t);
        t = _mm256_round_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        y = _mm256_mul_ps (t, scale);
        e = _mm256_fnmadd_ps (t, scale, v);
        sum = _mm256_add_ps (sum, v);
        sum_sq = _mm256_fmadd_ps (v, v, sum_sq);
        err_sum = _mm256_add_ps (err_sum, e);
        err_sq = _mm256_fmadd_ps (e, e, err_sq);
        xy = _mm256_fmadd_ps (v, y, xy);
        y_sq = _mm256_fmadd_ps (y, y, y_sq);
        l.err_max = _mm256_max_ps (l.err_max, _mm256_and_ps (e, size));
        min = _mm256_min_ps (min, v);
        max = _mm256_max_ps (max, v);
      }
      if (_mm256_movemask_ps (
            _mm256_or_ps (_mm256_cmp_ps (min, _mm256_set1_ps (inside.low[row]), _CMP_LT_OQ),
                          _mm256_cmp_ps (max, _mm256_set1_ps (inside.high[row]), _CMP_GT_OQ))))
        return false;
      l.min = _mm256_min_ps (l.min, min);
      l.max = _mm256_max_ps (l.max, max);
    }
    if (count (_mm256_and_ps (is_finite (sum_sq),
                              _mm256_and_ps (is_finite (err_sq), is_finite (y_sq)))) < 8)
      return false;
    l.sum[half] = sum;
    l.sum_sq[half] = sum_sq;
    l.err_sum[half] = err_sum;
    l.err_sq[half] = err_sq;
    l.xy[half] = xy;
    l.y_sq[half] = y_sq;
  }
  stats->count += rows * inner;
  lanes_close (&l, stats);
  return true;
}

static void
error_rows (const float *x,
            size_t rows,
            size_t inner,
            const BskQParams *p,
            size_t ahead,
            BskStats *stats)
{
  /* Where something was clipped in each block before, more is likely to be. */
  bool clips = stats->clipped_low + stats->clipped_high > stats->count / BSK_ERROR_BLOCK;
  Lanes l = lanes_open ();

  if (inner % 16 == 0 && !clips && error_inside (x, rows, inner, p, ahead, stats))
    return;
  for (size_t row = 0; row < rows; row++, p++, x += inner) {
    float low, high;
    Levels k;

    bsk_clip_points (p, &low, &high);
    k = (Levels){ _mm256_set1_ps (p->scale), _mm256_set1_ps (1 / p->scale), _mm256_set1_ps (low),
                  _mm256_set1_ps (high) };
    if (bsk_fast_quotient (p->scale))
      error_inner (x, inner, &k, &l, stats, true);
    else
      error_inner (x, inner, &k, &l, stats, false);
  }
  lanes_close (&l, stats);
}

static void
compare_block (const float *x, const float *y, size_t n, size_t ahead, BskStats *stats)
{
  Lanes l = lanes_open ();
  uint64_t good = 0;

  for (size_t i = 0; i < n; i += 16)
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
      size_t at = i + 8 * (size_t) half, left = n > at ? n - at : 0;
      __m256 v = left < 8 ? load_rest (x + at, left) : _mm256_loadu_ps (x + at);
      __m256 u = left < 8 ? load_rest (y + at, left) : _mm256_loadu_ps (y + at);
      __m256 f = _mm256_and_ps (is_finite (v), is_finite (u));

      good += count (f);
      account (&l, half, f, v, u, _mm256_sub_ps (v, u));
    }
  stats->count += good;
  stats->n_not_finite += n - good;
  lanes_close (&l, stats);
}

void
bsk_avx2_stats_init (BskTable *table)
{
  table->minmax = minmax;
  table->minmax_rows = minmax_rows;
  table->histogram_index = histogram_index;
  table->error_rows = error_rows;
  table->compare_block = compare_block;
}
