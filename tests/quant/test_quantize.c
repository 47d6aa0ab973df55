/* Tests of quantizing one tensor: scopes, groups, ranges, integer codes, sizes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/mse.h"
#include "quant/quant.h"
#include "quant/sweep.h"

#include <float.h>
#include <math.h>
#include <string.h>

static BsSpec
spec_of (const char *text)
{
  BsSpec spec;
  g_autoptr (GError) error = NULL;

  bs_spec_parse (text, &spec, &error);
  g_assert_no_error (error);
  return spec;
}

static BsQuant *
quantize (const char *text, const float *x, const gint64 *dims, guint n_dims, gint channel_axis)
{
  BsSpec spec = spec_of (text);
  g_autoptr (GError) error = NULL;
  BsQuant *quant = bs_quantize (&spec, x, dims, n_dims, channel_axis, NULL, "w", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (quant->size_bits, ==, bs_quant_size_bits (&spec, dims, n_dims, channel_axis));
  return quant;
}

/* Every element lies in exactly one group, and groups are as large as said, for all scopes, axes
 * and group sizes. */
static void
test_groups_cover (void)
{
  static const gint64 shapes[][3] = {
    { 5, 4, 3 }, { 1, 1, 1 }, { 7, 1, 2 }, { 2, 0, 3 }, { 3, 33, 1 }
  };
  static const char *const specs[] = { "int4",
                                       "int4:model",
                                       "int4:element",
                                       "int4:channel:axis=0",
                                       "int4:channel:axis=1",
                                       "int4:channel:axis=-1",
                                       "int4:group=2:axis=0",
                                       "int4:group=2:axis=1",
                                       "int4:group=2:axis=-1",
                                       "int4:group=32",
                                       "int4:group=7" };

  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++)
    for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
      for (guint rank = 1; rank <= 3; rank++)
        for (gint channel_axis = 0; channel_axis < (gint) rank; channel_axis++) {
          BsQuant quant = { .spec = spec_of (specs[i]), .n_dims = rank };
          memcpy (quant.dims, shapes[s], sizeof shapes[s]);
          g_assert_true (bs_dims_count (quant.dims, rank, &quant.n));
          if (!bs_groups_plan (&quant, channel_axis, "w", NULL))
            continue; /* axis=1 of a vector */
          gsize expected = 1, seen = 0, largest = bs_groups_largest (&quant);
          for (guint d = 0; d < quant.scale_n_dims; d++)
            expected *= (gsize) quant.scale_dims[d];
          g_assert_cmpuint (quant.n_scales, ==, expected);
          g_autofree guint8 *hit = g_malloc0 (quant.n + 1);
          for (gsize k = 0; k < quant.n_scales; k++) {
            BsGroup group = bs_groups_get (&quant, k);
            g_assert_cmpuint (group.n_runs * group.run, <=, largest);
            for (gsize r = 0; r < group.n_runs; r++)
              for (gsize e = 0; e < group.run; e++) {
                gsize at = group.first + r * group.stride + e;
                g_assert_cmpuint (at, <, quant.n);
                g_assert_cmpuint (hit[at]++, ==, 0);
                seen++;
              }
          }
          g_assert_cmpuint (seen, ==, quant.n);
        }
}

