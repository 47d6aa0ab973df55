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
                         .finish = bsk_finish (args->out_type, &args->out),
                         .c_bytes = bsk_type_bytes (args->out_type) };
  if (args->w_type != BSK_W_S8 || args->group)
    return bsk_low_describe (args, header);
  return bsk_layout (header, (size_t) header->quads) ? BSK_OK : BSK_ERANGE;
}

size_t
bsk_gemm_bytes (const BskGemmArgs *args)
{
  BskPacked header;

  return describe (args, &header) ? 0 : header.bytes;
}

BskStatus
bsk_gemm_pack (const BskGemmArgs *args, const void *w, size_t ldw, void *packed)
{
  BskPacked header, *out = packed;
  BskStatus status = describe (args, &header);
  uint8_t *panel;
  int vectors;

  if (status)
    return status;
  if (!w || !packed || ldw < (size_t) args->k)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  if (header.low)
    return bsk_low_pack (args, &header, w, ldw, out);
  status = bsk_check_channels (&header, args, w, ldw);
  if (status)
    return status;
  header.narrow = header.table->gemm_tile_narrow && bsk_pairs_fit (args, w, ldw, args->n, args->k);
  bsk_layout (&header, (size_t) header.quads);

  *out = header;
  *(ptrdiff_t *) bsk_at (out, out->seg) = 0;
  bsk_fill_channels (out, args, w, ldw);
  panel = bsk_at (out, out->w);
  memset (panel, 0, out->group_w);
  vectors = (int) (out->group_n / (size_t) out->table->lanes);
  for (int v = 0, vecs; v < vectors; v += vecs) {
    int panel_n = (vecs = bsk_panel_vecs (vectors - v, out->table->max_vecs)) * out->table->lanes;

    for (int c = 0, n = v * out->table->lanes; c < panel_n && n < out->n; c++, n++)
      for (int q = 0; q < out->quads; q++)
        bsk_put_quad (out, panel, panel_n, q, c,
                      (const int8_t *) w + (size_t) n * ldw + 4 * (size_t) q, out->k - 4 * q);
    panel +=
      (size_t) panel_n * (size_t) out->quads * (size_t) (out->narrow ? 4 : out->table->quad_bytes);
  }
  return BSK_OK;
}

void
bsk_run_panels (const BskPacked *header,
                int group,
                const uint8_t *a,
                size_t a_row,
                size_t rows,
                void *c,
                size_t c_row)
{
  const BskTable *table = header->table;
  size_t first = (size_t) group * header->group_n;
  int vectors = (int) (header->group_n / (size_t) table->lanes);
  size_t quads = (size_t) header->n_seg * (size_t) header->quads;
  BskTileArgs tile = { .a = a,
                       .a_row = a_row,
                       .seg = bsk_at (header, header->seg),
                       .n_seg = header->n_seg,
                       .quads = header->quads,
                       .a_flip = header->a_flip,
                       .w = (char *) bsk_at (header, header->w) + (size_t) group * header->group_w,
                       .start = (int32_t *) bsk_at (header, header->start) + first,
                       .m = (float *) bsk_at (header, header->m) + first,
                       .cut = (int32_t *) bsk_at (header, header->cut) + first,
                       .c = c,
                       .c_row = c_row,
                       .rows = rows,
                       .finish = &header->finish };

  for (int v = 0; v < vectors; v += tile.vecs) {
    size_t panel_n;

    tile.vecs = bsk_panel_vecs (vectors - v, table->max_vecs);
    tile.cols = header->n - v * table->lanes;
    panel_n = (size_t) (tile.vecs * table->lanes);
    if (tile.cols > (int) panel_n)
      tile.cols = (int) panel_n;
    if (header->narrow)
      table->gemm_tile_narrow (&tile);
    else
      table->gemm_tile (&tile);
    tile.w =
      (const char *) tile.w + panel_n * quads * (size_t) (header->narrow ? 4 : table->quad_bytes);
    tile.start += panel_n;
    tile.m += panel_n;
    tile.cut += panel_n;
    tile.c = (char *) tile.c + panel_n * header->c_bytes;
  }
}

BskStatus
bsk_gemm (const void *packed, const void *a, size_t lda, void *c, size_t ldc, size_t m0, size_t m1)
{
  const BskPacked *header = packed;
  size_t block;

  if (!packed || m0 > m1 || (uintptr_t) packed % BSK_ALIGN || header->magic != BSK_MAGIC ||
      header->shape.h)
    return BSK_EINVAL;
  if (m0 == m1)
    return BSK_OK;
  if (!a || !c || lda < (size_t) header->k || ldc < (size_t) header->n)
    return BSK_EINVAL;

  /* A block of rows of A and C stays in the second-level cache while the panels sweep over it; 48
   * is a multiple of every tile height but one. */
  block = 400000 / ((size_t) header->k + (size_t) header->n * header->c_bytes) / 48 * 48;
  if (block < 48)
    block = 48;
  for (size_t m = m0; m < m1; m += block) {
    size_t rows = m1 - m < block ? m1 - m : block;

    const uint8_t *from = (const uint8_t *) a + m * lda;
    char *to = (char *) c + m * ldc * header->c_bytes;

    if (header->low)
      bsk_low_run (header, from, lda, rows, to, ldc * header->c_bytes);
    else
      bsk_run_panels (header, 0, from, lda, rows, to, ldc * header->c_bytes);
  }
  return BSK_OK;
}
