/* The benchmark's products and convolutions, and its clock; uses nothing but the public interface.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

#include "bsk.h"
#include "peak.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_ROUNDS = 5 };

typedef struct {
  const char *group, *name;
  enum { PRODUCT, CONV, DECONV, CONV_F32, BITS, PACK } kind;
  int m, n, k;        /* products */
  BskConvShape shape; /* convolutions; m images */
  BskWeightType w_type;
  int w_bits; /* of int8 weights; 0: 8 */
  int w_zero, w_group;
} Case;

#define SQUARE(size, cin, cout, kernel, stride, groups)                                            \
  {                                                                                                \
    size, size, cin, cout, kernel, kernel, stride, stride, 1, 1, (kernel) / 2, (kernel) / 2,       \
      (kernel) / 2, (kernel) / 2, groups                                                           \
  }

static const Case cases[] = {
  { "product", "128 x 768 x 3072", PRODUCT, 128, 768, 3072, { 0 } },
  { "product", "784 x 128 x 512", PRODUCT, 784, 128, 512, { 0 } },
  { "product", "3136 x 64 x 64", PRODUCT, 3136, 64, 64, { 0 } },
  { "product", "12544 x 16 x 32", PRODUCT, 12544, 16, 32, { 0 } },
  { "product", "1 x 3072 x 768", PRODUCT, 1, 3072, 768, { 0 } },
  { "product", "7-bit weights, 784 x 128 x 512", PRODUCT, 784, 128, 512, { 0 }, .w_bits = 7 },
  { "product",
    "4-bit weights as int8, 784 x 128 x 512",
    PRODUCT,
    784,
    128,
    512,
    { 0 },
    .w_bits = 4 },
  { "product",
    "zero points, 784 x 128 x 512",
    PRODUCT,
    784,
    128,
    512,
    { 0 },
    BSK_W_U8,
    .w_zero = 90 },
  { "convolution", "3x3 64 > 64, 56 x 56", CONV, 1, 0, 0, SQUARE (56, 64, 64, 3, 1, 1) },
  { "convolution", "3x3 1 > 16, 28 x 28, 16 images", CONV, 16, 0, 0, SQUARE (28, 1, 16, 3, 1, 1) },
  { "convolution", "7x7 stride 2 3 > 64, 224 x 224", CONV, 1, 0, 0, SQUARE (224, 3, 64, 7, 2, 1) },
  { "convolution",
    "transposed 4x4 stride 2 64 > 32, 28 x 28",
    DECONV,
    1,
    0,
    0,
    { 28, 28, 64, 32, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1 } },
  { "depthwise", "3x3 32, 112 x 112", CONV, 1, 0, 0, SQUARE (112, 32, 32, 3, 1, 32) },
  { "depthwise", "3x3 384, 14 x 14", CONV, 1, 0, 0, SQUARE (14, 384, 384, 3, 1, 384) },
  { "float", "1x1 96 > 96, 7 x 7, 32 images", CONV_F32, 32, 0, 0, SQUARE (7, 96, 96, 1, 1, 1) },
  { "float", "3x3 64 > 64, 56 x 56", CONV_F32, 1, 0, 0, SQUARE (56, 64, 64, 3, 1, 1) },
  { "float", "depthwise 3x3 96, 28 x 28", CONV_F32, 1, 0, 0, SQUARE (28, 96, 96, 3, 1, 96) },
  { "16 bits", "784 x 128 x 512", PRODUCT, 784, 128, 512, { 0 }, BSK_W_S16 },
  { "low bits",
    "4 bits, groups of 32, 128 x 768 x 768",
    PRODUCT,
    128,
    768,
    768,
    { 0 },
    BSK_W_S4,
    .w_group = 32 },
  { "low bits", "4 bits, 784 x 128 x 512", PRODUCT, 784, 128, 512, { 0 }, BSK_W_S4 },
  { "low bits", "4 bits, 3x3 64 > 64, 56 x 56", CONV, 1, 0, 0, SQUARE (56, 64, 64, 3, 1, 1),
    BSK_W_S4 },
  { "low bits", "1 bit, 3x3 64 > 64, 56 x 56", CONV, 1, 0, 0, SQUARE (56, 64, 64, 3, 1, 1),
    BSK_W_BIT },
  { "bits", "128 x 768 x 3072", BITS, 128, 768, 3072, { 0 } },
  { "stream", "quantize, measure, pack 768 x 768", PACK, 768, 768, 768, { 0 } },
};

