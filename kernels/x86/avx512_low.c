/* Products with packed weights of 8, 4, 2 or 1 bits and scales per group, unpacked by table
 * lookup in the tile.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <string.h>

/* 6 × 32: twelve integer and, with groups, twelve float sums; unpacking (shift, mask, lookup) is
 * shared by six rows and runs on pipes that the dot products leave free. */
enum { MAX_ROWS = 6, MAX_VECS = 2, MAX_SUMS = MAX_ROWS * MAX_VECS };

/* One more than the largest level, in float: what is above would not fit in int32. Written so that
 * NaN, from an infinite sum times a zero, gives the lowest code as in every cast of it. */
ALWAYS_INLINE __m512i
round_scaled (__m512 f, __m512 m)
{
  return _mm512_cvtps_epi32 (_mm512_min_ps (_mm512_set1_ps (0x1p20f), _mm512_mul_ps (f, m)));
}

/* Sums over groups. */
ALWAYS_INLINE void
finish_groups (const BskLowArgs *t, const __m512 *f, char *c, const int rows, const int vecs)
{
  Codes k = codes_of (t->finish);
  __m512 m[MAX_VECS];

#pragma GCC unroll 2
  for (int j = 0; j < vecs; j++)
    m[j] = _mm512_loadu_ps (t->m + 16 * j);
  if (t->finish->out == BSK_F32) {
#pragma GCC unroll 12
    for (int i = 0; i < rows * vecs; i++)
      _mm512_mask_storeu_ps (c + (size_t) (i / vecs) * t->c_row + 64 * (i % vecs),
                             mask16 (t->cols - 16 * (i % vecs)), _mm512_mul_ps (f[i], m[i % vecs]));
    return;
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) {
    const __m512 *row = f + i * vecs;
    __m512i low = round_scaled (row[0], m[0]);
    __m512i high = vecs == 2 ? round_scaled (row[vecs - 1], m[vecs - 1]) : low;
    __m512i codes = pack_codes (low, high, low, high, &k, false);

    _mm256_mask_storeu_epi8 (c + (size_t) i * t->c_row, (__mmask32) mask64 ((size_t) t->cols),
                             _mm512_castsi512_si256 (codes));
  }
}

/* Sums without groups; compiled once, not for each tile: they are in memory. */
static void
finish_rows (const BskLowArgs *t, const __m512i *sum, char *c, int rows)
{
  Codes k = codes_of (t->finish);

  for (int i = 0; i < rows; i++, c += t->c_row)
    for (int j = 0; j < t->vecs; j++) {
      __m512 m = _mm512_loadu_ps (t->m + 16 * j);
      __m512i q = sum[i * t->vecs + j];
      int cols = t->cols - 16 * j;

      if (t->finish->out != BSK_U8 && t->finish->out != BSK_S8) {
        store_wide (c + 64 * j, t->finish->out, q, m, cols);
      } else {
        q = scale_sums (_mm512_min_epi32 (q, _mm512_loadu_si512 (t->cut + 16 * j)), m);
        q = pack_codes (q, q, q, q, &k, false);
        _mm_mask_storeu_epi8 (c + 16 * j, mask16 (cols), _mm512_castsi512_si128 (q));
      }
    }
}

/* Shared by all steps of a tile. */
typedef struct {
  __m512i levels, mask;
} Unpack;

ALWAYS_INLINE Unpack
unpack_of (const int8_t *levels, int bits)
{
  return (Unpack){ _mm512_broadcast_i32x4 (_mm_loadu_si128 ((const void *) levels)),
                   _mm512_set1_epi8 ((char) ((1 << bits) - 1)) };
}

/* One quad of K: unpacks the next codes of v and adds their products; `exists` masks bytes past the
 * end of K. */
