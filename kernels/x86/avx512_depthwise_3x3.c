/* Depthwise convolution of 3 × 3 with VNNI: a dot product of quads does a kernel row of 16 positions.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512_depthwise.h"

/* A block of a 3 × 3 kernel on its way down the image. */
typedef struct {
  __m512i start[4], w[3][4];
  ptrdiff_t at[3]; /* what is below each kernel column; with `skips` the three vectors */
  __m512i order[5];
  const char *m;
  const uint8_t *const *row; /* the next one */
  char *c, *last;            /* the next output row and the last one */
  ptrdiff_t c_row;
  __mmask64 mask;
} Column;

ALWAYS_INLINE Column
column_of (const BskFlat3x3Args *d, const BskFlatBlock *b, const bool skips)
{
  Column column = { .m = b->w + BSK_FLAT_M,
                    .row = d->rows,
                    .c = d->c + b->c_at,
                    .last = d->c + b->c_at + (ptrdiff_t) (d->n_rows - 1) * d->c_row,
                    .c_row = d->c_row,
                    .mask = b->mask };
  uint32_t kept = ~0u; /* bytes of each quad */

  /* A missing column has weights of 0 here, and what is read instead is there. */
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++) {
    bool missing = b->missing >> i & 1;

    column.at[i] = missing ? 0 : b->at + (!skips ? d->tap[i] : i == 2 ? b->far : 64 * i);
    kept &= missing ? ~(0xffu << 8 * i) : ~0u;
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++)
    column.start[j] = once (_mm512_load_si512 (b->start + 64 * j));
#pragma GCC unroll 3
  for (int i = 0; i < 3; i++)
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      column.w[i][j] =
        once (_mm512_and_si512 (_mm512_set1_epi32 ((int) kept),
                                _mm512_load_si512 (b->w + BSK_FLAT_WEIGHTS + 256 * i + 64 * j)));
#pragma GCC unroll 5
  for (int i = 0; skips && i < 5; i++)
    column.order[i] = _mm512_cvtepu8_epi64 (_mm_cvtsi64_si128 ((long long) b->order[i]));
  return column;
}

/* What is below the three kernel columns. */
ALWAYS_INLINE void
read_columns (const uint8_t *row,
              const Column *column,
              __m512i x[3],
              const bool skips,
              const bool flip)
{
  const Read read = { .flip = _mm512_set1_epi8 ((char) 0x80) };
  const __m512i *order = column->order;
  __m512i v[3];

#pragma GCC unroll 3
  for (int i = 0; i < 3; i++)
    v[i] = read_row (row + column->at[i], &read, flip, false);
  if (skips) {
    x[0] =
      _mm512_permutex2var_epi64 (_mm512_permutex2var_epi64 (v[0], order[0], v[1]), order[1], v[2]);
    x[1] =
      _mm512_permutex2var_epi64 (_mm512_permutex2var_epi64 (v[0], order[2], v[1]), order[3], v[2]);
    x[2] = _mm512_permutex2var_epi64 (x[0], order[4], v[2]);
  } else
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++)
      x[i] = v[i];
}

/* The next input row, for those of three output rows that there are: it is below the last kernel row
 * of `done`, whose sums are then scaled and rounded, the second one of `half` and the first of
 * `begun`. */
ALWAYS_INLINE void
add_row (Column *column,
         __m512i *done,
         __m512i *half,
         __m512i *begun,
         const bool skips,
         const bool flip)
{
  __m512i x[3];

  read_columns (*column->row++, column, x, skips, flip);
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    __m512i low = j / 2 ? _mm512_unpackhi_epi8 (x[0], x[1]) : _mm512_unpacklo_epi8 (x[0], x[1]);
    __m512i high = j / 2 ? _mm512_unpackhi_epi8 (x[2], x[2]) : _mm512_unpacklo_epi8 (x[2], x[2]);
    __m512i q = j % 2 ? _mm512_unpackhi_epi16 (low, high) : _mm512_unpacklo_epi16 (low, high);

    if (done) {
      DOT (done[j], q, column->w[2][j]);
      done[j] = scale_sums (done[j], _mm512_load_ps (column->m + 64 * j));
    }
    if (half)
      DOT (half[j], q, column->w[1][j]);
    if (begun) {
      begun[j] = column->start[j];
      DOT (begun[j], q, column->w[0][j]);
    }
  }
}

