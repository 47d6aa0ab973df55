/* Pooling and elementwise kernels with AVX2. Rests shorter than a vector go through a copy on
 * the stack.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

static void
max_bytes (uint8_t *acc, const uint8_t *a, size_t n, uint8_t flip)
{
  size_t i = 0;

  for (; i + 32 <= n; i += 32) {
    __m256i x = _mm256_loadu_si256 ((const void *) (acc + i)),
            y = _mm256_loadu_si256 ((const void *) (a + i));

    _mm256_storeu_si256 ((void *) (acc + i),
                         flip ? _mm256_max_epi8 (x, y) : _mm256_max_epu8 (x, y));
  }
  for (; i < n; i++)
    if ((a[i] ^ flip) > (acc[i] ^ flip))
      acc[i] = a[i];
}

/* Adds eight sums. */
ALWAYS_INLINE void
add_sums (int32_t *acc, __m128i sums)
{
  __m256i before = _mm256_loadu_si256 ((const void *) acc);

  _mm256_storeu_si256 ((void *) acc, _mm256_add_epi32 (before, _mm256_cvtepu16_epi32 (sums)));
}

/* As many rows at a time as cannot overflow sums of 16 bits. */
static void
sum_rows (int32_t *acc, const uint8_t *a, size_t rows, size_t lda, size_t n, uint8_t flip)
{
  enum { MOST = UINT16_MAX / UINT8_MAX };
  const __m128i sign = _mm_set1_epi8 ((char) flip);

  for (; rows > 0; a += MOST * lda, rows -= rows < MOST ? rows : MOST) {
    size_t count = rows < MOST ? rows : MOST, i = 0;

    for (; i + 16 <= n; i += 16) {
      __m256i sum = _mm256_setzero_si256 ();

      for (size_t row = 0; row < count; row++) {
        __m128i x = _mm_loadu_si128 ((const void *) (a + row * lda + i));

        sum = _mm256_add_epi16 (sum, _mm256_cvtepu8_epi16 (_mm_xor_si128 (x, sign)));
      }
      add_sums (acc + i, _mm256_castsi256_si128 (sum));
      add_sums (acc + i + 8, _mm256_extracti128_si256 (sum, 1));
    }
    for (; i < n; i++)
      for (size_t row = 0; row < count; row++)
        acc[i] += a[row * lda + i] ^ flip;
  }
}

typedef struct {
  __m256i zero, lo, hi;
  __m128i flip;
} Finish;

/* Eight codes in the low half. */
ALWAYS_INLINE __m128i
codes_8 (__m256i levels, const Finish *k)
{
  __m128i half;

  levels = _mm256_add_epi32 (_mm256_min_epi32 (_mm256_max_epi32 (levels, k->lo), k->hi), k->zero);
  half = _mm_packs_epi32 (_mm256_castsi256_si128 (levels), _mm256_extracti128_si256 (levels, 1));
  return _mm_xor_si128 (_mm_packus_epi16 (half, half), k->flip);
}

ALWAYS_INLINE Finish
finish_of (int32_t zero, int32_t lo, int32_t hi, uint8_t flip)
{
  return (Finish){ _mm256_set1_epi32 (zero), _mm256_set1_epi32 (lo - zero),
                   _mm256_set1_epi32 (hi - zero), _mm_set1_epi8 ((char) flip) };
}

static void
requantize_s32 (const int32_t *acc,
                size_t n,
                int32_t start,
                float m,
                const BskFinish *f,
                uint8_t *c)
{
  const __m256 scale = _mm256_set1_ps (m), top = _mm256_set1_ps ((float) (f->hi - f->zero));
  const __m256i from = _mm256_set1_epi32 (start);
  const Finish k = finish_of (f->zero, f->lo, f->hi, f->flip);

  for (size_t i = 0; i < n; i += 8) {
    size_t here = n - i < 8 ? n - i : 8;
    int32_t rest[8] = { 0 };
    uint8_t codes[8];
    __m256 x;

    memcpy (rest, acc + i, here * 4);
    x = _mm256_cvtepi32_ps (_mm256_add_epi32 (_mm256_loadu_si256 ((const void *) rest), from));
    /* Cut above before converting: what does not fit in int32 would become its minimum. */
    x = _mm256_min_ps (_mm256_mul_ps (x, scale), top);
    _mm_storel_epi64 ((void *) codes, codes_8 (_mm256_cvtps_epi32 (x), &k));
    memcpy (c + i, codes, here);
  }
}

ALWAYS_INLINE __m128i
binary_8 (const BskAddArgs *args, __m128i a, __m128i b, const Finish *k, const bool product)
{
  __m256i x = _mm256_cvtepu8_epi32 (_mm_xor_si128 (a, _mm_set1_epi8 ((char) args->a_flip)));
  __m256i y = _mm256_cvtepu8_epi32 (_mm_xor_si128 (b, _mm_set1_epi8 ((char) args->b_flip)));
  __m256 ra = _mm256_set1_ps (args->ra), rb = _mm256_set1_ps (args->rb), value;

  x = _mm256_sub_epi32 (x, _mm256_set1_epi32 (args->a_zero));
  y = _mm256_sub_epi32 (y, _mm256_set1_epi32 (args->b_zero));
  if (product)
    value = _mm256_mul_ps (_mm256_cvtepi32_ps (_mm256_mullo_epi32 (x, y)), ra);
  else
    value = _mm256_add_ps (_mm256_mul_ps (_mm256_cvtepi32_ps (x), ra),
                           _mm256_mul_ps (_mm256_cvtepi32_ps (y), rb));
  return codes_8 (_mm256_cvtps_epi32 (value), k);
}

ALWAYS_INLINE void
binary (const BskAddArgs *args,
        const uint8_t *a,
        const uint8_t *b,
        uint8_t *c,
        size_t n,
        const bool product)
{
  const Finish k = finish_of (args->zero, args->lo, args->hi, args->c_flip);
  const __m128i one = _mm_set1_epi8 ((char) *b);
  size_t i = 0;

  for (; i + 8 <= n; i += 8) {
    __m128i y = args->b_one ? one : _mm_loadl_epi64 ((const void *) (b + i));

    _mm_storel_epi64 ((void *) (c + i),
                      binary_8 (args, _mm_loadl_epi64 ((const void *) (a + i)), y, &k, product));
  }
  if (i < n) {
    uint8_t x[8] = { 0 }, y[8] = { 0 };

    memcpy (x, a + i, n - i);
    if (!args->b_one)
      memcpy (y, b + i, n - i);
    _mm_storel_epi64 ((void *) x, binary_8 (args, _mm_loadl_epi64 ((const void *) x),
                                            args->b_one ? one : _mm_loadl_epi64 ((const void *) y),
                                            &k, product));
    memcpy (c + i, x, n - i);
  }
}

static void
add_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  binary (args, a, b, c, n, false);
}

static void
mul_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  binary (args, a, b, c, n, true);
}

void
bsk_avx2_elementwise_init (BskTable *table)
{
  table->max_bytes = max_bytes;
  table->sum_rows = sum_rows;
  table->requantize_s32 = requantize_s32;
  table->add_bytes = add_bytes;
  table->mul_bytes = mul_bytes;
}
