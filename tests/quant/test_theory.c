/* Tests against theory: optimal quantizers, analytical clipping, expected noise of every format.
 * Values: quadrature and Newton's method, cross-checked by simulation; unit variance sources.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/aciq.h"
#include "quant/density.h"
#include "quant/encoding.h"
#include "quant/measure.h"
#include "quant/minifloat.h"
#include "quant/powers.h"
#include "quant/quant.h"
#include "quant/sweep.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include <math.h>
#include <string.h>

#define SAMPLED_DB (-1.0) /* three deviations of the sample */
#define SEED 20240901
#define N_SAMPLES (1 << 18)

/* Tables are printed with 10 digits. */
#define EXACT 1e-8

typedef struct {
  guint n;
  double mse;
} Optimum;

/* Table A: Max 1960, Lloyd 1982. */
static const Optimum lloyd_max[2][12] = {
  [BS_DENSITY_NORMAL] = { { 2, 0.3633802276 },
                          { 3, 0.1901740392 },
                          { 4, 0.1174818478 },
                          { 5, 0.07994112709 },
                          { 6, 0.05797765372 },
                          { 7, 0.0440003825 },
                          { 8, 0.03454776079 },
                          { 16, 0.009501008008 },
                          { 32, 0.002504668356 },
                          { 64, 0.0006442396653 },
                          { 128, 0.00016347823 },
                          { 256, 4.118508287e-05 } },
  [BS_DENSITY_LAPLACE] = { { 2, 0.5 },
                           { 3, 0.2642411177 },
                           { 4, 0.1761948811 },
                           { 5, 0.1198064292 },
                           { 6, 0.08986830611 },
                           { 7, 0.06808750371 },
                           { 8, 0.05447598791 },
                           { 16, 0.01537252706 },
                           { 32, 0.004102179988 },
                           { 64, 0.001060952288 },
                           { 128, 0.0002698737736 },
                           { 256, 6.806173968e-05 } },
};

static void
assert_near (double value, double expected, double tolerance)
{
  if (fabs (value - expected) > tolerance * fabs (expected))
    g_error ("%.12g, expected %.12g within %g", value, expected, tolerance);
}

static void
test_lloyd_max (void)
{
  static const double normal_16[] = { 0.1283950299, 0.3880482995, 0.6567591185, 0.9423404565,
                                      1.256231197,  1.618046386,  2.069017227,  2.732589571 };
  static const double laplace_8[] = { 0.2334009167, 0.8329617764, 1.672473256, 3.086686818 };
  double levels[256];

  for (guint d = 0; d < 2; d++)
    for (guint i = 0; i < G_N_ELEMENTS (lloyd_max[d]); i++)
      assert_near (bs_density_lloyd_max ((BsDensity) d, lloyd_max[d][i].n, levels),
                   lloyd_max[d][i].mse, EXACT);
  bs_density_lloyd_max (BS_DENSITY_NORMAL, 16, levels);
  for (guint i = 0; i < 8; i++)
    assert_near (levels[8 + i], normal_16[i], EXACT);
  bs_density_lloyd_max (BS_DENSITY_LAPLACE, 8, levels);
  for (guint i = 0; i < 4; i++)
    assert_near (levels[4 + i], laplace_8[i], EXACT);

  /* Slope of table A, 2 … 8 bits: 5.78 dB a bit within 0.01. */
  double sum_xy = 0, sum_xx = 0;
  for (int bits = 2; bits <= 8; bits++) {
    double db = -10 * log10 (bs_density_lloyd_max (BS_DENSITY_NORMAL, 1u << bits, levels));
    sum_xy += (bits - 5) * db;
    sum_xx += (bits - 5) * (bits - 5);
  }
  g_assert_cmpfloat_with_epsilon (sum_xy / sum_xx, 5.78, 0.01);
}

/* least_mse: over all scales of a level table: a grid over the logarithm, then golden section. */
static double
least_mse (BsDensity density, const double *unit, guint n, double low, double high, double *scale)
{
  const double ratio = 0.6180339887498949;
  double levels[512], best = INFINITY, a = 0, b = 0, step = log (high / low) / 200;

  for (guint i = 0; i <= 200; i++) {
    double s = low * exp (step * i);
    for (guint l = 0; l < n; l++)
      levels[l] = unit[l] * s;
    double d = bs_density_mse (density, levels, n);
    if (d < best) {
      best = d;
      *scale = s;
      a = s * exp (-step);
      b = s * exp (step);
    }
  }
  for (guint i = 0; i < 60; i++) {
    double at[2] = { b - ratio * (b - a), a + ratio * (b - a) }, d[2];
    for (guint k = 0; k < 2; k++) {
      for (guint l = 0; l < n; l++)
        levels[l] = unit[l] * at[k];
      d[k] = bs_density_mse (density, levels, n);
      if (d[k] < best) {
        best = d[k];
        *scale = at[k];
      }
    }
    if (d[0] <= d[1])
      b = at[1];
    else
      a = at[0];
  }
  return best;
}