typedef struct {
  const Case *what;
  void *packed, *scratch, *a, *c;
  float *x;
  double ops; /* per call */
  BskGemmArgs args;
  float *scale;
} Work;

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void *
allocate (size_t bytes)
{
  void *memory = aligned_alloc (BSK_ALIGN, (bytes + 2 * BSK_ALIGN) / BSK_ALIGN * BSK_ALIGN);

  if (memory)
    memset (memory, 1, bytes);
  return memory;
}

static bool
is_conv (const Case *k)
{
  return k->kind == CONV || k->kind == DECONV || k->kind == CONV_F32;
}

/* Pixels of an output image. */
static size_t
out_pixels (const Case *k)
{
  return k->kind == DECONV
           ? (size_t) bsk_deconv_out_h (&k->shape, 0) * (size_t) bsk_deconv_out_w (&k->shape, 0)
           : (size_t) bsk_conv_out_h (&k->shape) * (size_t) bsk_conv_out_w (&k->shape);
}

static void
call (const void *work)
{
  const Work *w = work;
  const Case *k = w->what;
  size_t n = (size_t) k->k, cout = (size_t) k->shape.cout, c_image = out_pixels (k) * cout;
  size_t a_image = (size_t) k->shape.h * (size_t) k->shape.w * (size_t) k->shape.cin;
  BskStats stats;

  switch (k->kind) {
  case PRODUCT:
    bsk_gemm (w->packed, w->a, n, w->c, (size_t) k->n, 0, (size_t) k->m);
    break;
  case CONV:
    bsk_conv (w->packed, w->a, a_image, w->c, c_image, cout, (size_t) k->m, 0,
              bsk_conv_out_h (&k->shape), w->scratch);
    break;
  case DECONV:
    bsk_deconv (w->packed, w->a, a_image, w->c, c_image, cout, (size_t) k->m, w->scratch);
    break;
  case CONV_F32:
    bsk_conv_f32 (w->packed, w->x, w->c, cout, (size_t) k->m);
    break;
  case BITS:
    bsk_gemm_bits (w->packed, &(BskBitsArgs){ BSK_XOR, k->k, -2, 0 }, w->a, (n + 63) / 64, w->c,
                   (size_t) k->n, 0, (size_t) k->m);
    break;
  case PACK:
    bsk_stats_init (&stats);
    bsk_quantize_pack (NULL, &w->args, -127, 127, w->x, n, w->a, w->packed, &stats);
    break;
  }
}

static void
close_work (Work *w)
{
  free (w->packed);
  free (w->scratch);
  free (w->a);
  free (w->c);
  free (w->x);
  free (w->scale);
}

/* A weight over the whole range of its type. */
static int
weight (const Case *k, size_t i)
{
  int top = (1 << (k->w_bits ? k->w_bits : 8) >> 1) - 1;

  switch (k->w_type) {
  case BSK_W_U8:
    return (int) (i * 31 % 256);
  case BSK_W_S4:
    return (int) (i * 31 % 16) - 8;
  case BSK_W_BIT:
    return i * 31 % 127 & 1 ? 1 : -1;
  case BSK_W_S16:
    return (int) (i * 31 % 65535) - 32767;
  default:
    return (int) (i * 31 % (size_t) (2 * top + 1)) - top;
  }
}

/* weights: int8, int16 or float, as the kind of product takes them. */
static void
fill_weights (const Case *k, void *weights, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (k->kind == CONV_F32)
      ((float *) weights)[i] = (float) weight (k, i) / 1000;
    else if (k->w_type == BSK_W_S16)
      ((int16_t *) weights)[i] = (int16_t) weight (k, i);
    else
      ((int8_t *) weights)[i] = (int8_t) weight (k, i);
}

static size_t
packed_bytes (const Case *k, const BskGemmArgs *args)
{
  switch (k->kind) {
  case CONV:
    return bsk_conv_bytes (&k->shape, args);
  case DECONV:
    return bsk_deconv_bytes (&k->shape, 0, 0, args);
  case CONV_F32:
    return bsk_conv_f32_bytes (&k->shape);
  case BITS:
    return bsk_bits_bytes (k->n, k->k);
  default:
    return bsk_gemm_bytes (args);
  }
}

