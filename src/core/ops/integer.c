/* ONNX's integer products: MatMulInteger, QLinearMatMul, ConvInteger, QLinearConv, on the integer
 * kernels; plain loops with sums of 64 bits where those refuse, and as their definition.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/integer.h"
#include "ops/broadcast.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

/* Products and convolutions by either way. */
static guint64 n_on_kernels, n_plain;

static void
count (gboolean on_kernels)
{
  __atomic_fetch_add (on_kernels ? &n_on_kernels : &n_plain, 1, __ATOMIC_RELAXED);
}

void
bs_integer_paths (guint64 *on_kernels, guint64 *plain)
{
  *on_kernels = __atomic_load_n (&n_on_kernels, __ATOMIC_RELAXED);
  *plain = __atomic_load_n (&n_plain, __ATOMIC_RELAXED);
}

static BsIntegerInputs
inputs_of (const BsCall *call, gboolean quantized)
{
  if (!quantized)
    return (BsIntegerInputs){
      .a = call->in[0], .b = call->in[1], .a_zero = bs_in (call, 2), .b_zero = bs_in (call, 3)
    };
  return (BsIntegerInputs){ .a = call->in[0],
                            .a_scale = call->in[1],
                            .a_zero = call->in[2],
                            .b = call->in[3],
                            .b_scale = call->in[4],
                            .b_zero = call->in[5],
                            .y_scale = call->in[6],
                            .y_zero = call->in[7],
                            .bias = bs_in (call, 8) };
}

static gboolean
check (const BsCall *call, const BsIntegerInputs *in, gint64 channels, GError **error)
{
  if ((in->a->dtype != BS_DTYPE_U8 && in->a->dtype != BS_DTYPE_I8) ||
      (in->b->dtype != BS_DTYPE_U8 && in->b->dtype != BS_DTYPE_I8))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "it multiplies %s and %s",
                          bs_dtype_name (in->a->dtype), bs_dtype_name (in->b->dtype));
  if (in->a_zero != NULL && bs_value_count (in->a_zero) != 1)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "it has a zero point for each row of its first input");
  for (guint i = 0; i < 2; i++) {
    const BsValue *value = i == 0 ? in->b_zero : in->b_scale;
    if (value != NULL && bs_value_count (value) != 1 && (gint64) bs_value_count (value) != channels)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "its scales or zero points do not fit its weight");
  }
  if (in->y_scale == NULL)
    return TRUE;
  if (in->a_scale->dtype != BS_DTYPE_F32 || in->b_scale->dtype != BS_DTYPE_F32 ||
      in->y_scale->dtype != BS_DTYPE_F32 || bs_value_count (in->a_scale) != 1 ||
      bs_value_count (in->y_scale) != 1 || bs_value_count (in->y_zero) != 1 ||
      (in->y_zero->dtype != BS_DTYPE_U8 && in->y_zero->dtype != BS_DTYPE_I8))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "its scales are not single float32 numbers");
  if (in->bias != NULL &&
      (in->bias->dtype != BS_DTYPE_I32 || (gint64) bs_value_count (in->bias) != channels))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its bias does not fit its weight");
  return TRUE;
}

gint
bs_integer_code (const BsValue *value, gsize i)
{
  return value->dtype == BS_DTYPE_I8 ? ((const gint8 *) value->data)[i]
                                     : ((const guint8 *) value->data)[i];
}

gint
bs_integer_zero (const BsValue *zero, gsize channel)
{
  return zero != NULL ? bs_integer_code (zero, bs_value_count (zero) == 1 ? 0 : channel) : 0;
}

/* clamp (round half to even (acc · ((a · b) / y)) + zero): the order of operations of ONNX Runtime
 */
static void
store (const BsIntegerInputs *in, BsValue *out, gsize at, gsize channel, gint64 acc)
{
  if (in->y_scale == NULL) {
    ((gint32 *) out->data)[at] = (gint32) acc;
    return;
  }
  if (in->bias != NULL)
    acc += ((const gint32 *) in->bias->data)[channel];
  const float *b_scale = in->b_scale->data;
  float factor = *(const float *) in->a_scale->data *
                 b_scale[bs_value_count (in->b_scale) == 1 ? 0 : channel] /
                 *(const float *) in->y_scale->data;
  float rounded = rintf ((float) acc * factor) + (float) bs_integer_zero (in->y_zero, 0);
  if (out->dtype == BS_DTYPE_I8)
    ((gint8 *) out->data)[at] = (gint8) CLAMP (rounded, -128, 127);
  else
    ((guint8 *) out->data)[at] = (guint8) CLAMP (rounded, 0, 255);
}

