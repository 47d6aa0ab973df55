/* Depthwise convolution by whole rows, for levels with depthwise_flat: how weights are packed, for
 * blocks inside and on an edge.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "depthwise_flat.h"

/* Whether blocks can run on from pixel to pixel although pixels of the input are skipped. */
static bool
hops (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;

  return !header->dw_3x3 && s->stride_w > 1 && s->stride_h > 1 && !bsk_along_row (s) &&
         s->cin > BSK_FLAT_BLOCK && s->cin % BSK_FLAT_BLOCK;
}

/* Whether the kernel of 3 × 3 can leave out every other pixel. */
static bool
can_skip (const BskConvShape *s)
{
  enum { MOST_CHANNELS = 32 /* or 192 bytes are not enough */, REACH = 128 /* of two vectors */ };

  return s->stride_w == 2 && s->stride_h == 2 && s->dilation_w == 1 && s->cin % 8 == 0 &&
         s->cin <= MOST_CHANNELS && ((int64_t) s->w - s->pad_right) * s->cin >= REACH;
}

bool
bsk_flat_skips (const BskPacked *header)
{
  return header->dw_3x3 && can_skip (&header->shape);
}

/* Output pixels [*first, *end) have all kernel columns inside the image. */
static void
inner_pixels (const BskPacked *header, int64_t *first, int64_t *end)
{
  const BskConvShape *s = &header->shape;
  int64_t last = (int64_t) s->w - 1 + s->pad_left - (int64_t) (s->kw - 1) * s->dilation_w;

  *first = ((int64_t) s->pad_left + s->stride_w - 1) / s->stride_w;
  *first = *first < header->out_w ? *first : header->out_w;
  *end = last < 0 ? 0 : last / s->stride_w + 1;
  *end = *end < header->out_w ? *end : header->out_w;
  *end = *end > *first ? *end : *first;
}

bool
bsk_flat_in_place (const BskPacked *header)
{
  enum { MOST_EDGES = 16 };
  const BskConvShape *s = &header->shape;
  int block = (s->cin - 1) % BSK_FLAT_BLOCK + 1; /* the last one of a pixel */
  int64_t first, end;

  if (bsk_along_row (s))
    return s->stride_w == 1 && s->pad_left == 0 && s->pad_right == 0;
  inner_pixels (header, &first, &end);
  if (s->kw > 64 || header->out_w - (end - first) > MOST_EDGES || s->pad_left > s->w ||
      s->pad_right > s->w)
    return false;
  return s->stride_w == 1 || hops (header) || bsk_flat_skips (header) ||
         (BSK_FLAT_BLOCK - block) * 3 <= s->cin;
}

static size_t
blocks_of (size_t positions)
{
  return (positions + BSK_FLAT_BLOCK - 1) / BSK_FLAT_BLOCK;
}

BskFlatRow
bsk_flat_row (const BskPacked *header, bool runs_on, bool direct)
{
  size_t px = (size_t) header->shape.cin, out_w = (size_t) header->out_w;
  BskFlatRow row = { .runs_on = runs_on, .px = px, .px_blocks = blocks_of (px) };
  int64_t first = 0, end = header->out_w;

  if (direct && !bsk_along_row (&header->shape))
    inner_pixels (header, &first, &end);
  if (runs_on) {
    row.n = blocks_of (out_w * px);
    row.first = blocks_of ((size_t) first * px);
    row.end = end == header->out_w ? row.n : (size_t) end * px / BSK_FLAT_BLOCK;
  } else {
    row.n = out_w * row.px_blocks;
    row.first = (size_t) first * row.px_blocks;
    row.end = (size_t) end * row.px_blocks;
  }
  row.end = row.end > row.first ? row.end : row.first;
  return row;
}

/* The first position of block n: its pixel and its channel. */
static size_t
first_pixel (const BskFlatRow *row, size_t n)
{
  return row->runs_on ? n * BSK_FLAT_BLOCK / row->px : n / row->px_blocks;
}

static size_t
first_channel (const BskFlatRow *row, size_t n)
{
  return row->runs_on ? n * BSK_FLAT_BLOCK % row->px : n % row->px_blocks * BSK_FLAT_BLOCK;
}

