/* Normalization: batch, instance, layer, group, local response.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

/* Parameters of one value a channel: inputs first … last must be float vectors of that length. */
static gboolean
check_channels (const BsCall *call, guint first, guint last, gint64 channels, GError **error)
{
  for (guint i = first; i <= last; i++) {
    const BsValue *value = bs_in (call, i);
    if (value == NULL || (gint64) bs_value_count (value) != channels)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "its input %u must have %" G_GINT64_FORMAT " values", i + 1, channels);
    if (!bs_require (call, i, BS_DTYPE_F32, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
infer_batch_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];

  if (in->n_dims < 1)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input has no channels");
  bs_out_like (call, 0, in);
  for (guint i = 1; i < call->n_out; i++)
    bs_out_like (call, i, call->in[1]);
  return check_channels (call, 1, 4, in->n_dims > 1 ? in->dims[1] : 1, error);
}

/* Mean and variance of one channel over the batch: training mode. */
static void
batch_moments (const float *x,
               gsize n,
               gsize channels,
               gsize pixels,
               gsize c,
               float *mean,
               float *variance)
{
  double sum = 0, squares = 0, m;

  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < pixels; k++)
      sum += (double) x[(i * channels + c) * pixels + k];
  m = sum / (double) (n * pixels);
  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < pixels; k++) {
      double d = (double) x[(i * channels + c) * pixels + k] - m;
      squares += d * d;
    }
  *mean = (float) m;
  *variance = (float) (squares / (double) (n * pixels));
}

static gboolean
run_batch_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  const float *gamma = call->in[1]->data, *beta = call->in[2]->data, *x = in->data;
  gboolean training = bs_node_int (call->node, "training_mode", 0) != 0;
  float epsilon = bs_node_float (call->node, "epsilon", 1e-5f);
  float momentum = bs_node_float (call->node, "momentum", 0.9f);
  gsize n = (gsize) in->dims[0], channels = in->n_dims > 1 ? (gsize) in->dims[1] : 1;
  gsize pixels = bs_product (in->dims, MIN (2, in->n_dims), in->n_dims);

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (gsize c = 0; c < channels; c++) {
    float old_mean = ((const float *) call->in[3]->data)[c], mean = old_mean;
    float old_variance = ((const float *) call->in[4]->data)[c], variance = old_variance;
    if (training && n * pixels > 0)
      batch_moments (x, n, channels, pixels, c, &mean, &variance);
    if (bs_has_out (call, 1))
      ((float *) call->out[1]->data)[c] =
        training ? old_mean * momentum + mean * (1 - momentum) : mean;
    if (bs_has_out (call, 2))
      ((float *) call->out[2]->data)[c] =
        training ? old_variance * momentum + variance * (1 - momentum) : variance;
    const float scale = gamma[c] / sqrtf (variance + epsilon), shift = beta[c] - mean * scale;
    for (gsize i = 0; i < n; i++) {
      const float *from = x + (i * channels + c) * pixels;
      float *to = (float *) call->out[0]->data + (i * channels + c) * pixels;
#pragma GCC ivdep
      for (gsize k = 0; k < pixels; k++)
        to[k] = from[k] * scale + shift;
    }
  }
  return TRUE;
}

/* Mean and 1/√(variance + ε) of n values, summed in double. */
static void
moments (const float *x, gsize n, float epsilon, float *mean, float *factor)
{
  double sum = 0, squares = 0, m;

  for (gsize i = 0; i < n; i++)
    sum += (double) x[i];
  m = n > 0 ? sum / (double) n : 0;
  for (gsize i = 0; i < n; i++)
    squares += ((double) x[i] - m) * ((double) x[i] - m);
  *mean = (float) m;
  *factor = (float) (1 / sqrt ((n > 0 ? squares / (double) n : 0) + (double) epsilon));
}

