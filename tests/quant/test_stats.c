/* Tests of streamed statistics, exact quantiles and error measures.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/measure.h"
#include "quant/quantile.h"
#include "quant/range.h"
#include "quant/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 3000

static guint32 state = 12345;

static float
random_value (void)
{
  state = state * 1664525u + 1013904223u;
  float u = (float) (state >> 8) / 16777216.0f - 0.5f;
  return u * u * u * 40;
}

static void
fill (float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    x[i] = random_value ();
}

/* Any cut into shards and any order of values gives the same bins; sums agree to rounding. */
static void
test_merge (void)
{
  g_autofree float *x = g_new (float, N);
  g_autofree BsStats *whole = g_new (BsStats, 1), *parts = g_new (BsStats, 1),
                     *part = g_new (BsStats, 1);

  fill (x, N);
  x[7] = 0;
  x[N - 1] = 1000; /* widens late */
  bs_stats_init (whole);
  for (guint i = 0; i < 10; i++)
    bs_stats_add (whole, x + i * N / 10, N / 10);
  bs_stats_init (parts);
  for (guint i = 0; i < 10; i += 2) {
    bs_stats_init (part);
    bs_stats_add (part, x + i * N / 10, N / 10);
    bs_stats_add (part, x + (i + 1) * N / 10, N / 10);
    bs_stats_merge (parts, part);
  }
  g_assert_cmpuint (parts->count, ==, N);
  g_assert_cmpmem (parts->bins, sizeof parts->bins, whole->bins, sizeof whole->bins);
  g_assert_cmpfloat (parts->bin_width, ==, whole->bin_width);
  g_assert_cmpfloat (parts->bin_width, ==,
                     0.5); /* 2048 · 0.5 = 1024 is the first power of two above 1000 */
  g_assert_cmpfloat_with_epsilon (parts->average_max, whole->average_max, 1e-9);
  g_assert_cmpfloat_with_epsilon (parts->average_min, whole->average_min, 1e-9);
  g_assert_cmpmem (parts->batch_max, sizeof parts->batch_max[0] * 10, whole->batch_max,
                   sizeof whole->batch_max[0] * 10);
  g_assert_cmpfloat_with_epsilon (parts->sum_sq, whole->sum_sq, 1e-6);

  double lo, hi;
  g_assert_true (bs_stats_average (whole, 1, &lo, &hi)); /* constant 1: the last batch */
  g_assert_cmpfloat (hi, ==, 1000);
}

static void
test_edges (void)
{
  g_autofree BsStats *stats = g_new (BsStats, 1);
  const float odd[] = { NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MAX, -FLT_MAX, 1e-45f, -1e-45f };

  bs_stats_init (stats);
  bs_stats_add (stats, NULL, 0);
  g_assert_cmpuint (stats->count, ==, 0);
  g_assert_true (isnan (bs_stats_quantile (stats, 0.5)));
  bs_stats_add (stats, odd + 3, 2);
  g_assert_cmpfloat (stats->bin_width, ==, 0);
  g_assert_cmpfloat (bs_stats_quantile (stats, 0.5), ==, 0);
  bs_stats_add (stats, odd, G_N_ELEMENTS (odd));
  g_assert_cmpuint (stats->count, ==, 8);
  g_assert_cmpuint (stats->n_nan, ==, 1);
  g_assert_cmpuint (stats->n_pos_inf + stats->n_neg_inf, ==, 2);
  guint64 sum = 0;
  for (guint i = 0; i < BS_STATS_BINS; i++)
    sum += stats->bins[i];
  g_assert_cmpuint (sum, ==, 8);
  g_assert_cmpfloat (bs_stats_quantile (stats, 0), ==, -FLT_MAX);
  g_assert_cmpfloat (bs_stats_quantile (stats, 1), ==, FLT_MAX);

  bs_stats_init (stats); /* from denormals up to the largest: the doublings exceed any shift */
  bs_stats_add (stats, odd + 7, 2);
  bs_stats_add (stats, odd + 5, 1);
  g_assert_cmpuint (stats->bins[BS_STATS_BINS / 2 - 1], ==, 1);
  g_assert_cmpuint (stats->bins[BS_STATS_BINS / 2], ==, 1);
}

