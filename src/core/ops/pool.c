/* Pooling: maximum, average, power mean; over windows and over everything.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/vectorize.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>

typedef enum { MAXIMUM, AVERAGE, POWER } Kind;

typedef struct { /* one window in one dimension: source positions first + i · dilation, clipped to
                    the input */
  gint64 begin, end; /* of i, inside the input */
  gint64 first;
  gint64 padded; /* positions inside input and padding: the divisor with count_include_pad */
} Span;

static Span
span (const BsWindow *w, guint d, gint64 out)
{
  Span s = { .first = out * w->stride[d] - w->pad_begin[d] };
  gint64 limit = w->in[d] + w->pad_end[d];

  s.begin = s.first < 0 ? (-s.first + w->dilation[d] - 1) / w->dilation[d] : 0;
  s.begin = MIN (s.begin, w->kernel[d]);
  s.end =
    s.first < w->in[d] ? MIN ((w->in[d] - s.first - 1) / w->dilation[d] + 1, w->kernel[d]) : 0;
  s.end = MAX (s.end, s.begin);
  s.padded = s.first < limit ? MIN ((limit - s.first - 1) / w->dilation[d] + 1, w->kernel[d]) : 0;
  return s;
}

static gboolean
infer_pool (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 dims[BS_MAX_DIMS];
  BsWindow w;

  if (!bs_window_resolve (call, NULL, &w, error))
    return FALSE;
  dims[0] = in->dims[0];
  dims[1] = in->dims[1];
  for (guint d = 0; d < w.n_spatial; d++)
    dims[d + 2] = w.out[d];
  bs_out_dims (call, 0, in->dtype, dims, in->n_dims);
  if (call->n_out > 1)
    bs_out_dims (call, 1, BS_DTYPE_I64, dims, in->n_dims);
  return TRUE;
}

typedef struct {
  const BsWindow *w;
  Kind kind;
  gboolean include_pad;
  gint64 p;           /* POWER */
  gboolean by_column; /* indices count along columns: storage_order 1 */
} Pool;

static gint64
flat_index (const Pool *pool, const gint64 *at)
{
  const BsWindow *w = pool->w;
  gint64 index = 0;

  if (pool->by_column)
    for (guint d = w->n_spatial; d-- > 0;)
      index = index * w->in[d] + at[d];
  else
    for (guint d = 0; d < w->n_spatial; d++)
      index = index * w->in[d] + at[d];
  return index;
}

#define ZERO_SPAN                                                                                  \
  {                                                                                                \
    0, 1, 0, 1                                                                                     \
  }

/* One plane; the dimensions that are missing are windows of one position. */
#define PLANE(name, T, ACC, LOWEST)                                                                \
  static void name (const Pool *pool, const T *in, T *out, gint64 *indices, gint64 base)           \
  {                                                                                                \
    const BsWindow *w = pool->w;                                                                   \
    guint n = w->n_spatial, x = n - 1;                                                             \
    gint64 outs[3] = { n > 2 ? w->out[0] : 1, n > 1 ? w->out[x - 1] : 1, w->out[x] };              \
    gint64 dz = n > 2 ? w->dilation[0] : 1, dy = n > 1 ? w->dilation[x - 1] : 1;                   \
    gint64 in_h = n > 1 ? w->in[x - 1] : 1, in_w = w->in[x];                                       \
    for (gint64 oz = 0; oz < outs[0]; oz++)                                                        \
      for (gint64 oy = 0; oy < outs[1]; oy++)                                                      \
        for (gint64 ox = 0; ox < outs[2]; ox++) {                                                  \
          Span z = ZERO_SPAN, y = ZERO_SPAN, s = span (w, x, ox);                                  \
          ACC sum = pool->kind == MAXIMUM ? (ACC) (LOWEST) : (ACC) 0;                              \
          gint64 best[3] = { 0 };                                                                  \
          if (n > 2)                                                                               \
            z = span (w, 0, oz);                                                                   \
          if (n > 1)                                                                               \
            y = span (w, x - 1, oy);                                                               \
          for (gint64 a = z.begin; a < z.end; a++)                                                 \
            for (gint64 b = y.begin; b < y.end; b++) {                                             \
              const T *row = in + ((z.first + a * dz) * in_h + y.first + b * dy) * in_w + s.first; \
              for (gint64 c = s.begin; c < s.end; c++) {                                           \
                ACC v = (ACC) row[c * w->dilation[x]];                                             \
                if (pool->kind == AVERAGE)                                                         \
                  sum += v;                                                                        \
                else if (pool->kind == POWER)                                                      \
                  sum += (ACC) pow (fabs ((double) v), (double) pool->p);                          \
                else if (v > sum || v != v) {                                                      \
                  sum = v;                                                                         \
                  if (indices != NULL) {                                                           \
                    gint64 at[3] = { z.first + a * dz, y.first + b * dy,                           \
                                     s.first + c * w->dilation[x] };                               \
                    for (guint d = 0; d < n; d++)                                                  \
                      best[d] = at[3 - n + d];                                                     \
                  }                                                                                \
                }                                                                                  \
              }                                                                                    \
            }                                                                                      \
          if (pool->kind == AVERAGE) {                                                             \
            gint64 inside = (z.end - z.begin) * (y.end - y.begin) * (s.end - s.begin);             \
            gint64 divisor = pool->include_pad ? z.padded * y.padded * s.padded : inside;          \
            sum = (ACC) (divisor > 0 ? sum / (ACC) divisor : 0);                                   \
          } else if (pool->kind == POWER)                                                          \
            sum = (ACC) pow ((double) sum, 1.0 / (double) pool->p);                                \
          *out++ = (T) sum;                                                                        \
          if (indices != NULL)                                                                     \
            *indices++ = base + flat_index (pool, best);                                           \
        }                                                                                          \
  }

