/* The integer run against an oracle that shares no code with it: each sum in 64-bit integers, one
 * nested loop per operator, rounding by the rules in bsk.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "net.h"
#include "run/runner.h"

#include <math.h>
#include <string.h>

#define SAMPLES 20
#define MAX_VALUES 1024

/* One tensor of one sample, channels first: codes with what they mean, and the float run. */
typedef struct {
  gint c, h, w;
  gint64 q[MAX_VALUES];
  double x[MAX_VALUES];
  float scale;
  gint64 zero, lo, hi;
} Image;

typedef enum { SYMMETRIC, AFFINE, UNSIGNED } WeightKind; /* int, int:affine, uint */

typedef struct {
  const BsModel *model;
  const BsPrepared *plan;
  gint bits; /* of weights */
  gboolean per_channel;
  WeightKind kind;
} Oracle;

static const BsNode *
node_called (const BsModel *model, const char *name)
{
  gint index = bs_model_find_node (model, name);

  g_assert_cmpint (index, >=, 0);
  return &model->nodes[index];
}

/* What the plan says the codes of a node's output mean. */
static void
set_codes (const Oracle *o, const char *node, Image *image)
{
  const BskQParams *p = &o->plan->tensors[node_called (o->model, node)->outputs[0]].params;

  image->scale = p->scale;
  image->zero = p->zero_point;
  image->lo = p->qmin;
  image->hi = p->qmax;
}

static gint64
to_code (const Image *image, float scaled)
{
  double q = rint ((double) scaled) + (double) image->zero;

  return (gint64) CLAMP (q, (double) image->lo, (double) image->hi);
}

/* Clip after the sum: the codes of its bounds. */
static void
clamp_codes (Image *image, double lo, double hi)
{
  image->lo = MAX (image->lo, (gint64) rint (lo / (double) image->scale) + image->zero);
  if (isfinite (hi))
    image->hi = MIN (image->hi, (gint64) rint (hi / (double) image->scale) + image->zero);
}

static const float *
constant (const Oracle *o, const char *node, guint input)
{
  const BsNode *n = node_called (o->model, node);

  return o->model->tensors[n->inputs[input]].data;
}

/* Codes less zero point of the weights of one output channel. Symmetric: max |w| gets the largest
 * code; else both ends, and 0, get codes. */
static float
weight_codes (const Oracle *o, const char *node, gint cout, gint depth, gint channel, gint64 *codes)
{
  const float *w = constant (o, node, 1);
  gint64 largest = (1 << (o->bits - 1)) - 1, smallest = -largest, zero = 0;
  double low = 0, high = 0;
  float scale;

  for (gint i = 0; i < cout * depth; i++)
    if (!o->per_channel || i / depth == channel) {
      low = MIN (low, (double) w[i]);
      high = MAX (high, (double) w[i]);
    }
  if (o->kind == SYMMETRIC) {
    scale = (float) (MAX (-low, high) / (double) largest);
  } else {
    smallest = o->kind == UNSIGNED ? 0 : -largest - 1;
    largest = smallest + (1 << o->bits) - 1;
    scale = (float) ((high - low) / (double) (largest - smallest));
    zero = (gint64) CLAMP (rint ((double) smallest - low / (double) scale), (double) smallest,
                           (double) largest);
  }
  for (gint i = 0; i < depth; i++)
    codes[i] = (gint64) CLAMP (rint ((double) (w[channel * depth + i] / scale)) + (double) zero,
                               (double) smallest, (double) largest) -
               zero;
  return scale;
}

/* Convolution with zero padding of half a kernel; a matrix product is one on images of one pixel.
 * out: codes when it has a scale, else the float result in x2. */
static void
convolve (const Oracle *o,
          const char *node,
          const Image *in,
          gint cout,
          gint groups,
          gint kernel,
          gint stride,
          Image *out,
          float *result)
{
  const float *w = constant (o, node, 1), *bias = constant (o, node, 2);
  gint cin = in->c / groups, depth = cin * kernel * kernel, pad = kernel / 2;

  out->c = cout;
  out->h = (in->h + 2 * pad - kernel) / stride + 1;
  out->w = (in->w + 2 * pad - kernel) / stride + 1;
  for (gint n = 0; n < cout; n++) {
    gint64 codes[MAX_VALUES];
    float w_scale = weight_codes (o, node, cout, depth, n, codes);
    gint64 start = (gint64) rint ((double) bias[n] / (double) (in->scale * w_scale));
    for (gint y = 0; y < out->h; y++)
      for (gint x = 0; x < out->w; x++) {
        gint64 sum = start;
        double real = (double) bias[n];
        for (gint k = 0; k < depth; k++) {
          gint ky = k / kernel % kernel, kx = k % kernel,
               c = n / (cout / groups) * cin + k / (kernel * kernel);
          gint iy = y * stride - pad + ky, ix = x * stride - pad + kx;
          if (iy < 0 || iy >= in->h || ix < 0 || ix >= in->w)
            continue;
          sum += (in->q[(c * in->h + iy) * in->w + ix] - in->zero) * codes[k];
          real += in->x[(c * in->h + iy) * in->w + ix] * (double) w[n * depth + k];
        }
        gint at = (n * out->h + y) * out->w + x;
        out->x[at] = real;
        if (result != NULL) {
          result[at] = (float) sum * (in->scale * w_scale);
          continue;
        }
        float m = in->scale * w_scale / out->scale;
        out->q[at] = to_code (out, (float) sum * m);
      }
  }
}

