/* What the loops of depthwise convolutions have in common.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "avx512.h"

/* Codes of the whole range of their type need no clipping but that of the packs. */
typedef enum { WHOLE_U8, WHOLE_S8, PART } Range;

/* The four vectors of a block, already scaled and rounded, to 64 codes. What the byte unpacks have
 * spread over the vectors, the packs put back in order. */
ALWAYS_INLINE __m512i
block_codes (const __m512i q[4], const Codes *k, const Range range)
{
  const __m512i zero = _mm512_sub_epi16 (k->zero, _mm512_set1_epi16 (128));

  if (range != WHOLE_S8)
    return pack_lanes (q[0], q[1], q[2], q[3], k, range == WHOLE_U8);
  return _mm512_packs_epi16 (_mm512_adds_epi16 (_mm512_packs_epi32 (q[0], q[1]), zero),
                             _mm512_adds_epi16 (_mm512_packs_epi32 (q[2], q[3]), zero));
}

/* Calls a function whose last two parameters are a flip of the input and a range. */
#define BY_RANGE(run, d, ...)                                                                      \
  do {                                                                                             \
    const BskFinish *f = (d)->finish;                                                              \
    const bool whole = f->lo == 0 && f->hi == 255;                                                 \
                                                                                                   \
    if ((d)->flip && whole && f->flip)                                                             \
      run (d, __VA_ARGS__, true, WHOLE_S8);                                                        \
    else if ((d)->flip && whole)                                                                   \
      run (d, __VA_ARGS__, true, WHOLE_U8);                                                        \
    else if ((d)->flip)                                                                            \
      run (d, __VA_ARGS__, true, PART);                                                            \
    else if (whole && !f->flip)                                                                    \
      run (d, __VA_ARGS__, false, WHOLE_U8);                                                       \
    else                                                                                           \
      run (d, __VA_ARGS__, false, PART);                                                           \
  } while (0)

/* A vector that is used more than once and must not be loaded each time: gcc prefers to fold loads
 * into the instructions that use them, and loads are what these loops are short of. */
ALWAYS_INLINE __m512i
once (__m512i v)
{
  __asm__("" : "+v"(v));
  return v;
}

/* How a tap's block of a row is read. */
typedef struct {
  __m512i flip;
  __mmask64 rest;
  ptrdiff_t hop;
} Read;

ALWAYS_INLINE __m512i
read_row (const uint8_t *p, const Read *read, const bool flip, const bool hops)
{
  __m512i v = _mm512_loadu_si512 ((const void *) p);

  if (hops)
    v = _mm512_mask_loadu_epi8 (v, read->rest, p + read->hop);
  return once (flip ? _mm512_xor_si512 (v, read->flip) : v);
}
