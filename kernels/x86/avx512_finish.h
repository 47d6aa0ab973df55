/* How tiles of sums leave the registers: as codes, sums or floats.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "avx512.h"

enum { MAX_VECS = 4 /* of columns of a tile */ };

/* `half`: of the second of two vectors of columns only the lower half exists. Those of two rows then
 * share a vector, which follows the first ones of both; of an odd number of rows the last has its
 * own. */
enum { UPPER = 0xff00 /* lanes of the second row */ };

ALWAYS_INLINE int
n_sums (const int rows, const int vecs, const bool half)
{
  return half ? rows + (rows + 1) / 2 : rows * vecs;
}

/* Which vector of columns sum i of so many belongs to. */
ALWAYS_INLINE int
columns_of (const int i, const int sums, const int vecs, const bool half)
{
  return half ? i % 3 == 2 || i == sums - 1 : i % vecs;
}

/* Vector j of what each column has four bytes of, as the sums are laid out. */
ALWAYS_INLINE __m512i
load_columns (const void *from, const int j, const bool half)
{
  const char *p = (const char *) from + 64 * j;

  return half && j == 1 ? _mm512_broadcast_i64x4 (_mm256_loadu_si256 ((const void *) p))
                        : _mm512_loadu_si512 (p);
}

/* Codes of eight rows of 24 columns that join: three vectors. Four codes of vector j of those packed
 * together are dword 4 i + j; dwords of a second packed vector follow from 16 on. */
ALWAYS_INLINE void
finish_joined_halves (const __m512i *sum,
                      uint8_t *c,
                      const __m512 *m,
                      const Codes *k,
                      const bool plain)
{
  const __m512i first = _mm512_setr_epi32 (0, 4, 8, 12, 3, 7, 1, 5, 9, 13, 11, 15, 2, 6, 10, 14),
                second = _mm512_setr_epi32 (2, 6, 0, 4, 8, 12, 10, 14, 1, 5, 9, 13, 3, 7, 16, 20),
                third = _mm512_setr_epi32 (8, 12, 27, 31, 1, 5, 9, 13, 3, 7, 2, 6, 10, 14, 11, 15);
  __m512i q[12], codes[3];

#pragma GCC unroll 12
  for (int i = 0; i < 12; i++)
    q[i] = scale_sums (sum[i], m[i % 3 == 2]);
  codes[0] = pack_lanes (q[0], q[1], q[3], q[2], k, plain);
  codes[1] = pack_lanes (q[4], q[6], q[5], q[8], k, plain);
  codes[2] = pack_lanes (q[7], q[9], q[10], q[11], k, plain);
  _mm512_storeu_si512 (c, _mm512_permutexvar_epi32 (first, codes[0]));
  _mm512_storeu_si512 (c + 64, _mm512_permutex2var_epi32 (codes[1], second, codes[2]));
  _mm512_storeu_si512 (c + 128, _mm512_permutex2var_epi32 (codes[2], third, codes[1]));
}

/* Codes of sums of which the second vector of columns is half. */
ALWAYS_INLINE void
finish_halves (const BskTileArgs *t,
               const __m512i *sum,
               uint8_t *c,
               const int rows,
               const Codes *k,
               const bool plain)
{
  const __mmask32 mask = (__mmask32) mask64 ((size_t) t->cols);
  const __m512i order = _mm512_setr_epi32 (0, 4, 8, 12, 2, 6, 1, 5, 9, 13, 10, 14, 3, 7, 11, 15);
  const __m512i zero = _mm512_setzero_si512 ();
  __m512 m[2];

#pragma GCC unroll 2
  for (int j = 0; j < 2; j++)
    m[j] = _mm512_castsi512_ps (load_columns (t->m, j, true));
  if (rows == 8 && t->cols == 24 && t->c_row == 24) {
    finish_joined_halves (sum, c, m, k, plain);
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i += 2, sum += 3, c += 2 * t->c_row) {
    const bool two = rows - i > 1;
    __m512i codes = pack_lanes (scale_sums (sum[0], m[0]), two ? scale_sums (sum[1], m[0]) : zero,
                                scale_sums (sum[two ? 2 : 1], m[1]), zero, k, plain);

    codes = _mm512_permutexvar_epi32 (order, codes);
    _mm256_mask_storeu_epi8 (c, mask, _mm512_castsi512_si256 (codes));
    if (two)
      _mm256_mask_storeu_epi8 (c + t->c_row, mask,
                               _mm512_castsi512_si256 (_mm512_alignr_epi32 (codes, codes, 6)));
  }
}

