/* Depthwise convolution by whole rows, for levels with depthwise_flat: padded copies of the input
 * rows in work, and which of them make a quad.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "depthwise_flat.h"

#include <string.h>

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

/* Output rows of a strip, and input rows from the first to the last one below some. Groups of rows
 * follow each other by two input rows, or else there is one group. */
static int
strip_rows (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;
  bool apart = !bsk_along_row (s) && header->dw_rows * s->stride_h == 2 && s->dilation_h == 1 &&
               !header->dw_3x3;
  int most = apart ? 4 : header->dw_rows;

  return most < header->out_h ? most : header->out_h;
}

static int
groups_of (const BskPacked *header, int rows)
{
  int per_group = header->dw_rows;

  return rows <= per_group ? 1 : rows <= 2 * per_group ? 2 : 4;
}

static size_t
rows_below (const BskPacked *header, int out_rows)
{
  const BskConvShape *s = &header->shape;

  return (size_t) (out_rows - 1) * (size_t) s->stride_h +
         (size_t) (s->kh - 1) * (size_t) s->dilation_h + 1;
}

static size_t
row_bytes (const BskConvShape *s)
{
  return run_bytes (s) * (size_t) s->stride_w;
}

/* Most strips per call of the kernel: copies of rows stay close. */
static int
most_strips (const BskPacked *header, bool direct)
{
  enum { MOST = 16, MOST_3X3 = 32, COPY_BYTES = 20000 };
  int rows = strip_rows (header), strips = (header->out_h + rows - 1) / rows,
      most = header->dw_3x3 ? MOST_3X3 : MOST;

  strips = strips < most ? strips : most;
  if (!direct)
    while (strips > 1 &&
           rows_below (header, strips * rows) > COPY_BYTES / row_bytes (&header->shape))
      strips--;
  return strips;
}

/* Where a row is: bytes from the image, or from the copies. */
typedef struct {
  ptrdiff_t at;
  bool copied;
} Place;

/* What one call of bsk_conv works with. */
typedef struct {
  const BskPacked *header;
  const BskConvRun *run;
  BskFlatArgs args;
  const uint8_t **rows; /* what args.rows points to */
  Place *places;        /* of the rows, whatever the image */
  size_t n_places;
  ptrdiff_t (*c_row)[4]; /* what args.c_row points to */
  ptrdiff_t *tap;        /* likewise */
  Span *span;            /* [stride_w] */
  BskFlatBlock *blocks;  /* what args.edges and args.blocks point to */
  /* A row of padding, and then the padded rows below the strips; or the first and the last row of
   * the image. */
  uint8_t *copies;
  size_t row_bytes;
  bool direct;    /* rows are read where they are, */
  bool skips;     /* and the kernel skips pixels */
  BskFlatRow row; /* of blocks */
  const uint8_t *image;
  int64_t top; /* the first padded row below the strips that args describes */
  int n_rows;  /* output rows of these */
} Work;

/* Most rows below one strip. */
static size_t
strip_rows_below (const BskPacked *header)
{
  return (size_t) header->dw_sets * (size_t) header->dw_parts * 10;
}

/* Bytes of what the kernel's arguments point to, and of the spans. */
static size_t
argument_bytes (const BskPacked *header)
{
  size_t strips = (size_t) most_strips (header, bsk_flat_in_place (header));

  return bsk_align (strips * (strip_rows_below (header) * (sizeof (uint8_t *) + sizeof (Place)) +
                              4 * sizeof (ptrdiff_t)) +
                    (size_t) bsk_flat_columns (&header->shape) * sizeof (ptrdiff_t) +
                    (size_t) header->shape.stride_w * sizeof (Span));
}

static size_t
most_blocks (const BskPacked *header)
{
  return bsk_flat_row (header, false, false).n + 1; /* the kernel reads one more */
}

/* Most copies of rows. */
static size_t
most_copies (const BskPacked *header)
{
  int rows = most_strips (header, false) * strip_rows (header);

  return rows_below (header, rows < header->out_h ? rows : header->out_h);
}