static gboolean
infer_instance_norm (BsCall *call, GError **error)
{
  if (call->in[0]->n_dims < 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input has no channels");
  bs_out_like (call, 0, call->in[0]);
  return check_channels (call, 1, 2, call->in[0]->dims[1], error);
}

static gboolean
run_instance_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize planes = bs_product (in->dims, 0, 2), channels = (gsize) in->dims[1];
  gsize pixels = bs_product (in->dims, 2, in->n_dims);
  const float *x = in->data;
  float *r = call->out[0]->data;

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (gsize p = 0; p < planes; p++, x += pixels, r += pixels) {
    float mean, factor, gamma = ((const float *) call->in[1]->data)[p % channels];
    float beta = ((const float *) call->in[2]->data)[p % channels];
    moments (x, pixels, bs_node_float (call->node, "epsilon", 1e-5f), &mean, &factor);
    for (gsize k = 0; k < pixels; k++)
      r[k] = (x[k] - mean) * factor * gamma + beta;
  }
  return TRUE;
}

static gboolean
infer_layer_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  guint axis;

  if (!bs_axis (call, bs_node_int (call->node, "axis", -1), in->n_dims, &axis, error))
    return FALSE;
  bs_out_like (call, 0, in);
  for (guint i = 1; i < call->n_out; i++) {
    bs_out_like (call, i, in);
    for (guint d = axis; d < in->n_dims; d++)
      call->out[i]->dims[d] = 1;
  }
  for (guint i = 1; i < call->n_in; i++)
    if (call->in[i] != NULL &&
        bs_value_count (call->in[i]) != bs_product (in->dims, axis, in->n_dims))
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "its input %u does not fit the normalized axes", i + 1);
  return TRUE;
}

static gboolean
run_layer_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *scale = call->in[1], *bias = bs_in (call, 2);
  const float *x = in->data;
  float *r = call->out[0]->data;
  gsize rows, columns;
  guint axis;

  for (guint i = 0; i < 3; i++)
    if (!bs_require (call, i, BS_DTYPE_F32, error))
      return FALSE;
  if (!bs_axis (call, bs_node_int (call->node, "axis", -1), in->n_dims, &axis, error))
    return FALSE;
  rows = bs_product (in->dims, 0, axis);
  columns = bs_product (in->dims, axis, in->n_dims);
  for (gsize i = 0; i < rows; i++, x += columns, r += columns) {
    float mean, factor;
    moments (x, columns, bs_node_float (call->node, "epsilon", 1e-5f), &mean, &factor);
    for (gsize k = 0; k < columns; k++)
      r[k] = (x[k] - mean) * factor * ((const float *) scale->data)[k] +
             (bias != NULL ? ((const float *) bias->data)[k] : 0);
    if (bs_has_out (call, 1))
      ((float *) call->out[1]->data)[i] = mean;
    if (bs_has_out (call, 2))
      ((float *) call->out[2]->data)[i] = factor;
  }
  return TRUE;
}

static gboolean
infer_lrn (BsCall *call, GError **error)
{
  if (call->in[0]->n_dims < 2 || bs_node_int (call->node, "size", 0) < 1)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it needs channels and a size");
  bs_out_like (call, 0, call->in[0]);
  return TRUE;
}

/* y = x / (bias + alpha/size · Σ x²)^beta over size neighbouring channels (Krizhevsky et al., 2012,
 * section 3.3) */
static gboolean
run_lrn (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 size = bs_node_int (call->node, "size", 1), channels = in->dims[1];
  gsize pixels = bs_product (in->dims, 2, in->n_dims);
  double alpha = (double) bs_node_float (call->node, "alpha", 1e-4f);
  double beta = (double) bs_node_float (call->node, "beta", 0.75f);
  double bias = (double) bs_node_float (call->node, "bias", 1);

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  size = MIN (size, 2 * channels + 1 + (size & 1));
  for (gint64 n = 0; n < in->dims[0]; n++)
    for (gint64 c = 0; c < channels; c++)
      for (gsize k = 0; k < pixels; k++) {
        const float *x = (const float *) in->data + (gsize) (n * channels) * pixels + k;
        double sum = 0;
        for (gint64 i = MAX (0, c - (size - 1) / 2); i <= MIN (channels - 1, c + size / 2); i++)
          sum += (double) x[(gsize) i * pixels] * (double) x[(gsize) i * pixels];
        ((float *) call->out[0]->data)[(gsize) (n * channels + c) * pixels + k] =
          (float) ((double) x[(gsize) c * pixels] /
                   pow (bias + alpha / (double) bs_node_int (call->node, "size", 1) * sum, beta));
      }
  return TRUE;
}

