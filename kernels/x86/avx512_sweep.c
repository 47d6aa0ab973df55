/* Squared errors of many settings with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <math.h>

enum { ROW = BSK_SWEEP_ROW, ROWS = BSK_SWEEP_BLOCK / BSK_SWEEP_ROW, LINE = 16 /* floats */ };

/* The smallest and the largest value of each row of a block, 0 for rows that do not exist. Where no
 * value is below 0, min is any of the others, and likewise max: no setting cuts those. */
typedef struct {
  __m512i min[ROWS / 16], max[ROWS / 16];
} Extrema;

/* The larger of two floats by their bits: as signed integers, the larger if any is above 0; as
 * unsigned ones, the lower if any is below 0. What is not finite wins. */
ALWAYS_INLINE __m512i
pick (__m512i a, __m512i b, const bool largest)
{
  return largest ? _mm512_max_epi32 (a, b) : _mm512_max_epu32 (a, b);
}

/* Four vectors to one: lane i of each quarter is an extremum of vector i. */
ALWAYS_INLINE __m512i
within (const __m512i *v, const bool largest)
{
  __m512i ab =
    pick (_mm512_unpacklo_epi32 (v[0], v[1]), _mm512_unpackhi_epi32 (v[0], v[1]), largest);
  __m512i cd =
    pick (_mm512_unpacklo_epi32 (v[2], v[3]), _mm512_unpackhi_epi32 (v[2], v[3]), largest);

  return pick (_mm512_unpacklo_epi64 (ab, cd), _mm512_unpackhi_epi64 (ab, cd), largest);
}

/* Four of those to one: quarter i of the result is the extremum of the quarters of vector i. */
ALWAYS_INLINE __m512i
across (const __m512i *v, const bool largest)
{
  __m512i ab = pick (_mm512_shuffle_i32x4 (v[0], v[1], 0x44),
                     _mm512_shuffle_i32x4 (v[0], v[1], 0xEE), largest);
  __m512i cd = pick (_mm512_shuffle_i32x4 (v[2], v[3], 0x44),
                     _mm512_shuffle_i32x4 (v[2], v[3], 0xEE), largest);

  return pick (_mm512_shuffle_i32x4 (ab, cd, 0x88), _mm512_shuffle_i32x4 (ab, cd, 0xDD), largest);
}

/* Returns whether all values are finite. */
static bool
find_extrema (const float *x, size_t n_rows, Extrema *out)
{
  static const float zeros[ROW];
  __mmask16 good = 0xffff;

  for (size_t i = 0; i < ROWS / 16; i++) {
    __m512i min[4], max[4];

#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
      __m512i low[4], high[4];

#pragma GCC unroll 4
      for (size_t k = 0; k < 4; k++) {
        size_t at = 16 * i + 4 * j + k;
        const float *row = at < n_rows ? x + at * ROW : zeros;
        __m512i a = _mm512_loadu_si512 (row), b = _mm512_loadu_si512 (row + 16),
                c = _mm512_loadu_si512 (row + 32), d = _mm512_loadu_si512 (row + 48);

        low[k] = pick (pick (a, b, false), pick (c, d, false), false);
        high[k] = pick (pick (a, b, true), pick (c, d, true), true);
      }
      min[j] = within (low, false);
      max[j] = within (high, true);
    }
    out->min[i] = across (min, false);
    out->max[i] = across (max, true);
    good &=
      is_finite (_mm512_castsi512_ps (out->min[i])) & is_finite (_mm512_castsi512_ps (out->max[i]));
  }
  return good == 0xffff;
}

ALWAYS_INLINE __m512
level_of (__m512i x, __m512 inverse)
{
  return _mm512_roundscale_ps (_mm512_mul_ps (_mm512_castsi512_ps (x), inverse), 0);
}

/* One bit for each row of which something is cut. */
ALWAYS_INLINE uint64_t
cut_rows (const Extrema *extrema, __m512 inverse, __m512 lo, __m512 hi)
{
  uint64_t cut = 0;

#pragma GCC unroll 4
  for (int i = 0; i < ROWS / 16; i++) {
    __mmask16 below = _mm512_cmp_ps_mask (level_of (extrema->min[i], inverse), lo, _CMP_LT_OQ);
    __mmask16 above = _mm512_cmp_ps_mask (level_of (extrema->max[i], inverse), hi, _CMP_GT_OQ);

    cut |= (uint64_t) (below | above) << (16 * i);
  }
  return cut;
}

