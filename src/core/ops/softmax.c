/* Softmax, LogSoftmax, Hardmax: before opset 13 over everything from the axis on, since then over
 * the axis alone. SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <math.h>

typedef enum { SOFT, LOG, HARD } Kind;

typedef struct {
  gsize outer, n, inner; /* n values, inner elements apart, are one distribution */
} Layout;

static gboolean
layout (const BsCall *call, Layout *l, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean old = call->model->opset > 0 && call->model->opset < 13;
  guint axis;

  if (in->n_dims == 0) {
    *l = (Layout){ 1, 1, 1 };
    return TRUE;
  }
  if (!bs_axis (call, bs_node_int (call->node, "axis", old && in->n_dims > 1 ? 1 : -1), in->n_dims,
                &axis, error))
    return FALSE;
  l->outer = bs_product (in->dims, 0, axis);
  l->n = old ? bs_product (in->dims, axis, in->n_dims) : (gsize) in->dims[axis];
  l->inner = old ? 1 : bs_product (in->dims, axis + 1, in->n_dims);
  return TRUE;
}

static gboolean
infer_softmax (BsCall *call, GError **error)
{
  Layout l;

  bs_out_like (call, 0, call->in[0]);
  return layout (call, &l, error);
}

static void
one (Kind kind, const float *x, float *r, gsize n, gsize step)
{
  float highest = -INFINITY;
  gsize where = 0;
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    if (x[i * step] > highest) {
      highest = x[i * step];
      where = i;
    }
  if (kind == HARD) {
    for (gsize i = 0; i < n; i++)
      r[i * step] = i == where;
    return;
  }
  for (gsize i = 0; i < n; i++) {
    float e = x[i * step] - highest;
    float power = expf (e);
    sum += (double) power;
    r[i * step] = kind == LOG ? e : power;
  }
  if (kind == LOG) {
    float shift = (float) log (sum);
    for (gsize i = 0; i < n; i++)
      r[i * step] -= shift;
  } else {
    float factor = (float) (1 / sum);
    for (gsize i = 0; i < n; i++)
      r[i * step] *= factor;
  }
}

static gboolean
run (BsCall *call, Kind kind, GError **error)
{
  Layout l;

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || !layout (call, &l, error))
    return FALSE;
  for (gsize o = 0; o < l.outer; o++)
    for (gsize i = 0; i < l.inner; i++) {
      gsize at = o * l.n * l.inner + i;
      one (kind, (const float *) call->in[0]->data + at, (float *) call->out[0]->data + at, l.n,
           l.inner);
    }
  return TRUE;
}

static gboolean
run_softmax (BsCall *call, GError **error)
{
  return run (call, SOFT, error);
}

static gboolean
run_log_softmax (BsCall *call, GError **error)
{
  return run (call, LOG, error);
}

static gboolean
run_hardmax (BsCall *call, GError **error)
{
  return run (call, HARD, error);
}

#define ROW(row, name, run_func)                                                                   \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = 1,                                                          \
                             .max_in = 1,                                                          \
                             .flags = BS_OP_IN_PLACE,                                              \
                             .weight_input = -1,                                                   \
                             .infer = infer_softmax,                                               \
                             .run = run_func };

ROW (softmax, "Softmax", run_softmax)
ROW (log_softmax, "LogSoftmax", run_log_softmax)
ROW (hardmax, "Hardmax", run_hardmax)