static gboolean
infer_group_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 groups = bs_node_int (call->node, "num_groups", 0);

  if (in->n_dims < 2 || groups < 1 || in->dims[1] % groups != 0)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its groups do not divide its channels");
  bs_out_like (call, 0, in);
  return check_channels (call, 1, 2, call->model->opset < 21 ? groups : in->dims[1], error);
}

/* Scale and bias are one a group before opset 21, then one a channel. */
static gboolean
run_group_norm (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize groups = (gsize) bs_node_int (call->node, "num_groups", 1),
        per_group = (gsize) in->dims[1] / groups;
  gsize pixels = bs_product (in->dims, 2, in->n_dims), size = per_group * pixels;
  const float *x = in->data;
  float *r = call->out[0]->data;

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (gsize p = 0; p < (gsize) in->dims[0] * groups; p++, x += size, r += size) {
    float mean, factor;
    moments (x, size, bs_node_float (call->node, "epsilon", 1e-5f), &mean, &factor);
    for (gsize k = 0; k < size; k++) {
      gsize c = call->model->opset < 21 ? p % groups : p % groups * per_group + k / pixels;
      r[k] = (x[k] - mean) * factor * ((const float *) call->in[1]->data)[c] +
             ((const float *) call->in[2]->data)[c];
    }
  }
  return TRUE;
}

/* Mean 0 and variance 1 over the axes, all but the channels by default. */
static gboolean
run_mean_variance (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  const gint64 standard[] = { 0, 2, 3 };
  guint n_axes, axis;
  const gint64 *axes = bs_node_ints (call->node, "axes", &n_axes);
  gboolean over[BS_MAX_DIMS] = { FALSE };
  gsize count = bs_value_count (in), groups = 1, size = 1;
  double *sums;

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (guint i = 0; i < (axes != NULL ? n_axes : G_N_ELEMENTS (standard)); i++) {
    if (!bs_axis (call, axes != NULL ? axes[i] : standard[i], in->n_dims, &axis, error))
      return FALSE;
    over[axis] = TRUE;
  }
  for (guint d = 0; d < in->n_dims; d++)
    *(over[d] ? &size : &groups) *= (gsize) in->dims[d];
  sums = call->scratch (call, 2 * groups * sizeof *sums);
  if (sums == NULL)
    return bs_no_memory (call, error);
  memset (sums, 0, 2 * groups * sizeof *sums);
  for (guint pass = 0; pass < 3; pass++) /* sums, then squares, then the result */
    for (gsize i = 0; i < count; i++) {
      gsize rest = i, group = 0, stride = 1;
      for (guint d = in->n_dims; d-- > 0; rest /= (gsize) in->dims[d])
        if (!over[d]) {
          group += rest % (gsize) in->dims[d] * stride;
          stride *= (gsize) in->dims[d];
        }
      double x = (double) ((const float *) in->data)[i], mean = sums[2 * group] / (double) size;
      if (pass == 0)
        sums[2 * group] += x;
      else if (pass == 1)
        sums[2 * group + 1] += (x - mean) * (x - mean);
      else /* 1e-9: the constant of ONNX's definition */
        ((float *) call->out[0]->data)[i] =
          (float) ((x - mean) / (sqrt (sums[2 * group + 1] / (double) size) + 1e-9));
    }
  return TRUE;
}

#define ROW(row, name, low, high, flag, infer_func, run_func)                                      \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .flags = flag,                                                        \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (batch_norm, "BatchNormalization", 5, 5, BS_OP_IN_PLACE, infer_batch_norm, run_batch_norm)
ROW (instance_norm, "InstanceNormalization", 3, 3, 0, infer_instance_norm, run_instance_norm)
ROW (layer_norm, "LayerNormalization", 2, 3, 0, infer_layer_norm, run_layer_norm)
ROW (lrn, "LRN", 1, 1, 0, infer_lrn, run_lrn)
ROW (group_norm, "GroupNormalization", 3, 3, 0, infer_group_norm, run_group_norm)
ROW (mean_variance, "MeanVarianceNormalization", 1, 1, 0, bs_infer_like, run_mean_variance)
