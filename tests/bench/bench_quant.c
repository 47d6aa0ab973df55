/* Bench: quantizing and measuring one large tensor in every family, on one core, against the speed
 * of reading it. Usage: bench_quant [MI_ELEMENTS]
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/memory.h"
#include "quant/encoding.h"
#include "quant/round.h"
#include "quant/sweep.h"

#include <bsk.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 2
#define N_SETTINGS 16

static float *
make (gsize n)
{
  float *x = bs_memory_new (n * sizeof *x);

  for (gsize i = 0; i < n; i++) { /* sum of twelve uniform numbers: nearly normal, cheap */
    guint64 sum = 0;
    for (guint64 k = 0; k < 3; k++) {
      guint64 r = bs_hash64 (3 * i + k);
      sum += (r >> 48) + (r >> 32 & 0xFFFF) + (r >> 16 & 0xFFFF) + (r & 0xFFFF);
    }
    x[i] = (float) ((double) sum / 65536 - 6);
  }
  return x;
}

/* read_all: one pass that needs every value: what memory allows. */
static double
read_all (const float *x, gsize n)
{
  float lo, hi;

  bsk_minmax (x, n, &lo, &hi, NULL);
  return hi - lo;
}

static volatile double sink;

/* seconds: of processor time of this thread: a busy machine counts less. */
static double
seconds (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void
report (const char *what, gsize n, double best_seconds, double read_seconds, double passes)
{
  printf ("{\"what\": \"%s\", \"melements_per_s\": %.0f, \"gb_per_s_per_pass\": %.1f, "
          "\"share_of_read\": %.2f}\n",
          what, (double) n / best_seconds * 1e-6, (double) n * 4 * passes / best_seconds * 1e-9,
          read_seconds * passes / best_seconds);
  fflush (stdout);
}

/* sweep: of clipping thresholds for 8 bits, 40 % of the range and up; or of widths. */
static void
sweep (const float *x, gsize n, gboolean thresholds, double read_seconds)
{
  BsSpec specs[N_SETTINGS];
  double mse[N_SETTINGS], best = INFINITY;

  for (guint i = 0; i < N_SETTINGS; i++) {
    double end = 5.5 * (0.4 + 0.04 * i);
    g_autofree char *text = thresholds
                              ? g_strdup_printf ("int8:fixed=-%.2f,%.2f", end, end)
                              : g_strdup_printf ("%s%u", i % 2 ? "uint" : "int", i / 2 + 2);
    g_assert (bs_spec_parse (text, &specs[i], NULL));
  }
  for (guint r = 0; r < ROUNDS; r++) {
    double start = seconds ();
    bs_quant_error_sweep (specs, N_SETTINGS, x, n, "x", mse, NULL);
    best = MIN (best, seconds () - start);
  }
  printf ("{\"what\": \"sweep of 16 %s\", \"seconds\": %.3f, \"in_passes\": %.2f, "
          "\"gsettings_per_s\": %.1f}\n",
          thresholds ? "thresholds" : "widths", best, best / read_seconds,
          (double) n * N_SETTINGS / best * 1e-9);
}

int
main (int argc, char **argv)
{
  static const char *const streamed[] = { "int8",         "int4",           "uint8",
                                          "int4:channel", "int4:group=128", "int4:group=32" };
  static const char *const encoded[] = { "int8:round=half-away",
                                         "nf4",
                                         "fp8e4m3",
                                         "fp4e2m1",
                                         "fp16",
                                         "mxfp4",
                                         "mxfp8e4m3",
                                         "mxint8",
                                         "nvfp4",
                                         "lloyd-4",
                                         "lloyd-8",
                                         "apot-5",
                                         "kmeans-4",
                                         "kmeans-8",
                                         "pow2-4",
                                         "mulaw-8",
                                         "binary",
                                         "ternary" };
  gsize n = (argc > 1 ? strtoul (argv[1], NULL, 10) : 64) << 20;
  gint64 dims[] = { 1024, (gint64) (n / 1024) };
  float *x = make (n);
  double read_seconds = INFINITY;

  for (guint r = 0; r < ROUNDS + 2; r++) {
    double start = seconds ();
    sink = read_all (x, n);
    read_seconds = MIN (read_seconds, seconds () - start);
  }
  printf ("{\"level\": \"%s\", \"elements\": %" G_GSIZE_FORMAT "}\n", bsk_level_name (), n);
  report ("read", n, read_seconds, read_seconds, 1);
  for (guint i = 0; i < G_N_ELEMENTS (streamed); i++) {
    double best = INFINITY;
    BsSpec spec;
    g_assert (bs_spec_parse (streamed[i], &spec, NULL));
    for (guint r = 0; r < ROUNDS; r++) {
      BsErrorSums sums = { 0 };
      double start = seconds ();
      bs_quant_error (&spec, x, dims, 2, 0, NULL, "x", &sums, NULL);
      best = MIN (best, seconds () - start);
      sink = sums.sum_sq_err;
    }
    g_autofree char *what = g_strdup_printf ("error %s", streamed[i]);
    report (what, n, best, read_seconds, 2);
  }
  sweep (x, n, TRUE, read_seconds);
  sweep (x, n, FALSE, read_seconds);
  for (guint i = 0; i < G_N_ELEMENTS (encoded); i++) {
    double best = INFINITY;
    BsSpec spec;
    g_assert (bs_spec_parse (encoded[i], &spec, NULL));
    for (guint r = 0; r < ROUNDS; r++) {
      double start = seconds ();
      BsErrorSums sums = { 0 };
      bs_quant_error (&spec, x, dims, 2, 0, NULL, "x", &sums, NULL);
      best = MIN (best, seconds () - start);
      sink = sums.sum_sq_err;
    }
    g_autofree char *what = g_strdup_printf ("error %s", encoded[i]);
    report (what, n, best, read_seconds, 1);
  }
  free (x);
  return 0;
}
