/* The benchmark's rows and its clock; uses nothing but the public interface.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

#include "bsk.h"
#include "peak.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_ROUNDS = 5 };

typedef struct {
  const char *group, *name;
  enum { PRODUCT, CONV, BITS, PACK, QUANTIZE, DEQUANTIZE, MINMAX, ERROR, SWEEP, HISTOGRAM } kind;
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
  { "depthwise", "3x3 32, 112 x 112", CONV, 1, 0, 0, SQUARE (112, 32, 32, 3, 1, 32) },
  { "depthwise", "3x3 384, 14 x 14", CONV, 1, 0, 0, SQUARE (14, 384, 384, 3, 1, 384) },
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
  { "stream", "quantize 64 Ki", QUANTIZE, 0, 0, 65536, { 0 } },
  { "stream", "quantize, measure, pack 768 x 768", PACK, 768, 768, 768, { 0 } },
  { "stream", "dequantize 64 Ki", DEQUANTIZE, 0, 0, 65536, { 0 } },
  { "stream", "min, max 64 Ki", MINMAX, 0, 0, 65536, { 0 } },
  { "stream", "error statistics 64 Ki", ERROR, 0, 0, 65536, { 0 } },
  { "stream", "error sweep, 16 settings, 64 Ki", SWEEP, 0, 0, 65536, { 0 } },
  { "stream", "histogram 2048, 64 Ki", HISTOGRAM, 0, 0, 65536, { 0 } },
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

static void
call (const Work *w)
{
  const BskQParams p = { 0.03f, 3, -128, 127 };
  const Case *k = w->what;
  size_t n = (size_t) k->k, image = (size_t) k->shape.h * (size_t) k->shape.w;
  static uint64_t counts[2048];
  BskQParams settings[16];
  BskStats stats;
  double err_sq[16] = { 0 };
  float lo, hi;

  switch (k->kind) {
  case PRODUCT:
    bsk_gemm (w->packed, w->a, n, w->c, (size_t) k->n, 0, (size_t) k->m);
    break;
  case CONV:
    bsk_conv (w->packed, w->a, image * (size_t) k->shape.cin, w->c,
              (size_t) bsk_conv_out_h (&k->shape) * (size_t) bsk_conv_out_w (&k->shape) *
                (size_t) k->shape.cout,
              (size_t) k->shape.cout, (size_t) k->m, 0, bsk_conv_out_h (&k->shape), w->scratch);
    break;
  case BITS:
    bsk_gemm_bits (w->packed, &(BskBitsArgs){ BSK_XOR, k->k, -2, 0 }, w->a, (n + 63) / 64, w->c,
                   (size_t) k->n, 0, (size_t) k->m);
    break;
  case PACK:
    bsk_stats_init (&stats);
    bsk_quantize_pack (NULL, &w->args, -127, 127, w->x, n, w->a, w->packed, &stats);
    break;
  case QUANTIZE:
    bsk_quantize (w->x, n, &p, BSK_S8, w->c);
    break;
  case DEQUANTIZE:
    bsk_dequantize (w->a, n, &p, BSK_S8, w->c);
    break;
  case MINMAX:
    bsk_minmax (w->x, n, &lo, &hi, NULL);
    break;
  case ERROR:
    bsk_stats_init (&stats);
    bsk_error (w->x, n, &p, &stats);
    break;
  case SWEEP:
    for (int i = 0; i < 16; i++)
      settings[i] = (BskQParams){ 0.01f * (float) (i + 1), 0, -128, 127 };
    bsk_error_sweep (w->x, n, settings, 16, err_sq, NULL);
    break;
  case HISTOGRAM:
    bsk_histogram (w->x, n, -4, 4, 2048, counts);
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
static int8_t
weight (const Case *k, size_t i)
{
  int top = (1 << (k->w_bits ? k->w_bits : 8) >> 1) - 1;

  switch (k->w_type) {
  case BSK_W_U8:
    return (int8_t) (uint8_t) (i * 31);
  case BSK_W_S4:
    return (int8_t) ((int) (i * 31 % 16) - 8);
  case BSK_W_BIT:
    return i * 31 % 127 & 1 ? 1 : -1;
  default:
    return (int8_t) ((int) (i * 31 % (size_t) (2 * top + 1)) - top);
  }
}

/* Packs and allocates; false when memory ran out. */
static bool
open_work (const Case *k, Work *w)
{
  bool conv = k->kind == CONV, stream = k->kind >= QUANTIZE;
  size_t out =
    conv ? (size_t) bsk_conv_out_h (&k->shape) * (size_t) bsk_conv_out_w (&k->shape) * (size_t) k->m
         : (size_t) k->m;
  size_t cout = (size_t) (conv ? k->shape.cout : k->n);
  size_t depth =
    conv ? (size_t) (k->shape.kh * k->shape.kw * k->shape.cin / k->shape.groups) : (size_t) k->k;
  size_t inputs =
    conv ? (size_t) k->m * (size_t) k->shape.h * (size_t) k->shape.w * (size_t) k->shape.cin
         : (size_t) k->m * depth;
  size_t n_floats, groups = k->w_group ? depth / (size_t) k->w_group : 1;
  float *scale = malloc ((cout * groups + 1) * sizeof *scale);
  int8_t *weights = malloc (cout * depth + 8);
  BskGemmArgs args = { .n = (int) cout,
                       .k = (int) depth,
                       .w_type = k->w_type,
                       .group = k->w_group,
                       .w_zero_point = k->w_zero,
                       .w_scale = scale,
                       .a_type = BSK_U8,
                       .out_type = k->w_group ? BSK_F32 : BSK_U8,
                       .a = { 0.02f, 118, 0, 255 },
                       .out = { 1, 121, 0, 255 } };
  bool good = scale && weights;

  *w = (Work){ .what = k, .args = args, .scale = scale };
  if (stream)
    inputs = out = depth, cout = 4;
  w->a = allocate (inputs);
  w->c = allocate (out * cout * 4);
  n_floats = stream ? depth : k->kind == PACK ? cout * depth : 1;
  w->x = allocate (n_floats * sizeof *w->x);
  good = good && w->a && w->c && w->x;
  for (size_t i = 0; good && i < inputs; i++)
    ((uint8_t *) w->a)[i] = (uint8_t) (i * 37 + i / 251);
  for (size_t i = 0; good && i < n_floats; i++)
    w->x[i] = (float) (i * 7919 % 10007) / 1700 - 3;
  for (size_t i = 0; good && !stream && i < cout * depth; i++)
    weights[i] = weight (k, i);
  for (size_t i = 0; good && i < cout * groups && !stream; i++)
    scale[i] = 0.004f;
  w->ops = stream            ? (double) depth * (k->kind == SWEEP ? 16 : 1)
           : k->kind == PACK ? (double) n_floats
                             : 2.0 * (double) out * (double) cout * (double) depth;
  if (good && !stream) {
    BskStatus status = BSK_OK;

    w->packed = allocate (conv              ? bsk_conv_bytes (&k->shape, &args)
                          : k->kind == BITS ? bsk_bits_bytes (k->n, k->k)
                                            : bsk_gemm_bytes (&args));
    if (!w->packed)
      status = BSK_EINVAL;
    else if (conv)
      status = bsk_conv_pack (&k->shape, &args, weights, w->packed);
    else if (k->kind == BITS)
      status =
        bsk_bits_pack (k->n, k->k, (const uint64_t *) w->a, 0 + (depth + 63) / 64, w->packed);
    else
      status = bsk_gemm_pack (&args, weights, depth, w->packed);
    if (status == BSK_OK && conv && bsk_conv_scratch_bytes (w->packed))
      good = (w->scratch = allocate (bsk_conv_scratch_bytes (w->packed))) != NULL;
    good = good && status == BSK_OK;
  }
  free (weights);
  return good;
}