typedef struct {
  gint64 dims[BS_MAX_DIMS + 2];
  guint n_dims;
  gint64 batch[BS_MAX_DIMS];
  guint n_batch;
  gint64 m, k, n;
  BsValue a, b; /* batch dimensions only */
} Product;

static gboolean
resolve_product (const BsCall *call, const BsIntegerInputs *in, Product *p, GError **error)
{
  const BsValue *pair[2] = { &p->a, &p->b };

  p->a = *in->a;
  p->b = *in->b;
  if (p->a.n_dims < 2 || p->b.n_dims < 2 ||
      p->a.dims[p->a.n_dims - 1] != p->b.dims[p->b.n_dims - 2])
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its inputs are not matrices that can be multiplied");
  p->m = p->a.dims[p->a.n_dims - 2];
  p->k = p->a.dims[p->a.n_dims - 1];
  p->n = p->b.dims[p->b.n_dims - 1];
  p->a.n_dims -= 2;
  p->b.n_dims -= 2;
  if (!bs_broadcast_dims (call, pair, 2, p->batch, &p->n_batch, error))
    return FALSE;
  memcpy (p->dims, p->batch, sizeof p->batch);
  p->n_dims = p->n_batch + 2;
  p->dims[p->n_batch] = p->m;
  p->dims[p->n_batch + 1] = p->n;
  return TRUE;
}

static gboolean
infer_product (BsCall *call, gboolean quantized, GError **error)
{
  BsIntegerInputs in = inputs_of (call, quantized);
  Product p;

  if (!resolve_product (call, &in, &p, error) || !check (call, &in, p.n, error))
    return FALSE;
  bs_out_dims (call, 0, quantized ? in.y_zero->dtype : BS_DTYPE_I32, p.dims, p.n_dims);
  return TRUE;
}

static gboolean
run_product (BsCall *call, gboolean quantized, GError **error)
{
  BsIntegerInputs in = inputs_of (call, quantized);
  gint64 stride_a[BS_MAX_DIMS], stride_b[BS_MAX_DIMS];
  gint a_zero = bs_integer_zero (in.a_zero, 0);
  gsize batches, size, packed_b = G_MAXSIZE;
  BsIntegerProduct product;
  gboolean on_kernels;
  Product p;

  if (!resolve_product (call, &in, &p, error))
    return FALSE;
  bs_broadcast_strides (&p.a, p.batch, p.n_batch, stride_a);
  bs_broadcast_strides (&p.b, p.batch, p.n_batch, stride_b);
  batches = bs_product (p.batch, 0, p.n_batch);
  size = quantized ? 1 : sizeof (gint32);
  on_kernels = bs_integer_product_open (call, &in, (gsize) p.k, (gsize) p.n, &product);
  for (gsize batch = 0; batch < batches; batch++) {
    gsize rest = batch, at_a = 0, at_b = 0;
    for (guint d = p.n_batch; d-- > 0; rest /= (gsize) p.batch[d]) {
      at_a += rest % (gsize) p.batch[d] * (gsize) stride_a[d];
      at_b += rest % (gsize) p.batch[d] * (gsize) stride_b[d];
    }
    at_a *= (gsize) (p.m * p.k);
    at_b *= (gsize) (p.k * p.n);
    if (on_kernels && at_b != packed_b)
      on_kernels = bs_integer_product_pack (&product, (const guint8 *) in.b->data + at_b);
    packed_b = at_b;
    on_kernels = on_kernels && bs_integer_product_run (&product, at_a, (gsize) p.m,
                                                       (char *) call->out[0]->data +
                                                         batch * (gsize) (p.m * p.n) * size);
    count (on_kernels);
    if (on_kernels)
      continue;
    for (gint64 i = 0; i < p.m; i++)
      for (gint64 j = 0; j < p.n; j++) {
        gint b_zero = bs_integer_zero (in.b_zero, (gsize) j);
        gint64 sum = 0;
        for (gint64 k = 0; k < p.k; k++)
          sum += (bs_integer_code (in.a, at_a + (gsize) (i * p.k + k)) - a_zero) *
                 (bs_integer_code (in.b, at_b + (gsize) (k * p.n + j)) - b_zero);
        store (&in, call->out[0], batch * (gsize) (p.m * p.n) + (gsize) (i * p.n + j), (gsize) j,
               sum);
      }
  }
  return TRUE;
}

