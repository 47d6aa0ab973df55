/* Histogram indices and error statistics with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <math.h>

static void
histogram_index (const float *x, size_t n, float lo, float m, int bins, uint16_t *index)
{
  const __m512 low = _mm512_set1_ps (lo), scale = _mm512_set1_ps (m),
               top = _mm512_set1_ps ((float) (bins - 1));
  const __m512 zero = _mm512_setzero_ps ();
  const __m512i none = _mm512_set1_epi32 (bins);

  for (size_t i = 0; i < n; i += 16) {
    __mmask16 mask = n - i < 16 ? mask16 ((int) (n - i)) : 0xffff;
    __m512 v = _mm512_maskz_loadu_ps (mask, x + i),
           t = _mm512_mul_ps (_mm512_sub_ps (v, low), scale);
    __m512i at = _mm512_cvttps_epi32 (_mm512_min_ps (_mm512_max_ps (t, zero), top));

    _mm_prefetch ((const char *) (x + i + BSK_AHEAD), _MM_HINT_T0);
    at = _mm512_mask_mov_epi32 (at, _mm512_cmp_ps_mask (v, v, _CMP_UNORD_Q), none);
    if (mask == 0xffff)
      _mm256_storeu_si256 ((void *) (index + i), _mm512_cvtepi32_epi16 (at));
    else
      _mm256_mask_storeu_epi16 (index + i, mask, _mm512_cvtepi32_epi16 (at));
  }
}

typedef struct {
  __m512 sum, sum_sq, err_sum, err_sq, xy, y_sq, err_max, min, max;
} Lanes;

ALWAYS_INLINE Lanes
lanes_open (void)
{
  __m512 zero = _mm512_setzero_ps ();

  return (Lanes){
    zero, zero, zero, zero, zero, zero, zero, _mm512_set1_ps (INFINITY), _mm512_set1_ps (-INFINITY)
  };
}

/* One vector with nothing left out. */
ALWAYS_INLINE void
account (Lanes *l, __m512 x, __m512 y, __m512 e)
{
  l->sum = _mm512_add_ps (l->sum, x);
  l->sum_sq = _mm512_fmadd_ps (x, x, l->sum_sq);
  l->err_sum = _mm512_add_ps (l->err_sum, e);
  l->err_sq = _mm512_fmadd_ps (e, e, l->err_sq);
  l->xy = _mm512_fmadd_ps (x, y, l->xy);
  l->y_sq = _mm512_fmadd_ps (y, y, l->y_sq);
  l->err_max = _mm512_max_ps (l->err_max, _mm512_abs_ps (e));
  l->min = _mm512_min_ps (l->min, x);
  l->max = _mm512_max_ps (l->max, x);
}

/* One vector of which only the lanes of `mask` count: the others keep all sums as they are. */
ALWAYS_INLINE void
account_some (Lanes *l, __mmask16 mask, __m512 x, __m512 y, __m512 e)
{
  l->sum = _mm512_mask_add_ps (l->sum, mask, l->sum, x);
  l->sum_sq = _mm512_mask3_fmadd_ps (x, x, l->sum_sq, mask);
  l->err_sum = _mm512_mask_add_ps (l->err_sum, mask, l->err_sum, e);
  l->err_sq = _mm512_mask3_fmadd_ps (e, e, l->err_sq, mask);
  l->xy = _mm512_mask3_fmadd_ps (x, y, l->xy, mask);
  l->y_sq = _mm512_mask3_fmadd_ps (y, y, l->y_sq, mask);
  l->err_max = _mm512_mask_max_ps (l->err_max, mask, l->err_max, _mm512_abs_ps (e));
  l->min = _mm512_mask_min_ps (l->min, mask, l->min, x);
  l->max = _mm512_mask_max_ps (l->max, mask, l->max, x);
}

/* Something was not finite, or overflowed. */
ALWAYS_INLINE bool
suspicious (const Lanes *l)
{
  return (is_finite (l->sum_sq) & is_finite (l->err_sq) & is_finite (l->y_sq)) != 0xffff;
}

ALWAYS_INLINE void
lanes_close (const Lanes *l, BskStats *stats)
{
  float min = _mm512_reduce_min_ps (l->min), max = _mm512_reduce_max_ps (l->max);
  float worst = _mm512_reduce_max_ps (l->err_max);

  stats->min = min < stats->min ? min : stats->min;
  stats->max = max > stats->max ? max : stats->max;
  stats->err_max = worst > stats->err_max ? worst : stats->err_max;
  stats->sum += reduce_16 (l->sum);
  stats->sum_sq += reduce_16 (l->sum_sq);
  stats->err_sum += reduce_16 (l->err_sum);
  stats->err_sq += reduce_16 (l->err_sq);
  stats->xy += reduce_16 (l->xy);
  stats->y_sq += reduce_16 (l->y_sq);
}