typedef struct {
  __m512 scale, inverse, lo, hi;
} Levels;

/* The smaller of a level and hi ≥ 0: their bits, as integers, have their order, and integers are
 * compared where nothing else waits. */
ALWAYS_INLINE __m512
cut_level (__m512 level, __m512 hi)
{
  return _mm512_castsi512_ps (
    _mm512_min_epi32 (_mm512_castps_si512 (level), _mm512_castps_si512 (hi)));
}

ALWAYS_INLINE void
add_row (__m512 *sum, const float *row, const Levels *k, const bool cut, const bool in_steps)
{
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    __m512 x = _mm512_loadu_ps (row + 16 * j), t = _mm512_mul_ps (x, k->inverse), e;
    __m512 r = _mm512_roundscale_ps (t, 0);

    if (cut)
      r = cut_level (_mm512_max_ps (r, k->lo), k->hi);
    e = in_steps ? _mm512_sub_ps (t, r) : _mm512_fnmadd_ps (r, k->scale, x);
    sum[j] = _mm512_fmadd_ps (e, e, sum[j]);
  }
}

/* The tree of the definition: (i, i + 32), (i, i + 16), …, (0, 1). */
ALWAYS_INLINE double
reduce (const __m512 *sum)
{
  return reduce_16 (_mm512_add_ps (_mm512_add_ps (sum[0], sum[2]), _mm512_add_ps (sum[1], sum[3])));
}

/* The rows of one kind: bit i of `rows` stands for row i. */
ALWAYS_INLINE double
sum_rows (const float *x, uint64_t rows, const Levels *k, const bool cut, const bool in_steps)
{
  __m512 zero = _mm512_setzero_ps (), sum[4] = { zero, zero, zero, zero };

  if (rows == ~UINT64_C (0))
#pragma GCC unroll 4
    for (size_t i = 0; i < ROWS; i++)
      add_row (sum, x + i * ROW, k, cut, in_steps);
  else
    for (; rows; rows &= rows - 1)
      add_row (sum, x + (size_t) __builtin_ctzll (rows) * ROW, k, cut, in_steps);
  return reduce (sum);
}

static bool
sweep_block (const float *x,
             size_t n,
             size_t ahead,
             const BskQParams *settings,
             size_t n_settings,
             double *err_sq)
{
  /* The next block is fetched while this one is worked on, some lines before each setting. */
  size_t share = (ahead / LINE + n_settings - 1) / n_settings * LINE;
  const float *fetch = x + n, *fetch_end = fetch + ahead;
  uint64_t all = ~UINT64_C (0) >> (ROWS - n / ROW);
  Extrema extrema;

  if (!find_extrema (x, n / ROW, &extrema))
    return false;
  for (size_t i = 0; i < n_settings; i++) {
    BskSweepSetting s = bsk_sweep_setting (&settings[i]);
    Levels k = { _mm512_set1_ps (s.scale), _mm512_set1_ps (s.inverse), _mm512_set1_ps (s.lo),
                 _mm512_set1_ps (s.hi) };
    uint64_t cut = cut_rows (&extrema, k.inverse, k.lo, k.hi);
    double steps;

    for (const float *end = fetch + share; fetch < end && fetch < fetch_end; fetch += LINE)
      _mm_prefetch ((const char *) fetch, _MM_HINT_T1);
    if (s.in_steps) {
      steps = sum_rows (x, all & ~cut, &k, false, true);
      if (cut)
        steps += sum_rows (x, cut, &k, true, true);
      if (bsk_sweep_enough (&s, steps)) {
        err_sq[i] += bsk_sweep_scaled (&s, steps);
        continue;
      }
    }
    err_sq[i] += sum_rows (x, all & ~cut, &k, false, false) + sum_rows (x, cut, &k, true, false);
  }
  return true;
}

void
bsk_avx512_sweep_init (BskTable *table)
{
  table->sweep_block = sweep_block;
}
