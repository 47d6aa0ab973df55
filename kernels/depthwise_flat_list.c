/* Depthwise convolution by whole rows: the list of the blocks of a row.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "depthwise_flat.h"

typedef struct {
  const BskPacked *header;
  const BskFlatRow *row;
  size_t c_px;
  bool direct, skips;
} Listing;

/* Of positions that do not exist anything may be read. */
static void
put_order (BskFlatBlock *b, size_t order, size_t i, size_t from)
{
  b->order[order] |= (uint64_t) (from % (2 * BSK_FLAT_BLOCK / 8)) << 8 * i;
}

/* Where the positions of a block are in the input, of which the first `here` exist: see
 * BskFlat3x3Args. No more is read than they need. */
static void
choose_orders (size_t px, size_t channel, size_t here, BskFlatBlock *b)
{
  enum { UNITS = BSK_FLAT_BLOCK / 8, SECOND = 64, BOTH = 128 };
  const size_t next = px / 8, n = here < BSK_FLAT_BLOCK ? (here + 7) / 8 : UNITS;
  size_t at[UNITS], end;

  for (size_t i = 0; i < UNITS; i++)
    at[i] = 2 * ((channel + 8 * i) / px) * px + (channel + 8 * i) % px - channel;
  end = at[n - 1] + 2 * px + 8;
  b->far = end > SECOND ? (ptrdiff_t) end - SECOND : 0;
  for (size_t i = 0; i < UNITS; i++) {
    for (size_t column = 0; column < 2; column++) {
      size_t from = at[i] + column * px;
      bool far = from >= BOTH;

      put_order (b, 2 * column, i, far ? 0 : from / 8);
      put_order (b, 2 * column + 1, i, far ? UNITS + (from - (size_t) b->far) / 8 : i);
    }
    put_order (b, 4, i,
               i + next < UNITS ? i + next : UNITS + (at[i] + 2 * px - (size_t) b->far) / 8);
  }
}

/* Block n of a row, for the kernel; its first position is that channel of output pixel x. */
static BskFlatBlock
block_of (const Listing *l, size_t n, size_t x, size_t channel)
{
  const BskPacked *header = l->header;
  const BskConvShape *s = &header->shape;
  const BskFlatRow *row = l->row;
  const char *blocks = bsk_at (header, header->w), *edges;
  size_t left = row->px - channel, from_px = l->direct ? (size_t) s->stride_w * row->px : row->px,
         here = row->runs_on ? (size_t) header->out_w * row->px - n * BSK_FLAT_BLOCK : left;
  BskFlatBlock b = { .at = (ptrdiff_t) (x * from_px + channel),
                     .c_at = (ptrdiff_t) (x * l->c_px + channel * header->c_bytes),
                     .mask = here < 64 ? ~0ull >> (64 - here) : ~0ull };

  if (l->direct)
    b.at -= (ptrdiff_t) s->pad_left * s->cin;
  if (l->skips)
    choose_orders (row->px, channel, here, &b);
  else if (row->runs_on && from_px > row->px && left < 64)
    b.rest = ~0ull << left;
  b.w = blocks + bsk_flat_block_bytes (header) *
                   (row->runs_on ? n % (size_t) header->dw_blocks : channel / BSK_FLAT_BLOCK);
  b.start = b.w;
  if (n >= row->first && n < row->end)
    return b;
  edges = blocks + (size_t) header->dw_blocks * bsk_flat_block_bytes (header);
  b.start = edges + (n < row->first ? n : row->first + n - row->end) * bsk_flat_edge_bytes (header);
  if (row->runs_on)
    b.w = b.start;
  for (int kx = 0; kx < s->kw && !row->runs_on; kx++)
    b.missing |= (uint64_t) !bsk_flat_inside (s, (int64_t) x, kx) << kx;
  return b;
}

void
bsk_flat_list (const BskPacked *header,
               const BskFlatRow *row,
               size_t c_px,
               bool direct,
               bool skips,
               BskFlatBlock *blocks,
               BskFlatArgs *args)
{
  enum { WEIGHT_BYTES = 24000 };
  const Listing l = { header, row, c_px, direct, skips };
  BskFlatBlock *edge = blocks, *other;

  args->n_edges = row->runs_on ? 0 : row->n - (row->end - row->first);
  args->passes = 1;
  if (!row->runs_on && row->px_blocks * bsk_flat_block_bytes (header) > WEIGHT_BYTES)
    args->passes = row->px_blocks;
  args->count = (row->n - args->n_edges) / args->passes;
  args->edges = edge;
  args->blocks = other = edge + args->n_edges;
  for (size_t pass = 0; pass < args->passes; pass++) {
    size_t x = 0, channel = pass * BSK_FLAT_BLOCK;

    for (size_t n = pass; n < row->n; n += args->passes) {
      BskFlatBlock b = block_of (&l, n, x, channel);

      if (b.missing)
        *edge++ = b;
      else
        *other++ = b;
      if (args->passes > 1) {
        x++;
        continue;
      }
      for (channel += BSK_FLAT_BLOCK; channel >= row->px; x++)
        channel = row->runs_on ? channel - row->px : 0;
    }
  }
}
