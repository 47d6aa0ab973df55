/* Running a convolution: padded copies of blocks of images or rows, and the tiles over them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

/* Padded copies are made for blocks of about this size, so that a block stays in the second-level
 * cache while the panels of weights sweep over it. */
enum { BLOCK_BYTES = 200000 };

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

/* Output rows per block, and images per block when whole images fit. */
static void
blocking (const BskPacked *header, size_t *out_rows, size_t *images)
{
  const BskConvShape *s = &header->shape;
  size_t row = bsk_row_bytes (header), all = rows_below (s, (size_t) header->out_h) * row;

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

bool
bsk_conv_scratch (const BskPacked *header, size_t *bytes)
{
  const BskConvShape *s = &header->shape;
  size_t out_rows, images;

  *bytes = 0;
  if (header->depthwise)
    return bsk_depthwise_scratch (header, bytes);
  if (!padded (s))
    return true;
  blocking (header, &out_rows, &images);
  if (!bsk_size_mul (rows_below (s, out_rows) * images, bsk_row_bytes (header), bytes) ||
      *bytes > SIZE_MAX / 2)
    return false;
  *bytes = bsk_align (*bytes + BSK_SLACK);
  return true;
}

/* Scratch for the sums of the rows of A of one block and group, after the padded images. */
static bool
sums_bytes (const BskPacked *header, size_t *bytes)
{
  size_t out_rows, images;

  *bytes = 0;
  if (!header->row_sums)
    return true;
  blocking (header, &out_rows, &images);
  return bsk_size_mul (out_rows * images, 4 * (size_t) header->out_w, bytes);
}

size_t
bsk_conv_scratch_bytes (const void *packed)
{
  const BskPacked *header = packed;
  size_t bytes = 0, sums = 0;

  if (packed && header->magic == BSK_MAGIC && header->shape.h) {
    bsk_conv_scratch (header, &bytes);
    sums_bytes (header, &sums);
  }
  return bytes + bsk_align (sums);
}

/* Where copying costs nothing beside that, copies of signed codes are flipped to unsigned ones, and
 * the tiles need not flip each quad they read. */
static bool
copy_flips (const BskPacked *header)
{
  return header->a_flip && header->table->copy_pixels && padded (&header->shape) && !header->low &&
         !header->row_sums;
}

static void
fill_padding (const BskPacked *header, uint8_t *out, size_t bytes)
{
  if (copy_flips (header))
    memset (out, header->pad_code ^ header->a_flip, bytes);
  else
    bsk_fill_padding (header, out, bytes);
}

/* Up to this many bytes calls of memset and memcpy take longer than what they do. */
enum { SHORT_ROW = 256 };

/* The left and right borders of some rows; the right one of a row and the left one of the next are
 * one piece. */
static void
fill_borders (const BskPacked *header,
              uint8_t *out,
              size_t count,
              size_t left,
              size_t inner,
              size_t row)
{
  if (count == 0 || row == inner)
    return;
  if (row <= SHORT_ROW) {
    fill_padding (header, out, count * row);
    return;
  }
  fill_padding (header, out, left);
  out += left + inner;
  for (; count > 1; count--, out += row)
    fill_padding (header, out, row - inner);
  fill_padding (header, out, row - inner - left);
}

static void
copy_row (const uint8_t *from, size_t bytes, uint8_t *to)
{
  if (bytes < 16 || bytes > SHORT_ROW) {
    memcpy (to, from, bytes);
    return;
  }
  for (size_t i = 0; i + 16 < bytes; i += 16)
    memcpy (to + i, from + i, 16);
  memcpy (to + bytes - 16, from + bytes - 16, 16);
}

static void
copy_rows (const BskPacked *header,
           const uint8_t *from,
           size_t count,
           size_t bytes,
           uint8_t *to,
           size_t to_row)
{
  if (copy_flips (header))
    header->table->copy_pixels (&(BskCopyArgs){ .from = from,
                                                .rows = count,
                                                .pixels = 1,
                                                .bytes = bytes,
                                                .from_row = bytes,
                                                .flip = header->a_flip,
                                                .to = to,
                                                .to_row = to_row });
  else
    for (size_t i = 0; i < count; i++)
      copy_row (from + i * bytes, bytes, to + i * to_row);
}

static size_t
clamp_row (int64_t row, size_t count)
{
  return row < 0 ? 0 : (size_t) row < count ? (size_t) row : count;
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
  size_t px = bsk_px_bytes (header), left = (size_t) s->pad_left * px, inner = (size_t) s->w * px;
  size_t row = bsk_row_bytes (header);
  size_t top = clamp_row ((int64_t) s->pad_top - first, count),
         end = clamp_row ((int64_t) s->pad_top + s->h - first, count);

  if (borders) {
    fill_padding (header, out, top * row);
    fill_borders (header, out + top * row, end - top, left, inner, row);
    fill_padding (header, out + end * row, (count - end) * row);
  }
  if (top < end)
    copy_rows (header, image + ((size_t) first + top - (size_t) s->pad_top) * inner, end - top,
               inner, out + top * row + left, row);
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
  int32_t *sums = NULL;
  size_t scratch, step = (size_t) s->stride_h * bsk_row_bytes (header),
                  group_px = bsk_px_bytes (header) / (size_t) header->groups;
  BskTileKernel kernel = bsk_tile_kernel (header);
  int lines = header->table->lines && !header->wide && !header->narrow ? rows : 1;
  BskTileArgs tile;

  if (header->row_sums) {
    bsk_conv_scratch (header, &scratch);
    sums = (int32_t *) (void *) (run->scratch + scratch);
  }
  for (int g = 0; header->low && g < header->groups; g++) {
    char *out = c + (size_t) g * (size_t) header->n * header->c_bytes;

    for (size_t i = 0; i < images; i++)
      for (int y = 0; y < rows; y++)
        bsk_low_run (header, g, top + i * top_image + (size_t) g * group_px + (size_t) y * step,
                     (size_t) s->stride_w * bsk_px_bytes (header), (size_t) header->out_w,
                     out + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px,
                     run->c_px);
  }
  for (int g = 0; !header->low && g < header->groups; g++) {
    bsk_panel_open (header, g, &tile);
    if (copy_flips (header))
      tile.a_flip = 0;
    tile.a_row = (size_t) s->stride_w * bsk_px_bytes (header);
    tile.c_row = run->c_px;
    tile.line = (size_t) header->out_w;
    tile.rows = (size_t) lines * tile.line;
    tile.a_skip = (ptrdiff_t) (step - tile.line * tile.a_row);
    if (sums)
      for (size_t i = 0; i < images; i++)
        for (int y = 0; y < rows; y++)
          bsk_sum_rows (header, top + i * top_image + (size_t) g * group_px + (size_t) y * step,
                        tile.a_row, tile.line, sums + (i * (size_t) rows + (size_t) y) * tile.line);
    while (bsk_panel_next (header, &tile)) {
      char *out = c + ((size_t) g * (size_t) header->n + (size_t) tile.column) * header->c_bytes;

      for (size_t i = 0; i < images; i++)
        for (int y = 0; y < rows; y += lines) {
          tile.a = top + i * top_image + (size_t) g * group_px + (size_t) y * step;
          tile.c = out + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px;
          tile.row_sum =
            sums ? sums + (i * (size_t) rows + (size_t) y) * (size_t) header->out_w : NULL;
          kernel (&tile);
        }
    }
  }
}

static void
run_conv (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  size_t block_rows, block_images, row = bsk_row_bytes (header);
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
  size_t pixels = (size_t) (run->y1 - run->y0) * (size_t) header->out_w, px = bsk_px_bytes (header);
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
