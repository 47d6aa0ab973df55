/* Quantize and dequantize streams with AVX2.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

typedef struct {
  __m256 scale, inverse, top;
} Divide;

ALWAYS_INLINE Divide
divide_of (const BskQParams *p)
{
  float top = (float) (p->qmax - p->zero_point) + 1;

  return (Divide){ _mm256_set1_ps (p->scale), _mm256_set1_ps (1 / p->scale),
                   _mm256_set1_ps (top * p->scale) };
}

/* Levels of 8 values as int32; NaN gives 0. See avx512_stream.c. */
ALWAYS_INLINE __m256i
levels (__m256 x, const Divide *d, const bool fast)
{
  __m256 ordered = _mm256_cmp_ps (x, x, _CMP_ORD_Q),
         v = _mm256_min_ps (d->top, _mm256_and_ps (x, ordered));

  if (fast) {
    __m256 t = _mm256_mul_ps (v, d->inverse);

    return _mm256_cvtps_epi32 (_mm256_fmadd_ps (_mm256_fnmadd_ps (t, d->scale, v), d->inverse, t));
  }
  return _mm256_cvtps_epi32 (_mm256_div_ps (v, d->scale));
}

ALWAYS_INLINE __m256i
quantize_32 (const float *x, const Divide *d, const Codes *k, const bool fast)
{
  return pack_codes (
    levels (_mm256_loadu_ps (x), d, fast), levels (_mm256_loadu_ps (x + 8), d, fast),
    levels (_mm256_loadu_ps (x + 16), d, fast), levels (_mm256_loadu_ps (x + 24), d, fast), k);
}

ALWAYS_INLINE void
quantize_8_inner (const float *x,
                  size_t n,
                  const BskQParams *p,
                  uint8_t flip,
                  uint8_t *q,
                  const bool fast)
{
  BskFinish f = {
    .zero = p->zero_point + flip, .lo = p->qmin + flip, .hi = p->qmax + flip, .flip = flip
  };
  Divide d = divide_of (p);
  Codes k = codes_of (&f);
  size_t i = 0;

  for (; i + 32 <= n; i += 32)
    _mm256_storeu_si256 ((void *) (q + i), quantize_32 (x + i, &d, &k, fast));
  if (i < n) {
    float rest[32] = { 0 };
    uint8_t codes[32];

    memcpy (rest, x + i, (n - i) * 4);
    _mm256_storeu_si256 ((void *) codes, quantize_32 (rest, &d, &k, fast));
    memcpy (q + i, codes, n - i);
  }
}

static void
quantize_8 (const float *x, size_t n, const BskQParams *p, uint8_t flip, uint8_t *q)
{
  if (bsk_fast_quotient (p->scale))
    quantize_8_inner (x, n, p, flip, q, true);
  else
    quantize_8_inner (x, n, p, flip, q, false);
}

ALWAYS_INLINE __m256
value_8 (__m128i codes, __m128i sign, __m256i zero, __m256 scale)
{
  __m256i v = _mm256_sub_epi32 (_mm256_cvtepu8_epi32 (_mm_xor_si128 (codes, sign)), zero);

  return _mm256_mul_ps (_mm256_cvtepi32_ps (v), scale);
}

static void
dequantize_8 (const uint8_t *q, size_t n, int32_t zero, float scale, uint8_t flip, float *x)
{
  const __m128i sign = _mm_set1_epi8 ((char) flip);
  const __m256i z = _mm256_set1_epi32 (zero);
  const __m256 s = _mm256_set1_ps (scale);
  size_t i = 0;

  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps (x + i, value_8 (_mm_loadl_epi64 ((const void *) (q + i)), sign, z, s));
  for (; i < n; i++)
    x[i] = (float) ((q[i] ^ flip) - zero) * scale;
}

static void
fake_quantize (const float *x, size_t n, const BskQParams *p, float *y)
{
  const __m256 lo = _mm256_set1_ps ((float) (p->qmin - p->zero_point)),
               hi = _mm256_set1_ps ((float) (p->qmax - p->zero_point));
  const __m256 scale = _mm256_set1_ps (p->scale), zero = _mm256_setzero_ps ();

  for (size_t i = 0; i < n; i += 8) {
    size_t here = n - i < 8 ? n - i : 8;
    float rest[8] = { 0 };
    __m256 v, r;

    memcpy (rest, x + i, here * 4);
    v = _mm256_loadu_ps (rest);
    r = _mm256_and_ps (_mm256_div_ps (v, scale), _mm256_cmp_ps (v, v, _CMP_ORD_Q));
    r = _mm256_min_ps (
      _mm256_max_ps (_mm256_round_ps (r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), lo), hi);
    _mm256_storeu_ps (rest, _mm256_mul_ps (_mm256_add_ps (r, zero), scale));
    memcpy (y + i, rest, here * 4);
  }
}

void
bsk_avx2_stream_init (BskTable *table)
{
  table->quantize_8 = quantize_8;
  table->dequantize_8 = dequantize_8;
  table->fake_quantize = fake_quantize;
}
