/* Tests of every encoding by what must hold for all: codes in range, monotone, idempotent, error
 * bounds, odd input. SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/ggml.h"
#include "quant/groups.h"
#include "quant/kmeans.h"
#include "quant/minifloat.h"
#include "quant/powers.h"
#include "quant/quant.h"
#include "quant/round.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 6
#define COLUMNS 37 /* neither a multiple of 16 nor of 32: blocks end short */
#define N (ROWS * COLUMNS)

static const gint64 dims[] = { ROWS, COLUMNS };
static const char *const scopes[] = { "model",   "tensor",          "channel", "channel:axis=1",
                                      "group=5", "group=32:axis=0", "element" };
static const char *const roundings[] = { "half-even", "half-away", "half-up",          "floor",
                                         "ceil",      "trunc",     "stochastic:seed=5" };

typedef enum {
  IN_GAUSS,
  IN_OUTLIER,
  IN_TIES,
  IN_CONSTANT,
  IN_ZERO,
  IN_POSITIVE,
  IN_NEGATIVE,
  IN_DENORMAL,
  IN_HUGE,
  IN_ODD,
  IN_ALL_NAN,
  N_INPUTS
} Input;

static guint64 state;

static float
uniform (void)
{
  state = state * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407u;
  return (float) (state >> 40) / 16777216.0f;
}

static float
gauss (void)
{
  float sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += uniform ();
  return sum;
}

static void
fill (Input input, float *x)
{
  static const float odd[] = { NAN, INFINITY, -INFINITY, -0.0f, 1e-45f, FLT_MAX, -FLT_MAX, 1 };

  state = 77 + input;
  for (guint i = 0; i < N; i++)
    switch (input) {
    case IN_GAUSS:
      x[i] = gauss ();
      break;
    case IN_OUTLIER:
      x[i] = i == 100 ? 1000 : gauss () * 0.01f;
      break;
    case IN_TIES:
      x[i] = (float) ((int) (uniform () * 60) - 30) * 0.5f;
      break;
    case IN_CONSTANT:
      x[i] = -0.3f;
      break;
    case IN_ZERO:
      x[i] = i % 2 ? 0 : -0.0f;
      break;
    case IN_POSITIVE:
      x[i] = uniform () + 5;
      break;
    case IN_NEGATIVE:
      x[i] = -uniform () * 1e-20f;
      break;
    case IN_DENORMAL:
      x[i] = gauss () * 1e-41f;
      break;
    case IN_HUGE:
      x[i] = (uniform () - 0.5f) * 3e38f;
      break;
    case IN_ODD:
      x[i] = i % 3 == 0 ? odd[i / 3 % G_N_ELEMENTS (odd)] : gauss ();
      break;
    default:
      x[i] = NAN;
    }
}

/* for_each_spec: every encoding at its narrowest, widest and two middle widths, as text. */
static void
for_each_spec (void (*func) (const char *text, const BsEncoding *e))
{
  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *e = bs_encodings[i];
    guint widths[] = { e->min_bits, e->min_bits + 2u, 8, e->max_bits };
    for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
      BsSpec spec = {
        .encoding = e, .bits = (guint8) widths[w], .range = &bs_range_minmax, .axis = BS_AXIS_AUTO
      };
      if (widths[w] < e->min_bits || widths[w] > e->max_bits ||
          (w > 0 && widths[w] <= widths[w - 1]))
        continue;
      spec.is_signed = e != &bs_encoding_uint;
      spec.affine = !spec.is_signed || (e == &bs_encoding_int && widths[w] == 1);
      spec.scope = e->block > 0 ? BS_SCOPE_GROUP : BS_SCOPE_TENSOR;
      spec.group = e->block;
      for (guint p = 0; e->params != NULL && e->params[p].key != NULL; p++)
        spec.encoding_params[p] = e->params[p].def;
      g_autofree char *text = bs_spec_to_string (&spec);
      func (text, e);
      if (e == &bs_encoding_int && widths[w] > 1) {
        g_autofree char *affine = g_strconcat (text, ":affine", NULL),
                        *full = g_strconcat (text, ":full", NULL);
        func (affine, e);
        func (full, e);
      }
    }
  }
}

static BsSpec
parse (const char *text)
{
  BsSpec spec;
  g_autoptr (GError) error = NULL;

  if (!bs_spec_parse (text, &spec, &error))
    g_error ("%s", error->message);
  return spec;
}

