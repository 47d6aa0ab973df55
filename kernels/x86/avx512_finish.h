/* How tiles of sums leave the registers: as codes, sums or floats.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "avx512.h"

enum { MAX_VECS = 4 /* of columns of a tile */ };

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
  if (half && t->cols == 24 && t->c_row == 24) { /* halves of two rows make a vector */
    __m512 m_half = _mm512_shuffle_f32x4 (m[1], m[1], 0x44);
    Codes joined = *k;

    joined.order = _mm512_setr_epi32 (0, 4, 8, 12, 2, 6, 1, 5, 9, 13, 10, 14, 3, 7, 11, 15);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i += 2) {
      const bool two = rows - i > 1;
      __m512i zero = _mm512_setzero_si512 (), codes;
      __m512i halves =
        two ? _mm512_inserti64x4 (sum[2 * i + 1], _mm512_castsi512_si256 (sum[2 * i + 3]), 1)
            : sum[2 * i + 1];

      codes =
        pack_codes (scale_sums (sum[2 * i], m[0]), two ? scale_sums (sum[2 * i + 2], m[0]) : zero,
                    scale_sums (halves, m_half), zero, &joined, plain);
      _mm_storeu_si128 ((void *) (c + 24 * i), _mm512_castsi512_si128 (codes));
      codes = _mm512_alignr_epi64 (codes, codes, 2);
      if (two)
        _mm256_storeu_si256 ((void *) (c + 24 * i + 16), _mm512_castsi512_si256 (codes));
      else
        _mm_storel_epi64 ((void *) (c + 24 * i + 16), _mm512_castsi512_si128 (codes));
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
      if (t->c_row == 16 && t->cols == 16 && here == 4)
        _mm512_storeu_si512 (out, codes);
      else
        store_16s (out, t->c_row, codes, here, t->cols);
    } else if (vecs == 2) {
      if (t->cols == 32) {
        _mm256_storeu_si256 ((void *) out, _mm512_castsi512_si256 (codes));
        if (here > 1)
          _mm256_storeu_si256 ((void *) (out + t->c_row), _mm512_extracti64x4_epi64 (codes, 1));
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

/* Sums or floats. */
ALWAYS_INLINE void
finish_wide (const BskTileArgs *t,
             const __m512i *sum,
             char *c,
             const int rows,
             const int vecs,
             const BskType out)
{
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++, c += t->c_row)
#pragma GCC unroll 4
    for (int j = 0; j < vecs; j++)
      store_wide (c + 64 * j, out, sum[i * vecs + j], _mm512_loadu_ps (t->m + 16 * j),
                  t->cols - 16 * j);
}
