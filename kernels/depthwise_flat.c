/* Depthwise convolution by whole rows, for levels with depthwise_flat: padded copies of the input
 * rows in work, and which of them make a quad.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#include <string.h>

/* A one-row kernel puts four of its columns, not rows, into a quad. */
static bool
along_row (const BskConvShape *s)
{
  return s->kh == 1;
}

/* Quad columns of one set. */
static int
columns (const BskConvShape *s)
{
  return along_row (s) ? 1 : s->kw;
}

static size_t
block_bytes (const BskPacked *header)
{
  return BSK_FLAT_WEIGHTS +
         (size_t) header->dw_taps * (size_t) header->dw_rows * 4 * BSK_FLAT_BLOCK;
}

/* Whether blocks can run on from pixel to pixel although pixels of the input are skipped. */
static bool
hops (const BskConvShape *s)
{
  return s->stride_w > 1 && s->stride_h > 1 && !along_row (s) && s->cin > BSK_FLAT_BLOCK &&
         s->cin % BSK_FLAT_BLOCK;
}

/* Whether input rows are read where they are, signs and padding left to the kernel. Where pixels
 * are skipped without hops, that takes blocks of single pixels, which must not be too empty. */
static bool
reads_in_place (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;
  int block = (s->cin - 1) % BSK_FLAT_BLOCK + 1; /* the last one of a pixel */

  if (along_row (s))
    return s->stride_w == 1 && s->pad_left == 0 && s->pad_right == 0;
  return s->stride_w == 1 || hops (s) || (BSK_FLAT_BLOCK - block) * 3 <= s->cin;
}

bool
bsk_flat_describe (BskPacked *header, size_t *quads)
{
  enum { FEW_PERIODS = 9, FEW_CHANNELS = 32 };
  const BskConvShape *s = &header->shape;
  int period = s->cin, lanes = header->table->lanes;
  size_t bytes;

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
  header->dw_sets = ((along_row (s) ? s->kw : s->kh) + 3) / 4;
  header->dw_parts = 1;
  header->dw_taps = header->dw_sets * columns (s) * (header->zeros ? BSK_MAX_PARTS : 1);
  /* Quads with a slot to spare serve the next output row, too. */
  header->dw_rows = !along_row (s) && s->stride_h == 1 && s->dilation_h == 1 && s->kh % 4 ? 2 : 1;
  for (int i = 1; i < BSK_FLAT_BLOCK && period % 2 == 0; i *= 2)
    period /= 2;
  /* Blocks run on over the ends of pixels, unless that takes more weights than the first-level
   * cache holds and little room is lost in blocks that do not. */
  header->dw_runs_on = period <= FEW_PERIODS || s->cin <= FEW_CHANNELS;
  if (s->stride_w > 1 && reads_in_place (header) && !hops (s))
    header->dw_runs_on = false;
  header->dw_blocks = header->dw_runs_on ? period : (s->cin + BSK_FLAT_BLOCK - 1) / BSK_FLAT_BLOCK;
  if (!bsk_size_mul ((size_t) header->dw_blocks, block_bytes (header), &bytes))
    return false;
  bytes /= 4 * (size_t) ((s->cin + lanes - 1) / lanes * lanes);
  *quads = bytes + 1;
  return true;
}

void
bsk_flat_pack (BskPacked *header, const BskGemmArgs *args, const void *w)
{
  const BskConvShape *s = &header->shape;
  const int32_t *start = bsk_at (header, header->start), *cut = bsk_at (header, header->cut);
  const float *m = bsk_at (header, header->m);
  int rows = header->dw_rows, taps = header->dw_sets * columns (s);

  header->dw_taps = taps * header->dw_parts;
  for (int i = 0; i < header->dw_blocks * BSK_FLAT_BLOCK; i++) {
    int position = i % BSK_FLAT_BLOCK, channel = header->dw_runs_on ? i % s->cin : i;
    /* Vector position / 4 mod 4, 16-byte lane position / 16: see BskFlatArgs. */
    int slot = position / 4 % 4 * 16 + position / 16 * 4 + position % 4;
    char *block =
      (char *) bsk_at (header, header->w) + (size_t) (i / BSK_FLAT_BLOCK) * block_bytes (header);
    BskChannel weights;

    if (channel >= s->cin)
      continue;
    weights = bsk_channel (header, args, w, (size_t) header->k, (size_t) channel);
    ((int32_t *) (void *) block)[slot] = start[channel];
    ((float *) (void *) (block + BSK_FLAT_M))[slot] = m[channel];
    ((int32_t *) (void *) (block + BSK_FLAT_CUT))[slot] = cut[channel];
    for (int t = 0; t < header->dw_taps * rows; t++)
      for (int j = 0; j < 4; j++) {
        int set = t / rows % taps / columns (s);
        int ky = along_row (s) ? 0 : 4 * set + j - t % rows,
            kx = along_row (s) ? 4 * set + j : t / rows % columns (s);

        if (ky >= 0 && ky < s->kh && kx < s->kw)
          block[BSK_FLAT_WEIGHTS + (t * BSK_FLAT_BLOCK + slot) * 4 + j] =
            (char) bsk_depthwise_part (bsk_channel_weight (&weights, (size_t) (ky * s->kw + kx)),
                                       t / rows / taps);
      }
  }
}