/* Copies of rows that are read in place: bytes of one, and where its row starts. */
static size_t
copy_lead (const BskConvShape *s)
{
  return bsk_align ((size_t) s->pad_left * (size_t) s->cin);
}

static size_t
copy_bytes (const BskConvShape *s)
{
  return copy_lead (s) +
         bsk_align (((size_t) s->w + (size_t) s->pad_right) * (size_t) s->cin + 2 * BSK_SLACK);
}

bool
bsk_flat_scratch (const BskPacked *header, size_t *bytes)
{
  const BskConvShape *s = &header->shape;
  size_t row, blocks, copies = 0;

  if (!bsk_size_mul (run_bytes (s), (size_t) s->stride_w, &row) ||
      !bsk_size_mul (row, most_copies (header) + 1, bytes) ||
      !bsk_size_mul (most_blocks (header), sizeof (BskFlatBlock), &blocks) ||
      (bsk_flat_in_place (header) && !bsk_size_mul (copy_bytes (s), 3, &copies)) ||
      *bytes > SIZE_MAX / 4 || copies > SIZE_MAX / 4 || blocks > SIZE_MAX / 4)
    return false;
  *bytes = (*bytes > copies ? *bytes : copies) + bsk_align (blocks) + argument_bytes (header);
  return true;
}

/* The blank row, and padding left and right of all copies, which stays there from image to image. */
static void
fill_padding (const Work *k)
{
  const BskConvShape *s = &k->header->shape;
  int code = k->header->pad_code ^ (k->direct ? 0 : k->header->a_flip);
  size_t px = (size_t) s->cin, n = most_copies (k->header);

  if (s->pad_top || s->pad_bottom)
    memset (k->copies, code, k->row_bytes);
  for (int f = 0; f < s->stride_w && !k->direct; f++)
    for (size_t i = 1; i <= n; i++) {
      const Span *span = &k->span[f];
      uint8_t *run = k->copies + i * k->row_bytes + span->at;

      if (span->first > 0)
        memset (run, code, span->first * px);
      if (span->total > span->end)
        memset (run + span->end * px, code, (span->total - span->end) * px);
    }
}

/* Copies those of the padded rows below the strips that are in the image. */
static void
copy_rows (const Work *k)
{
  const BskConvShape *s = &k->header->shape;
  const size_t px = (size_t) s->cin;
  const int64_t end = k->top + (int64_t) rows_below (k->header, k->n_rows) - s->pad_top;
  const int64_t first = k->top - s->pad_top;
  const int64_t from = first < 0 ? 0 : first, to = end < s->h ? end : s->h;
  BskCopyArgs copy = { .rows = to > from ? (size_t) (to - from) : 0,
                       .from_row = (size_t) s->w * px,
                       .to_row = k->row_bytes,
                       .bytes = px,
                       .step = (size_t) s->stride_w * px,
                       .flip = k->header->a_flip };

  for (int f = 0; f < s->stride_w; f++) {
    const Span *span = &k->span[f];

    copy.pixels = span->end - span->first;
    copy.to = k->copies + (size_t) (from - first + 1) * k->row_bytes + span->at + span->first * px;
    copy.from = k->image + (size_t) from * copy.from_row +
                ((size_t) f + span->first * (size_t) s->stride_w - (size_t) s->pad_left) * px;
    if (s->stride_w == 1) {
      copy.bytes = copy.pixels * px;
      copy.pixels = 1;
    }
    if (copy.pixels > 0)
      k->header->table->copy_pixels (&copy);
  }
}

/* What the kernel reads before the first row of an image, and behind the last one, may not be
 * memory of ours. */
static void
copy_ends (const Work *k)
{
  const BskConvShape *s = &k->header->shape;
  size_t bytes = (size_t) s->w * (size_t) s->cin;
  uint8_t *to = k->copies + k->row_bytes + copy_lead (s);

  memcpy (to, k->image, bytes);
  memcpy (to + k->row_bytes, k->image + (size_t) (s->h - 1) * bytes, bytes);
}

