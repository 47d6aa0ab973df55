/* Depthwise convolution: four image rows are interleaved to byte quads, so that one dot product
 * of quads serves four taps, and with a kernel of up to three rows the same quads serve two
 * output rows.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

/* Quads are made for a block of channels and output pixels at a time, so that they stay in the
 * first-level cache. */
enum { QUAD_BYTES = 14000, BLOCK_CHANNELS = 64, FLAT_CHANNELS = 192 };

int8_t
bsk_depthwise_part (int weight, int part)
{
  for (; part > 0 && weight; part--)
    weight -= weight > INT8_MAX ? INT8_MAX : weight < INT8_MIN ? INT8_MIN : weight;
  return (int8_t) (weight > INT8_MAX ? INT8_MAX : weight < INT8_MIN ? INT8_MIN : weight);
}

void
bsk_depthwise_count_parts (BskPacked *header, const BskChannel *channel)
{
  for (int i = 0; i < header->k; i++)
    while (bsk_depthwise_part (bsk_channel_weight (channel, (size_t) i), header->dw_parts))
      header->dw_parts++;
}

/* Padded columns below `pixels` output pixels. */
static size_t
columns_below (const BskConvShape *s, size_t pixels)
{
  size_t span = bsk_along_row (s) ? 1 : (size_t) (s->kw - 1) * (size_t) s->dilation_w + 1;

  return (pixels - 1) * (size_t) s->stride_w + span;
}

bool
bsk_depthwise_describe (BskPacked *header, size_t *quads)
{
  const BskConvShape *s = &header->shape;
  size_t px_bytes, pixels = (size_t) header->out_w;

  if (header->table->depthwise_flat)
    return bsk_flat_describe (header, quads);
  header->groups = 1;
  header->n = s->cout;
  header->n_seg = 1;
  if (bsk_along_row (s)) {
    header->dw_sets = (s->kw + 3) / 4;
    header->dw_taps = header->dw_sets;
    header->dw_rows = 1;
  } else {
    header->dw_sets = (s->kh + 3) / 4;
    header->dw_taps = header->dw_sets * s->kw;
    header->dw_rows = s->kh <= 3 && s->stride_h == 1 && s->dilation_h == 1 ? 2 : 1;
  }
  header->dw_parts = 1;
  if (header->zeros)
    header->dw_taps *= BSK_MAX_PARTS;
  /* All channels together are contiguous and waste nothing, but a wide block makes for a short row
   * of pixels. */
  header->dw_width =
    s->cin % BLOCK_CHANNELS == 0 || s->cin > FLAT_CHANNELS ? BLOCK_CHANNELS : s->cin;
  px_bytes = (size_t) header->dw_width * 4 * (size_t) header->dw_sets;
  while (pixels > 8 && columns_below (s, pixels) * px_bytes > QUAD_BYTES)
    pixels = (pixels / 2 + 3) / 4 * 4;
  header->dw_pixels = (int) pixels;
  *quads = (size_t) header->dw_taps * (size_t) header->dw_rows;
  return true;
}

/* Bytes of one set of quads of a block. */
static size_t
set_bytes (const BskPacked *header)
{
  size_t columns = columns_below (&header->shape, (size_t) header->dw_pixels);

  return bsk_align (columns * (size_t) header->dw_width * 4 + 512);
}

bool
bsk_depthwise_scratch (const BskPacked *header, size_t *bytes)
{
  size_t row =
    bsk_align (bsk_padded_w (&header->shape) * (size_t) header->shape.cin + 2 * BSK_SLACK);

  if (header->table->depthwise_flat)
    return bsk_flat_scratch (header, bytes);
  if (!bsk_size_mul (set_bytes (header), (size_t) header->dw_sets, bytes) || *bytes > SIZE_MAX / 2)
    return false;
  *bytes += 2 * row; /* one row of padding, one padded copy */
  return true;
}

