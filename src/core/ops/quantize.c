/* ONNX's own integer operators, as its files state them: what exported networks are made of.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>
#include <string.h>

typedef struct {
  gint64 lo, hi;
} Codes;

static gboolean
codes_of (BsDtype dtype, Codes *codes)
{
  switch (dtype) {
  case BS_DTYPE_U8:
    *codes = (Codes){ 0, 255 };
    return TRUE;
  case BS_DTYPE_I8:
    *codes = (Codes){ -128, 127 };
    return TRUE;
  case BS_DTYPE_U16:
    *codes = (Codes){ 0, 65535 };
    return TRUE;
  case BS_DTYPE_I16:
    *codes = (Codes){ -32768, 32767 };
    return TRUE;
  case BS_DTYPE_U4:
    *codes = (Codes){ 0, 15 };
    return TRUE;
  case BS_DTYPE_I4:
    *codes = (Codes){ -8, 7 };
    return TRUE;
  case BS_DTYPE_U2:
    *codes = (Codes){ 0, 3 };
    return TRUE;
  case BS_DTYPE_I2:
    *codes = (Codes){ -2, 1 };
    return TRUE;
  case BS_DTYPE_I32:
    *codes = (Codes){ G_MININT32, G_MAXINT32 };
    return TRUE;
  default:
    return FALSE;
  }
}

static gint64
get_code (const void *data, BsDtype dtype, gsize i)
{
  guint bits = bs_dtype_bits (dtype);

  if (bits < 8) { /* the first element is in the lowest bits */
    guint per_byte = 8 / bits,
          raw = ((const guint8 *) data)[i / per_byte] >> (i % per_byte * bits) & ((1u << bits) - 1);
    return dtype == BS_DTYPE_I4 || dtype == BS_DTYPE_I2 ? (gint64) raw - (raw >> (bits - 1) << bits)
                                                        : raw;
  }
  BsValue value = { .dtype = dtype, .data = (gpointer) data };
  gint64 code = 0;
  bs_value_int (&value, i, &code);
  return code;
}

static void
put_code (void *data, BsDtype dtype, gsize i, gint64 code)
{
  guint bits = bs_dtype_bits (dtype);

  switch (bits) {
  case 8:
    ((guint8 *) data)[i] = (guint8) code;
    break;
  case 16:
    ((guint16 *) data)[i] = (guint16) code;
    break;
  case 32:
    ((guint32 *) data)[i] = (guint32) code;
    break;
  default: {
    guint per_byte = 8 / bits, shift = (guint) (i % per_byte) * bits,
          mask = ((1u << bits) - 1) << shift;
    guint8 *byte = &((guint8 *) data)[i / per_byte];
    *byte = (guint8) ((*byte & ~mask) | ((guint) code << shift & mask));
  }
  }
}

/* Which scale an element has: one for all, one a position of the axis, or one a block along the
 * axis. */
typedef struct {
  gsize axis_size, inner, block; /* block 0: per axis or per tensor */
  gsize n_scales_axis;
  gboolean single;
} Scales;

static gboolean
resolve_scales (const BsCall *call, Scales *s, GError **error)
{
  const BsValue *x = call->in[0], *scale = call->in[1], *zero = bs_in (call, 2);
  gint64 block = bs_node_int (call->node, "block_size", 0);
  guint axis;

  *s = (Scales){ .single = bs_value_count (scale) == 1 && block == 0, .axis_size = 1, .inner = 1 };
  if (zero != NULL && bs_value_count (zero) != bs_value_count (scale))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its zero points do not fit its scales");
  if (s->single)
    return TRUE;
  if (!bs_axis (call, bs_node_int (call->node, "axis", 1), x->n_dims, &axis, error))
    return FALSE;
  s->axis_size = (gsize) x->dims[axis];
  s->inner = bs_product (x->dims, axis + 1, x->n_dims);
  s->block = (gsize) MAX (block, 0);
  s->n_scales_axis = block > 0 ? (s->axis_size + s->block - 1) / s->block : s->axis_size;
  gsize wanted =
    block > 0 ? bs_product (x->dims, 0, axis) * s->n_scales_axis * s->inner : s->axis_size;
  if (bs_value_count (scale) != wanted)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "it has %" G_GSIZE_FORMAT " scales, %" G_GSIZE_FORMAT " are needed",
                          bs_value_count (scale), wanted);
  return TRUE;
}

static gsize
scale_index (const Scales *s, gsize i)
{
  gsize inner, along, outer;

  if (s->single)
    return 0;
  inner = i % s->inner;
  along = i / s->inner % s->axis_size;
  if (s->block == 0)
    return along;
  outer = i / s->inner / s->axis_size;
  return (outer * s->n_scales_axis + along / s->block) * s->inner + inner;
}

