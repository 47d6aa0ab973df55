/* The benchmark's rows over plain arrays: streams, pooling, elementwise.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "rows.h"

enum { N = BSK_BENCH_N, CHANNELS = 64, SIDE = 32, PIXELS = SIDE * SIDE, ROW = 64, SETTINGS = 16 };

static const BskQParams s8 = { 0.03f, 3, -128, 127 }, u8 = { 0.02f, 118, 0, 255 };

static void
quantize (const BskBenchArrays *m)
{
  bsk_quantize (m->x, N, &s8, BSK_S8, m->c);
}

static void
quantize_16 (const BskBenchArrays *m)
{
  const BskQParams wide = { 0.0001f, 0, -32767, 32767 };

  bsk_quantize (m->x, N, &wide, BSK_S16, m->codes);
}

static void
quantize_nchw (const BskBenchArrays *m)
{
  bsk_quantize_nchw (m->x, 1, CHANNELS, PIXELS, &s8, BSK_S8, m->c);
}

static void
dequantize (const BskBenchArrays *m)
{
  bsk_dequantize (m->a, N, &s8, BSK_S8, m->y);
}

static void
dequantize_nchw (const BskBenchArrays *m)
{
  bsk_dequantize_nchw (m->a, 1, CHANNELS, PIXELS, &s8, BSK_S8, m->y);
}

static void
fake_quantize (const BskBenchArrays *m)
{
  bsk_fake_quantize (m->x, N, &s8, m->y);
}

void
bsk_bench_levels (BskLevels *levels, int n)
{
  float level[BSK_LEVELS_MAX], threshold[BSK_LEVELS_MAX];

  for (int i = 0; i < n; i++)
    level[i] = 6 * ((float) i / (float) (n - 1) - 0.5f);
  for (int i = 0; i + 1 < n; i++)
    threshold[i] = (level[i] + level[i + 1]) / 2;
  bsk_levels_init (levels, n, level, threshold, 0);
}

static void
levels_16 (const BskBenchArrays *m)
{
  bsk_quantize_levels (&m->levels_16, m->x, N, 1, 0, m->codes, m->y);
}

static void
levels_256 (const BskBenchArrays *m)
{
  bsk_quantize_levels (&m->levels_256, m->x, N, 1, 0, m->codes, m->y);
}

static void
minmax (const BskBenchArrays *m)
{
  float lo, hi;

  bsk_minmax (m->x, N, &lo, &hi, NULL);
}

static void
minmax_rows (const BskBenchArrays *m)
{
  bsk_minmax_rows (m->x, N / ROW, ROW, m->y, m->y + N / ROW, NULL);
}

static void
error (const BskBenchArrays *m)
{
  BskStats stats;

  bsk_stats_init (&stats);
  bsk_error (m->x, N, &s8, &stats);
}

static void
error_rows (const BskBenchArrays *m)
{
  BskQParams params[N / ROW];
  BskStats stats;

  for (int i = 0; i < N / ROW; i++)
    params[i] = s8;
  bsk_stats_init (&stats);
  bsk_error_rows (m->x, N / ROW, ROW, params, &stats);
}

static void
compare (const BskBenchArrays *m)
{
  BskStats stats;

  bsk_stats_init (&stats);
  bsk_compare (m->x, m->y, N, &stats);
}

static void
sweep (const BskBenchArrays *m)
{
  BskQParams settings[SETTINGS];
  double err_sq[SETTINGS] = { 0 };

  for (int i = 0; i < SETTINGS; i++)
    settings[i] = (BskQParams){ 0.01f * (float) (i + 1), 0, -128, 127 };
  bsk_error_sweep (m->x, N, settings, SETTINGS, err_sq, NULL);
}

static void
histogram (const BskBenchArrays *m)
{
  uint64_t counts[2048] = { 0 };

  bsk_histogram (m->x, N, -4, 4, 2048, counts);
}

static void
add (const BskBenchArrays *m)
{
  bsk_add (&(BskBinaryArgs){ BSK_U8, BSK_U8, BSK_U8, u8, u8, u8, 0, 0 }, m->a, m->b, m->c, N);
}

static void
mul (const BskBenchArrays *m)
{
  bsk_mul (&(BskBinaryArgs){ BSK_U8, BSK_U8, BSK_U8, u8, u8, u8, CHANNELS, 1 }, m->a, m->b, m->c,
           N);
}

static void
lookup (const BskBenchArrays *m)
{
  bsk_lookup (m->b, m->a, N, m->c);
}

static void
requantize (const BskBenchArrays *m)
{
  bsk_requantize (BSK_U8, &u8, m->a, BSK_S8, &s8, m->c, N);
}

static void
transpose (const BskBenchArrays *m)
{
  bsk_transpose_8 (m->a, 1, CHANNELS, PIXELS, m->c);
}

static const BskPoolShape two_by_two = { SIDE, SIDE, CHANNELS, 2, 2, 2,        2,       1,
                                         1,    0,    0,        0, 0, SIDE / 2, SIDE / 2 },
                          global = {
                            SIDE, SIDE, CHANNELS, SIDE, SIDE, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1
                          };

static void
max_pool (const BskBenchArrays *m)
{
  bsk_max_pool (&two_by_two, BSK_U8, m->a, m->c, 1);
}

static void
global_average (const BskBenchArrays *m)
{
  bsk_average_pool (&global, 0, BSK_U8, &u8, m->a, BSK_U8, &u8, m->c, 1);
}

const BskBenchStream bsk_bench_streams[] = {
  { "stream", "quantize 64 Ki", N, quantize },
  { "stream", "quantize to 16 bits, 64 Ki", N, quantize_16 },
  { "stream", "quantize, channels last, 64 x 32 x 32", N, quantize_nchw },
  { "stream", "dequantize 64 Ki", N, dequantize },
  { "stream", "dequantize, channels first, 64 x 32 x 32", N, dequantize_nchw },
  { "stream", "quantize and decode 64 Ki", N, fake_quantize },
  { "stream", "one of 16 levels, 64 Ki", N, levels_16 },
  { "stream", "one of 256 levels, 64 Ki", N, levels_256 },
  { "stream", "min, max 64 Ki", N, minmax },
  { "stream", "min, max of rows of 64, 64 Ki", N, minmax_rows },
  { "stream", "error statistics 64 Ki", N, error },
  { "stream", "error of rows of 64, 64 Ki", N, error_rows },
  { "stream", "compare two streams, 64 Ki", N, compare },
  { "stream", "error sweep, 16 settings, 64 Ki", (double) N *SETTINGS, sweep },
  { "stream", "histogram 2048, 64 Ki", N, histogram },
  { "elementwise", "add 64 Ki", N, add },
  { "elementwise", "multiply by 64 channels, 64 Ki", N, mul },
  { "elementwise", "lookup 64 Ki", N, lookup },
  { "elementwise", "requantize 64 Ki", N, requantize },
  { "elementwise", "transpose 64 x 1024", N, transpose },
  { "pooling", "max 2x2, 32 x 32 x 64", N, max_pool },
  { "pooling", "global average, 32 x 32 x 64", N, global_average },
};
const size_t bsk_bench_n_streams = sizeof bsk_bench_streams / sizeof *bsk_bench_streams;
