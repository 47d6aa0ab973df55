/* Speed of the kernels on typical shapes, as a share of what the arithmetic units can do at the
 * same moment.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>

typedef struct {
  const char
    *group; /* "product", "convolution", "depthwise", "float", "16 bits", "low bits", "bits",
                        "stream", "elementwise", "pooling" */
  const char *name; /* the shape */
  const char *unit; /* "GOPS" (2 · multiply-adds) or "Gelement/s" */
  double ns;        /* one call, median */
  double rate;      /* in `unit` */
  double peak; /* the level's dot product loop without memory, timed in the same rounds, GOPS; 0: no
                  loop */
} BskBenchRow;

/* bsk_bench: times every row whose group or name contains `filter` (NULL: all), one thread,
 * processor time, and hands each to `report` as soon as it is known; report returns false to stop.
 *
 *   ms  time per row and round; 5 rounds
 *
 * Returns the number of rows, or −1 when memory ran out. */
int bsk_bench (const char *filter,
               double ms,
               bool (*report) (const BskBenchRow *row, void *user),
               void *user);
