/* AVX2 product tiles and depthwise rows on int16 products, exact for all operands.
 * SPDX-License-Identifier: BSD-2-Clause */
#define TILE_FORM FORM_EXACT
#include "tile256.inc"

/* Quads of 32 positions of four rows, in order: see avx512_depthwise.c. */
static void
interleave4 (const BskInterleaveArgs *args)
{
  const __m256i deal = _mm256_setr_epi32 (0, 2, 4, 6, 1, 3, 5, 7);
  const __m256i sign = _mm256_set1_epi8 ((char) args->flip);

  for (size_t px = 0; px < args->pixels; px++) {
    size_t from = px * args->step;
    uint8_t *out = args->out + px * args->out_step;

    for (size_t i = 0; i < args->n; i += 32, out += 128) {
      __m256i v[4], ab0, ab1, cd0, cd1;

#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        v[j] = _mm256_loadu_si256 ((const void *) (args->rows[j] + from + i));
        v[j] = _mm256_xor_si256 (_mm256_permutevar8x32_epi32 (v[j], deal), sign);
      }
      ab0 = _mm256_unpacklo_epi8 (v[0], v[1]);
      ab1 = _mm256_unpackhi_epi8 (v[0], v[1]);
      cd0 = _mm256_unpacklo_epi8 (v[2], v[3]);
      cd1 = _mm256_unpackhi_epi8 (v[2], v[3]);
      _mm256_storeu_si256 ((void *) out, _mm256_unpacklo_epi16 (ab0, cd0));
      _mm256_storeu_si256 ((void *) (out + 32), _mm256_unpackhi_epi16 (ab0, cd0));
      _mm256_storeu_si256 ((void *) (out + 64), _mm256_unpacklo_epi16 (ab1, cd1));
      _mm256_storeu_si256 ((void *) (out + 96), _mm256_unpackhi_epi16 (ab1, cd1));
    }
  }
}

void
bsk_avx2_gemm_init (BskTable *table)
{
  table->lanes = 8;
  table->max_vecs = MAX_VECS;
  table->quad_bytes = 8;
  table->gemm_tile = gemm_tile;
  table->interleave4 = interleave4;
  table->depthwise_row = depthwise_row;
}