/* Each value in the bin that holds it: also on edges, and a hair below them. */
static void
test_bins (void)
{
  g_autofree BsStats *stats = g_new (BsStats, 1);
  g_autofree float *x = g_new (float, N);
  guint64 expected[BS_STATS_BINS] = { 0 };

  fill (x, N);
  x[0] = 1.5f * BS_STATS_BINS / 2; /* bins are 2 wide */
  for (guint i = 1; i < N; i++)
    switch (i % 4) {
    case 0:
      x[i] = 2 * roundf (x[i]);
      break;
    case 1:
      x[i] = nextafterf (2 * roundf (x[i]), -INFINITY);
      break;
    case 2:
      x[i] = ldexpf (i % 8 == 2 ? -1 : 1, -(int) (i % 140));
      break;
    default:
      break;
    }
  bs_stats_init (stats);
  bs_stats_add (stats, x, N);
  g_assert_cmpfloat (stats->bin_width, ==, 2);
  for (guint i = 0; i < N; i++)
    expected[(int) floor (x[i] / 2.0) + BS_STATS_BINS / 2]++;
  g_assert_cmpmem (stats->bins, sizeof stats->bins, expected, sizeof expected);
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

static void
test_quantiles (void)
{
  g_autofree float *x = g_new (float, N), *sorted = g_new (float, N);
  g_autofree BsStats *stats = g_new (BsStats, 1);

  fill (x, N);
  for (guint i = 0; i < 500; i++)
    x[i] = 0.25f; /* many equal ones */
  memcpy (sorted, x, N * sizeof *x);
  qsort (sorted, N, sizeof *sorted, compare);
  bs_stats_init (stats);
  bs_stats_add (stats, x, N);
  for (guint i = 0; i <= 97; i++) {
    double share = i / 97.0, at = (N - 1) * share;
    guint low = (guint) at;
    double expected =
      sorted[low] + ((double) sorted[MIN (low + 1, N - 1)] - sorted[low]) * (at - low);
    g_assert_cmpfloat_with_epsilon (bs_quantile (x, N, FALSE, share), expected, 1e-12);
    double streamed = bs_stats_quantile (stats, share); /* knows its neighbours only to a bin */
    g_assert_cmpfloat (streamed, >=, sorted[low] - stats->bin_width);
    g_assert_cmpfloat (streamed, <=, sorted[MIN (low + 1, N - 1)] + stats->bin_width);
  }
  for (guint i = 0; i < N; i++)
    sorted[i] = fabsf (x[i]);
  qsort (sorted, N, sizeof *sorted, compare);
  g_assert_cmpfloat (bs_quantile (x, N, TRUE, 1), ==, sorted[N - 1]);
  g_assert_cmpfloat (bs_quantile (x, N, TRUE, 0), ==, sorted[0]);
  g_assert_cmpfloat (bs_quantile (x, 1, TRUE, 0.3), ==, sorted[0] < 0 ? 0 : fabsf (x[0]));
}

static void
test_measures (void)
{
  const float x[] = { 1, 2, 3, NAN }, y[] = { 1, 2, 4, 0 }, zero[4] = { 0 };
  BsErrorSums sums = { 0 }, halves = { 0 }, half = { 0 };

  bs_error_sums_add (&sums, x, y, 4);
  bs_error_sums_add (&halves, x, y, 2);
  bs_error_sums_add (&half, x + 2, y + 2, 2);
  bs_error_sums_merge (&halves, &half);
  g_assert_cmpmem (&halves, sizeof halves, &sums, sizeof sums);
  g_assert_cmpuint (sums.n_not_finite, ==, 1);
  g_assert_cmpfloat (bs_error_mse (&sums), ==, 1.0 / 3);
  g_assert_cmpfloat_with_epsilon (bs_error_sqnr_db (&sums), 10 * log10 (14), 1e-12);
  g_assert_cmpfloat (bs_error_mean (&sums), ==, 1.0 / 3);

  for (int magnitude = -38; magnitude <= 38; magnitude += 19) { /* squares beyond float, too */
    float a[1000], b[1000];
    BsErrorSums exact = { 0 }, fast = { 0 };
    for (guint i = 0; i < G_N_ELEMENTS (a); i++) {
      a[i] = (float) (sin (i) * pow (10, magnitude));
      b[i] = a[i] * (i % 100 == 7 ? NAN : 1 + 0.01f * (float) cos (3 * i));
    }
    bs_error_sums_add (&exact, a, b, G_N_ELEMENTS (a));
    bs_error_sums_compare (&fast, a, b, G_N_ELEMENTS (a));
    g_assert_cmpuint (fast.count, ==, exact.count);
    g_assert_cmpuint (fast.n_not_finite, ==, exact.n_not_finite);
    g_assert_cmpfloat_with_epsilon (bs_error_sqnr_db (&fast), bs_error_sqnr_db (&exact), 1e-4);
    g_assert_cmpfloat_with_epsilon (bs_error_cosine (&fast), bs_error_cosine (&exact), 1e-6);
    g_assert_cmpfloat_with_epsilon (fast.max_abs / exact.max_abs, 1, 1e-6);
  }

  BsErrorSums none = { 0 };
  bs_error_sums_add (&none, zero, zero, 4);
  g_assert_true (isinf (bs_error_sqnr_db (&none)) && bs_error_sqnr_db (&none) > 0);
  g_assert_cmpfloat (bs_error_cosine (&none), ==, 1);
  BsErrorSums no_signal = { 0 };
  bs_error_sums_add (&no_signal, zero, y, 4);
  g_assert_true (isinf (bs_error_sqnr_db (&no_signal)) && bs_error_sqnr_db (&no_signal) < 0);
  g_assert_cmpfloat (bs_error_cosine (&no_signal), ==, 0);

  const float logits[] = { NAN, 1, 3, 3, -1 }, shifted[] = { 1001, 1003, 1003, 999 };
  g_assert_cmpuint (bs_argmax (logits, 5), ==, 2);
  g_assert_cmpuint (bs_rank (logits, 5, 3), ==, 1);
  g_assert_cmpfloat_with_epsilon (bs_kl_divergence (logits + 1, shifted, 1, 4), 0, 1e-12);

  double lo, hi;
  bs_wilson_interval (81, 263, &lo, &hi); /* Newcombe 1998, table I: 0.2553 … 0.3662 */
  g_assert_cmpfloat_with_epsilon (lo, 0.2553, 5e-5);
  g_assert_cmpfloat_with_epsilon (hi, 0.3662, 5e-5);
  bs_wilson_interval (0, 20, &lo, &hi); /* the same: 0 … 0.1611 */
  g_assert_cmpfloat (lo, ==, 0);
  g_assert_cmpfloat_with_epsilon (hi, 0.1611, 5e-5);
  bs_wilson_interval (0, 0, &lo, &hi);
  g_assert_cmpfloat (hi, ==, 1);
}

static void
kl_interval (const BsStats *stats, const char *text, BsInterval *out)
{
  BsSpec spec;

  g_assert_true (bs_spec_parse (text, &spec, NULL));
  g_assert_true (bs_range_choose (stats, &spec, "x", out, NULL));
}

/* What the entropy rule found is kept, for each width, until more values come. */
static void
test_kl_kept (void)
{
  static const char *const texts[] = { "int8:kl", "int4:kl", "uint8:kl", "uint13:kl" };
  g_autofree BsStats *stats = g_new (BsStats, 1), *fresh = g_new (BsStats, 1),
                     *more = g_new (BsStats, 1);
  g_autofree float *x = g_new (float, N);
  BsInterval first, again;

  fill (x, N);
  bs_stats_init (stats);
  bs_stats_add (stats, x, N / 2);
  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
      memcpy (fresh, stats, sizeof *fresh);
      memset (fresh->kl_bins, 0, sizeof fresh->kl_bins);
      kl_interval (fresh, texts[i], &first);
      for (guint k = 0; k < 2; k++) {
        kl_interval (stats, texts[i], &again);
        g_assert_cmpmem (&again, sizeof again, &first, sizeof first);
      }
    }
    g_assert_cmpint (stats->kl_bins[7], >, 0);
    if (round == 0) {
      bs_stats_add (stats, x + N / 2, N / 4);
    } else {
      bs_stats_init (more);
      bs_stats_add (more, x + N * 3 / 4, N / 4);
      bs_stats_merge (stats, more);
    }
    g_assert_cmpint (stats->kl_bins[7], ==, 0);
  }
}