PLANE (plane_f32, float, float, -INFINITY)
PLANE (plane_f64, double, double, -INFINITY)
PLANE (plane_i8, gint8, gint32, G_MININT8)
PLANE (plane_u8, guint8, gint32, 0)

/* outputs_of: [from, to) of the outputs in dimension d whose tap c lies inside the input. */
static void
outputs_of (const BsWindow *w, guint d, gint64 c, gint64 *from, gint64 *to)
{
  gint64 stride = w->stride[d], shift = w->pad_begin[d] - c * w->dilation[d];
  gint64 last = w->in[d] - 1 + shift; /* where the last input is met, in steps of one input */

  *from = shift > 0 ? (shift + stride - 1) / stride : 0;
  *to = last < 0 ? 0 : MIN (last / stride + 1, w->out[d]);
}

/* add_tap: one tap of a row of n windows. The strides met most are constants to the compiler. */
BS_INLINE void
add_tap (Kind kind, const float *restrict x, gsize stride, gsize n, float *restrict acc)
{
  if (kind == AVERAGE)
    for (gsize i = 0; i < n; i++)
      acc[i] += x[i * stride];
  else
    for (gsize i = 0; i < n; i++)
      acc[i] = bs_select ((x[i * stride] > acc[i]) | (x[i * stride] != x[i * stride]),
                          x[i * stride], acc[i]);
}

BS_VECTORIZED static void
add_taps (Kind kind, const float *x, gsize stride, gsize n, float *acc)
{
  if (stride == 1)
    add_tap (kind, x, 1, n, acc);
  else if (stride == 2)
    add_tap (kind, x, 2, n, acc);
  else
    add_tap (kind, x, stride, n, acc);
}

/* row_f32: all windows of one row, tap by tap: each sees its taps in the order of plane_f32. */
static void
row_f32 (const Pool *pool, const float *in, Span z, Span y, float *out)
{
  const BsWindow *w = pool->w;
  guint n = w->n_spatial, x = n - 1;
  gint64 dz = n > 2 ? w->dilation[0] : 1, dy = n > 1 ? w->dilation[x - 1] : 1;
  gint64 in_h = n > 1 ? w->in[x - 1] : 1;

  for (gint64 ox = 0; ox < w->out[x]; ox++)
    out[ox] = pool->kind == MAXIMUM ? -INFINITY : 0;
  for (gint64 a = z.begin; a < z.end; a++)
    for (gint64 b = y.begin; b < y.end; b++)
      for (gint64 c = 0; c < w->kernel[x]; c++) {
        gint64 line = (z.first + a * dz) * in_h + y.first + b * dy, from, to;
        outputs_of (w, x, c, &from, &to);
        if (from < to)
          add_taps (pool->kind,
                    in + line * w->in[x] + from * w->stride[x] - w->pad_begin[x] +
                      c * w->dilation[x],
                    (gsize) w->stride[x], (gsize) (to - from), out + from);
      }
  for (gint64 ox = 0; ox < w->out[x] && pool->kind == AVERAGE; ox++) {
    Span s = span (w, x, ox);
    gint64 divisor = pool->include_pad ? z.padded * y.padded * s.padded
                                       : (z.end - z.begin) * (y.end - y.begin) * (s.end - s.begin);
    out[ox] = divisor > 0 ? out[ox] / (float) divisor : 0;
  }
}

static void
rows_f32 (const Pool *pool, const float *in, float *out)
{
  const BsWindow *w = pool->w;
  guint n = w->n_spatial, x = n - 1;

  for (gint64 oz = 0; oz < (n > 2 ? w->out[0] : 1); oz++)
    for (gint64 oy = 0; oy < (n > 1 ? w->out[x - 1] : 1); oy++, out += w->out[x]) {
      Span z = ZERO_SPAN, y = ZERO_SPAN;
      if (n > 2)
        z = span (w, 0, oz);
      if (n > 1)
        y = span (w, x - 1, oy);
      row_f32 (pool, in, z, y, out);
    }
}