ALWAYS_INLINE void
step (const BskLowArgs *t,
      const Unpack *u,
      const uint8_t *a,
      uint32_t exists,
      __m512i *v,
      __m512i *sum,
      const int rows,
      const int vecs,
      const int bits,
      const bool flip)
{
  __m512i b[MAX_VECS];

#pragma GCC unroll 2
  for (int j = 0; j < vecs; j++) {
    b[j] = bits == 8 ? v[j] : _mm512_shuffle_epi8 (u->levels, _mm512_and_si512 (v[j], u->mask));
    if (bits < 8)
      v[j] = _mm512_srli_epi16 (v[j], bits);
  }
#pragma GCC unroll 6
  for (int i = 0; i < rows; i++) {
    int32_t quad;
    __m512i x;

    memcpy (&quad, a + (size_t) i * t->a_row, 4);
    x = _mm512_set1_epi32 (quad);
    if (flip)
      x = _mm512_xor_si512 (x, _mm512_set1_epi8 ((char) 0x80));
    if (exists != UINT32_MAX)
      x = _mm512_and_si512 (x, _mm512_set1_epi32 ((int32_t) exists));
#pragma GCC unroll 2
    for (int j = 0; j < vecs; j++)
      DOT (sum[i * vecs + j], x, b[j]);
  }
}

ALWAYS_INLINE void
tile (const BskLowArgs *t,
      const uint8_t *a,
      char *c,
      const int rows,
      const int vecs,
      const int bits,
      const bool flip)
{
  const int per_block = 8 / bits;
  const Unpack u = unpack_of (t->levels, bits);
  const uint8_t *w = t->w, *row = a;
  const bool grouped = t->scale != NULL;
  __m512i sum[MAX_SUMS], v[MAX_VECS];
  __m512 f[MAX_SUMS];

#pragma GCC unroll 12
  for (int i = 0; i < rows * vecs; i++) {
    f[i] = _mm512_loadu_ps (t->from + 16 * (i % vecs));
    sum[i] = _mm512_setzero_si512 ();
  }
  for (int g = 0; g < t->n_runs; g++) {
    const bool last = g == t->n_runs - 1;
    const uint32_t mask = last ? t->last_mask : t->run_mask;
    int quads = last ? t->last_quads : t->run_quads,
        whole = (mask == UINT32_MAX ? quads : quads - 1) / per_block;

    a = row + t->seg[g];
    if (g == 0 || grouped)
#pragma GCC unroll 12
      for (int i = 0; i < rows * vecs; i++)
        sum[i] = _mm512_loadu_si512 (t->start + (g * vecs + i % vecs) * 16);
    for (int k = 0; k < whole; k++, w += 64 * vecs, a += 4 * per_block) {
#pragma GCC unroll 2
      for (int j = 0; j < vecs; j++)
        v[j] = _mm512_load_si512 (w + 64 * j);
#pragma GCC unroll 8
      for (int s = 0; s < per_block; s++)
        step (t, &u, a + 4 * s, UINT32_MAX, v, sum, rows, vecs, bits, flip);
    }
    quads -= whole * per_block;
    if (quads > 0) {
#pragma GCC unroll 2
      for (int j = 0; j < vecs; j++)
        v[j] = _mm512_load_si512 (w + 64 * j);
      for (int s = 0; s < quads; s++, a += 4)
        step (t, &u, a, s == quads - 1 ? mask : UINT32_MAX, v, sum, rows, vecs, bits, flip);
      w += 64 * vecs;
    }
    if (grouped)
#pragma GCC unroll 12
      for (int i = 0; i < rows * vecs; i++)
        f[i] = _mm512_fmadd_ps (_mm512_cvtepi32_ps (sum[i]),
                                _mm512_loadu_ps (t->scale + (g * vecs + i % vecs) * 16), f[i]);
  }
  if (grouped) {
    finish_groups (t, f, c, rows, vecs);
  } else {
    __m512i copy[MAX_SUMS]; /* with its own address taken, `sum` would live in memory */

#pragma GCC unroll 12
    for (int i = 0; i < rows * vecs; i++)
      copy[i] = sum[i];
    finish_rows (t, copy, c, rows);
  }
}

