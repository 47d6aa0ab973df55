/* Depthwise convolution with VNNI: a dot product of quads does four taps of 16 channels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <string.h>

/* Quads of 64 positions of four rows, in order. Unpacking works inside 128-bit lanes; dealing the
 * double words of the sources over the lanes first makes quads 16 j … 16 j + 15 come out as vector
 * j. */
static void
interleave4 (const uint8_t *const rows[4], size_t n, uint8_t flip, uint8_t *out)
{
  const __m512i deal = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i sign = _mm512_set1_epi8 ((char) flip);

  for (size_t i = 0; i < n; i += 64, out += 256) {
    __m512i a = _mm512_permutexvar_epi32 (deal, _mm512_loadu_si512 (rows[0] + i));
    __m512i b = _mm512_permutexvar_epi32 (deal, _mm512_loadu_si512 (rows[1] + i));
    __m512i c = _mm512_permutexvar_epi32 (deal, _mm512_loadu_si512 (rows[2] + i));
    __m512i d = _mm512_permutexvar_epi32 (deal, _mm512_loadu_si512 (rows[3] + i));
    __m512i ab0 = _mm512_unpacklo_epi8 (a, b), ab1 = _mm512_unpackhi_epi8 (a, b);
    __m512i cd0 = _mm512_unpacklo_epi8 (c, d), cd1 = _mm512_unpackhi_epi8 (c, d);

    _mm512_storeu_si512 (out, _mm512_xor_si512 (_mm512_unpacklo_epi16 (ab0, cd0), sign));
    _mm512_storeu_si512 (out + 64, _mm512_xor_si512 (_mm512_unpackhi_epi16 (ab0, cd0), sign));
    _mm512_storeu_si512 (out + 128, _mm512_xor_si512 (_mm512_unpacklo_epi16 (ab1, cd1), sign));
    _mm512_storeu_si512 (out + 192, _mm512_xor_si512 (_mm512_unpackhi_epi16 (ab1, cd1), sign));
  }
}

/* Codes or sums of up to four pixels. */
ALWAYS_INLINE void
emit (const BskDepthwiseArgs *d, __m512i *sum, char *c, int pixels, const Codes *k, __m512 m)
{
  if (d->finish->cut)
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      sum[i] = _mm512_min_epi32 (sum[i], _mm512_loadu_si512 (d->cut));
  if (d->finish->out == BSK_U8 || d->finish->out == BSK_S8) {
    __m512i codes = pack_codes (scale_sums (sum[0], m), scale_sums (sum[1], m),
                                scale_sums (sum[2], m), scale_sums (sum[3], m), k);

    if (d->c_step == 16 && d->cols == 16 && pixels == 4)
      _mm512_storeu_si512 (c, codes);
    else
      store_16s ((uint8_t *) c, d->c_step, codes, pixels, d->cols);
  } else {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      if (i < pixels)
        store_wide (c + (size_t) i * d->c_step, d->finish->out, sum[i], m, d->cols);
  }
}

/* taps 0: as many as the arguments say, weights from memory. Otherwise the weights stay in
 * registers. */
ALWAYS_INLINE void
row (const BskDepthwiseArgs *d, const int taps, const int rows)
{
  const int n_taps = taps ? taps : d->n_taps;
  __m512i start = _mm512_loadu_si512 (d->start), w[6];
  __m512 m = _mm512_loadu_ps (d->m);
  Codes k = codes_of (d->finish);

#pragma GCC unroll 6
  for (int i = 0; i < taps * rows; i++)
    w[i] = _mm512_loadu_si512 ((const char *) d->w + 64 * i);
  for (int x = 0; x < d->pixels; x += 4) {
    const uint8_t *q = d->q + (size_t) x * d->q_step;
    int pixels = d->pixels - x < 4 ? d->pixels - x : 4;
    /* Pixels past the end repeat the first, so that nothing is read past the row. */
    const uint8_t *at[4] = { q, pixels > 1 ? q + d->q_step : q, pixels > 2 ? q + 2 * d->q_step : q,
                             pixels > 3 ? q + 3 * d->q_step : q };
    __m512i sum[2][4];

#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      sum[0][i] = sum[1][i] = start;
#pragma GCC unroll 3
    for (int t = 0; t < n_taps; t++) {
      __m512i w0 = taps ? w[t * rows] : _mm512_loadu_si512 ((const char *) d->w + 64 * t * rows);
      __m512i w1 = taps ? w[t * rows + rows - 1]
                        : _mm512_loadu_si512 ((const char *) d->w + 64 * (t * rows + rows - 1));

#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        __m512i v = _mm512_loadu_si512 (at[i] + d->tap[t]);

        DOT (sum[0][i], v, w0);
        if (rows == 2)
          DOT (sum[1][i], v, w1);
      }
    }
    emit (d, sum[0], (char *) d->c[0] + (size_t) x * d->c_step, pixels, &k, m);
    if (rows == 2 && d->c[1])
      emit (d, sum[1], (char *) d->c[1] + (size_t) x * d->c_step, pixels, &k, m);
  }
}

static void
depthwise_row (const BskDepthwiseArgs *d)
{
  if (d->n_taps == 3 && d->n_rows == 2)
    row (d, 3, 2);
  else if (d->n_taps == 3)
    row (d, 3, 1);
  else if (d->n_rows == 2)
    row (d, 0, 2);
  else
    row (d, 0, 1);
}

void
bsk_avx512_depthwise_init (BskTable *table)
{
  table->interleave4 = interleave4;
  table->depthwise_row = depthwise_row;
}
