/* Depthwise convolution with VNNI: a dot product of quads does four taps of 16 positions.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512_depthwise.h"

/* Where the results of a block go, and which of its positions exist. */
typedef struct {
  const BskFinish *finish;
  const char *w; /* the block's packed form */
  char *c;
  __mmask64 mask;
} Place;

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

    _mm512_mask_storeu_epi8 (place.c, place.mask, block_codes (sum, &k, PART));
  }
}

/* One tap of all output rows. Neighbouring groups share two rows, and thereby pairs of unpacked
 * rows. After the last tap, sums are multiplied by m and rounded: between dot products, which are
 * done by other units. */
ALWAYS_INLINE void
add_tap (const uint8_t *const *rows,
         ptrdiff_t from,
         const char *w,
         const char *m,
         __m512i sum[4][4],
         const Read *read,
         const int groups,
         const int per_group,
         const bool flip,
         const bool hops)
{
  __m512i pairs[2][5];

#pragma GCC unroll 5
  for (int i = 0; i <= groups; i++) {
    __m512i a = read_row (rows[2 * i] + from, read, flip, hops);
    __m512i b = read_row (rows[2 * i + 1] + from, read, flip, hops);

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
    if (m)
#pragma GCC unroll 4
      for (int i = 0; i < groups * per_group; i++)
        sum[i][j] = scale_sums (sum[i][j], _mm512_load_ps (m + 64 * j));
  }
}

ALWAYS_INLINE void
start_sums (const char *starts, __m512i sum[4][4], const int rows)
{
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512i start = _mm512_load_si512 (starts + 64 * j);

#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
      sum[i][j] = start;
  }
}

/* A block whose results are codes. Last row first: where it is not to be kept, the one before
 * overwrites it. */
ALWAYS_INLINE void
store_codes (const BskFlatBlock *b,
             char *const c[4],
             __m512i sum[4][4],
             const Codes *k,
             const int rows,
             const Range range)
{
#pragma GCC unroll 4
  for (int i = rows - 1; i >= 0; i--)
    _mm512_mask_storeu_epi8 (c[i] + b->c_at, b->mask, block_codes (sum[i], k, range));
}

/* The rows of one set, of each strip. */
ALWAYS_INLINE const uint8_t *const *
rows_of (const BskFlatArgs *d, size_t strip, const int n)
{
  return d->rows + strip * (size_t) d->n_sets * (size_t) n;
}

ALWAYS_INLINE void
find_output (const BskFlatArgs *d, size_t strip, char *c[4], const int n)
{
#pragma GCC unroll 4
  for (int i = 0; i < n; i++)
    c[i] = d->c + d->c_row[strip][i];
}

static bool
is_codes (const BskFinish *f)
{
  return !f->cut && (f->out == BSK_U8 || f->out == BSK_S8);
}

/* One pass over a strip of blocks with three taps and codes as results: the usual case, straight. What
 * the next block needs is read early, because its first loads wait for that. */
ALWAYS_INLINE void
three_taps_strip (const BskFlatArgs *d,
                  const BskFlatBlock *blocks,
                  size_t strip,
                  const Codes *k,
                  const int groups,
                  const int per_group,
                  const bool flip,
                  const bool hops,
                  const Range range)
{
  const ptrdiff_t tap[3] = { d->tap[0], d->tap[1], d->tap[2] };
  const BskFlatBlock *end = blocks + d->count;
  Read read = { .flip = _mm512_set1_epi8 ((char) 0x80), .hop = hops ? d->hop : 0 };
  const uint8_t *rows[10];
  char *c[4];
  BskFlatBlock b = *blocks;

#pragma GCC unroll 10
  for (int i = 0; i < 2 * groups + 2; i++) {
    rows[i] = rows_of (d, strip, 2 * groups + 2)[i];
    __asm__("" : "+r"(rows[i])); /* or gcc loads it anew for each block */
  }
  find_output (d, strip, c, groups * per_group);
  while (blocks < end) {
    const BskFlatBlock next = *++blocks;
    __m512i sum[4][4];

    read.rest = b.rest;
    start_sums (b.w, sum, groups * per_group);
    if (hops && b.rest)
#pragma GCC unroll 3
      for (int t = 0; t < 3; t++)
        add_tap (rows, b.at + tap[t], b.w + BSK_FLAT_WEIGHTS + 256 * per_group * t,
                 t == 2 ? b.w + BSK_FLAT_M : NULL, sum, &read, groups, per_group, flip, true);
    else
#pragma GCC unroll 3
      for (int t = 0; t < 3; t++)
        add_tap (rows, b.at + tap[t], b.w + BSK_FLAT_WEIGHTS + 256 * per_group * t,
                 t == 2 ? b.w + BSK_FLAT_M : NULL, sum, &read, groups, per_group, flip, false);
    store_codes (&b, c, sum, k, groups * per_group, range);
    b = next;
  }
}

ALWAYS_INLINE void
three_taps (const BskFlatArgs *d,
            const int groups,
            const int per_group,
            const bool hops,
            const bool flip,
            const Range range)
{
  const Codes k = codes_of (d->finish);

  for (size_t pass = 0; pass < d->passes; pass++)
    for (size_t i = 0; i < d->n_strips; i++)
      three_taps_strip (d, d->blocks + pass * d->count, i, &k, groups, per_group, flip, hops,
                        range);
}