static void
test_scopes (void)
{
  const float x[] = { 1, -2, 3, 10, -20, 30 };
  const gint64 dims[] = { 2, 3 };
  g_autoptr (BsQuant) tensor = quantize ("int8", x, dims, 2, 0);
  g_assert_cmpfloat (tensor->scale[0], ==, (float) (30.0 / 127));
  g_assert_cmpint (tensor->codes[5], ==, 127);
  g_assert_cmpint (tensor->codes[0], ==, 4); /* 4.23 */
  g_assert_cmpuint (tensor->size_bits, ==, 6 * 8 + 32);

  g_autoptr (BsQuant) rows = quantize ("int8:channel", x, dims, 2, 0);
  g_assert_cmpuint (rows->n_scales, ==, 2);
  g_assert_cmpfloat (rows->scale[0], ==, (float) (3.0 / 127));
  g_autoptr (BsQuant) columns = quantize ("int8:channel", x, dims, 2, 1);
  g_assert_cmpuint (columns->n_scales, ==, 3);
  g_assert_cmpfloat (columns->scale[1], ==, (float) (20.0 / 127));
  g_assert_cmpint (columns->codes[4], ==, -127);
  g_assert_cmpint (columns->codes[1], ==, -13);

  g_autoptr (BsQuant) groups = quantize ("int8:group=2", x, dims, 2, 0);
  g_assert_cmpuint (groups->n_scales, ==, 4);
  g_assert_cmpint (groups->scale_dims[1], ==, 2);
  g_assert_cmpfloat (groups->scale[1], ==, (float) (3.0 / 127));
  g_autoptr (BsQuant) down =
    quantize ("int8:group=2", x, dims, 2, 1); /* a MatMul weight: the reduction axis is 0 */
  g_assert_cmpuint (down->n_scales, ==, 3);
  g_assert_cmpint (down->scale_dims[0], ==, 1);
  g_assert_cmpfloat (down->scale[2], ==, (float) (30.0 / 127));

  const gint64 conv[] = { 1, 2, 3 };
  g_autoptr (BsQuant) flat = quantize ("int8:group=4", x, conv, 3, 0);
  g_assert_cmpuint (flat->n_scales, ==, 2);
  g_assert_cmpfloat (flat->scale[0], ==, (float) (10.0 / 127));

  /* Without an operator groups run along the last axis. */
  g_autoptr (BsQuant) last = quantize ("int8:group=2", x, conv, 3, BS_AXIS_AUTO);
  g_assert_cmpuint (last->scale_n_dims, ==, 3);
  g_assert_cmpint (last->scale_dims[2], ==, 2);
  g_assert_cmpfloat (last->scale[1], ==, (float) (3.0 / 127));

  g_autoptr (BsQuant) element = quantize ("int8:element", x, dims, 2, 0);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (ABS (element->codes[i]), ==, 127);

  BsSpec model = spec_of ("int8:model");
  BsInterval range = { -60, 10 };
  g_autoptr (BsQuant) wide = bs_quantize (&model, x, dims, 2, 0, &range, "w", NULL);
  g_assert_cmpfloat (wide->scale[0], ==, (float) (60.0 / 127));

  const float *tensors[] = { x, x + 3 };
  const gsize counts[] = { 3, 2 };
  g_assert_true (bs_quant_model_range (&model, tensors, counts, 2, &range, NULL));
  g_assert_cmpfloat (range.lo, ==, -20);
  g_assert_cmpfloat (range.hi, ==, 10);
}

static void
test_params (void)
{
  BskQParams p;
  BsInterval relu = { 0, 6 }, both = { -1, 3 }, none = { 0, 0 }, huge = { -3e38, 3e38 },
             tiny = { 0, 1e-44 };
  BsSpec uint8 = spec_of ("uint8"), int8 = spec_of ("int8"), full = spec_of ("int8:full"),
         affine = spec_of ("int4:affine");

  bs_quant_params (&uint8, &relu, &p);
  g_assert_cmpint (p.zero_point, ==, 0);
  g_assert_cmpfloat (p.scale, ==, (float) (6.0 / 255));
  bs_quant_params (&affine, &both, &p);
  g_assert_cmpint (p.qmin, ==, -8);
  g_assert_cmpint (p.zero_point, ==, -4); /* −8 + 1 / (4 / 15) = −4.25 */
  bs_quant_params (&int8, &both, &p);
  g_assert_cmpint (p.qmin, ==, -127);
  bs_quant_params (&full, &both, &p);
  g_assert_cmpint (p.qmin, ==, -128);
  bs_quant_params (&uint8, &none, &p);
  g_assert_cmpfloat (p.scale, ==, 1);
  bs_quant_params (&uint8, &huge, &p);
  g_assert_true (isfinite (p.scale));
  g_assert_cmpint (p.zero_point, ==, 128);
  bs_quant_params (&uint8, &tiny, &p);
  g_assert_cmpfloat (p.scale, ==, FLT_MIN);
}

