/* Resize and Upsample: nearest, linear and cubic, one dimension after the other.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

typedef enum { NEAREST, LINEAR, CUBIC } Mode;
typedef enum {
  HALF_PIXEL,
  PYTORCH,
  HALF_SYMMETRIC,
  ALIGN_CORNERS,
  ASYMMETRIC,
  CROP,
  TF_HALF_PIXEL
} Coordinates;
typedef enum { ROUND_FLOOR, ROUND_CEIL, FLOOR, CEIL } Rounding;

#define TAPS 4

typedef struct {
  double scale[BS_MAX_DIMS];
  double begin[BS_MAX_DIMS], end[BS_MAX_DIMS]; /* region of CROP, in shares */
  gint64 out[BS_MAX_DIMS];
} Plan;

static double
number (const BsValue *value, gsize i)
{
  return value->dtype == BS_DTYPE_F64 ? ((const double *) value->data)[i]
                                      : (double) ((const float *) value->data)[i];
}

/* Inputs: Upsample x, scales; Resize 10 the same; Resize 11 on x, roi, scales, sizes. */
static BsInts
resolve (const BsCall *call, Plan *plan, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean old = strcmp (call->node->op_type, "Upsample") == 0 || call->model->opset == 10;
  const BsValue *roi = old ? NULL : bs_in (call, 1);
  const BsValue *scales = bs_in (call, old ? 1 : 2), *sizes = old ? NULL : bs_in (call, 3);
  gint64 axes[BS_MAX_DIMS], listed[BS_MAX_DIMS];
  guint n_axes = in->n_dims, n, axis;
  BsInts named = bs_ints (call, BS_NO_INPUT, "axes", axes, BS_MAX_DIMS, &n, error);

  if (named == BS_INTS_ERROR)
    return named;
  if (named == BS_INTS_KNOWN)
    n_axes = n;
  if (scales != NULL && bs_value_count (scales) == 0)
    scales = NULL;
  if (sizes != NULL && bs_value_count (sizes) == 0)
    sizes = NULL;
  for (guint i = 0; i < in->n_dims; i++) {
    plan->scale[i] = plan->end[i] = 1;
    plan->begin[i] = 0;
    plan->out[i] = in->dims[i];
  }
  if ((scales == NULL) == (sizes == NULL) ||
      bs_value_count (scales != NULL ? scales : sizes) != n_axes ||
      (scales != NULL && scales->dtype != BS_DTYPE_F32 && scales->dtype != BS_DTYPE_F64)) {
    bs_call_error (call, error, BS_ERROR_SHAPE,
                   "it needs one scale or one size for each dimension");
    return BS_INTS_ERROR;
  }
  if ((scales != NULL ? scales : sizes)->data == NULL)
    return BS_INTS_UNKNOWN;
  if (sizes != NULL && bs_ints (call, 3, NULL, listed, BS_MAX_DIMS, &n, error) != BS_INTS_KNOWN)
    return BS_INTS_ERROR;
  for (guint i = 0; i < n_axes; i++) {
    axis = i;
    if (named == BS_INTS_KNOWN && !bs_axis (call, axes[i], in->n_dims, &axis, error))
      return BS_INTS_ERROR;
    if (scales != NULL) {
      plan->scale[axis] = number (scales, i);
      double size = floor ((double) in->dims[axis] * plan->scale[axis]);
      if (!(plan->scale[axis] > 0) || !(size < 0x1p40)) {
        bs_call_error (call, error, BS_ERROR_SHAPE, "its scale is impossible");
        return BS_INTS_ERROR;
      }
      plan->out[axis] = (gint64) size;
    } else {
      plan->out[axis] = listed[i];
      plan->scale[axis] = in->dims[axis] > 0 ? (double) listed[i] / (double) in->dims[axis] : 1;
    }
    if (plan->out[axis] < 0 || (in->dims[axis] == 0 && plan->out[axis] > 0)) {
      bs_call_error (call, error, BS_ERROR_SHAPE, "its size is impossible");
      return BS_INTS_ERROR;
    }
    if (roi != NULL && roi->data != NULL && bs_value_count (roi) == 2 * n_axes &&
        (roi->dtype == BS_DTYPE_F32 || roi->dtype == BS_DTYPE_F64)) {
      plan->begin[axis] = number (roi, i);
      plan->end[axis] = number (roi, i + n_axes);
    }
  }
  return BS_INTS_KNOWN;
}

