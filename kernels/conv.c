/* Convolution without im2col: in NHWC the bytes below one kernel row are contiguous, so on a padded
 * copy of the image a convolution is a product whose K runs over the kernel rows. Shapes and
 * packing; conv_run.c runs it.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

static int
out_size (int size, int pad_a, int pad_b, int kernel, int dilation, int stride)
{
  int64_t span = (int64_t) (kernel - 1) * dilation + 1, room = (int64_t) size + pad_a + pad_b;
  int64_t n = room < span ? 0 : (room - span) / stride + 1;

  return n > INT32_MAX ? 0 : (int) n;
}

static bool
shape_valid (const BskConvShape *s)
{
  return s && s->h > 0 && s->w > 0 && s->cin > 0 && s->cout > 0 && s->kh > 0 && s->kw > 0 &&
         s->stride_h > 0 && s->stride_w > 0 && s->dilation_h > 0 && s->dilation_w > 0 &&
         s->groups > 0 && s->pad_top >= 0 && s->pad_left >= 0 && s->pad_bottom >= 0 &&
         s->pad_right >= 0 && s->cin % s->groups == 0 && s->cout % s->groups == 0;
}

int
bsk_conv_out_h (const BskConvShape *s)
{
  return shape_valid (s)
           ? out_size (s->h, s->pad_top, s->pad_bottom, s->kh, s->dilation_h, s->stride_h)
           : 0;
}

int
bsk_conv_out_w (const BskConvShape *s)
{
  return shape_valid (s)
           ? out_size (s->w, s->pad_left, s->pad_right, s->kw, s->dilation_w, s->stride_w)
           : 0;
}

/* Merges groups whose output channels would leave most lanes of a vector empty: the merged product
 * has zeros where a channel does not see an input. Returns how many groups become one. */
static int
merged_groups (const BskConvShape *s, int lanes)
{
  int merge = 1, per_group = s->cout / s->groups;

  while (merge < s->groups && merge * per_group < lanes) {
    int next = merge + 1;

    while (s->groups % next)
      next++;
    if (next * per_group > 2 * lanes && merge > 1)
      break;
    merge = next;
  }
  return merge;
}

static BskStatus
describe (const BskConvShape *s, const BskGemmArgs *args, BskPacked *header)
{
  const BskTable *table = bsk_table ();
  int out_h, out_w, merge;
  int64_t k, seg_bytes, cin;
  size_t quads, scratch, image;
  BskStatus status;

  if (!args || !shape_valid (s))
    return BSK_EINVAL;
  out_h = bsk_conv_out_h (s);
  out_w = bsk_conv_out_w (s);
  k = (int64_t) s->kh * s->kw;
  if (k > INT32_MAX / (s->cin / s->groups))
    return BSK_ERANGE;
  k *= s->cin / s->groups;
  if (out_h < 1 || out_w < 1)
    return BSK_EINVAL;
  status = bsk_check_args (args, s->cout, (int) k);
  if (status)
    return status;
  *header = (BskPacked){ .magic = BSK_MAGIC,
                         .table = table,
                         .k = (int) k,
                         .a_flip = bsk_flip (args->a_type),
                         .a_type = args->a_type,
                         .a_bytes = bsk_type_bytes (args->a_type),
                         .wide = args->w_type == BSK_W_S16,
                         .zeros = bsk_may_have_zeros (args),
                         .max_vecs = args->w_type == BSK_W_S16 ? 1 : table->max_vecs,
                         .pad_code = (int16_t) args->a.zero_point,
                         .finish = bsk_finish (args->out_type, &args->out),
                         .c_bytes = bsk_type_bytes (args->out_type),
                         .shape = *s,
                         .out_h = out_h,
                         .out_w = out_w };
  if (!bsk_size_mul (bsk_padded_w (s), (size_t) s->h + (size_t) s->pad_top + (size_t) s->pad_bottom,
                     &image) ||
      !bsk_size_mul (image, (size_t) s->cin, &image) || image > SIZE_MAX / 32)
    return BSK_ERANGE;
  if (header->wide && args->group)
    return BSK_ENOTSUP;
  if (s->groups > 1 && s->groups == s->cin && s->groups == s->cout && !header->wide) {
    if (args->group)
      return BSK_ENOTSUP;
    if (args->w_type == BSK_W_CODEBOOK4 && !args->codebook)
      return BSK_EINVAL;
    header->depthwise = true;
    if (!bsk_depthwise_describe (header, &quads))
      return BSK_ERANGE;
  } else {
    merge = s->groups > 1 ? merged_groups (s, table->lanes) : 1;
    if (bsk_is_low (args) && (args->group || bsk_low_zero (args) < 0))
      merge = 1; /* nothing stands for the other groups' weights */
    cin = (int64_t) (s->cin / s->groups) * merge;
    header->groups = s->groups / merge;
    header->n = s->cout / s->groups * merge;
    /* One run per kernel row where its bytes are contiguous, else one per kernel element. */
    if (header->groups == 1 && s->dilation_w == 1) {
      seg_bytes = cin * s->kw;
      header->n_seg = s->kh;
    } else {
      seg_bytes = cin;
      header->n_seg = s->kh * s->kw;
    }
    seg_bytes *= (int64_t) header->a_bytes;
    if (seg_bytes > INT32_MAX - 3)
      return BSK_ERANGE;
    header->seg_bytes = (int) seg_bytes;
    header->quads = (int) ((seg_bytes + 3) / 4);
    if (!bsk_size_mul ((size_t) header->n_seg, (size_t) header->quads, &quads))
      return BSK_ERANGE;
  }
  if (bsk_is_low (args) && !header->depthwise) {
    status = bsk_low_describe (args, header);
    if (status)
      return status;
  } else if (!bsk_layout (header, quads)) {
    return BSK_ERANGE;
  }
  return bsk_conv_scratch (header, &scratch) ? BSK_OK : BSK_ERANGE;
}

