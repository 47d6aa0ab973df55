/* Products with weights of 4, 2 or 1 bits, code books, and scales per group: packed at their
 * true width.
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

/* The packed code of a weight, or −1 when it is none. */
static int
code_of (const BskPacked *header, BskWeightType type, int8_t w)
{
  switch (type) {
  case BSK_W_S8:
    return (uint8_t) w;
  case BSK_W_S4:
    return w >= -8 && w <= 7 ? w & 15 : -1;
  case BSK_W_S2:
    return w >= -2 && w <= 1 ? w & 3 : -1;
  case BSK_W_BIT:
    return w == 1 ? 1 : w == -1 ? 0 : -1;
  case BSK_W_CODEBOOK4:
    return w >= 0 && w <= 15 ? w : -1;
  case BSK_W_S16:
  case BSK_W_U8:
    break;
  }
  return -1;
}

static int8_t
level_of (const BskPacked *header, int code)
{
  return header->bits == 8 ? (int8_t) code : header->levels[code];
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
  return (size_t) (header->n_groups - 1) * blocks (header, header->group_quads) +
         blocks (header, header->last_quads);
}

BskStatus
bsk_low_describe (const BskGemmArgs *args, BskPacked *header)
{
  size_t lanes = (size_t) header->table->lanes, entries, bytes;
  int group = args->group ? args->group : args->k, last;
  BskStatus status = levels_of (args, header);

  if (status)
    return status;
  if (args->group && (args->group < 16 || args->group > 256 || args->group % 16))
    return BSK_EINVAL;
  if (args->group ? args->out_type == BSK_S32 || args->bias : args->bias_real != NULL)
    return BSK_EINVAL;
  header->low = true;
  header->group = args->group;
  header->n_groups = (int) (((unsigned) args->k + (unsigned) group - 1) / (unsigned) group);
  last = args->k - (header->n_groups - 1) * group;
  header->group_quads = (int) (((unsigned) group + 3) / 4);
  header->last_quads = (last + 3) / 4;
  header->last_mask = last % 4 ? (1u << 8 * (last % 4)) - 1 : UINT32_MAX;

  header->group_n = ((size_t) header->n + lanes - 1) / lanes * lanes;
  if (!bsk_size_mul (header->group_n * 4, column_blocks (header), &bytes) ||
      !bsk_size_mul (header->group_n * 4, (size_t) header->n_groups, &entries) ||
      bytes > SIZE_MAX / 4 || entries > SIZE_MAX / 8)
    return BSK_ERANGE;
  /* start and, with groups, the scales are per group; m, cut and the float starts per channel. */
  header->start = bsk_align (sizeof *header);
  header->scale = header->start + bsk_align (entries);
  header->m = header->scale + (args->group ? bsk_align (entries) : 0);
  header->cut = header->m + bsk_align (header->group_n * 4);
  header->from = header->cut + bsk_align (header->group_n * 4);
  header->w = header->from + bsk_align (header->group_n * 4);
  header->group_w = bytes;
  header->bytes = bsk_align (header->w + bytes);
  return BSK_OK;
}

/* Multiplier after the float sums over groups. */
static float
group_multiplier (const BskGemmArgs *args)
{
  return args->out_type == BSK_F32 ? args->a.scale : args->a.scale / args->out.scale;
}

/* One channel's weights checked: they are codes, no group's sum can overflow, scales and multiplier
 * are usable. */
static BskStatus
check_channel (const BskPacked *header, const BskGemmArgs *args, const int8_t *w, size_t n)
{
  int64_t lo = args->a.qmin - args->a.zero_point, hi = args->a.qmax - args->a.zero_point;
  int group = header->group ? header->group : header->k;

  for (int g = 0; g < header->n_groups; g++) {
    int64_t top = 0, bottom = 0;

    for (int i = g * group; i < header->k && i < (g + 1) * group; i++) {
      int code = code_of (header, args->w_type, w[i]);
      int64_t level;

      if (code < 0)
        return BSK_EINVAL;
      level = level_of (header, code);
      top += level > 0 ? level * hi : level * lo;
      bottom += level > 0 ? level * lo : level * hi;
    }
    if (args->bias) {
      top += args->bias[n];
      bottom += args->bias[n];
    }
    if (top > INT32_MAX || bottom < -INT32_MAX)
      return BSK_ERANGE;
    if (args->out_type != BSK_S32) {
      float scale = args->w_scale[n * (size_t) header->n_groups + (size_t) g];

      if (!(scale > 0 && isfinite (scale)))
        return BSK_ERANGE;
    }
  }
  if (args->bias_real && !isfinite (args->bias_real[n] / args->a.scale))
    return BSK_ERANGE;
  return isfinite (header->group ? group_multiplier (args) : bsk_multiplier (args, n)) ? BSK_OK
                                                                                       : BSK_ERANGE;
}

