/* Depthwise convolution with VNNI: a dot product of quads does four taps of 16 channels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

#include <string.h>

/* Quads of 64 positions of four rows, in order. Unpacking works inside 128-bit lanes; dealing the
 * double words of the sources over the lanes first makes quads 16 j … 16 j + 15 come out as vector
 * j. */
ALWAYS_INLINE void
interleave (const BskInterleaveArgs *args, const bool flip)
{
  const __m512i deal = _mm512_setr_epi32 (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i sign = _mm512_set1_epi8 ((char) 0x80);

  for (size_t px = 0; px < args->pixels; px++) {
    size_t from = px * args->step;
    uint8_t *out = args->out + px * args->out_step;

    for (size_t i = 0; i < args->n; i += 64, out += 256) {
      __m512i v[4], ab0, ab1, cd0, cd1;

#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        v[j] = _mm512_permutexvar_epi32 (deal, _mm512_loadu_si512 (args->rows[j] + from + i));
        if (flip)
          v[j] = _mm512_xor_si512 (v[j], sign);
      }
      ab0 = _mm512_unpacklo_epi8 (v[0], v[1]);
      ab1 = _mm512_unpackhi_epi8 (v[0], v[1]);
      cd0 = _mm512_unpacklo_epi8 (v[2], v[3]);
      cd1 = _mm512_unpackhi_epi8 (v[2], v[3]);
      _mm512_storeu_si512 (out, _mm512_unpacklo_epi16 (ab0, cd0));
      _mm512_storeu_si512 (out + 64, _mm512_unpackhi_epi16 (ab0, cd0));
      _mm512_storeu_si512 (out + 128, _mm512_unpacklo_epi16 (ab1, cd1));
      _mm512_storeu_si512 (out + 192, _mm512_unpackhi_epi16 (ab1, cd1));
    }
  }
}

static void
interleave4 (const BskInterleaveArgs *args)
{
  if (args->flip)
    interleave (args, true);
  else
    interleave (args, false);
}

/* One vector of 16 channels in work. */
typedef struct {
  const BskDepthwiseArgs *d;
  const uint8_t *q;
  const char *w;
  char *c[2];
  __m512i start;
  __m512 m;
  Codes k;
  int cols, first; /* channels that exist; the first one's index */
} Channels;

/* How results leave: codes that need no clamp, other codes, sums or floats. */
typedef enum { PLAIN, CODES, WIDE } Finish;

ALWAYS_INLINE void
store_codes (char *out, __m128i codes, int cols)
{
  if (__builtin_expect (cols == 16, 1))
    _mm_storeu_si128 ((void *) out, codes);
  else
    _mm_mask_storeu_epi8 (out, mask16 (cols), codes);
}

/* Four sums to the four places `out`; later places are written first, see c[1] of BskDepthwiseArgs.
 */
ALWAYS_INLINE void
emit (const Channels *ch,
      __m512i a,
      __m512i b,
      __m512i c,
      __m512i e,
      char *const out[4],
      const Finish finish)
{
  if (finish == WIDE) {
    store_wide (out[3], ch->d->finish->out, e, ch->m, ch->cols);
    store_wide (out[2], ch->d->finish->out, c, ch->m, ch->cols);
    store_wide (out[1], ch->d->finish->out, b, ch->m, ch->cols);
    store_wide (out[0], ch->d->finish->out, a, ch->m, ch->cols);
  } else {
    __m512i codes = pack_codes (scale_sums (a, ch->m), scale_sums (b, ch->m), scale_sums (c, ch->m),
                                scale_sums (e, ch->m), &ch->k, finish == PLAIN);

    store_codes (out[3], _mm512_extracti32x4_epi32 (codes, 3), ch->cols);
    store_codes (out[2], _mm512_extracti32x4_epi32 (codes, 2), ch->cols);
    store_codes (out[1], _mm512_extracti32x4_epi32 (codes, 1), ch->cols);
    store_codes (out[0], _mm512_castsi512_si128 (codes), ch->cols);
  }
}

ALWAYS_INLINE __m512i
quads_at (const uint8_t *q)
{
  return _mm512_loadu_si512 (q);
}

/* Kernels of up to three rows and three columns at stride 1: two pixels of two output rows at a
 * time, from four columns of quads and six weights that stay in registers. An odd last pixel is
 * done together with the one before. */