size_t
bsk_conv_bytes (const BskConvShape *shape, const BskGemmArgs *args)
{
  BskPacked header;

  return describe (shape, args, &header) ? 0 : header.bytes;
}

/* Whether a run of K is a whole kernel row, see describe. */
static bool
runs_are_rows (const BskPacked *header)
{
  return header->groups == 1 && header->shape.dilation_w == 1;
}

ptrdiff_t
bsk_conv_seg (const BskPacked *header, int seg)
{
  const BskConvShape *s = &header->shape;
  ptrdiff_t row = (ptrdiff_t) bsk_row_bytes (header) * s->dilation_h;
  ptrdiff_t px = (ptrdiff_t) bsk_px_bytes (header) * s->dilation_w;

  return runs_are_rows (header) ? seg * row : seg / s->kw * row + seg % s->kw * px;
}

/* Where element i of run `seg` of merged column n is among the weights of its output channel; −1
 * where the column belongs to another group. */
static ptrdiff_t
weight_index (const BskPacked *header, int n, int seg, int i)
{
  const BskConvShape *s = &header->shape;
  int cin_group = s->cin / s->groups, cout_group = s->cout / s->groups;
  int cin = header->n / cout_group * cin_group, channel = i % cin;
  int tap = runs_are_rows (header) ? seg * s->kw + i / cin : seg;

  if (channel / cin_group != n / cout_group)
    return -1;
  return (ptrdiff_t) tap * cin_group + channel % cin_group;
}

void
bsk_conv_numbers (const BskPacked *header,
                  const BskChannel *own,
                  int n,
                  int seg,
                  int from,
                  size_t count,
                  int8_t *out)
{
  if (header->n == header->shape.cout / header->shape.groups) { /* not merged: contiguous */
    bsk_channel_numbers (own, (size_t) weight_index (header, n, seg, from), count, out);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    ptrdiff_t at = weight_index (header, n, seg, from + (int) i);

    out[i] = (int8_t) (at < 0 ? own->zero : bsk_channel_weight (own, (size_t) at));
  }
}

/* Numbers in a run. */
static int
run_length (const BskPacked *header)
{
  int cin = header->shape.cin / header->groups;

  return runs_are_rows (header) ? cin * header->shape.kw : cin;
}

