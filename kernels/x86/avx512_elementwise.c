/* Pooling and elementwise kernels with AVX-512.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

static void
max_bytes (uint8_t *acc, const uint8_t *a, size_t n, uint8_t flip)
{
  for (size_t i = 0; i < n; i += 64) {
    __mmask64 mask = mask64 (n - i);
    __m512i x = _mm512_maskz_loadu_epi8 (mask, acc + i), y = _mm512_maskz_loadu_epi8 (mask, a + i);

    x = flip ? _mm512_max_epi8 (x, y) : _mm512_max_epu8 (x, y);
    _mm512_mask_storeu_epi8 (acc + i, mask, x);
  }
}

/* Adds sixteen sums. */
ALWAYS_INLINE void
add_sums (int32_t *acc, size_t n, __m256i sums)
{
  __mmask16 mask = mask16 ((int) (n < 16 ? n : 16));

  _mm512_mask_storeu_epi32 (
    acc, mask,
    _mm512_add_epi32 (_mm512_maskz_loadu_epi32 (mask, acc), _mm512_cvtepu16_epi32 (sums)));
}

/* As many rows at a time as cannot overflow sums of 16 bits. */
static void
sum_rows (int32_t *acc, const uint8_t *a, size_t rows, size_t lda, size_t n, uint8_t flip)
{
  enum { MOST = UINT16_MAX / UINT8_MAX };
  const __m256i sign = _mm256_set1_epi8 ((char) flip);

  for (; rows > 0; a += MOST * lda, rows -= rows < MOST ? rows : MOST)
    for (size_t i = 0; i < n; i += 32) {
      __mmask32 mask = (__mmask32) mask64 (n - i);
      __m512i sum = _mm512_setzero_si512 ();

      for (size_t row = 0; row < rows && row < MOST; row++) {
        __m256i x = _mm256_maskz_loadu_epi8 (mask, a + row * lda + i);

        sum = _mm512_add_epi16 (sum, _mm512_cvtepu8_epi16 (_mm256_xor_si256 (x, sign)));
      }
      add_sums (acc + i, n - i, _mm512_castsi512_si256 (sum));
      if (n - i > 16)
        add_sums (acc + i + 16, n - i - 16, _mm512_extracti64x4_epi64 (sum, 1));
    }
}

/* Sixteen codes: zero point, saturation, sign. */
ALWAYS_INLINE __m128i
codes_16 (__m512i levels, __m512i zero, __m512i lo, __m512i hi, __m128i flip)
{
  levels = _mm512_min_epi32 (_mm512_max_epi32 (levels, lo), hi);
  return _mm_xor_si128 (_mm512_cvtepi32_epi8 (_mm512_add_epi32 (levels, zero)), flip);
}

static void
requantize_s32 (const int32_t *acc,
                size_t n,
                int32_t start,
                float m,
                const BskFinish *f,
                uint8_t *c)
{
  const __m512i zero = _mm512_set1_epi32 (f->zero), lo = _mm512_set1_epi32 (f->lo - f->zero);
  const __m512i hi = _mm512_set1_epi32 (f->hi - f->zero), from = _mm512_set1_epi32 (start);
  const __m512 scale = _mm512_set1_ps (m), top = _mm512_set1_ps ((float) (f->hi - f->zero));
  const __m128i flip = _mm_set1_epi8 ((char) f->flip);

  for (size_t i = 0; i < n; i += 16) {
    __mmask16 mask = mask16 ((int) (n - i < 16 ? n - i : 16));
    __m512 x =
      _mm512_cvtepi32_ps (_mm512_add_epi32 (_mm512_maskz_loadu_epi32 (mask, acc + i), from));

    /* Cut above before converting: what does not fit in int32 would become its minimum. */
    x = _mm512_min_ps (_mm512_mul_ps (x, scale), top);
    _mm_mask_storeu_epi8 (c + i, mask, codes_16 (_mm512_cvtps_epi32 (x), zero, lo, hi, flip));
  }
}

/* Constants of the two operands, broadcast. */
typedef struct {
  __m512i a_flip, b_flip, a_zero, b_zero;
  __m512 ra, rb;
} Operands;

/* Sixteen levels of the result. */
ALWAYS_INLINE __m512i
binary_16 (const Operands *k, __m128i a, __m128i b, const bool product)
{
  __m512i x = _mm512_xor_si512 (_mm512_cvtepu8_epi32 (a), k->a_flip);
  __m512i y = _mm512_xor_si512 (_mm512_cvtepu8_epi32 (b), k->b_flip);
  __m512 value;

  x = _mm512_sub_epi32 (x, k->a_zero);
  y = _mm512_sub_epi32 (y, k->b_zero);
  if (product)
    value = _mm512_mul_ps (_mm512_cvtepi32_ps (_mm512_mullo_epi32 (x, y)), k->ra);
  else
    value = _mm512_add_ps (_mm512_mul_ps (_mm512_cvtepi32_ps (x), k->ra),
                           _mm512_mul_ps (_mm512_cvtepi32_ps (y), k->rb));
  return _mm512_cvtps_epi32 (value);
}

ALWAYS_INLINE void
binary (const BskAddArgs *args,
        const uint8_t *a,
        const uint8_t *b,
        uint8_t *c,
        size_t n,
        const bool product,
        const bool b_one)
{
  const BskFinish f = { .zero = args->zero, .lo = args->lo, .hi = args->hi, .flip = args->c_flip };
  const Codes codes = codes_of (&f);
  const Operands k = { .a_flip = _mm512_set1_epi32 (args->a_flip),
                       .b_flip = _mm512_set1_epi32 (args->b_flip),
                       .a_zero = _mm512_set1_epi32 (args->a_zero),
                       .b_zero = _mm512_set1_epi32 (args->b_zero),
                       .ra = _mm512_set1_ps (args->ra),
                       .rb = _mm512_set1_ps (args->rb) };
  const __m128i one = _mm_set1_epi8 (b_one ? (char) *b : 0);
  size_t i = 0;

  for (; i + 64 <= n; i += 64) {
    __m512i level[4];

#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      level[j] =
        binary_16 (&k, _mm_loadu_si128 ((const void *) (a + i + 16 * j)),
                   b_one ? one : _mm_loadu_si128 ((const void *) (b + i + 16 * j)), product);
    _mm512_storeu_si512 (c + i, pack_codes (level[0], level[1], level[2], level[3], &codes, false));
  }
  for (; i < n; i += 16) {
    __mmask16 mask = mask16 ((int) (n - i < 16 ? n - i : 16));
    __m512i level = binary_16 (&k, _mm_maskz_loadu_epi8 (mask, a + i),
                               b_one ? one : _mm_maskz_loadu_epi8 (mask, b + i), product);

    level = pack_codes (level, level, level, level, &codes, false);
    _mm_mask_storeu_epi8 (c + i, mask, _mm512_castsi512_si128 (level));
  }
}

static void
add_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  if (args->b_one)
    binary (args, a, b, c, n, false, true);
  else
    binary (args, a, b, c, n, false, false);
}

static void
mul_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  if (args->b_one)
    binary (args, a, b, c, n, true, true);
  else
    binary (args, a, b, c, n, true, false);
}

void
bsk_avx512_elementwise_init (BskTable *table)
{
  table->max_bytes = max_bytes;
  table->sum_rows = sum_rows;
  table->requantize_s32 = requantize_s32;
  table->add_bytes = add_bytes;
  table->mul_bytes = mul_bytes;
}