/* Table B: optimal uniform quantizers without a level at 0 (Max, table II). */
static void
test_uniform (void)
{
  static const double expected[2][8] = {
    [BS_DENSITY_NORMAL] = { 0.3633802276, 0.1188460504, 0.03743965939, 0.01154288443,
                            0.003495211362, 0.001040045409, 0.0003043327708, 8.768618578e-05 },
    [BS_DENSITY_LAPLACE] = { 0.5, 0.1963022633, 0.07174779628, 0.02535097462, 0.008713220682,
                             0.002913430709, 0.0009485970059, 0.000301420327 },
  };
  double unit[256], step;

  for (guint d = 0; d < 2; d++)
    for (guint bits = 1; bits <= 8; bits++) {
      guint n = 1u << bits;
      for (guint i = 0; i < n; i++)
        unit[i] = i - (n - 1) / 2.0;
      assert_near (least_mse ((BsDensity) d, unit, n, 0.01, 4, &step), expected[d][bits - 1],
                   EXACT);
      if (d == BS_DENSITY_NORMAL && bits == 3)
        assert_near (step, 0.5860194474, 1e-6);
    }
}

/* Table C: the best clip for the program's own integer codes, in theory and as the MSE rule finds
 * it. */
static void
test_integers (void)
{
  static const double restricted[2][7] = {
    [BS_DENSITY_NORMAL] = { 0.1901740392, 0.04685997439, 0.01288938591, 0.003693219772,
                            0.001069289121, 0.0003086217856, 8.830803072e-05 },
    [BS_DENSITY_LAPLACE] = { 0.2642411177, 0.08308651876, 0.02739522219, 0.009085129329,
                             0.002979514934, 0.0009599429178, 0.0003033017058 },
  };
  static const double full[7] = { 0.1494310651,   0.04063824659,  0.01186403771,  0.003525958579,
                                  0.001042853327, 0.000304578542, 8.770692197e-05 };
  double unit[256], scale;

  for (guint bits = 2; bits <= 8; bits++) {
    int qmax = (1 << (bits - 1)) - 1;
    for (int q = -qmax - 1; q <= qmax; q++)
      unit[q + qmax + 1] = q;
    for (guint d = 0; d < 2; d++)
      assert_near (least_mse ((BsDensity) d, unit + 1, 2 * (guint) qmax + 1, 0.01, 4, &scale),
                   restricted[d][bits - 2], EXACT);
    assert_near (least_mse (BS_DENSITY_NORMAL, unit, 2 * (guint) qmax + 2, 0.01, 4, &scale),
                 full[bits - 2], EXACT);
  }
}

typedef enum { SOURCE_NORMAL, SOURCE_LAPLACE } Source;

static float *
draw (Source source, gsize n)
{
  gsl_rng *rng = gsl_rng_alloc (gsl_rng_mt19937);
  float *x = g_new (float, n);

  g_test_message ("mt19937, seed %d", SEED);
  gsl_rng_set (rng, SEED);
  for (gsize i = 0; i < n; i++)
    x[i] = (float) (source == SOURCE_NORMAL ? gsl_ran_gaussian_ziggurat (rng, 1)
                                            : gsl_ran_laplace (rng, M_SQRT1_2));
  gsl_rng_free (rng);
  return x;
}

/* sqnr: of quantizing x; deviation: of that figure, as a sample of n, from the measured kurtosis of
 * noise and signal: 4.343 √((kurtosis − 1) / n) each. */