/* What error_rows needs to know about the settings of a row. low, high: values beyond are cut to
 * these first. Clip points are dear, so for a short row these are some steps further out, and its
 * levels are cut to [lo, hi]; else a value cut to the clip points has the level of the cut value,
 * and no level needs to be cut. */
typedef struct {
  __m512 scale, inverse, low, high, lo, hi;
} Levels;

enum { SHORT = 512 };

ALWAYS_INLINE Levels
levels_of (const BskQParams *p, const bool is_short)
{
  float lo = (float) (p->qmin - p->zero_point), hi = (float) (p->qmax - p->zero_point);
  float low = (lo - 4) * p->scale, high = (hi + 4) * p->scale;

  if (!is_short)
    bsk_clip_points (p, &low, &high);
  return (Levels){ _mm512_set1_ps (p->scale), _mm512_set1_ps (1 / p->scale), _mm512_set1_ps (low),
                   _mm512_set1_ps (high),     _mm512_set1_ps (lo),           _mm512_set1_ps (hi) };
}

/* The level of a value; counts what is clipped among the lanes of `mask`. */
ALWAYS_INLINE __m512
level_of (__m512 x,
          __mmask16 mask,
          const Levels *k,
          uint64_t *clipped,
          const bool fast,
          const bool is_short)
{
  __m512 v = _mm512_min_ps (_mm512_max_ps (x, k->low), k->high), t;
  __mmask16 below, above;

  if (fast) {
    t = _mm512_mul_ps (v, k->inverse);
    t = _mm512_fmadd_ps (_mm512_fnmadd_ps (t, k->scale, v), k->inverse, t);
  } else {
    t = _mm512_div_ps (v, k->scale);
  }
  t = _mm512_roundscale_ps (t, 0);
  if (is_short) {
    below = _mm512_mask_cmp_ps_mask (mask, t, k->lo, _CMP_LT_OQ);
    above = _mm512_mask_cmp_ps_mask (mask, t, k->hi, _CMP_GT_OQ);
    t = _mm512_min_ps (_mm512_max_ps (t, k->lo), k->hi);
  } else {
    below = _mm512_mask_cmp_ps_mask (mask, x, k->low, _CMP_LT_OQ);
    above = _mm512_mask_cmp_ps_mask (mask, x, k->high, _CMP_GT_OQ);
  }
  clipped[0] += (uint64_t) __builtin_popcount (below);
  clipped[1] += (uint64_t) __builtin_popcount (above);
  return t;
}

static void
error_careful (const float *x, size_t rows, size_t inner, const BskQParams *p, BskStats *stats)
{
  Lanes l = lanes_open ();
  uint64_t clipped[2] = { 0, 0 };

  for (size_t row = 0; row < rows; row++, p++, x += inner) {
    Levels k = levels_of (p, false);

    for (size_t i = 0; i < inner; i += 16) {
      __mmask16 mask = inner - i < 16 ? mask16 ((int) (inner - i)) : 0xffff;
      __m512 v = _mm512_maskz_loadu_ps (mask, x + i), t;
      __mmask16 good = is_finite (v) & mask;

      stats->n_not_finite += (uint64_t) __builtin_popcount (mask & ~good);
      stats->count += (uint64_t) __builtin_popcount (good);
      t = level_of (v, good, &k, clipped, false, false);
      account_some (&l, good, v, _mm512_mul_ps (t, k.scale), _mm512_fnmadd_ps (t, k.scale, v));
    }
  }
  stats->clipped_low += clipped[0];
  stats->clipped_high += clipped[1];
  lanes_close (&l, stats);
}

/* As if all were finite; the sums of squares tell when that was wrong: then false, nothing done. */
ALWAYS_INLINE bool
error_fast (const float *x,
            size_t rows,
            size_t inner,
            const BskQParams *p,
            size_t ahead,
            BskStats *stats,
            const bool is_short)
{
  Lanes l = lanes_open ();
  uint64_t clipped[2] = { 0, 0 };

  for (size_t row = 0; row < rows; row++, p++, x += inner) {
    Levels k = levels_of (p, is_short);

    if (!bsk_fast_quotient (p->scale))
      return false;
    for (size_t i = 0; i < inner; i += 16) {
      __m512 v = _mm512_loadu_ps (x + i), t = level_of (v, 0xffff, &k, clipped, true, is_short);

      _mm_prefetch ((const char *) (x + i + ahead), _MM_HINT_T0);
      account (&l, v, _mm512_mul_ps (t, k.scale), _mm512_fnmadd_ps (t, k.scale, v));
    }
  }
  if (suspicious (&l))
    return false;
  stats->count += rows * inner;
  stats->clipped_low += clipped[0];
  stats->clipped_high += clipped[1];
  lanes_close (&l, stats);
  return true;
}