static gint64
zero_at (const BsValue *zero, gsize i)
{
  return zero != NULL ? get_code (zero->data, zero->dtype, i) : 0;
}

static gboolean
infer_quantize (BsCall *call, GError **error)
{
  const BsValue *zero = bs_in (call, 2);
  BsDtype to =
    zero != NULL ? zero->dtype : (BsDtype) bs_node_int (call->node, "output_dtype", BS_DTYPE_U8);
  Scales s;
  Codes codes;

  if (to == BS_DTYPE_NONE)
    to = BS_DTYPE_U8;
  if (!codes_of (to, &codes) || to == BS_DTYPE_I32)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "it makes %s", bs_dtype_name (to));
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = to;
  return resolve_scales (call, &s, error);
}

/* clamp (round half to even (x / scale) + zero point) */
static gboolean
run_quantize (BsCall *call, GError **error)
{
  const BsValue *x = call->in[0], *zero = bs_in (call, 2);
  const float *scale = call->in[1]->data, *in = x->data;
  gsize count = bs_value_count (x), bytes = 0;
  BsDtype to = call->out[0]->dtype;
  Scales s;
  Codes codes;

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || !bs_require (call, 1, BS_DTYPE_F32, error) ||
      !resolve_scales (call, &s, error) || !codes_of (to, &codes))
    return FALSE;
  bs_dims_bytes (x->dims, x->n_dims, to, &bytes);
  memset (call->out[0]->data, 0, bytes);
  for (gsize i = 0; i < count; i++) {
    gsize k = scale_index (&s, i);
    float rounded = rintf (in[i] / scale[k]);
    double code = (rounded != rounded ? 0 : (double) rounded) + (double) zero_at (zero, k);
    put_code (call->out[0]->data, to, i,
              (gint64) CLAMP (code, (double) codes.lo, (double) codes.hi));
  }
  return TRUE;
}

static gboolean
infer_dequantize (BsCall *call, GError **error)
{
  Scales s;
  Codes codes;

  if (!codes_of (call->in[0]->dtype, &codes))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "it decodes %s",
                          bs_dtype_name (call->in[0]->dtype));
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = call->in[1]->dtype;
  return resolve_scales (call, &s, error);
}

static gboolean
run_dequantize (BsCall *call, GError **error)
{
  const BsValue *x = call->in[0], *zero = bs_in (call, 2);
  const float *scale = call->in[1]->data;
  gsize count = bs_value_count (x);
  Scales s;

  if (!bs_require (call, 1, BS_DTYPE_F32, error) || !bs_require (call, 2, x->dtype, error) ||
      !resolve_scales (call, &s, error))
    return FALSE;
  for (gsize i = 0; i < count; i++) {
    gsize k = scale_index (&s, i);
    ((float *) call->out[0]->data)[i] =
      (float) (get_code (x->data, x->dtype, i) - zero_at (zero, k)) * scale[k];
  }
  return TRUE;
}

static gboolean
infer_dynamic (BsCall *call, GError **error)
{
  bs_out_like (call, 0, call->in[0]);
  call->out[0]->dtype = BS_DTYPE_U8;
  if (call->n_out > 1)
    bs_out_dims (call, 1, BS_DTYPE_F32, NULL, 0);
  if (call->n_out > 2)
    bs_out_dims (call, 2, BS_DTYPE_U8, NULL, 0);
  return TRUE;
}

static gboolean
run_dynamic (BsCall *call, GError **error)
{
  const float *x = call->in[0]->data;
  gsize count = bs_value_count (call->in[0]);
  float lo = 0, hi = 0, scale, zero;

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (gsize i = 0; i < count; i++) {
    lo = MIN (lo, x[i]);
    hi = MAX (hi, x[i]);
  }
  scale = (hi - lo) / 255;
  zero = scale > 0 ? rintf (CLAMP (-lo / scale, 0, 255)) : 0;
  for (gsize i = 0; i < count; i++)
    ((guint8 *) call->out[0]->data)[i] =
      scale > 0 ? (guint8) CLAMP (rintf (x[i] / scale) + zero, 0, 255) : 0;
  if (call->n_out > 1)
    *(float *) call->out[1]->data = scale;
  if (call->n_out > 2)
    *(guint8 *) call->out[2]->data = (guint8) zero;
  return TRUE;
}

#define ROW(row, name, low, high, infer_func, run_func)                                            \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (quantize_linear, "QuantizeLinear", 2, 3, infer_quantize, run_quantize)
ROW (dequantize_linear, "DequantizeLinear", 2, 3, infer_dequantize, run_dequantize)
ROW (dynamic_quantize_linear, "DynamicQuantizeLinear", 1, 1, infer_dynamic, run_dynamic)