static void
run_plane (const BsCall *call, const Pool *pool, gsize plane, gsize pixels_in, gsize pixels)
{
  const BsValue *in = call->in[0];
  BsValue *out = call->out[0];
  gint64 *indices = bs_has_out (call, 1) ? (gint64 *) call->out[1]->data + plane * pixels : NULL;
  gint64 base = (gint64) (plane * pixels_in);

  switch (in->dtype) {
  case BS_DTYPE_F32:
    if (indices == NULL && pool->kind != POWER)
      rows_f32 (pool, (const float *) in->data + plane * pixels_in,
                (float *) out->data + plane * pixels);
    else
      plane_f32 (pool, (const float *) in->data + plane * pixels_in,
                 (float *) out->data + plane * pixels, indices, base);
    break;
  case BS_DTYPE_F64:
    plane_f64 (pool, (const double *) in->data + plane * pixels_in,
               (double *) out->data + plane * pixels, indices, base);
    break;
  case BS_DTYPE_I8:
    plane_i8 (pool, (const gint8 *) in->data + plane * pixels_in,
              (gint8 *) out->data + plane * pixels, indices, base);
    break;
  default:
    plane_u8 (pool, (const guint8 *) in->data + plane * pixels_in,
              (guint8 *) out->data + plane * pixels, indices, base);
  }
}

static gboolean
run_pool (BsCall *call, Kind kind, GError **error)
{
  const BsValue *in = call->in[0];
  BsWindow w;
  Pool pool = { .w = &w, .kind = kind };
  gsize planes, pixels_in, pixels;

  if (!bs_window_resolve (call, NULL, &w, error))
    return FALSE;
  if (in->dtype != BS_DTYPE_F32 && in->dtype != BS_DTYPE_F64 &&
      (kind != MAXIMUM || (in->dtype != BS_DTYPE_I8 && in->dtype != BS_DTYPE_U8)))
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "this program does not compute it on %s", bs_dtype_name (in->dtype));
  pool.include_pad = bs_node_int (call->node, "count_include_pad", 0) != 0;
  pool.by_column = bs_node_int (call->node, "storage_order", 0) != 0;
  pool.p = bs_node_int (call->node, "p", 2);
  if (pool.p < 1)
    return bs_call_error (call, error, BS_ERROR_FORMAT, "p must be positive");
  planes = (gsize) in->dims[0] * (gsize) in->dims[1];
  pixels_in = bs_product (in->dims, 2, in->n_dims);
  pixels = bs_product (call->out[0]->dims, 2, in->n_dims);
  for (gsize i = 0; i < planes && pixels_in > 0; i++)
    run_plane (call, &pool, i, pixels_in, pixels);
  return TRUE;
}

static gboolean
run_max_pool (BsCall *call, GError **error)
{
  return run_pool (call, MAXIMUM, error);
}

static gboolean
run_average_pool (BsCall *call, GError **error)
{
  return run_pool (call, AVERAGE, error);
}

static gboolean
run_lp_pool (BsCall *call, GError **error)
{
  return run_pool (call, POWER, error);
}

static gboolean
infer_global (BsCall *call, GError **error)
{
  if (call->in[0]->n_dims < 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its input has no channels");
  bs_out_like (call, 0, call->in[0]);
  for (guint d = 2; d < call->in[0]->n_dims; d++)
    call->out[0]->dims[d] = 1;
  return TRUE;
}

static gboolean
run_global (BsCall *call, Kind kind, GError **error)
{
  const BsValue *in = call->in[0];
  gsize planes = bs_product (in->dims, 0, 2), pixels = bs_product (in->dims, 2, in->n_dims);
  const float *x = in->data;
  float *r = call->out[0]->data;
  double p = (double) bs_node_int (call->node, "p", 2);

  if (!bs_require (call, 0, BS_DTYPE_F32, error))
    return FALSE;
  for (gsize c = 0; c < planes; c++, x += pixels) {
    double sum = kind == MAXIMUM ? -INFINITY : 0;
    for (gsize i = 0; i < pixels; i++)
      if (kind == MAXIMUM)
        sum = (double) x[i] > sum || x[i] != x[i] ? (double) x[i] : sum;
      else
        sum += kind == POWER ? pow (fabs ((double) x[i]), p) : (double) x[i];
    r[c] = (float) (kind == AVERAGE ? sum / (double) pixels
                    : kind == POWER ? pow (sum, 1 / p)
                                    : sum);
  }
  return TRUE;
}

static gboolean
run_global_average (BsCall *call, GError **error)
{
  return run_global (call, AVERAGE, error);
}

static gboolean
run_global_max (BsCall *call, GError **error)
{
  return run_global (call, MAXIMUM, error);
}

static gboolean
run_global_lp (BsCall *call, GError **error)
{
  return run_global (call, POWER, error);
}

#define ROW(row, name, infer_func, run_func)                                                       \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = 1,                                                          \
                             .max_in = 1,                                                          \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (max_pool, "MaxPool", infer_pool, run_max_pool)
ROW (average_pool, "AveragePool", infer_pool, run_average_pool)
ROW (lp_pool, "LpPool", infer_pool, run_lp_pool)
ROW (global_average_pool, "GlobalAveragePool", infer_global, run_global_average)
ROW (global_max_pool, "GlobalMaxPool", infer_global, run_global_max)
ROW (global_lp_pool, "GlobalLpPool", infer_global, run_global_lp)
