/* Matrix product tiles with VNNI: A read in place by four-byte broadcasts, panels of B streamed.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <string.h>

/* 24 accumulators leave 8 registers for a row of B (up to 4), the broadcast of A and constants:
 * tiles of 6 × 64, 8 × 48, 12 × 32 and 16 × 16. Loads stay below one per dot product, and loads are
 * not what limits. */
enum {
  MAX_SUMS = 24,
  MAX_VECS = 4,
  MAX_ROWS = 16,
  HALF = 0 /* of two vectors, the upper half idle */
};
static const int max_rows[MAX_VECS + 1] = { [HALF] = 12, 16, 12, 8, 6 };

/* Codes of rows × vecs sums: as many rows as fill a vector of codes at a time. */
ALWAYS_INLINE void
finish_codes (const BskTileArgs *t,
              const __m512i *sum,
              uint8_t *c,
              const int rows,
              const int vecs,
              const bool half,
              const bool plain)
{
  const int group = vecs == 1 ? 4 : vecs == 2 ? 2 : 1; /* rows per vector of codes */
  const int sums = rows * vecs;
  Codes k = codes_of (t->finish);
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
      codes = pack_codes (q[0], q[1], q[2], q[3], &k, plain);
      if (sums - i >= 4)
        _mm512_storeu_si512 (c + 16 * i, codes);
      else
        _mm512_mask_storeu_epi32 (c + 16 * i, mask16 (4 * (sums - i)), codes);
    }
    return;
  }
  if (half && t->cols == 24 && t->c_row == 24) { /* halves of two rows make a vector */
    __m512 m_half = _mm512_shuffle_f32x4 (m[1], m[1], 0x44);

    k.order = _mm512_setr_epi32 (0, 4, 8, 12, 2, 6, 1, 5, 9, 13, 10, 14, 3, 7, 11, 15);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i += 2) {
      const bool two = rows - i > 1;
      __m512i zero = _mm512_setzero_si512 (), codes;
      __m512i halves =
        two ? _mm512_inserti64x4 (sum[2 * i + 1], _mm512_castsi512_si256 (sum[2 * i + 3]), 1)
            : sum[2 * i + 1];

      codes =
        pack_codes (scale_sums (sum[2 * i], m[0]), two ? scale_sums (sum[2 * i + 2], m[0]) : zero,
                    scale_sums (halves, m_half), zero, &k, plain);
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
    codes = pack_codes (q[0], q[1], q[2], q[3], &k, plain);
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

/* Sums and floats leave the registers through memory, so that this is compiled once. */
static void
finish_wide (const BskTileArgs *t, const __m512i *sum, char *c, int rows)
{
  for (int i = 0; i < rows; i++, c += t->c_row)
    for (int j = 0; j < t->vecs; j++)
      store_wide (c + 64 * j, t->finish->out, sum[i * t->vecs + j], _mm512_loadu_ps (t->m + 16 * j),
                  t->cols - 16 * j);
}

/* The dot product of the lower halves alone takes half the time; zero above. */
#define DOT_LOW(sum, u8, s8) __asm__("vpdpbusd %t2, %t1, %t0" : "+v"(sum) : "v"(u8), "v"(s8))

ALWAYS_INLINE __m512i
broadcast (const uint8_t *a, const bool flip)
{
  int32_t quad;
  __m512i v;

  memcpy (&quad, a, 4);
  v = _mm512_set1_epi32 (quad);
  /* Signed codes become unsigned on pipes that the dot products do not use. */
  return flip ? _mm512_xor_si512 (v, _mm512_set1_epi8 ((char) 0x80)) : v;
}

/* `count` tiles of `rows` rows below each other. */
ALWAYS_INLINE void
tiles (const BskTileArgs *t,
       size_t first,
       size_t count,
       const int rows,
       const int vecs,
       const bool half,
       const bool flip)
{
  size_t a_row = t->a_row;

  for (const uint8_t *a = t->a + first * a_row; count > 0;
       count--, a += (size_t) rows * a_row, first += (size_t) rows) {
    const char *w = t->w;
    char *c = (char *) t->c + first * t->c_row;
    __m512i sum[MAX_SUMS];

#pragma GCC unroll 24
    for (int i = 0; i < rows * vecs; i++)
      sum[i] = _mm512_loadu_si512 (t->start + 16 * (i % vecs));
    if (t->row_sum)
#pragma GCC unroll 24
      for (int i = 0; i < rows * vecs; i++)
        sum[i] = _mm512_sub_epi32 (
          sum[i], _mm512_mullo_epi32 (_mm512_set1_epi32 (t->row_sum[first + (size_t) (i / vecs)]),
                                      _mm512_loadu_si512 (t->w_zero + 16 * (i % vecs))));
    for (int s = 0; s < t->n_seg; s++) {
      const uint8_t *p = a + t->seg[s];

      for (int q = 0; q < t->quads; q++, p += 4, w += 64 * vecs) {
        __m512i b[MAX_VECS];

#pragma GCC unroll 4
        for (int j = 0; j < vecs; j++)
          b[j] = _mm512_load_si512 (w + 64 * j);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
          __m512i x = broadcast (p + (size_t) i * a_row, flip);

#pragma GCC unroll 4
          for (int j = 0; j < vecs; j++)
            if (half && j == vecs - 1)
              DOT_LOW (sum[i * vecs + j], x, b[j]);
            else
              DOT (sum[i * vecs + j], x, b[j]);
        }
      }
    }
    if (t->finish->cut)
#pragma GCC unroll 24
      for (int i = 0; i < rows * vecs; i++)
        sum[i] = _mm512_min_epi32 (sum[i], _mm512_loadu_si512 (t->cut + 16 * (i % vecs)));
    if (t->finish->plain) {
      finish_codes (t, sum, (uint8_t *) c, rows, vecs, half, true);
    } else if (t->finish->out == BSK_U8 || t->finish->out == BSK_S8) {
      finish_codes (t, sum, (uint8_t *) c, rows, vecs, half, false);
    } else {
      __m512i copy[MAX_SUMS]; /* with its own address taken, `sum` would live in memory */

#pragma GCC unroll 24
      for (int i = 0; i < rows * vecs; i++)
        copy[i] = sum[i];
      finish_wide (t, copy, c, rows);
    }
  }
}

