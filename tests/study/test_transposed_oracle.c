/* Transposed convolutions on integers against an oracle that shares no code with them: each input
 * scattered to the outputs it reaches, sums in 64-bit integers, rounding by the rules in bsk.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "export/export.h"
#include "net.h"
#include "run/runner.h"
#include "search/sensitivity.h"
#include "study/plan.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define SAMPLES 20
#define MAX_VALUES 2048
#define MAX_WEIGHTS (NET_CLASSES * MAX_VALUES)
#define MAX_CHANNELS 8

/* Square; groups, asymmetric pads, output padding; depthwise, dilated; outputs that no input
 * reaches. */
static const NetTransposed layers[] = {
  { "same", 6, 8, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 }, { 0, 0 } },
  { "groups", 8, 6, 2, { 3, 4 }, { 2, 1 }, { 1, 1 }, { 1, 0, 0, 1 }, { 1, 0 } },
  { "depthwise", 6, 6, 6, { 2, 3 }, { 1, 2 }, { 1, 2 }, { 0, 2, 1, 0 }, { 0, 1 } },
  { "holes", 6, 2, 1, { 1, 1 }, { 2, 2 }, { 1, 1 }, { 0, 0, 0, 0 }, { 0, 1 } },
};

/* One tensor of one sample, channels first: codes and what they mean. */
typedef struct {
  gint64 channels, h, w;
  gint64 q[MAX_VALUES];
  float scale;
  gint64 zero, lo, hi;
} Image;

typedef enum { SYMMETRIC, AFFINE, UNSIGNED } WeightKind; /* int, int:affine, uint */

typedef struct {
  gint bits;
  gboolean per_channel;
  WeightKind kind;
} How;

/* Codes less zero point, and a scale for each of the channels. */
typedef struct {
  gint64 codes[MAX_WEIGHTS];
  float scale[MAX_CHANNELS];
} Weights;

static void
set_codes (const BsPrepared *plan, guint tensor, Image *image)
{
  const BskQParams *p = &plan->tensors[tensor].params;

  image->scale = p->scale;
  image->zero = p->zero_point;
  image->lo = p->qmin;
  image->hi = p->qmax;
}

static gint64
to_code (const Image *image, float scaled, gint64 lo)
{
  double q = rint ((double) scaled) + (double) image->zero;

  return (gint64) CLAMP (q, (double) lo, (double) image->hi);
}

/* Weights [outer][n_channels][inner]. Symmetric: max |w| gets the largest code; else both ends, and
 * 0, get codes. */
static void
quantize (const How *how, const float *w, gsize n, gsize n_channels, gsize inner, Weights *out)
{
  gint64 largest = (1 << (how->bits - 1)) - 1, smallest = -largest;

  if (how->kind != SYMMETRIC) {
    smallest = how->kind == UNSIGNED ? 0 : -largest - 1;
    largest = smallest + (1 << how->bits) - 1;
  }
  for (gsize c = 0; c < n_channels; c++) {
    double low = 0, high = 0, zero = 0;
    for (gsize i = 0; i < n; i++)
      if (!how->per_channel || i / inner % n_channels == c) {
        low = MIN (low, (double) w[i]);
        high = MAX (high, (double) w[i]);
      }
    out->scale[c] = (float) (how->kind == SYMMETRIC ? MAX (-low, high) / (double) largest
                                                    : (high - low) / (double) (largest - smallest));
    if (how->kind != SYMMETRIC)
      zero = CLAMP (rint ((double) smallest - low / (double) out->scale[c]), (double) smallest,
                    (double) largest);
    for (gsize i = 0; i < n; i++)
      if (i / inner % n_channels == c)
        out->codes[i] = (gint64) (CLAMP (rint ((double) (w[i] / out->scale[c])) + zero,
                                         (double) smallest, (double) largest) -
                                  zero);
  }
}

/* The sums of one layer: out [cout][h][w]; what no input reaches keeps the bias. */
static void
scatter (const NetTransposed *t, const Image *in, const Weights *w, Image *out, gint64 *sums)
{
  gint64 cin = t->cin / t->groups, cout = t->cout / t->groups;

  for (gint64 i = 0; i < t->cin * in->h * in->w; i++)
    for (gint64 k = 0; k < cout * t->kernel[0] * t->kernel[1]; k++) {
      gint64 c = i / (in->h * in->w), tap = k % (t->kernel[0] * t->kernel[1]);
      gint64 o = c / cin * cout + k / (t->kernel[0] * t->kernel[1]);
      gint64 y =
        i / in->w % in->h * t->stride[0] + tap / t->kernel[1] * t->dilation[0] - t->pads[0];
      gint64 x = i % in->w * t->stride[1] + tap % t->kernel[1] * t->dilation[1] - t->pads[1];
      if (y >= 0 && y < out->h && x >= 0 && x < out->w)
        sums[(o * out->h + y) * out->w + x] +=
          (in->q[i] - in->zero) * w->codes[c * cout * t->kernel[0] * t->kernel[1] + k];
    }
}