/* Start values, scales and multipliers of column `column` of a panel, which is channel n. */
static void
fill_channel (BskPacked *header,
              const BskGemmArgs *args,
              const int8_t *w,
              size_t n,
              size_t first,
              size_t panel_n,
              size_t column)
{
  int32_t *start = (int32_t *) bsk_at (header, header->start) + first * (size_t) header->n_groups;
  float *scale = (float *) bsk_at (header, header->scale) + first * (size_t) header->n_groups;
  int group = header->group ? header->group : header->k;
  int64_t sum = 0;

  for (int g = 0; g < header->n_groups; g++) {
    sum = 0;
    for (int i = g * group; i < header->k && i < (g + 1) * group; i++)
      sum += level_of (header, code_of (header, args->w_type, w[i]));
    start[(size_t) g * panel_n + column] =
      (int32_t) ((args->bias ? (uint32_t) args->bias[n] : 0) -
                 ((uint32_t) args->a.zero_point + header->a_flip) * (uint32_t) sum);
    if (header->group)
      scale[(size_t) g * panel_n + column] =
        args->w_scale[n * (size_t) header->n_groups + (size_t) g];
  }
  ((float *) bsk_at (header, header->m))[n] =
    header->group ? group_multiplier (args) : bsk_multiplier (args, n);
  ((float *) bsk_at (header, header->from))[n] =
    args->bias_real ? args->bias_real[n] / args->a.scale : 0;
  if (!header->group && bsk_is_8bit (args->out_type)) {
    double limit = 0x1p30 / (double) bsk_multiplier (args, n);

    ((int32_t *) bsk_at (header, header->cut))[n] = limit < INT32_MAX ? (int32_t) limit : INT32_MAX;
    header->finish.cut = true;
  }
}

/* Codes of channel n into its column: quads of a group share vectors, 8 / bits of them each. */
static void
fill_codes (const BskPacked *header,
            const BskGemmArgs *args,
            const int8_t *w,
            uint8_t *panel,
            size_t panel_n,
            size_t column)
{
  int per_block = 8 / header->bits, group = header->group ? header->group : header->k;
  size_t group_blocks = blocks (header, header->group_quads);

  for (int i = 0; i < header->k; i++) {
    int g = i / group, quad = i % group / 4;
    size_t block = (size_t) g * group_blocks + (size_t) (quad / per_block);
    uint8_t *byte = panel + (block * panel_n + column) * 4 + i % group % 4;

    *byte =
      (uint8_t) (*byte | code_of (header, args->w_type, w[i]) << header->bits * (quad % per_block));
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
              const int8_t *w,
              size_t ldw,
              BskPacked *out)
{
  size_t lanes = (size_t) header->table->lanes;
  uint8_t *panel;

  for (size_t n = 0; n < (size_t) header->n; n++) {
    BskStatus status = check_channel (header, args, w + n * ldw, n);

    if (status)
      return status;
  }
  *out = *header;
  memset (bsk_at (out, out->start), 0, out->bytes - out->start);
  panel = bsk_at (out, out->w);
  for (size_t first = 0; first < out->group_n;) {
    size_t panel_n = (size_t) low_panel_vecs (out, (int) ((out->group_n - first) / lanes)) * lanes;

    for (size_t c = 0; c < panel_n && first + c < (size_t) out->n; c++) {
      const int8_t *row = w + (first + c) * ldw;

      fill_channel (out, args, row, first + c, first, panel_n, c);
      fill_codes (out, args, row, panel, panel_n, c);
    }
    panel += panel_n * 4 * column_blocks (out);
    first += panel_n;
  }
  return BSK_OK;
}

void
bsk_low_run (const BskPacked *header,
             const uint8_t *a,
             size_t a_row,
             size_t rows,
             char *c,
             size_t c_row)
{
  size_t lanes = (size_t) header->table->lanes, groups = (size_t) header->n_groups;
  BskLowArgs args = { .a = a,
                      .a_row = a_row,
                      .a_flip = header->a_flip,
                      .bits = header->bits,
                      .n_groups = header->n_groups,
                      .group_quads = header->group_quads,
                      .last_quads = header->last_quads,
                      .last_mask = header->last_mask,
                      .w = bsk_at (header, header->w),
                      .rows = rows,
                      .c_row = c_row,
                      .finish = &header->finish };

  memcpy (args.levels, header->levels, sizeof args.levels);
  for (size_t first = 0; first < header->group_n; first += (size_t) args.vecs * lanes) {
    args.vecs = low_panel_vecs (header, (int) ((header->group_n - first) / lanes));
    args.width = args.vecs * (int) lanes;
    args.cols = header->n - (int) first < args.vecs * (int) lanes ? header->n - (int) first
                                                                  : args.vecs * (int) lanes;
    args.start = (int32_t *) bsk_at (header, header->start) + first * groups;
    args.scale = header->group ? (float *) bsk_at (header, header->scale) + first * groups : NULL;
    args.from = (float *) bsk_at (header, header->from) + first;
    args.m = (float *) bsk_at (header, header->m) + first;
    args.cut = (int32_t *) bsk_at (header, header->cut) + first;
    args.c = c + first * header->c_bytes;
    header->table->gemm_low (&args);
    args.w += (size_t) args.vecs * lanes * 4 * column_blocks (header);
  }
}