static void
check_ranges (const BsQuant *quant, const float *x, const char *text, Input input)
{
  gint32 qmin, qmax;
  gboolean integer = bs_spec_integer_codes (&quant->spec, &qmin, &qmax);
  gint32 bound = quant->spec.bits < 31 ? 1 << quant->spec.bits : 0;

  for (gsize i = 0; i < N; i++) {
    if (quant->codes != NULL && integer && (quant->codes[i] < qmin || quant->codes[i] > qmax))
      g_error ("%s, input %d: code %d outside %d … %d", text, input, quant->codes[i], qmin, qmax);
    if (quant->codes != NULL && (quant->codes[i] < -bound || quant->codes[i] >= bound))
      g_error ("%s, input %d: code %d has more than %d bits", text, input, quant->codes[i],
               quant->spec.bits);
    /* The ends of a range near the largest float decode beyond it, as ONNX's float product does. */
    if (fabsf (x[i]) < FLT_MAX / 2 && !isfinite (quant->values[i]))
      g_error ("%s, input %d: %g became %g", text, input, x[i], quant->values[i]);
  }
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

/* check_group: what shares a scale keeps its order, and integers inside the range are at most half a
 * step off, or a whole one where rounding has a direction. */
static void
check_group (const BsQuant *quant, gsize k, const float *x, const char *text, Input input)
{
  BsGroup group = bs_groups_get (quant, k);
  struct {
    float x, value;
  } pairs[N];
  BsRounding rounding = quant->spec.rounding;
  gint32 qmin, qmax;
  gsize n = 0;

  for (gsize i = 0; i < group.n_runs * group.run; i++) {
    gsize at = group.first + i / group.run * group.stride + i % group.run;
    if (!isnan (x[at])) {
      pairs[n].x = x[at];
      pairs[n++].value = quant->values[at];
    }
  }
  qsort (pairs, n, sizeof *pairs, compare); /* by x, which comes first */
  for (gsize i = 1; i < n; i++)
    if (rounding != BS_ROUND_STOCHASTIC && pairs[i].value < pairs[i - 1].value)
      g_error ("%s, input %d: %g ≤ %g but %g > %g", text, input, pairs[i - 1].x, pairs[i].x,
               pairs[i - 1].value, pairs[i].value);
  if (!bs_spec_integer_codes (&quant->spec, &qmin, &qmax) || input >= IN_DENORMAL)
    return;
  double scale = quant->scale[k], zero = quant->zero != NULL ? quant->zero[k] : 0;
  double lo = (qmin - zero) * scale, hi = (qmax - zero) * scale;
  double steps = rounding <= BS_ROUND_HALF_UP ? 0.5 : 1;
  for (gsize i = 0; i < n; i++) {
    double outside = MAX (MAX (lo - pairs[i].x, pairs[i].x - hi), 0);
    /* float division and product may move a value by a rounding error of the result */
    double bound = outside + scale * steps + 2e-7 * fabs (pairs[i].x);
    if (fabs ((double) pairs[i].value - pairs[i].x) > bound)
      g_error ("%s, input %d: %g became %g, step %g", text, input, pairs[i].x, pairs[i].value,
               scale);
  }
}

static guint n_combinations;

/* All scopes and roundings on all inputs: nothing crashes, codes fit, finite stays finite, sizes
 * agree, and what check_group checks. */
static void
check_scopes (const char *text, const BsEncoding *e)
{
  gboolean integer = e->family == BS_FAMILY_INTEGER; /* others have one rounding */
  float x[N];

  for (guint s = 0; s < G_N_ELEMENTS (scopes); s++)
    for (guint r = 0; r < (integer ? G_N_ELEMENTS (roundings) : 1); r++) {
      g_autofree char *rounding = g_strconcat ("round=", roundings[r], NULL);
      /* a block encoding has no tensor scope: as its text says */
      const char *scope = e->block > 0 && strcmp (scopes[s], "tensor") == 0 ? NULL : scopes[s];
      g_autofree char *full = g_strjoin (":", text, scope, integer ? rounding : NULL, NULL);
      BsSpec spec = parse (full);
      n_combinations++;
      for (Input input = 0; input < N_INPUTS; input++) {
        fill (input, x);
        g_autoptr (GError) error = NULL;
        g_autoptr (BsQuant) quant = bs_quantize (&spec, x, dims, 2, 0, NULL, "w", &error);
        g_assert_no_error (error);
        check_ranges (quant, x, full, input);
        g_assert_cmpuint (quant->size_bits, ==, bs_quant_size_bits (&spec, dims, 2, 0));
        for (gsize k = 0; k < quant->n_scales; k++) {
          if (quant->scale != NULL && !isfinite (quant->scale[k]))
            g_error ("%s, input %d: scale %g", full, input, quant->scale[k]);
          check_group (quant, k, x, full, input);
        }
      }
    }
}

static void
test_scopes (void)
{
  n_combinations = 0;
  for_each_spec (check_scopes);
  g_test_message ("%u combinations of encoding, scope and rounding on %d inputs each",
                  n_combinations, N_INPUTS);
}

/* Within one scale: x ≤ y gives q (x) ≤ q (y); quantizing again with the same interval changes
 * nothing, unless rounding has a direction: then the last bit of a product decides. */
static void
check_order_of (const char *text, const BsEncoding *e)
{
  float x[N], again[N];
  gsize n = (e->flags & BS_ENCODING_BLOCKS_ONLY) != 0 ? e->block : N;
  gint64 line[] = { (gint64) n };
  BsSpec spec = parse (text);

  if ((e->flags & BS_ENCODING_BLOCKS_ONLY) == 0)
    spec.scope = BS_SCOPE_MODEL;
  for (Input input = 0; input < IN_ODD; input++) {
    fill (input, x);
    qsort (x, n, sizeof *x, compare);
    BsInterval interval = { MIN (x[0], 0), MAX (x[n - 1], 0) };
    g_autoptr (BsQuant) first = bs_quantize (&spec, x, line, 1, 0, &interval, "w", NULL);
    for (gsize i = 1; i < n; i++)
      if (first->values[i] < first->values[i - 1])
        g_error ("%s, input %d: %g ≤ %g but %g > %g", text, input, x[i - 1], x[i],
                 first->values[i - 1], first->values[i]);
    if ((e->flags & BS_ENCODING_OWN_RANGE) != 0 ||
        strcmp (e->id, "nvfp4") == 0 || /* these fit themselves anew */
        spec.rounding > BS_ROUND_HALF_UP)
      continue;
    memcpy (again, first->values, n * sizeof *x);
    g_autoptr (BsQuant) second = bs_quantize (&spec, again, line, 1, 0, &interval, "w", NULL);
    for (gsize i = 0; i < n; i++)
      if (second->values[i] != first->values[i])
        g_error ("%s, input %d: %g became %g, then %g", text, input, x[i], first->values[i],
                 second->values[i]);
  }
}

static void
check_order (const char *text, const BsEncoding *e)
{
  for (guint r = 0; r < (e->family == BS_FAMILY_INTEGER ? G_N_ELEMENTS (roundings) : 1); r++) {
    g_autofree char *full = g_strconcat (text, ":round=", roundings[r], NULL);
    if (strncmp (roundings[r], "stochastic", 10) != 0)
      check_order_of (r > 0 ? full : text, e);
  }
}

static void
test_order (void)
{
  for_each_spec (check_order);
}

/* Every rounding, in every arithmetic, around whole and half steps: as the C library has it. */
static void
test_rounding (void)
{
  static const char *const ariths[] = { "f32", "f32mul", "f64" };
  static const float ulps[] = { -0x1p-24f, -0x1p-30f, 0, 0x1p-30f, 0x1p-24f };
  enum { HALVES = 263, COUNT = HALVES * G_N_ELEMENTS (ulps) + 3 };
  const gint64 line[] = { COUNT };
  float x[COUNT] = { [COUNT - 3] = INFINITY, -INFINITY, NAN };

  for (guint i = 0; i < COUNT - 3; i++) {
    float middle = (float) (i / G_N_ELEMENTS (ulps)) / 2 - HALVES / 4, ulp = ulps[i % 5];
    x[i] = middle * (1 + ulp * 2) + (middle == 0 ? ulp : 0);
  }
  for (guint r = 0; r < G_N_ELEMENTS (roundings) - 1; r++)
    for (guint a = 0; a < G_N_ELEMENTS (ariths); a++) {
      g_autofree char *text =
        g_strdup_printf ("int7:fixed=-63,63:round=%s:arith=%s", roundings[r], ariths[a]);
      BsSpec spec = parse (text);
      g_autoptr (BsQuant) quant = bs_quantize (&spec, x, line, 1, 0, NULL, "w", NULL);
      for (guint i = 0; i < COUNT; i++) {
        double code = isnan (x[i]) ? 0 : CLAMP (bs_round (x[i], spec.rounding, 0), -63, 63);
        if (quant->codes[i] != (gint32) code || quant->values[i] != (float) code ||
            (code == 0 && signbit (quant->values[i])))
          g_error ("%s: %a became %d, %g, not %g", text, (double) x[i], quant->codes[i],
                   (double) quant->values[i], code);
      }
    }
}

/* Stochastic rounding: unbiased, the same for the same seed, another for another. */
static void
test_stochastic (void)
{
  enum { COUNT = 20000 };
  g_autofree float *x = g_new (float, COUNT);
  const gint64 line[] = { COUNT };
  BsSpec spec = parse ("int8:fixed=-127,127:round=stochastic:seed=1"),
         other = parse ("int8:fixed=-127,127:round=stochastic:seed=2");
  double sum = 0;
  guint differ = 0;

  for (guint i = 0; i < COUNT; i++)
    x[i] = 3.3f;
  g_autoptr (BsQuant) a = bs_quantize (&spec, x, line, 1, 0, NULL, "w", NULL);
  g_autoptr (BsQuant) b = bs_quantize (&spec, x, line, 1, 0, NULL, "w", NULL);
  g_autoptr (BsQuant) c = bs_quantize (&other, x, line, 1, 0, NULL, "w", NULL);
  g_assert_cmpmem (a->codes, COUNT * sizeof *a->codes, b->codes, COUNT * sizeof *b->codes);
  for (guint i = 0; i < COUNT; i++) {
    sum += a->codes[i];
    differ += a->codes[i] != c->codes[i];
  }
  g_assert_cmpfloat_with_epsilon (sum / COUNT, 3.3, 5 * sqrt (0.3 * 0.7 / COUNT));
  g_assert_cmpuint (differ, >, COUNT / 4);
}

static const BsMinifloat *const formats[] = {
  &bs_fp16, &bs_bf16, &bs_fp8e4m3, &bs_fp8e5m2, &bs_fp6e3m2, &bs_fp6e2m3, &bs_fp4e2m1,
};

/* Every code decodes to what encodes to it again; half-way points go to the even code. */
static void
test_minifloat (void)
{
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    const BsMinifloat *format = formats[f];
    guint sign = 1u << (bs_minifloat_bits (format) - 1);
    g_assert_cmpfloat (bs_minifloat_decode (format, format->max_code), ==, format->max);
    for (guint code = 0; code <= format->max_code; code++) {
      double v = bs_minifloat_decode (format, code);
      g_assert_cmpuint (bs_minifloat_encode (format, v, TRUE), ==, code);
      g_assert_cmpuint (bs_minifloat_encode (format, -v, TRUE), ==, code | sign);
      if (code == format->max_code)
        break;
      double next = bs_minifloat_decode (format, code + 1), middle = (v + next) / 2;
      g_assert_cmpuint (bs_minifloat_encode (format, middle, TRUE), ==, code + (code & 1));
      g_assert_cmpuint (bs_minifloat_encode (format, nextafter (middle, next), TRUE), ==, code + 1);
      g_assert_cmpuint (bs_minifloat_encode (format, nextafter (middle, 0), TRUE), ==, code);
    }
    g_assert_cmpuint (bs_minifloat_encode (format, DBL_MAX, TRUE), ==, format->max_code);
    g_assert_cmpuint (bs_minifloat_encode (format, 5e-324, TRUE), ==, 0);
  }
}

