/* ONNX's integer products on the integer kernels.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/integer.h"
#include "ops/op_util.h"

#include <string.h>

static BskType
kernel_type (BsDtype dtype)
{
  return dtype == BS_DTYPE_I8 ? BSK_S8 : dtype == BS_DTYPE_U8 ? BSK_U8 : BSK_S32;
}

static BskQParams
whole_range (BskType type, float scale, gint zero)
{
  gint lowest = type == BSK_S8 ? -128 : 0;

  return (BskQParams){ scale, zero, lowest, lowest + 255 };
}

/* Describes a product of n output channels; FALSE when memory is out. */
static gboolean
describe (BsCall *call, const BsIntegerInputs *in, gsize n, gsize k, BskGemmArgs *args)
{
  gboolean quantized = in->y_scale != NULL;

  *args = (BskGemmArgs){ .n = (int) n, .k = (int) k, .out_type = BSK_S32 };
  args->w_type = in->b->dtype == BS_DTYPE_U8 ? BSK_W_U8 : BSK_W_S8;
  args->a_type = kernel_type (in->a->dtype);
  args->a = whole_range (args->a_type, quantized ? *(const float *) in->a_scale->data : 1,
                         bs_integer_zero (in->a_zero, 0));
  args->w_zero_point = bs_integer_zero (in->b_zero, 0);
  if (in->b_zero != NULL && bs_value_count (in->b_zero) > 1) {
    gint32 *zeros = call->scratch (call, n * sizeof *zeros);

    if (zeros == NULL)
      return FALSE;
    for (gsize i = 0; i < n; i++)
      zeros[i] = bs_integer_zero (in->b_zero, i);
    args->w_zero_points = zeros;
  }
  if (!quantized)
    return TRUE;

  float *scale = call->scratch (call, n * sizeof *scale);
  gboolean one = bs_value_count (in->b_scale) == 1;

  if (scale == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    scale[i] = ((const float *) in->b_scale->data)[one ? 0 : i];
  args->w_scale = scale;
  args->bias = in->bias != NULL ? in->bias->data : NULL;
  args->out_type = kernel_type (in->y_zero->dtype);
  args->out = whole_range (args->out_type, *(const float *) in->y_scale->data,
                           bs_integer_zero (in->y_zero, 0));
  return TRUE;
}

static void *
scratch_bytes (BsCall *call, gsize bytes)
{
  return bytes == 0 ? NULL : call->scratch (call, bytes);
}

/* Codes in a buffer with the slack that the kernels read past them. */
static guint8 *
new_codes (BsCall *call, gsize count)
{
  return count > G_MAXSIZE / 2 ? NULL : call->scratch (call, count + BSK_SLACK);
}

gboolean
bs_integer_product_open (BsCall *call,
                         const BsIntegerInputs *in,
                         gsize k,
                         gsize n,
                         BsIntegerProduct *p)
{
  gsize count = bs_value_count (in->a);

  if (count < 1 || k < 1 || n < 1 || k > G_MAXINT || n > G_MAXINT ||
      !describe (call, in, n, k, &p->args))
    return FALSE;
  p->packed = scratch_bytes (call, bsk_gemm_bytes (&p->args));
  p->turned = new_codes (call, k * n);
  p->a = new_codes (call, count);
  if (p->packed == NULL || p->turned == NULL || p->a == NULL)
    return FALSE;
  memcpy (p->a, in->a->data, count);
  return TRUE;
}

gboolean
bs_integer_product_pack (BsIntegerProduct *p, const guint8 *b)
{
  gsize k = (gsize) p->args.k, n = (gsize) p->args.n;

  return bsk_transpose_8 (b, 1, k, n, p->turned) == BSK_OK &&
         bsk_gemm_pack (&p->args, p->turned, k, p->packed) == BSK_OK;
}

gboolean
bs_integer_product_run (const BsIntegerProduct *p, gsize at, gsize m, void *y)
{
  return bsk_gemm (p->packed, p->a + at, (gsize) p->args.k, y, (gsize) p->args.n, 0, m) == BSK_OK;
}

/* [images][pixels][channels] → [images][channels][pixels] */
static void
channels_first (const gint32 *from, gsize images, gsize pixels, gsize channels, gint32 *to)
{
  for (gsize i = 0; i < images; i++, from += pixels * channels)
    for (gsize c = 0; c < channels; c++)
      for (gsize p = 0; p < pixels; p++)
        *to++ = from[p * channels + c];
}

gboolean
bs_integer_kernel_conv (BsCall *call, const BsIntegerInputs *in, const BsWindow *w)
{
  gsize images = (gsize) in->a->dims[0], channels = (gsize) in->a->dims[1],
        maps = (gsize) in->b->dims[0];
  gsize pixels_in = bs_product (in->a->dims, 2, in->a->n_dims), pixels, kernel, depth, size;
  gboolean flat = w->n_spatial == 1, bytes;
  guint x = w->n_spatial - 1;
  BskConvShape shape;
  BskGemmArgs args;
  guint8 *a, *b;
  void *packed, *scratch, *c;

  if (w->n_spatial > 2 || images < 1 || pixels_in < 1)
    return FALSE;
  for (guint d = 0; d < w->n_spatial; d++)
    if (MAX (MAX (w->in[d], w->kernel[d]), MAX (w->stride[d], w->dilation[d])) > G_MAXINT ||
        MAX (ABS (w->pad_begin[d]), ABS (w->pad_end[d])) > G_MAXINT)
      return FALSE;
  if (MAX (channels, maps) > G_MAXINT)
    return FALSE;
  kernel = bs_product (in->b->dims, 2, in->b->n_dims);
  depth = (gsize) in->b->dims[1];
  shape = (BskConvShape){ .h = flat ? 1 : (int) w->in[0],
                          .w = (int) w->in[x],
                          .cin = (int) channels,
                          .cout = (int) maps,
                          .kh = flat ? 1 : (int) w->kernel[0],
                          .kw = (int) w->kernel[x],
                          .stride_h = flat ? 1 : (int) w->stride[0],
                          .stride_w = (int) w->stride[x],
                          .dilation_h = flat ? 1 : (int) w->dilation[0],
                          .dilation_w = (int) w->dilation[x],
                          .pad_top = flat ? 0 : (int) w->pad_begin[0],
                          .pad_left = (int) w->pad_begin[x],
                          .pad_bottom = flat ? 0 : (int) w->pad_end[0],
                          .pad_right = (int) w->pad_end[x],
                          .groups = (int) w->group };
  if (bsk_conv_out_w (&shape) != w->out[x] || bsk_conv_out_h (&shape) != (flat ? 1 : w->out[0]) ||
      !describe (call, in, maps, depth * kernel, &args))
    return FALSE;
  pixels = bs_product (call->out[0]->dims, 2, in->a->n_dims);
  bytes = args.out_type != BSK_S32;
  packed = scratch_bytes (call, bsk_conv_bytes (&shape, &args));
  a = new_codes (call, images * channels * pixels_in);
  b = new_codes (call, maps * depth * kernel);
  size = images * maps * pixels;
  c = size > G_MAXSIZE / 8 ? NULL : call->scratch (call, size * (bytes ? 1 : 4));
  if (packed == NULL || a == NULL || b == NULL || c == NULL ||
      bsk_transpose_8 (in->b->data, maps, depth, kernel, b) != BSK_OK ||
      bsk_conv_pack (&shape, &args, b, packed) != BSK_OK ||
      bsk_transpose_8 (in->a->data, images, channels, pixels_in, a) != BSK_OK)
    return FALSE;
  scratch = scratch_bytes (call, bsk_conv_scratch_bytes (packed));
  if (bsk_conv (packed, a, channels * pixels_in, c, maps * pixels, maps, images, 0,
                bsk_conv_out_h (&shape), scratch) != BSK_OK)
    return FALSE;
  if (bytes)
    return bsk_transpose_8 (c, images, pixels, maps, call->out[0]->data) == BSK_OK;
  channels_first (c, images, pixels, maps, call->out[0]->data);
  return TRUE;
}