static double
sqnr (const char *text, const float *x, gsize n, double *deviation)
{
  BsSpec spec;
  BsErrorSums sums = { 0 };
  const gint64 dims[] = { (gint64) n };
  double x4 = 0, err4 = 0;
  g_autoptr (GError) error = NULL;

  if (!bs_spec_parse (text, &spec, &error))
    g_error ("%s", error->message);
  g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 1, 0, NULL, "x", &error);
  g_assert_no_error (error);
  bs_error_sums_add (&sums, x, quant->values, n);
  for (gsize i = 0; i < n; i++) {
    double e = (double) quant->values[i] - x[i];
    x4 += (double) x[i] * x[i] * x[i] * x[i];
    err4 += e * e * e * e;
  }
  double kurtosis = (double) n * (x4 / (sums.sum_sq_x * sums.sum_sq_x) +
                                  err4 / (sums.sum_sq_err * sums.sum_sq_err));
  if (deviation != NULL)
    *deviation = 4.343 * sqrt ((kurtosis - 2) / (double) n);
  return bs_error_sqnr_db (&sums);
}

static void
check_db (const char *text, const float *x, gsize n, double expected, double tolerance)
{
  double deviation, db = sqnr (text, x, n, &deviation);

  if (tolerance == SAMPLED_DB) /* the tables have three digits */
    tolerance = 3 * deviation + 0.001;
  if (fabs (db - expected) > tolerance)
    g_error ("%s: %.4f dB, expected %.4f within %.3f", text, db, expected, tolerance);
}

static void
test_mse_rule (void)
{
  static const double normal[] = { 7.2085, 13.2920, 18.8977, 24.3259, 29.7090, 35.1057, 40.5400 };
  static const double laplace[] = { 5.7800, 10.8047, 15.6233, 20.4167, 25.2585, 30.1775, 35.1813 };
  g_autofree float *x = draw (SOURCE_NORMAL, N_SAMPLES), *y = draw (SOURCE_LAPLACE, N_SAMPLES);

  for (guint bits = 2; bits <= 8; bits += 2) {
    g_autofree char *text = g_strdup_printf ("int%u:mse", bits);
    check_db (text, x, N_SAMPLES, normal[bits - 2], SAMPLED_DB);
    check_db (text, y, N_SAMPLES, laplace[bits - 2], SAMPLED_DB);
  }
  check_db ("kmeans-4", x, N_SAMPLES, 20.2223, SAMPLED_DB);
  check_db ("lloyd-4", x, N_SAMPLES, 20.2223, SAMPLED_DB);
  check_db ("lloyd-3:laplace=1", y, N_SAMPLES, 12.6379, SAMPLED_DB);
}

static void
test_aciq (void)
{
  static const double normal[] = { 1.239905271, 1.710635168, 2.151592745, 2.559136462,
                                   2.936200612, 3.286914215, 3.615114215, 3.92403549 };
  static const double laplace[] = { 1.862816864, 2.830682989, 3.897229465, 5.028640136,
                                    6.204766334, 7.413126214, 8.645619984, 9.89675977 };

  for (guint bits = 1; bits <= 8; bits++) {
    assert_near (bs_aciq_alpha (BS_ACIQ_GAUSS, bits), normal[bits - 1], 1e-9);
    assert_near (bs_aciq_alpha (BS_ACIQ_LAPLACE, bits), laplace[bits - 1], 1e-9);
  }
  /* At 4 bits the model's threshold costs little against the best one for the data. */
  g_autofree float *y = draw (SOURCE_LAPLACE, N_SAMPLES);
  g_assert_cmpfloat (sqnr ("int4:aciq", y, N_SAMPLES, NULL), >,
                     sqnr ("int4:mse", y, N_SAMPLES, NULL) - 0.3);
  g_assert_cmpfloat (sqnr ("int4:aciq", y, N_SAMPLES, NULL), >,
                     sqnr ("int4", y, N_SAMPLES, NULL) + 3);
}

