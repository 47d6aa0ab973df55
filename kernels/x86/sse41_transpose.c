/* Transposing bytes with SSE: tiles of 16 x 16 in registers, four rounds of interleaving.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "../table.h"

#include <emmintrin.h>
#include <string.h>

enum { SIDE = 16 };

/* A round puts row i beside row i + 8 byte by byte; after four, row i holds what was column i. */
static void
turn (__m128i rows[SIDE])
{
  __m128i next[SIDE];

  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < SIDE / 2; i++) {
      next[2 * i] = _mm_unpacklo_epi8 (rows[i], rows[i + SIDE / 2]);
      next[2 * i + 1] = _mm_unpackhi_epi8 (rows[i], rows[i + SIDE / 2]);
    }
    memcpy (rows, next, sizeof next);
  }
}

/* A tile at an edge goes through copies of whole size. */
static void
turn_edge (const uint8_t *a, size_t rows, size_t cols, size_t lda, uint8_t *c, size_t ldc)
{
  uint8_t tile[SIDE][SIDE] = { { 0 } };
  __m128i v[SIDE];

  for (size_t i = 0; i < rows; i++)
    memcpy (tile[i], a + i * lda, cols);
  memcpy (v, tile, sizeof v);
  turn (v);
  memcpy (tile, v, sizeof v);
  for (size_t j = 0; j < cols; j++)
    memcpy (c + j * ldc, tile[j], rows);
}

static void
transpose_8 (const uint8_t *a, size_t rows, size_t cols, size_t lda, uint8_t *c, size_t ldc)
{
  for (size_t i = 0; i < rows; i += SIDE)
    for (size_t j = 0; j < cols; j += SIDE) {
      const uint8_t *from = a + i * lda + j;
      uint8_t *to = c + j * ldc + i;
      size_t high = rows - i < SIDE ? rows - i : SIDE, wide = cols - j < SIDE ? cols - j : SIDE;
      __m128i v[SIDE];

      if (high < SIDE || wide < SIDE) {
        turn_edge (from, high, wide, lda, to, ldc);
        continue;
      }
      for (size_t k = 0; k < SIDE; k++)
        v[k] = _mm_loadu_si128 ((const void *) (from + k * lda));
      turn (v);
      for (size_t k = 0; k < SIDE; k++)
        _mm_storeu_si128 ((void *) (to + k * ldc), v[k]);
    }
}

void
bsk_sse41_transpose_init (BskTable *table)
{
  table->transpose_8 = transpose_8;
}
