/* Depthwise convolution with VNNI: a dot product of quads does four taps of 16 positions.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

/* Where the results of a block go, and which of its positions exist. */
typedef struct {
  const BskFinish *finish;
  const char *w; /* the block's packed form */
  char *c;
  __mmask64 mask;
} Place;

/* The four vectors of a block, already scaled and rounded, to 64 codes. What the byte unpacks have
 * spread over the vectors, the packs put back in order. */
ALWAYS_INLINE void
store_codes (const Place *place, const __m512i q[4], const Codes *k, const bool clamp)
{
  __m512i low = _mm512_adds_epi16 (_mm512_packs_epi32 (q[0], q[1]), k->zero);
  __m512i high = _mm512_adds_epi16 (_mm512_packs_epi32 (q[2], q[3]), k->zero);
  __m512i codes = _mm512_packus_epi16 (low, high);

  if (clamp)
    codes = _mm512_min_epu8 (_mm512_max_epu8 (codes, k->lo), k->hi);
  codes = _mm512_xor_si512 (codes, k->flip);
  if (place->mask == ~0ull)
    _mm512_storeu_si512 (place->c, codes);
  else
    _mm512_mask_storeu_epi8 (place->c, place->mask, codes);
}

/* Sums, floats, and codes of sums to be cut: once rather than once per kernel. 16-byte lane L of
 * vector j holds positions 16 L + 4 j to 16 L + 4 j + 3. */
static __attribute__ ((noinline)) void
emit_other (Place place, __m512i s0, __m512i s1, __m512i s2, __m512i s3)
{
  const BskFinish *f = place.finish;
  __m512i sum[4] = { s0, s1, s2, s3 };

#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512 m = _mm512_loadu_ps (place.w + BSK_FLAT_M + 64 * j);
    __m128i lane[4];

    if (f->cut)
      sum[j] = _mm512_min_epi32 (sum[j], _mm512_loadu_si512 (place.w + BSK_FLAT_CUT + 64 * j));
    if (f->out == BSK_U8 || f->out == BSK_S8)
      sum[j] = scale_sums (sum[j], m);
    else {
      if (f->out == BSK_F32)
        sum[j] = _mm512_castps_si512 (_mm512_mul_ps (_mm512_cvtepi32_ps (sum[j]), m));
      _mm512_storeu_si512 (lane, sum[j]);
      for (int i = 0; i < 4; i++)
        _mm_mask_storeu_epi32 (place.c + 64 * i + 16 * j,
                               (__mmask8) (place.mask >> (16 * i + 4 * j) & 15), lane[i]);
    }
  }
  if (f->out == BSK_U8 || f->out == BSK_S8) {
    const Codes k = codes_of (f);

    store_codes (&place, sum, &k, true);
  }
}

/* A vector that is used more than once and must not be loaded each time: gcc prefers to fold loads
 * into the instructions that use them, and loads are what these loops are short of. */
ALWAYS_INLINE __m512i
once (__m512i v)
{
  __asm__("" : "+v"(v));
  return v;
}

/* Bytes at … at + 63 of a row that exist. */
ALWAYS_INLINE __mmask64
inside (const BskFlatArgs *d, size_t at)
{
  size_t first = at < d->lead ? d->lead - at : 0, end = d->end > at ? d->end - at : 0;

  return first < 64 ? mask64 (end) & ~0ull << first : 0;
}

/* How a tap's block of a row is read: as it is; with the `rest` of it, behind the end of an output
 * pixel, `hop` bytes further on; or, on an edge, only what exists of either. */
typedef enum { WHOLE, SPLIT, EDGE } How;

typedef struct {
  __m512i flip, pad;
  __mmask64 rest, first, second;
  ptrdiff_t hop;
} Read;

ALWAYS_INLINE __m512i
read_row (const uint8_t *p, const Read *read, const bool flip, const How how)
{
  __m512i v = how == EDGE ? _mm512_mask_loadu_epi8 (read->pad, read->first, p)
                          : _mm512_loadu_si512 ((const void *) p);

  if (how == SPLIT)
    v = _mm512_mask_loadu_epi8 (v, read->rest, p + read->hop);
  else if (how == EDGE && read->hop && read->second)
    v = _mm512_mask_loadu_epi8 (v, read->second, p + read->hop);
  return once (flip ? _mm512_xor_si512 (v, read->flip) : v);
}

/* One tap of all output rows. Neighbouring groups share two rows, and thereby pairs of unpacked
 * rows. */
