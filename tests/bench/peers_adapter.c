/* The kernel library as columns of the peer harness (peers.h): products, convolutions, streams,
 * one or more threads.
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * peers -p bsk,dnnl .../peers_adapter.so */
#include "bsk.h"

#include <peers.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 16, CHUNKS_PER_THREAD = 12 };

typedef struct Handle Handle;
struct Handle {
  const Problem *problem;
  ResultKind kind;
  void *packed, *out;
  size_t out_bytes_each;
  const void *a;
  float pair[2];
  double error;
  uint64_t *counts;

  /* Workers claim chunks of rows or images from `next`; they sleep between runs. */
  int n_threads;
  size_t n_chunks, units;
  void (*chunk) (Handle *handle, int thread, size_t first, size_t end);
  void *scratch[MAX_THREADS];
  pthread_t worker[MAX_THREADS];
  sem_t go[MAX_THREADS], done;
  atomic_size_t next;
  atomic_bool quit;
};

typedef struct {
  Handle *handle;
  int thread;
} WorkerArgs;

static void *
allocate (size_t bytes)
{
  void *memory = aligned_alloc (BSK_ALIGN, (bytes + 2 * BSK_ALIGN) / BSK_ALIGN * BSK_ALIGN);

  if (!memory)
    abort ();
  memset (memory, 0, bytes);
  return memory;
}

static void
claim (Handle *h, int thread)
{
  size_t i;

  while ((i = atomic_fetch_add (&h->next, 1)) < h->n_chunks)
    h->chunk (h, thread, h->units * i / h->n_chunks, h->units * (i + 1) / h->n_chunks);
}

static void *
work (void *data)
{
  WorkerArgs args = *(WorkerArgs *) data;

  free (data);
  for (;;) {
    sem_wait (&args.handle->go[args.thread]);
    if (atomic_load (&args.handle->quit))
      return NULL;
    claim (args.handle, args.thread);
    sem_post (&args.handle->done);
  }
}

/* Splits `units` over the threads in chunks of at least `least`. */
static void
start_workers (Handle *h, int threads, size_t units, size_t least, size_t scratch_bytes)
{
  h->n_threads = threads < MAX_THREADS ? threads : MAX_THREADS;
  h->units = units;
  h->n_chunks = units / least < (size_t) h->n_threads * CHUNKS_PER_THREAD
                  ? units / least
                  : (size_t) h->n_threads * CHUNKS_PER_THREAD;
  if (h->n_chunks < 1 || h->n_threads == 1)
    h->n_chunks = 1;
  sem_init (&h->done, 0, 0);
  for (int i = 0; i < h->n_threads; i++) {
    h->scratch[i] = scratch_bytes ? allocate (scratch_bytes) : NULL;
    sem_init (&h->go[i], 0, 0);
    if (i > 0) {
      WorkerArgs *args = malloc (sizeof *args);

      *args = (WorkerArgs){ h, i };
      pthread_create (&h->worker[i], NULL, work, args);
    }
  }
}

static void
run_parallel (Handle *h)
{
  atomic_store (&h->next, 0);
  for (int i = 1; i < h->n_threads; i++)
    sem_post (&h->go[i]);
  claim (h, 0);
  for (int i = 1; i < h->n_threads; i++)
    sem_wait (&h->done);
}

static void
run (void *data)
{
  run_parallel (data);
}

static void
close_handle (void *data)
{
  Handle *h = data;

  atomic_store (&h->quit, true);
  for (int i = 1; i < h->n_threads; i++) {
    sem_post (&h->go[i]);
    pthread_join (h->worker[i], NULL);
  }
  for (int i = 0; i < h->n_threads; i++)
    free (h->scratch[i]);
  free (h->packed);
  free (h->out);
  free (h->counts);
  free (h);
}

static const void *
result (void *data, ResultKind *kind)
{
  Handle *h = data;

  *kind = h->kind;
  return h->out;
}

static void
gemm_chunk (Handle *h, int thread, size_t first, size_t end)
{
  const Problem *p = h->problem;

  (void) thread;
  bsk_gemm (h->packed, h->a, (size_t) p->k, h->out, (size_t) p->n, first, end);
}

static void
conv_image_chunk (Handle *h, int thread, size_t first, size_t end)
{
  const Problem *p = h->problem;
  size_t a_image = (size_t) p->h * (size_t) p->w * (size_t) p->cin;
  size_t c_image = (size_t) p->oh * (size_t) p->ow * (size_t) p->cout;

  bsk_conv (h->packed, (const char *) h->a + first * a_image, a_image,
            (char *) h->out + first * c_image, c_image, (size_t) p->cout, end - first, 0, p->oh,
            h->scratch[thread]);
}

