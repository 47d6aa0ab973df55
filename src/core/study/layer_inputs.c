/* What layers see: second moments, means and magnitudes of their inputs over the calibration
 * samples. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "run/step.h"
#include "run/walk.h"
#include "study/study_private.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define MAX_POSITIONS                                                                              \
  64u /* patches taken from one sample, spread evenly: enough for moments, few enough for speed */
#define MAX_SAMPLES 256u

typedef struct {
  const BsPrepared *plan;
  BsLayerInputs *inputs; /* [n_layers] */
  float *rows;           /* patches of one layer and batch */
  gsize rows_size;
  float *decoded; /* what a layer reads, in the graph's order */
  gsize decoded_size;
} Gather;

void
bs_layer_inputs_free (BsLayerInputs *inputs, guint n)
{
  for (guint i = 0; inputs != NULL && i < n; i++) {
    g_free (inputs[i].gram);
    g_free (inputs[i].mean);
    g_free (inputs[i].amax);
    g_free (inputs[i].mean_abs);
  }
  g_free (inputs);
}

/* Adds rows [n][n_in] of one group: sums, to be divided at the end. */
static void
add_rows (BsLayerInputs *in, guint group, const float *rows, gsize n)
{
  double *mean = in->mean + group * in->n_in;

  for (gsize r = 0; r < n; r++)
    for (gsize i = 0; i < in->n_in; i++)
      mean[i] += (double) rows[r * in->n_in + i];
  if (in->gram == NULL)
    return;
  g_autofree double *wide = g_new (double, n * in->n_in);
  for (gsize i = 0; i < n * in->n_in; i++)
    wide[i] = (double) rows[i];
  cblas_dsyrk (CblasRowMajor, CblasUpper, CblasTrans, (blasint) in->n_in, (blasint) n, 1, wide,
               (blasint) in->n_in, 1, in->gram + group * in->n_in * in->n_in, (blasint) in->n_in);
}

static void
add_magnitudes (BsLayerInputs *in, const float *x, gsize images, gsize channels, gsize pixels)
{
  if (in->amax == NULL) {
    in->n_channels = channels;
    in->amax = g_new0 (double, channels);
    in->mean_abs = g_new0 (double, channels);
  }
  in->n_seen += images;
  for (gsize i = 0; i < images; i++)
    for (gsize c = 0; c < channels; c++)
      for (gsize p = 0; p < pixels; p++) {
        double v = fabs ((double) x[(i * channels + c) * pixels + p]);
        in->mean_abs[c] += v / (double) pixels;
        in->amax[c] = MAX (in->amax[c], v);
      }
}

static void
begin_layer (BsLayerInputs *in, guint n_groups, gsize n_in)
{
  if (in->mean != NULL)
    return;
  in->n_groups = n_groups;
  in->n_in = n_in;
  in->mean = g_new0 (double, n_groups *n_in);
  if (n_in <= BS_MAX_GRAM && n_groups == 1)
    in->gram = g_new0 (double, n_in *n_in);
}

/* One patch [cin][kernel] of a one- or two-dimensional convolution; padding is 0. */
static void
take_patch (const BsWindow *w,
            const float *image,
            gsize channel,
            gsize cin,
            gint64 y,
            gint64 x,
            float *patch)
{
  gboolean flat = w->n_spatial == 1;
  gint64 kh = flat ? 1 : w->kernel[0], kw = w->kernel[w->n_spatial - 1], h = flat ? 1 : w->in[0],
         width = w->in[w->n_spatial - 1];

  for (gsize c = 0; c < cin; c++)
    for (gint64 ky = 0; ky < kh; ky++)
      for (gint64 kx = 0; kx < kw; kx++) {
        gint64 iy = flat ? 0 : y * w->stride[0] - w->pad_begin[0] + ky * w->dilation[0];
        gint64 ix = x * w->stride[w->n_spatial - 1] - w->pad_begin[w->n_spatial - 1] +
                    kx * w->dilation[w->n_spatial - 1];
        *patch++ = iy < 0 || iy >= h || ix < 0 || ix >= width
                     ? 0
                     : image[((channel + c) * (gsize) h + (gsize) iy) * (gsize) width + (gsize) ix];
      }
}

static float *
space (float **values, gsize *room, gsize size)
{
  if (size > *room) {
    *values = g_renew (float, *values, size);
    *room = size;
  }
  return *values;
}