static gboolean
infer_resize (BsCall *call, GError **error)
{
  const char *policy = bs_node_string (call->node, "keep_aspect_ratio_policy", "stretch");
  Plan plan;

  if (strcmp (policy, "stretch") != 0 || bs_node_int (call->node, "antialias", 0) != 0)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "it keeps the aspect ratio or smooths when shrinking");
  switch (resolve (call, &plan, error)) {
  case BS_INTS_ERROR:
    return FALSE;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, call->in[0]->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    bs_out_dims (call, 0, call->in[0]->dtype, plan.out, call->in[0]->n_dims);
    return TRUE;
  }
}

static guint
choice (const BsCall *call, const char *attribute, const char *fallback, const char *const *names)
{
  const char *name = bs_node_string (call->node, attribute, fallback);

  for (guint i = 0; names[i] != NULL; i++)
    if (strcmp (name, names[i]) == 0)
      return i;
  return G_MAXUINT;
}

static double
source_position (Coordinates kind, const Plan *plan, guint d, gint64 i, gint64 in, gint64 out)
{
  double x = (double) i, scale = plan->scale[d], n = (double) in, m = (double) out;

  switch (kind) {
  case HALF_PIXEL:
    return (x + 0.5) / scale - 0.5;
  case TF_HALF_PIXEL:
    return (x + 0.5) / scale;
  case PYTORCH:
    return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  case HALF_SYMMETRIC: {
    double adjust = m / (scale * n), centre = n / 2;
    return centre * (1 - adjust) + (x + 0.5) / scale - 0.5;
  }
  case ALIGN_CORNERS:
    return out > 1 ? x * (n - 1) / (m - 1) : 0;
  case CROP:
    return out > 1
             ? plan->begin[d] * (n - 1) + x * (plan->end[d] - plan->begin[d]) * (n - 1) / (m - 1)
             : 0.5 * (plan->begin[d] + plan->end[d]) * (n - 1);
  default:
    return x / scale;
  }
}

static double
nearest (Rounding rounding, double x)
{
  switch (rounding) {
  case ROUND_FLOOR: /* halves down */
    return ceil (x - 0.5);
  case ROUND_CEIL:
    return floor (x + 0.5);
  case FLOOR:
    return floor (x);
  default:
    return ceil (x);
  }
}

/* For one output position: source positions and weights. */
typedef struct {
  gint64 at[TAPS];
  double weight[TAPS];
  guint n;
  gboolean outside; /* of the region: the extrapolation value */
} Taps;

typedef struct {
  Mode mode;
  Coordinates coordinates;
  Rounding rounding;
  double a; /* cubic */
  gboolean exclude_outside;
} Rule;

