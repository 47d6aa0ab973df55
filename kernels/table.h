/* The table of function pointers that every instruction-set level overlays.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "bsk.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* How sums become output codes: q = clamp (rne ((float) sum · m) + zero, lo, hi), then the sign bit
 * flipped back. Kernels work on unsigned codes throughout: signed codes have their top bit flipped
 * and 128 added to zero, lo, hi. */
typedef struct {
  BskType out;
  int32_t zero, lo, hi; /* of the unsigned codes; 0 ≤ lo ≤ hi ≤ 255, 0 ≤ zero ≤ 255 */
  uint8_t flip;         /* 0x80 for s8 output, else 0 */
  bool plain;           /* nothing to do after saturation to uint8: lo = 0, hi = 255, flip = 0 */
  bool cut;             /* sum · m may leave int32: cut sums at `cut` first (see gemm_cut) */
} BskFinish;

/* One panel of output columns times some rows. A is walked in place: K is n_seg runs of `quads`
 * groups of four bytes, run s starting seg[s] bytes after the row's start. A product has one run; a
 * convolution one per kernel row (in NHWC the kw · cin bytes under one kernel row are contiguous),
 * which is why no im2col is needed. */
typedef struct {
  const uint8_t *a;
  size_t a_row; /* bytes from row to row */
  size_t line;  /* rows after which the next one lies a_skip bytes further on; or SIZE_MAX */
  ptrdiff_t a_skip;
  const ptrdiff_t *seg; /* [n_seg] */
  int n_seg, quads;
  uint8_t a_flip;         /* 0x80: A is signed */
  const void *w;          /* panel: [n_seg · quads][vecs · lanes][4] */
  const int64_t *start64; /* 16-bit products: instead of start */
  int chunk;              /* 16-bit products: pairs whose sum fits in int32 */
  int depth; /* gemm_tile_narrow: quads of which each pair of products, added up, fits in int16 */
  const int32_t *start;   /* [vecs · lanes] bias − zero_point · Σ w */
  const int32_t *row_sum; /* [rows] sums of the rows of A, or NULL: w_zero is not looked at */
  const int32_t *w_zero; /* [vecs · lanes] row i starts at start − row_sum[i] · w_zero, wrapping */
  const float *m;        /* [vecs · lanes] multipliers */
  const int32_t *cut;    /* [vecs · lanes] */
  void *c;
  size_t c_row; /* bytes from row to row of C */
  size_t rows;
  int column;     /* first column of the panel in its group, for the driver */
  int vecs, cols; /* width of the panel in vectors; columns of it that exist */
  int width;      /* vecs · lanes */
  const BskFinish *finish;
} BskTileArgs;

/* Sums of the unsigned codes of some rows, walked as BskTileArgs says; `bytes` of each run exist. May
 * read up to 63 bytes past a run's end. */
typedef struct {
  const uint8_t *a;
  size_t a_row;
  const ptrdiff_t *seg;
  int n_seg, bytes;
  uint8_t a_flip;
  size_t rows;
  int32_t *sums; /* [rows] */
} BskRowSums;

/* Four rows to quads: out[px · out_step + 4 i + r] = rows[r][px · step + i] ^ flip for i < n. May
 * read up to 63 bytes past a row's end and write up to 252 bytes past the last quad. */
typedef struct {
  const uint8_t *rows[4];
  size_t pixels, step, n;
  uint8_t flip;
  uint8_t *out;
  size_t out_step;
} BskInterleaveArgs;

/* One or two output rows of a depthwise convolution for some channels. The input is interleaved:
 * byte quads of four kernel rows, one quad per pixel and channel, so that a dot product of quads
 * does four taps at once. */
typedef struct {
  const uint8_t *q;     /* quads of the first output pixel's first tap, first channel */
  size_t q_step;        /* bytes from output pixel to output pixel */
  const ptrdiff_t *tap; /* [n_taps] byte offsets of the taps */
  int n_taps;
  int n_rows; /* 1, or 2: both rows are computed from the same quads with weights one slot apart */
  const void *w;        /* [vectors][n_taps][n_rows][lanes][4] */
  const int32_t *start; /* [channels, whole vectors], like m and cut */
  const float *m;
  const int32_t *cut;
  void *c[2];    /* the rows' first output pixel; c[1] = c[0]: there is no second row to be kept */
  size_t c_step; /* bytes from pixel to pixel */
  int pixels, channels;
  const BskFinish *finish;
} BskDepthwiseArgs;

