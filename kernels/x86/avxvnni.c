/* The AVX-VNNI level: 256-bit dot products. This file is compiled twice, VEX encoded for
 * processors with AVX-VNNI and EVEX encoded (BSK_EVEX) for those with AVX-512 VNNI, where it
 * serves to test the tiles.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifdef BSK_EVEX
#define DOT_VNNI(sum, u8, s8) __asm__("%{evex%} vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))
#define INIT bsk_avxvnni_evex_init
#else
#define DOT_VNNI(sum, u8, s8) __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(u8), "x"(s8))
#define INIT bsk_avxvnni_init
#endif
#define TILE_FORM FORM_VNNI
#include "tile256.inc"

void INIT (BskTable *table);

void
INIT (BskTable *table)
{
  table->quad_bytes = 4;
  table->gemm_tile = gemm_tile;
  table->gemm_tile_narrow = NULL;
  table->depthwise_row = depthwise_row;
}