/* One column of 16-bit weights, run by run. */
static void
pack_wide (const BskPacked *header, const int16_t *row, const BskTileArgs *tile, int c)
{
  int length = run_length (header);

  for (int seg = 0; seg < header->n_seg; seg++)
    for (int i = 0; i < length; i += 2) {
      int16_t pair[2] = { 0 };

      for (int j = 0; j < 2 && i + j < length; j++) {
        ptrdiff_t at = weight_index (header, tile->column + c, seg, i + j);

        pair[j] = at < 0 ? 0 : row[at];
      }
      bsk_put_pair ((uint8_t *) (uintptr_t) tile->w, tile->width, seg * header->quads + i / 2, c,
                    pair);
    }
}

/* A panel of 8-bit weights, a piece of a run of all its columns at a time. */
static void
pack_panel (const BskPacked *header,
            const BskGemmArgs *args,
            const void *w,
            int group,
            const BskTileArgs *tile)
{
  size_t first = (size_t) group * (size_t) header->n + (size_t) tile->column;
  BskChannel channels[BSK_MAX_WIDTH];
  int length = run_length (header);

  for (int c = 0; c < tile->cols; c++)
    channels[c] = bsk_channel (header, args, w, (size_t) header->k, first + (size_t) c);
  for (int seg = 0; seg < header->n_seg; seg++)
    for (int i = 0; i < length; i += BSK_PIECE)
      for (int c = 0; c < tile->cols; c++) {
        size_t count = bsk_piece ((size_t) i, (size_t) length);
        int8_t piece[BSK_PIECE];

        bsk_conv_numbers (header, &channels[c], tile->column + c, seg, i, count, piece);
        bsk_put_quads (header, (uint8_t *) (uintptr_t) tile->w, tile->width,
                       seg * header->quads + i / 4, c, piece, count);
      }
}

BskStatus
bsk_conv_pack (const BskConvShape *shape, const BskGemmArgs *args, const void *w, void *packed)
{
  BskPacked header, *out = packed;
  BskStatus status = describe (shape, args, &header);
  ptrdiff_t *seg;

  if (status)
    return status;
  if (!w || !packed)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  if (header.low)
    return bsk_low_pack (args, &header, w, (size_t) header.k, out);
  if (bsk_is_low (args)) { /* depthwise: its few weights are kept as int8 */
    status = bsk_low_check_codes (args, w, (size_t) shape->cout * (size_t) header.k);
    if (status)
      return status;
  }
  status = header.wide ? bsk_wide_check (&header, args, w, (size_t) header.k)
                       : bsk_check_channels (&header, args, w, (size_t) header.k);
  if (status)
    return status;
  if (!header.depthwise && !header.wide) {
    if (!header.row_sums && header.table->gemm_tile_narrow)
      header.depth = bsk_pairs_fit (&header, args, w, (size_t) header.k);
    header.narrow = header.depth > 0;
    bsk_layout (&header, (size_t) header.n_seg * (size_t) header.quads);
  }

  *out = header;
  if (out->wide)
    bsk_wide_fill (out, args, w, (size_t) header.k);
  else
    bsk_fill_channels (out, args, w, (size_t) header.k);
  memset (bsk_at (out, out->w), 0, out->group_w * (size_t) out->groups);
  if (out->depthwise) {
    bsk_depthwise_pack (out, args, w);
    return BSK_OK;
  }
  seg = bsk_at (out, out->seg);
  for (int i = 0; i < out->n_seg; i++)
    seg[i] = bsk_conv_seg (out, i);
  for (int g = 0; g < out->groups; g++) {
    BskTileArgs tile;

    bsk_panel_open (out, g, &tile);
    while (bsk_panel_next (out, &tile)) {
      size_t first = (size_t) g * (size_t) out->n + (size_t) tile.column;

      for (int c = 0; out->wide && c < tile.cols; c++)
        pack_wide (out, (const int16_t *) w + (first + (size_t) c) * (size_t) out->k, &tile, c);
      if (!out->wide)
        pack_panel (out, args, w, g, &tile);
    }
  }
  return BSK_OK;
}
