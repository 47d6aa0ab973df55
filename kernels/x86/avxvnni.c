/* The AVX-VNNI level: 256-bit dot products. This file is compiled twice, VEX encoded for
 * processors with AVX-VNNI and EVEX encoded (BSK_EVEX) for those with AVX-512 VNNI, where it
 * serves to test the tiles.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifdef BSK_EVEX
#define DOT_VNNI(sum, u8, s8) __asm__("%{evex%} vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))
#define INIT bsk_avxvnni_evex_init
#else
#define DOT_VNNI(sum, u8, s8) __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(u8), "x"(s8))
#define INIT bsk_avxvnni_init
#endif
#define TILE_FORM FORM_VNNI
#include "tile256.inc"

/* See avx512_low.c: tiles of 8-bit weights are more than twice as fast as those of avx2_low.c. */
static void
unpack_low (const BskLowArgs *t, uint8_t *out, size_t step)
{
  const __m256i levels = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const void *) t->levels));
  const __m256i mask = _mm256_set1_epi8 ((char) ((1 << t->bits) - 1));
  const __m256i exists = _mm256_set1_epi32 ((int32_t) t->run_mask);
  const __m128i bits = _mm_cvtsi32_si128 (t->bits);
  const int per_block = 8 / t->bits;
  const uint8_t *w = t->w;

  for (int r = 0; r < t->n_runs; r++)
    for (int q = 0, end; q < t->run_quads; q += per_block, out += step * (size_t) end) {
      end = t->run_quads - q < per_block ? t->run_quads - q : per_block;
      for (int j = 0; j < t->vecs; j++, w += 32) {
        __m256i v = _mm256_load_si256 ((const void *) w);

        for (int s = 0; s < end; s++, v = _mm256_srl_epi16 (v, bits)) {
          __m256i b = _mm256_shuffle_epi8 (levels, _mm256_and_si256 (v, mask));

          if (q + s == t->run_quads - 1)
            b = _mm256_and_si256 (b, exists);
          _mm256_store_si256 ((void *) (out + step * (size_t) s + 32 * j), b);
        }
      }
    }
}

void INIT (BskTable *table);

void
INIT (BskTable *table)
{
  table->quad_bytes = 4;
  table->gemm_tile = gemm_tile;
  table->gemm_tile_narrow = NULL;
  table->unpack_low = unpack_low;
  table->depthwise_row = depthwise_row;
}
