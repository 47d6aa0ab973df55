/* Results made up by formula, for plots and lists: no model is run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "made_up.h"

#include "quant/measure.h"

#include <math.h>
#include <string.h>

#define SAMPLES 2000

static const char *const scopes[] = { "model", "tensor", "channel" };
static const double accuracy[3][7] = {
  { 98.8, 98.75, 98.4, 95.8, 14.85, 11.05, 11.05 },
  { 98.85, 98.8, 98.55, 98.65, 97.95, 96.95, 11.75 },
  { 98.8, 98.8, 98.85, 98.8, 98.35, 96.1, 51.6 },
};

static void
fill_layers (BsResult *result, int bits, guint scope)
{
  static const char *const names[MADE_UP_LAYERS] = {
    "conv1", "conv2", "conv3", "fc1", "fc2_with_a_rather_long_name/MatMul", "fc3"
  };

  result->n_layers = MADE_UP_LAYERS;
  result->layers = g_new0 (BsLayerResult, MADE_UP_LAYERS);
  for (guint i = 0; i < MADE_UP_LAYERS; i++) {
    BsLayerResult *layer = &result->layers[i];
    layer->name = g_strdup (names[i]);
    layer->op = g_strdup (i < 3 ? "Conv" : "Gemm");
    layer->weights = g_strdup (result->weights);
    layer->acts = g_strdup (result->acts);
    layer->mean_bits = bits;
    layer->local_sqnr_db = 6.02 * bits - 4 - 1.3 * i + 2.0 * scope - (i == 2 ? 5 : 0);
    layer->accumulated_sqnr_db = 6.02 * bits - 5 - 2.9 * i + 2.0 * scope;
    layer->error_span = 0.5;
    for (int j = 0; j < BS_ERROR_BINS; j++) {
      double t = (j - BS_ERROR_BINS / 2) / 8.0;
      layer->error_bins[j] = (guint64) (1e6 * exp (-t * t));
    }
  }
}

static void
fill_quality (BsResult *result, double value)
{
  result->metric = g_strdup ("top1");
  result->value = value;
  result->n = SAMPLES;
  result->n_correct = (guint64) round (value * SAMPLES);
  bs_wilson_interval (result->n_correct, SAMPLES, &result->ci_lo, &result->ci_hi);
  result->agreement = value;
  result->agreement_lo = result->ci_lo;
  result->agreement_hi = result->ci_hi;
  result->float_bytes = 343672;
  result->integer_share = 1;
}

GPtrArray *
made_up_results (void)
{
  GPtrArray *results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);

  for (guint scope = 0; scope < 3; scope++)
    for (int bits = 8; bits >= 2; bits--) {
      BsResult *result = bs_result_new ();
      memset (result->key, '0', BS_DIGEST_SIZE - 1);
      g_snprintf (result->key, sizeof result->key, "%02u%062d", results->len, 0);
      result->config = g_strdup ("{}");
      result->weights = g_strdup_printf ("int%d:%s", bits, scopes[scope]);
      result->acts = g_strdup ("uint8");
      result->label = g_strdup_printf ("int%d · %s · uint8", bits, scopes[scope]);
      fill_quality (result, accuracy[scope][8 - bits] / 100);
      result->output_sqnr_db = 6.0 * bits - 6;
      result->weight_bytes = 85918 * (guint64) bits / 8 + (scope == 2 ? 3600 : 40 * scope + 4);
      result->mean_bits = bits;
      fill_layers (result, bits, scope);
      g_ptr_array_add (results, result);
    }
  return results;
}

BsResult *
made_up_float (void)
{
  BsResult *result = bs_result_new ();

  result->config = g_strdup ("{}");
  result->weights = g_strdup ("float");
  result->acts = g_strdup ("float");
  result->label = g_strdup ("float");
  fill_quality (result, 0.9885);
  result->weight_bytes = result->float_bytes;
  result->mean_bits = 32;
  return result;
}

float *
made_up_values (gsize n)
{
  float *values = g_new (float, n);
  guint32 state = 1;

  for (gsize i = 0; i < n; i++) {
    double sum = 0;
    for (int k = 0; k < 6; k++) {
      state = state * 1664525u + 1013904223u;
      sum += (state >> 8) / 16777216.0 - 0.5;
    }
    values[i] = (float) (sum * 0.12);
  }
  return values;
}
