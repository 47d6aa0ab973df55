/* Matrix product: packing, and blocking of rows and panels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <string.h>

static BskStatus
describe (const BskGemmArgs *args, BskPacked *header)
{
  const BskTable *table = bsk_table ();
  BskStatus status;

  if (!args)
    return BSK_EINVAL;
  status = bsk_check_args (args, args->n, args->k);
  if (status)
    return status;
  *header = (BskPacked){ .magic = BSK_MAGIC,
                         .table = table,
                         .n = args->n,
                         .k = args->k,
                         .n_seg = 1,
                         .quads = (int) (((unsigned) args->k + 3) / 4),
                         .groups = 1,
                         .a_flip = bsk_flip (args->a_type),
                         .a_type = args->a_type,
                         .a_bytes = bsk_type_bytes (args->a_type),
                         .wide = args->w_type == BSK_W_S16,
                         .zeros = bsk_may_have_zeros (args),
                         .seg_bytes = args->k,
                         .max_vecs = args->w_type == BSK_W_S16 ? 1 : table->max_vecs,
                         .finish = bsk_finish (args->out_type, &args->out),
                         .c_bytes = bsk_type_bytes (args->out_type) };
  if (header->wide) {
    if (args->group)
      return BSK_ENOTSUP;
    header->quads = (int) (((unsigned) args->k + 1) / 2);
  } else if (bsk_is_low (args)) {
    return bsk_low_describe (args, header);
  }
  return bsk_layout (header, (size_t) header->quads) ? BSK_OK : BSK_ERANGE;
}

size_t
bsk_gemm_bytes (const BskGemmArgs *args)
{
  BskPacked header;

  return describe (args, &header) ? 0 : header.bytes;
}

/* One column of 16-bit weights. */
static void
pack_wide (const BskPacked *header, const int16_t *row, const BskTileArgs *tile, int c)
{
  uint8_t *panel = (uint8_t *) (uintptr_t) tile->w;

  for (int q = 0; q < header->quads; q++)
    bsk_put_pair (panel, tile->width, q, c,
                  (int16_t[2]){ row[2 * q], 2 * q + 1 < header->k ? row[2 * q + 1] : 0 });
}

/* A panel of 8-bit weights, a piece of K of all its columns at a time: what is written stays in the
 * first-level cache. */
static void
pack_panel (const BskPacked *header,
            const BskGemmArgs *args,
            const void *w,
            size_t ldw,
            const BskTileArgs *tile)
{
  BskChannel channels[BSK_MAX_WIDTH];

  for (int c = 0; c < tile->cols; c++)
    channels[c] = bsk_channel (header, args, w, ldw, (size_t) (tile->column + c));
  for (size_t i = 0; i < (size_t) header->k; i += BSK_PIECE)
    for (int c = 0; c < tile->cols; c++) {
      size_t count = bsk_piece (i, (size_t) header->k);
      int8_t piece[BSK_PIECE];

      bsk_channel_numbers (&channels[c], i, count, piece);
      bsk_put_quads (header, (uint8_t *) (uintptr_t) tile->w, tile->width, (int) (i / 4), c, piece,
                     count);
    }
}

BskStatus
bsk_gemm_pack (const BskGemmArgs *args, const void *w, size_t ldw, void *packed)
{
  BskPacked header, *out = packed;
  BskStatus status = describe (args, &header);
  BskTileArgs tile;

  if (status)
    return status;
  if (!w || !packed || ldw < (size_t) args->k)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  if (header.low)
    return bsk_low_pack (args, &header, w, ldw, out);
  status = header.wide ? bsk_wide_check (&header, args, w, ldw)
                       : bsk_check_channels (&header, args, w, ldw);
  if (status)
    return status;
  if (!header.wide && !header.row_sums && header.table->gemm_tile_narrow)
    header.depth = bsk_pairs_fit (&header, args, w, ldw);
  header.narrow = header.depth > 0;
  bsk_layout (&header, (size_t) header.quads);

  *out = header;
  *(ptrdiff_t *) bsk_at (out, out->seg) = 0;
  if (out->wide)
    bsk_wide_fill (out, args, w, ldw);
  else
    bsk_fill_channels (out, args, w, ldw);
  memset (bsk_at (out, out->w), 0, out->group_w);
  bsk_panel_open (out, 0, &tile);
  while (bsk_panel_next (out, &tile)) {
    for (int c = 0; out->wide && c < tile.cols; c++)
      pack_wide (out, (const int16_t *) w + (size_t) (tile.column + c) * ldw, &tile, c);
    if (!out->wide)
      pack_panel (out, args, w, ldw, &tile);
  }
  return BSK_OK;
}

void
bsk_run_product (const BskPacked *header,
                 const uint8_t *a,
                 size_t a_row,
                 size_t rows,
                 char *c,
                 size_t c_row)
{
  BskTileKernel kernel = bsk_tile_kernel (header);
  enum { MAX_SUMS = 960 };
  int32_t sums[MAX_SUMS];
  /* A block of rows of A and C stays in the second-level cache while the panels sweep over it; 48
   * is a multiple of every tile height but one. */
  size_t block = 400000 /
                 ((size_t) header->k * header->a_bytes + (size_t) header->n * header->c_bytes) /
                 48 * 48;

  block = block < 48 ? 48 : block;
  if (header->row_sums && block > MAX_SUMS)
    block = MAX_SUMS;
  for (size_t i = 0; i < rows; i += block) {
    BskTileArgs tile;

    if (header->low) {
      bsk_low_run (header, 0, a + i * a_row, a_row, rows - i < block ? rows - i : block,
                   c + i * c_row, c_row);
      continue;
    }
    bsk_panel_open (header, 0, &tile);
    tile.a = a + i * a_row;
    tile.a_row = a_row;
    tile.rows = rows - i < block ? rows - i : block;
    tile.c_row = c_row;
    if (header->row_sums) {
      bsk_sum_rows (header, tile.a, a_row, tile.rows, sums);
      tile.row_sum = sums;
    }
    while (bsk_panel_next (header, &tile)) {
      tile.c = c + i * c_row + (size_t) tile.column * header->c_bytes;
      kernel (&tile);
    }
  }
}

BskStatus
bsk_gemm (const void *packed, const void *a, size_t lda, void *c, size_t ldc, size_t m0, size_t m1)
{
  const BskPacked *header = packed;

  if (!packed || m0 > m1 || (uintptr_t) packed % BSK_ALIGN || header->magic != BSK_MAGIC ||
      header->shape.h)
    return BSK_EINVAL;
  if (m0 == m1)
    return BSK_OK;
  if (!a || !c || lda < (size_t) header->k || ldc < (size_t) header->n)
    return BSK_EINVAL;

  bsk_run_product (header, (const uint8_t *) a + m0 * lda * header->a_bytes, lda * header->a_bytes,
                   m1 - m0, (char *) c + m0 * ldc * header->c_bytes, ldc * header->c_bytes);
  return BSK_OK;
}