/* clang-format off */
#define TILES(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (6, 1) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (6, 2)
/* clang-format on */
/* One function for each tile: the compiler takes minutes for all of them in one. */
#define DEFINE(bits, rows, vecs)                                                                   \
  static void tile_##bits##_##rows##x##vecs (const BskLowArgs *t, const uint8_t *a, char *c)       \
  {                                                                                                \
    tile (t, a, c, rows, vecs, bits, false);                                                       \
  }                                                                                                \
  static void tile_##bits##_##rows##x##vecs##_signed (const BskLowArgs *t, const uint8_t *a,       \
                                                      char *c)                                     \
  {                                                                                                \
    tile (t, a, c, rows, vecs, bits, true);                                                        \
  }
#define DEFINE_8(rows, vecs) DEFINE (8, rows, vecs)
#define DEFINE_4(rows, vecs) DEFINE (4, rows, vecs)
#define DEFINE_2(rows, vecs) DEFINE (2, rows, vecs)
#define DEFINE_1(rows, vecs) DEFINE (1, rows, vecs)
TILES (DEFINE_8)
TILES (DEFINE_4)
TILES (DEFINE_2)
TILES (DEFINE_1)

#define ENTRY(bits, rows, vecs)                                                                    \
  [bits][vecs][rows] = { tile_##bits##_##rows##x##vecs, tile_##bits##_##rows##x##vecs##_signed },
#define ENTRY_8(rows, vecs) ENTRY (8, rows, vecs)
#define ENTRY_4(rows, vecs) ENTRY (4, rows, vecs)
#define ENTRY_2(rows, vecs) ENTRY (2, rows, vecs)
#define ENTRY_1(rows, vecs) ENTRY (1, rows, vecs)
typedef void (*Tile) (const BskLowArgs *t, const uint8_t *a, char *c);
static const Tile tile_of[9][MAX_VECS + 1][MAX_ROWS + 1][2] = { TILES (ENTRY_8) TILES (ENTRY_4)
                                                                  TILES (ENTRY_2) TILES (ENTRY_1) };

static void
gemm_low (const BskLowArgs *t)
{
  for (size_t done = 0; done < t->rows;) {
    size_t left = t->rows - done,
           rows = left >= 2 * MAX_ROWS || left <= MAX_ROWS ? left : (left + 1) / 2;

    rows = rows > MAX_ROWS ? MAX_ROWS : rows == 5 ? 3 : rows;
    tile_of[t->bits][t->vecs][rows][t->a_flip != 0](t, t->a + done * t->a_row,
                                                    (char *) t->c + done * t->c_row);
    done += rows;
  }
}

static void
unpack_low (const BskLowArgs *t, uint8_t *out, size_t step)
{
  const Unpack u = unpack_of (t->levels, t->bits);
  const __m128i bits = _mm_cvtsi32_si128 (t->bits);
  const int per_block = 8 / t->bits;
  const uint8_t *w = t->w;

  for (int r = 0; r < t->n_runs; r++)
    for (int q = 0, end; q < t->run_quads; q += per_block, out += step * (size_t) end) {
      end = t->run_quads - q < per_block ? t->run_quads - q : per_block;
      for (int j = 0; j < t->vecs; j++, w += 64) {
        __m512i v = _mm512_load_si512 (w);

        for (int s = 0; s < end; s++, v = _mm512_srl_epi16 (v, bits)) {
          __m512i b = _mm512_shuffle_epi8 (u.levels, _mm512_and_si512 (v, u.mask));

          if (q + s == t->run_quads - 1)
            b = _mm512_and_si512 (b, _mm512_set1_epi32 ((int32_t) t->run_mask));
          _mm512_store_si512 (out + step * (size_t) s + 64 * j, b);
        }
      }
    }
}

void
bsk_avx512_low_init (BskTable *table)
{
  table->low_vecs = MAX_VECS;
  table->gemm_low = gemm_low;
  table->unpack_low = unpack_low;
}