void
bsk_depthwise_pack (BskPacked *header, const BskGemmArgs *args, const void *w)
{
  const BskConvShape *s = &header->shape;
  ptrdiff_t *tap = bsk_at (header, header->seg), set = (ptrdiff_t) set_bytes (header);
  int lanes = header->table->lanes, rows = header->dw_rows;
  int taps = header->dw_taps / (header->zeros ? BSK_MAX_PARTS : 1); /* of one part */
  uint8_t *out = bsk_at (header, header->w);
  size_t vector_bytes;

  if (header->table->depthwise_flat) {
    bsk_flat_pack (header, args, w);
    return;
  }
  header->dw_taps = taps * header->dw_parts;
  vector_bytes = (size_t) header->dw_taps * (size_t) (rows * lanes * header->table->quad_bytes);
  for (int i = 0; i < header->dw_taps; i++) {
    int t = i % taps;

    tap[i] = bsk_along_row (s)
               ? t * set
               : t / s->kw * set + (ptrdiff_t) (t % s->kw) * s->dilation_w * header->dw_width * 4;
  }
  for (int c = 0; c < s->cin; c++) {
    BskChannel channel = bsk_channel (header, args, w, (size_t) header->k, (size_t) c);

    for (int at = 0; at < header->dw_taps; at++)
      for (int row = 0; row < rows; row++) {
        int8_t b[4] = { 0 };
        int t = at % taps;

        for (int i = 0; i < 4; i++) {
          int ky = bsk_along_row (s) ? 0 : t / s->kw * 4 + i - row,
              kx = bsk_along_row (s) ? 4 * t + i : t % s->kw;

          if (ky >= 0 && ky < s->kh && kx < s->kw)
            b[i] = bsk_depthwise_part (bsk_channel_weight (&channel, (size_t) (ky * s->kw + kx)),
                                       at / taps);
        }
        bsk_put_quads (header, out + (size_t) (c / lanes) * vector_bytes, lanes, at * rows + row,
                       c % lanes, b, 4);
      }
  }
}

/* A block in work: output pixels [x0, x0 + pixels), channels [c0, c0 + channels). */
typedef struct {
  int x0, pixels, c0, channels;
} Block;

/* Interleaves columns [first, first + columns) of four rows. */
static void
interleave_columns (const BskPacked *header,
                    const Block *b,
                    const uint8_t *const rows[4],
                    int64_t first,
                    size_t columns,
                    uint8_t *out)
{
  size_t cin = (size_t) header->shape.cin, width = (size_t) header->dw_width;
  BskInterleaveArgs args = { .pixels = columns,
                             .step = cin,
                             .n = (size_t) b->channels,
                             .flip = header->a_flip,
                             .out = out,
                             .out_step = 4 * width };

  if (columns == 0)
    return;
  if (width == cin) { /* pixels follow each other without a gap */
    args.pixels = 1;
    args.n = columns * cin;
  }
  for (int i = 0; i < 4; i++)
    args.rows[i] = rows[i] + (size_t) first * cin + (size_t) b->c0;
  header->table->interleave4 (&args);
}

/* Quads of the kernel rows from padded row y on: set i holds rows y + (4 i + 0 … 3) · dilation. */
static void
fill_rows (const BskPacked *header,
           const Block *b,
           const uint8_t *image,
           int64_t y,
           uint8_t *quads,
           const uint8_t *blank)
{
  const BskConvShape *s = &header->shape;
  size_t px = 4 * (size_t) header->dw_width;
  int64_t first = (int64_t) b->x0 * s->stride_w - s->pad_left;
  int64_t end = first + (int64_t) columns_below (s, (size_t) b->pixels);
  int64_t inner = first < 0 ? 0 : first, inner_end = end > s->w ? s->w : end;

  if (inner > inner_end) /* padding alone */
    inner = inner_end = first < 0 ? end : first;
  for (int i = 0; i < header->dw_sets; i++) {
    uint8_t *set = quads + (size_t) i * set_bytes (header);
    const uint8_t *rows[4];

    for (int j = 0; j < 4; j++) {
      int64_t at = y - s->pad_top + (int64_t) (4 * i + j) * s->dilation_h;

      rows[j] =
        at >= 0 && at < s->h ? image + (size_t) at * (size_t) s->w * (size_t) s->cin : blank;
    }
    memset (set, header->pad_code ^ header->a_flip, (size_t) (inner - first) * px);
    if (inner_end > inner)
      interleave_columns (header, b, rows, inner, (size_t) (inner_end - inner),
                          set + (size_t) (inner - first) * px);
    memset (set + (size_t) (inner_end - first) * px, header->pad_code ^ header->a_flip,
            (size_t) (end - inner_end) * px);
  }
}

