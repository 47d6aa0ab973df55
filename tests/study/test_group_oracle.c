/* The integer run with a scale for each group of weights against an oracle that shares no code with
 * it: integer sums inside a group, fused float sums over the groups, as bsk.h says.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "net.h"
#include "run/runner.h"

#include <math.h>
#include <string.h>

#define SAMPLES 20
#define SIDE 3
#define MAX_VALUES 432

/* One tensor of one sample, channels first: codes and what they mean. */
typedef struct {
  gint channels, side;
  gint64 q[MAX_VALUES];
  float scale;
  gint64 zero, lo, hi;
} Codes;

/* int<bits>:group=<group>:axis=1, affine or not */
typedef struct {
  gint bits, group;
  gboolean affine;
} Weights;

static void
set_codes (const BsPrepared *plan, guint tensor, Codes *codes)
{
  const BskQParams *p = &plan->tensors[tensor].params;

  codes->scale = p->scale;
  codes->zero = p->zero_point;
  codes->lo = p->qmin;
  codes->hi = p->qmax;
}

/* Codes less zero point of n weights `stride` apart; returns their scale. */
static float
group_codes (const Weights *how, const float *w, gint n, gint stride, gint64 *codes)
{
  double low = 0, high = 0, half = 1 << (how->bits - 1), zero = 0;

  for (gint i = 0; i < n; i++) {
    low = MIN (low, (double) w[i * stride]);
    high = MAX (high, (double) w[i * stride]);
  }
  double smallest = how->affine ? -half : 1 - half;
  float scale =
    (float) (how->affine ? (high - low) / (2 * half - 1) : MAX (-low, high) / (half - 1));
  if (how->affine)
    zero = CLAMP (rint (smallest - low / (double) scale), smallest, half - 1);
  for (gint i = 0; i < n; i++)
    codes[i] =
      (gint64) (CLAMP (rint ((double) (w[i * stride] / scale)) + zero, smallest, half - 1) - zero);
  return scale;
}

/* One output value before it is rounded, in units of the input's scale. Groups run along the input
 * channels, for each position of the kernel anew. */
static float
sum_groups (const Weights *how,
            const Codes *in,
            const float *w,
            gint kernel,
            gint y,
            gint x,
            float start)
{
  float f = start;

  for (gint p = 0; p < kernel * kernel; p++)
    for (gint from = 0; from < in->channels; from += how->group) {
      gint n = MIN (how->group, in->channels - from), iy = y - kernel / 2 + p / kernel,
           ix = x - kernel / 2 + p % kernel;
      gint64 codes[MAX_VALUES], sum = 0;
      float scale = group_codes (how, w + from * kernel * kernel + p, n, kernel * kernel, codes);
      for (gint i = 0; i < n && iy >= 0 && iy < in->side && ix >= 0 && ix < in->side; i++)
        sum += (in->q[((from + i) * in->side + iy) * in->side + ix] - in->zero) * codes[i];
      f = fmaf ((float) sum, scale, f);
    }
  return f;
}

/* out NULL: the last layer, whose floats go to result. */
static void
layer (const Weights *how,
       const BsModel *model,
       const char *name,
       gint kernel,
       const Codes *in,
       Codes *out,
       float *result)
{
  const BsNode *node = &model->nodes[bs_model_find_node (model, name)];
  const BsTensor *weight = &model->tensors[node->inputs[1]];
  const float *w = weight->data, *bias = model->tensors[node->inputs[2]].data;
  gint depth = in->channels * kernel * kernel, pixels = in->side * in->side;

  for (gint c = 0; c < weight->dims[0]; c++)
    for (gint p = 0; p < pixels; p++) {
      float f = sum_groups (how, in, w + c * depth, kernel, p / in->side, p % in->side,
                            bias[c] / in->scale);
      if (out == NULL) {
        result[c] = f * in->scale;
        continue;
      }
      double q = rint ((double) (f * (in->scale / out->scale))) + (double) out->zero;
      out->q[c * pixels + p] =
        (gint64) CLAMP (q, (double) MAX (out->lo, out->zero), (double) out->hi); /* with Relu */
    }
  if (out != NULL) {
    out->channels = (gint) weight->dims[0];
    out->side = in->side;
  }
}