/* Table D: blocks of 16 … 256 normal values, scaled by their largest magnitude. */
static void
test_blocks (void)
{
  static const struct {
    const char *text;
    double db[5];
  } rows[] = {
    { "int8", { 46.569, 45.440, 44.539, 43.791, 43.152 } },
    { "int6", { 34.320, 33.191, 32.290, 31.542, 30.903 } },
    { "int5", { 28.014, 26.885, 25.985, 25.237, 24.597 } },
    { "int4", { 21.393, 20.264, 19.364, 18.616, 17.977 } },
    { "int3", { 14.026, 12.899, 12.000, 11.254, 10.616 } },
    { "int2", { 4.653, 3.639, 2.884, 2.308, 1.862 } },
    { "nf4", { 21.848, 21.179, 20.726, 20.393, 20.119 } },
    { "fp4e2m1", { 20.524, 19.905, 19.518, 19.261, 19.074 } },
    { "fp6e2m3", { 33.000, 32.303, 31.849, 31.547, 31.338 } },
    { "fp6e3m2", { 27.022, 26.395, 26.020, 25.800, 25.676 } },
    { "fp8e4m3", { 33.031, 32.401, 32.020, 31.795, 31.667 } },
    { "fp8e5m2", { 27.022, 26.395, 26.020, 25.800, 25.676 } },
    { "mxfp8e4m3", { 29.919, 30.642, 31.228 } },
    { "mxfp8e5m2", { 25.182, 25.359, 25.487 } },
    { "mxfp6e3m2", { 25.182, 25.359, 25.487 } },
    { "mxfp6e2m3", { 30.998, 30.940, 30.896 } },
    { "mxfp4", { 18.580, 18.787, 18.933 } },
    { "mxint8", { 42.785, 41.666, 41.009 } },
  };
  g_autofree float *x = draw (SOURCE_NORMAL, N_SAMPLES);

  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    for (guint b = 0; b < 5 && rows[r].db[b] > 0; b++) {
      g_autofree char *text = g_strdup_printf ("%s:group=%u", rows[r].text, 16u << b);
      check_db (text, x, N_SAMPLES, rows[r].db[b], SAMPLED_DB);
    }
  check_db ("q4_0", x, N_SAMPLES, 21.321, SAMPLED_DB); /* the extreme value exact: amax / 8 */
}

#define N_LARGE (1 << 22)

/* check_blocks: mean noise of blocks of size values; the largest magnitude of a block is one draw, so
 * that the deviation of the mean is that of whole blocks. */
static void
check_blocks (const char *text, const float *x, guint size, double expected)
{
  guint n_blocks = N_LARGE / size;
  g_autofree char *blocks = g_strdup_printf ("%s:group=%u", text, size);
  const gint64 dims[] = { size };
  double sum = 0, sum_sq = 0;
  BsSpec spec;

  g_assert_true (bs_spec_parse (blocks, &spec, NULL));
  for (guint b = 0; b < n_blocks; b++) {
    BsErrorSums sums = { 0 };
    g_assert_true (
      bs_quant_error (&spec, x + (gsize) b * size, dims, 1, 0, NULL, "x", &sums, NULL));
    double mse = bs_error_mse (&sums);
    sum += mse;
    sum_sq += mse * mse;
  }
  double mean = sum / n_blocks, deviation = sqrt ((sum_sq / n_blocks - mean * mean) / n_blocks);
  double db = -10 * log10 (mean), tolerance = 3 * 10 / M_LN10 * deviation / mean + 0.001;
  if (fabs (db - expected) > tolerance)
    g_error ("%s: %.4f dB, expected %.4f within %.3f", blocks, db, expected, tolerance);
}

/* Table D: blocks of 4096 and 65536. */
static void
test_large_blocks (void)
{
  static const struct {
    const char *text;
    double db[2];
  } rows[] = {
    { "int8", { 41.240, 39.898 } },    { "int6", { 28.991, 27.650 } },
    { "int5", { 22.685, 21.344 } },    { "int4", { 16.066, 14.724 } },
    { "int3", { 8.706, 7.366 } },      { "int2", { 0.829, 0.386 } },
    { "nf4", { 19.180, 18.291 } },     { "fp4e2m1", { 18.498, 17.920 } },
    { "fp6e2m3", { 30.887, 30.567 } }, { "fp6e3m2", { 25.567, 25.579 } },
    { "fp8e4m3", { 31.545, 31.554 } }, { "fp8e5m2", { 25.567, 25.579 } },
  };
  g_autofree float *x = draw (SOURCE_NORMAL, N_LARGE);

  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    check_blocks (rows[r].text, x, 4096, rows[r].db[0]);
    check_blocks (rows[r].text, x, 65536, rows[r].db[1]);
  }
}

static guint
levels_of_format (const BsMinifloat *format, double *levels)
{
  guint n = 0;

  for (int code = format->max_code; code > 0; code--)
    levels[n++] = -bs_minifloat_decode (format, (guint) code);
  for (guint code = 0; code <= format->max_code; code++)
    levels[n++] = bs_minifloat_decode (format, code);
  return n;
}