/* A transposed convolution and its Relu. */
static void
layer (const How *how, const BsPrepared *plan, const NetTransposed *t, const Image *in, Image *out)
{
  const BsModel *model = plan->model;
  g_autofree char *relu = g_strconcat (t->name, "_relu", NULL);
  const BsNode *node = &model->nodes[bs_model_find_node (model, t->name)];
  const float *bias = model->tensors[node->inputs[2]].data;
  g_autofree Weights *w = g_new (Weights, 1);
  gint64 sums[MAX_VALUES], cout = t->cout / t->groups, taps = t->kernel[0] * t->kernel[1];

  quantize (how, model->tensors[node->inputs[1]].data, (gsize) (t->cin * cout * taps), (gsize) cout,
            (gsize) taps, w);
  set_codes (plan, model->nodes[bs_model_find_node (model, relu)].outputs[0], out);
  out->channels = t->cout;
  out->h = (in->h - 1) * t->stride[0] + (t->kernel[0] - 1) * t->dilation[0] + 1 + t->extra[0] -
           t->pads[0] - t->pads[2];
  out->w = (in->w - 1) * t->stride[1] + (t->kernel[1] - 1) * t->dilation[1] + 1 + t->extra[1] -
           t->pads[1] - t->pads[3];
  gint64 pixels = out->h * out->w;
  g_assert_cmpint (t->cout * pixels, <=, MAX_VALUES);
  for (gint64 i = 0; i < t->cout * pixels; i++)
    sums[i] = (gint64) rint ((double) bias[i / pixels] /
                             (double) (in->scale * w->scale[i / pixels % cout]));
  scatter (t, in, w, out, sums);
  for (gint64 i = 0; i < t->cout * pixels; i++) {
    float m = in->scale * w->scale[i / pixels % cout] / out->scale;
    out->q[i] = to_code (out, (float) sums[i] * m, MAX (out->lo, out->zero));
  }
}

static void
product (const How *how, const BsPrepared *plan, const Image *in, float *result)
{
  const BsModel *model = plan->model;
  const BsNode *node = &model->nodes[bs_model_find_node (model, "fc")];
  const float *bias = model->tensors[node->inputs[2]].data;
  g_autofree Weights *w = g_new (Weights, 1);
  gint64 depth = in->channels * in->h * in->w;

  quantize (how, model->tensors[node->inputs[1]].data, (gsize) (NET_CLASSES * depth), NET_CLASSES,
            (gsize) depth, w);
  for (gint c = 0; c < NET_CLASSES; c++) {
    gint64 sum = (gint64) rint ((double) bias[c] / (double) (in->scale * w->scale[c]));
    for (gint64 k = 0; k < depth; k++)
      sum += (in->q[k] - in->zero) * w->codes[c * depth + k];
    result[c] = (float) sum * (in->scale * w->scale[c]);
  }
}

static void
run_oracle (const How *how, const BsPrepared *plan, gboolean flat, const float *x, float *result)
{
  g_autofree Image *images = g_new0 (Image, 2);
  Image *in = &images[0], *out = &images[1];

  set_codes (plan, plan->model->inputs[0], in);
  in->channels = layers[0].cin;
  in->h = flat ? 1 : NET_HEIGHT;
  in->w = NET_WIDTH;
  for (gint64 i = 0; i < in->channels * in->h * in->w; i++)
    in->q[i] = to_code (in, x[i] / in->scale, in->lo);
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++) {
    NetTransposed t = layers[i];
    if (flat) {
      t.kernel[0] = t.stride[0] = t.dilation[0] = 1;
      t.pads[0] = t.pads[2] = t.extra[0] = 0;
    }
    layer (how, plan, &t, in, out);
    Image *last = in;
    in = out;
    out = last;
  }
  product (how, plan, in, result);
}

