/* Squared errors of many settings with AVX2.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"
#include "avx2_reduce.h"

#include <math.h>

enum { ROW = BSK_SWEEP_ROW, ROWS = BSK_SWEEP_BLOCK / BSK_SWEEP_ROW };

ALWAYS_INLINE __m256
pick (__m256 a, __m256 b, const bool largest)
{
  return largest ? _mm256_max_ps (a, b) : _mm256_min_ps (a, b);
}

ALWAYS_INLINE float
across (__m256 v, const bool largest)
{
  v = pick (v, _mm256_permute2f128_ps (v, v, 1), largest);
  v = pick (v, _mm256_permute_ps (v, 0x4E), largest);
  v = pick (v, _mm256_permute_ps (v, 0xB1), largest);
  return _mm256_cvtss_f32 (v);
}

/* The smallest and the largest value of each row. Returns whether all values are finite: 0 times
 * another value is NaN. */
static bool
find_extrema (const float *x, size_t n_rows, float *min, float *max)
{
  const __m256 zero = _mm256_setzero_ps ();
  __m256 poison = zero;

  for (size_t i = 0; i < n_rows; i++) {
    __m256 low = _mm256_loadu_ps (x + i * ROW), high = low;

    poison = _mm256_fmadd_ps (low, zero, poison);
    for (size_t j = 8; j < ROW; j += 8) {
      __m256 v = _mm256_loadu_ps (x + i * ROW + j);

      poison = _mm256_fmadd_ps (v, zero, poison);
      low = _mm256_min_ps (low, v);
      high = _mm256_max_ps (high, v);
    }
    min[i] = across (low, false);
    max[i] = across (high, true);
  }
  return _mm256_movemask_ps (_mm256_cmp_ps (poison, poison, _CMP_UNORD_Q)) == 0;
}

static uint64_t
cut_rows (const float *min, const float *max, size_t n_rows, const BskSweepSetting *s)
{
  uint64_t cut = 0;

  for (size_t i = 0; i < n_rows; i++)
    cut |= (uint64_t) (rintf (min[i] * s->inverse) < s->lo || rintf (max[i] * s->inverse) > s->hi)
           << i;
  return cut;
}

typedef struct {
  __m256 scale, inverse, lo, hi;
} Levels;

ALWAYS_INLINE void
add_row (__m256 *sum, const float *row, const Levels *k, const bool cut, const bool in_steps)
{
#pragma GCC unroll 8
  for (int j = 0; j < 8; j++) {
    __m256 x = _mm256_loadu_ps (row + 8 * j), t = _mm256_mul_ps (x, k->inverse), e;
    __m256 r = _mm256_round_ps (t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);

    if (cut)
      r = _mm256_min_ps (_mm256_max_ps (r, k->lo), k->hi);
    e = in_steps ? _mm256_sub_ps (t, r) : _mm256_fnmadd_ps (r, k->scale, x);
    sum[j] = _mm256_fmadd_ps (e, e, sum[j]);
  }
}

/* The tree of the definition: (i, i + 32), (i, i + 16), …, (0, 1). */
ALWAYS_INLINE double
reduce (__m256 *sum)
{
  for (int width = 4; width > 0; width /= 2)
    for (int i = 0; i < width; i++)
      sum[i] = _mm256_add_ps (sum[i], sum[i + width]);
  return reduce_8 (sum[0]);
}

/* The rows of one kind: bit i of `rows` stands for row i. */
ALWAYS_INLINE double
sum_rows (const float *x, uint64_t rows, const Levels *k, const bool cut, const bool in_steps)
{
  __m256 zero = _mm256_setzero_ps (), sum[8] = { zero, zero, zero, zero, zero, zero, zero, zero };

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
  uint64_t all = ~UINT64_C (0) >> (ROWS - n / ROW);
  float min[ROWS], max[ROWS];

  if (!find_extrema (x, n / ROW, min, max))
    return false;
  for (size_t i = 0; i < n_settings; i++) {
    BskSweepSetting s = bsk_sweep_setting (&settings[i]);
    Levels k = { _mm256_set1_ps (s.scale), _mm256_set1_ps (s.inverse), _mm256_set1_ps (s.lo),
                 _mm256_set1_ps (s.hi) };
    uint64_t cut = cut_rows (min, max, n / ROW, &s);
    double steps;

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
bsk_avx2_sweep_init (BskTable *table)
{
  table->sweep_block = sweep_block;
}
