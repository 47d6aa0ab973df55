/* Depthwise convolution: four image rows are interleaved to byte quads, so that one dot product of
 * quads serves four taps, and with a kernel of up to three rows the same quads serve two output
 * rows. SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

/* A one-row kernel puts four of its columns, not rows, into a quad. */
static bool
along_row (const BskConvShape *s)
{
  return s->kh == 1;
}

void
bsk_depthwise_describe (BskPacked *header)
{
  const BskConvShape *s = &header->shape;

  header->groups = 1;
  header->n = s->cout;
  header->n_seg = 1;
  if (along_row (s)) {
    header->dw_sets = (s->kw + 3) / 4;
    header->dw_taps = header->dw_sets;
    header->dw_rows = 1;
  } else {
    header->dw_sets = (s->kh + 3) / 4;
    header->dw_taps = header->dw_sets * s->kw;
    header->dw_rows = s->kh <= 3 && s->stride_h == 1 && s->dilation_h == 1 ? 2 : 1;
  }
}

/* Pixels of the padded row, and bytes of one quad set of it. */
static size_t
set_bytes (const BskPacked *header)
{
  return bsk_align (bsk_padded_w (&header->shape) * (size_t) header->shape.cin * 4 + 512);
}

bool
bsk_depthwise_scratch (const BskPacked *header, size_t *bytes)
{
  size_t row =
    bsk_align (bsk_padded_w (&header->shape) * (size_t) header->shape.cin + 2 * BSK_SLACK);

  if (!bsk_size_mul (set_bytes (header), (size_t) header->dw_sets, bytes) || *bytes > SIZE_MAX / 2)
    return false;
  *bytes += 2 * row; /* one row of padding, one padded copy */
  return true;
}

void
bsk_depthwise_pack (BskPacked *header, const int8_t *w)
{
  const BskConvShape *s = &header->shape;
  ptrdiff_t *tap = bsk_at (header, header->seg), set = (ptrdiff_t) set_bytes (header);
  int lanes = header->table->lanes, rows = header->dw_rows, taps = header->dw_taps;
  size_t vector_bytes = (size_t) (taps * rows * lanes * header->table->quad_bytes);
  uint8_t *out = bsk_at (header, header->w);

  for (int t = 0; t < taps; t++)
    tap[t] = along_row (s) ? t * set
                           : t / s->kw * set + (ptrdiff_t) (t % s->kw) * s->dilation_w * s->cin * 4;
  for (int c = 0; c < s->cin; c++) {
    const int8_t *kernel = w + (size_t) c * (size_t) (s->kh * s->kw);

    for (int t = 0; t < taps; t++)
      for (int row = 0; row < rows; row++) {
        int8_t b[4] = { 0 };

        for (int i = 0; i < 4; i++) {
          int ky = along_row (s) ? 0 : t / s->kw * 4 + i - row,
              kx = along_row (s) ? 4 * t + i : t % s->kw;

          if (ky >= 0 && ky < s->kh && kx < s->kw)
            b[i] = kernel[ky * s->kw + kx];
        }
        bsk_put_quad (header, out + (size_t) (c / lanes) * vector_bytes, lanes, t * rows + row,
                      c % lanes, b, 4);
      }
  }
}

/* Writes the pad code over columns of a set of quads. */
static void
fill_columns (const BskPacked *header, uint8_t *set, size_t first, size_t count)
{
  size_t px = (size_t) header->shape.cin * 4;

  memset (set + first * px, header->pad_code ^ header->a_flip, count * px);
}

/* Quads of the kernel rows from padded row y on: set i holds rows y + (4 i + 0 … 3) · dilation. */
static void
interleave_rows (const BskPacked *header,
                 const uint8_t *image,
                 int64_t y,
                 uint8_t *quads,
                 const uint8_t *blank)
{
  const BskConvShape *s = &header->shape;
  size_t inner = (size_t) s->w * (size_t) s->cin;

  for (int i = 0; i < header->dw_sets; i++) {
    uint8_t *set = quads + (size_t) i * set_bytes (header);
    const uint8_t *rows[4];

    for (int j = 0; j < 4; j++) {
      int64_t at = y - s->pad_top + (int64_t) (4 * i + j) * s->dilation_h;

      rows[j] = at >= 0 && at < s->h ? image + (size_t) at * inner : blank;
    }
    fill_columns (header, set, 0, (size_t) s->pad_left);
    header->table->interleave4 (rows, inner, header->a_flip,
                                set + (size_t) s->pad_left * (size_t) s->cin * 4);
    fill_columns (header, set, (size_t) (s->pad_left + s->w), (size_t) s->pad_right);
  }
}

