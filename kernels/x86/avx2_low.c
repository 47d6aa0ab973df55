/* Products with packed weights of 8, 4, 2 or 1 bits and scales per group with AVX2: unpacked by
 * table lookup; byte products where their sums fit in int16, else widened, exact for every code book.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

#include <stdlib.h>

/* Eight rows, or widened four, share the unpacking of one vector of columns. */
enum { MAX_ROWS = 8 };

static void
finish_rows (const BskLowArgs *t, const __m256i *sum, const __m256 *f, char *c, int rows)
{
  const __m256 m = _mm256_loadu_ps (t->m);
  Codes k = codes_of (t->finish);

  for (int i = 0; i < rows; i++, c += t->c_row) {
    __m256i q = sum[i];

    if (t->scale && t->finish->out == BSK_F32) {
      store_wide (c, BSK_S32, _mm256_castps_si256 (_mm256_mul_ps (f[i], m)), m, t->cols);
    } else if (!t->scale && t->finish->out != BSK_U8 && t->finish->out != BSK_S8) {
      store_wide (c, t->finish->out, q, m, t->cols);
    } else {
      if (t->scale)
        q = _mm256_cvtps_epi32 (_mm256_min_ps (_mm256_set1_ps (0x1p20f), _mm256_mul_ps (f[i], m)));
      else
        q = scale_sums (_mm256_min_epi32 (q, _mm256_loadu_si256 ((const void *) t->cut)), m);
      store_rows ((uint8_t *) c, t->c_row, pack_codes (q, q, q, q, &k), 1, 8, t->cols);
    }
  }
}

ALWAYS_INLINE void
tile (const BskLowArgs *t, const uint8_t *a, char *c, const int rows)
{
  const int bits = t->bits, per_block = 8 / bits;
  const __m256i levels = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const void *) t->levels));
  const __m256i mask = _mm256_set1_epi8 ((char) ((1 << bits) - 1)),
                sign = _mm256_set1_epi8 ((char) t->a_flip);
  const __m128i shift = _mm_cvtsi32_si128 (bits);
  const uint8_t *w = t->w, *row = a;
  __m256i sum[MAX_ROWS], sums_out[MAX_ROWS];
  __m256 f[MAX_ROWS], f_out[MAX_ROWS];

#pragma GCC unroll 4
  for (int i = 0; i < rows; i++) {
    f[i] = _mm256_loadu_ps (t->from);
    sum[i] = _mm256_setzero_si256 ();
  }
  for (int g = 0; g < t->n_runs; g++) {
    const bool last_run = g == t->n_runs - 1;
    int quads = last_run ? t->last_quads : t->run_quads;

    a = row + t->seg[g];
    if (g == 0 || t->scale)
#pragma GCC unroll 4
      for (int i = 0; i < rows; i++)
        sum[i] = _mm256_loadu_si256 ((const void *) (t->start + 8 * g));
    for (int q = 0; q < quads; w += 32) {
      __m256i v = _mm256_loadu_si256 ((const void *) w);

      for (int s = 0; s < per_block && q < quads; s++, q++, a += 4) {
        uint32_t mask_last = last_run ? t->last_mask : t->run_mask;
        __m256i exists = _mm256_set1_epi32 ((int32_t) (q == quads - 1 ? mask_last : UINT32_MAX));
        __m256i b = bits == 8 ? v : _mm256_shuffle_epi8 (levels, _mm256_and_si256 (v, mask));
        Quads wide = { .even = _mm256_srai_epi16 (_mm256_slli_epi16 (b, 8), 8),
                       .odd = _mm256_srai_epi16 (b, 8) };

        v = _mm256_srl_epi16 (v, shift);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
          int32_t quad;
          __m256i x;

          memcpy (&quad, a + (size_t) i * t->a_row, 4);
          x = _mm256_and_si256 (_mm256_xor_si256 (_mm256_set1_epi32 (quad), sign), exists);
          sum[i] = dot (sum[i], activations (x, FORM_EXACT), wide, FORM_EXACT);
        }
      }
    }
    if (t->scale)
#pragma GCC unroll 4
      for (int i = 0; i < rows; i++)
        f[i] =
          _mm256_fmadd_ps (_mm256_cvtepi32_ps (sum[i]), _mm256_loadu_ps (t->scale + 8 * g), f[i]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; i++) {
    sums_out[i] = sum[i];
    f_out[i] = f[i];
  }
  finish_rows (t, sums_out, f_out, c, rows);
}