/* Output rows of a depthwise convolution, walked as if pixels and channels were one dimension: in
 * NHWC the taps of a position lie whole pixels apart, whichever channel it belongs to. Blocks of 64
 * positions then fill vectors whatever the number of channels is; their weights repeat after
 * channels / gcd (channels, 64) blocks.
 *
 * A quad holds one byte of each of four input rows. Unpacking four vectors of bytes to quads works
 * inside 16-byte lanes, so quad vector j has positions 16 L + 4 j … 16 L + 4 j + 3 in lane L, and
 * the packed form of a block is in that order: int32 start[64], float m[64], int32 cut[64], then
 * int8 w[n_sets][n_taps][per_group][64][4]. Where a tap leaves the image its weight is 0, or it is
 * missing from the block, and the padding is part of start; what is read there does not matter. */
enum { BSK_FLAT_BLOCK = 64, BSK_FLAT_M = 256, BSK_FLAT_CUT = 512, BSK_FLAT_WEIGHTS = 768 };
typedef struct {
  const char *w; /* packed form; its start may be elsewhere */
  const char *start;
  uint64_t missing;   /* bit t: without tap t */
  ptrdiff_t at, c_at; /* bytes in a row of the input and of the output */
  uint64_t mask;      /* positions that exist */
  uint64_t rest; /* positions behind the end of an output pixel, `hop` bytes further on in the input
                    than the others */
  ptrdiff_t far; /* see BskFlat3x3Args */
  uint64_t order[5];
} BskFlatBlock;
typedef struct {
  size_t n_strips;
  const uint8_t *const *rows; /* [n_strips][n_sets][2 · groups + 2] */
  const ptrdiff_t *tap;       /* [n_taps] byte offsets */
  int n_sets, n_taps;
  int per_group; /* output rows that one group of four input rows gives: 1, or 2 (the second with
                    weights one slot on) */
  int groups;    /* 1, 2, or 4 with per_group 1; each starts two input rows after the one before */
  const BskFlatBlock *blocks; /* [passes][count] of each row, and one more that is only read; all
                                 strips in one pass, then in the next */
  size_t passes, count;
  const BskFlatBlock *edges; /* [n_edges] those with missing taps */
  size_t n_edges;
  ptrdiff_t hop; /* 0, or with per_group 1: see BskFlatBlock */
  uint8_t flip;  /* 0x80: rows hold signed codes */
  char *c;
  const ptrdiff_t (*c_row)[4]; /* [n_strips] bytes from c to each output row; one that is not to be
                                  kept is where the one before is */
  const BskFinish *finish;
} BskFlatArgs;

/* The same with a kernel of 3 × 3, and with codes that are not cut first as results. A quad holds the
 * three bytes of one input row that are below a kernel row, and byte 3, whose weight is 0: int8
 * w[3][64][4]. So a block can go down the image, unpack each input row once and keep its weights in
 * registers.
 *
 * With `skips` every other pixel of the input is left out between the positions of a block. What they
 * need is in three vectors: at `at`, 64 bytes further on and `far` bytes further on. An order says in
 * byte i which eight bytes of two vectors are positions 8 i to 8 i + 7: orders 0 and 1 those below the
 * first kernel column, from vectors 0 and 1 and then from the result and vector 2; orders 2 and 3
 * those below the second; order 4 those below the third, from those below the first and vector 2. */
typedef struct {
  const uint8_t *const *rows;       /* [(n_rows − 1) · stride + 3] */
  bool first_is_zero, last_is_zero; /* of these rows, signs flipped: nothing is to be added */
  ptrdiff_t tap[3];
  size_t n_rows; /* of the output, ≥ 1 */
  int stride;    /* 1 or 2 */
  bool skips;    /* only with stride 2 */
  const BskFlatBlock *blocks;
  size_t count;
  uint8_t flip; /* 0x80: rows hold signed codes */
  char *c;
  ptrdiff_t c_row;
  const BskFinish *finish;
} BskFlat3x3Args;

