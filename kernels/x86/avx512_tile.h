/* The loops of matrix product tiles with VNNI, of any shape: A read in place by four-byte
 * broadcasts, panels of B streamed. Included by the file that has the shapes.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "avx512_finish.h"

#include <string.h>

/* 24 accumulators leave 8 registers for a row of B (up to 4), the broadcast of A and constants:
 * tiles of 6 × 64, 8 × 48, 12 × 32 and 16 × 16. Loads stay below one per dot product, and loads are
 * not what limits. */
enum {
  MAX_SUMS = 24,
  MAX_ROWS = 16,
  HALF = 0,                 /* of two vectors, the upper half idle; not with sums of rows */
  ONE_FOURS = MAX_VECS + 1, /* one vector, rows in groups of four */
  N_KINDS,
  LONG_QUADS = 32,
  MAX_GROUPS = 6
};
static const int max_rows[MAX_VECS + 1] = { [HALF] = 16, 16, 12, 8, 6 };

/* Compiled once, not for each height of tiles: the sums are in memory. */
static void
finish_single (const BskTileArgs *t, const __m512i *sum, char *c, int rows, bool half)
{
  finish_wide (t, sum, c, rows, t->vecs, half, t->finish->out);
}

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

ALWAYS_INLINE void
load_weights (const char *w, __m512i *b, const int vecs, const bool half)
{
#pragma GCC unroll 4
  for (int j = 0; j < vecs; j++) {
    b[j] = load_columns (w, j, half);
    __asm__("" : "+v"(b[j])); /* else gcc loads it again for each row */
  }
}

/* A quad of K, `at` bytes from p[i], for rows in groups of `group` below these. */
ALWAYS_INLINE void
add_quad (const uint8_t *const *p,
          size_t a_row,
          ptrdiff_t at,
          const __m512i *b,
          __m512i *sum,
          const int groups,
          const int group,
          const int vecs,
          const bool half,
          const bool flip)
{
  __m512i above;

#pragma GCC unroll 16
  for (int i = 0; i < groups * group; i++) {
    __m512i x = broadcast (p[i / group] + (size_t) (i % group) * a_row + at, flip);

    if (half) {
      DOT (sum[i + i / 2], x, b[0]);
      if (i % 2)
        DOT (sum[i + i / 2 + 1], _mm512_mask_blend_epi32 (UPPER, above, x), b[1]);
      else if (i == groups * group - 1)
        DOT (sum[i + i / 2 + 1], x, b[1]);
      above = x;
      continue;
    }
#pragma GCC unroll 4
    for (int j = 0; j < vecs; j++)
      DOT (sum[i * vecs + j], x, b[j]);
  }
}

/* Some quads of a run of K. */
ALWAYS_INLINE const char *
add_quads (const uint8_t *const *p,
           size_t a_row,
           const char *w,
           int quads,
           __m512i *sum,
           const int groups,
           const int group,
           const int vecs,
           const bool half,
           const bool flip)
{
  for (int q = 0; q < quads; q++, w += 64 * vecs) {
    __m512i b[MAX_VECS];

    load_weights (w, b, vecs, half);
    if (groups * group > 1 &&
        groups * group <= 4) /* weights are used so few times that memory limits */
#pragma GCC unroll 4
      for (int j = 0; j < vecs; j++)
        _mm_prefetch (w + 64 * j + 8192, _MM_HINT_T0);
    add_quad (p, a_row, 4 * q, b, sum, groups, group, vecs, half, flip);
  }
  return w;
}

ALWAYS_INLINE void
begin_rows (const BskTileArgs *t, __m512i *sum, const int rows, const int vecs, const bool half)
{
  const int sums = n_sums (rows, vecs, half);

#pragma GCC unroll 24
  for (int i = 0; i < sums; i++)
    sum[i] = load_columns (t->start, columns_of (i, sums, vecs, half), half);
}