/* One output row, `done`. With a stride of 1 the sums of the next two are in work at the same time,
 * with 2 those of the next one. */
ALWAYS_INLINE void
finish_row (Column *column,
            __m512i *done,
            __m512i *next,
            __m512i *last,
            const Codes *k,
            const int stride,
            const bool skips,
            const bool flip,
            const Range range)
{
  if (stride == 1)
    add_row (column, done, next, last, skips, flip);
  else {
    add_row (column, NULL, done, NULL, skips, flip);
    add_row (column, done, NULL, next, skips, flip);
  }
  _mm512_mask_storeu_epi8 (column->c, column->mask, block_codes (done, k, range));
  column->c += column->c_row;
}

/* The last output row, of which the last input row may be left out; there are no others below it. */
ALWAYS_INLINE void
finish_last_row (Column *column,
                 __m512i *done,
                 const Codes *k,
                 const bool last_is_zero,
                 const int stride,
                 const bool skips,
                 const bool flip,
                 const Range range)
{
  if (stride == 2)
    add_row (column, NULL, done, NULL, skips, flip);
  if (!last_is_zero)
    add_row (column, done, NULL, NULL, skips, flip);
  else
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      done[j] = scale_sums (done[j], _mm512_load_ps (column->m + 64 * j));
  _mm512_mask_storeu_epi8 (column->c, column->mask, block_codes (done, k, range));
}

ALWAYS_INLINE void
walk_down (Column column,
           const Codes *k,
           const BskFlat3x3Args *d,
           const int stride,
           const bool skips,
           const bool flip,
           const Range range)
{
  __m512i a[4], b[4], c[4];

  if (d->first_is_zero) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      a[j] = column.start[j];
    column.row++;
  } else
    add_row (&column, NULL, NULL, a, skips, flip);
  if (stride == 1)
    add_row (&column, NULL, a, b, skips, flip);
  for (;;) {
    if (column.c == column.last) {
      finish_last_row (&column, a, k, d->last_is_zero, stride, skips, flip, range);
      return;
    }
    finish_row (&column, a, b, c, k, stride, skips, flip, range);
    if (column.c == column.last) {
      finish_last_row (&column, b, k, d->last_is_zero, stride, skips, flip, range);
      return;
    }
    finish_row (&column, b, c, a, k, stride, skips, flip, range);
    if (column.c == column.last) {
      finish_last_row (&column, c, k, d->last_is_zero, stride, skips, flip, range);
      return;
    }
    finish_row (&column, c, a, b, k, stride, skips, flip, range);
  }
}

ALWAYS_INLINE void
walk_blocks (const BskFlat3x3Args *d,
             const int stride,
             const bool skips,
             const bool flip,
             const Range range)
{
  const Codes k = codes_of (d->finish);

  for (size_t i = 0; i < d->count; i++)
    walk_down (column_of (d, &d->blocks[i], skips), &k, d, stride, skips, flip, range);
}

static void
stride_1 (const BskFlat3x3Args *d)
{
  BY_RANGE (walk_blocks, d, 1, false);
}

static void
stride_2 (const BskFlat3x3Args *d)
{
  BY_RANGE (walk_blocks, d, 2, false);
}

static void
stride_2_skips (const BskFlat3x3Args *d)
{
  BY_RANGE (walk_blocks, d, 2, true);
}

static void
depthwise_flat_3x3 (const BskFlat3x3Args *d)
{
  (d->stride == 1 ? stride_1 : d->skips ? stride_2_skips : stride_2) (d);
}

void
bsk_avx512_depthwise_3x3_init (BskTable *table)
{
  table->depthwise_flat_3x3 = depthwise_flat_3x3;
}