/* Codes of rows × vecs sums: as many rows as fill a vector of codes at a time. */
ALWAYS_INLINE void
finish_codes (const BskTileArgs *t,
              const __m512i *sum,
              uint8_t *c,
              const int rows,
              const int vecs,
              const bool half,
              const Codes *k,
              const bool plain)
{
  const int group = vecs == 1 ? 4 : vecs == 2 ? 2 : 1; /* rows per vector of codes */
  const int sums = rows * vecs;
  __m512 m[MAX_VECS];

  if (half) {
    finish_halves (t, sum, c, rows, k, plain);
    return;
  }
#pragma GCC unroll 4
  for (int j = 0; j < vecs; j++)
    m[j] = _mm512_loadu_ps (t->m + 16 * j);
  if (vecs == 3 && t->cols == 48 && t->c_row == 48) { /* rows that join: four make three vectors */
#pragma GCC unroll 6
    for (int i = 0; i < sums; i += 4) {
      __m512i q[4], codes;

#pragma GCC unroll 4
      for (int j = 0; j < 4; j++)
        q[j] = i + j < sums ? scale_sums (sum[i + j], m[(i + j) % vecs]) : _mm512_setzero_si512 ();
      codes = pack_codes (q[0], q[1], q[2], q[3], k, plain);
      if (sums - i >= 4)
        _mm512_storeu_si512 (c + 16 * i, codes);
      else
        _mm512_mask_storeu_epi32 (c + 16 * i, mask16 (4 * (sums - i)), codes);
    }
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i += group) {
    uint8_t *out = c + (size_t) i * t->c_row;
    const int here = rows - i < group ? rows - i : group;
    __m512i q[4], codes;

#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      q[j] =
        j < here * vecs ? scale_sums (sum[i * vecs + j], m[j % vecs]) : _mm512_setzero_si512 ();
    codes = pack_codes (q[0], q[1], q[2], q[3], k, plain);
    if (vecs == 1) {
      if (here == 4 && __builtin_expect (t->c_row == 16 && t->cols == 16, true))
        _mm512_storeu_si512 (out, codes);
      else
        store_16s (out, t->c_row, codes, here, t->cols);
    } else if (vecs == 2) {
      if (t->cols == 32) {
        _mm256_storeu_si256 ((void *) out, _mm512_castsi512_si256 (codes));
        if (here > 1) /* not extracted, which takes a pipe of the dot products */
          _mm512_mask_storeu_epi64 (out + t->c_row - 32, 0xf0, codes);
      } else {
        __mmask32 mask = (__mmask32) mask64 ((size_t) t->cols);

        _mm256_mask_storeu_epi8 (out, mask, _mm512_castsi512_si256 (codes));
        if (here > 1)
          _mm256_mask_storeu_epi8 (out + t->c_row, mask, _mm512_extracti64x4_epi64 (codes, 1));
      }
    } else if (vecs == 4 && t->cols == 64) {
      _mm512_storeu_si512 (out, codes);
    } else {
      _mm512_mask_storeu_epi8 (out, mask64 ((size_t) t->cols), codes);
    }
  }
}

/* Sums or floats. Only the last vector of columns may be short. */
ALWAYS_INLINE void
finish_wide (const BskTileArgs *t,
             const __m512i *sum,
             char *c,
             const int rows,
             const int vecs,
             const bool half,
             const BskType out)
{
  if (half) {
    const __m512 m = _mm512_castsi512_ps (load_columns (t->m, 1, true));

#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, c += t->c_row) {
      const __m512i both = sum[i / 2 * 3 + (i / 2 * 2 < rows - 1 ? 2 : 1)];

      store_wide (c, out, sum[i / 2 * 3 + i % 2], _mm512_loadu_ps (t->m), 16);
      store_wide (c + 64, out, i % 2 ? _mm512_alignr_epi64 (both, both, 4) : both, m, t->cols - 16);
    }
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++, c += t->c_row)
#pragma GCC unroll 4
    for (int j = 0; j < vecs; j++)
      store_wide (c + 64 * j, out, sum[i * vecs + j], _mm512_loadu_ps (t->m + 16 * j),
                  j < vecs - 1 ? 16 : t->cols - 16 * j);
}
