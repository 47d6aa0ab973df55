/* Convolution in float: unfolding and one BLAS product an image and group; depthwise directly.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/conv.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <cblas.h>
#include <string.h>

static gboolean
infer_conv (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *weight = call->in[1], *bias = bs_in (call, 2);
  BsWindow window;
  gint64 dims[BS_MAX_DIMS];

  if (weight->n_dims != in->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its input has %u dimensions and its weight %u", in->n_dims,
                          weight->n_dims);
  if (!bs_window_resolve (call, weight->dims, &window, error))
    return FALSE;
  if (weight->dims[0] % window.group != 0 || in->dims[1] != weight->dims[1] * window.group)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its weight is for %" G_GINT64_FORMAT
                          " channels, its input has %" G_GINT64_FORMAT,
                          weight->dims[1] * window.group, in->dims[1]);
  if (bias != NULL && (bias->n_dims != 1 || bias->dims[0] != weight->dims[0]))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its bias does not fit its weight");
  dims[0] = in->dims[0];
  dims[1] = weight->dims[0];
  for (guint d = 0; d < window.n_spatial; d++)
    dims[d + 2] = window.out[d];
  bs_out_dims (call, 0, in->dtype, dims, in->n_dims);
  return TRUE;
}

void
bs_unfold (const float *in, gsize channels, const BsWindow *w, float *columns)
{
  gsize in_h = w->n_spatial > 1 ? (gsize) w->in[w->n_spatial - 2] : 1;
  gsize in_w = (gsize) w->in[w->n_spatial - 1];
  gsize in_d = w->n_spatial > 2 ? (gsize) w->in[0] : 1;
  guint x = w->n_spatial - 1, y = w->n_spatial > 1 ? x - 1 : 0;
  gint64 kd = w->n_spatial > 2 ? w->kernel[0] : 1, kh = w->n_spatial > 1 ? w->kernel[y] : 1;
  gint64 od = w->n_spatial > 2 ? w->out[0] : 1, oh = w->n_spatial > 1 ? w->out[y] : 1;
  gint64 ow = w->out[x];

  for (gsize c = 0; c < channels; c++)
    for (gint64 k = 0; k < kd * kh * w->kernel[x]; k++) {
      gint64 kx = k % w->kernel[x], ky = k / w->kernel[x] % kh, kz = k / w->kernel[x] / kh;
      gint64 shift = kx * w->dilation[x] - w->pad_begin[x], stride = w->stride[x];
      /* outputs whose source lies inside the row: first ≤ i < last */
      gint64 first = shift < 0 ? MIN ((-shift + stride - 1) / stride, ow) : 0;
      gint64 last = (gint64) in_w > shift ? MIN (((gint64) in_w - shift - 1) / stride + 1, ow) : 0;
      last = MAX (last, first);
      for (gint64 z = 0; z < od; z++) {
        gint64 iz = w->n_spatial > 2 ? z * w->stride[0] + kz * w->dilation[0] - w->pad_begin[0] : 0;
        for (gint64 i = 0; i < oh; i++, columns += ow) {
          gint64 iy =
            w->n_spatial > 1 ? i * w->stride[y] + ky * w->dilation[y] - w->pad_begin[y] : 0;
          if (iz < 0 || iz >= (gint64) in_d || iy < 0 || iy >= (gint64) in_h) {
            memset (columns, 0, (gsize) ow * sizeof *columns);
            continue;
          }
          const float *row = in + ((c * in_d + (gsize) iz) * in_h + (gsize) iy) * in_w;
          for (gint64 j = 0; j < first; j++)
            columns[j] = 0;
          if (stride == 1)
            memcpy (columns + first, row + first + shift, (gsize) (last - first) * sizeof *row);
          else
            for (gint64 j = first; j < last; j++)
              columns[j] = row[j * stride + shift];
          for (gint64 j = last; j < ow; j++)
            columns[j] = 0;
        }
      }
    }
}

static void
start_with_bias (const float *bias, gsize channels, gsize pixels, float *out)
{
  for (gsize c = 0; c < channels; c++) {
    float value = bias != NULL ? bias[c] : 0;
    for (gsize i = 0; i < pixels; i++)
      out[c * pixels + i] = value;
  }
}

static gboolean
is_pointwise (const BsWindow *w)
{
  for (guint d = 0; d < w->n_spatial; d++)
    if (w->kernel[d] != 1 || w->stride[d] != 1 || w->pad_begin[d] != 0 || w->pad_end[d] != 0)
      return FALSE;
  return TRUE;
}

static gboolean
run_conv (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *weight = call->in[1], *bias = bs_in (call, 2);
  BsValue *out = call->out[0];
  BsWindow w;
  gsize pixels_in, pixels, k, m, channels;
  float *columns = NULL;

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || !bs_require (call, 1, BS_DTYPE_F32, error) ||
      !bs_require (call, 2, BS_DTYPE_F32, error) ||
      !bs_window_resolve (call, weight->dims, &w, error))
    return FALSE;
  if (bs_value_count (out) == 0)
    return TRUE;
  pixels_in = bs_product (in->dims, 2, in->n_dims);
  pixels = bs_product (out->dims, 2, out->n_dims);
  channels = (gsize) weight->dims[1];               /* in one group */
  m = (gsize) (weight->dims[0] / w.group);          /* outputs of one group */
  k = bs_product (weight->dims, 1, weight->n_dims); /* terms of one output */
  gboolean depthwise = channels == 1 && w.n_spatial <= 2 && w.group > 1;
  gboolean pointwise = is_pointwise (&w);
  if (depthwise || !pointwise) {
    gsize bytes = depthwise ? bs_depthwise_scratch (&w) : k;
    if (!depthwise && (!g_size_checked_mul (&bytes, bytes, pixels) ||
                       !g_size_checked_mul (&bytes, bytes, sizeof (float))))
      bytes = G_MAXSIZE;
    columns = bytes < G_MAXSIZE ? call->scratch (call, bytes) : NULL;
    if (columns == NULL)
      return bs_no_memory (call, error);
  }
  for (gsize n = 0; n < (gsize) in->dims[0]; n++)
    for (gsize g = 0; g < (gsize) w.group; g++) {
      const float *source =
        (const float *) in->data + (n * (gsize) w.group + g) * channels * pixels_in;
      const float *kernel = (const float *) weight->data + g * m * k;
      float *result = (float *) out->data + (n * (gsize) w.group + g) * m * pixels;
      const float *offsets = bias != NULL ? (const float *) bias->data + g * m : NULL;
      if (depthwise) {
        for (gsize c = 0; c < m; c++)
          bs_depthwise_plane (&w, source, kernel + c * k, offsets != NULL ? offsets[c] : 0, columns,
                              result + c * pixels);
        continue;
      }
      if (k == 0 || bias != NULL)
        start_with_bias (offsets, m, pixels, result);
      if (k == 0)
        continue;
      if (!pointwise)
        bs_unfold (source, channels, &w, columns);
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint) m, (blasint) pixels,
                   (blasint) k, 1, kernel, (blasint) k, pointwise ? source : columns,
                   (blasint) pixels, bias != NULL ? 1 : 0, result, (blasint) pixels);
    }
  return TRUE;
}

static guint64
macs_conv (const BsCall *call)
{
  return (guint64) bs_value_count (call->out[0]) *
         bs_product (call->in[1]->dims, 1, call->in[1]->n_dims);
}

const BsOp bs_op_conv = {
  .type = "Conv",
  .domain = "",
  .min_in = 2,
  .max_in = 3,
  .weight_input = 1,
  .infer = infer_conv,
  .run = run_conv,
  .macs = macs_conv,
};