static double
cubic (double a, double t) /* Keys, 1981 */
{
  t = fabs (t);
  if (t <= 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

static Taps
taps_at (const Rule *rule, const Plan *plan, guint d, gint64 i, gint64 in, gint64 out)
{
  double x = source_position (rule->coordinates, plan, d, i, in, out), sum = 0;
  Taps taps = { .n = 1, .weight = { 1 } };

  taps.outside = rule->coordinates == CROP && (x < 0 || x > (double) (in - 1));
  if (rule->mode == NEAREST) {
    taps.at[0] = (gint64) CLAMP (nearest (rule->rounding, x), 0, (double) (in - 1));
    return taps;
  }
  if (rule->mode == LINEAR) {
    x = CLAMP (x, 0, (double) (in - 1));
    taps.at[0] = (gint64) floor (x);
    taps.at[1] = MIN (taps.at[0] + 1, in - 1);
    taps.weight[1] = x - floor (x);
    taps.weight[0] = 1 - taps.weight[1];
    taps.n = 2;
    return taps;
  }
  x = CLAMP (x, -0x1p40, 0x1p40);
  taps.n = TAPS;
  for (gint k = 0; k < TAPS; k++) {
    gint64 at = (gint64) floor (x) - 1 + k;
    taps.weight[k] =
      rule->exclude_outside && (at < 0 || at >= in) ? 0 : cubic (rule->a, x - (double) at);
    taps.at[k] = CLAMP (at, 0, in - 1);
    sum += taps.weight[k];
  }
  for (gint k = 0; rule->exclude_outside && sum != 0 && k < TAPS; k++)
    taps.weight[k] /= sum;
  return taps;
}

/* Dimension d of from [outer × in × inner] becomes out long. */
static void
resize_dimension (const Rule *rule,
                  const Plan *plan,
                  guint d,
                  const float *from,
                  float *to,
                  gsize outer,
                  gint64 in,
                  gint64 out,
                  gsize inner,
                  float extrapolated)
{
  for (gint64 i = 0; i < out; i++) {
    Taps taps = taps_at (rule, plan, d, i, in, out);
    for (gsize o = 0; o < outer; o++)
      for (gsize k = 0; k < inner; k++) {
        double sum = 0;
        for (guint t = 0; t < taps.n; t++)
          sum += taps.weight[t] * (double) from[(o * (gsize) in + (gsize) taps.at[t]) * inner + k];
        to[(o * (gsize) out + (gsize) i) * inner + k] = taps.outside ? extrapolated : (float) sum;
      }
  }
}

static gboolean
read_rule (const BsCall *call, Rule *rule, GError **error)
{
  static const char *const modes[] = { "nearest", "linear", "cubic", NULL };
  static const char *const kinds[] = { "half_pixel",           "pytorch_half_pixel",
                                       "half_pixel_symmetric", "align_corners",
                                       "asymmetric",           "tf_crop_and_resize",
                                       "tf_half_pixel_for_nn", NULL };
  static const char *const roundings[] = { "round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil", NULL };
  gboolean old = strcmp (call->node->op_type, "Upsample") == 0 || call->model->opset == 10;
  guint mode = choice (call, "mode", "nearest", modes);
  guint kind =
    choice (call, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel", kinds);
  guint rounding = choice (call, "nearest_mode", old ? "floor" : "round_prefer_floor", roundings);

  if (mode == G_MAXUINT || kind == G_MAXUINT || rounding == G_MAXUINT)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not know its way of resizing");
  *rule = (Rule){ (Mode) mode, (Coordinates) kind, (Rounding) rounding,
                  (double) bs_node_float (call->node, "cubic_coeff_a", -0.75f),
                  bs_node_int (call->node, "exclude_outside", 0) != 0 };
  return TRUE;
}

static gboolean
run_resize (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  float extrapolated = bs_node_float (call->node, "extrapolation_value", 0);
  gint64 dims[BS_MAX_DIMS];
  const float *from = in->data;
  Plan plan;
  Rule rule = { NEAREST };

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || resolve (call, &plan, error) != BS_INTS_KNOWN ||
      !read_rule (call, &rule, error))
    return FALSE;
  if (bs_value_count (call->out[0]) == 0)
    return TRUE;
  memcpy (dims, in->dims, sizeof dims);
  for (guint d = 0; d < in->n_dims; d++) {
    gboolean changes =
      dims[d] != plan.out[d] || plan.scale[d] != 1 || plan.begin[d] != 0 || plan.end[d] != 1;
    gint64 before = dims[d];
    float *to;
    gsize bytes;
    if (!changes)
      continue;
    dims[d] = plan.out[d];
    if (!bs_dims_bytes (dims, in->n_dims, BS_DTYPE_F32, &bytes) ||
        (to = call->scratch (call, bytes)) == NULL)
      return bs_no_memory (call, error);
    resize_dimension (&rule, &plan, d, from, to, bs_product (dims, 0, d), before, dims[d],
                      bs_product (dims, d + 1, in->n_dims), extrapolated);
    from = to;
  }
  memcpy (call->out[0]->data, from, bs_value_count (call->out[0]) * sizeof *from);
  return TRUE;
}

const BsOp bs_op_resize = {
  .type = "Resize",
  .domain = "",
  .min_in = 1,
  .max_in = 4,
  .weight_input = -1,
  .infer = infer_resize,
  .run = run_resize,
};

const BsOp bs_op_upsample = {
  .type = "Upsample",
  .domain = "",
  .min_in = 1,
  .max_in = 2,
  .weight_input = -1,
  .infer = infer_resize,
  .run = run_resize,
};