/* The same at every level. */
static void
test_one (BsStudy *study, gboolean flat, const How *how, const char *acts)
{
  g_autofree char *weights =
    g_strdup_printf ("%s%d:%s%s", how->kind == UNSIGNED ? "uint" : "int", how->bits,
                     how->per_channel ? "channel" : "tensor", how->kind == AFFINE ? ":affine" : "");
  g_autoptr (BsConfig) config = net_config (weights, acts);
  const BsDataset *data = bs_study_dataset (study);
  BsValue input = { BS_DTYPE_F32, 4, { SAMPLES, layers[0].cin, NET_HEIGHT, NET_WIDTH }, data->x };
  unsigned all = bsk_cpu ();
  const unsigned masks[] = { all, 0, BSK_CPU_SSE41, BSK_CPU_SSE41 | BSK_CPU_AVX2 };
  float expected[SAMPLES * NET_CLASSES];

  if (flat)
    input = (BsValue){ BS_DTYPE_F32, 3, { SAMPLES, layers[0].cin, NET_WIDTH }, data->x };
  for (guint m = 0; m < G_N_ELEMENTS (masks); m++) {
    g_autoptr (GError) error = NULL;
    bsk_cpu_mask (masks[m]);
    g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, &error);
    g_assert_no_error (error);
    g_assert_cmpfloat (plan->integer_share, ==, 1);
    g_autoptr (BsRunner) runner = bs_runner_new (plan);
    g_assert_true (bs_runner_run (runner, &input, SAMPLES, 0, G_MAXUINT, NULL, NULL, &error));
    for (guint i = 0; i < SAMPLES && m == 0; i++)
      run_oracle (how, plan, flat, (const float *) (data->x + i * data->sample_bytes),
                  expected + i * NET_CLASSES);
    const float *got = bs_runner_output_value (runner, 0)->data;
    for (guint i = 0; i < SAMPLES * NET_CLASSES; i++)
      if (got[i] != expected[i])
        g_error ("%s, %s, level %s, output %u: %.9g, the oracle says %.9g", weights, acts,
                 bsk_level_name (), i, (double) got[i], (double) expected[i]);
  }
  bsk_cpu_mask (all);
}

static void
test_network (gconstpointer acts)
{
  for (gint flat = 0; flat <= 1; flat++) {
    g_autoptr (BsModel) model = net_transposed_new (layers, G_N_ELEMENTS (layers), flat, 1);
    g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
    for (WeightKind kind = SYMMETRIC; kind <= UNSIGNED; kind++)
      for (gint bits = kind == SYMMETRIC ? 2 : 1; bits <= 8; bits++)
        for (gint per_channel = 0; per_channel <= 1; per_channel++)
          test_one (study, flat, &(How){ bits, per_channel, kind }, acts);
  }
}

/* Why the one layer of a network does not run on integers; NULL: it does. */
static void
check_reason (const NetTransposed *only, const char *weights, const char *why)
{
  g_autoptr (BsModel) model = net_transposed_new (only, 1, FALSE, 1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
  g_autoptr (BsConfig) config = net_config (weights, "uint8");
  g_autoptr (GError) error = NULL;
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, &error);

  g_assert_no_error (error);
  const BsPlannedLayer *planned = &g_array_index (plan->layers, BsPlannedLayer, 0);
  g_assert_cmpint (planned->on_integers, ==, why == NULL);
  if (why != NULL)
    g_assert_nonnull (strstr (planned->why_not, why));
}

static void
test_reasons (void)
{
  NetTransposed cut = layers[0],
                point = { "point", 32, 4, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 }, { 0 } };

  cut.pads[2] = 3;
  check_reason (&cut, "int8", "more is cut off");
  check_reason (&layers[0], "int8:channel:axis=0", "does not run along the output channels");
  check_reason (&layers[0], "int4:group=16", "do not run along the sums");
  check_reason (&layers[0], "int4:element", "each element");
  check_reason (&point, "int4:group=16:axis=0", "no groups of weights in transposed");
  check_reason (&point, "int4:group=32:axis=0", NULL); /* one group is a whole channel */
}

/* The first layer is fed with the float input in both cases, so that both errors are the same
 * number. */
