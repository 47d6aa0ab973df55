/* Product tiles and depthwise rows of the 256-bit levels, for one form of the dot product;
 * included with TILE_FORM.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

#ifndef TILE_FORM
#define TILE_FORM FORM_EXACT
#endif

/* Sixteen registers: FORM_EXACT needs two per column vector and two per row, FORM_NARROW a vector
 * of ones; VNNI neither, which allows 12 accumulators. */
enum { MAX_VECS = 2, MAX_ROWS = 8, MAX_SUMS = 12 };
static const int max_rows[MAX_VECS + 1] = { 0, 8, TILE_FORM == FORM_VNNI ? 6 : 4 };

ALWAYS_INLINE void
finish_codes (const BskTileArgs *t, const __m256i *sum, uint8_t *c, const int rows, const int vecs)
{
  const int group = 4 / vecs; /* rows per vector of codes */
  Codes k = codes_of (t->finish);
  __m256 m[MAX_VECS];

#pragma GCC unroll 2
  for (int j = 0; j < vecs; j++)
    m[j] = _mm256_loadu_ps (t->m + 8 * j);
#pragma GCC unroll 8
  for (int i = 0; i < rows; i += group) {
    const int here = rows - i < group ? rows - i : group;
    __m256i q[4];

#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      q[j] =
        j < here * vecs ? scale_sums (sum[i * vecs + j], m[j % vecs]) : _mm256_setzero_si256 ();
    store_rows (c + (size_t) i * t->c_row, t->c_row, pack_codes (q[0], q[1], q[2], q[3], &k), here,
                8 * vecs, t->cols);
  }
}

static void
finish_wide (const BskTileArgs *t, const __m256i *sum, char *c, int rows)
{
  for (int i = 0; i < rows; i++, c += t->c_row)
    for (int j = 0; j < t->vecs; j++)
      store_wide (c + 32 * j, t->finish->out, sum[i * t->vecs + j], _mm256_loadu_ps (t->m + 8 * j),
                  t->cols - 8 * j);
}

ALWAYS_INLINE void
tile (const BskTileArgs *t, size_t first, const int rows, const int vecs)
{
  const __m256i sign = _mm256_set1_epi8 ((char) t->a_flip);
  const uint8_t *a = t->a + first * t->a_row;
  char *c = (char *) t->c + first * t->c_row;
  const char *w = t->w;
  __m256i sum[MAX_SUMS];

#pragma GCC unroll 12
  for (int i = 0; i < rows * vecs; i++)
    sum[i] = _mm256_loadu_si256 ((const void *) (t->start + 8 * (i % vecs)));
  for (int s = 0; s < t->n_seg; s++) {
    const uint8_t *p = a + t->seg[s];

    for (int q = 0; q < t->quads; q++, p += 4, w += weight_bytes (TILE_FORM) * vecs) {
      Quads b[MAX_VECS];

#pragma GCC unroll 2
      for (int j = 0; j < vecs; j++)
        b[j] = weights (w + weight_bytes (TILE_FORM) * j, TILE_FORM);
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++) {
        int32_t quad;
        Quads x;

        memcpy (&quad, p + (size_t) i * t->a_row, 4);
        x = activations (_mm256_xor_si256 (_mm256_set1_epi32 (quad), sign), TILE_FORM);
#pragma GCC unroll 2
        for (int j = 0; j < vecs; j++)
          sum[i * vecs + j] = dot (sum[i * vecs + j], x, b[j], TILE_FORM);
      }
    }
  }
  if (t->finish->cut)
#pragma GCC unroll 12
    for (int i = 0; i < rows * vecs; i++)
      sum[i] =
        _mm256_min_epi32 (sum[i], _mm256_loadu_si256 ((const void *) (t->cut + 8 * (i % vecs))));
  if (t->finish->out == BSK_U8 || t->finish->out == BSK_S8) {
    finish_codes (t, sum, (uint8_t *) c, rows, vecs);
  } else {
    __m256i copy[MAX_SUMS]; /* with its own address taken, `sum` would live in memory */

#pragma GCC unroll 12
    for (int i = 0; i < rows * vecs; i++)
      copy[i] = sum[i];
    finish_wide (t, copy, c, rows);
  }
}