/* A padded row is kept as stride_w runs, run f with the pixels f, f + stride_w, …: so the pixels
 * under one tap are next to each other. */
static size_t
run_bytes (const BskConvShape *s)
{
  size_t stride = (size_t) s->stride_w, pixels = (bsk_padded_w (s) + stride - 1) / stride;

  /* An odd number of cache lines keeps rows apart in the cache's sets. */
  return bsk_align (pixels * (size_t) s->cin + BSK_ALIGN + BSK_SLACK) | BSK_ALIGN;
}

/* Pixels [first, end) of a run come from the image; those around them, up to `total`, are padding.
 */
typedef struct {
  size_t first, end, total;
  size_t at; /* bytes from the row's start to the run's */
} Span;

static Span
span_of (const BskConvShape *s, int f)
{
  size_t stride = (size_t) s->stride_w, left = (size_t) s->pad_left, back = stride - 1 - (size_t) f;

  Span span = { .first = (left + back) / stride,
                .end = (left + (size_t) s->w + back) / stride,
                .total = (bsk_padded_w (s) + back) / stride };

  /* What is copied from the image starts a cache line. */
  span.at = (size_t) f * run_bytes (s) + (-span.first * (size_t) s->cin) % BSK_ALIGN;
  return span;
}

static size_t
tap_offset (const BskConvShape *s, int kx)
{
  size_t px = (size_t) kx * (size_t) s->dilation_w, stride = (size_t) s->stride_w;

  return span_of (s, (int) (px % stride)).at + px / stride * (size_t) s->cin;
}

/* Output rows per call of the kernel, and input rows from the first to the last one below them.
 * Groups of rows follow each other by two input rows, or else there is one group. */
static int
rows_per_call (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;
  bool apart = !along_row (s) && header->dw_rows * s->stride_h == 2 && s->dilation_h == 1;
  int most = apart ? 4 : header->dw_rows;

  return most < header->out_h ? most : header->out_h;
}

static size_t
rows_below (const BskPacked *header, int out_rows)
{
  const BskConvShape *s = &header->shape;

  return (size_t) (out_rows - 1) * (size_t) s->stride_h +
         (size_t) (s->kh - 1) * (size_t) s->dilation_h + 1;
}

/* What one call of bsk_conv works with. */
typedef struct {
  const BskPacked *header;
  const BskConvRun *run;
  BskFlatArgs args;
  const uint8_t **rows;  /* what args.rows points to */
  size_t *tap;           /* likewise */
  Span *span;            /* [stride_w] */
  uint8_t *blank, *ring; /* a row of padding; slots for padded rows, row y in slot y mod n_slots */
  size_t row_bytes, n_slots;
  bool direct; /* rows are read where they are */
  const uint8_t *image;
  int64_t copied; /* rows of the image below this one have been copied if needed */
} Work;

/* Bytes of the kernel's pointers and offsets, and of the spans. */
static size_t
pointer_bytes (const BskPacked *header)
{
  return bsk_align ((size_t) header->dw_sets * (size_t) header->dw_parts * 10 * sizeof (uint8_t *) +
                    (size_t) columns (&header->shape) * sizeof (size_t) +
                    (size_t) header->shape.stride_w * sizeof (Span));
}

bool
bsk_flat_scratch (const BskPacked *header, size_t *bytes)
{
  size_t slots = reads_in_place (header) ? 0 : rows_below (header, rows_per_call (header)), row;

  if (!bsk_size_mul (run_bytes (&header->shape), (size_t) header->shape.stride_w, &row) ||
      !bsk_size_mul (row, slots + 1, bytes) || *bytes > SIZE_MAX / 2)
    return false;
  *bytes += pointer_bytes (header);
  return true;
}