/* The array form gives what the scalar form gives, for values in and out of range, saturating or
 * not. */
static void
test_minifloat_array (void)
{
  enum { COUNT = 5000 };
  g_autofree float *x = g_new (float, COUNT), *values = g_new (float, COUNT);
  g_autofree gint32 *codes = g_new (gint32, COUNT);
  static const float scales[] = { 1, 0.37f, 0x1p-100f, 0x1p-140f, 0x1p100f };

  state = 99;
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
      for (gboolean saturate = FALSE; saturate <= TRUE; saturate++) {
        for (guint i = 0; i < COUNT; i++) {
          guint32 bits =
            (guint32) (state = state * G_GUINT64_CONSTANT (6364136223846793005) + 1) >> 0;
          bits ^= (guint32) (state >> 32);
          memcpy (&x[i], &bits, sizeof bits);
          if (i % 2 == 0)
            x[i] = gauss () * scales[s] * formats[f]->max * 0.3f;
          if (i % 32 == 1)
            x[i] = bs_minifloat_decode (formats[f], i % (formats[f]->max_code + 1u)) * scales[s];
        }
        bs_minifloat_encode_array (formats[f], scales[s], saturate, x, COUNT, codes, values);
        for (guint i = 0; i < COUNT; i++) {
          guint code = bs_minifloat_encode (formats[f], x[i] / scales[s], saturate);
          float value = bs_minifloat_decode (formats[f], code) * scales[s];
          g_assert_cmpint (codes[i], ==, (gint32) code);
          g_assert_true (values[i] == value || (isnan (value) && isnan (values[i])));
        }
      }
}

