/* Products and convolutions with weights of 4, 2 or 1 bits, code books, and scales per group: packed
 * at their true width.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <string.h>

/* What code i of a type stands for. */
static BskStatus
levels_of (const BskGemmArgs *args, BskPacked *header)
{
  header->bits = args->w_type == BSK_W_S8    ? 8
                 : args->w_type == BSK_W_S2  ? 2
                 : args->w_type == BSK_W_BIT ? 1
                                             : 4;
  switch (args->w_type) {
  case BSK_W_S8:
    return BSK_OK;
  case BSK_W_S4:
    for (int i = 0; i < 16; i++)
      header->levels[i] = (int8_t) (i < 8 ? i : i - 16);
    return BSK_OK;
  case BSK_W_S2:
    for (int i = 0; i < 4; i++)
      header->levels[i] = (int8_t) (i < 2 ? i : i - 4);
    return BSK_OK;
  case BSK_W_BIT:
    header->levels[0] = -1;
    header->levels[1] = 1;
    return BSK_OK;
  case BSK_W_CODEBOOK4:
    if (!args->codebook)
      return BSK_EINVAL;
    memcpy (header->levels, args->codebook, 16);
    return BSK_OK;
  case BSK_W_S16:
  case BSK_W_U8:
    break;
  }
  return BSK_EINVAL;
}

static uint8_t
mask_of_codes (const BskPacked *header)
{
  return (uint8_t) ((1 << header->bits) - 1);
}

int
bsk_low_zero (const BskGemmArgs *args)
{
  if (args->w_type != BSK_W_CODEBOOK4)
    return args->w_type == BSK_W_BIT ? -1 : 0;
  for (int i = 0; args->codebook && i < 16; i++)
    if (args->codebook[i] == 0)
      return i;
  return -1;
}

BskStatus
bsk_low_check_codes (const BskGemmArgs *args, const int8_t *w, size_t count)
{
  static const int8_t lowest[] = { INT8_MIN, -8, -2, -1, 0 }, highest[] = { INT8_MAX, 7, 1, 1, 15 };
  int8_t lo = INT8_MAX, hi = INT8_MIN;
  int zeros = 0;

  for (size_t i = 0; i < count; i++) {
    lo = w[i] < lo ? w[i] : lo;
    hi = w[i] > hi ? w[i] : hi;
    zeros |= w[i] == 0;
  }
  return lo < lowest[args->w_type] || hi > highest[args->w_type] ||
             (args->w_type == BSK_W_BIT && zeros)
           ? BSK_EINVAL
           : BSK_OK;
}

/* Vectors of bytes that `quads` quads take. */
static size_t
blocks (const BskPacked *header, int quads)
{
  int per_block = 8 / header->bits;

  return (size_t) ((quads + per_block - 1) / per_block);
}

/* Vectors of bytes of one column vector of the panel. */
static size_t
column_blocks (const BskPacked *header)
{
  return (size_t) (header->n_runs - 1) * blocks (header, header->run_quads) +
         blocks (header, header->last_quads);
}

/* Scales, and integer sums, of one channel. */
static int
n_sums (const BskPacked *header)
{
  return header->group ? header->n_runs : 1;
}

static uint32_t
mask_of (int bytes)
{
  return bytes % 4 ? (1u << 8 * (bytes % 4)) - 1 : UINT32_MAX;
}

/* Runs of K: what is contiguous in A, cut into groups where there are any; groups must not go from
 * one contiguous piece to the next. */
static BskStatus
cut_runs (const BskGemmArgs *args, BskPacked *header)
{
  int length = header->seg_bytes, run = args->group ? args->group : length, per_seg;

  if (args->group && header->n_seg > 1 && length % args->group)
    return BSK_ENOTSUP;
  per_seg = (length - 1) / run + 1;
  header->n_runs = header->n_seg * per_seg;
  header->last_bytes = length - (per_seg - 1) * run;
  header->run_bytes = per_seg > 1 ? run : header->last_bytes;
  header->run_quads = (header->run_bytes - 1) / 4 + 1;
  header->last_quads = (header->last_bytes - 1) / 4 + 1;
  header->run_mask = mask_of (header->run_bytes);
  header->last_mask = mask_of (header->last_bytes);
  return BSK_OK;
}