/* to[r · to_row + i · bytes + j] = from[r · from_row + i · step + j] ^ flip for r < rows,
 * i < pixels, j < bytes. */
typedef struct {
  const uint8_t *from;
  size_t rows, pixels, bytes, from_row, step;
  uint8_t flip;
  uint8_t *to;
  size_t to_row;
} BskCopyArgs;

/* One panel of weights of fewer than eight bits, or with a scale per group. A is walked in runs, of
 * a group or, without groups, of what is contiguous below a convolution's kernel. A vector of bytes
 * holds 8 / bits quads of each of its columns, the first in the lowest bits; every run starts a new
 * vector. */
typedef struct {
  const uint8_t *a;
  size_t a_row;
  uint8_t a_flip;
  int bits;             /* 8, 4, 2, 1 */
  int8_t levels[16];    /* what the codes stand for; bits < 8 */
  const ptrdiff_t *seg; /* [n_runs] bytes from the row's start */
  int n_runs, run_quads, last_quads;
  uint32_t run_mask, last_mask; /* bytes of a run's last quad that exist; of the last run's */
  const uint8_t *w;
  const int32_t *start; /* [n_runs][vecs · lanes] of each sum; without scales [vecs · lanes] */
  const float *scale; /* [n_runs][vecs · lanes]; NULL: one sum, finished as integers with m, cut */
  const float *from;  /* [vecs · lanes] where the float sums start */
  const float *m;     /* [vecs · lanes] */
  const int32_t *cut;
  void *c;
  size_t c_row, rows;
  int vecs, cols, width;
  const BskFinish *finish;
} BskLowArgs;

/* A run of the input below one output pixel, and the rows of weights that it meets. */
typedef struct {
  ptrdiff_t a; /* floats from the pixel's start */
  size_t w;    /* the first row of weights */
  int len;     /* rows and floats */
} BskFloatSegment;

/* Float convolution of some output pixels in a row: c = clip (start + Σ a · w), sums by fma in the
 * order of the segments. Columns come in units of 16; the last may be short in c. */
typedef struct {
  const float *a;
  size_t a_px; /* floats from pixel to pixel */
  const BskFloatSegment *seg;
  int n_seg;
  const float *w; /* [unit][row][16], w_unit floats a unit */
  size_t w_unit;
  const float *start; /* [units · 16] */
  float lo, hi;
  float *c;
  size_t c_px, pixels;
  int cols;
} BskFloatTile;

/* One output row of a float depthwise convolution: c = clip (start + Σ a · w), sums by fma over
 * the kernel rows, and in them the kernel columns, that lie inside the image. */
typedef struct {
  const float *a; /* pixel 0 of the input row below the first kernel row that is inside */
  size_t a_row;   /* floats to the row below the next kernel row */
  const float *w; /* [rows][kw][w_px] */
  size_t w_px;    /* channels, rounded up to 16 */
  int rows, kw;
  int dilation, stride, pad; /* in pixels; output pixel p starts at p · stride − pad */
  int width;                 /* pixels of an input row */
  const float *start;        /* [w_px] */
  float lo, hi;
  float *c;
  size_t c_px;
  int pixels, channels;
} BskFloatRow;

/* bsk_taps_inside: kernel positions [*from, *to) that lie inside `size` when the kernel starts at
 * `at`. */
static inline void
bsk_taps_inside (int64_t at, int size, int kernel, int dilation, int *from, int *to)
{
  *from = at < 0 ? (int) ((-at + dilation - 1) / dilation) : 0;
  *to = at >= size ? 0 : (int) ((size - 1 - at) / dilation) + 1;
  *to = *to < kernel ? *to : kernel;
  *from = *from < *to ? *from : *to;
}

/* One panel of bits_lanes columns; w: [words][bits_lanes]. */
typedef struct {
  const uint64_t *a;
  size_t a_row; /* words */
  const uint64_t *w;
  int words;
  int32_t *c;
  size_t c_row; /* elements */
  size_t rows;
  int cols; /* of the panel's columns that exist */
  const BskBitsArgs *how;
} BskBitsTile;

