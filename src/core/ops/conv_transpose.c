/* Transposed convolution in float: one BLAS product an image and group, then folding columns back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <cblas.h>
#include <string.h>

#define LIMIT ((gint64) 1 << 30) /* so that no sum of products below overflows */

gboolean
bs_window_resolve_transposed (const BsCall *call, BsWindow *w, GError **error)
{
  const BsValue *in = call->in[0], *weight = call->in[1];
  const char *auto_pad = bs_node_string (call->node, "auto_pad", "NOTSET");
  gboolean same = g_str_has_prefix (auto_pad, "SAME");
  guint n, n_strides, n_dilations, n_pads, n_extra, n_shape;
  const gint64 *strides = bs_node_ints (call->node, "strides", &n_strides);
  const gint64 *dilations = bs_node_ints (call->node, "dilations", &n_dilations);
  const gint64 *pads = bs_node_ints (call->node, "pads", &n_pads);
  const gint64 *extra = bs_node_ints (call->node, "output_padding", &n_extra);
  const gint64 *shape = bs_node_ints (call->node, "output_shape", &n_shape);

  if (in->n_dims < 3 || in->n_dims > 5 || weight->n_dims != in->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input and weight do not fit together");
  n = in->n_dims - 2;
  *w = (BsWindow){ .n_spatial = n, .group = bs_node_int (call->node, "group", 1) };
  if (w->group < 1 || in->dims[1] != weight->dims[0] || in->dims[1] % w->group != 0 ||
      (strides != NULL && n_strides != n) || (dilations != NULL && n_dilations != n) ||
      (pads != NULL && n_pads != 2 * n) || (extra != NULL && n_extra != n) ||
      (shape != NULL && n_shape != n && n_shape != n + 2))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its attributes do not fit its input");
  if (shape != NULL && n_shape == n + 2)
    shape += 2;
  for (guint d = 0; d < n; d++) {
    gint64 full, total;
    w->kernel[d] = weight->dims[d + 2];
    w->stride[d] = strides != NULL ? strides[d] : 1;
    w->dilation[d] = dilations != NULL ? dilations[d] : 1;
    w->pad_begin[d] = pads != NULL ? pads[d] : 0;
    w->pad_end[d] = pads != NULL ? pads[d + n] : 0;
    w->out[d] = in->dims[d + 2];
    gint64 more = extra != NULL ? extra[d] : 0;
    if (w->kernel[d] < 1 || w->kernel[d] > LIMIT || w->stride[d] < 1 || w->stride[d] > LIMIT ||
        w->dilation[d] < 1 || w->dilation[d] > LIMIT || w->out[d] < 1 || w->out[d] > LIMIT ||
        w->pad_begin[d] < 0 || w->pad_begin[d] > LIMIT || w->pad_end[d] < 0 ||
        w->pad_end[d] > LIMIT || more < 0 || more > LIMIT)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its geometry is impossible");
    full = (w->out[d] - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1 + more;
    if (shape != NULL || same) {
      w->in[d] = shape != NULL ? shape[d] : w->out[d] * w->stride[d];
      total = MAX (full - w->in[d], 0);
      w->pad_begin[d] = strcmp (auto_pad, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
      w->pad_end[d] = total - w->pad_begin[d];
    } else
      w->in[d] = full - w->pad_begin[d] - w->pad_end[d];
    if (w->in[d] < 1 || w->in[d] > LIMIT)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "its padding leaves nothing of its output");
  }
  return TRUE;
}

static gboolean
infer_conv_transpose (BsCall *call, GError **error)
{
  gint64 dims[BS_MAX_DIMS];
  BsWindow w;

  if (!bs_window_resolve_transposed (call, &w, error))
    return FALSE;
  dims[0] = call->in[0]->dims[0];
  dims[1] = call->in[1]->dims[1] * w.group;
  for (guint d = 0; d < w.n_spatial; d++)
    dims[d + 2] = w.in[d];
  if (bs_in (call, 2) != NULL && (gint64) bs_value_count (bs_in (call, 2)) != dims[1])
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its bias does not fit its weight");
  bs_out_dims (call, 0, call->in[0]->dtype, dims, call->in[0]->n_dims);
  return TRUE;
}

/* out [channels × outputs] += columns [channels · kernel × inputs], each where it belongs. */
static void
fold (const float *columns, gsize channels, const BsWindow *w, float *out)
{
  guint n = w->n_spatial;
  gint64 kernel[3] = { 1, 1, 1 }, stride[3] = { 1, 1, 1 }, dilation[3] = { 1, 1, 1 };
  gint64 pad[3] = { 0 }, big[3] = { 1, 1, 1 }, small[3] = { 1, 1, 1 };

  for (guint d = 0; d < n; d++) {
    kernel[3 - n + d] = w->kernel[d];
    stride[3 - n + d] = w->stride[d];
    dilation[3 - n + d] = w->dilation[d];
    pad[3 - n + d] = w->pad_begin[d];
    big[3 - n + d] = w->in[d];
    small[3 - n + d] = w->out[d];
  }
  for (gsize c = 0; c < channels; c++, out += big[0] * big[1] * big[2])
    for (gint64 kz = 0; kz < kernel[0]; kz++)
      for (gint64 ky = 0; ky < kernel[1]; ky++)
        for (gint64 kx = 0; kx < kernel[2]; kx++)
          for (gint64 z = 0; z < small[0]; z++)
            for (gint64 y = 0; y < small[1]; y++, columns += small[2]) {
              gint64 oz = z * stride[0] + kz * dilation[0] - pad[0];
              gint64 oy = y * stride[1] + ky * dilation[1] - pad[1];
              if (oz < 0 || oz >= big[0] || oy < 0 || oy >= big[1])
                continue;
              for (gint64 x = 0; x < small[2]; x++) {
                gint64 ox = x * stride[2] + kx * dilation[2] - pad[2];
                if (ox >= 0 && ox < big[2])
                  out[(oz * big[1] + oy) * big[2] + ox] += columns[x];
              }
            }
}

static gboolean
run_conv_transpose (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0], *weight = call->in[1], *bias = bs_in (call, 2);
  BsValue *out = call->out[0];
  gsize pixels_in, pixels, channels_in, channels, k, bytes;
  float *columns;
  BsWindow w;

  for (guint i = 0; i < 3; i++)
    if (!bs_require (call, i, BS_DTYPE_F32, error))
      return FALSE;
  if (!bs_window_resolve_transposed (call, &w, error))
    return FALSE;
  pixels_in = bs_product (in->dims, 2, in->n_dims);
  pixels = bs_product (out->dims, 2, out->n_dims);
  channels_in = (gsize) (in->dims[1] / w.group);
  channels = (gsize) weight->dims[1];
  k = bs_product (weight->dims, 1, weight->n_dims);
  if (!g_size_checked_mul (&bytes, k, pixels_in) ||
      !g_size_checked_mul (&bytes, bytes, sizeof (float)) ||
      (columns = call->scratch (call, bytes)) == NULL)
    return bs_no_memory (call, error);
  for (gsize n = 0; n < (gsize) in->dims[0]; n++)
    for (gsize g = 0; g < (gsize) w.group; g++) {
      float *result = (float *) out->data + (n * (gsize) w.group + g) * channels * pixels;
      for (gsize c = 0; c < channels; c++)
        for (gsize i = 0; i < pixels; i++)
          result[c * pixels + i] =
            bias != NULL ? ((const float *) bias->data)[g * channels + c] : 0;
      if (channels_in == 0 || k == 0)
        continue;
      cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, (blasint) k, (blasint) pixels_in,
                   (blasint) channels_in, 1, (const float *) weight->data + g * channels_in * k,
                   (blasint) k,
                   (const float *) in->data + (n * (gsize) w.group + g) * channels_in * pixels_in,
                   (blasint) pixels_in, 0, columns, (blasint) pixels_in);
      fold (columns, channels, &w, result);
    }
  return TRUE;
}

static guint64
macs_conv_transpose (const BsCall *call)
{
  return (guint64) bs_value_count (call->in[0]) *
         bs_product (call->in[1]->dims, 1, call->in[1]->n_dims);
}

const BsOp bs_op_conv_transpose = {
  .type = "ConvTranspose",
  .domain = "",
  .min_in = 2,
  .max_in = 3,
  .weight_input = 1,
  .infer = infer_conv_transpose,
  .run = run_conv_transpose,
  .macs = macs_conv_transpose,
};