/* Where row y of the image is. */
static Place
place_of (const Work *k, int64_t y)
{
  const BskConvShape *s = &k->header->shape;
  size_t copy;

  if (k->direct && (k->row.runs_on ? y > 0 && y < s->h - 1 : y >= 0 && y < s->h))
    return (Place){ (ptrdiff_t) y * s->w * s->cin, false };
  if (y < 0 || y >= s->h)
    copy = 0;
  else if (k->direct)
    copy = y == 0 ? 1 : 2;
  else
    copy = 1 + (size_t) (y + s->pad_top - k->top);
  return (Place){ (ptrdiff_t) (copy * k->row_bytes + (k->direct ? copy_lead (s) : 0)), true };
}

/* Where the input rows below `n` output rows from padded row `top` on are. A slot of a quad without
 * a row has weights of 0, or a sum that is not kept. */
static void
choose_rows (const Work *k, int64_t top, int n, Place *places)
{
  const BskConvShape *s = &k->header->shape;
  size_t per_set = 2 * (size_t) k->args.groups + 2, below = rows_below (k->header, n);
  size_t n_sets = (size_t) k->header->dw_sets, of_part = n_sets * per_set;

  for (size_t i = 0; i < n_sets; i++)
    for (size_t j = 0; j < per_set; j++) {
      size_t at = bsk_along_row (s) ? 0 : (4 * i + j) * (size_t) s->dilation_h;
      Place *place = &places[i * per_set + j];

      *place = place_of (k, top - s->pad_top + (int64_t) (at < below ? at : 0));
      if (bsk_along_row (s) && 4 * i + j < (size_t) s->kw)
        place->at += (ptrdiff_t) tap_offset (s, (int) (4 * i + j));
    }
  for (int i = 1; i < k->header->dw_parts; i++) /* the same rows again */
    memcpy (places + (size_t) i * of_part, places, of_part * sizeof *places);
}

/* The same rows of each image have the same places. */
static void
point_at_rows (const Work *k)
{
  for (size_t i = 0; i < k->n_places; i++)
    k->rows[i] = (k->places[i].copied ? k->copies : k->image) + k->places[i].at;
}

/* Strips of output rows from y on, at most `left` rows. All strips of a call have as many groups. */
static void
choose_strips (Work *k, int y, int left)
{
  const BskPacked *header = k->header;
  const BskConvShape *s = &header->shape;
  int rows = strip_rows (header), most = most_strips (header, k->direct) * rows, odd;
  ptrdiff_t c_row = (ptrdiff_t) ((size_t) header->out_w * k->run->c_px);
  size_t per_strip;

  left = left < most ? left : most;
  odd = left % rows;
  if (left > rows && odd && groups_of (header, odd) < groups_of (header, rows))
    left -= odd;
  k->n_rows = left;
  k->top = (int64_t) y * s->stride_h;
  k->args.groups = groups_of (header, left < rows ? left : rows);
  k->args.n_strips = (size_t) ((left + rows - 1) / rows);
  per_strip =
    (size_t) header->dw_sets * (size_t) header->dw_parts * (2 * (size_t) k->args.groups + 2);
  k->n_places = k->args.n_strips * per_strip;
  for (size_t i = 0; i < k->args.n_strips; i++, y += rows, left -= rows) {
    choose_rows (k, (int64_t) y * s->stride_h, left < rows ? left : rows,
                 k->places + i * per_strip);
    for (int j = 0; j < 4; j++)
      k->c_row[i][j] = (y + (j < left ? j : left - 1)) * c_row;
  }
}

/* Output rows from y on for the kernel of 3 × 3, at most `left` rows. */
static void
choose_band (Work *k, int y, int left)
{
  const BskConvShape *s = &k->header->shape;
  int most = most_strips (k->header, k->direct);

  k->n_rows = left < most ? left : most;
  k->top = (int64_t) y * s->stride_h;
  k->n_places = rows_below (k->header, k->n_rows);
  for (size_t i = 0; i < k->n_places; i++)
    k->places[i] = place_of (k, k->top - s->pad_top + (int64_t) i);
}