typedef void (*Tiles) (const BskTileArgs *t, size_t first, size_t count);

/* clang-format off */
#define HEIGHTS(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (5, 1) X (6, 1) X (7, 1) X (8, 1) X (10, 1) X (12, 1) X (14, 1) X (16, 1) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2) X (7, 2) X (8, 2) X (10, 2) X (12, 2) \
  X (1, 3) X (2, 3) X (3, 3) X (4, 3) X (5, 3) X (6, 3) X (7, 3) X (8, 3) \
  X (1, 4) X (2, 4) X (3, 4) X (4, 4) X (5, 4) X (6, 4)
#define HALF_HEIGHTS(X) X (1) X (2) X (3) X (4) X (5) X (6) X (7) X (8) X (10) X (12)
/* clang-format on */
#define DEFINE_AS(name, ...)                                                                       \
  static void name (const BskTileArgs *t, size_t first, size_t count)                              \
  {                                                                                                \
    tiles (t, first, count, __VA_ARGS__);                                                          \
  }
#define DEFINE(rows, vecs)                                                                         \
  DEFINE_AS (tiles_##rows##x##vecs, rows, vecs, false, false)                                      \
  DEFINE_AS (tiles_##rows##x##vecs##_signed, rows, vecs, false, true)
#define DEFINE_HALF(rows)                                                                          \
  DEFINE_AS (tiles_##rows##xhalf, rows, 2, true, false)                                            \
  DEFINE_AS (tiles_##rows##xhalf_signed, rows, 2, true, true)
HEIGHTS (DEFINE)
HALF_HEIGHTS (DEFINE_HALF)
#define ENTRY(rows, vecs) [vecs][rows] = tiles_##rows##x##vecs,
#define ENTRY_SIGNED(rows, vecs) [vecs][rows] = tiles_##rows##x##vecs##_signed,
#define ENTRY_HALF(rows) [HALF][rows] = tiles_##rows##xhalf,
#define ENTRY_HALF_SIGNED(rows) [HALF][rows] = tiles_##rows##xhalf_signed,
static const Tiles table_u8[MAX_VECS + 1][MAX_ROWS + 1] = { HEIGHTS (ENTRY)
                                                              HALF_HEIGHTS (ENTRY_HALF) };
static const Tiles table_s8[MAX_VECS + 1][MAX_ROWS + 1] = { HEIGHTS (ENTRY_SIGNED)
                                                              HALF_HEIGHTS (ENTRY_HALF_SIGNED) };

/* Full tiles first; the last two are cut to nearly equal heights, because a sliver uses the pipes
 * badly. */
static void
gemm_tile (const BskTileArgs *t)
{
  const int kind = t->vecs == 2 && t->cols <= 24 ? HALF : t->vecs;
  const Tiles *heights = (t->a_flip ? table_s8 : table_u8)[kind];
  size_t top = (size_t) max_rows[kind], done = 0, left = t->rows;

  if (left > 2 * top) {
    size_t count = left / top - 1;

    heights[top](t, 0, count);
    done = count * top;
    left -= done;
  }
  while (left > 0) {
    size_t height = left > top ? (left + 1) / 2 : left;

    if (height > top)
      height = top;
    while (!heights[height])
      height--;
    heights[height](t, done, 1);
    done += height;
    left -= height;
  }
}

void
bsk_avx512_gemm_init (BskTable *table)
{
  table->lanes = 16;
  table->max_vecs = MAX_VECS;
  table->threes = true;
  table->quad_bytes = 4;
  table->gemm_tile = gemm_tile;
  table->gemm_tile_narrow = NULL;
}
