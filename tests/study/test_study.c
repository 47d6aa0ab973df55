/* Tests of measuring: the same numbers with and without the cache, on any number of threads and
 * instruction-set level; layer errors that mean what they say.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "base/parallel.h"
#include "bsk.h"
#include "model/builder.h"
#include "net.h"
#include "run/runner.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define SAMPLES 150       /* one shard and a rest */
#define FLOAT_ERROR 1e-4f /* another order of some hundred additions of numbers around 1 */
#define CHANCE_DB 6.0 /* by which errors of several layers may cancel out in so small a network */

/* Neighbours that share much, and some that differ only in what a careless key would miss. */
static const struct {
  const char *weights, *acts, *layer, *layer_weights, *layer_acts;
} configs[] = {
  { "int8:channel", "uint8" },
  { "int8:channel", "uint8", "fc", "int4" },
  { "int8:channel", "uint8", "right", "int2:channel" },
  { "int8:channel", "uint8", "right", "int2:channel", "uint4" },
  { "int8:channel", "uint8", "conv1", "float", "float" },
  { "int4:model", "uint8" },
  { "int4:model", "uint8", "conv1", "int8" },
  { "int4:model", "uint8", "right", "int8" },
  { "float", "float", "left", "int3:model", "float" },
  { "int3:model", "float" },
  { "int3:model", "float", "fc", "float", "float" },
  { "int3:model", "float", "right", "float", "float" },
  { "float", "fp8e4m3" },
  { "float", "fp6e3m2" },
  { "float", "uint16" },
  { "float", "uint12" },
  { "int4:channel", "uint12" },
  { "int4:channel", "uint8:percentile=90" },
  { "int4:channel", "uint8" },
  { "int4:channel", "uint8", "fc", "int4:channel", "uint4" },
  { "int4:channel", "int8" },
  { "int4:group=4", "uint8" },
  { "int4:group=4", "uint8", "fc", "float", "float" },
  { "int4:affine", "uint8" },
  { "int4:affine", "uint8", "left", "int2:affine" },
  { "float", "uint8" },
  { "int8", "int8" },
  { "float", "float" },
};

static BsConfig *
config_at (guint i)
{
  return configs[i].layer == NULL
           ? net_config (configs[i].weights, configs[i].acts)
           : net_layer_config (configs[i].weights, configs[i].acts, configs[i].layer,
                               configs[i].layer_weights, configs[i].layer_acts);
}

static BsResult *
measure (BsStudy *study, guint i)
{
  g_autoptr (BsConfig) config = config_at (i);
  g_autoptr (GError) error = NULL;
  BsResult *result = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_same_bits (double a, double b, const char *what, guint config)
{
  if (memcmp (&a, &b, sizeof a) == 0 || (isnan (a) && isnan (b)))
    return;
  g_test_message ("configuration %u, %s: %.17g and %.17g", config, what, a, b);
  g_test_fail ();
}

static void
assert_same (const BsResult *a, const BsResult *b, guint config)
{
  g_assert_cmpstr (a->key, ==, b->key);
  g_assert_cmpuint (a->n, ==, b->n);
  g_assert_cmpuint (a->n_correct, ==, b->n_correct);
  assert_same_bits (a->value, b->value, "value", config);
  assert_same_bits (a->agreement, b->agreement, "agreement", config);
  assert_same_bits (a->output_sqnr_db, b->output_sqnr_db, "output SQNR", config);
  assert_same_bits (a->output_kl, b->output_kl, "output KL", config);
  assert_same_bits (a->integer_share, b->integer_share, "integer share", config);
  g_assert_cmpuint (a->weight_bytes, ==, b->weight_bytes);
  g_assert_cmpmem (a->predictions, a->n_predictions * sizeof (gint32), b->predictions,
                   b->n_predictions * sizeof (gint32));
  g_assert_cmpuint (a->n_layers, ==, b->n_layers);
  for (guint i = 0; i < a->n_layers; i++) {
    const BsLayerResult *p = &a->layers[i], *q = &b->layers[i];
    assert_same_bits (p->weight_sqnr_db, q->weight_sqnr_db, p->name, config);
    assert_same_bits (p->local_sqnr_db, q->local_sqnr_db, p->name, config);
    assert_same_bits (p->accumulated_sqnr_db, q->accumulated_sqnr_db, p->name, config);
    assert_same_bits (p->cosine, q->cosine, p->name, config);
    assert_same_bits (p->max_abs, q->max_abs, p->name, config);
    g_assert_cmpmem (p->error_bins, sizeof p->error_bins, q->error_bins, sizeof q->error_bins);
  }
}

/* All results, each from a study that has measured nothing before. */
static GPtrArray *
one_by_one (void)
{
  GPtrArray *results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);

  for (guint i = 0; i < G_N_ELEMENTS (configs); i++) {
    g_autoptr (BsStudy) study = net_study (SAMPLES);
    bs_study_set_cache (study, 0);
    g_ptr_array_add (results, measure (study, i));
  }
  return results;
}