/* Whether walking down an image is faster than going along its rows: not where so many rows share sets of
 * the first-level cache that their lines do not stay there until the next block; and with a stride
 * of 2, where rows have less in common, only where pixels are small. */
static bool
walks_well (const BskConvShape *s)
{
  enum { CACHE_BYTES = 49152, SAME_SETS = 1024 };
  const int64_t row = (int64_t) s->w * s->cin;
  const bool stays = row <= CACHE_BYTES / s->h;

  if (s->stride_h == 1)
    return stays || row % SAME_SETS;
  return s->stride_h == 2 && s->cin < BSK_FLAT_BLOCK && (stays || can_skip (s));
}

/* Whether the kernel of 3 × 3 does it, as far as can be told before there are weights. */
static bool
is_3x3 (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;
  const BskFinish *f = &header->finish;

  return s->kh == 3 && s->kw == 3 && s->dilation_h == 1 && walks_well (s) &&
         header->dw_parts == 1 && !f->cut && (f->out == BSK_U8 || f->out == BSK_S8);
}

/* Lays blocks out for one kernel or the other; `bytes` are those of all blocks. */
static bool
layout (BskPacked *header, bool for_3x3, size_t *bytes)
{
  enum { FEW_PERIODS = 9, FEW_CHANNELS = 32 };
  const BskConvShape *s = &header->shape;
  int period = s->cin;
  size_t edges;
  BskFlatRow row;

  header->dw_3x3 = for_3x3;
  /* Quads with a slot to spare serve the next output row, too. */
  header->dw_rows =
    !for_3x3 && !bsk_along_row (s) && s->stride_h == 1 && s->dilation_h == 1 && s->kh % 4 ? 2 : 1;
  for (int i = 1; i < BSK_FLAT_BLOCK && period % 2 == 0; i *= 2)
    period /= 2;
  /* Blocks run on over the ends of pixels, unless that takes more weights than the first-level
   * cache holds and little room is lost in blocks that do not. */
  header->dw_runs_on = s->cin % BSK_FLAT_BLOCK && (period <= FEW_PERIODS || s->cin <= FEW_CHANNELS);
  if (s->stride_w > 1 && bsk_flat_in_place (header) && !hops (header) && !bsk_flat_skips (header))
    header->dw_runs_on = false;
  header->dw_blocks = header->dw_runs_on ? period : (int) blocks_of ((size_t) s->cin);
  row = bsk_flat_row (header, header->dw_runs_on, bsk_flat_in_place (header));
  header->dw_edges = row.first + row.n - row.end;
  if (!bsk_size_mul ((size_t) header->dw_blocks, bsk_flat_block_bytes (header), bytes) ||
      !bsk_size_mul (header->dw_edges, bsk_flat_edge_bytes (header), &edges) ||
      *bytes > SIZE_MAX / 4 || edges > SIZE_MAX / 4)
    return false;
  *bytes += edges;
  return true;
}

bool
bsk_flat_describe (BskPacked *header, size_t *quads)
{
  const BskConvShape *s = &header->shape;
  size_t bytes, bytes_3x3 = 0, lanes = (size_t) header->table->lanes;

  if (header->k > INT32_MAX / 2048) /* offsets of weights in a block would leave int */
    return false;
  /* A stride that is never taken must not make rows of as many runs. */
  if (header->out_w == 1)
    header->shape.stride_w = 1;
  if (header->out_h == 1)
    header->shape.stride_h = 1;
  header->groups = 1;
  header->n = s->cout;
  header->n_seg = 1;
  header->dw_sets = ((bsk_along_row (s) ? s->kw : s->kh) + 3) / 4;
  header->dw_parts = 1;
  header->dw_taps = header->dw_sets * bsk_flat_columns (s) * (header->zeros ? BSK_MAX_PARTS : 1);
  if ((is_3x3 (header) && !layout (header, true, &bytes_3x3)) || !layout (header, false, &bytes))
    return false;
  bytes = bytes > bytes_3x3 ? bytes : bytes_3x3;
  *quads = bytes / (4 * (((size_t) s->cin + lanes - 1) / lanes * lanes)) + 1;
  return true;
}