BskStatus
bsk_low_describe (const BskGemmArgs *args, BskPacked *header)
{
  size_t lanes = (size_t) header->table->lanes, groups = (size_t) header->groups;
  size_t entries, channels, bytes;
  BskStatus status = levels_of (args, header);

  if (status)
    return status;
  if (args->group && (args->group < 16 || args->group > 256 || args->group % 16))
    return BSK_EINVAL;
  if (args->group ? args->out_type == BSK_S32 || args->bias : args->bias_real != NULL)
    return BSK_EINVAL;
  header->low = true;
  header->group = args->group;
  status = cut_runs (args, header);
  if (status)
    return status;

  header->group_n = ((size_t) header->n + lanes - 1) / lanes * lanes;
  if (!bsk_size_mul (header->group_n * 4, column_blocks (header), &header->group_w) ||
      !bsk_size_mul (header->group_w, groups, &bytes) ||
      !bsk_size_mul (header->group_n * 4, groups, &channels) ||
      !bsk_size_mul (channels, (size_t) n_sums (header), &entries) || bytes > SIZE_MAX / 4 ||
      entries > SIZE_MAX / 16)
    return BSK_ERANGE;
  header->seg = bsk_align (sizeof *header);
  header->start = bsk_align (header->seg + (size_t) header->n_runs * sizeof (ptrdiff_t));
  header->scale = header->start + bsk_align (entries);
  header->m = header->scale + (args->group ? bsk_align (entries) : 0);
  header->cut = header->m + bsk_align (channels);
  header->from = header->cut + bsk_align (channels);
  header->w = header->from + bsk_align (channels);
  header->bytes = bsk_align (header->w + bytes);
  return BSK_OK;
}

/* Multiplier after the float sums over groups. */
static float
group_multiplier (const BskGemmArgs *args)
{
  return args->out_type == BSK_F32 ? args->a.scale : args->a.scale / args->out.scale;
}

static BskChannel
channel_of (const BskGemmArgs *args, const int8_t *w)
{
  return (BskChannel){ .w = (const uint8_t *) w,
                       .levels = args->w_type == BSK_W_CODEBOOK4 ? args->codebook : NULL,
                       .is_signed = true };
}

/* Sums of the weights of group g. */
static BskSums
group_sums (const BskChannel *channel, int k, int g, int group)
{
  size_t from = (size_t) g * (size_t) group, left = (size_t) k - from;

  return bsk_channel_sums (channel, from, left < (size_t) group ? left : (size_t) group);
}

/* One channel's weights checked: they are codes, no group's sum can overflow, scales and multiplier
 * are usable. */
static BskStatus
check_channel (const BskPacked *header, const BskGemmArgs *args, const int8_t *w, size_t n)
{
  BskChannel channel = channel_of (args, w);
  int group = header->group ? header->group : header->k;

  if (bsk_low_check_codes (args, w, (size_t) header->k))
    return BSK_EINVAL;
  for (int g = 0; g < n_sums (header); g++) {
    BskSums sums = group_sums (&channel, header->k, g, group);

    if (bsk_largest_sum (args, sums, args->bias ? args->bias[n] : 0) > INT32_MAX)
      return BSK_ERANGE;
    if (args->out_type != BSK_S32) {
      float scale = args->w_scale[n * (size_t) n_sums (header) + (size_t) g];

      if (!(scale > 0 && isfinite (scale)))
        return BSK_ERANGE;
    }
  }
  if (args->bias_real && !isfinite (args->bias_real[n] / args->a.scale))
    return BSK_ERANGE;
  return isfinite (header->group ? group_multiplier (args) : bsk_multiplier (args, n)) ? BSK_OK
                                                                                       : BSK_ERANGE;
}

/* A column of a panel in work: channel n overall, `index` in its group of channels, whose panel begins
 * with entry `first` of the per-channel arrays. */
typedef struct {
  const int8_t *w;
  size_t n, first, panel_n, column;
  int index;
} Column;