/* bs_window_resolve looks at input 0, which is the picture in both operators. */
static gboolean
infer_conv (BsCall *call, gboolean quantized, GError **error)
{
  BsIntegerInputs in = inputs_of (call, quantized);
  gint64 dims[BS_MAX_DIMS];
  BsWindow w;

  if (in.a->n_dims != in.b->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input and weight do not fit together");
  if (!bs_window_resolve (call, in.b->dims, &w, error))
    return FALSE;
  if (in.b->dims[0] % w.group != 0 || in.a->dims[1] != in.b->dims[1] * w.group)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its weight is for another number of channels");
  if (!check (call, &in, in.b->dims[0], error))
    return FALSE;
  dims[0] = in.a->dims[0];
  dims[1] = in.b->dims[0];
  for (guint d = 0; d < w.n_spatial; d++)
    dims[d + 2] = w.out[d];
  bs_out_dims (call, 0, quantized ? in.y_zero->dtype : BS_DTYPE_I32, dims, in.a->n_dims);
  return TRUE;
}

/* Σ over one window and group; padding counts as the zero point and so adds nothing. */
static gint64
window_sum (const BsIntegerInputs *in,
            const BsWindow *w,
            gsize plane,
            gsize channels,
            gsize m,
            const gint64 *out,
            gsize kernel,
            gsize pixels)
{
  gint a_zero = bs_integer_zero (in->a_zero, 0), b_zero = bs_integer_zero (in->b_zero, m);
  gint64 sum = 0;

  for (gsize k = 0; k < kernel; k++) {
    gsize rest = k, at = 0, stride = 1;
    gboolean inside = TRUE;
    for (guint d = w->n_spatial; d-- > 0;) {
      gint64 position = out[d] * w->stride[d] +
                        (gint64) (rest % (gsize) w->kernel[d]) * w->dilation[d] - w->pad_begin[d];
      rest /= (gsize) w->kernel[d];
      inside = inside && position >= 0 && position < w->in[d];
      at += (gsize) MAX (position, 0) * stride;
      stride *= (gsize) w->in[d];
    }
    for (gsize c = 0; inside && c < channels; c++)
      sum += (bs_integer_code (in->a, (plane + c) * pixels + at) - a_zero) *
             (bs_integer_code (in->b, (m * channels + c) * kernel + k) - b_zero);
  }
  return sum;
}

static gboolean
run_conv (BsCall *call, gboolean quantized, GError **error)
{
  BsIntegerInputs in = inputs_of (call, quantized);
  gsize pixels_in, pixels, kernel, channels, maps, at = 0;
  BsWindow w;

  if (!bs_window_resolve (call, in.b->dims, &w, error))
    return FALSE;
  if (bs_integer_kernel_conv (call, &in, &w)) {
    count (TRUE);
    return TRUE;
  }
  count (FALSE);
  pixels_in = bs_product (in.a->dims, 2, in.a->n_dims);
  pixels = bs_product (call->out[0]->dims, 2, in.a->n_dims);
  kernel = bs_product (in.b->dims, 2, in.b->n_dims);
  channels = (gsize) in.b->dims[1];
  maps = (gsize) in.b->dims[0];
  for (gsize n = 0; n < (gsize) in.a->dims[0]; n++)
    for (gsize m = 0; m < maps; m++) {
      gsize plane = (n * (gsize) w.group + m / (maps / (gsize) w.group)) * channels;
      for (gsize i = 0; i < pixels; i++, at++) {
        gint64 out[3] = { 0 };
        gsize rest = i;
        for (guint d = w.n_spatial; d-- > 0; rest /= (gsize) w.out[d])
          out[d] = (gint64) (rest % (gsize) w.out[d]);
        store (&in, call->out[0], at, m,
               window_sum (&in, &w, plane, channels, m, out, kernel, pixels_in));
      }
    }
  return TRUE;
}

#define ROW(row, name, low, high, weight, kind, quantized)                                         \
  static gboolean infer_##row (BsCall *call, GError **error)                                       \
  {                                                                                                \
    return infer_##kind (call, quantized, error);                                                  \
  }                                                                                                \
  static gboolean run_##row (BsCall *call, GError **error)                                         \
  {                                                                                                \
    return run_##kind (call, quantized, error);                                                    \
  }                                                                                                \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .weight_input = weight,                                               \
                             .infer = infer_##row,                                                 \
                             .run = run_##row };

ROW (mat_mul_integer, "MatMulInteger", 2, 4, 1, product, FALSE)
ROW (q_linear_mat_mul, "QLinearMatMul", 8, 8, 3, product, TRUE)
ROW (conv_integer, "ConvInteger", 2, 4, 1, conv, FALSE)
ROW (q_linear_conv, "QLinearConv", 8, 9, 3, conv, TRUE)