static void
test_cache (void)
{
  g_autoptr (GPtrArray) expected = one_by_one ();
  const guint n = G_N_ELEMENTS (configs);

  for (guint pass = 0; pass < 3; pass++) { /* in order, backwards, in a cache that soon is full */
    g_autoptr (BsStudy) study = net_study (SAMPLES);
    bs_study_keep_cuts (study, TRUE);
    if (pass == 2)
      bs_study_set_cache (study, SAMPLES * 1000);
    for (guint k = 0; k < 2 * n; k++) { /* everything twice: the second time from the last cut */
      guint i = pass == 1 ? n - 1 - k % n : k % n;
      g_autoptr (BsResult) result = measure (study, i);
      assert_same (expected->pdata[i], result, i);
    }
  }
}

/* Each prepared while the one before it runs, with whose weights it begins. */
static void
test_expected (void)
{
  g_autoptr (GPtrArray) expected = one_by_one ();
  g_autoptr (BsStudy) study = net_study (SAMPLES);

  for (guint i = 0; i < expected->len; i++) {
    g_autoptr (BsConfig) next = i + 1 < expected->len ? config_at (i + 1) : NULL;
    bs_study_expect (study, next);
    g_autoptr (BsResult) result = measure (study, i);
    assert_same (expected->pdata[i], result, i);
  }
}

static void
test_threads (void)
{
  g_autoptr (GPtrArray) expected = one_by_one ();

  bs_parallel_set_threads (1);
  g_autoptr (GPtrArray) alone = one_by_one ();
  bs_parallel_set_threads (3);
  g_autoptr (GPtrArray) three = one_by_one ();
  bs_parallel_set_threads (0);
  for (guint i = 0; i < expected->len; i++) {
    assert_same (expected->pdata[i], alone->pdata[i], i);
    assert_same (expected->pdata[i], three->pdata[i], i);
  }
}

static void
test_levels (void)
{
  g_autoptr (GPtrArray) expected = one_by_one ();
  unsigned all = bsk_cpu ();
  const unsigned masks[] = { 0, BSK_CPU_SSE41, BSK_CPU_SSE41 | BSK_CPU_AVX2,
                             BSK_CPU_SSE41 | BSK_CPU_AVX2 | BSK_CPU_AVXVNNI };

  for (guint m = 0; m < G_N_ELEMENTS (masks); m++) {
    bsk_cpu_mask (masks[m]);
    g_test_message ("level %s", bsk_level_name ());
    g_autoptr (GPtrArray) level = one_by_one ();
    for (guint i = 0; i < expected->len; i++)
      assert_same (expected->pdata[i], level->pdata[i], i);
  }
  bsk_cpu_mask (all);
}

/* Cancelled work leaves nothing behind that later work could start from. */
static void
test_cancelled (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsStudy) fresh = net_study (SAMPLES);
  g_autoptr (BsConfig) config = config_at (0);
  g_autoptr (GError) error = NULL;
  gint cancelled = 1;

  bs_study_keep_cuts (study, TRUE);
  g_assert_null (bs_study_measure (study, config, 0, &cancelled, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_CANCELLED);
  g_autoptr (BsResult) after = measure (study, 1);
  g_autoptr (BsResult) expected = measure (fresh, 1);
  assert_same (expected, after, 1);
}

