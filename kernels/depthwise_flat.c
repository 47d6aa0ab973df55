/* Depthwise convolution by whole rows, for levels with depthwise_flat: padded copies of the input
 * rows in work, which of them make a quad, and what lies on an edge.
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

/* What is kept of blocks on an edge. Where blocks do not run on, all of their positions miss the same
 * taps, and differ in start alone. */
static size_t
edge_bytes (const BskPacked *header)
{
  return header->dw_runs_on ? block_bytes (header) : BSK_FLAT_M;
}

/* Whether blocks can run on from pixel to pixel although pixels of the input are skipped. */
static bool
hops (const BskConvShape *s)
{
  return s->stride_w > 1 && s->stride_h > 1 && !along_row (s) && s->cin > BSK_FLAT_BLOCK &&
         s->cin % BSK_FLAT_BLOCK;
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

/* Whether input rows are read where they are, signs left to the kernel. Where pixels are skipped
 * without hops, that takes blocks of single pixels, which must not be too empty. Reading reaches as
 * far before and behind a row as the padding: not further than to the next row, therefore. */
static bool
reads_in_place (const BskPacked *header)
{
  enum { MOST_EDGES = 16 };
  const BskConvShape *s = &header->shape;
  int block = (s->cin - 1) % BSK_FLAT_BLOCK + 1; /* the last one of a pixel */
  int64_t first, end;

  if (along_row (s))
    return s->stride_w == 1 && s->pad_left == 0 && s->pad_right == 0;
  inner_pixels (header, &first, &end);
  if (s->kw > 64 || header->out_w - (end - first) > MOST_EDGES || s->pad_left > s->w ||
      s->pad_right > s->w)
    return false;
  return s->stride_w == 1 || hops (s) || (BSK_FLAT_BLOCK - block) * 3 <= s->cin;
}

/* The blocks of a row; those outside [first, end) have taps outside the image, and packed forms of
 * their own. They run on over the ends of pixels, or each pixel has whole ones. */
typedef struct {
  bool runs_on;
  size_t n, first, end;
  size_t px, px_blocks; /* positions and whole blocks of a pixel */
} Row;

static size_t
blocks_of (size_t positions)
{
  return (positions + BSK_FLAT_BLOCK - 1) / BSK_FLAT_BLOCK;
}

static Row
row_of (const BskPacked *header, bool runs_on, bool direct)
{
  size_t px = (size_t) header->shape.cin, out_w = (size_t) header->out_w;
  Row row = { .runs_on = runs_on, .px = px, .px_blocks = blocks_of (px) };
  int64_t first = 0, end = header->out_w;

  if (direct && !along_row (&header->shape))
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
first_pixel (const Row *row, size_t n)
{
  return row->runs_on ? n * BSK_FLAT_BLOCK / row->px : n / row->px_blocks;
}

static size_t
first_channel (const Row *row, size_t n)
{
  return row->runs_on ? n * BSK_FLAT_BLOCK % row->px : n % row->px_blocks * BSK_FLAT_BLOCK;
}

bool
bsk_flat_describe (BskPacked *header, size_t *quads)
{
  enum { FEW_PERIODS = 9, FEW_CHANNELS = 32 };
  const BskConvShape *s = &header->shape;
  int period = s->cin, lanes = header->table->lanes;
  size_t bytes, edges;
  Row row;

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
  header->dw_runs_on = s->cin % BSK_FLAT_BLOCK && (period <= FEW_PERIODS || s->cin <= FEW_CHANNELS);
  if (s->stride_w > 1 && reads_in_place (header) && !hops (s))
    header->dw_runs_on = false;
  header->dw_blocks = header->dw_runs_on ? period : (int) blocks_of ((size_t) s->cin);
  row = row_of (header, header->dw_runs_on, reads_in_place (header));
  header->dw_edges = row.first + row.n - row.end;
  if (!bsk_size_mul ((size_t) header->dw_blocks, block_bytes (header), &bytes) ||
      !bsk_size_mul (header->dw_edges, edge_bytes (header), &edges) || bytes > SIZE_MAX / 4 ||
      edges > SIZE_MAX / 4)
    return false;
  bytes = (bytes + edges) / (4 * (size_t) ((s->cin + lanes - 1) / lanes * lanes));
  *quads = bytes + 1;
  return true;
}

/* Whether kernel column kx is inside the image for output pixel x. */
static bool
inside (const BskConvShape *s, int64_t x, int kx)
{
  int64_t at = x * s->stride_w - s->pad_left + (int64_t) kx * s->dilation_w;

  return at >= 0 && at < s->w;
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
  const int rows = header->dw_rows, taps = header->dw_sets * columns (s);
  const uint32_t pad = (uint8_t) (header->pad_code ^ header->a_flip);
  /* Vector position / 4 mod 4, 16-byte lane position / 16: see BskFlatArgs. */
  const int slot = position / 4 % 4 * 16 + position / 16 * 4 + position % 4;
  uint32_t start = (uint32_t) ((const int32_t *) bsk_at (header, header->start))[channel];

  for (int i = 0; i < s->kh * s->kw; i++) {
    int ky = i / s->kw, kx = i % s->kw, weight = bsk_channel_weight (weights, (size_t) i);

    if (x >= 0 && !inside (s, x, kx)) {
      start += pad * (uint32_t) weight;
      continue;
    }
    for (int j = 0; j < header->dw_parts * rows && !start_only; j++) {
      int part = j / rows, row = j % rows, at = along_row (s) ? kx : ky + row;
      int tap = part * taps + at / 4 * columns (s) + (along_row (s) ? 0 : kx);

      block[BSK_FLAT_WEIGHTS + ((tap * rows + row) * BSK_FLAT_BLOCK + slot) * 4 + at % 4] =
        (char) bsk_depthwise_part (weight, part);
    }
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
            const Row *row,
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
  const Row row = row_of (header, header->dw_runs_on, reads_in_place (header));
  char *block = bsk_at (header, header->w);

  header->dw_taps = header->dw_sets * columns (&header->shape) * header->dw_parts;
  for (size_t n = 0; n < (size_t) header->dw_blocks; n++, block += block_bytes (header))
    pack_block (header, args, w, &row, n, false, block);
  for (size_t n = 0; n < row.n; n++)
    if (n < row.first || n >= row.end) {
      pack_block (header, args, w, &row, n, true, block);
      block += edge_bytes (header);
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

/* Output rows of a strip, and input rows from the first to the last one below some. Groups of rows
 * follow each other by two input rows, or else there is one group. */
static int
strip_rows (const BskPacked *header)
{
  const BskConvShape *s = &header->shape;
  bool apart = !along_row (s) && header->dw_rows * s->stride_h == 2 && s->dilation_h == 1;
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
  enum { MOST = 16, COPY_BYTES = 20000 };
  int rows = strip_rows (header), strips = (header->out_h + rows - 1) / rows;

  strips = strips < MOST ? strips : MOST;
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
  const uint8_t **rows;  /* what args.rows points to */
  Place *places;         /* of the rows, whatever the image */
  ptrdiff_t (*c_row)[4]; /* what args.c_row points to */
  ptrdiff_t *tap;        /* likewise */
  Span *span;            /* [stride_w] */
  BskFlatBlock *blocks;  /* what args.edges and args.blocks point to */
  /* A row of padding, and then the padded rows below the strips; or the first and the last row of
   * the image. */
  uint8_t *copies;
  size_t row_bytes;
  bool direct; /* rows are read where they are */
  Row row;     /* of blocks */
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
  size_t strips = (size_t) most_strips (header, reads_in_place (header));

  return bsk_align (strips * (strip_rows_below (header) * (sizeof (uint8_t *) + sizeof (Place)) +
                              4 * sizeof (ptrdiff_t)) +
                    (size_t) columns (&header->shape) * sizeof (ptrdiff_t) +
                    (size_t) header->shape.stride_w * sizeof (Span));
}

static size_t
most_blocks (const BskPacked *header)
{
  return row_of (header, false, false).n + 1; /* the kernel reads one more */
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
      (reads_in_place (header) && !bsk_size_mul (copy_bytes (s), 3, &copies)) ||
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
      size_t at = along_row (s) ? 0 : (4 * i + j) * (size_t) s->dilation_h;
      Place *place = &places[i * per_set + j];

      *place = place_of (k, top - s->pad_top + (int64_t) (at < below ? at : 0));
      if (along_row (s) && 4 * i + j < (size_t) s->kw)
        place->at += (ptrdiff_t) tap_offset (s, (int) (4 * i + j));
    }
  for (int i = 1; i < k->header->dw_parts; i++) /* the same rows again */
    memcpy (places + (size_t) i * of_part, places, of_part * sizeof *places);
}

/* The same rows of each image have the same places. */
static void
point_at_rows (const Work *k)
{
  size_t n = k->args.n_strips * (size_t) k->args.n_sets * (2 * (size_t) k->args.groups + 2);

  for (size_t i = 0; i < n; i++)
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
  for (size_t i = 0; i < k->args.n_strips; i++, y += rows, left -= rows) {
    choose_rows (k, (int64_t) y * s->stride_h, left < rows ? left : rows,
                 k->places + i * per_strip);
    for (int j = 0; j < 4; j++)
      k->c_row[i][j] = (y + (j < left ? j : left - 1)) * c_row;
  }
}

/* Block n of a row, for the kernel; its first position is that channel of output pixel x. */
static BskFlatBlock
block_of (const Work *k, size_t n, size_t x, size_t channel)
{
  const BskPacked *header = k->header;
  const BskConvShape *s = &header->shape;
  const Row *row = &k->row;
  const char *blocks = bsk_at (header, header->w), *edges;
  size_t left = row->px - channel, from_px = k->direct ? (size_t) s->stride_w * row->px : row->px,
         here = row->runs_on ? (size_t) header->out_w * row->px - n * BSK_FLAT_BLOCK : left;
  BskFlatBlock b = { .at = (ptrdiff_t) (x * from_px + channel),
                     .c_at = (ptrdiff_t) (x * k->run->c_px + channel * header->c_bytes),
                     .mask = here < 64 ? ~0ull >> (64 - here) : ~0ull };

  if (k->direct)
    b.at -= (ptrdiff_t) s->pad_left * s->cin;
  if (row->runs_on && from_px > row->px && left < 64)
    b.rest = ~0ull << left;
  b.w = blocks + block_bytes (header) *
                   (row->runs_on ? n % (size_t) header->dw_blocks : channel / BSK_FLAT_BLOCK);
  b.start = b.w;
  if (n >= row->first && n < row->end)
    return b;
  edges = blocks + (size_t) header->dw_blocks * block_bytes (header);
  b.start = edges + (n < row->first ? n : row->first + n - row->end) * edge_bytes (header);
  if (row->runs_on)
    b.w = b.start;
  for (int kx = 0; kx < s->kw && !row->runs_on; kx++)
    b.missing |= (uint64_t) !inside (s, (int64_t) x, kx) << kx;
  return b;
}

/* Lists those on an edge, when they miss taps, and then the others: all blocks of a pixel one after
 * the other or, when their weights would not stay in the first-level cache, one block of all pixels.
 */
static void
list_blocks (Work *k)
{
  enum { WEIGHT_BYTES = 24000 };
  const Row *row = &k->row;
  BskFlatArgs *args = &k->args;
  BskFlatBlock *edge = k->blocks, *other;

  args->n_edges = row->runs_on ? 0 : row->n - (row->end - row->first);
  args->passes = 1;
  if (!row->runs_on && row->px_blocks * block_bytes (k->header) > WEIGHT_BYTES)
    args->passes = row->px_blocks;
  args->count = (row->n - args->n_edges) / args->passes;
  args->edges = edge;
  args->blocks = other = edge + args->n_edges;
  for (size_t pass = 0; pass < args->passes; pass++) {
    size_t x = 0, channel = pass * BSK_FLAT_BLOCK;

    for (size_t n = pass; n < row->n; n += args->passes) {
      BskFlatBlock b = block_of (k, n, x, channel);

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

void
bsk_flat_run (const BskPacked *header, const BskConvRun *run)
{
  const BskConvShape *s = &header->shape;
  const bool dense = run->c_px == (size_t) s->cin * header->c_bytes;
  const size_t strips = (size_t) most_strips (header, reads_in_place (header));
  Work k = { .header = header,
             .run = run,
             .rows = (const uint8_t **) (void *) run->scratch,
             .direct = reads_in_place (header) && (dense || !header->dw_runs_on) };

  k.places = (Place *) (void *) (k.rows + strips * strip_rows_below (header));
  k.c_row = (ptrdiff_t (*)[4]) (void *) (k.places + strips * strip_rows_below (header));
  k.tap = (ptrdiff_t *) (k.c_row + strips);
  k.span = (Span *) (void *) (k.tap + columns (s));
  k.blocks = (BskFlatBlock *) (void *) (run->scratch + argument_bytes (header));
  k.copies =
    run->scratch + argument_bytes (header) + bsk_align (most_blocks (header) * sizeof *k.blocks);
  k.row_bytes = k.direct ? copy_bytes (s) : row_bytes (s);
  k.row = row_of (header, header->dw_runs_on && dense, k.direct);
  k.args =
    (BskFlatArgs){ .rows = k.rows,
                   .c_row = (const ptrdiff_t (*)[4]) k.c_row,
                   .tap = k.tap,
                   .n_sets = header->dw_sets * header->dw_parts,
                   .n_taps = columns (s),
                   .per_group = header->dw_rows,
                   .hop = k.direct && k.row.runs_on ? (s->stride_w - 1) * (ptrdiff_t) s->cin : 0,
                   .flip = k.direct ? header->a_flip : 0,
                   .finish = &header->finish };
  for (int i = 0; i < columns (s); i++)
    k.tap[i] = along_row (s) ? 0
               : k.direct    ? (ptrdiff_t) i * s->dilation_w * s->cin
                             : (ptrdiff_t) tap_offset (s, i);
  for (int f = 0; f < s->stride_w; f++)
    k.span[f] = span_of (s, f);
  list_blocks (&k);
  fill_padding (&k);
  for (int y = run->y0; y < run->y1; y += k.n_rows) {
    choose_strips (&k, y, run->y1 - y);
    for (size_t i = 0; i < run->n_images; i++) {
      k.image = run->a + i * run->a_image;
      if (!k.direct)
        copy_rows (&k);
      else if (k.row.runs_on)
        copy_ends (&k);
      point_at_rows (&k);
      k.args.c = run->c + i * run->c_image;
      header->table->depthwise_flat (&k.args);
    }
  }
}