/* One output pixel of average pooling: the taps of a window that lie inside the image, in lines. Sums
 * of codes begin at `start`; a sum times m is less than 2²⁸. */
typedef struct {
  const uint8_t *a;        /* channel 0 of the first tap */
  size_t lines, line_step; /* bytes from line to line */
  size_t taps, step;       /* of a line; bytes from tap to tap */
  size_t channels;
  uint8_t flip;
  int32_t start;
  float m;
  const BskFinish *finish;
  uint8_t *c;
} BskWindowArgs;

/* Elementwise with two operands on unsigned codes: c = clamp (rne (...) + zero, lo, hi) ^ c_flip.
 */
typedef struct {
  uint8_t a_flip, b_flip, c_flip;
  int32_t a_zero, b_zero, zero, lo, hi; /* as in BskFinish */
  float ra, rb;                         /* add: both; mul: ra */
  bool b_one;                           /* b is a single code */
} BskAddArgs;

typedef struct {
  const char *name;
  unsigned cpu;   /* BskCpu bit, 0 for the reference */
  int lanes;      /* int32 sums per vector */
  int max_vecs;   /* widest panel */
  bool threes;    /* gemm_tile takes panels of three vectors, too */
  bool lines;     /* gemm_tile takes rows in lines */
  int bits_lanes; /* width of a panel of bits_tile */
  int low_vecs;   /* widest panel of gemm_low */
  int quad_bytes; /* packed bytes per four weights: 4, or 8 where gemm_tile wants them widened to
                     int16 */
#define BSK_KERNEL(result, name, parameters) result (*name) parameters;
#include "bsk_kernels.inc"
#undef BSK_KERNEL
} BskTable;

/* bsk_clip_points: the smallest and the largest float whose quotient by the scale, correctly
 * rounded and then rounded to nearest, lies within the levels [qmin, qmax] − zero_point; what lies
 * outside is clipped. */
void bsk_clip_points (const BskQParams *params, float *low, float *high);

/* bsk_fast_quotient: whether t = x · inv; t += fma (−t, scale, x) · inv, fused, is the correctly
 * rounded quotient for every x whose level matters: no intermediate over- or underflows. (Source:
 * Markstein, IBM J. Res. Dev. 34, 1990; the cases his theorem leaves open are enumerated in
 * tests/kernels/check_stream.c.) */
static inline bool
bsk_fast_quotient (float scale)
{
  return scale >= 0x1p-60f && scale <= 0x1p60f;
}

/* Values per block of error statistics: float lanes are added up in double after each. Part of the
 * definition, see bsk_error. */
enum { BSK_ERROR_BLOCK = 4096, BSK_INSIDE_ROWS = BSK_ERROR_BLOCK / 16 };

/* Settings of the rows of such a block: between low and high nothing is clipped. */
typedef struct {
  float inverse[BSK_INSIDE_ROWS], low[BSK_INSIDE_ROWS], high[BSK_INSIDE_ROWS];
} BskInside;

/* bsk_inside_rows: false where bsk_fast_quotient says no, or half a step is too little of the
 * bounds. These lie 2⁻²² of them inside of the half steps, because of their rounding and the
 * quotient's. Short rows would wait for a division each: without comparisons of floats the compiler
 * makes vectors of this. */
static inline bool
bsk_inside_rows (const BskQParams *p, size_t rows, BskInside *out)
{
  enum { REACH = 1 << 20, LEAST = 0x21800000, MOST = 0x5D800000 }; /* 2⁻⁶⁰, 2⁶⁰ */
  int outside = 0;

  for (size_t i = 0; i < rows; i++) {
    int32_t lo = p[i].qmin - p[i].zero_point, hi = p[i].qmax - p[i].zero_point, bits;
    float scale = p[i].scale, low = ((float) lo - 0.5f) * scale, high = ((float) hi + 0.5f) * scale;

    memcpy (&bits, &scale, sizeof bits);
    out->inverse[i] = 1 / scale;
    out->low[i] = low + fabsf (low) * 0x1p-22f;
    out->high[i] = high - fabsf (high) * 0x1p-22f;
    outside |= (bits < LEAST) | (bits > MOST) | (lo < -REACH) | (hi > REACH);
  }
  return !outside;
}