/* One tile, of row `first` and those below it, in groups of `group` rows below a[i]. */
ALWAYS_INLINE void
single (const BskTileArgs *t,
        size_t first,
        const uint8_t *const *a,
        const int groups,
        const int group,
        const int vecs,
        const bool half,
        const bool flip)
{
  const int rows = groups * group, sums = n_sums (rows, vecs, half);
  const char *w = t->w;
  char *c = (char *) t->c + first * t->c_row;
  __m512i sum[MAX_SUMS];

  begin_rows (t, sum, rows, vecs, half);
  if (!half && t->row_sum)
#pragma GCC unroll 24
    for (int i = 0; i < sums; i++)
      sum[i] = _mm512_sub_epi32 (
        sum[i], _mm512_mullo_epi32 (_mm512_set1_epi32 (t->row_sum[first + (size_t) (i / vecs)]),
                                    _mm512_loadu_si512 (t->w_zero + 16 * (i % vecs))));
  for (int s = 0; s < t->n_seg; s++) {
    const uint8_t *p[MAX_GROUPS];

#pragma GCC unroll 6
    for (int g = 0; g < groups; g++)
      p[g] = a[g] + t->seg[s];
    w = add_quads (p, t->a_row, w, t->quads, sum, groups, group, vecs, half, flip);
  }
  if (t->finish->cut)
#pragma GCC unroll 24
    for (int i = 0; i < sums; i++)
      sum[i] =
        _mm512_min_epi32 (sum[i], load_columns (t->cut, columns_of (i, sums, vecs, half), half));
  if (t->finish->out == BSK_U8 || t->finish->out == BSK_S8) {
    const Codes k = codes_of (t->finish);

    if (t->finish->plain)
      finish_codes (t, sum, (uint8_t *) c, rows, vecs, half, &k, true);
    else
      finish_codes (t, sum, (uint8_t *) c, rows, vecs, half, &k, false);
  } else {
    __m512i copy[MAX_SUMS]; /* with its own address taken, `sum` would live in memory */

#pragma GCC unroll 24
    for (int i = 0; i < sums; i++)
      copy[i] = sum[i];
    finish_single (t, copy, c, rows, half);
  }
}

typedef enum { PLAIN, CODES, SUMS, FLOATS, N_FORMS } Form;

/* From a row at *a, the *x-th of its line, to one below. */
ALWAYS_INLINE void
go_down (const BskTileArgs *t, size_t *x, const uint8_t **a, size_t rows)
{
  *x += rows;
  *a += rows * t->a_row;
  while (*x >= t->line) {
    *x -= t->line;
    *a += t->a_skip;
  }
}

ALWAYS_INLINE void
finish_rows (const BskTileArgs *t,
             const __m512i *sum,
             char *c,
             const int rows,
             const int vecs,
             const bool half,
             const Codes *k,
             const Form form)
{
  if (form == SUMS || form == FLOATS)
    finish_wide (t, sum, c, rows, vecs, half, form == SUMS ? BSK_S32 : BSK_F32);
  else
    finish_codes (t, sum, (uint8_t *) c, rows, vecs, half, k, form == PLAIN);
}

/* A part of K: runs [seg, seg_end), of each quads [quad, quad_end). */
typedef struct {
  int seg, seg_end, quad, quad_end;
} Part;

/* A part of K for groups [first, end) of rows. */
ALWAYS_INLINE const char *
add_part (const BskTileArgs *t,
          const uint8_t *const *a,
          const char *w,
          Part part,
          __m512i *sum,
          const int first,
          const int end,
          const int group,
          const int vecs,
          const bool half,
          const bool flip)
{
  const ptrdiff_t *seg = t->seg;
  const size_t a_row = t->a_row;

  for (int s = part.seg; s < part.seg_end; s++) {
    const uint8_t *p[MAX_GROUPS];

#pragma GCC unroll 4
    for (int g = first; g < end; g++)
      p[g] = a[g] + seg[s] + 4 * part.quad;
    w = add_quads (p + first, a_row, w, part.quad_end - part.quad,
                   sum + first * n_sums (group, vecs, half), end - first, group, vecs, half, flip);
  }
  return w;
}

/* `count` tiles below each other. Finishing takes other pipes than dot products do, but what is to
 * be finished waits in the schedulers and keeps out the dot products behind it. So the rows do not
 * all begin at the first quad of K: each group of them begins a part of K later than the one
 * before, goes round, and is finished where it began while the others go on. */
ALWAYS_INLINE void
full (const BskTileArgs *args,
      size_t count,
      const int groups,
      const int group,
      const int vecs,
      const bool half,
      const bool flip,
      const Form form)
{
  const BskTileArgs own = *args, *t = &own; /* what is stored could lie in *args */
  const int sums = n_sums (group, vecs, half);
  const size_t a_tile = (size_t) (groups * group) * t->a_row;
  /* Long rows of A are walked side by side, which the caches do not foresee. */
  const size_t soon = t->n_seg == 1 && t->quads >= LONG_QUADS ? (size_t) group * t->a_row : 0;
  const size_t c_tile = (size_t) (groups * group) * t->c_row;
  const Codes k = codes_of (t->finish);
  const char *w;
  const uint8_t *a[MAX_GROUPS];
  char *c[MAX_GROUPS];
  size_t x[MAX_GROUPS]; /* of each group in its line */
  Part part[MAX_GROUPS];
  __m512i sum[MAX_SUMS];

#pragma GCC unroll 4
  for (int g = 0; g < groups; g++) {
    part[g] = t->n_seg == 1
                ? (Part){ 0, 1, t->quads * g / groups, t->quads * (g + 1) / groups }
                : (Part){ t->n_seg * g / groups, t->n_seg * (g + 1) / groups, 0, t->quads };
    x[g] = 0;
    a[g] = t->a;
    go_down (t, &x[g], &a[g], (size_t) (g * group));
    c[g] = (char *) t->c + (size_t) (g * group) * t->c_row;
  }

  w = t->w;
#pragma GCC unroll 4
  for (int g = 0; g < groups; g++) {
    begin_rows (t, sum + g * sums, group, vecs, half);
    w = add_part (t, a, w, part[g], sum, 0, g + 1, group, vecs, half, flip);
  }
  for (; count > 1; count--) {
    w = t->w;
#pragma GCC unroll 4
    for (int g = 0; g < groups; g++) {
      finish_rows (t, sum + g * sums, c[g], group, vecs, half, &k, form);
      go_down (t, &x[g], &a[g], (size_t) (groups * group));
      for (size_t i = 0; i < soon; i += 64)
        _mm_prefetch ((const char *) a[g] + a_tile + i, _MM_HINT_T1);
      c[g] += c_tile;
      begin_rows (t, sum + g * sums, group, vecs, half);
      w = add_part (t, a, w, part[g], sum, 0, groups, group, vecs, half, flip);
    }
  }
  w = t->w;
#pragma GCC unroll 4
  for (int g = 0; g < groups; g++) {
    finish_rows (t, sum + g * sums, c[g], group, vecs, half, &k, form);
    w = add_part (t, a, w, part[g], sum, g + 1, groups, group, vecs, half, flip);
  }
}