ALWAYS_INLINE void
add_tap (const uint8_t *const *rows,
         ptrdiff_t from,
         const char *w,
         __m512i sum[4][4],
         const Read *read,
         const int groups,
         const int per_group,
         const bool flip,
         const How how)
{
  __m512i pairs[2][5];

#pragma GCC unroll 5
  for (int i = 0; i <= groups; i++) {
    __m512i a = read_row (rows[2 * i] + from, read, flip, how);
    __m512i b = read_row (rows[2 * i + 1] + from, read, flip, how);

    pairs[0][i] = _mm512_unpacklo_epi8 (a, b);
    pairs[1][i] = _mm512_unpackhi_epi8 (a, b);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512i *pair = pairs[j / 2];
    __m512i q[4];

#pragma GCC unroll 4
    for (int i = 0; i < groups; i++)
      q[i] = j % 2 ? _mm512_unpackhi_epi16 (pair[i], pair[i + 1])
                   : _mm512_unpacklo_epi16 (pair[i], pair[i + 1]);
#pragma GCC unroll 2
    for (int r = 0; r < per_group; r++) {
      __m512i b = _mm512_load_si512 (w + 256 * r + 64 * j);

#pragma GCC unroll 4
      for (int i = 0; i < groups; i++)
        DOT (sum[i * per_group + r][j], q[i], b);
    }
  }
}

/* All taps of the block at `at`; on an edge, where some of them may be in the padding. */
ALWAYS_INLINE void
add_taps (const BskFlatArgs *d,
          size_t at,
          const char *w,
          __m512i sum[4][4],
          Read *read,
          const int groups,
          const int per_group,
          const bool flip,
          const How how)
{
  const uint8_t *const *rows = d->rows;

  for (int set = 0; set < d->n_sets; set++, rows += 2 * groups + 2)
    for (int t = 0; t < d->n_taps; t++, w += 256 * per_group) {
      ptrdiff_t from = (ptrdiff_t) (at + d->tap[t] - d->lead);

      if (how == EDGE) {
        read->first = inside (d, at + d->tap[t]) & ~read->rest;
        read->second = read->rest ? inside (d, at + d->hop + d->tap[t]) & read->rest : 0;
        /* Reading nothing from an unmapped page takes an age. */
        from = read->first || read->second ? from : 0;
      }
      add_tap (rows, from, w, sum, read, groups, per_group, flip, how);
    }
}

/* Blocks of 64 positions, for `groups` groups of four input rows that give `per_group` output rows
 * each. Four output rows at a time, because then a vector of weights that is loaded is used for two
 * or four dot products: loads would limit otherwise. Their 16 sums, six pairs of rows, and the
 * quads and weights in work fill the registers. Three taps have code of their own, which keeps the
 * rows' addresses in registers. `hops`: see BskFlatArgs. */
ALWAYS_INLINE void
blocks (const BskFlatArgs *d,
        const int groups,
        const int per_group,
        const bool flip,
        const bool hops)
{
  const Codes k = codes_of (d->finish);
  const bool clamp = d->finish->lo > 0 || d->finish->hi < 255,
             other = d->finish->cut || (d->finish->out != BSK_U8 && d->finish->out != BSK_S8),
             three = d->n_sets == 1 && d->n_taps == 3;
  const size_t reach = 64 + d->tap[d->n_taps - 1];
  const char *w = d->w;
  size_t at = d->at, c_at = 0, left = d->px; /* bytes to the end of the pixel */
  Read read = { .flip = _mm512_set1_epi8 ((char) 0x80),
                .pad = _mm512_set1_epi8 ((char) d->pad),
                .hop = hops ? (ptrdiff_t) d->hop : 0 };
  const uint8_t *rows[10];

#pragma GCC unroll 10
  for (int i = 0; i < 2 * groups + 2; i++)
    rows[i] = d->rows[i] - d->lead;
  for (size_t n = 0; n < d->count; n++) {
    const char *next = w + d->w_step, *taps = w + BSK_FLAT_WEIGHTS;
    __m512i sum[4][4], m[4];
    Place place = { .finish = d->finish, .w = w, .mask = next == d->w_end ? d->mask : ~0ull };

    if (n + 1 == d->count)
      place.mask = d->last_mask;
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      const __m512i start = _mm512_load_si512 (w + 64 * j);

#pragma GCC unroll 4
      for (int i = 0; i < groups * per_group; i++)
        sum[i][j] = start;
    }
    if (hops)
      read.rest = left < 64 ? ~0ull << left : 0;
    if (at < d->lead || at + (hops ? d->hop : 0) + reach > d->end || (hops && !three && read.rest))
      add_taps (d, at, taps, sum, &read, groups, per_group, flip, EDGE);
    else if (hops && read.rest)
#pragma GCC unroll 3
      for (int t = 0; t < 3; t++)
        add_tap (rows, (ptrdiff_t) (at + d->tap[t]), taps + 256 * per_group * t, sum, &read, groups,
                 per_group, flip, SPLIT);
    else if (three)
#pragma GCC unroll 3
      for (int t = 0; t < 3; t++)
        add_tap (rows, (ptrdiff_t) (at + d->tap[t]), taps + 256 * per_group * t, sum, &read, groups,
                 per_group, flip, WHOLE);
    else
      add_taps (d, at, taps, sum, &read, groups, per_group, flip, WHOLE);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
      m[j] = once (_mm512_loadu_si512 (w + BSK_FLAT_M + 64 * j));
      /* Last row first: where it is not to be kept, the one before overwrites it. */
#pragma GCC unroll 4
    for (int i = groups * per_group - 1; i >= 0; i--) {
      __m512i q[4];

      place.c = d->c[i] + c_at;
      if (other) {
        emit_other (place, sum[i][0], sum[i][1], sum[i][2], sum[i][3]);
        continue;
      }
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++)
        q[j] = scale_sums (sum[i][j], _mm512_castsi512_ps (m[j]));
      store_codes (&place, q, &k, clamp);
    }
    at += BSK_FLAT_BLOCK;
    if (hops) {
      for (; left <= BSK_FLAT_BLOCK; left += d->px)
        at += d->hop;
      left -= BSK_FLAT_BLOCK;
    }
    c_at += d->c_step;
    w = next;
    if (w == d->w_end) {
      w = d->w;
      at += d->skip;
      c_at += d->c_skip;
    }
  }
}