static void
conv_row_chunk (Handle *h, int thread, size_t first, size_t end)
{
  const Problem *p = h->problem;

  bsk_conv (h->packed, h->a, 0, h->out, 0, (size_t) p->cout, 1, (int) first, (int) end,
            h->scratch[thread]);
}

static void *
product_open (const Problem *p, int threads, BskType a_type, BskType out_type, ResultKind kind)
{
  Handle *h = calloc (1, sizeof *h);
  BskGemmArgs args = {
    .n = p->n, .k = p->k, .w_scale = p->w_scale, .a_type = a_type, .out_type = out_type
  };
  BskStatus status;

  h->problem = p;
  h->kind = kind;
  h->a = a_type == BSK_U8 ? (const void *) p->au : p->as;
  args.a = a_type == BSK_U8 ? (BskQParams){ p->a_scale, p->au_zp, 0, 255 }
                            : (BskQParams){ p->a_scale, p->as_zp, -128, 127 };
  args.out = (BskQParams){ p->out_scale, p->out_zp_u8, 0, 255 };
  h->out_bytes_each = out_type == BSK_U8 ? 1 : 4;
  h->out = allocate ((size_t) p->m * (size_t) p->n * h->out_bytes_each + 64);
  if (p->op == OP_CONV) {
    BskConvShape s = { p->h, p->w, p->cin, p->cout, p->kh,  p->kw,  p->stride, p->stride,
                       1,    1,    p->pad, p->pad,  p->pad, p->pad, p->groups };

    h->packed = allocate (bsk_conv_bytes (&s, &args));
    status = bsk_conv_pack (&s, &args, p->w8, h->packed);
    h->chunk = p->batch > 1 ? conv_image_chunk : conv_row_chunk;
    start_workers (h, threads, (size_t) (p->batch > 1 ? p->batch : p->oh), p->batch > 1 ? 1 : 4,
                   status ? 0 : bsk_conv_scratch_bytes (h->packed));
  } else {
    h->packed = allocate (bsk_gemm_bytes (&args));
    status = bsk_gemm_pack (&args, p->w8, (size_t) p->k, h->packed);
    h->chunk = gemm_chunk;
    start_workers (h, threads, (size_t) p->m, 12, 0);
  }
  if (status == BSK_OK)
    return h;
  close_handle (h);
  return NULL;
}

static void *
open_u8 (const Problem *p, int threads)
{
  return product_open (p, threads, BSK_U8, BSK_U8, RES_U8);
}

static void *
open_s8 (const Problem *p, int threads)
{
  return product_open (p, threads, BSK_S8, BSK_U8, RES_U8);
}

static void *
open_u8_s32 (const Problem *p, int threads)
{
  return product_open (p, threads, BSK_U8, BSK_S32, RES_S32);
}

/* Binary. */
static void
bits_chunk (Handle *h, int thread, size_t first, size_t end)
{
  const Problem *p = h->problem;
  BskBitsArgs args = { .op = BSK_XOR, .offset = p->k, .factor = -2 };

  (void) thread;
  bsk_gemm_bits (h->packed, &args, p->abits, (size_t) p->k / 64, h->out, (size_t) p->n, first, end);
}

static void *
bits_open (const Problem *p, int threads)
{
  Handle *h = calloc (1, sizeof *h);

  h->problem = p;
  h->kind = RES_S32;
  h->out = allocate ((size_t) p->m * (size_t) p->n * 4);
  h->packed = allocate (bsk_bits_bytes (p->n, p->k));
  bsk_bits_pack (p->n, p->k, p->wbits, (size_t) p->k / 64, h->packed);
  h->chunk = bits_chunk;
  start_workers (h, threads, (size_t) p->m, 6, 0);
  return h;
}