/* Dynamic programming against trying every cut. */
static void
test_kmeans (void)
{
  float x[12];
  double levels[4], best = INFINITY, found = 0;

  state = 5;
  for (guint i = 0; i < 12; i++)
    x[i] = gauss () + 100;
  bs_kmeans (x, 12, 3, levels);
  qsort (x, 12, sizeof *x, compare);
  for (guint a = 1; a < 11; a++)
    for (guint b = a + 1; b < 12; b++) {
      guint edge[] = { 0, a, b, 12 };
      double total = 0;
      for (guint c = 0; c < 3; c++) {
        double mean = 0;
        for (guint i = edge[c]; i < edge[c + 1]; i++)
          mean += x[i] / (double) (edge[c + 1] - edge[c]);
        for (guint i = edge[c]; i < edge[c + 1]; i++)
          total += (x[i] - mean) * (x[i] - mean);
      }
      best = MIN (best, total);
    }
  for (guint i = 0; i < 12; i++) {
    double least = INFINITY;
    for (guint c = 0; c < 3; c++)
      least = MIN (least, (x[i] - levels[c]) * (x[i] - levels[c]));
    found += least;
  }
  g_assert_cmpfloat_with_epsilon (found, best, 1e-9);

  const float few[] = { 2, 2, 7, 2 };
  bs_kmeans (few, 4, 4, levels);
  g_assert_cmpfloat (levels[0], ==, 2);
  g_assert_cmpfloat (levels[1], ==, 7);
  g_assert_cmpfloat (levels[3], ==, 7);
}