#define DEFINE(name, groups, per_group, hops)                                                      \
  static void name (const BskFlatArgs *d)                                                          \
  {                                                                                                \
    if (d->flip)                                                                                   \
      blocks (d, groups, per_group, true, hops);                                                   \
    else                                                                                           \
      blocks (d, groups, per_group, false, hops);                                                  \
  }
DEFINE (blocks_1x1, 1, 1, false)
DEFINE (blocks_2x1, 2, 1, false)
DEFINE (blocks_4x1, 4, 1, false)
DEFINE (blocks_1x2, 1, 2, false)
DEFINE (blocks_2x2, 2, 2, false)
DEFINE (hops_1x1, 1, 1, true)
DEFINE (hops_2x1, 2, 1, true)
DEFINE (hops_4x1, 4, 1, true)

static void
depthwise_flat (const BskFlatArgs *d)
{
  if (d->per_group == 2)
    (d->groups == 1 ? blocks_1x2 : blocks_2x2) (d);
  else if (d->hop)
    (d->groups == 1 ? hops_1x1 : d->groups == 2 ? hops_2x1 : hops_4x1) (d);
  else
    (d->groups == 1 ? blocks_1x1 : d->groups == 2 ? blocks_2x1 : blocks_4x1) (d);
}

/* Pixels of at most 64 bytes: where the row goes on far enough, they are read and written with what
 * follows them, which the next one overwrites; that is cheaper than a mask. */
static void
copy_small (const BskCopyArgs *args, const uint8_t *from, uint8_t *to)
{
  const __m512i flip = _mm512_set1_epi8 ((char) args->flip);
  const size_t step = args->step, bytes = args->bytes;
  const __mmask64 mask = mask64 (bytes);
  const uint8_t *end = to + args->pixels * bytes;

  if (bytes <= 32)
    for (; to + 32 <= end; from += step, to += bytes)
      _mm256_storeu_si256 ((void *) to, _mm256_xor_si256 (_mm256_loadu_si256 ((const void *) from),
                                                          _mm512_castsi512_si256 (flip)));
  else
    for (; to + 64 <= end; from += step, to += bytes)
      _mm512_storeu_si512 (to, _mm512_xor_si512 (_mm512_loadu_si512 (from), flip));
  for (; to < end; from += step, to += bytes)
    _mm512_mask_storeu_epi8 (to, mask,
                             _mm512_xor_si512 (_mm512_maskz_loadu_epi8 (mask, from), flip));
}

static void
copy_large (const BskCopyArgs *args, const uint8_t *from, uint8_t *to)
{
  const __m512i flip = _mm512_set1_epi8 ((char) args->flip);
  const size_t whole = args->bytes / 64 * 64;
  const __mmask64 rest = mask64 (args->bytes - whole);

  for (size_t n = 0; n < args->pixels; n++, from += args->step, to += args->bytes) {
    for (size_t i = 0; i < whole; i += 64)
      _mm512_storeu_si512 (to + i, _mm512_xor_si512 (_mm512_loadu_si512 (from + i), flip));
    if (rest)
      _mm512_mask_storeu_epi8 (
        to + whole, rest, _mm512_xor_si512 (_mm512_maskz_loadu_epi8 (rest, from + whole), flip));
  }
}

static void
copy_pixels (const BskCopyArgs *args)
{
  for (size_t i = 0; i < args->rows; i++) {
    const uint8_t *from = args->from + i * args->from_row;
    uint8_t *to = args->to + i * args->to_row;

    if (args->pixels > 1 && args->bytes <= 64)
      copy_small (args, from, to);
    else
      copy_large (args, from, to);
  }
}

void
bsk_avx512_depthwise_init (BskTable *table)
{
  table->depthwise_flat = depthwise_flat;
  table->copy_pixels = copy_pixels;
}