static void
test_odd_values (void)
{
  const float x[] = { NAN, INFINITY, -INFINITY, 1, -0.0f, -1 };
  const gint64 dims[] = { 6 };
  g_autoptr (BsQuant) quant = quantize ("uint8", x, dims, 1, 0);

  g_assert_cmpuint (quant->n_not_finite, ==, 3);
  g_assert_cmpint (quant->codes[0], ==, quant->zero[0]);
  g_assert_cmpint (quant->codes[1], ==, 255);
  g_assert_cmpint (quant->codes[2], ==, 0);
  g_assert_false (signbit (quant->values[4]));
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    g_assert_true (isfinite (quant->values[i]));
}

static void
test_refused (void)
{
  const float x[4] = { 0 };
  const gint64 dims[] = { 2, 2 };
  g_autoptr (GError) error = NULL;
  BsSpec spec = spec_of ("int8:channel:axis=2");

  g_assert_null (bs_quantize (&spec, x, dims, 2, 0, NULL, "w", &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  spec = spec_of ("int8");
  spec.bits = 17;
  g_assert_null (bs_quantize (&spec, x, dims, 2, 0, NULL, "w", &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_clear_error (&error);
  spec = spec_of ("int8:group=4");
  spec.group = 0;
  g_assert_null (bs_quantize (&spec, x, dims, 2, 0, NULL, "w", &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
}

/* The searched interval beats minmax and every point of the grid, on values and on their histogram.
 */
static void
test_mse_range (void)
{
  enum { COUNT = 2000 };
  g_autofree float *x = g_new (float, COUNT);
  g_autofree BsStats *stats = g_new (BsStats, 1);
  static const char *const specs[] = { "int4:mse", "uint4:mse", "int3:affine:mse" };

  for (guint i = 0; i < COUNT; i++)
    x[i] = (float) (tan (1.5 * ((i * 7919 % COUNT) / (double) COUNT - 0.5)) + 0.2);
  x[5] = 9;
  bs_stats_init (stats);
  bs_stats_add (stats, x, COUNT);
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++) {
    BsSpec spec = spec_of (specs[i]);
    BsInterval all = { stats->min, stats->max }, best, streamed;
    g_autoptr (GError) error = NULL;
    g_assert_true (bs_range_choose_values (x, COUNT, &spec, "w", &best, &error));
    g_assert_true (bs_range_choose (stats, &spec, "w", &streamed, &error));
    double d[3];
    const BsInterval *tried[3] = { &best, &streamed, &all };
    for (guint t = 0; t < 3; t++) {
      BskQParams p;
      bs_quant_params (&spec, tried[t], &p);
      d[t] = bs_mse_integer (x, COUNT, p.scale, p.zero_point, p.qmin, p.qmax);
    }
    g_assert_cmpfloat (d[0], <, d[2] * 0.8);
    g_assert_cmpfloat (d[1], <, d[0] * 1.1);
    if (!spec.affine) {
      double amax = MAX (stats->max, -stats->min), grid;
      bs_mse_grid (x, COUNT, amax, -7, 7, 100, &grid);
      g_assert_cmpfloat (d[0], <=, grid * (1 + 1e-6));
    }
  }
}

static void
test_apply (void)
{
  float x[] = { 0.1f, 0.9f, 5, -3 };
  BsSpec spec = spec_of ("uint2:percentile=90");
  BsInterval interval = { 0, 3 };
  g_autoptr (GError) error = NULL;

  g_assert_true (bs_quant_apply (&spec, &interval, x, 2, 2, &error));
  g_assert_cmpfloat (x[0], ==, 0);
  g_assert_cmpfloat (x[1], ==, 1);
  g_assert_cmpfloat (x[2], ==, 3);
  g_assert_cmpfloat (x[3], ==, 0);
}

/* Each sample with the range of its own values, whatever calibration saw; static: one for all. */
static void
test_apply_dynamic (void)
{
  static const char *const texts[] = { "uint4", "int4", "fp8e4m3" };
  const float values[] = { 0.1f, 0.9f, -0.2f, 30, 5, -70 };
  const BsInterval interval = { -1, 1 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *text = g_strconcat (texts[i], ":dynamic", NULL);
    BsSpec dynamic = spec_of (text), fixed = spec_of (texts[i]);
    float x[6], first[3], second[3];

    memcpy (x, values, sizeof x);
    memcpy (first, values, sizeof first);
    memcpy (second, values + 3, sizeof second);
    g_assert_true (bs_quant_apply (&dynamic, &interval, x, 2, 3, &error));
    g_assert_true (
      bs_quant_apply (&fixed, &(BsInterval){ (double) -0.2f, (double) 0.9f }, first, 1, 3, &error));
    g_assert_true (bs_quant_apply (&fixed, &(BsInterval){ -70, 30 }, second, 1, 3, &error));
    g_assert_no_error (error);
    g_assert_cmpmem (x, sizeof first, first, sizeof first);
    g_assert_cmpmem (x + 3, sizeof second, second, sizeof second);
    memcpy (x, values, sizeof x);
    g_assert_true (bs_quant_apply (&fixed, &interval, x, 2, 3, &error));
    g_assert_cmpfloat (fabsf (x[5]), <=, 1);
  }
}

/* Measuring without codes agrees with measuring the codes: float32 sums of 4096 values. */
static void
test_error (void)
{
  enum { ROWS = 9, COLUMNS = 700, COUNT = ROWS * COLUMNS };
  static const char *const specs[] = { "int8",          "uint4:mse",
                                       "int4:channel",  "int4:channel:axis=1",
                                       "int3:group=64", "int3:group=64:axis=0",
                                       "int8:element",  "int5:round=floor",
                                       "nf4",           "int16:percentile=99" };
  const gint64 dims[] = { ROWS, COLUMNS };
  g_autofree float *x = g_new (float, COUNT);

  for (guint i = 0; i < COUNT; i++)
    x[i] = (float) tan (1.4 * ((i * 7919 % COUNT) / (double) COUNT - 0.5));
  x[17] = NAN;
  x[2000] = -INFINITY;
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++) {
    BsSpec spec = spec_of (specs[i]);
    BsErrorSums expected = { 0 }, sums = { 0 };
    g_autoptr (GError) error = NULL;
    g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 2, 0, NULL, "w", &error);
    bs_error_sums_add (&expected, x, quant->values, COUNT);
    g_assert_true (bs_quant_error (&spec, x, dims, 2, 0, NULL, "w", &sums, &error));
    g_assert_cmpuint (sums.count, ==, expected.count);
    g_assert_cmpuint (sums.n_not_finite, ==, 2);
    g_assert_cmpfloat_with_epsilon (sums.sum_sq_x, expected.sum_sq_x, 1e-5 * expected.sum_sq_x);
    g_assert_cmpfloat_with_epsilon (sums.sum_sq_err, expected.sum_sq_err,
                                    1e-3 * expected.sum_sq_err);
    g_assert_cmpfloat_with_epsilon (sums.max_abs, expected.max_abs, 1e-6);
    g_assert_cmpfloat_with_epsilon (sums.sum_err, expected.sum_err,
                                    1e-3 * COUNT * expected.max_abs);
  }
}

/* More than a slice: encoded piece by piece, the same error; also where all values are 0. */
static void
test_error_slices (void)
{
  static const char *const specs[] = {
    "nf4:tensor", "nf4",     "fp8e4m3",  "mxfp4",           "nvfp4",          "kmeans-3:channel",
    "kmeans-8",   "mulaw-8", "mulaw-12", "mulaw-8:mse",     "pow2-4",         "int4:round=floor",
    "lloyd-4",    "binary",  "ternary",  "ternary:exact=1", "binary:channel", "q4_0",
    "fp16",
  };
  const gint64 dims[] = { 50, 37, 60 };
  gsize n = 50 * 37 * 60;
  g_autofree float *x = g_new (float, n);

  for (guint zeros = 0; zeros < 2; zeros++)
    for (guint i = 0; i < G_N_ELEMENTS (specs); i++) {
      for (gsize j = 0; j < n; j++)
        x[j] = zeros ? 0 : (float) tan (1.4 * ((double) (j * 7919 % n) / (double) n - 0.5));
      x[17] = NAN;
      x[2000] = -INFINITY;
      x[3000] = -0.0f;
      BsSpec spec = spec_of (specs[i]);
      BsErrorSums expected = { 0 }, sums = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 3, 0, NULL, "w", &error);
      bs_error_sums_add (&expected, x, quant->values, n);
      g_test_message ("%s, %s", specs[i], zeros ? "zeros" : "values");
      g_assert_true (bs_quant_error (&spec, x, dims, 3, 0, NULL, "w", &sums, &error));
      g_assert_cmpuint (sums.count, ==, expected.count);
      g_assert_cmpfloat_with_epsilon (sums.max_abs, expected.max_abs,
                                      1e-6 * expected.max_abs + DBL_MIN);
      g_assert_cmpfloat_with_epsilon (sums.sum_err, expected.sum_err,
                                      1e-5 * (double) n * expected.max_abs + DBL_MIN);
      g_assert_cmpfloat_with_epsilon (sums.sum_sq_err, expected.sum_sq_err,
                                      1e-5 * expected.sum_sq_err + DBL_MIN);
    }
}

static void
test_sweep (void)
{
  enum { COUNT = 5000 };
  static const char *const texts[] = { "int2",         "int8", "uint4",           "int4:mse",
                                       "int4:channel", "nf4",  "int3:fixed=-1,1", "int8:round=ceil",
                                       "int16" };
  g_autofree float *x = g_new (float, COUNT);
  const gint64 dims[] = { COUNT };
  BsSpec specs[G_N_ELEMENTS (texts)];
  double mse[G_N_ELEMENTS (texts)];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < COUNT; i++)
    x[i] = (float) tan (1.4 * ((i * 7919 % COUNT) / (double) COUNT - 0.5));
  x[17] = NAN;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    specs[i] = spec_of (texts[i]);
  g_assert_true (bs_quant_error_sweep (specs, G_N_ELEMENTS (texts), x, COUNT, "w", mse, &error));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    BsErrorSums sums = { 0 };
    if (specs[i].scope == BS_SCOPE_CHANNEL)
      specs[i].scope = BS_SCOPE_TENSOR;
    g_autoptr (BsQuant) quant = bs_quantize (&specs[i], x, dims, 1, 0, NULL, "w", &error);
    bs_error_sums_add (&sums, x, quant->values, COUNT);
    g_assert_cmpfloat_with_epsilon (mse[i], bs_error_mse (&sums), 2e-3 * bs_error_mse (&sums));
  }
  g_assert_true (bs_quant_error_sweep (specs, G_N_ELEMENTS (texts), x, 0, "w", mse, &error));
  g_assert_cmpfloat (mse[0], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quant/groups-cover", test_groups_cover);
  g_test_add_func ("/quant/scopes", test_scopes);
  g_test_add_func ("/quant/params", test_params);
  g_test_add_func ("/quant/odd-values", test_odd_values);
  g_test_add_func ("/quant/refused", test_refused);
  g_test_add_func ("/quant/mse-range", test_mse_range);
  g_test_add_func ("/quant/apply", test_apply);
  g_test_add_func ("/quant/apply-dynamic", test_apply_dynamic);
  g_test_add_func ("/quant/error", test_error);
  g_test_add_func ("/quant/error-slices", test_error_slices);
  g_test_add_func ("/quant/sweep", test_sweep);
  return g_test_run ();
}