static void
gather_conv (Gather *g,
             BsLayerInputs *in,
             const BsNode *node,
             const BsValue *x,
             const BsTensor *weight)
{
  BsValue shapes[2] = { *x, bs_tensor_value (weight) };
  BsCall call = {
    .model = g->plan->model, .node = node, .in = { &shapes[0], &shapes[1] }, .n_in = 2
  };
  BsWindow w;
  guint images;
  gsize channels, pixels;

  if (!bs_window_resolve (&call, weight->dims, &w, NULL) || w.n_spatial > 2 ||
      !bs_shape_image (x, &images, &channels, &pixels))
    return;
  gsize cin = (gsize) weight->dims[1], kernel = 1, positions = 1;
  for (guint i = 0; i < w.n_spatial; i++) {
    kernel *= (gsize) w.kernel[i];
    positions *= (gsize) w.out[i];
  }
  gsize taken = MIN (positions, MAX_POSITIONS), out_w = (gsize) w.out[w.n_spatial - 1];
  begin_layer (in, (guint) w.group, cin * kernel);
  float *rows = space (&g->rows, &g->rows_size, images * taken * in->n_in);
  for (guint group = 0; group < in->n_groups; group++) {
    for (guint i = 0; i < images; i++)
      for (gsize p = 0; p < taken; p++) {
        gsize at =
          positions * p / taken + i % MAX (positions / taken, 1); /* another offset in each image */
        take_patch (&w, (const float *) x->data + i * channels * pixels, group * cin, cin,
                    (gint64) (at / out_w), (gint64) (at % out_w),
                    rows + (i * taken + p) * in->n_in);
      }
    add_rows (in, group, rows, images * taken);
  }
  in->n_rows += images * taken;
  add_magnitudes (in, x->data, images, channels, pixels);
}

static void
gather_product (BsLayerInputs *in, const BsValue *x, gsize k)
{
  gsize n = bs_value_count (x) / k;

  begin_layer (in, 1, k);
  add_rows (in, 0, x->data, n);
  in->n_rows += n;
  add_magnitudes (in, x->data, n, k, 1);
}

static void
gather (gpointer user, BsRunner *runner, guint step_index)
{
  Gather *g = user;
  const BsStep *step = &g->plan->steps[step_index];

  if (step->layer < 0 || step->in[0] == BS_SLOT_NONE)
    return;
  const BsPlannedLayer *layer = &g_array_index (g->plan->layers, BsPlannedLayer, step->layer);
  const BsTensor *weight = &g->plan->model->tensors[layer->layer.tensors[0]];
  BsValue value = *bs_runner_value (runner, step->in[0]), *x = &value;
  const char *type = step->node->op_type;
  if (x->dtype != BS_DTYPE_F32 || x->data == NULL || layer->layer.n_weights != 1)
    return;
  x->data = space (&g->decoded, &g->decoded_size, bs_value_count (x));
  if (!bs_runner_decode (runner, step->in[0], x->data, bs_value_count (x)))
    return;
  if (g_str_equal (type, "Conv"))
    gather_conv (g, &g->inputs[step->layer], step->node, x, weight);
  else if ((g_str_equal (type, "Gemm") && bs_node_int (step->node, "transA", 0) == 0) ||
           (g_str_equal (type, "MatMul") && weight->n_dims == 2))
    gather_product (&g->inputs[step->layer], x,
                    (gsize) weight->dims[1 - layer->layer.channel_axis]);
}

static void
finish_layer (BsLayerInputs *in)
{
  double n = (double) in->n_rows;

  for (gsize i = 0; in->mean != NULL && i < in->n_groups * in->n_in; i++)
    in->mean[i] /= n;
  for (gsize i = 0; in->gram != NULL && i < in->n_in; i++)
    for (gsize j = i; j < in->n_in; j++)
      in->gram[j * in->n_in + i] = in->gram[i * in->n_in + j] /= n;
  for (gsize c = 0; in->mean_abs != NULL && c < in->n_channels; c++)
    in->mean_abs[c] /= (double) in->n_seen;
}

gboolean
bs_study_make_inputs (BsStudy *study, GError **error)
{
  g_autoptr (BsPrepared) plan = NULL;
  guint n = MIN (study->dataset->n_calibration, MAX_SAMPLES),
        batch = study->fixed_batch == 1 ? 1 : BS_BATCH;
  gboolean ok = TRUE;

  if (study->inputs != NULL || study->fixed_batch > 1)
    return TRUE;
  plan = bs_prepare_whole (study->model, study->float_config, error);
  if (plan == NULL)
    return FALSE;
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  g_autofree guint8 *samples = g_malloc (batch * study->dataset->sample_bytes);
  Gather g = { .plan = plan, .inputs = g_new0 (BsLayerInputs, plan->layers->len + 1) };
  for (guint i = 0; i < n && ok; i += batch) {
    BsValue inputs[BS_CALL_MAX];
    guint count = MIN (batch, n - i);
    bs_study_calibration (study, i, count, samples, inputs);
    ok = bs_runner_run (runner, inputs, count, 0, G_MAXUINT, gather, &g, error);
  }
  for (guint i = 0; i < plan->layers->len; i++)
    finish_layer (&g.inputs[i]);
  g_free (g.rows);
  g_free (g.decoded);
  study->inputs = g.inputs;
  study->n_inputs = plan->layers->len;
  return ok;
}
