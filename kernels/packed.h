/* The packed form of weights, and the helpers that packing shares.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "table.h"

/* Header of packed memory; everything else follows at the given offsets, each aligned to BSK_ALIGN.
 */
typedef struct {
  uint64_t magic;
  const BskTable *table; /* the level it was packed for */
  int n, k;              /* per group: output channels, and weights of one of them */
  int n_seg, quads;      /* K as the tile walks it */
  int groups;
  bool depthwise;
  bool wide; /* 16-bit weights and activations: see wide.c */
  int max_vecs, chunk;
  size_t a_bytes; /* per activation */
  bool low;       /* fewer than eight bits, or groups: see low.c */
  int bits, group, n_runs, run_bytes, run_quads, last_bytes, last_quads;
  uint32_t run_mask, last_mask;
  int8_t levels[16];
  bool narrow;   /* packed for gemm_tile_narrow */
  int depth;     /* see BskTileArgs */
  bool zeros;    /* weights may have zero points: there is room for `zero` */
  bool row_sums; /* they have: tiles want the sums of the rows of A */
  int seg_bytes; /* of a run of K that exist; 8 bits or fewer */
  uint8_t a_flip;
  BskType a_type;
  int16_t pad_code; /* the code of padding */
  BskFinish finish;
  size_t c_bytes;               /* per output element */
  size_t start64;               /* wide only */
  size_t zero;                  /* zeros only */
  size_t scale, from;           /* low only */
  size_t seg, start, m, cut, w; /* offsets in bytes from the header */
  size_t group_n;               /* entries of start, m, cut per group: n rounded up to lanes */
  size_t group_w;               /* bytes of weights per group */
  size_t bytes;
  BskConvShape shape; /* convolutions only */
  int out_h, out_w;
  int dw_width, dw_pixels;       /* depthwise: channels and output pixels interleaved at a time */
  int dw_sets, dw_taps, dw_rows; /* depthwise: quad sets, taps in all, output rows per pass */
  int dw_parts;    /* depthwise: int8 parts that a weight is the sum of, each with its own taps */
  int dw_blocks;   /* by whole rows: blocks of weights, see BskFlatArgs */
  size_t dw_edges; /* and of those whose taps leave the image, behind them */
  bool dw_runs_on; /* and whether these run on over the ends of pixels */
  bool dw_3x3;     /* packed for depthwise_flat_3x3 */
} BskPacked;

#define BSK_MAGIC 0x30736b7473746942u

/* A multiplication of sizes that says when it does not fit. */
static inline bool
bsk_size_mul (size_t a, size_t b, size_t *out)
{
  return !__builtin_mul_overflow (a, b, out);
}

static inline size_t
bsk_align (size_t n)
{
  return (n + BSK_ALIGN - 1) & ~(size_t) (BSK_ALIGN - 1);
}

static inline size_t
bsk_type_bytes (BskType type)
{
  return type == BSK_U8 || type == BSK_S8 ? 1 : type == BSK_S16 ? 2 : 4;
}

static inline bool
bsk_is_8bit (BskType type)
{
  return type == BSK_U8 || type == BSK_S8;
}

static inline uint8_t
bsk_flip (BskType type)
{
  return type == BSK_S8 ? 0x80 : 0;
}

/* bsk_check_qparams: scale, zero point and range fit the type of the codes. */
BskStatus bsk_check_qparams (const BskQParams *params, BskType type, bool needs_scale);

/* bsk_check_levels: the same for functions that only use levels, codes minus zero point, of up to
 * 24 bits. Inline, because every group of a tensor has its own. */
static inline BskStatus
bsk_check_levels (const BskQParams *params)
{
  int64_t lo = (int64_t) params->qmin - params->zero_point,
          hi = (int64_t) params->qmax - params->zero_point;

  if (lo > hi || lo < -(1 << 24) || hi > 1 << 24)
    return BSK_EINVAL;
  /* Below the smallest normal number 1 / scale would overflow. */
  return params->scale >= 0x1p-126f && params->scale <= 0x1.fffffep127f ? BSK_OK : BSK_ERANGE;
}