/* Padding left and right of all slots, which stays there from image to image, and the blank row. */
static void
fill_padding (const Work *k)
{
  const BskConvShape *s = &k->header->shape;
  int code = k->header->pad_code ^ (k->direct ? 0 : k->header->a_flip);
  size_t px = (size_t) s->cin;

  if (s->pad_top || s->pad_bottom)
    memset (k->blank, code, k->row_bytes);
  for (int f = 0; f < s->stride_w && !k->direct; f++)
    for (size_t i = 0; i < k->n_slots; i++) {
      const Span *span = &k->span[f];
      uint8_t *run = k->ring + i * k->row_bytes + span->at;

      memset (run, code, span->first * px);
      memset (run + span->end * px, code, (span->total - span->end) * px);
    }
}

/* Copies rows of the image up to padded row `end`; `slot` is that of the first one. */
static void
copy_rows (Work *k, size_t slot, int64_t end)
{
  const BskConvShape *s = &k->header->shape;
  size_t px = (size_t) s->cin;

  while (k->copied < end) {
    size_t left = (size_t) (end - k->copied);
    size_t rows = left < k->n_slots - slot ? left : k->n_slots - slot;
    BskCopyArgs copy = { .rows = rows,
                         .from_row = (size_t) s->w * px,
                         .to_row = k->row_bytes,
                         .bytes = px,
                         .step = (size_t) s->stride_w * px,
                         .flip = k->header->a_flip };
    const uint8_t *from = k->image + (size_t) (k->copied - s->pad_top) * copy.from_row;

    for (int f = 0; f < s->stride_w; f++) {
      const Span *span = &k->span[f];

      copy.pixels = span->end - span->first;
      copy.to = k->ring + slot * k->row_bytes + span->at + span->first * px;
      copy.from =
        from + ((size_t) f + span->first * (size_t) s->stride_w - (size_t) s->pad_left) * px;
      if (s->stride_w == 1) {
        copy.bytes = copy.pixels * px;
        copy.pixels = 1;
      }
      if (copy.pixels > 0)
        k->header->table->copy_pixels (&copy);
    }
    k->copied += (int64_t) rows;
    slot = 0;
  }
}

/* Points the kernel at the input rows below `n` output rows from padded row `top` on. A slot of a
 * quad without a row has weights of 0, or a sum that is not kept. */
static void
choose_rows (Work *k, int64_t top, int n)
{
  const BskConvShape *s = &k->header->shape;
  size_t per_set = 2 * (size_t) k->args.groups + 2, below = rows_below (k->header, n);
  size_t base = (size_t) top % k->n_slots, row = (size_t) s->w * (size_t) s->cin;
  size_t of_part = (size_t) k->header->dw_sets * per_set;
  int64_t first = top < s->pad_top ? s->pad_top : top, end = top + (int64_t) below;

  if (k->copied < first)
    k->copied = first;
  if (end > (int64_t) s->pad_top + s->h)
    end = (int64_t) s->pad_top + s->h;
  if (!k->direct && k->copied < end)
    copy_rows (k, (size_t) k->copied % k->n_slots, end);
  for (size_t i = 0; i < (size_t) k->header->dw_sets; i++) {
    for (size_t j = 0; j < per_set; j++) {
      size_t at = along_row (s) ? 0 : (4 * i + j) * (size_t) s->dilation_h, slot;
      int64_t y;
      const uint8_t *from;

      if (at >= below)
        at = 0;
      y = top + (int64_t) at;
      slot = base + at < k->n_slots ? base + at : base + at - k->n_slots;
      if (y < s->pad_top || y - s->pad_top >= s->h)
        from = k->blank;
      else if (k->direct)
        from = k->image + (size_t) (y - s->pad_top) * row;
      else
        from = k->ring + slot * k->row_bytes;
      if (along_row (s) && 4 * i + j < (size_t) s->kw)
        from += tap_offset (s, (int) (4 * i + j));
      k->rows[i * per_set + j] = from;
    }
  }
  for (int i = 1; i < k->header->dw_parts; i++) /* the same rows again */
    memcpy (k->rows + (size_t) i * of_part, k->rows, of_part * sizeof *k->rows);
}

