/* Depthwise convolution by whole rows, for levels with depthwise_flat: what packing and running have
 * in common.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "conv.h"

/* Quad columns of one set. */
static inline int
bsk_flat_columns (const BskConvShape *s)
{
  return bsk_along_row (s) ? 1 : s->kw;
}

static inline size_t
bsk_flat_block_bytes (const BskPacked *header)
{
  return BSK_FLAT_WEIGHTS +
         (size_t) header->dw_taps * (size_t) header->dw_rows * 4 * BSK_FLAT_BLOCK;
}

/* What is kept of blocks on an edge. Where blocks do not run on, all of their positions miss the same
 * taps, and differ in start alone. */
static inline size_t
bsk_flat_edge_bytes (const BskPacked *header)
{
  return header->dw_runs_on ? bsk_flat_block_bytes (header) : BSK_FLAT_M;
}

/* Whether kernel column kx is inside the image for output pixel x. */
static inline bool
bsk_flat_inside (const BskConvShape *s, int64_t x, int kx)
{
  int64_t at = x * s->stride_w - s->pad_left + (int64_t) kx * s->dilation_w;

  return at >= 0 && at < s->w;
}

/* Whether the kernel of 3 × 3 leaves out every other pixel of rows that are read in place. */
bool bsk_flat_skips (const BskPacked *header);

/* Whether input rows are read where they are, signs left to the kernel. Where pixels are skipped
 * neither by that nor by hops, this takes blocks of single pixels, which must not be too empty. Reading
 * reaches as far before and behind a row as the padding: not further than to the next row, therefore.
 */
bool bsk_flat_in_place (const BskPacked *header);

/* The blocks of a row; those outside [first, end) have taps outside the image, and packed forms of
 * their own. They run on over the ends of pixels, or each pixel has whole ones. */
typedef struct {
  bool runs_on;
  size_t n, first, end;
  size_t px, px_blocks; /* positions and whole blocks of a pixel */
} BskFlatRow;

BskFlatRow bsk_flat_row (const BskPacked *header, bool runs_on, bool direct);

/* bsk_flat_list: the blocks of a row for the kernel, into blocks [row->n], and where they are into
 * args: those on an edge, when they miss taps, and then the others, all blocks of a pixel one after
 * the other or, when their weights would not stay in the first-level cache, one block of all pixels.
 *   c_px    bytes from an output pixel to the next
 *   direct  input rows are read where they are; skips: and bsk_flat_skips */
void bsk_flat_list (const BskPacked *header,
                    const BskFlatRow *row,
                    size_t c_px,
                    bool direct,
                    bool skips,
                    BskFlatBlock *blocks,
                    BskFlatArgs *args);
