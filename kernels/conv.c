/* Convolution without im2col: in NHWC the bytes below one kernel row are contiguous, so on a padded
 * copy of the image a convolution is a product whose K runs over the kernel rows.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

/* Padded copies are made for blocks of about this size, so that a block stays in the second-level
 * cache while the panels of weights sweep over it. */
enum { BLOCK_BYTES = 200000 };

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

static bool
padded (const BskConvShape *s)
{
  return s->pad_top || s->pad_left || s->pad_bottom || s->pad_right;
}

/* Rows of the padded image below `out_rows` output rows. */
static size_t
rows_below (const BskConvShape *s, size_t out_rows)
{
  return (out_rows - 1) * (size_t) s->stride_h + (size_t) (s->kh - 1) * (size_t) s->dilation_h + 1;
}

/* Bytes of a pixel, and of a row of the padded image. */
static size_t
px_bytes (const BskPacked *header)
{
  return (size_t) header->shape.cin * header->a_bytes;
}

static size_t
row_bytes (const BskPacked *header)
{
  return bsk_padded_w (&header->shape) * px_bytes (header);
}

/* Output rows per block, and images per block when whole images fit. */
static void
blocking (const BskPacked *header, size_t *out_rows, size_t *images)
{
  const BskConvShape *s = &header->shape;
  size_t row = row_bytes (header), all = rows_below (s, (size_t) header->out_h) * row;

  *images = 1;
  *out_rows = (size_t) header->out_h;
  if (all <= BLOCK_BYTES)
    *images = BLOCK_BYTES / all;
  else
    *out_rows = BLOCK_BYTES / (row * (size_t) s->stride_h);
  if (*out_rows < 1)
    *out_rows = 1;
  if (*images > 64)
    *images = 64;
  if (*out_rows > (size_t) header->out_h)
    *out_rows = (size_t) header->out_h;
}

