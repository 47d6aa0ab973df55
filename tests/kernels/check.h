/* The small harness of the kernel tests: guarded buffers, random values, levels, and how a
 * failing case is told.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "bsk.h"

#include <stdbool.h>

/* check_seed: restart the random numbers; every case does, with its own number, so that it can be
 * rerun alone. */
void check_seed (uint64_t seed);
uint32_t check_random (void);
int check_between (int lo, int hi); /* both included */
float check_normal (void);          /* about standard normal */

/* check_buffer: memory that ends exactly at an unreadable page and starts with a canary; freed by
 * check_free_all. */
void *check_buffer (size_t bytes);

/* check_buffer_behind_page: memory that starts, rather than ends, at an unreadable page. */
void *check_buffer_behind_page (size_t bytes);
/* check_free_all: frees all buffers and fails when a canary was written over. */
void check_free_all (void);

/* check_that: counts, and on failure prints the case and the words. */
bool check_that (bool good, const char *words, ...) __attribute__ ((format (printf, 2, 3)));
#define CHECK_OK(call) check_that ((call) == BSK_OK, "%s", #call)

/* check_same: the first differing byte is told. */
bool check_same (const void *got, const void *want, size_t bytes, const char *what);

/* check_case: names the case in work. */
void check_case (const char *words, ...) __attribute__ ((format (printf, 1, 2)));

/* check_ref, check_level: switch to plain C, and back to the level under test. */
void check_ref (void);
void check_level (void);
bool check_is_ref (void);

/* Fills n codes of a type: kind 0 random over [qmin, qmax], 1 all qmax, 2 all qmin, 3 one of both.
 */
void check_fill (void *codes, size_t n, BskType type, int qmin, int qmax, int kind);

/* How a case's 8-bit weights are given: with which zero points, and as uint8. */
typedef enum {
  CHECK_NO_ZEROS,
  CHECK_ONE_ZERO,
  CHECK_ZEROS,
  CHECK_EXTREME_ZEROS, /* at the ends of the type */
  CHECK_U8 = 4         /* with one of the above */
} CheckZeros;

/* check_weights: fills type and zero points of args for n channels; returns weights in a buffer of
 * their own. kind as in check_fill. */
void *check_weights (BskGemmArgs *args,
                     size_t n,
                     size_t count,
                     CheckZeros zeros,
                     int lo,
                     int hi,
                     int kind);

/* check_number: what weight i of channel n stands for. */
int check_number (const BskGemmArgs *args, const void *w, size_t n, size_t i);

/* check_finish: the normative requantization, by itself. */
int check_finish (int64_t sum, float m, const BskQParams *out);

typedef struct {
  const char *name;
  void (*run) (void);
} CheckSuite;
void check_gemm (void);
void check_low (void);
void check_low_conv (void);
void check_bits (void);
void check_wide (void);
void check_conv (void);
void check_transposed (void);
void check_depthwise (void);
void check_pool (void);
void check_elementwise (void);
void check_stream (void);
void check_stats (void);
void check_quantize_pack (void);
void check_sweep (void);
void check_levels (void);
void check_float (void);
void check_errors (void);