/* clang-format off */
#define HEIGHTS(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (6, 1) X (8, 1) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2)
/* clang-format on */
#define DEFINE(rows, vecs)                                                                         \
  static void tile_##rows##x##vecs (const BskTileArgs *t, size_t first)                            \
  {                                                                                                \
    tile (t, first, rows, vecs);                                                                   \
  }
HEIGHTS (DEFINE)
#define ENTRY(rows, vecs) [vecs][rows] = tile_##rows##x##vecs,
static void (*const heights[MAX_VECS + 1][MAX_ROWS + 1]) (const BskTileArgs *t,
                                                          size_t first) = { HEIGHTS (ENTRY) };

static void
gemm_tile (const BskTileArgs *t)
{
  size_t top = (size_t) max_rows[t->vecs], done = 0;

  while (done < t->rows) {
    size_t left = t->rows - done, height = left >= 2 * top || left <= top ? left : (left + 1) / 2;

    if (height > top)
      height = top;
    while (!heights[t->vecs][height])
      height--;
    heights[t->vecs][height](t, done);
    done += height;
  }
}

/* Depthwise: eight channels, four pixels of one output row at a time. Where fewer are left, the
 * last four of the row are done again. */
ALWAYS_INLINE void
depthwise_vector (const BskDepthwiseArgs *d, int channel, int row, const char *w, const Codes *k)
{
  const __m256i start = _mm256_loadu_si256 ((const void *) (d->start + channel));
  const __m256i cut = _mm256_loadu_si256 ((const void *) (d->cut + channel));
  const __m256 m = _mm256_loadu_ps (d->m + channel);
  const bool codes = d->finish->out == BSK_U8 || d->finish->out == BSK_S8;
  const int cols = d->channels - channel < 8 ? d->channels - channel : 8;

  for (int x = 0; x < d->pixels; x += 4) {
    int at = d->pixels - x >= 4 ? x
             : d->pixels > 4    ? d->pixels - 4
                                : 0,
        pixels = d->pixels < 4 ? d->pixels : 4;
    const uint8_t *q = d->q + (size_t) at * d->q_step + 4 * channel;
    char *c = (char *) d->c[row] + (size_t) at * d->c_step + (size_t) channel * (codes ? 1 : 4);
    size_t step[4] = { 0, pixels > 1 ? d->q_step : 0, pixels > 2 ? 2 * d->q_step : 0,
                       pixels > 3 ? 3 * d->q_step : 0 };
    __m256i sum[4] = { start, start, start, start };

    for (int t = 0; t < d->n_taps; t++) {
      Quads b = weights (w + (t * d->n_rows + row) * weight_bytes (TILE_FORM), TILE_FORM);

#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        __m256i v = _mm256_loadu_si256 ((const void *) (q + step[i] + d->tap[t]));

        sum[i] = dot (sum[i], activations (v, TILE_FORM), b, TILE_FORM);
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      sum[i] = _mm256_min_epi32 (sum[i], cut);
    if (codes) {
      store_rows ((uint8_t *) c, d->c_step,
                  pack_codes (scale_sums (sum[0], m), scale_sums (sum[1], m),
                              scale_sums (sum[2], m), scale_sums (sum[3], m), k),
                  pixels, 8, cols);
    } else {
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++)
        if (i < pixels)
          store_wide (c + (size_t) i * d->c_step, d->finish->out, sum[i], m, cols);
    }
  }
}

static void
depthwise_row (const BskDepthwiseArgs *d)
{
  const Codes k = codes_of (d->finish);
  const char *w = d->w;

  for (int channel = 0; channel < d->channels;
       channel += 8, w += d->n_taps * d->n_rows * weight_bytes (TILE_FORM))
    /* Last row first: where it is not to be kept, the first one overwrites it. */
    for (int row = d->n_rows - 1; row >= 0; row--)
      depthwise_vector (d, channel, row, w, &k);
}