static void
clip_floats (Image *image, double hi)
{
  for (gint i = 0; i < image->c * image->h * image->w; i++)
    image->x[i] = CLAMP (image->x[i], 0, hi);
}

static void
add (const Image *a, const Image *b, Image *out)
{
  float ra = a->scale / out->scale, rb = b->scale / out->scale;

  out->c = a->c;
  out->h = a->h;
  out->w = a->w;
  for (gint i = 0; i < a->c * a->h * a->w; i++) {
    float left = (float) (a->q[i] - a->zero) * ra, right = (float) (b->q[i] - b->zero) * rb;
    out->q[i] = to_code (out, left + right);
    out->x[i] = a->x[i] + b->x[i];
  }
}

/* Windows of size × size without overlap; largest: the maximum, else the mean. */
static void
pool (const Image *in, gint height, gint width, gboolean largest, Image *out)
{
  float r = largest ? 0 : in->scale / out->scale / (float) (height * width);

  out->c = in->c;
  out->h = in->h / height;
  out->w = in->w / width;
  for (gint i = 0; i < out->c * out->h * out->w; i++) {
    gint c = i / (out->h * out->w), y = i / out->w % out->h, x = i % out->w;
    gint64 sum = 0, most = G_MININT64;
    double real = 0, top = -INFINITY;
    for (gint k = 0; k < height * width; k++) {
      gint at = (c * in->h + y * height + k / width) * in->w + x * width + k % width;
      sum += in->q[at] - in->zero;
      most = MAX (most, in->q[at]);
      real += in->x[at];
      top = MAX (top, in->x[at]);
    }
    out->q[i] = largest ? most : to_code (out, (float) sum * r);
    out->x[i] = largest ? top : real / (height * width);
  }
}

static void
concat (const Image *a, const Image *b, Image *out)
{
  const Image *parts[] = { a, b };
  gint n = 0;

  out->c = a->c + b->c;
  out->h = a->h;
  out->w = a->w;
  for (gint p = 0; p < 2; p++) {
    gboolean same = parts[p]->scale == out->scale && parts[p]->zero == out->zero;
    float r = parts[p]->scale / out->scale;
    for (gint i = 0; i < parts[p]->c * parts[p]->h * parts[p]->w; i++, n++) {
      out->q[n] =
        same ? parts[p]->q[i] : to_code (out, (float) (parts[p]->q[i] - parts[p]->zero) * r);
      out->x[n] = parts[p]->x[i];
    }
  }
}

/* The whole network; result: the floats it should give, ranges: what the float run saw, by node. */
static void
run_oracle (const Oracle *o, const float *x, float *result, double *real)
{
  g_autofree Image *t = g_new0 (Image, 12);
  Image *in = &t[0], *r1 = &t[1], *r2 = &t[2], *left = &t[3], *right = &t[4], *sum = &t[5],
        *m = &t[6], *p = &t[7], *mp = &t[8], *g = &t[9], *y = &t[10];
  const BskQParams *params = &o->plan->tensors[o->model->inputs[0]].params;

  in->c = 3;
  in->h = in->w = NET_SIDE;
  in->scale = params->scale;
  in->zero = params->zero_point;
  in->lo = params->qmin;
  in->hi = params->qmax;
  for (gint i = 0; i < 3 * NET_SIDE * NET_SIDE; i++) {
    in->x[i] = (double) x[i];
    in->q[i] = to_code (in, x[i] / in->scale);
  }
  set_codes (o, "relu1", r1);
  clamp_codes (r1, 0, INFINITY);
  convolve (o, "conv1", in, NET_CHANNELS, 1, 3, 1, r1, NULL);
  clip_floats (r1, INFINITY);
  set_codes (o, "clip", r2);
  clamp_codes (r2, 0, 6);
  convolve (o, "depthwise", r1, NET_CHANNELS, NET_CHANNELS, 3, 2, r2, NULL);
  clip_floats (r2, 6);
  set_codes (o, "left", left);
  convolve (o, "left", r2, NET_CHANNELS, 1, 1, 1, left, NULL);
  set_codes (o, "right", right);
  convolve (o, "right", r2, NET_CHANNELS, 1, 3, 1, right, NULL);
  set_codes (o, "relu2", sum);
  clamp_codes (sum, 0, INFINITY);
  add (left, right, sum);
  clip_floats (sum, INFINITY);
  m->scale = sum->scale; /* pooling keeps the codes' meaning */
  m->zero = sum->zero;
  pool (sum, 2, 2, TRUE, m);
  set_codes (o, "mean", p);
  pool (sum, 2, 2, FALSE, p);
  set_codes (o, "both", mp);
  concat (m, p, mp);
  set_codes (o, "all", g);
  pool (mp, 2, 2, FALSE, g);
  convolve (o, "fc", g, NET_CLASSES, 1, 1, 1, y, result);
  memcpy (real, y->x, NET_CLASSES * sizeof *real);
}