ALWAYS_INLINE void
two_rows_three_taps (const Channels *ch, const Finish finish)
{
  const BskDepthwiseArgs *d = ch->d;
  const size_t step = d->q_step, next = d->pixels > 1 ? 1 : 0;
  __m512i w[6];

#pragma GCC unroll 6
  for (int i = 0; i < 6; i++)
    w[i] = _mm512_loadu_si512 (ch->w + 64 * i);
  for (size_t x = 0; x < (size_t) d->pixels; x += 2) {
    size_t at = x + next < (size_t) d->pixels ? x : (size_t) d->pixels - 1 - next;
    const uint8_t *q = ch->q + at * step;
    char *c0 = ch->c[0] + at * d->c_step, *c1 = ch->c[1] + at * d->c_step;
    char *const out[4] = { c0, c0 + next * d->c_step, c1, c1 + next * d->c_step };
    __m512i q0 = quads_at (q), q1 = quads_at (q + step), q2 = quads_at (q + 2 * step),
            q3 = quads_at (q + (2 + next) * step);
    __m512i right = next ? q1 : q0;
    __m512i s00 = ch->start, s01 = ch->start, s10 = ch->start, s11 = ch->start;

    DOT (s00, q0, w[0]);
    DOT (s10, q0, w[1]);
    DOT (s01, right, w[0]);
    DOT (s11, right, w[1]);
    right = next ? q2 : q1;
    DOT (s00, q1, w[2]);
    DOT (s10, q1, w[3]);
    DOT (s01, right, w[2]);
    DOT (s11, right, w[3]);
    DOT (s00, q2, w[4]);
    DOT (s10, q2, w[5]);
    DOT (s01, q3, w[4]);
    DOT (s11, q3, w[5]);
    emit (ch, s00, s01, s10, s11, out, finish);
  }
}

/* Any kernel, one output row: four pixels at a time; taps is their number when known, so that the
 * weights of few taps stay in registers. */
ALWAYS_INLINE void
one_row (const Channels *ch, int row, const int taps, const Finish finish)
{
  const BskDepthwiseArgs *d = ch->d;
  const int n_taps = taps ? taps : d->n_taps;
  const int last = d->pixels > 4 ? d->pixels - 4 : 0;
  const size_t one = d->pixels > 1, two = d->pixels > 2 ? 2 : one, three = d->pixels > 3 ? 3 : two;
  __m512i w[3];

#pragma GCC unroll 3
  for (int i = 0; i < taps; i++)
    w[i] = _mm512_loadu_si512 (ch->w + 64 * (i * d->n_rows + row));
  for (int x = 0; x < d->pixels; x += 4) {
    size_t at = (size_t) (x < last ? x : last);
    const uint8_t *q = ch->q + at * d->q_step;
    char *c = ch->c[row] + at * d->c_step;
    char *const out[4] = { c, c + one * d->c_step, c + two * d->c_step, c + three * d->c_step };
    __m512i s0 = ch->start, s1 = ch->start, s2 = ch->start, s3 = ch->start;

#pragma GCC unroll 3
    for (int t = 0; t < n_taps; t++) {
      const uint8_t *p = q + d->tap[t];
      __m512i b = taps ? w[t] : _mm512_loadu_si512 (ch->w + 64 * (t * d->n_rows + row));

      DOT (s0, quads_at (p), b);
      DOT (s1, quads_at (p + one * d->q_step), b);
      DOT (s2, quads_at (p + two * d->q_step), b);
      DOT (s3, quads_at (p + three * d->q_step), b);
    }
    if (finish == WIDE || d->finish->cut) {
      __m512i cut = _mm512_loadu_si512 (d->cut + ch->first);

      s0 = _mm512_min_epi32 (s0, cut);
      s1 = _mm512_min_epi32 (s1, cut);
      s2 = _mm512_min_epi32 (s2, cut);
      s3 = _mm512_min_epi32 (s3, cut);
    }
    emit (ch, s0, s1, s2, s3, out, finish);
  }
}

ALWAYS_INLINE void
vectors (const BskDepthwiseArgs *d, const Finish finish)
{
  const size_t bytes = finish == WIDE ? 4 : 1;
  const bool square =
    d->n_taps == 3 && d->n_rows == 2 && !d->finish->cut && d->tap[1] == (ptrdiff_t) d->q_step;
  const bool pair = d->n_rows == 2 && d->c[1] != d->c[0];
  Channels ch;

  /* Field by field: an initializer would clear it first, which shows in short rows. */
  ch.d = d;
  ch.q = d->q;
  ch.w = d->w;
  ch.c[0] = d->c[0];
  ch.c[1] = d->c[1];
  ch.k = codes_of (d->finish);
  for (int channel = 0; channel < d->channels; channel += 16) {
    ch.start = _mm512_loadu_si512 (d->start + channel);
    ch.m = _mm512_loadu_ps (d->m + channel);
    ch.first = channel;
    ch.cols = d->channels - channel < 16 ? d->channels - channel : 16;
    if (square && pair) {
      two_rows_three_taps (&ch, finish);
    } else {
      for (int row = pair ? 1 : 0; row >= 0; row--)
        if (d->n_taps == 3)
          one_row (&ch, row, 3, finish);
        else
          one_row (&ch, row, 0, finish);
    }
    ch.q += 64;
    ch.w += 64 * d->n_taps * d->n_rows;
    ch.c[0] += 16 * bytes;
    ch.c[1] += 16 * bytes;
  }
}

static void
depthwise_row (const BskDepthwiseArgs *d)
{
  if (d->finish->plain)
    vectors (d, PLAIN);
  else if (d->finish->out == BSK_U8 || d->finish->out == BSK_S8)
    vectors (d, CODES);
  else
    vectors (d, WIDE);
}

void
bsk_avx512_depthwise_init (BskTable *table)
{
  table->interleave4 = interleave4;
  table->depthwise_row = depthwise_row;
}