/* bsk_finish: the finishing step for codes of `type`, or for sums and floats. */
BskFinish bsk_finish (BskType type, const BskQParams *params);

/* bsk_check_args: everything about args that does not depend on the weights. */
BskStatus bsk_check_args (const BskGemmArgs *args, int n, int k);

/* bsk_layout: fills offsets and sizes for header->n, n_seg, quads, groups; returns false when a
 * size overflows. */
bool bsk_layout (BskPacked *header, size_t quads_per_channel);

/* bsk_multiplier: of channel n, by the normative rule. */
float bsk_multiplier (const BskGemmArgs *args, size_t n);

/* One channel's 8-bit weights as the kernels take them: int8 numbers w[i] − shift, of which `zero`
 * stands for 0. zero is 0 where w − zero point fits in int8, and for all weights of a depthwise
 * convolution, whose numbers then do not fit (see depthwise.c). */
typedef struct {
  const uint8_t *w;
  const int8_t *levels; /* what codes stand for, or NULL: themselves */
  bool is_signed;
  int shift, zero;
} BskChannel;

/* bsk_channel: channel n of weights with rows ldw apart. */
BskChannel
bsk_channel (const BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw, size_t n);

static inline int
bsk_channel_weight (const BskChannel *channel, size_t i)
{
  if (channel->levels)
    return channel->levels[channel->w[i] & 15];
  return (channel->is_signed ? (int8_t) channel->w[i] : channel->w[i]) - channel->shift;
}

/* Weights are packed in pieces of up to this many, a whole number of quads and of vectors of codes. */
enum { BSK_PIECE = 256, BSK_MAX_WIDTH = 64 /* columns of the widest panel of any level */ };

static inline size_t
bsk_piece (size_t from, size_t end)
{
  return end - from < BSK_PIECE ? end - from : BSK_PIECE;
}

/* bsk_channel_numbers: weights [from, from + count) as packed; not of a depthwise convolution. */
void bsk_channel_numbers (const BskChannel *channel, size_t from, size_t count, int8_t *out);

/* bsk_channel_sums: what those stand for, summed by sign. */
typedef struct {
  int64_t positive, negative;
} BskSums;
BskSums bsk_channel_sums (const BskChannel *channel, size_t from, size_t count);

/* bsk_largest_sum: largest |sum| of products over all activations that may occur. */
int64_t bsk_largest_sum (const BskGemmArgs *args, BskSums sums, int64_t bias);

/* bsk_may_have_zeros: whether weights may need a zero point other than 0. */
bool bsk_may_have_zeros (const BskGemmArgs *args);

/* bsk_check_channels, bsk_fill_channels: start values, multipliers and cuts of all channels.
 *
 *   w, ldw  weights of channel i at w + i · ldw, header->k of them
 *
 * The check also sets header->row_sums and, for depthwise convolutions, the number of parts.
 * Errors   BSK_ERANGE when a sum could overflow or a multiplier is not finite. */
BskStatus
bsk_check_channels (BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw);
void bsk_fill_channels (BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw);

/* bsk_fill_cut: the cut, entry `at`, of channel n, whose weights have these sums: there is one where sum
 * times multiplier may leave int32. */
void bsk_fill_cut (BskPacked *header, const BskGemmArgs *args, BskSums sums, size_t n, size_t at);

/* bsk_pairs_fit: how many times the largest |activation| · (|w0| + |w1|) of adjacent weights fits
 * in int16, at most 64; 0 when not even once: an instruction with saturating pair sums would not be
 * exact. */
int bsk_pairs_fit (const BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw);

/* bsk_sum_rows: the sums of rows of A that the tiles of `tile` want. */
void
bsk_sum_rows (const BskPacked *header, const uint8_t *a, size_t a_row, size_t rows, int32_t *sums);