static bool
scratch_bytes (const BskPacked *header, size_t *bytes)
{
  const BskConvShape *s = &header->shape;
  size_t out_rows, images;

  *bytes = 0;
  if (header->depthwise)
    return bsk_depthwise_scratch (header, bytes);
  if (!padded (s))
    return true;
  blocking (header, &out_rows, &images);
  if (!bsk_size_mul (rows_below (s, out_rows) * images, row_bytes (header), bytes) ||
      *bytes > SIZE_MAX / 2)
    return false;
  *bytes = bsk_align (*bytes + BSK_SLACK);
  return true;
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
  if ((args->w_type != BSK_W_S8 && args->w_type != BSK_W_S16) || args->group)
    return BSK_ENOTSUP;
  *header = (BskPacked){ .magic = BSK_MAGIC,
                         .table = table,
                         .k = (int) k,
                         .a_flip = bsk_flip (args->a_type),
                         .a_type = args->a_type,
                         .a_bytes = bsk_type_bytes (args->a_type),
                         .wide = args->w_type == BSK_W_S16,
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
  if (s->groups > 1 && s->groups == s->cin && s->groups == s->cout && !header->wide) {
    header->depthwise = true;
    bsk_depthwise_describe (header);
    quads = (size_t) header->dw_taps * (size_t) header->dw_rows;
  } else {
    merge = s->groups > 1 ? merged_groups (s, table->lanes) : 1;
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
    header->quads = (int) ((seg_bytes + 3) / 4);
    if (!bsk_size_mul ((size_t) header->n_seg, (size_t) header->quads, &quads))
      return BSK_ERANGE;
  }
  return bsk_layout (header, quads) && scratch_bytes (header, &scratch) ? BSK_OK : BSK_ERANGE;
}

size_t
bsk_conv_bytes (const BskConvShape *shape, const BskGemmArgs *args)
{
  BskPacked header;

  return describe (shape, args, &header) ? 0 : header.bytes;
}

size_t
bsk_conv_scratch_bytes (const void *packed)
{
  const BskPacked *header = packed;
  size_t bytes = 0;

  if (packed && header->magic == BSK_MAGIC && header->shape.h)
    scratch_bytes (header, &bytes);
  return bytes;
}

/* Whether a run of K is a whole kernel row, see describe. */
static bool
runs_are_rows (const BskPacked *header)
{
  return header->groups == 1 && header->shape.dilation_w == 1;
}

/* Element i of run `seg` of merged column n: a weight, or zero where the column belongs to another
 * group. */
static int16_t
weight_at (const BskPacked *header, const void *w, int group, int n, int seg, int i)
{
  const BskConvShape *s = &header->shape;
  int cin_group = s->cin / s->groups, cout_group = s->cout / s->groups;
  int cin = header->n / cout_group * cin_group, channel = i % cin;
  int tap = runs_are_rows (header) ? seg * s->kw + i / cin : seg;
  size_t at = ((size_t) group * (size_t) header->n + (size_t) n) * (size_t) header->k;

  if (channel / cin_group != n / cout_group)
    return 0;
  at += (size_t) tap * (size_t) cin_group + (size_t) (channel % cin_group);
  return header->wide ? ((const int16_t *) w)[at] : ((const int8_t *) w)[at];
}

/* One column: quads of 8-bit weights, or pairs of 16-bit ones, run by run. */
static void
pack_column (const BskPacked *header, const void *w, int group, const BskTileArgs *tile, int c)
{
  const BskConvShape *s = &header->shape;
  int cin = s->cin / header->groups, length = runs_are_rows (header) ? cin * s->kw : cin;
  int per_quad = header->wide ? 2 : 4, panel_n = tile->vecs * header->table->lanes;
  uint8_t *panel = (uint8_t *) (uintptr_t) tile->w;

  for (int seg = 0; seg < header->n_seg; seg++)
    for (int i = 0; i < length; i += per_quad) {
      int16_t wide[4] = { 0 };
      int8_t narrow[4];

      for (int j = 0; j < per_quad && i + j < length; j++)
        wide[j] = weight_at (header, w, group, tile->column + c, seg, i + j);
      for (int j = 0; j < 4; j++)
        narrow[j] = (int8_t) wide[j];
      if (header->wide)
        bsk_put_pair (panel, panel_n, seg * header->quads + i / 2, c, wide);
      else
        bsk_put_quad (header, panel, panel_n, seg * header->quads + i / 4, c, narrow, 4);
    }
}

BskStatus
bsk_conv_pack (const BskConvShape *shape, const BskGemmArgs *args, const void *w, void *packed)
{
  BskPacked header, *out = packed;
  const BskConvShape *s = shape;
  BskStatus status = describe (shape, args, &header);
  ptrdiff_t *seg, row, px;

  if (status)
    return status;
  if (!w || !packed)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  status = header.wide ? bsk_wide_check (&header, args, w, (size_t) header.k)
                       : bsk_check_channels (&header, args, w, (size_t) header.k);
  if (status)
    return status;
  if (!header.depthwise && !header.wide) {
    header.narrow = header.table->gemm_tile_narrow &&
                    bsk_pairs_fit (args, w, (size_t) header.k, s->cout, header.k);
    bsk_layout (&header, (size_t) header.n_seg * (size_t) header.quads);
  }

  *out = header;
  if (out->wide)
    bsk_wide_fill (out, args, w, (size_t) header.k);
  else
    bsk_fill_channels (out, args, w, (size_t) header.k);
  memset (bsk_at (out, out->w), 0, out->group_w * (size_t) out->groups);
  if (out->depthwise) {
    bsk_depthwise_pack (out, w);
    return BSK_OK;
  }
  seg = bsk_at (out, out->seg);
  row = (ptrdiff_t) row_bytes (out) * s->dilation_h;
  px = (ptrdiff_t) px_bytes (out) * s->dilation_w;
  for (int i = 0; i < out->n_seg; i++)
    seg[i] = runs_are_rows (out) ? i * row : i / s->kw * row + i % s->kw * px;
  for (int g = 0; g < out->groups; g++) {
    BskTileArgs tile;

    bsk_panel_open (out, g, &tile);
    while (bsk_panel_next (out, &tile))
      for (int c = 0; c < tile.cols; c++)
        pack_column (out, w, g, &tile, c);
  }
  return BSK_OK;
}

/* Writes the code of padding. */
static void
fill_padding (const BskPacked *header, uint8_t *out, size_t bytes)
{
  if (header->a_bytes == 1)
    memset (out, header->pad_code, bytes);
  else
    for (size_t i = 0; i < bytes; i += 2)
      memcpy (out + i, &header->pad_code, 2);
}

/* Copies rows [first, first + count) of the padded image; the borders only when asked. */
static void
copy_padded (const BskPacked *header,
             const uint8_t *image,
             int first,
             size_t count,
             bool borders,
             uint8_t *out)
{
  const BskConvShape *s = &header->shape;
  size_t px = px_bytes (header), left = (size_t) s->pad_left * px, inner = (size_t) s->w * px;
  size_t right = (size_t) s->pad_right * px, row = left + inner + right;

  for (size_t i = 0; i < count; i++, out += row) {
    int y = first + (int) i - s->pad_top;

    if (y < 0 || y >= s->h) {
      if (borders)
        fill_padding (header, out, row);
      continue;
    }
    if (borders) {
      fill_padding (header, out, left);
      fill_padding (header, out + left + inner, right);
    }
    memcpy (out + left, image + (size_t) y * inner, inner);
  }
}

/* All panels over a block of images or rows. `top` is the padded image's row under the block's
 * first output row. */
static void
run_block (const BskPacked *header,
           const BskConvRun *run,
           const uint8_t *top,
           size_t top_image,
           char *c,
           size_t images,
           int rows)
{
  const BskConvShape *s = &header->shape;
  size_t step = (size_t) s->stride_h * row_bytes (header),
         group_px = px_bytes (header) / (size_t) header->groups;
  BskTileKernel kernel = bsk_tile_kernel (header);
  BskTileArgs tile;

  for (int g = 0; g < header->groups; g++) {
    bsk_panel_open (header, g, &tile);
    tile.a_row = (size_t) s->stride_w * px_bytes (header);
    tile.c_row = run->c_px;
    tile.rows = (size_t) header->out_w;
    while (bsk_panel_next (header, &tile)) {
      char *out = c + ((size_t) g * (size_t) header->n + (size_t) tile.column) * header->c_bytes;

      for (size_t i = 0; i < images; i++)
        for (int y = 0; y < rows; y++) {
          tile.a = top + i * top_image + (size_t) g * group_px + (size_t) y * step;
          tile.c = out + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px;
          kernel (&tile);
        }
    }
  }
}

static void
run_conv (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  size_t block_rows, block_images, row = row_bytes (header);
  bool copies = padded (s), whole;

  blocking (header, &block_rows, &block_images);
  /* Borders of whole-image copies stay in place from image to image. */
  whole = block_rows == (size_t) header->out_h && run->y0 == 0 && run->y1 == header->out_h;
  for (size_t i = 0; i < run->n_images; i += block_images) {
    size_t images = run->n_images - i < block_images ? run->n_images - i : block_images;

    for (int y = run->y0; y < run->y1; y += (int) block_rows) {
      int rows = run->y1 - y < (int) block_rows ? run->y1 - y : (int) block_rows;
      size_t below = rows_below (s, (size_t) rows);
      const uint8_t *top = run->a + i * run->a_image + (size_t) y * (size_t) s->stride_h * row;
      size_t top_image = run->a_image;

      if (copies) {
        for (size_t j = 0; j < images; j++)
          copy_padded (header, run->a + (i + j) * run->a_image, y * s->stride_h, below,
                       !whole || i == 0, run->scratch + j * below * row);
        top = run->scratch;
        top_image = below * row;
      }
      run_block (header, run, top, top_image,
                 run->c + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px,
                 images, rows);
    }
  }
}

/* A 1×1 convolution of contiguous pixels is a plain product over all pixels. */
static bool
is_product (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;

  return s->kh == 1 && s->kw == 1 && s->stride_h == 1 && s->stride_w == 1 && header->groups == 1 &&
         !padded (s);
}

static void
run_product (const BskPacked *header, const BskConvRun *run)
{
  size_t pixels = (size_t) (run->y1 - run->y0) * (size_t) header->out_w, px = px_bytes (header);
  size_t first = (size_t) run->y0 * (size_t) header->out_w, images = run->n_images;

  if (run->a_image == pixels * px && run->c_image == pixels * run->c_px) {
    pixels *= images;
    images = 1;
  }
  for (size_t i = 0; i < images; i++)
    bsk_run_product (header, run->a + i * run->a_image + first * px, px, pixels,
                     run->c + i * run->c_image + first * run->c_px, run->c_px);
}

BskStatus
bsk_conv (const void *packed,
          const void *a,
          size_t a_image,
          void *c,
          size_t c_image,
          size_t ldc,
          size_t n_images,
          int y0,
          int y1,
          void *scratch)
{
  const BskPacked *header = packed;
  BskConvRun run;

  if (!packed || (uintptr_t) packed % BSK_ALIGN || header->magic != BSK_MAGIC || !header->shape.h ||
      y0 < 0 || y0 > y1 || y1 > header->out_h)
    return BSK_EINVAL;
  if (n_images == 0 || y0 == y1)
    return BSK_OK;
  if (!a || !c || ldc < (size_t) header->shape.cout ||
      (!scratch && bsk_conv_scratch_bytes (packed)))
    return BSK_EINVAL;
  if ((uintptr_t) scratch % BSK_ALIGN)
    return BSK_EALIGN;
  run = (BskConvRun){ .a = a,
                      .a_image = a_image * header->a_bytes,
                      .c = c,
                      .c_image = c_image * header->c_bytes,
                      .c_px = ldc * header->c_bytes,
                      .n_images = n_images,
                      .y0 = y0,
                      .y1 = y1,
                      .scratch = scratch };
  if (header->depthwise)
    bsk_depthwise_run (header, &run);
  else if (is_product (header))
    run_product (header, &run);
  else
    run_conv (header, &run);
  return BSK_OK;
}
