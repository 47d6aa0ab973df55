/* The AVX-512 VNNI level.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512.h"

void
bsk_avx512_init (BskTable *table)
{
  if (__builtin_cpu_supports ("avx512vpopcntdq"))
    bsk_avx512_bits_init (table);
  if (__builtin_cpu_supports ("avx512vbmi"))
    bsk_avx512_lookup_init (table);
  bsk_avx512_gemm_init (table);
  bsk_avx512_depthwise_init (table);
  bsk_avx512_depthwise_3x3_init (table);
  bsk_avx512_low_init (table);
  bsk_avx512_elementwise_init (table);
  bsk_avx512_float_init (table);
  bsk_avx512_wide_init (table);
  bsk_avx512_stream_init (table);
  bsk_avx512_minmax_init (table);
  bsk_avx512_stats_init (table);
  bsk_avx512_sweep_init (table);
  bsk_avx512_levels_init (table);
}