/* Writes a weight to where its tap has it: once for each part, and each output row of a group. */
static void
put_weight (const BskPacked *header, int weight, int ky, int kx, int slot, char *block)
{
  const BskConvShape *s = &header->shape;
  const int rows = header->dw_rows, columns = bsk_flat_columns (s),
            taps = header->dw_sets * columns;

  if (header->dw_3x3) {
    block[BSK_FLAT_WEIGHTS + (ky * BSK_FLAT_BLOCK + slot) * 4 + kx] = (char) weight;
    return;
  }
  for (int part = 0; part < header->dw_parts; part++)
    for (int row = 0; row < rows; row++) {
      int at = bsk_along_row (s) ? kx : ky + row;
      int tap = part * taps + at / 4 * columns + (bsk_along_row (s) ? 0 : kx);

      block[BSK_FLAT_WEIGHTS + ((tap * rows + row) * BSK_FLAT_BLOCK + slot) * 4 + at % 4] =
        (char) bsk_depthwise_part (weight, part);
    }
}

/* Packs a channel as one position of a block: at output pixel x, whose taps may leave the image, or
 * at any, −1; or nothing but its start. */
static void
pack_position (const BskPacked *header,
               const BskChannel *weights,
               size_t channel,
               int position,
               int64_t x,
               bool start_only,
               char *block)
{
  const BskConvShape *s = &header->shape;
  const uint32_t pad = (uint8_t) (header->pad_code ^ header->a_flip);
  /* Vector position / 4 mod 4, 16-byte lane position / 16: see BskFlatArgs. */
  const int slot = position / 4 % 4 * 16 + position / 16 * 4 + position % 4;
  uint32_t start = (uint32_t) ((const int32_t *) bsk_at (header, header->start))[channel];

  for (int ky = 0, i = 0; ky < s->kh; ky++)
    for (int kx = 0; kx < s->kw; kx++, i++) {
      int weight = bsk_channel_weight (weights, (size_t) i);

      if (x >= 0 && !bsk_flat_inside (s, x, kx))
        start += pad * (uint32_t) weight;
      else if (!start_only)
        put_weight (header, weight, ky, kx, slot, block);
    }
  ((uint32_t *) (void *) block)[slot] = start;
  if (start_only)
    return;
  ((float *) (void *) (block + BSK_FLAT_M))[slot] =
    ((const float *) bsk_at (header, header->m))[channel];
  ((int32_t *) (void *) (block + BSK_FLAT_CUT))[slot] =
    ((const int32_t *) bsk_at (header, header->cut))[channel];
}

/* Packs block n of a row. */
static void
pack_block (const BskPacked *header,
            const BskGemmArgs *args,
            const void *w,
            const BskFlatRow *row,
            size_t n,
            bool edge,
            char *block)
{
  size_t x = first_pixel (row, n), channel = first_channel (row, n);

  for (int i = 0; i < BSK_FLAT_BLOCK; i++, channel++) {
    BskChannel weights;

    if (channel == row->px && !row->runs_on)
      return;
    if (channel == row->px) {
      channel = 0;
      x++;
    }
    weights = bsk_channel (header, args, w, (size_t) header->k, channel);
    pack_position (header, &weights, channel, i, edge ? (int64_t) x : -1, edge && !row->runs_on,
                   block);
  }
}

void
bsk_flat_pack (BskPacked *header, const BskGemmArgs *args, const void *w)
{
  char *block = bsk_at (header, header->w);
  size_t bytes;
  BskFlatRow row;

  header->dw_taps = header->dw_sets * bsk_flat_columns (&header->shape) * header->dw_parts;
  layout (header, is_3x3 (header), &bytes);
  row = bsk_flat_row (header, header->dw_runs_on, bsk_flat_in_place (header));
  for (size_t n = 0; n < (size_t) header->dw_blocks; n++, block += bsk_flat_block_bytes (header))
    pack_block (header, args, w, &row, n, false, block);
  for (size_t n = 0; n < row.n; n++)
    if (n < row.first || n >= row.end) {
      pack_block (header, args, w, &row, n, true, block);
      block += bsk_flat_edge_bytes (header);
    }
}
