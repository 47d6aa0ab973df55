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

/* Sums of bytes, 32 at a time; what lies past the end of a run is masked. */
static void
row_sums (const BskRowSums *args)
{
  static const uint8_t masks[64] = { [0 ... 31] = 0xff };
  const __m256i sign = _mm256_set1_epi8 ((char) args->a_flip);

  for (size_t i = 0; i < args->rows; i++) {
    __m256i sum = _mm256_setzero_si256 ();
    __m128i half;

    for (int s = 0; s < args->n_seg; s++) {
      const uint8_t *a = args->a + (ptrdiff_t) (i * args->a_row) + args->seg[s];

      for (int k = 0; k < args->bytes; k += 32) {
        __m256i v = _mm256_xor_si256 (_mm256_loadu_si256 ((const void *) (a + k)), sign);

        if (args->bytes - k < 32)
          v = _mm256_and_si256 (
            v, _mm256_loadu_si256 ((const void *) (masks + 32 - (args->bytes - k))));
        sum = _mm256_add_epi64 (sum, _mm256_sad_epu8 (v, _mm256_setzero_si256 ()));
      }
    }
    half = _mm_add_epi64 (_mm256_castsi256_si128 (sum), _mm256_extracti128_si256 (sum, 1));
    args->sums[i] = _mm_cvtsi128_si32 (_mm_add_epi64 (half, _mm_unpackhi_epi64 (half, half)));
  }
}

void
bsk_avx2_gemm_init (BskTable *table)
{
  table->lanes = 8;
  table->max_vecs = MAX_VECS;
  table->quad_bytes = 8;
  table->gemm_tile = gemm_tile;
  table->row_sums = row_sums;
  table->interleave4 = interleave4;
  table->depthwise_row = depthwise_row;
}