static void
test_powers (void)
{
  double levels[256];

  g_assert_cmpint (bs_pow2_exponent (3), ==, 2);
  g_assert_cmpint (bs_pow2_exponent (2.9999), ==, 1);
  g_assert_cmpint (bs_pow2_exponent (0), ==, 0);
  for (guint bits = 1; bits <= 8; bits++) {
    guint n = bs_apot_levels (bits, 2, levels);
    g_assert_cmpuint (n, <=, 1u << bits);
    g_assert_cmpfloat (levels[0], ==, 0);
    g_assert_cmpfloat (levels[n - 1], ==, 1);
    for (guint i = 1; i < n; i++)
      g_assert_cmpfloat (levels[i], >, levels[i - 1]);
  }
}

/* Types that encode: what decodes encodes to the same bytes (the extreme value is kept exactly). */
static void
test_ggml (void)
{
  float x[32], values[BS_GGML_MAX_BLOCK];
  guint8 bytes[40], again[40];

  for (BsGgmlType type = BS_GGML_Q4_0; type <= BS_GGML_Q8_0; type++) {
    double signal = 0, noise = 0;
    state = 3;
    for (guint i = 0; i < 32; i++)
      x[i] = gauss ();
    bs_ggml_encode (type, x, bytes);
    bs_ggml_decode (type, bytes, values);
    for (guint i = 0; i < 32; i++) {
      signal += x[i] * x[i];
      noise += (values[i] - x[i]) * (values[i] - x[i]);
    }
    g_assert_cmpfloat (noise, <, signal / 50);
    for (guint i = 0; i < 32; i++)
      x[i] = 0;
    bs_ggml_encode (type, x, again);
    bs_ggml_decode (type, again, values);
    for (guint i = 0; i < 32; i++)
      g_assert_cmpfloat (values[i], ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/encodings/scopes", test_scopes);
  g_test_add_func ("/encodings/order", test_order);
  g_test_add_func ("/encodings/rounding", test_rounding);
  g_test_add_func ("/encodings/stochastic", test_stochastic);
  g_test_add_func ("/encodings/minifloat", test_minifloat);
  g_test_add_func ("/encodings/minifloat-array", test_minifloat_array);
  g_test_add_func ("/encodings/kmeans", test_kmeans);
  g_test_add_func ("/encodings/powers", test_powers);
  g_test_add_func ("/encodings/ggml", test_ggml);
  return g_test_run ();
}