/* Where K is short, parts of it cost more than they hide: two tiles take turns, each walking all of
 * K before the other is finished. Weights of `kept` quads stay in registers; 0: they do not. */
enum { MAX_KEPT = 3, MAX_SHORT = 72 };
static const int short_quads[MAX_VECS + 1] = { [HALF] = 16, 16, 12, 24, 6 };

/* All of K, its quads `at` bytes from a row's start, for rows from *a on, the *x-th of its line. */
ALWAYS_INLINE void
walk_short (const BskTileArgs *t,
            size_t *x,
            const uint8_t **a,
            const ptrdiff_t *at,
            const __m512i *start,
            const __m512i *weights,
            __m512i *sum,
            const int kept,
            const int groups,
            const int group,
            const int vecs,
            const bool half,
            const bool flip)
{
  const int quads = kept ? kept : t->n_seg * t->quads, sums = n_sums (groups * group, vecs, half);
  const uint8_t *top[MAX_GROUPS];

#pragma GCC unroll 4
  for (int g = 0; g < groups; g++) {
    top[g] = *a;
    go_down (t, x, a, (size_t) group);
  }
#pragma GCC unroll 24
  for (int i = 0; i < sums; i++)
    sum[i] = start[columns_of (i, sums, vecs, half)];
  for (int q = 0; q < quads; q++) {
    const uint8_t *p[MAX_GROUPS];
    __m512i b[MAX_VECS];

    /* Without the assembly gcc holds the address of each row, and runs out of registers. */
#pragma GCC unroll 4
    for (int g = 0; g < groups; g++) {
      p[g] = top[g] + at[q];
      __asm__("" : "+r"(p[g]));
    }
    if (kept)
      b[0] = weights[q];
    else
      load_weights ((const char *) t->w + 64 * vecs * q, b, vecs, half);
    add_quad (p, t->a_row, 0, b, sum, groups, group, vecs, half, flip);
  }
}

/* 2 · pairs + 1 tiles below each other. */
ALWAYS_INLINE void
full_short (const BskTileArgs *args,
            size_t pairs,
            const int kept,
            const int groups,
            const int group,
            const int vecs,
            const bool half,
            const bool flip,
            const Form form)
{
  const BskTileArgs own = *args, *t = &own; /* what is stored could lie in *args */
  const int rows = groups * group;
  const size_t c_tile = (size_t) rows * t->c_row;
  const Codes k = codes_of (t->finish);
  const uint8_t *a = t->a;
  char *c = t->c;
  size_t x = 0;
  ptrdiff_t at[MAX_SHORT];
  __m512i weights[MAX_KEPT], start[MAX_VECS], even[MAX_SUMS / 2], odd[MAX_SUMS / 2];

  for (int s = 0; s < t->n_seg; s++)
    for (int q = 0; q < t->quads; q++)
      at[s * t->quads + q] = t->seg[s] + 4 * q;
#pragma GCC unroll 3
  for (int q = 0; q < kept; q++)
    load_weights ((const char *) t->w + 64 * q, weights + q, 1, false);
  begin_rows (t, start, 1, vecs, half);
  walk_short (t, &x, &a, at, start, weights, even, kept, groups, group, vecs, half, flip);
  for (; pairs > 0; pairs--, c += 2 * c_tile) {
    walk_short (t, &x, &a, at, start, weights, odd, kept, groups, group, vecs, half, flip);
    finish_rows (t, even, c, rows, vecs, half, &k, form);
    walk_short (t, &x, &a, at, start, weights, even, kept, groups, group, vecs, half, flip);
    finish_rows (t, odd, c + c_tile, rows, vecs, half, &k, form);
  }
  finish_rows (t, even, c, rows, vecs, half, &k, form);
}