/* Weights of 4 bits from the problem's 8-bit ones, a scale per channel or per group of 32. */
static void *
low_open (const Problem *p, int threads, int group)
{
  Handle *h = calloc (1, sizeof *h);
  int groups = group ? (p->k + group - 1) / group : 1;
  BskGemmArgs args = {
    .n = p->n, .k = p->k, .w_type = BSK_W_S4, .group = group, .a_type = BSK_U8, .out_type = BSK_F32
  };
  float *scale = malloc ((size_t) p->n * (size_t) groups * sizeof *scale);
  int8_t *w = malloc ((size_t) p->n * (size_t) p->k);

  for (int i = 0; i < p->n * groups; i++)
    scale[i] = p->w_scale[i / groups] * (127.0f / 7);
  for (size_t i = 0; i < (size_t) p->n * (size_t) p->k; i++)
    w[i] = (int8_t) ((p->w8[i] * 7 + (p->w8[i] < 0 ? -63 : 63)) / 127);
  args.w_scale = scale;
  args.a = (BskQParams){ p->a_scale, p->au_zp, 0, 255 };
  h->problem = p;
  h->kind = RES_F32_Q4;
  h->a = p->au;
  h->out = allocate ((size_t) p->m * (size_t) p->n * 4 + 64);
  h->packed = allocate (bsk_gemm_bytes (&args));
  bsk_gemm_pack (&args, w, (size_t) p->k, h->packed);
  h->chunk = gemm_chunk;
  start_workers (h, threads, (size_t) p->m, 12, 0);
  free (scale);
  free (w);
  return h;
}

static void *
open_w4 (const Problem *p, int threads)
{
  return low_open (p, threads, 0);
}

static void *
open_w4_groups (const Problem *p, int threads)
{
  return low_open (p, threads, 32);
}

/* Streams. */
static void
stream_run (void *data)
{
  Handle *h = data;
  const Problem *p = h->problem;
  BskQParams params = { p->q_scale, p->q_zp, -128, 127 };
  BskStats stats;

  switch (p->op) {
  case OP_QUANT:
    bsk_quantize (p->x, p->count, &params, BSK_S8, h->out);
    break;
  case OP_DEQUANT:
    bsk_dequantize (p->q, p->count, &params, BSK_S8, h->out);
    break;
  case OP_MINMAX:
    bsk_minmax (p->x, p->count, &h->pair[0], &h->pair[1], NULL);
    break;
  case OP_HIST:
    memset (h->counts, 0, (size_t) p->bins * sizeof *h->counts);
    bsk_histogram (p->x, p->count, p->lo, p->hi, p->bins, h->counts);
    break;
  default:
    bsk_stats_init (&stats);
    bsk_error (p->x, p->count, &params, &stats);
    h->error = stats.err_sq;
  }
}

static void *
stream_open (const Problem *p, int threads)
{
  Handle *h;

  if (threads > 1)
    return NULL;
  h = calloc (1, sizeof *h);
  h->problem = p;
  h->n_threads = 1;
  h->out = allocate (p->count * 4);
  h->counts = calloc ((size_t) p->bins + 1, sizeof *h->counts);
  return h;
}

static const void *
stream_result (void *data, ResultKind *kind)
{
  Handle *h = data;

  *kind = RES_F32;
  switch (h->problem->op) {
  case OP_MINMAX:
    return h->pair;
  case OP_HIST:
    return h->counts;
  case OP_QERR:
    return &h->error;
  default:
    return h->out;
  }
}

/* The error sweep, 32 settings: element-settings per second are 32 times what the column shows. */
static void
sweep_run (void *data)
{
  enum { N_SETTINGS = 32 };
  Handle *h = data;
  const Problem *p = h->problem;
  BskQParams settings[N_SETTINGS];
  double err_sq[N_SETTINGS] = { 0 };

  for (int i = 0; i < N_SETTINGS; i++)
    settings[i] = (BskQParams){ p->q_scale * (1 + (float) i / 32), p->q_zp, -128, 127 };
  bsk_error_sweep (p->x, p->count, settings, N_SETTINGS, err_sq, NULL);
  h->error = err_sq[0];
}

static const Peer table[] = {
  { "bsk u8>u8", 1u << OP_GEMM | 1u << OP_CONV, open_u8, run, result, close_handle },
  { "bsk s8>u8", 1u << OP_GEMM | 1u << OP_CONV, open_s8, run, result, close_handle },
  { "bsk u8s32", 1u << OP_GEMM | 1u << OP_CONV, open_u8_s32, run, result, close_handle },
  { "bsk", 1u << OP_QUANT | 1u << OP_DEQUANT | 1u << OP_MINMAX | 1u << OP_HIST | 1u << OP_QERR,
    stream_open, stream_run, stream_result, close_handle },
  { "bsk w4", 1u << OP_GEMM, open_w4, run, result, close_handle },
  { "bsk w4g32", 1u << OP_GEMM, open_w4_groups, run, result, close_handle },
  { "bsk bits", 1u << OP_BGEMM, bits_open, run, result, close_handle },
  { "bsk sweep32", 1u << OP_QERR, stream_open, sweep_run, stream_result, close_handle },
};

__attribute__ ((visibility ("default"))) const Peer *
adapter_peers (int *count)
{
  *count = sizeof table / sizeof *table;
  return table;
}
