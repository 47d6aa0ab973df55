/* AVX2 product tiles for operands whose pair sums fit in int16: up to twice as fast as the exact
 * form, the fewer bits the faster.
 * SPDX-License-Identifier: BSD-2-Clause */
#define TILE_FORM FORM_NARROW
#include "tile256.inc"

void bsk_avx2_narrow_init (BskTable *table);

void
bsk_avx2_narrow_init (BskTable *table)
{
  (void) depthwise_row; /* its rows are short of arithmetic anyway: the exact form serves */
  table->gemm_tile_narrow = gemm_tile;
}
