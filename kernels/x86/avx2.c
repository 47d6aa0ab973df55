/* The AVX2 level.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx2.h"

void bsk_avx2_narrow_init (BskTable *table);

void
bsk_avx2_init (BskTable *table)
{
  bsk_avx2_bits_init (table);
  bsk_avx2_gemm_init (table);
  bsk_avx2_narrow_init (table);
  bsk_avx2_low_init (table);
  bsk_avx2_elementwise_init (table);
  bsk_avx2_float_init (table);
  bsk_avx2_wide_init (table);
  bsk_avx2_stream_init (table);
  bsk_avx2_stats_init (table);
  bsk_avx2_sweep_init (table);
  bsk_avx2_levels_init (table);
}