/* Start values, scales and multipliers. */
static void
fill_channel (BskPacked *header, const BskGemmArgs *args, const Column *c)
{
  size_t sums = (size_t) n_sums (header), at = c->first + c->column;
  int32_t *start = (int32_t *) bsk_at (header, header->start) + c->first * sums + c->column;
  float *scale = (float *) bsk_at (header, header->scale) + c->first * sums + c->column;
  int group = header->group ? header->group : header->k;
  BskChannel channel = channel_of (args, c->w);

  for (size_t g = 0; g < sums; g++) {
    BskSums sum = group_sums (&channel, header->k, (int) g, group);

    start[g * c->panel_n] = (int32_t) ((args->bias ? (uint32_t) args->bias[c->n] : 0) -
                                       ((uint32_t) args->a.zero_point + header->a_flip) *
                                         (uint32_t) (sum.positive + sum.negative));
    if (header->group)
      scale[g * c->panel_n] = args->w_scale[c->n * sums + g];
  }
  ((float *) bsk_at (header, header->m))[at] =
    header->group ? group_multiplier (args) : bsk_multiplier (args, c->n);
  ((float *) bsk_at (header, header->from))[at] =
    args->bias_real ? args->bias_real[c->n] / args->a.scale : 0;
  if (!header->group)
    bsk_fill_cut (header, args, bsk_channel_sums (&channel, 0, (size_t) header->k), c->n, at);
}

/* Codes into their column: quads of a run share vectors, 8 / bits of them each, whose codes are put
 * into place four at a time. */
static void
fill_codes (const BskPacked *header, const BskGemmArgs *args, const Column *c, uint8_t *panel)
{
  const uint32_t mask = mask_of_codes (header) * 0x01010101u;
  int per_block = 8 / header->bits, per_seg = header->n_runs / header->n_seg;
  BskChannel own = { .w = (const uint8_t *) c->w, .is_signed = true, .zero = bsk_low_zero (args) };
  uint8_t *out = panel + 4 * c->column;

  for (int r = 0; r < header->n_runs; r++) {
    int bytes = r == header->n_runs - 1 ? header->last_bytes : header->run_bytes;

    for (int i = 0; i < bytes; i += BSK_PIECE) {
      size_t count = bsk_piece ((size_t) i, (size_t) bytes);
      int8_t piece[BSK_PIECE + 32] = { 0 };
      int at = r % per_seg * header->run_bytes + i;

      if (header->shape.h)
        bsk_conv_numbers (header, &own, c->index, r / per_seg, at, count, piece);
      else
        memcpy (piece, c->w + at, count);
      for (size_t j = 0; args->w_type == BSK_W_BIT && j < count; j++)
        piece[j] = piece[j] > 0;
      for (size_t j = 0; j < count; j += 4 * (size_t) per_block, out += 4 * c->panel_n) {
        uint32_t word = 0;

        for (int s = 0; s < per_block; s++) {
          uint32_t quad;

          memcpy (&quad, piece + j + 4 * s, 4);
          word |= (quad & mask) << header->bits * s;
        }
        memcpy (out, &word, 4);
      }
    }
  }
}

static int
low_panel_vecs (const BskPacked *header, int left)
{
  return left < header->table->low_vecs ? left : header->table->low_vecs;
}

BskStatus
bsk_low_pack (const BskGemmArgs *args,
              const BskPacked *header,
              const void *w,
              size_t ldw,
              BskPacked *out)
{
  size_t lanes = (size_t) header->table->lanes,
         channels = (size_t) header->n * (size_t) header->groups;
  int per_seg = header->n_runs / header->n_seg;
  ptrdiff_t *seg;
  uint8_t *panel;

  for (size_t n = 0; n < channels; n++) {
    BskStatus status = check_channel (header, args, (const int8_t *) w + n * ldw, n);

    if (status)
      return status;
  }
  *out = *header;
  memset (bsk_at (out, out->start), 0, out->bytes - out->start);
  seg = bsk_at (out, out->seg);
  for (int r = 0; r < out->n_runs; r++)
    seg[r] = (out->shape.h ? bsk_conv_seg (out, r / per_seg) : 0) + r % per_seg * out->run_bytes;
  panel = bsk_at (out, out->w);
  for (int g = 0; g < out->groups; g++)
    for (size_t first = 0; first < out->group_n;) {
      size_t panel_n =
        (size_t) low_panel_vecs (out, (int) ((out->group_n - first) / lanes)) * lanes;

      for (size_t c = 0; c < panel_n && first + c < (size_t) out->n; c++) {
        size_t n = (size_t) g * (size_t) out->n + first + c;
        Column column = { .w = (const int8_t *) w + n * ldw,
                          .n = n,
                          .first = (size_t) g * out->group_n + first,
                          .panel_n = panel_n,
                          .column = c,
                          .index = (int) (first + c) };

        fill_channel (out, args, &column);
        fill_codes (out, args, &column, panel);
      }
      panel += panel_n * 4 * column_blocks (out);
      first += panel_n;
    }
  return BSK_OK;
}