/* Values from the one in work to the one fetched, in passes over memory: the processor's own
 * prefetching reaches three quarters of the bandwidth beside arithmetic, this all of it (512 to 8192
 * measured; past the end it only wastes a few lines). */
#define BSK_AHEAD 2048

/* Comparisons that find one of n levels in their tree: up to 16 levels four, because a vector holds
 * their thresholds. */
static inline int
bsk_levels_height (int n)
{
  int height = 4;

  while (n > 1 << height)
    height++;
  return height;
}

/* Thresholds in one bucket up to which buckets are the fastest way to a code. */
#define BSK_LEVELS_DEPTH 4

static inline int
bsk_levels_bucket (const BskLevels *levels, float v)
{
  float at = (v - levels->low) * levels->per_unit;

  at = at > 0 ? at : 0; /* also where infinity times 0 is not a number */
  at = at < BSK_LEVELS_BUCKETS - 1 ? at : BSK_LEVELS_BUCKETS - 1;
  return (int) at;
}

/* bsk_ref_average_window, bsk_ref_quantize_levels: for what does not fill a vector. */
void bsk_ref_average_window (const BskWindowArgs *args);
void bsk_ref_quantize_levels (const BskLevels *levels,
                              const float *x,
                              size_t n,
                              float scale,
                              bool magnitudes,
                              int32_t *codes,
                              float *y);

/* The error sweep, see bsk_error_sweep: blocks of 4096 values in rows of 64, one lane each. */
#define BSK_SWEEP_BLOCK 4096
#define BSK_SWEEP_ROW 64

typedef struct {
  float scale, inverse, lo, hi; /* lo, hi: levels */
  bool in_steps;                /* first summed in units of the step */
  double enough;                /* sums in steps from here on are exact enough */
} BskSweepSetting;

/* x · inverse is off by at most 2⁻²³ of it. A block's sum in steps counts when that is less than
 * 2⁻¹⁰ of the error's root mean square even at the last level: reach · 2⁻²³ ≤ √(sum / 4096) ·
 * 2⁻¹⁰. With more than 2048 levels to a side that is never so, unless much is cut. */
static inline BskSweepSetting
bsk_sweep_setting (const BskQParams *p)
{
  BskSweepSetting s = { p->scale,
                        1 / p->scale,
                        (float) (p->qmin - p->zero_point),
                        (float) (p->qmax - p->zero_point),
                        false,
                        0 };
  float reach = s.hi > -s.lo ? s.hi : -s.lo;

  s.in_steps = reach <= 2048;
  s.enough = 0x1p-14 * (double) reach * (double) reach;
  return s;
}

static inline bool
bsk_sweep_enough (const BskSweepSetting *s, double steps)
{
  return steps > 0 && steps >= s->enough && steps <= 0x1p127;
}

static inline double
bsk_sweep_scaled (const BskSweepSetting *s, double steps)
{
  return steps * ((double) s->scale * (double) s->scale);
}

/* bsk_ref_sweep: the squared error of one setting in a block of at most BSK_SWEEP_BLOCK values. */
double bsk_ref_sweep (const float *x, size_t n, const BskQParams *params);

/* bsk_table: the table of the best allowed level. */
const BskTable *bsk_table (void);

/* Each overlays the entries it has. */
void bsk_ref_init (BskTable *table);
#ifdef BSK_X86
void bsk_sse41_init (BskTable *table);
void bsk_sse41_transpose_init (BskTable *table);
void bsk_avx2_init (BskTable *table);
void bsk_avxvnni_init (BskTable *table);
void bsk_avxvnni_evex_init (BskTable *table);
void bsk_avx512_init (BskTable *table);
#endif
#ifdef BSK_ARM
void bsk_neon_init (BskTable *table);
void bsk_dotprod_init (BskTable *table);
void bsk_i8mm_init (BskTable *table);
#endif