static void
test_layer_errors (void)
{
  g_autoptr (BsModel) model = net_transposed_new (layers, G_N_ELEMENTS (layers), FALSE, 1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
  double last = INFINITY;

  for (guint bits = 8; bits >= 4; bits -= 2) {
    g_autofree char *spec = g_strdup_printf ("int%u:channel", bits);
    g_autoptr (BsConfig) config = net_config (spec, "uint8");
    g_autoptr (GError) error = NULL;
    g_autoptr (BsResult) r = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (r->n_layers, ==, G_N_ELEMENTS (layers) + 1);
    g_assert_false (r->simulated);
    for (guint i = 0; i < r->n_layers; i++)
      g_assert_true (r->layers[i].on_integers && isfinite (r->layers[i].local_sqnr_db));
    g_assert_cmpfloat (r->layers[0].local_sqnr_db, >, 6.0 * (bits - 1) - 6);
    g_assert_cmpfloat (r->layers[0].local_sqnr_db, ==, r->layers[0].accumulated_sqnr_db);
    g_assert_cmpfloat (r->layers[0].local_sqnr_db, <, last);
    last = r->layers[0].local_sqnr_db;
  }
}

/* Each cell of a scan is what measuring that configuration by itself gives. */
static void
test_sensitivity (void)
{
  g_autoptr (BsModel) model = net_transposed_new (layers, G_N_ELEMENTS (layers), FALSE, 1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES), fresh = net_study_of (model, SAMPLES);
  g_autoptr (GError) error = NULL;
  BsSensitivityPlan plan = { 0 };

  plan.weights = bs_plan_specs ("int3..int4", "channel", NULL, "weights", &error);
  g_assert_true (bs_spec_parse ("int8:channel", &plan.others, NULL));
  g_assert_true (bs_spec_parse ("uint8", &plan.layer_acts, NULL));
  bs_study_set_cache (fresh, 0);
  g_autoptr (BsSensitivity) s = bs_sensitivity_scan (study, &plan, NULL, &error);
  g_assert_no_error (error);
  for (guint o = 0; o < s->n_options; o++)
    for (guint l = 0; l < s->n_layers; l++) {
      g_autoptr (BsConfig) config =
        net_layer_config ("int8:channel", "uint8", s->layers[l], s->options[o].text, "uint8");
      g_autoptr (BsResult) expected = bs_study_measure (fresh, config, 0, NULL, &error);
      const BsResult *cell = bs_sensitivity_result (s, l, o);
      g_assert_no_error (error);
      g_assert_cmpfloat (cell->integer_share, ==, 1);
      g_assert_cmpfloat (cell->output_sqnr_db, ==, expected->output_sqnr_db);
    }
  g_array_unref (plan.weights);
}

/* Groups are those of convolutions: of a product the attribute says nothing. */
static void
test_product (void)
{
  g_autoptr (BsConfig) config = net_config ("int8:channel", "uint8");
  double sqnr[3];

  for (gint64 group = 0; group < 3; group++) {
    g_autoptr (BsModel) model = net_product_new (group, 1);
    g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
    g_autoptr (GError) error = NULL;
    g_autoptr (BsResult) r = bs_study_measure (study, config, 0, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpfloat (r->integer_share, ==, 1);
    sqnr[group] = r->output_sqnr_db;
  }
  g_assert_cmpfloat (sqnr[0], ==, sqnr[1]);
  g_assert_cmpfloat (sqnr[2], ==, sqnr[1]);
}

/* Scales that the groups share are written once. */
static void
test_export (void)
{
  static const char *const weights[] = { "int8:channel", "uint4:channel", "int8" };
  g_autoptr (BsModel) model = net_transposed_new (layers, G_N_ELEMENTS (layers), FALSE, 1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("transposed-XXXXXX", &error),
                  *path = g_build_filename (folder, "q.onnx", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (weights); i++) {
    g_autoptr (BsConfig) config = net_config (weights[i], "uint8");
    g_autoptr (BsExportReport) report =
      bs_export_run (bs_export_find ("onnx-qdq"), study, config, path, &error);
    g_assert_no_error (error);
    g_assert_true (report->checked);
    g_test_message ("%s: %g", weights[i], report->max_abs_difference);
    g_assert_cmpfloat (report->agreement, ==, 1);
    g_remove (path);
  }
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/transposed-oracle/uint8", "uint8", test_network);
  g_test_add_data_func ("/transposed-oracle/int8", "int8", test_network);
  g_test_add_data_func ("/transposed-oracle/int4", "int4", test_network);
  g_test_add_func ("/transposed-oracle/reasons", test_reasons);
  g_test_add_func ("/transposed-oracle/layer-errors", test_layer_errors);
  g_test_add_func ("/transposed-oracle/sensitivity", test_sensitivity);
  g_test_add_func ("/transposed-oracle/product", test_product);
  g_test_add_func ("/transposed-oracle/export", test_export);
  return g_test_run ();
}
