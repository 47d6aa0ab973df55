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

/* Up to four taps of 64 channels, unpacked to quads, which dot products sum: 128 bits i of sum[j] are
 * of channels 16 i + 4 j and the next three, so that packs put them in order. */
ALWAYS_INLINE void
add_taps (const uint8_t *a,
          size_t step,
          size_t count,
          __mmask64 mask,
          const bool is_signed,
          __m512i *sum)
{
  const __m512i ones = _mm512_set1_epi8 (1);
  __m512i x[4];

#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++)
    x[i] = i < count ? _mm512_maskz_loadu_epi8 (mask, a + i * step) : _mm512_setzero_si512 ();
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    __m512i ab = j < 2 ? _mm512_unpacklo_epi8 (x[0], x[1]) : _mm512_unpackhi_epi8 (x[0], x[1]);
    __m512i cd = j < 2 ? _mm512_unpacklo_epi8 (x[2], x[3]) : _mm512_unpackhi_epi8 (x[2], x[3]);
    __m512i quads = j % 2 ? _mm512_unpackhi_epi16 (ab, cd) : _mm512_unpacklo_epi16 (ab, cd);

    if (is_signed)
      DOT (sum[j], ones, quads);
    else
      DOT (sum[j], quads, ones);
  }
}

ALWAYS_INLINE void
average (const BskWindowArgs *t, const bool is_signed)
{
  /* Signed codes are summed as they are, each 128 less than the unsigned one. */
  const int32_t start = t->start + (is_signed ? 128 * (int32_t) (t->lines * t->taps) : 0);
  const Codes k = codes_of (t->finish);
  const __m512 m = _mm512_set1_ps (t->m);

  for (size_t i = 0; i < t->channels; i += 64) {
    __mmask64 mask = mask64 (t->channels - i);
    __m512i sum[4];

#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      sum[j] = _mm512_set1_epi32 (start);
    for (size_t line = 0; line < t->lines; line++) {
      const uint8_t *a = t->a + line * t->line_step + i;
      size_t left = t->taps;

      for (; left >= 4; left -= 4, a += 4 * t->step)
        add_taps (a, t->step, 4, mask, is_signed, sum);
      if (left > 0)
        add_taps (a, t->step, left, mask, is_signed, sum);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      sum[j] = scale_sums (sum[j], m);
    _mm512_mask_storeu_epi8 (t->c + i, mask,
                             pack_lanes (sum[0], sum[1], sum[2], sum[3], &k, false));
  }
}

static void
average_window (const BskWindowArgs *t)
{
  if (t->flip)
    average (t, true);
  else
    average (t, false);
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
  table->average_window = average_window;
  table->add_bytes = add_bytes;
  table->mul_bytes = mul_bytes;
}