/* Affine codes of the input: 0 and both ends of what calibration saw are inside. */
static void
check_input_range (BsStudy *study, const BsPrepared *plan, const char *acts)
{
  const BsDataset *data = bs_study_dataset (study);
  const BsModel *model = bs_study_model (study);
  const BskQParams *p = &plan->tensors[model->inputs[0]].params;
  g_autofree float *x = g_malloc (data->n_calibration * data->sample_bytes);
  double lo = 0, hi = 0;

  bs_dataset_calibration (data, 0, data->n_calibration, (guint8 *) x);
  for (gsize i = 0; i < data->n_calibration * data->sample_bytes / sizeof (float); i++) {
    lo = MIN (lo, (double) x[i]);
    hi = MAX (hi, (double) x[i]);
  }
  double scale =
    g_str_has_prefix (acts, "uint") ? (hi - lo) / (p->qmax - p->qmin) : MAX (-lo, hi) / p->qmax;
  g_assert_cmpfloat (fabs ((double) p->scale / scale - 1), <, 1e-6);
}

static void
test_one (BsStudy *study, gint bits, gboolean per_channel, WeightKind kind, const char *acts)
{
  g_autofree char *weights =
    g_strdup_printf ("%s%d:%s%s", kind == UNSIGNED ? "uint" : "int", bits,
                     per_channel ? "channel" : "tensor", kind == AFFINE ? ":affine" : "");
  g_autoptr (BsConfig) config = net_config (weights, acts);
  g_autoptr (GError) error = NULL;
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, &error);
  const BsDataset *data = bs_study_dataset (study);
  Oracle oracle = { bs_study_model (study), plan, bits, per_channel, kind };
  BsValue input = { BS_DTYPE_F32, 4, { SAMPLES, 3, NET_SIDE, NET_SIDE }, data->x };

  g_assert_no_error (error);
  g_assert_cmpfloat (plan->integer_share, ==, 1);
  check_input_range (study, plan, acts);
  g_autoptr (BsRunner) runner = bs_runner_new (plan);
  g_assert_true (bs_runner_run (runner, &input, SAMPLES, 0, G_MAXUINT, NULL, NULL, &error));
  g_autoptr (BsResult) result = bs_study_measure (study, config, 0, NULL, &error);
  g_assert_no_error (error);
  const float *got = bs_runner_output_value (runner, 0)->data;
  for (guint i = 0; i < SAMPLES; i++, got += NET_CLASSES) {
    float expected[NET_CLASSES];
    double real[NET_CLASSES];
    gint best = 0, best_real = 0;
    run_oracle (&oracle, (const float *) (data->x + i * data->sample_bytes), expected, real);
    for (gint k = 0; k < NET_CLASSES; k++) {
      if (memcmp (&got[k], &expected[k], sizeof (float)) != 0)
        g_test_message ("%s, %s, sample %u, class %d: %.9g, the oracle says %.9g", weights, acts, i,
                        k, (double) got[k], (double) expected[k]);
      g_assert_cmpmem (&got[k], sizeof (float), &expected[k], sizeof (float));
      best = expected[k] > expected[best] ? k : best;
      best_real = real[k] > real[best_real] ? k : best_real;
    }
    g_assert_cmpint (result->predictions[i], ==, best);
    g_assert_cmpint (bs_study_float (study)->predictions[i], ==, best_real);
  }
}

static void
test_network (gconstpointer acts)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);

  for (WeightKind kind = SYMMETRIC; kind <= UNSIGNED; kind++)
    for (gint bits = kind == SYMMETRIC ? 2 : 1; bits <= 8; bits++) {
      test_one (study, bits, FALSE, kind, acts);
      test_one (study, bits, TRUE, kind, acts);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/oracle/uint8", "uint8", test_network);
  g_test_add_data_func ("/oracle/int8", "int8", test_network);
  g_test_add_data_func ("/oracle/uint5", "uint5", test_network);
  g_test_add_data_func ("/oracle/int4", "int4", test_network);
  return g_test_run ();
}