/* The same with byte products: sums of 16 bits hold those of `blocks` vectors of codes. */
ALWAYS_INLINE void
tile_bytes (const BskLowArgs *t,
            const uint8_t *row,
            char *c,
            const int rows,
            const int bits,
            int blocks)
{
  const int per_block = 8 / bits;
  const __m256i levels = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const void *) t->levels));
  const __m256i mask = _mm256_set1_epi8 ((char) ((1 << bits) - 1)),
                sign = _mm256_set1_epi8 ((char) t->a_flip), ones = _mm256_set1_epi16 (1);
  const uint8_t *w = t->w;
  __m256i sum[MAX_ROWS];
  __m256 f[MAX_ROWS];

  for (int i = 0; i < rows; i++) {
    f[i] = _mm256_loadu_ps (t->from);
    sum[i] = _mm256_loadu_si256 ((const void *) t->start);
  }
  for (int g = 0; g < t->n_runs; g++) {
    const bool last_run = g == t->n_runs - 1;
    const uint32_t mask_last = last_run ? t->last_mask : t->run_mask;
    int quads = last_run ? t->last_quads : t->run_quads;
    const uint8_t *a = row + t->seg[g];

    if (t->scale)
      for (int i = 0; i < rows; i++)
        sum[i] = _mm256_loadu_si256 ((const void *) (t->start + 8 * g));
    for (int q = 0; q < quads;) {
      __m256i part[MAX_ROWS];

#pragma GCC unroll 8
      for (int i = 0; i < rows; i++)
        part[i] = _mm256_setzero_si256 ();
      for (int block = 0; block < blocks && q < quads; block++, w += 32) {
        __m256i v = _mm256_loadu_si256 ((const void *) w);

        for (int s = 0; s < per_block && q < quads; s++, q++, a += 4) {
          __m256i exists = _mm256_set1_epi32 ((int32_t) (q == quads - 1 ? mask_last : UINT32_MAX));
          __m256i b =
            _mm256_and_si256 (_mm256_shuffle_epi8 (levels, _mm256_and_si256 (v, mask)), exists);

          v = _mm256_srli_epi16 (v, bits);
#pragma GCC unroll 8
          for (int i = 0; i < rows; i++) {
            __m256i x;

            BROADCAST_FLIPPED (x, a + (size_t) i * t->a_row, sign);
            ADD_BYTES_16 (part[i], x, b);
          }
        }
      }
#pragma GCC unroll 8
      for (int i = 0; i < rows; i++)
        sum[i] = _mm256_add_epi32 (sum[i], _mm256_madd_epi16 (part[i], ones));
    }
    if (t->scale)
      for (int i = 0; i < rows; i++)
        f[i] =
          _mm256_fmadd_ps (_mm256_cvtepi32_ps (sum[i]), _mm256_loadu_ps (t->scale + 8 * g), f[i]);
  }
  finish_rows (t, sum, f, c, rows);
}

/* How many vectors of codes may be added up in 16 bits; 0: not even one. */
static int
blocks_in_16_bits (const BskLowArgs *t)
{
  int largest = 1;

  if (t->bits == 8)
    return 0;
  for (int i = 0; i < 1 << t->bits; i++)
    largest = abs (t->levels[i]) > largest ? abs (t->levels[i]) : largest;
  return INT16_MAX / (2 * UINT8_MAX * largest) * t->bits / 8;
}

ALWAYS_INLINE void
rows_bytes (const BskLowArgs *t, const int bits, int blocks)
{
  size_t done = 0;

  for (; done + 8 <= t->rows; done += 8)
    tile_bytes (t, t->a + done * t->a_row, (char *) t->c + done * t->c_row, 8, bits, blocks);
  for (; done + 4 <= t->rows; done += 4)
    tile_bytes (t, t->a + done * t->a_row, (char *) t->c + done * t->c_row, 4, bits, blocks);
  for (; done < t->rows; done++)
    tile_bytes (t, t->a + done * t->a_row, (char *) t->c + done * t->c_row, 1, bits, blocks);
}

static void
gemm_low (const BskLowArgs *t)
{
  int blocks = blocks_in_16_bits (t);
  size_t done = 0;

  if (blocks > 0) {
    if (t->bits == 4)
      rows_bytes (t, 4, blocks);
    else if (t->bits == 2)
      rows_bytes (t, 2, blocks);
    else
      rows_bytes (t, 1, blocks);
    return;
  }

  for (; done + 4 <= t->rows; done += 4)
    tile (t, t->a + done * t->a_row, (char *) t->c + done * t->c_row, 4);
  for (; done < t->rows; done++)
    tile (t, t->a + done * t->a_row, (char *) t->c + done * t->c_row, 1);
}

void
bsk_avx2_low_init (BskTable *table)
{
  table->low_vecs = 1;
  table->gemm_low = gemm_low;
}
