/* The SSE4.1 level: int16 products, exact for all operands.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "../table.h"

#include <smmintrin.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

/* Weights are kept as int16, even and odd bytes of the quads apart, and activations split the same
 * way: the maddubs that would take bytes saturates its sums. */
enum { VEC_QUAD_BYTES = 8 };
typedef __m128i Vec;
typedef struct {
  __m128i even, odd;
} VecA, VecW;

ALWAYS_INLINE Vec
vec_load (const int32_t *p)
{
  return _mm_loadu_si128 ((const void *) p);
}

ALWAYS_INLINE void
vec_store (int32_t *p, Vec v)
{
  _mm_storeu_si128 ((void *) p, v);
}

ALWAYS_INLINE Vec
vec_less (Vec sum, int32_t factor, Vec v)
{
  return _mm_sub_epi32 (sum, _mm_mullo_epi32 (_mm_set1_epi32 (factor), v));
}

ALWAYS_INLINE VecW
vec_weights (const int8_t *w)
{
  return (VecW){ _mm_loadu_si128 ((const void *) w), _mm_loadu_si128 ((const void *) (w + 16)) };
}

ALWAYS_INLINE VecA
split (__m128i v)
{
  return (VecA){ _mm_and_si128 (v, _mm_set1_epi16 (0xff)), _mm_srli_epi16 (v, 8) };
}

ALWAYS_INLINE VecA
vec_broadcast (const uint8_t *p, uint8_t flip)
{
  int32_t quad;

  memcpy (&quad, p, 4);
  return split (_mm_xor_si128 (_mm_set1_epi32 (quad), _mm_set1_epi8 ((char) flip)));
}

ALWAYS_INLINE VecA
vec_quads (const uint8_t *p)
{
  return split (_mm_loadu_si128 ((const void *) p));
}

ALWAYS_INLINE Vec
vec_dot (Vec sum, VecA a, VecW w)
{
  sum = _mm_add_epi32 (sum, _mm_madd_epi16 (a.even, w.even));
  return _mm_add_epi32 (sum, _mm_madd_epi16 (a.odd, w.odd));
}

#include "../tile128.inc"

void
bsk_sse41_init (BskTable *table)
{
  table->lanes = LANES;
  table->max_vecs = MAX_VECS;
  table->quad_bytes = VEC_QUAD_BYTES;
  table->gemm_tile = gemm_tile;
  table->depthwise_row = depthwise_row;
  bsk_sse41_transpose_init (table);
}
