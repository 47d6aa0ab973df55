/* Codes of level tables with AVX2.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

/* How the thresholds below a value are counted: against all; by the bucket it lies in; by halves.
 */
typedef enum { AGAINST_ALL, IN_BUCKETS, BY_HALVES } Way;

/* All ones, −1, where v is above. */
ALWAYS_INLINE __m256i
is_above (__m256 v, __m256 threshold)
{
  return _mm256_castps_si256 (_mm256_cmp_ps (v, threshold, _CMP_GT_OQ));
}

ALWAYS_INLINE __m256i
count_in_buckets (const BskLevels *levels, __m256 v)
{
  __m256 at = _mm256_mul_ps (_mm256_sub_ps (v, _mm256_set1_ps (levels->low)),
                             _mm256_set1_ps (levels->per_unit));
  __m256i first, count;

  /* The second operand is what a NaN becomes. */
  at = _mm256_max_ps (at, _mm256_setzero_ps ());
  at = _mm256_min_ps (at, _mm256_set1_ps (BSK_LEVELS_BUCKETS - 1));
  first = count = _mm256_i32gather_epi32 (levels->first, _mm256_cvttps_epi32 (at), 4);
  for (int d = 0; d < levels->depth; d++)
    count =
      _mm256_sub_epi32 (count, is_above (v, _mm256_i32gather_ps (levels->threshold + d, first, 4)));
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
  const __m256 scale = _mm256_set1_ps (by), zero = _mm256_setzero_ps (),
               sign = _mm256_set1_ps (-0.0f);
  const __m256i nan_code = _mm256_set1_epi32 (levels->nan_code);

  for (size_t i = 0; i < n; i += 8) {
    __m256 value = _mm256_loadu_ps (x + i), v = value, level;
    __m256i count = _mm256_setzero_si256 ();

    if (magnitudes)
      v = _mm256_andnot_ps (sign, v);
    v = _mm256_div_ps (v, scale);
    if (way == AGAINST_ALL)
      for (int t = 0; t < levels->n - 1; t++)
        count = _mm256_sub_epi32 (count, is_above (v, _mm256_broadcast_ss (levels->threshold + t)));
    else if (way == IN_BUCKETS)
      count = count_in_buckets (levels, v);
    else
      for (int step = BSK_LEVELS_MAX / 2; step > 0; step /= 2)
        count = _mm256_add_epi32 (
          count, _mm256_and_si256 (
                   is_above (v, _mm256_i32gather_ps (levels->threshold + step - 1, count, 4)),
                   _mm256_set1_epi32 (step)));
    count = _mm256_blendv_epi8 (count, nan_code,
                                _mm256_castps_si256 (_mm256_cmp_ps (v, v, _CMP_UNORD_Q)));
    level = _mm256_mul_ps (_mm256_i32gather_ps (levels->level, count, 4), scale);
    if (magnitudes) {
      __m256i low = _mm256_castps_si256 (_mm256_cmp_ps (value, zero, _CMP_LT_OQ));
      __m256i flip = _mm256_andnot_si256 (_mm256_cmpeq_epi32 (count, _mm256_setzero_si256 ()), low);

      count = _mm256_sub_epi32 (_mm256_xor_si256 (count, flip), flip);
      level = _mm256_xor_ps (level, _mm256_and_ps (_mm256_castsi256_ps (flip), sign));
    }
    _mm256_storeu_si256 ((void *) (codes + i), count);
    _mm256_storeu_ps (y + i, level);
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
  size_t whole = n / 8 * 8;

  if (levels->n <= 16)
    encode (levels, x, whole, scale, magnitudes, codes, y, AGAINST_ALL);
  else if (levels->depth <= BSK_LEVELS_DEPTH)
    encode (levels, x, whole, scale, magnitudes, codes, y, IN_BUCKETS);
  else
    encode (levels, x, whole, scale, magnitudes, codes, y, BY_HALVES);
  bsk_ref_quantize_levels (levels, x + whole, n - whole, scale, magnitudes, codes + whole,
                           y + whole);
}

void
bsk_avx2_levels_init (BskTable *table)
{
  table->quantize_levels = quantize_levels;
}
