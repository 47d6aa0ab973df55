/* The last steps of the trees that define float sums.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <immintrin.h>

/* Adds lanes pairwise: (i, i + 4), (i, i + 2), (0, 1). */
static inline __attribute__ ((always_inline)) double
reduce_8 (__m256 lanes)
{
  __m128 four = _mm_add_ps (_mm256_castps256_ps128 (lanes), _mm256_extractf128_ps (lanes, 1));
  __m128 two = _mm_add_ps (four, _mm_movehl_ps (four, four));

  return (double) _mm_cvtss_f32 (_mm_add_ss (two, _mm_movehdup_ps (two)));
}