/* A block of any number of taps, some of which may be missing; with any results. */
ALWAYS_INLINE void
any_taps (const BskFlatArgs *d,
          const BskFlatBlock *b,
          const uint8_t *const *rows,
          char *const c[4],
          const Codes *early,
          Read *read,
          const int groups,
          const int per_group,
          const bool flip,
          const bool hops,
          const bool edge)
{
  const BskFinish *f = d->finish;
  const int n_rows = groups * per_group, n_taps = d->n_taps;
  const ptrdiff_t *tap = d->tap, at = b->at;
  const uint64_t missing = b->missing;
  const char *w = b->w + BSK_FLAT_WEIGHTS;
  __m512i sum[4][4];
  Codes k;

  read->rest = b->rest;
  start_sums (edge ? b->start : b->w, sum, n_rows);
  for (int set = 0; set < d->n_sets; set++, rows += 2 * groups + 2)
    for (int t = 0; t < n_taps; t++, w += 256 * per_group)
      if (!(edge && missing >> t & 1))
        add_tap (rows, at + tap[t], w, NULL, sum, read, groups, per_group, flip, hops);
  if (!is_codes (f)) {
#pragma GCC unroll 4
    for (int i = n_rows - 1; i >= 0; i--)
      emit_other ((Place){ f, b->w, c[i] + b->c_at, b->mask }, sum[i][0], sum[i][1], sum[i][2],
                  sum[i][3]);
    return;
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++)
#pragma GCC unroll 4
    for (int i = 0; i < n_rows; i++)
      sum[i][j] = scale_sums (sum[i][j], _mm512_load_ps (b->w + BSK_FLAT_M + 64 * j));
  k = n_rows == 4 ? codes_of (f) : *early; /* with 16 sums, there are no registers for it */
  store_codes (b, c, sum, &k, n_rows, PART);
}

/* Strips of any blocks, or of those on an edge. */
ALWAYS_INLINE void
any_blocks (const BskFlatArgs *d,
            const int groups,
            const int per_group,
            const bool flip,
            const bool hops,
            const bool edge)
{
  const BskFlatBlock *blocks = edge ? d->edges : d->blocks;
  const BskFlatBlock *end = blocks + (edge ? d->n_edges : d->passes * d->count);
  const Codes k = codes_of (d->finish);
  Read read = { .flip = _mm512_set1_epi8 ((char) 0x80), .hop = hops ? d->hop : 0 };
  char *c[4];

  for (size_t i = 0; i < d->n_strips; i++) {
    find_output (d, i, c, groups * per_group);
    for (const BskFlatBlock *b = blocks; b < end; b++)
      any_taps (d, b, rows_of (d, i, 2 * groups + 2), c, &k, &read, groups, per_group, flip, hops,
                edge);
  }
}

/* For `groups` groups of four input rows that give `per_group` output rows each. Four output rows at
 * a time, because then a vector of weights that is loaded is used for two or four dot products: loads
 * would limit otherwise. Their 16 sums, six pairs of rows, and the quads and weights in work fill the
 * registers, which is why each kind of block has a function of its own. `hops`: d->hop is not 0. */
typedef struct {
  void (*three) (const BskFlatArgs *);
  void (*any) (const BskFlatArgs *);
  void (*edges) (const BskFlatArgs *);
} Kernels;

#define DEFINE(name, groups, per_group, hops)                                                      \
  static void name##_three (const BskFlatArgs *d)                                                  \
  {                                                                                                \
    BY_RANGE (three_taps, d, groups, per_group, hops);                                             \
  }                                                                                                \
  static void name##_any (const BskFlatArgs *d)                                                    \
  {                                                                                                \
    if (d->flip)                                                                                   \
      any_blocks (d, groups, per_group, true, hops, false);                                        \
    else                                                                                           \
      any_blocks (d, groups, per_group, false, hops, false);                                       \
  }                                                                                                \
  static void name##_edges (const BskFlatArgs *d)                                                  \
  {                                                                                                \
    if (d->flip)                                                                                   \
      any_blocks (d, groups, per_group, true, hops, true);                                         \
    else                                                                                           \
      any_blocks (d, groups, per_group, false, hops, true);                                        \
  }                                                                                                \
  static const Kernels name = { name##_three, name##_any, name##_edges };
DEFINE (strips_1x1, 1, 1, false)
DEFINE (strips_2x1, 2, 1, false)
DEFINE (strips_4x1, 4, 1, false)
DEFINE (strips_1x2, 1, 2, false)
DEFINE (strips_2x2, 2, 2, false)
DEFINE (hops_1x1, 1, 1, true)
DEFINE (hops_2x1, 2, 1, true)
DEFINE (hops_4x1, 4, 1, true)

static void
depthwise_flat (const BskFlatArgs *d)
{
  const Kernels *k;

  if (d->per_group == 2)
    k = d->groups == 1 ? &strips_1x2 : &strips_2x2;
  else if (d->hop)
    k = d->groups == 1 ? &hops_1x1 : d->groups == 2 ? &hops_2x1 : &hops_4x1;
  else
    k = d->groups == 1 ? &strips_1x1 : d->groups == 2 ? &strips_2x1 : &strips_4x1;
  if (d->count > 0)
    (d->n_sets == 1 && d->n_taps == 3 && is_codes (d->finish) ? k->three : k->any) (d);
  if (d->n_edges > 0)
    k->edges (d);
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