/* As if nothing were clipped, which each row's extrema tell afterwards.
 * What is left to do for a value takes 4.5 cycles of the two units that multiply, and little less of
 * those that add; clipping and counting took the latter 3 more. Returns false, with nothing done,
 * when something was clipped or not finite. */
static bool
error_inside (const float *x,
              size_t rows,
              size_t inner,
              const BskQParams *p,
              size_t ahead,
              BskStats *stats)
{
  const __m512i size = _mm512_set1_epi32 (INT32_MAX);
  __m512i worst = _mm512_setzero_si512 ();
  Lanes l = lanes_open ();
  BskInside inside;

  if (!bsk_inside_rows (p, rows, &inside))
    return false;
  for (size_t row = 0; row < rows; row++, x += inner) {
    const __m512 scale = _mm512_set1_ps (p[row].scale),
                 inverse = _mm512_set1_ps (inside.inverse[row]);
    __m512 min = _mm512_set1_ps (INFINITY), max = _mm512_set1_ps (-INFINITY);

    for (size_t i = 0; i < inner; i += 16) {
      __m512 v = _mm512_loadu_ps (x + i), t = _mm512_mul_ps (v, inverse), y, e;

      _mm_prefetch ((const char *) (x + i + ahead), _MM_HINT_T0);

      t = _mm512_fmadd_ps (_mm512_fnmadd_ps (t, scale, v), inverse, t);
      t = _mm512_roundscale_ps (t, 0);
      y = _mm512_mul_ps (t, scale);
      e = _mm512_fnmadd_ps (t, scale, v);
      l.sum = _mm512_add_ps (l.sum, v);
      l.sum_sq = _mm512_fmadd_ps (v, v, l.sum_sq);
      l.err_sum = _mm512_add_ps (l.err_sum, e);
      l.err_sq = _mm512_fmadd_ps (e, e, l.err_sq);
      l.xy = _mm512_fmadd_ps (v, y, l.xy);
      l.y_sq = _mm512_fmadd_ps (y, y, l.y_sq);
      worst = _mm512_max_epi32 (worst, _mm512_and_si512 (_mm512_castps_si512 (e), size));
      min = _mm512_min_ps (min, v);
      max = _mm512_max_ps (max, v);
    }
    if (_mm512_cmp_ps_mask (min, _mm512_set1_ps (inside.low[row]), _CMP_LT_OQ) |
        _mm512_cmp_ps_mask (max, _mm512_set1_ps (inside.high[row]), _CMP_GT_OQ))
      return false;
    l.min = _mm512_min_ps (l.min, min);
    l.max = _mm512_max_ps (l.max, max);
  }
  if (suspicious (&l))
    return false;
  l.err_max = _mm512_castsi512_ps (worst);
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

  if (inner % 16 == 0 && !clips && error_inside (x, rows, inner, p, ahead, stats))
    return;
  if (inner % 16 || !(inner < SHORT ? error_fast (x, rows, inner, p, ahead, stats, true)
                                    : error_fast (x, rows, inner, p, ahead, stats, false)))
    error_careful (x, rows, inner, p, stats);
}

static void
compare_block (const float *x, const float *y, size_t n, size_t ahead, BskStats *stats)
{
  Lanes l = lanes_open ();
  uint64_t bad = 0;

  if (n % 16 == 0) {
    for (size_t i = 0; i < n; i += 16) {
      __m512 v = _mm512_loadu_ps (x + i), u = _mm512_loadu_ps (y + i);

      _mm_prefetch ((const char *) (x + i + ahead), _MM_HINT_T0);
      account (&l, v, u, _mm512_sub_ps (v, u));
    }
    if (!suspicious (&l)) {
      stats->count += n;
      lanes_close (&l, stats);
      return;
    }
    l = lanes_open ();
  }
  for (size_t i = 0; i < n; i += 16) {
    __mmask16 mask = n - i < 16 ? mask16 ((int) (n - i)) : 0xffff;
    __m512 v = _mm512_maskz_loadu_ps (mask, x + i), u = _mm512_maskz_loadu_ps (mask, y + i);
    __mmask16 good = is_finite (v) & is_finite (u) & mask;

    bad += (uint64_t) __builtin_popcount (mask & ~good);
    account_some (&l, good, v, u, _mm512_sub_ps (v, u));
  }
  stats->n_not_finite += bad;
  stats->count += n - bad;
  lanes_close (&l, stats);
}

void
bsk_avx512_stats_init (BskTable *table)
{
  table->histogram_index = histogram_index;
  table->error_rows = error_rows;
  table->compare_block = compare_block;
}