static int
ascending (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Median over rounds, in which the row and the peak loop take turns. */
static BskBenchRow
measure (const Work *w, double ms)
{
  double seconds[N_ROUNDS], peak[N_ROUNDS], once = now ();
  long repeats;

  call (w);
  once = now () - once;
  repeats = (long) (ms * 1e-3 / (once > 1e-9 ? once : 1e-9));
  repeats = repeats < 1 ? 1 : repeats > 1000000 ? 1000000 : repeats;
  for (int i = 0; i < N_ROUNDS; i++) {
    double start;

    peak[i] = bsk_peak ();
    call (w);
    start = now ();
    for (long j = 0; j < repeats; j++)
      call (w);
    seconds[i] = (now () - start) / (double) repeats;
  }
  qsort (seconds, N_ROUNDS, sizeof *seconds, ascending);
  qsort (peak, N_ROUNDS, sizeof *peak, ascending);
  return (BskBenchRow){ .group = w->what->group,
                        .name = w->what->name,
                        .unit = w->what->kind >= PACK ? "Gelement/s" : "GOPS",
                        .ns = seconds[N_ROUNDS / 2] * 1e9,
                        .rate = w->ops / seconds[N_ROUNDS / 2] * 1e-9,
                        .peak = peak[N_ROUNDS / 2] };
}

int
bsk_bench (const char *filter,
           double ms,
           bool (*report) (const BskBenchRow *row, void *user),
           void *user)
{
  int rows = 0;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    BskBenchRow row;
    Work work;

    if (filter && !strstr (cases[i].group, filter) && !strstr (cases[i].name, filter))
      continue;
    if (!open_work (&cases[i], &work)) {
      close_work (&work);
      return -1;
    }
    row = measure (&work, ms);
    close_work (&work);
    rows++;
    if (!report (&row, user))
      break;
  }
  return rows;
}
