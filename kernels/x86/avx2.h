/* What the 256-bit levels share: three forms of the dot product of byte quads, and the finishing
 * of sums to codes.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../table.h"

#include <immintrin.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

/* How a u8 × s8 quad becomes an int32 without VNNI. The obvious maddubs saturates its pair sums at
 * int16: 255 · 127 twice gives 32767. FORM_EXACT therefore keeps weights as int16, even and odd
 * bytes apart, and masks the activations the same way. FORM_NARROW is for weights or activations
 * whose pair sums fit, which packing checks. */
typedef enum { FORM_EXACT, FORM_NARROW, FORM_VNNI } Form;

typedef struct {
  __m256i all, even, odd;
} Quads;

ALWAYS_INLINE Quads
activations (__m256i v, const Form form)
{
  if (form == FORM_EXACT)
    return (Quads){ .even = _mm256_and_si256 (v, _mm256_set1_epi16 (0xff)),
                    .odd = _mm256_srli_epi16 (v, 8) };
  return (Quads){ .all = v };
}

ALWAYS_INLINE Quads
weights (const char *w, const Form form)
{
  if (form == FORM_EXACT)
    return (Quads){ .even = _mm256_loadu_si256 ((const void *) w),
                    .odd = _mm256_loadu_si256 ((const void *) (w + 32)) };
  return (Quads){ .all = _mm256_loadu_si256 ((const void *) w) };
}

ALWAYS_INLINE int
weight_bytes (const Form form)
{
  return form == FORM_EXACT ? 64 : 32;
}

#ifndef DOT_VNNI
#define DOT_VNNI(sum, u8, s8) ((void) (sum), (void) (u8), (void) (s8))
#endif

ALWAYS_INLINE __m256i
dot (__m256i sum, Quads a, Quads w, const Form form)
{
  if (form == FORM_VNNI) {
    DOT_VNNI (sum, a.all, w.all);
    return sum;
  }
  if (form == FORM_EXACT) {
    sum = _mm256_add_epi32 (sum, _mm256_madd_epi16 (a.even, w.even));
    return _mm256_add_epi32 (sum, _mm256_madd_epi16 (a.odd, w.odd));
  }
  return _mm256_add_epi32 (
    sum, _mm256_madd_epi16 (_mm256_maddubs_epi16 (a.all, w.all), _mm256_set1_epi16 (1)));
}

/* As volatile assembly, because the compiler would load all broadcasts of a step first and spill the
 * sums: a broadcast of four bytes with their signs flipped, and the addition of products of byte pairs
 * to sums of 16 bits. */
#define BROADCAST_FLIPPED(x, from, sign)                                                           \
  __asm__ volatile("vpbroadcastd %1, %0\n\tvpxor %2, %0, %0"                                       \
                   : "=&x"(x)                                                                      \
                   : "m"(*(const int32_t *) (const void *) (from)), "m"(sign))
#define ADD_BYTES_16(part, x, w)                                                                   \
  do {                                                                                             \
    __m256i products;                                                                              \
    __asm__ volatile("vpmaddubsw %3, %2, %1\n\tvpaddw %1, %0, %0"                                  \
                     : "+x"(part), "=&x"(products)                                                 \
                     : "x"(x), "x"(w));                                                            \
  } while (0)

/* Constants of the finishing step, broadcast. */
typedef struct {
  __m256i zero, lo, hi, flip, order;
} Codes;

ALWAYS_INLINE Codes
codes_of (const BskFinish *f)
{
  return (Codes){ .zero = _mm256_set1_epi16 ((short) f->zero),
                  .lo = _mm256_set1_epi8 ((char) f->lo),
                  .hi = _mm256_set1_epi8 ((char) f->hi),
                  .flip = _mm256_set1_epi8 ((char) f->flip),
                  .order = _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7) };
}

/* Four vectors of sums, already scaled and rounded, to 32 codes in order. */
ALWAYS_INLINE __m256i
pack_codes (__m256i a, __m256i b, __m256i c, __m256i d, const Codes *k)
{
  __m256i low = _mm256_adds_epi16 (_mm256_packs_epi32 (a, b), k->zero);
  __m256i high = _mm256_adds_epi16 (_mm256_packs_epi32 (c, d), k->zero);
  __m256i codes = _mm256_permutevar8x32_epi32 (_mm256_packus_epi16 (low, high), k->order);

  codes = _mm256_min_epu8 (_mm256_max_epu8 (codes, k->lo), k->hi);
  return _mm256_xor_si256 (codes, k->flip);
}

ALWAYS_INLINE __m256i
scale_sums (__m256i sums, __m256 m)
{
  return _mm256_cvtps_epi32 (_mm256_mul_ps (_mm256_cvtepi32_ps (sums), m));
}

/* `cols` of 8 sums or floats. */
ALWAYS_INLINE void
store_wide (char *out, BskType type, __m256i sums, __m256 m, int cols)
{
  int32_t values[8];

  if (type == BSK_F32)
    sums = _mm256_castps_si256 (_mm256_mul_ps (_mm256_cvtepi32_ps (sums), m));
  _mm256_storeu_si256 ((void *) values, sums);
  if (cols >= 8)
    memcpy (out, values, 32);
  else if (cols > 0)
    memcpy (out, values, (size_t) cols * 4);
}

/* Bytes of one vector, `width` for each of `rows` rows, of which `cols` are stored. */
ALWAYS_INLINE void
store_rows (uint8_t *out, size_t step, __m256i codes, int rows, const int width, int cols)
{
  uint8_t bytes[32];

  _mm256_storeu_si256 ((void *) bytes, codes);
  if (cols >= width)
    for (int i = 0; i < rows; i++)
      memcpy (out + (size_t) i * step, bytes + i * width, (size_t) width);
  else
    for (int i = 0; i < rows; i++)
      memcpy (out + (size_t) i * step, bytes + i * width, (size_t) cols);
}

void bsk_avx2_bits_init (BskTable *table);
void bsk_avx2_gemm_init (BskTable *table);
void bsk_avx2_low_init (BskTable *table);
void bsk_avx2_elementwise_init (BskTable *table);
void bsk_avx2_float_init (BskTable *table);
void bsk_avx2_wide_init (BskTable *table);
void bsk_avx2_stream_init (BskTable *table);
void bsk_avx2_stats_init (BskTable *table);
void bsk_avx2_sweep_init (BskTable *table);
void bsk_avx2_levels_init (BskTable *table);