static void
test_unknown_layer (void)
{
  g_autoptr (BsStudy) study = net_study (20);
  g_autoptr (BsConfig) config = net_layer_config ("int8", "uint8", "no such", "int4", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (bs_study_measure (study, config, 0, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "no such"));
}

static const BsLayerResult *
find_layer (const BsResult *result, const char *name)
{
  for (guint i = 0; i < result->n_layers; i++)
    if (g_str_equal (result->layers[i].name, name))
      return &result->layers[i];
  g_assert_not_reached ();
}

/* The first layer is fed with the float input in both cases, so that both errors are the same
 * number; fewer bits lose more; each output value of each probe is in the histogram. */
static void
test_layer_errors (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  double last = INFINITY;

  for (guint bits = 8; bits >= 2; bits -= 2) {
    g_autofree char *spec = g_strdup_printf ("int%u:channel", bits);
    g_autoptr (BsConfig) config = net_config (spec, "uint8");
    g_autoptr (GError) error = NULL;
    g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);
    const BsLayerResult *first = find_layer (r, "conv1"), *fc = find_layer (r, "fc");
    guint64 binned = 0;

    g_assert_no_error (error);
    g_assert_cmpuint (r->n_layers, ==, 5);
    g_assert_cmpfloat (r->integer_share, ==, 1);
    g_assert_false (r->simulated);
    assert_same_bits (first->local_sqnr_db, first->accumulated_sqnr_db, "conv1", bits);
    g_assert_cmpfloat (first->local_sqnr_db, <, last);
    g_assert_cmpfloat (first->local_sqnr_db, >, 6.0 * (bits - 1) - 6);
    g_assert_cmpfloat (fc->accumulated_sqnr_db, <, fc->local_sqnr_db + CHANCE_DB);
    for (guint k = 0; k < BS_ERROR_BINS; k++)
      binned += fc->error_bins[k];
    g_assert_cmpuint (binned, ==, BS_LAYER_SAMPLES * NET_CLASSES);
    last = first->local_sqnr_db;
  }
}

/* Ranges of each sample are simulated, the same alone and in the network, and finer than those of
 * all: a sample seldom reaches what calibration saw. */
static void
test_dynamic (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsConfig) config = net_config ("int8:channel", "uint4:dynamic"),
                       fixed = net_config ("int8:channel", "uint4");
  g_autoptr (GError) error = NULL;
  g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);
  g_autoptr (BsResult) f = bs_study_measure (study, fixed, BS_MEASURE_LAYERS, NULL, &error);
  const BsLayerResult *first = find_layer (r, "conv1");

  g_assert_no_error (error);
  g_assert_true (r->simulated && !f->simulated);
  g_assert_cmpfloat (r->integer_share, ==, 0);
  assert_same_bits (first->local_sqnr_db, first->accumulated_sqnr_db, "conv1", 4);
  g_assert_cmpfloat (r->output_sqnr_db, >, f->output_sqnr_db);
}