/* One kernel row: quads of columns x + (4 i + 0 … 3) · dilation, from a padded copy of the row. */
static void
interleave_columns (const BskPacked *header,
                    const uint8_t *image,
                    int64_t y,
                    uint8_t *quads,
                    const uint8_t *blank,
                    uint8_t *copy)
{
  const BskConvShape *s = &header->shape;
  size_t cin = (size_t) s->cin, inner = (size_t) s->w * cin, left = (size_t) s->pad_left * cin;
  size_t total = bsk_padded_w (s) * cin;
  int64_t at = y - s->pad_top;
  bool inside = at >= 0 && at < s->h;

  memset (copy, header->pad_code, left);
  memcpy (copy + left, inside ? image + (size_t) at * inner : blank, inner);
  memset (copy + left + inner, header->pad_code, total - left - inner);
  for (int i = 0; i < header->dw_sets; i++) {
    const uint8_t *rows[4];
    size_t furthest = 0;

    for (int j = 0; j < 4; j++) {
      int kx = 4 * i + j < s->kw ? 4 * i + j : 4 * i; /* slots past the kernel have weight 0 */
      size_t offset = (size_t) kx * (size_t) s->dilation_w * cin;

      rows[j] = copy + offset;
      furthest = offset > furthest ? offset : furthest;
    }
    header->table->interleave4 (rows, total - furthest, header->a_flip,
                                quads + (size_t) i * set_bytes (header));
  }
}

/* All channels of one output row, or of two. */
static void
run_row (const BskPacked *header, const BskConvRun *run, const uint8_t *quads, char *c, bool second)
{
  const BskConvShape *s = &header->shape;
  const BskTable *table = header->table;
  size_t vector_bytes =
    (size_t) (header->dw_taps * header->dw_rows * table->lanes * table->quad_bytes);
  BskDepthwiseArgs args = { .q = quads,
                            .q_step = (size_t) s->stride_w * (size_t) s->cin * 4,
                            .tap = bsk_at (header, header->seg),
                            .n_taps = header->dw_taps,
                            .n_rows = header->dw_rows,
                            .w = bsk_at (header, header->w),
                            .start = bsk_at (header, header->start),
                            .m = bsk_at (header, header->m),
                            .cut = bsk_at (header, header->cut),
                            .c = { c, second ? c + (size_t) header->out_w * run->c_px : NULL },
                            .c_step = run->c_px,
                            .pixels = header->out_w,
                            .finish = &header->finish };

  for (int channel = 0; channel < s->cin; channel += table->lanes) {
    args.cols = s->cin - channel < table->lanes ? s->cin - channel : table->lanes;
    table->depthwise_row (&args);
    args.q += table->lanes * 4;
    args.w = (const char *) args.w + vector_bytes;
    args.start += table->lanes;
    args.m += table->lanes;
    args.cut += table->lanes;
    args.c[0] = (char *) args.c[0] + (size_t) table->lanes * header->c_bytes;
    if (second)
      args.c[1] = (char *) args.c[1] + (size_t) table->lanes * header->c_bytes;
  }
}

void
bsk_depthwise_run (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  uint8_t *quads = run->scratch, *blank = quads + (size_t) header->dw_sets * set_bytes (header);
  size_t row = bsk_align (bsk_padded_w (s) * (size_t) s->cin + 2 * BSK_SLACK);

  memset (blank, header->pad_code, row);
  for (size_t i = 0; i < run->n_images; i++) {
    const uint8_t *image = run->a + i * run->a_image;

    for (int y = run->y0; y < run->y1; y += header->dw_rows) {
      bool second = header->dw_rows == 2 && y + 1 < run->y1;

      if (along_row (s))
        interleave_columns (header, image, (int64_t) y * s->stride_h, quads, blank, blank + row);
      else
        interleave_rows (header, image, (int64_t) y * s->stride_h, quads, blank);
      run_row (header, run, quads,
               run->c + i * run->c_image + (size_t) y * (size_t) header->out_w * run->c_px, second);
    }
  }
}