static void
run_oracle (const Weights *how, const BsPrepared *plan, const float *x, float *result)
{
  const BsModel *model = plan->model;
  g_autofree Codes *t = g_new0 (Codes, 3);

  set_codes (plan, model->inputs[0], &t[0]);
  t[0].channels = 32;
  t[0].side = SIDE;
  for (gint i = 0; i < 32 * SIDE * SIDE; i++)
    t[0].q[i] = (gint64) CLAMP (rint ((double) (x[i] / t[0].scale)) + (double) t[0].zero,
                                (double) t[0].lo, (double) t[0].hi);
  for (gint i = 1; i <= 2; i++) {
    const char *relu = i == 1 ? "relu1" : "relu2";
    set_codes (plan, model->nodes[bs_model_find_node (model, relu)].outputs[0], &t[i]);
    layer (how, model, i == 1 ? "wide" : "point", i == 1 ? 3 : 1, &t[i - 1], &t[i], NULL);
  }
  t[2].channels *= SIDE * SIDE; /* Flatten */
  t[2].side = 1;
  layer (how, model, "fc", 1, &t[2], NULL, result);
}

static void
test_one (BsStudy *study, const Weights *how, const char *acts)
{
  g_autofree char *weights = g_strdup_printf ("int%d:group=%d:axis=1%s", how->bits, how->group,
                                              how->affine ? ":affine" : "");
  g_autoptr (BsConfig) config = net_config (weights, acts);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, &error);
  const BsDataset *data = bs_study_dataset (study);
  BsValue input = { BS_DTYPE_F32, 4, { SAMPLES, 32, SIDE, SIDE }, data->x };

  g_assert_no_error (error);
  g_assert_cmpfloat (plan->integer_share, ==, 1);
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  g_assert_true (bs_runner_run (runner, &input, SAMPLES, 0, G_MAXUINT, NULL, NULL, &error));
  const float *got = bs_runner_output_value (runner, 0)->data;
  for (guint i = 0; i < SAMPLES; i++, got += NET_CLASSES) {
    float expected[NET_CLASSES];
    run_oracle (how, plan, (const float *) (data->x + i * data->sample_bytes), expected);
    for (gint k = 0; k < NET_CLASSES; k++)
      if (got[k] != expected[k])
        g_error ("%s, %s, sample %u, class %d: %.9g, the oracle says %.9g", weights, acts, i, k,
                 (double) got[k], (double) expected[k]);
  }
}

static void
test_network (gconstpointer acts)
{
  g_autoptr (BsModel) model = net_groups_new (1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);

  for (gint bits = 2; bits <= 8; bits++)
    for (gint group = 16; group <= 32; group += 16)
      for (gint affine = 0; affine <= (bits < 8); affine++)
        test_one (study, &(Weights){ bits, group, affine }, acts);
}

/* Which layers run on integers, and what is said of the others. */
static void
check_reason (const char *weights, const char *wide, const char *point, const char *fc)
{
  g_autoptr (BsModel) model = net_groups_new (1);
  g_autoptr (BsStudy) study = net_study_of (model, SAMPLES);
  g_autoptr (BsConfig) config = net_config (weights, "uint8");
  g_autoptr (GError) error = NULL;
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, &error);
  const char *expected[] = { wide, point, fc };

  g_assert_no_error (error);
  g_assert_cmpuint (plan->layers->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    const BsPlannedLayer *planned = &g_array_index (plan->layers, BsPlannedLayer, i);
    g_assert_cmpint (planned->on_integers, ==, expected[i] == NULL);
    if (expected[i] != NULL)
      g_assert_nonnull (strstr (planned->why_not, expected[i]));
    else
      g_assert_null (planned->why_not);
  }
}

static void
test_reasons (void)
{
  check_reason ("int4:group=32", "do not run along the sums", NULL, NULL);
  check_reason ("int4:group=512", NULL, NULL, NULL); /* one group is a whole channel */
  check_reason ("int8:affine:group=512", NULL, NULL, NULL);
  check_reason ("int4:group=8", "do not run along", "groups of 16", "groups of 16");
  check_reason ("int4:group=8:axis=1", "inside a kernel's row", "groups of 16", "groups of 16");
  check_reason ("int8:affine:group=32:axis=1", "zero point", "zero point", "zero point");
  check_reason ("int4:element", "each element", "each element", "each element");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/group-oracle/uint8", "uint8", test_network);
  g_test_add_data_func ("/group-oracle/int4", "int4", test_network);
  g_test_add_func ("/group-oracle/reasons", test_reasons);
  return g_test_run ();
}