/* bsk_depthwise_count_parts: raises header->dw_parts to what this channel needs. */
void bsk_depthwise_count_parts (BskPacked *header, const BskChannel *channel);

/* bsk_panel_vecs: width of the next panel when `left` vectors of columns are left; `threes`: may be
 * 3, too. */
int bsk_panel_vecs (int left, int max_vecs, bool threes);

/* bsk_panel_open, bsk_panel_next: walk the panels of a group; `tile` then holds all but a, c, rows
 * and their strides. bsk_panel_next returns false after the last one; tile->column is the panel's
 * first column in the group. */
void bsk_panel_open (const BskPacked *header, int group, BskTileArgs *tile);
bool bsk_panel_next (const BskPacked *header, BskTileArgs *tile);

/* bsk_tile_kernel: the kernel that reads this packed form. */
typedef void (*BskTileKernel) (const BskTileArgs *args);
BskTileKernel bsk_tile_kernel (const BskPacked *header);

/* bsk_run_product: rows [0, rows) of a plain product, in blocks that stay in the second-level
 * cache. */
void bsk_run_product (const BskPacked *header,
                      const uint8_t *a,
                      size_t a_row,
                      size_t rows,
                      char *c,
                      size_t c_row);

/* bsk_put_quads: `count` weights of one column from quad `quad` on, zero filled to whole quads, in the
 * form of the level. */
void bsk_put_quads (const BskPacked *header,
                    uint8_t *panel,
                    int panel_n,
                    int quad,
                    int column,
                    const int8_t *w,
                    size_t count);

/* Products with weights of fewer than eight bits or with groups; n, k, groups, n_seg and seg_bytes
 * of header are set. Rows [0, rows) of the product of one group of a convolution's channels, of a
 * plain product group 0. */
BskStatus bsk_low_describe (const BskGemmArgs *args, BskPacked *header);
BskStatus bsk_low_pack (const BskGemmArgs *args,
                        const BskPacked *header,
                        const void *w,
                        size_t ldw,
                        BskPacked *out);
void bsk_low_run (const BskPacked *header,
                  int group,
                  const uint8_t *a,
                  size_t a_row,
                  size_t rows,
                  char *c,
                  size_t c_row);

/* bsk_is_low: whether weights of this type need more than int8 sums of int8 products. */
static inline bool
bsk_is_low (const BskGemmArgs *args)
{
  return args->group || (args->w_type >= BSK_W_S4 && args->w_type <= BSK_W_CODEBOOK4);
}

/* bsk_low_zero: the weight, as given, that stands for 0; −1 when there is none. */
int bsk_low_zero (const BskGemmArgs *args);

/* bsk_low_check_codes: BSK_EINVAL when one of n · k weights is no code of its type. */
BskStatus bsk_low_check_codes (const BskGemmArgs *args, const int8_t *w, size_t count);

/* bsk_conv_seg: bytes from a row's start to its run `seg`. bsk_conv_numbers: weights
 * [from, from + count) of run `seg` of merged column n of a convolution. */
ptrdiff_t bsk_conv_seg (const BskPacked *header, int seg);
void bsk_conv_numbers (const BskPacked *header,
                       const BskChannel *own,
                       int n,
                       int seg,
                       int from,
                       size_t count,
                       int8_t *out);

/* 16-bit products: checks and start values as for 8 bits; the longest chunk of pairs that cannot
 * overflow. */
BskStatus
bsk_wide_check (const BskPacked *header, const BskGemmArgs *args, const int16_t *w, size_t ldw);
void bsk_wide_fill (BskPacked *header, const BskGemmArgs *args, const int16_t *w, size_t ldw);
void bsk_put_pair (uint8_t *panel, int panel_n, int pair, int column, const int16_t w[2]);

static inline void *
bsk_at (const BskPacked *header, size_t offset)
{
  return (char *) (uintptr_t) header + offset;
}