/* The definition, number by number. */
static double
kl_of (const float *ref, const float *test, guint n)
{
  double sum_ref = 0, sum_test = 0, kl = 0;

  for (guint i = 0; i < n; i++) {
    sum_ref += exp ((double) ref[i]);
    sum_test += exp ((double) test[i]);
  }
  for (guint i = 0; i < n; i++) {
    double p = exp ((double) ref[i]) / sum_ref, q = exp ((double) test[i]) / sum_test;
    kl += p > 0 ? p * log (p / q) : 0;
  }
  return kl;
}

static void
test_divergence (void)
{
  float ref[40], test[40];

  for (guint n = 1; n <= G_N_ELEMENTS (ref); n++) {
    for (guint i = 0; i < n; i++) {
      ref[i] = (float) g_random_double_range (-8, 8);
      test[i] = (float) g_random_double_range (-8, 8);
    }
    g_assert_cmpfloat_with_epsilon (bs_kl_divergence (ref, test, 1, n), kl_of (ref, test, n),
                                    1e-11);
    double sum = 0;
    for (guint i = 0; i < n; i++)
      sum += exp ((double) ref[i]);
    g_assert_cmpfloat_with_epsilon (bs_negative_log_likelihood (ref, n, n / 2),
                                    log (sum) - ref[n / 2], 1e-11);
    if (n == 1)
      continue;
    ref[n - 1] = -INFINITY; /* cannot be: adds nothing, even where the other says it can */
    g_assert_cmpfloat_with_epsilon (bs_kl_divergence (ref, test, 1, n), kl_of (ref, test, n),
                                    1e-11);
    test[0] = -INFINITY;
    g_assert_true (isinf (bs_kl_divergence (ref, test, 1, n)));
    test[0] = NAN;
    g_assert_true (isnan (bs_kl_divergence (ref, test, 1, n)));
  }
}