/* Counted by hand for the first convolution of the network; times add up. */
static void
test_costs (void)
{
  g_autoptr (BsStudy) study = net_study (20);
  g_autoptr (BsConfig) config = net_layer_config ("int4:channel", "uint8", "fc", "float", "float");
  g_autoptr (GError) error = NULL;
  g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LATENCY, NULL, &error);
  g_autoptr (BsResult) without = bs_study_measure (study, config, 0, NULL, &error);
  const BsLayerResult *fc = find_layer (r, "fc"), *conv1 = find_layer (r, "conv1");
  guint64 bit_ops = 0, traffic = 0;
  double layers = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < r->n_layers; i++) {
    bit_ops += r->layers[i].bit_ops;
    traffic += r->layers[i].traffic_bytes;
    layers += r->layers[i].latency_ms;
    g_assert_cmpfloat (r->layers[i].latency_ms, >=, 0);
    g_assert_true (isnan (without->layers[i].latency_ms));
  }
  g_assert_cmpuint (r->bit_ops, ==, bit_ops);
  g_assert_cmpuint (r->traffic_bytes, ==, traffic);
  g_assert_cmpuint (conv1->bit_ops, ==, conv1->macs * 4 * 8);
  g_assert_cmpuint (fc->bit_ops, ==, fc->macs * 32 * 32);
  g_assert_cmpuint (fc->macs * 4, ==, (fc->weight_bits + 7) / 8);
  g_assert_cmpuint (fc->traffic_bytes, ==,
                    fc->macs * 4 + fc->macs / NET_CLASSES * 4 + NET_CLASSES * 4);
  guint64 pixels = NET_SIDE * NET_SIDE;
  const BsDataset *data = bs_study_dataset (study);
  g_assert_cmpuint (conv1->traffic_bytes, ==,
                    (conv1->weight_bits + 7) / 8 + data->sample_bytes / 4 + NET_CHANNELS * pixels);
  g_assert_cmpfloat (r->latency_ms, >, 0);
  g_assert_cmpfloat (layers, <=, 1.5 * r->latency_ms); /* medians, each of its own */
  g_assert_nonnull (r->machine);
  g_assert_true (isnan (without->latency_ms));
  g_assert_true (isnan (bs_study_float (study)->latency_ms));
  g_assert_true (bs_study_time_float (study, &error));
  g_assert_cmpfloat (bs_study_float (study)->latency_ms, >, 0);
}

static void
test_one_layer (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsConfig) config = net_layer_config ("float", "float", "left", "int4", "float");
  g_autoptr (GError) error = NULL;
  g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);

  g_assert_no_error (error);
  assert_same_bits (find_layer (r, "conv1")->accumulated_sqnr_db, INFINITY, "before", 0);
  assert_same_bits (find_layer (r, "right")->accumulated_sqnr_db, INFINITY, "beside", 0);
  assert_same_bits (find_layer (r, "left")->accumulated_sqnr_db,
                    find_layer (r, "left")->local_sqnr_db, "itself", 0);
  g_assert_true (isfinite (find_layer (r, "fc")->accumulated_sqnr_db));
  assert_same_bits (find_layer (r, "fc")->local_sqnr_db, INFINITY, "behind, by itself", 0);
}

/* One sample at a time: the float predictions are those of the graph itself. */
static void
test_fixed_batch (void)
{
  g_autoptr (BsModel) model = net_fixed_new (3);
  g_autoptr (BsDataset) dataset = net_data (model, 37, 4);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsStudy) study = bs_study_new (model, dataset, NULL, &error);

  g_assert_no_error (error);
  const BsResult *baseline = bs_study_float (study);
  g_assert_cmpuint (baseline->n_predictions, ==, 37);
  for (guint i = 0; i < 37; i++) {
    BsValue input = { BS_DTYPE_F32, 2, { 1, 8 }, dataset->x + i * dataset->sample_bytes }, output;
    gint32 best = 0;
    g_assert_true (bs_walk (model, &input, &output, NULL, &error));
    for (gint32 k = 1; k < 6; k++)
      if (((float *) output.data)[k] > ((float *) output.data)[best])
        best = k;
    g_assert_cmpint (best, ==, baseline->predictions[i]);
    bs_value_clear (&output);
  }
  bs_study_keep_cuts (study, TRUE);
  for (guint pass = 0; pass < 2; pass++) {
    g_autoptr (BsConfig) config = net_config ("int8", "uint8");
    g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (r->n, ==, 37);
    g_assert_cmpfloat (r->integer_share, ==, 1);
    g_assert_cmpfloat (r->agreement, >, 0.8);
    g_assert_cmpfloat (r->output_sqnr_db, >, 25);
  }
}

/* Float steps on channels-last images, with their activations fused, give what the float walk of the
 * graph gives; where every tensor is kept, the very same bits. */
