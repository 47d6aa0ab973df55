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

/* Sixteen channels of a window, as many taps at a time as cannot overflow sums of 16 bits. */
ALWAYS_INLINE __m128i
average_16 (const BskWindowArgs *t, const uint8_t *a, const Codes *k)
{
  enum { MOST = UINT16_MAX / UINT8_MAX };
  const __m128i sign = _mm_set1_epi8 ((char) t->flip);
  const __m256 m = _mm256_set1_ps (t->m);
  __m256i low = _mm256_set1_epi32 (t->start), high = low;

  for (size_t line = 0; line < t->lines; line++)
    for (size_t tap = 0; tap < t->taps;) {
      size_t end = t->taps - tap < MOST ? t->taps : tap + MOST;
      __m256i sum = _mm256_setzero_si256 ();

      for (; tap < end; tap++) {
        __m128i x = _mm_loadu_si128 ((const void *) (a + line * t->line_step + tap * t->step));

        sum = _mm256_add_epi16 (sum, _mm256_cvtepu8_epi16 (_mm_xor_si128 (x, sign)));
      }
      low = _mm256_add_epi32 (low, _mm256_cvtepu16_epi32 (_mm256_castsi256_si128 (sum)));
      high = _mm256_add_epi32 (high, _mm256_cvtepu16_epi32 (_mm256_extracti128_si256 (sum, 1)));
    }
  low = scale_sums (low, m);
  high = scale_sums (high, m);
  return _mm256_castsi256_si128 (pack_codes (low, high, low, high, k));
}

/* The last channels are done together with those before them. */
static void
average_window (const BskWindowArgs *t)
{
  const Codes k = codes_of (t->finish);

  if (t->channels < 16) {
    bsk_ref_average_window (t);
    return;
  }
  for (size_t done = 0; done < t->channels; done += 16) {
    size_t i = done + 16 <= t->channels ? done : t->channels - 16;

    _mm_storeu_si128 ((void *) (t->c + i), average_16 (t, t->a + i, &k));
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
  table->average_window = average_window;
  table->add_bytes = add_bytes;
  table->mul_bytes = mul_bytes;
}