static BskStatus
pack (const Work *w, const void *weights, size_t depth)
{
  const Case *k = w->what;

  switch (k->kind) {
  case CONV:
    return bsk_conv_pack (&k->shape, &w->args, weights, w->packed);
  case DECONV:
    return bsk_deconv_pack (&k->shape, 0, 0, &w->args, weights, w->packed);
  case CONV_F32:
    return bsk_conv_f32_pack (&k->shape, weights, NULL, 0, 6, w->packed);
  case BITS:
    return bsk_bits_pack (k->n, k->k, w->a, (depth + 63) / 64, w->packed);
  default:
    return bsk_gemm_pack (&w->args, weights, depth, w->packed);
  }
}

static size_t
scratch_bytes (const Work *w)
{
  return w->what->kind == CONV     ? bsk_conv_scratch_bytes (w->packed)
         : w->what->kind == DECONV ? bsk_deconv_scratch_bytes (w->packed)
                                   : 0;
}

/* Packs and allocates; false when memory ran out. */
static bool
open_work (const Case *k, Work *w)
{
  bool conv = is_conv (k), wide = k->w_type == BSK_W_S16;
  size_t out = (conv ? out_pixels (k) : 1) * (size_t) k->m;
  size_t cout = (size_t) (conv ? k->shape.cout : k->n);
  size_t depth =
    conv ? (size_t) (k->shape.kh * k->shape.kw * k->shape.cin / k->shape.groups) : (size_t) k->k;
  size_t in_pixels = conv ? (size_t) k->m * (size_t) k->shape.h * (size_t) k->shape.w : 0;
  size_t inputs = conv ? in_pixels * (size_t) k->shape.cin : (size_t) k->m * depth;
  size_t n_floats = k->kind == PACK ? cout * depth : k->kind == CONV_F32 ? inputs : 1;
  size_t groups = k->w_group ? depth / (size_t) k->w_group : 1;
  float *scale = malloc ((cout * groups + 1) * sizeof *scale);
  void *weights = malloc ((cout * depth + 8) * sizeof (float));
  bool good;

  *w = (Work){ .what = k, .scale = scale };
  w->args = (BskGemmArgs){ .n = (int) cout,
                           .k = (int) depth,
                           .w_type = k->w_type,
                           .group = k->w_group,
                           .w_zero_point = k->w_zero,
                           .w_scale = scale,
                           .a_type = wide ? BSK_S16 : BSK_U8,
                           .out_type = k->w_group || wide ? BSK_F32 : BSK_U8,
                           .a = { 0.02f, wide ? 0 : 118, 0, wide ? 32767 : 255 },
                           .out = { 1, 121, 0, 255 } };
  w->a = allocate (inputs * (wide ? 2 : 1));
  w->c = allocate (out * cout * 4);
  w->x = allocate (n_floats * sizeof *w->x);
  good = scale && weights && w->a && w->c && w->x;
  for (size_t i = 0; good && i < inputs * (wide ? 2 : 1); i++)
    ((uint8_t *) w->a)[i] = (uint8_t) (i * 37 + i / 251);
  for (size_t i = 0; good && i < n_floats; i++)
    w->x[i] = (float) (i * 7919 % 10007) / 1700 - 3;
  for (size_t i = 0; good && i < cout * groups; i++)
    scale[i] = 0.004f;
  /* a transposed convolution spreads each of its inputs over the kernel */
  w->ops = k->kind == PACK     ? (double) n_floats
           : k->kind == DECONV ? 2.0 * (double) in_pixels * (double) depth * (double) cout
                               : 2.0 * (double) out * (double) cout * (double) depth;
  if (good)
    fill_weights (k, weights, cout * depth);
  good = good && (w->packed = allocate (packed_bytes (k, &w->args))) != NULL &&
         pack (w, weights, depth) == BSK_OK;
  if (good && scratch_bytes (w) > 0)
    good = (w->scratch = allocate (scratch_bytes (w))) != NULL;
  free (weights);
  return good;
}