/* Rows around the number that is handled at once; the last ones have a class that cannot be. */
static void
test_divergence_of_rows (void)
{
  enum { ROWS = 40, CLASSES = 10 };
  float ref[ROWS * CLASSES], test[ROWS * CLASSES];

  for (guint i = 0; i < G_N_ELEMENTS (ref); i++) {
    ref[i] = (float) g_random_double_range (-8, 8);
    test[i] = (float) g_random_double_range (-8, 8);
  }
  for (guint row = ROWS - 3; row < ROWS; row++)
    ref[row * CLASSES + row % CLASSES] = -INFINITY;
  for (guint rows = 1; rows <= ROWS; rows++) {
    double sum = 0;
    for (guint row = 0; row < rows; row++)
      sum += kl_of (ref + row * CLASSES, test + row * CLASSES, CLASSES);
    g_assert_cmpfloat_with_epsilon (bs_kl_divergence (ref, test, rows, CLASSES), sum, 1e-10);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stats/merge", test_merge);
  g_test_add_func ("/stats/edges", test_edges);
  g_test_add_func ("/stats/bins", test_bins);
  g_test_add_func ("/stats/quantiles", test_quantiles);
  g_test_add_func ("/stats/kl-kept", test_kl_kept);
  g_test_add_func ("/measure/sums", test_measures);
  g_test_add_func ("/measure/divergence", test_divergence);
  g_test_add_func ("/measure/divergence-of-rows", test_divergence_of_rows);
  return g_test_run ();
}
