/* The benchmark's rows over plain arrays, which bench.c times beside its products.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "bsk.h"

enum { BSK_BENCH_N = 65536 }; /* elements: 64 Ki, which stay in the second-level cache */

/* Arrays of BSK_BENCH_N. A row reads a, b and x, and writes c, y and codes. */
typedef struct {
  uint8_t *a, *b, *c;
  float *x, *y;
  int32_t *codes;
  BskLevels levels_16, levels_256; /* see bsk_bench_levels */
} BskBenchArrays;

typedef struct {
  const char *group, *name;
  double elements; /* a call handles */
  void (*run) (const BskBenchArrays *arrays);
} BskBenchStream;

/* bsk_bench_levels: n levels over the values of x. */
void bsk_bench_levels (BskLevels *levels, int n);

extern const BskBenchStream bsk_bench_streams[];
extern const size_t bsk_bench_n_streams;