/* The blocks of all rows of an image that were chosen. */
static void
run_3x3 (const Work *k, int y, char *c)
{
  const BskConvShape *s = &k->header->shape;
  const ptrdiff_t *tap = k->args.tap;
  const bool zeros = (uint8_t) (k->header->pad_code ^ k->header->a_flip) == 0;
  int64_t first = k->top - s->pad_top, last = first + (int64_t) k->n_places - 1;
  ptrdiff_t c_row = (ptrdiff_t) ((size_t) k->header->out_w * k->run->c_px);

  k->header->table->depthwise_flat_3x3 (
    &(BskFlat3x3Args){ .rows = k->rows,
                       .first_is_zero = zeros && (first < 0 || first >= s->h),
                       .last_is_zero = zeros && (last < 0 || last >= s->h),
                       .tap = { tap[0], tap[1], tap[2] },
                       .n_rows = (size_t) k->n_rows,
                       .stride = s->stride_h,
                       .skips = k->skips,
                       .blocks = k->blocks,
                       .count = k->args.n_edges + k->args.passes * k->args.count,
                       .flip = k->args.flip,
                       .c = c + y * c_row,
                       .c_row = c_row,
                       .finish = k->args.finish });
}

void
bsk_flat_run (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  const bool dense = run->c_px == (size_t) s->cin * header->c_bytes;
  const size_t strips = (size_t) most_strips (header, bsk_flat_in_place (header));
  Work k = { .header = header,
             .run = run,
             .rows = (const uint8_t **) (void *) run->scratch,
             .direct = bsk_flat_in_place (header) && (dense || !header->dw_runs_on) };

  k.places = (Place *) (void *) (k.rows + strips * strip_rows_below (header));
  k.c_row = (ptrdiff_t (*)[4]) (void *) (k.places + strips * strip_rows_below (header));
  k.tap = (ptrdiff_t *) (k.c_row + strips);
  k.span = (Span *) (void *) (k.tap + bsk_flat_columns (s));
  k.blocks = (BskFlatBlock *) (void *) (run->scratch + argument_bytes (header));
  k.copies =
    run->scratch + argument_bytes (header) + bsk_align (most_blocks (header) * sizeof *k.blocks);
  k.skips = k.direct && bsk_flat_skips (header);
  k.row_bytes = k.direct ? copy_bytes (s) : row_bytes (s);
  k.row = bsk_flat_row (header, header->dw_runs_on && dense, k.direct);
  k.args =
    (BskFlatArgs){ .rows = k.rows,
                   .c_row = (const ptrdiff_t (*)[4]) k.c_row,
                   .tap = k.tap,
                   .n_sets = header->dw_sets * header->dw_parts,
                   .n_taps = bsk_flat_columns (s),
                   .per_group = header->dw_rows,
                   .hop = k.direct && k.row.runs_on ? (s->stride_w - 1) * (ptrdiff_t) s->cin : 0,
                   .flip = k.direct ? header->a_flip : 0,
                   .finish = &header->finish };
  for (int i = 0; i < bsk_flat_columns (s); i++)
    k.tap[i] = bsk_along_row (s) ? 0
               : k.direct        ? (ptrdiff_t) i * s->dilation_w * s->cin
                                 : (ptrdiff_t) tap_offset (s, i);
  for (int f = 0; f < s->stride_w; f++)
    k.span[f] = span_of (s, f);
  bsk_flat_list (header, &k.row, run->c_px, k.direct, k.skips, k.blocks, &k.args);
  fill_padding (&k);
  for (int y = run->y0; y < run->y1; y += k.n_rows) {
    if (header->dw_3x3)
      choose_band (&k, y, run->y1 - y);
    else
      choose_strips (&k, y, run->y1 - y);
    for (size_t i = 0; i < run->n_images; i++) {
      k.image = run->a + i * run->a_image;
      if (!k.direct)
        copy_rows (&k);
      else if (k.row.runs_on)
        copy_ends (&k);
      point_at_rows (&k);
      k.args.c = run->c + i * run->c_image;
      if (header->dw_3x3)
        run_3x3 (&k, y, k.args.c);
      else
        header->table->depthwise_flat (&k.args);
    }
  }
}