static bool
open_arrays (BskBenchArrays *m)
{
  *m = (BskBenchArrays){ .a = allocate (BSK_BENCH_N),
                         .b = allocate (BSK_BENCH_N),
                         .c = allocate (BSK_BENCH_N),
                         .x = allocate (BSK_BENCH_N * sizeof (float)),
                         .y = allocate (BSK_BENCH_N * sizeof (float)),
                         .codes = allocate (BSK_BENCH_N * sizeof (int32_t)) };
  if (!m->a || !m->b || !m->c || !m->x || !m->y || !m->codes)
    return false;
  for (size_t i = 0; i < BSK_BENCH_N; i++) {
    m->a[i] = (uint8_t) (i * 37 + i / 251);
    m->b[i] = (uint8_t) (i * 91);
    m->x[i] = (float) (i * 7919 % 10007) / 1700 - 3;
    m->y[i] = m->x[i] + 0.01f;
  }
  bsk_bench_levels (&m->levels_16, 16);
  bsk_bench_levels (&m->levels_256, 256);
  return true;
}

static void
close_arrays (BskBenchArrays *m)
{
  free (m->a);
  free (m->b);
  free (m->c);
  free (m->x);
  free (m->y);
  free (m->codes);
}

static int
ascending (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Median over rounds, in which the row and the peak loop take turns. */
static BskBenchRow
measure (void (*run) (const void *data), const void *data, double ops, double ms)
{
  double seconds[N_ROUNDS], peak[N_ROUNDS], once = now ();
  long repeats;

  run (data);
  once = now () - once;
  repeats = (long) (ms * 1e-3 / (once > 1e-9 ? once : 1e-9));
  repeats = repeats < 1 ? 1 : repeats > 1000000 ? 1000000 : repeats;
  for (int i = 0; i < N_ROUNDS; i++) {
    double start;

    peak[i] = bsk_peak ();
    run (data);
    start = now ();
    for (long j = 0; j < repeats; j++)
      run (data);
    seconds[i] = (now () - start) / (double) repeats;
  }
  qsort (seconds, N_ROUNDS, sizeof *seconds, ascending);
  qsort (peak, N_ROUNDS, sizeof *peak, ascending);
  return (BskBenchRow){ .ns = seconds[N_ROUNDS / 2] * 1e9,
                        .rate = ops / seconds[N_ROUNDS / 2] * 1e-9,
                        .peak = peak[N_ROUNDS / 2] };
}

static bool
is_wanted (const char *filter, const char *group, const char *name)
{
  return !filter || strstr (group, filter) || strstr (name, filter);
}

typedef struct {
  const BskBenchStream *stream;
  BskBenchArrays arrays;
} StreamWork;

static void
call_stream (const void *data)
{
  const StreamWork *w = data;

  w->stream->run (&w->arrays);
}

/* The number of rows reported; −1: no memory. */
static int
bench_streams (const char *filter,
               double ms,
               bool (*report) (const BskBenchRow *row, void *user),
               void *user)
{
  StreamWork work;
  int rows = 0;

  if (!open_arrays (&work.arrays))
    rows = -1;
  for (size_t i = 0; rows >= 0 && i < bsk_bench_n_streams; i++) {
    BskBenchRow row;

    work.stream = &bsk_bench_streams[i];
    if (!is_wanted (filter, work.stream->group, work.stream->name))
      continue;
    row = measure (call_stream, &work, work.stream->elements, ms);
    row.group = work.stream->group;
    row.name = work.stream->name;
    row.unit = "Gelement/s";
    rows++;
    if (!report (&row, user))
      break;
  }
  close_arrays (&work.arrays);
  return rows;
}

int
bsk_bench (const char *filter,
           double ms,
           bool (*report) (const BskBenchRow *row, void *user),
           void *user)
{
  int rows = 0, streams;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    BskBenchRow row;
    Work work;

    if (!is_wanted (filter, cases[i].group, cases[i].name))
      continue;
    if (!open_work (&cases[i], &work)) {
      close_work (&work);
      return -1;
    }
    row = measure (call, &work, work.ops, ms);
    close_work (&work);
    row.group = cases[i].group;
    row.name = cases[i].name;
    row.unit = cases[i].kind == PACK ? "Gelement/s" : "GOPS";
    rows++;
    if (!report (&row, user))
      return rows;
  }
  streams = bench_streams (filter, ms, report, user);
  return streams < 0 ? -1 : rows + streams;
}