/* One kernel row, from a padded copy: quads of columns x + (4 i + 0 … 3) · dilation. */
static void
fill_columns (const BskPacked *header, const Block *b, const uint8_t *copy, uint8_t *quads)
{
  const BskConvShape *s = &header->shape;

  for (int i = 0; i < header->dw_sets; i++) {
    const uint8_t *rows[4];

    for (int j = 0; j < 4; j++) {
      int kx = 4 * i + j < s->kw ? 4 * i + j : 4 * i; /* slots past the kernel have weight 0 */

      rows[j] = copy + (size_t) kx * (size_t) s->dilation_w * (size_t) s->cin;
    }
    interleave_columns (header, b, rows, (int64_t) b->x0 * s->stride_w,
                        columns_below (s, (size_t) b->pixels),
                        quads + (size_t) i * set_bytes (header));
  }
}

static void
copy_row (const BskPacked *header, const uint8_t *image, int64_t y, uint8_t *copy)
{
  const BskConvShape *s = &header->shape;
  size_t cin = (size_t) s->cin, inner = (size_t) s->w * cin, left = (size_t) s->pad_left * cin;

  memset (copy, header->pad_code, bsk_padded_w (s) * cin);
  if (y >= s->pad_top && y - s->pad_top < s->h)
    memcpy (copy + left, image + (size_t) (y - s->pad_top) * inner, inner);
}

/* A block of one output row, or of two. */
static void
run_block (const BskPacked *header,
           const BskConvRun *run,
           const Block *b,
           const uint8_t *quads,
           char *c,
           bool second)
{
  const BskConvShape *s = &header->shape;
  const BskTable *table = header->table;
  size_t vector_bytes =
    (size_t) header->dw_taps * (size_t) (header->dw_rows * table->lanes * table->quad_bytes);
  BskDepthwiseArgs args = {
    .q = quads,
    .q_step = (size_t) s->stride_w * (size_t) header->dw_width * 4,
    .tap = bsk_at (header, header->seg),
    .n_taps = header->dw_taps,
    .n_rows = header->dw_rows,
    .w = (const char *) bsk_at (header, header->w) + (size_t) (b->c0 / table->lanes) * vector_bytes,
    .start = (int32_t *) bsk_at (header, header->start) + b->c0,
    .m = (float *) bsk_at (header, header->m) + b->c0,
    .cut = (int32_t *) bsk_at (header, header->cut) + b->c0,
    .c_step = run->c_px,
    .pixels = b->pixels,
    .channels = b->channels,
    .finish = &header->finish,
  };

  args.c[0] = c + (size_t) b->x0 * run->c_px + (size_t) b->c0 * header->c_bytes;
  args.c[1] = second ? (char *) args.c[0] + (size_t) header->out_w * run->c_px : args.c[0];
  table->depthwise_row (&args);
}

void
bsk_depthwise_run (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  uint8_t *quads = run->scratch, *blank = quads + (size_t) header->dw_sets * set_bytes (header);
  uint8_t *copy = blank + bsk_align (bsk_padded_w (s) * (size_t) s->cin + 2 * BSK_SLACK);

  if (header->table->depthwise_flat) {
    bsk_flat_run (header, run);
    return;
  }
  memset (blank, header->pad_code, (size_t) (copy - blank));
  for (size_t i = 0; i < run->n_images; i++) {
    const uint8_t *image = run->a + i * run->a_image;

    for (int y = run->y0; y < run->y1; y += header->dw_rows) {
      char *c = run->c + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px;
      int64_t top = (int64_t) y * s->stride_h;

      if (bsk_along_row (s))
        copy_row (header, image, top, copy);
      for (Block b = { 0 }; b.c0 < s->cin; b.c0 += header->dw_width) {
        b.channels = s->cin - b.c0 < header->dw_width ? s->cin - b.c0 : header->dw_width;
        for (b.x0 = 0; b.x0 < header->out_w; b.x0 += header->dw_pixels) {
          b.pixels =
            header->out_w - b.x0 < header->dw_pixels ? header->out_w - b.x0 : header->dw_pixels;
          if (bsk_along_row (s))
            fill_columns (header, &b, copy, quads);
          else
            fill_rows (header, &b, image, top, quads, blank);
          run_block (header, run, &b, quads, c, header->dw_rows == 2 && y + 1 < run->y1);
        }
      }
    }
  }
}
