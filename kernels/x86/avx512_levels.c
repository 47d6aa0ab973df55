/* Codes of level tables with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* How the thresholds below a value are counted: all in one register; by the bucket it lies in; by
 * halves. */
typedef enum { IN_REGISTER, IN_BUCKETS, BY_HALVES } Way;

ALWAYS_INLINE __m512i
add_where_above (__m512i count, __m512 v, __m512 threshold, int step)
{
  return _mm512_mask_add_epi32 (count, _mm512_cmp_ps_mask (v, threshold, _CMP_GT_OQ), count,
                                _mm512_set1_epi32 (step));
}

ALWAYS_INLINE __m512i
count_in_buckets (const BskLevels *levels, __m512 v)
{
  __m512 at = _mm512_mul_ps (_mm512_sub_ps (v, _mm512_set1_ps (levels->low)),
                             _mm512_set1_ps (levels->per_unit));
  __m512i first, count;

  /* The second operand is what a NaN becomes. */
  at = _mm512_max_ps (at, _mm512_setzero_ps ());
  at = _mm512_min_ps (at, _mm512_set1_ps (BSK_LEVELS_BUCKETS - 1));
  first = count = _mm512_i32gather_epi32 (_mm512_cvttps_epi32 (at), levels->first, 4);
  for (int d = 0; d < levels->depth; d++)
    count = add_where_above (count, v, _mm512_i32gather_ps (first, levels->threshold + d, 4), 1);
  return count;
}

ALWAYS_INLINE void
encode (const BskLevels *levels,
        const float *x,
        size_t n,
        float by,
        const bool magnitudes,
        int32_t *codes,
        float *y,
        const Way way)
{
  const __m512 scale = _mm512_set1_ps (by), few = _mm512_loadu_ps (levels->level),
               thresholds = _mm512_loadu_ps (levels->threshold);
  const __m512i nan_code = _mm512_set1_epi32 (levels->nan_code), zero = _mm512_setzero_si512 ();

  for (size_t i = 0; i < n; i += 16) {
    __mmask16 mask = n - i < 16 ? mask16 ((int) (n - i)) : 0xffff;
    __m512 value = _mm512_maskz_loadu_ps (mask, x + i), v = value, level;
    __m512i count = zero;

    if (magnitudes)
      v = _mm512_abs_ps (v);
    v = _mm512_div_ps (v, scale);
    if (way == IN_REGISTER)
      for (int step = 8; step > 0; step /= 2)
        count =
          add_where_above (count, v,
                           _mm512_permutexvar_ps (
                             _mm512_add_epi32 (count, _mm512_set1_epi32 (step - 1)), thresholds),
                           step);
    else if (way == IN_BUCKETS)
      count = count_in_buckets (levels, v);
    else
      for (int step = BSK_LEVELS_MAX / 2; step > 0; step /= 2)
        count = add_where_above (
          count, v, _mm512_i32gather_ps (count, levels->threshold + step - 1, 4), step);
    count = _mm512_mask_mov_epi32 (count, _mm512_cmp_ps_mask (v, v, _CMP_UNORD_Q), nan_code);
    level = way == IN_REGISTER ? _mm512_permutexvar_ps (count, few)
                               : _mm512_i32gather_ps (count, levels->level, 4);
    level = _mm512_mul_ps (level, scale);
    if (magnitudes) {
      __mmask16 flip = _mm512_cmp_ps_mask (value, _mm512_setzero_ps (), _CMP_LT_OQ) &
                       _mm512_test_epi32_mask (count, count);

      count = _mm512_mask_sub_epi32 (count, flip, zero, count);
      level = _mm512_castsi512_ps (_mm512_mask_xor_epi32 (_mm512_castps_si512 (level), flip,
                                                          _mm512_castps_si512 (level),
                                                          _mm512_set1_epi32 (INT32_MIN)));
    }
    _mm512_mask_storeu_epi32 (codes + i, mask, count);
    _mm512_mask_storeu_ps (y + i, mask, level);
  }
}

static void
quantize_levels (const BskLevels *levels,
                 const float *x,
                 size_t n,
                 float scale,
                 bool magnitudes,
                 int32_t *codes,
                 float *y)
{
  if (levels->n <= 16 && magnitudes)
    encode (levels, x, n, scale, true, codes, y, IN_REGISTER);
  else if (levels->n <= 16)
    encode (levels, x, n, scale, false, codes, y, IN_REGISTER);
  else if (levels->depth <= BSK_LEVELS_DEPTH)
    encode (levels, x, n, scale, magnitudes, codes, y, IN_BUCKETS);
  else
    encode (levels, x, n, scale, magnitudes, codes, y, BY_HALVES);
}

void
bsk_avx512_levels_init (BskTable *table)
{
  table->quantize_levels = quantize_levels;
}