/* Many rows of a product without groups: panels are first unpacked to those of 8-bit weights, whose
 * tiles are higher and wider, and may begin at any quad. */
enum { MANY_ROWS = 12, UNPACKED_BYTES = 65536 };

static bool
is_unpacked (const BskPacked *header, size_t rows)
{
  size_t quads = (size_t) header->n_runs * (size_t) header->run_quads;
  size_t width = (size_t) (header->table->max_vecs * header->table->lanes);

  return header->table->unpack_low && !header->group && rows >= MANY_ROWS && rows >= quads / 4 &&
         4 * quads * width <= UNPACKED_BYTES;
}

static void
run_unpacked (const BskPacked *header, BskLowArgs *args, size_t first)
{
  const BskTable *table = header->table;
  uint8_t panel[UNPACKED_BYTES] __attribute__ ((aligned (BSK_ALIGN)));
  const int lanes = table->lanes;
  BskTileArgs tile = { .a = args->a,
                       .a_row = args->a_row,
                       .line = SIZE_MAX,
                       .seg = args->seg,
                       .n_seg = args->n_runs,
                       .quads = args->run_quads,
                       .a_flip = args->a_flip,
                       .w = panel,
                       .c_row = args->c_row,
                       .rows = args->rows,
                       .finish = args->finish };

  for (int done = 0, left; done < header->n; done += tile.width) {
    size_t at = first + (size_t) done;

    left = ((int) header->group_n - done) / lanes;
    tile.vecs = bsk_panel_vecs (left, table->max_vecs, table->threes);
    tile.width = tile.vecs * lanes;
    tile.cols = header->n - done < tile.width ? header->n - done : tile.width;
    tile.start = (int32_t *) bsk_at (header, header->start) + at;
    tile.m = (float *) bsk_at (header, header->m) + at;
    tile.cut = (int32_t *) bsk_at (header, header->cut) + at;
    tile.c = (char *) args->c + (size_t) done * header->c_bytes;
    for (int v = 0; v < tile.vecs; v += args->vecs) {
      args->vecs = low_panel_vecs (header, left - v);
      args->width = args->vecs * lanes;
      table->unpack_low (args, panel + v * lanes * 4, 4 * (size_t) tile.width);
      args->w += (size_t) args->width * 4 * column_blocks (header);
    }
    table->gemm_tile (&tile);
  }
}

void
bsk_low_run (const BskPacked *header,
             int group,
             const uint8_t *a,
             size_t a_row,
             size_t rows,
             char *c,
             size_t c_row)
{
  size_t lanes = (size_t) header->table->lanes, sums = (size_t) n_sums (header);
  size_t base = (size_t) group * header->group_n;
  BskLowArgs args = { .a = a,
                      .a_row = a_row,
                      .a_flip = header->a_flip,
                      .bits = header->bits,
                      .seg = bsk_at (header, header->seg),
                      .n_runs = header->n_runs,
                      .run_quads = header->run_quads,
                      .last_quads = header->last_quads,
                      .run_mask = header->run_mask,
                      .last_mask = header->last_mask,
                      .w =
                        (uint8_t *) bsk_at (header, header->w) + (size_t) group * header->group_w,
                      .c = c,
                      .rows = rows,
                      .c_row = c_row,
                      .finish = &header->finish };

  memcpy (args.levels, header->levels, sizeof args.levels);
  if (is_unpacked (header, rows)) {
    run_unpacked (header, &args, base);
    return;
  }
  for (size_t first = 0; first < header->group_n; first += (size_t) args.vecs * lanes) {
    size_t at = base + first;

    args.vecs = low_panel_vecs (header, (int) ((header->group_n - first) / lanes));
    args.width = args.vecs * (int) lanes;
    args.cols = header->n - (int) first < args.width ? header->n - (int) first : args.width;
    args.start = (int32_t *) bsk_at (header, header->start) + at * sums;
    args.scale = header->group ? (float *) bsk_at (header, header->scale) + at * sums : NULL;
    args.from = (float *) bsk_at (header, header->from) + at;
    args.m = (float *) bsk_at (header, header->m) + at;
    args.cut = (int32_t *) bsk_at (header, header->cut) + at;
    args.c = c + first * header->c_bytes;
    header->table->gemm_low (&args);
    args.w += (size_t) args.width * 4 * column_blocks (header);
  }
}