/* Table E: single values. */
static void
test_single_values (void)
{
  static const struct {
    const char *text;
    double db;
  } casts[] = { { "fp16", 73.651 },
                { "bf16", 55.589 },
                { "fp8e4m3:scaled=0", 31.521 },
                { "fp8e5m2:scaled=0", 25.543 },
                { "fp6e3m2:scaled=0", 25.458 },
                { "fp6e2m3:scaled=0", 28.301 },
                { "fp4e2m1:scaled=0", 16.344 },
                { "binary", 4.3964 },
                { "ternary", 7.1755 },
                { "ternary:exact=1", 7.2085 } };
  g_autofree float *x = draw (SOURCE_NORMAL, N_SAMPLES);
  double levels[512], scale;

  for (guint i = 0; i < G_N_ELEMENTS (casts); i++)
    check_db (casts[i].text, x, N_SAMPLES, casts[i].db, SAMPLED_DB);

  guint n = levels_of_format (&bs_fp4e2m1, levels);
  assert_near (least_mse (BS_DENSITY_NORMAL, levels, n, 0.1, 2, &scale), 0.0126849, 1e-5);
  assert_near (scale, 0.487079, 1e-4);
  n = levels_of_format (&bs_fp6e2m3, levels);
  assert_near (-10 * log10 (least_mse (BS_DENSITY_NORMAL, levels, n, 0.1, 2, &scale)), 30.814,
               1e-4);
  n = levels_of_format (&bs_fp6e3m2, levels);
  assert_near (-10 * log10 (least_mse (BS_DENSITY_NORMAL, levels, n, 0.05, 1, &scale)), 25.581,
               1e-4);

  /* Powers of two: b = 3, 4, 5 at the best scale; more bits gain nothing. */
  static const double pow2_db[] = { 13.228, 14.231, 14.233 };
  for (guint bits = 3; bits <= 5; bits++) {
    int k = (1 << (bits - 1)) - 1;
    for (int i = 0; i < k; i++) {
      levels[i] = -ldexp (1, -i);
      levels[2 * k - i] = ldexp (1, -i);
    }
    levels[k] = 0;
    double d = least_mse (BS_DENSITY_NORMAL, levels, 2 * (guint) k + 1, 0.5, 8, &scale);
    assert_near (-10 * log10 (d), pow2_db[bits - 3], 1e-4);
  }
  /* APoT with two and three terms. */
  double magnitudes[256];
  static const double apot_db[] = { 22.215, 29.333 };
  for (guint terms = 2; terms <= 3; terms++) {
    guint m = bs_apot_levels (2 * terms, 2, magnitudes);
    for (guint i = 0; i < m; i++) {
      levels[m - 1 - i] = -magnitudes[i];
      levels[m - 1 + i] = magnitudes[i];
    }
    double d = least_mse (BS_DENSITY_NORMAL, levels, 2 * m - 1, 0.5, 8, &scale);
    assert_near (-10 * log10 (d), apot_db[terms - 2], 1e-4);
  }
}

/* Uniform and sine sources on an even grid: no chance is involved. */
static void
test_even_sources (void)
{
  g_autofree float *uniform = g_new (float, N_SAMPLES), *positive = g_new (float, N_SAMPLES);

  for (guint i = 0; i < N_SAMPLES; i++) {
    positive[i] = (float) ((i + 0.5) / N_SAMPLES);
    uniform[i] = 2 * positive[i] - 1;
  }
  check_db ("int8:fixed=-1,1", uniform, N_SAMPLES, 48.0967, 0.002);
  check_db ("int4:fixed=-1,1", uniform, N_SAMPLES, 22.9226, 0.002);
  check_db ("uint8:fixed=0,1", positive, N_SAMPLES, 54.1514, 0.002);
  for (guint i = 0; i < N_SAMPLES; i++)
    uniform[i] = (float) sin (2 * M_PI * 101 * (i + 0.5) / N_SAMPLES);
  /* A full-scale sine: 20 log10 (steps) + 1.7609 dB. With few steps the cells at its ends, where
   * its density is infinite, move the figure by a tenth of a decibel; with 4094 they do not. */
  check_db ("int12", uniform, N_SAMPLES, 20 * log10 (4094) + 1.7609, 0.05);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/theory/lloyd-max", test_lloyd_max);
  g_test_add_func ("/theory/uniform", test_uniform);
  g_test_add_func ("/theory/integers", test_integers);
  g_test_add_func ("/theory/mse-rule", test_mse_rule);
  g_test_add_func ("/theory/aciq", test_aciq);
  g_test_add_func ("/theory/blocks", test_blocks);
  g_test_add_func ("/theory/large-blocks", test_large_blocks);
  g_test_add_func ("/theory/single-values", test_single_values);
  g_test_add_func ("/theory/even-sources", test_even_sources);
  return g_test_run ();
}