static void
test_float_steps (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsConfig) config = net_config ("float", "float");
  g_autoptr (GError) error = NULL;
  BsModel *model = bs_study_model (study);
  g_autoptr (BsPrepared) fused = bs_study_prepare (study, config, &error);
  g_autoptr (BsPrepared) whole = bs_prepare_whole (model, config, &error);
  g_autoptr (BsRunner) runner = bs_runner_new (fused);
  g_autoptr (BsRunner) slow = bs_runner_new (whole);
  BsDataset *data = bs_study_dataset (study);
  BsValue input = { .dtype = data->dtype, .n_dims = data->n_dims + 1, .dims = { 7 } }, walked;

  g_assert_no_error (error);
  g_assert_cmpuint (fused->n_steps, <, whole->n_steps);
  memcpy (input.dims + 1, data->dims, data->n_dims * sizeof *data->dims);
  input.data = (gpointer) data->x;
  bs_walk (model, &input, &walked, NULL, &error);
  g_assert_no_error (error);
  bs_runner_run (runner, &input, 7, 0, G_MAXUINT, NULL, NULL, &error);
  g_assert_no_error (error);
  bs_runner_run (slow, &input, 7, 0, G_MAXUINT, NULL, NULL, &error);
  g_assert_no_error (error);
  const float *a = bs_runner_output_value (runner, 0)->data, *w = walked.data;
  g_assert_cmpmem (a, 7 * NET_CLASSES * sizeof *a, bs_runner_output_value (slow, 0)->data,
                   7 * NET_CLASSES * sizeof *a);
  for (guint i = 0; i < 7 * NET_CLASSES; i++)
    g_assert_cmpfloat_with_epsilon (a[i], w[i], FLOAT_ERROR);
  bs_value_clear (&walked);
}

/* The network with pictures of any size: what is prepared is of the size of the samples, and gives
 * what the network of that size gives; other sizes are refused, not run beyond the buffers. */
static void
test_free_size (void)
{
  g_autoptr (BsModel) fixed = net_new (1);
  g_autoptr (BsModelBuilder) builder = bs_model_builder_copy (fixed);
  g_autoptr (BsDataset) data = net_data (fixed, SAMPLES, 5);
  g_autoptr (BsConfig) config = net_config ("int8", "uint8");
  g_autoptr (GError) error = NULL;
  BsModel *edited = bs_model_builder_edit (builder);

  for (guint d = 1; d < 4; d++)
    edited->tensors[edited->inputs[0]].dims[d] = d == 1 ? 3 : BS_DIM_FREE;
  g_autoptr (BsModel) any = bs_model_builder_finish (builder, &error);
  g_assert_no_error (error);
  g_autoptr (BsStudy) one = bs_study_new (fixed, data, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsStudy) other = bs_study_new (any, data, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsResult) a = bs_study_measure (one, config, BS_MEASURE_LAYERS, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsResult) b = bs_study_measure (other, config, BS_MEASURE_LAYERS, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (a->output_sqnr_db, ==, b->output_sqnr_db);
  g_assert_cmpuint (a->bit_ops, ==, b->bit_ops);
  g_assert_cmpmem (a->predictions, a->n_predictions * sizeof *a->predictions, b->predictions,
                   b->n_predictions * sizeof *b->predictions);

  g_autoptr (BsPrepared) plan = bs_study_prepare (other, config, &error);
  g_assert_no_error (error);
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  g_autofree float *pixels = g_new0 (float, 3 * (NET_SIDE + 1) * NET_SIDE);
  BsValue input = {
    .dtype = BS_DTYPE_F32, .n_dims = 4, .dims = { 1, 3, NET_SIDE + 1, NET_SIDE }, .data = pixels
  };
  g_assert_false (bs_runner_run (runner, &input, 1, 0, G_MAXUINT, NULL, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_SHAPE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/study/cache", test_cache);
  g_test_add_func ("/study/expected", test_expected);
  g_test_add_func ("/study/threads", test_threads);
  g_test_add_func ("/study/levels", test_levels);
  g_test_add_func ("/study/cancelled", test_cancelled);
  g_test_add_func ("/study/unknown-layer", test_unknown_layer);
  g_test_add_func ("/study/layer-errors", test_layer_errors);
  g_test_add_func ("/study/dynamic", test_dynamic);
  g_test_add_func ("/study/costs", test_costs);
  g_test_add_func ("/study/one-layer", test_one_layer);
  g_test_add_func ("/study/fixed-batch", test_fixed_batch);
  g_test_add_func ("/study/float-steps", test_float_steps);
  g_test_add_func ("/study/free-size", test_free_size);
  return g_test_run ();
}
