/* What the files of the AVX-512 VNNI level share: the dot product and the finishing of sums to
 * codes.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../table.h"
#include "avx2_reduce.h"

#include <immintrin.h>

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

/* The dot product as one instruction of inline assembly: gcc 12 to 16 copy and spill the
 * accumulators of _mm512_dpbusd_epi32 in a tile of 24 (160–240 instead of 460 GOPS). */
#define DOT(sum, u8, s8) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

/* Constants of the finishing step, broadcast. */
typedef struct {
  __m512i zero, lo, hi, flip, order;
} Codes;

ALWAYS_INLINE Codes
codes_of (const BskFinish *f)
{
  return (Codes){ .zero = _mm512_set1_epi16 ((short) f->zero),
                  .lo = _mm512_set1_epi8 ((char) f->lo),
                  .hi = _mm512_set1_epi8 ((char) f->hi),
                  .flip = _mm512_set1_epi8 ((char) f->flip),
                  .order =
                    _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15) };
}

/* Four vectors of sums, already scaled and rounded, to 64 codes: 128 bits of codes come from the same 128
 * bits of each of the four. The packs saturate to int16 and then, after the zero point, to uint8;
 * what they cut off lies outside [lo, hi] anyway. */
ALWAYS_INLINE __m512i
pack_lanes (__m512i a, __m512i b, __m512i c, __m512i d, const Codes *k, const bool plain)
{
  __m512i low = _mm512_adds_epi16 (_mm512_packs_epi32 (a, b), k->zero);
  __m512i high = _mm512_adds_epi16 (_mm512_packs_epi32 (c, d), k->zero);
  __m512i codes = _mm512_packus_epi16 (low, high);

  if (plain)
    return codes;
  codes = _mm512_min_epu8 (_mm512_max_epu8 (codes, k->lo), k->hi);
  return _mm512_xor_si512 (codes, k->flip);
}

/* The same, the codes of a vector together. */
ALWAYS_INLINE __m512i
pack_codes (__m512i a, __m512i b, __m512i c, __m512i d, const Codes *k, const bool plain)
{
  return _mm512_permutexvar_epi32 (k->order, pack_lanes (a, b, c, d, k, plain));
}

ALWAYS_INLINE __m512i
scale_sums (__m512i sums, __m512 m)
{
  return _mm512_cvtps_epi32 (_mm512_mul_ps (_mm512_cvtepi32_ps (sums), m));
}

ALWAYS_INLINE __mmask16
mask16 (int n)
{
  return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16) ((1u << n) - 1);
}

ALWAYS_INLINE __mmask64
mask64 (size_t n)
{
  return n >= 64 ? ~0ull : (1ull << n) - 1;
}

ALWAYS_INLINE __mmask16
is_finite (__m512 x)
{
  return (__mmask16) ~_mm512_fpclass_ps_mask (x, 0x01 | 0x80 | 0x08 |
                                                   0x10); /* quiet and signalling NaN, ±∞ */
}

/* Adds lanes pairwise: (i, i + 8), and so on. */
ALWAYS_INLINE double
reduce_16 (__m512 lanes)
{
  return reduce_8 (
    _mm256_add_ps (_mm512_castps512_ps256 (lanes), _mm512_extractf32x8_ps (lanes, 1)));
}

/* Four codes rows of 16 from one vector, `cols` of each, rows `step` bytes apart, the first `rows`
 * of them. */
ALWAYS_INLINE void
store_16s (uint8_t *out, size_t step, __m512i codes, int rows, int cols)
{
  if (cols == 16) {
    _mm_storeu_si128 ((void *) out, _mm512_castsi512_si128 (codes));
    if (rows > 1)
      _mm_storeu_si128 ((void *) (out + step), _mm512_extracti32x4_epi32 (codes, 1));
    if (rows > 2)
      _mm_storeu_si128 ((void *) (out + 2 * step), _mm512_extracti32x4_epi32 (codes, 2));
    if (rows > 3)
      _mm_storeu_si128 ((void *) (out + 3 * step), _mm512_extracti32x4_epi32 (codes, 3));
  } else {
    __mmask16 mask = mask16 (cols);

    _mm_mask_storeu_epi8 (out, mask, _mm512_castsi512_si128 (codes));
    if (rows > 1)
      _mm_mask_storeu_epi8 (out + step, mask, _mm512_extracti32x4_epi32 (codes, 1));
    if (rows > 2)
      _mm_mask_storeu_epi8 (out + 2 * step, mask, _mm512_extracti32x4_epi32 (codes, 2));
    if (rows > 3)
      _mm_mask_storeu_epi8 (out + 3 * step, mask, _mm512_extracti32x4_epi32 (codes, 3));
  }
}

/* Sums or floats of one vector. */
ALWAYS_INLINE void
store_wide (void *out, BskType type, __m512i sums, __m512 m, int cols)
{
  if (type == BSK_F32)
    _mm512_mask_storeu_ps (out, mask16 (cols), _mm512_mul_ps (_mm512_cvtepi32_ps (sums), m));
  else
    _mm512_mask_storeu_epi32 (out, mask16 (cols), sums);
}

void bsk_avx512_bits_init (BskTable *table);
void bsk_avx512_lookup_init (BskTable *table);
void bsk_avx512_gemm_init (BskTable *table);
void bsk_avx512_depthwise_init (BskTable *table);
void bsk_avx512_depthwise_3x3_init (BskTable *table);
void bsk_avx512_low_init (BskTable *table);
void bsk_avx512_elementwise_init (BskTable *table);
void bsk_avx512_float_init (BskTable *table);
void bsk_avx512_wide_init (BskTable *table);
void bsk_avx512_stream_init (BskTable *table);
void bsk_avx512_minmax_init (BskTable *table);
void bsk_avx512_stats_init (BskTable *table);
void bsk_avx512_sweep_init (BskTable *table);
void bsk_avx512_levels_init (BskTable *table);