/* All blocks of the output rows that `args` describes so far, the first at c. */
static void
run_rows (Work *k, char *const c[4])
{
  /* Weights of one pixel that stay in the first-level cache. */
  enum { WEIGHT_BYTES = 16000 };
  const BskPacked *header = k->header;
  const BskTable *table = header->table;
  size_t px = (size_t) header->shape.cin, row = (size_t) header->out_w * px,
         bytes = header->c_bytes;
  size_t w_step = block_bytes (header), n = (px + BSK_FLAT_BLOCK - 1) / BSK_FLAT_BLOCK, together;
  size_t from_px = k->direct ? (size_t) header->shape.stride_w * px : px;
  const char *w = bsk_at (header, header->w);
  BskFlatArgs *args = &k->args;

  args->w_step = w_step;
  args->c_step = BSK_FLAT_BLOCK * bytes;
  memcpy (args->c, c, sizeof args->c);
  if (header->dw_runs_on && k->run->c_px == px * bytes) {
    args->px = px;
    args->hop = from_px - px;
    args->w = w;
    args->w_end = w + (size_t) header->dw_blocks * w_step;
    args->skip = args->c_skip = 0;
    args->count = (row + BSK_FLAT_BLOCK - 1) / BSK_FLAT_BLOCK;
    args->mask = ~0ull;
    args->last_mask = ~0ull >> (-row % BSK_FLAT_BLOCK);
    table->depthwise_flat (args);
    return;
  }
  /* Pixel by pixel: all blocks of one, or one block of all pixels at a time. */
  together = n * w_step <= WEIGHT_BYTES ? n : 1;
  args->skip = from_px - together * BSK_FLAT_BLOCK;
  args->c_skip = k->run->c_px - together * args->c_step;
  args->count = (size_t) header->out_w * together;
  for (size_t i = 0; i < n; i += together) {
    args->at = i * BSK_FLAT_BLOCK;
    args->w = w + i * w_step;
    args->w_end = args->w + together * w_step;
    args->mask = i + together < n ? ~0ull : ~0ull >> (-px % BSK_FLAT_BLOCK);
    args->last_mask = args->mask;
    table->depthwise_flat (args);
    for (int j = 0; j < 4; j++)
      args->c[j] += args->c_step;
  }
  args->at = 0;
}

void
bsk_flat_run (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  int most = rows_per_call (header), per_group = header->dw_rows;
  Work k = { .header = header, .run = run, .rows = (const uint8_t **) (void *) run->scratch };

  k.tap = (size_t *) (void *) (k.rows + (size_t) header->dw_sets * (size_t) header->dw_parts * 10);
  k.span = (Span *) (void *) (k.tap + columns (s));
  k.row_bytes = run_bytes (s) * (size_t) s->stride_w;
  k.n_slots = rows_below (header, most);
  k.blank = run->scratch + pointer_bytes (header);
  k.ring = k.blank + k.row_bytes;
  k.direct = reads_in_place (header);
  k.args = (BskFlatArgs){ .rows = k.rows,
                          .tap = k.tap,
                          .n_sets = header->dw_sets * header->dw_parts,
                          .n_taps = columns (s),
                          .per_group = per_group,
                          .end = SIZE_MAX,
                          .pad = (uint8_t) header->pad_code,
                          .flip = k.direct ? header->a_flip : 0,
                          .finish = &header->finish };
  for (int i = 0; i < columns (s); i++)
    k.tap[i] = along_row (s) ? 0
               : k.direct    ? (size_t) i * (size_t) s->dilation_w * (size_t) s->cin
                             : tap_offset (s, i);
  for (int f = 0; f < s->stride_w; f++)
    k.span[f] = span_of (s, f);
  if (k.direct && !along_row (s)) {
    k.args.lead = (size_t) s->pad_left * (size_t) s->cin;
    k.args.end = k.args.lead + (size_t) s->w * (size_t) s->cin;
  }
  fill_padding (&k);
  for (size_t i = 0; i < run->n_images; i++) {
    size_t c_row = (size_t) header->out_w * run->c_px;

    k.image = run->a + i * run->a_image;
    k.copied = 0;
    for (int y = run->y0; y < run->y1; y += most) {
      int n = run->y1 - y < most ? run->y1 - y : most;
      char *c[4];

      for (int j = 0; j < 4; j++)
        c[j] = run->c + i * run->c_image + (size_t) (y + (j < n ? j : n - 1)) * c_row;
      k.args.groups = n <= per_group ? 1 : n <= 2 * per_group ? 2 : 4;
      choose_rows (&k, (int64_t) y * s->stride_h, n);
      run_rows (&k, c);
    }
  }
}
