/* Matrix products in float through BLAS: Gemm and MatMul.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/broadcast.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <cblas.h>
#include <string.h>

static gboolean
infer_gemm (BsCall *call, GError **error)
{
  const BsValue *a = call->in[0], *b = call->in[1];
  gboolean trans_a = bs_node_int (call->node, "transA", 0) != 0;
  gboolean trans_b = bs_node_int (call->node, "transB", 0) != 0;
  gint64 dims[2];

  if (a->n_dims != 2 || b->n_dims != 2)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "it multiplies matrices, but has %u and %u dimensions", a->n_dims,
                          b->n_dims);
  if (a->dims[!trans_a] != b->dims[trans_b])
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its input has %" G_GINT64_FORMAT
                          " columns and its weight %" G_GINT64_FORMAT " rows",
                          a->dims[!trans_a], b->dims[trans_b]);
  dims[0] = a->dims[trans_a];
  dims[1] = b->dims[!trans_b];
  bs_out_dims (call, 0, a->dtype, dims, 2);
  return TRUE;
}

typedef struct {
  float beta;
} Scale;

static void
scaled_copy (const void *const *in, const gint64 *stride, void *out, gsize n, gpointer user)
{
  const Scale *scale = user;
  const float *c = in[0];
  float *r = out;

  for (gsize i = 0; i < n; i++)
    r[i] = scale->beta * c[stride[0] != 0 ? i : 0];
}

static gboolean
run_gemm (BsCall *call, GError **error)
{
  const BsValue *a = call->in[0], *b = call->in[1], *c = bs_in (call, 2);
  BsValue *out = call->out[0];
  gboolean trans_a = bs_node_int (call->node, "transA", 0) != 0;
  gboolean trans_b = bs_node_int (call->node, "transB", 0) != 0;
  Scale scale = { bs_node_float (call->node, "beta", 1) };
  gint64 k = a->dims[!trans_a];

  for (guint i = 0; i < 3; i++)
    if (!bs_require (call, i, BS_DTYPE_F32, error))
      return FALSE;
  if (c != NULL) {
    const BsValue *pair[2] = { c, out };
    gint64 dims[BS_MAX_DIMS];
    guint n_dims;
    if (!bs_broadcast_dims (call, pair, 2, dims, &n_dims, error))
      return FALSE;
    if (n_dims != 2 || dims[0] != out->dims[0] || dims[1] != out->dims[1])
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its third input does not fit its result");
    bs_broadcast_run (pair, 1, out, scaled_copy, &scale);
  } else
    memset (out->data, 0, bs_value_count (out) * sizeof (float));
  if (bs_value_count (out) == 0 || k == 0)
    return TRUE;
  cblas_sgemm (CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans,
               trans_b ? CblasTrans : CblasNoTrans, (blasint) out->dims[0], (blasint) out->dims[1],
               (blasint) k, bs_node_float (call->node, "alpha", 1), a->data, (blasint) a->dims[1],
               b->data, (blasint) b->dims[1], 1, out->data, (blasint) out->dims[1]);
  return TRUE;
}

/* MatMul sees a vector as a row on the left and as a column on the right. */
typedef struct {
  BsValue a, b; /* at least two dimensions each */
  gint64 m, k, n;
  gint64 batch[BS_MAX_DIMS];
  guint n_batch;
} Product;

static gboolean
resolve (const BsCall *call, Product *p, GError **error)
{
  const BsValue *pair[2] = { &p->a, &p->b };

  p->a = *call->in[0];
  p->b = *call->in[1];
  if (p->a.n_dims == 0 || p->b.n_dims == 0)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it cannot multiply single numbers");
  if (p->a.n_dims == 1) {
    p->a.dims[1] = p->a.dims[0];
    p->a.dims[0] = 1;
    p->a.n_dims = 2;
  }
  if (p->b.n_dims == 1) {
    p->b.dims[1] = 1;
    p->b.n_dims = 2;
  }
  p->m = p->a.dims[p->a.n_dims - 2];
  p->k = p->a.dims[p->a.n_dims - 1];
  p->n = p->b.dims[p->b.n_dims - 1];
  if (p->k != p->b.dims[p->b.n_dims - 2])
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its inputs do not fit: %" G_GINT64_FORMAT " columns, %" G_GINT64_FORMAT
                          " rows",
                          p->k, p->b.dims[p->b.n_dims - 2]);
  p->a.n_dims -= 2;
  p->b.n_dims -= 2;
  return bs_broadcast_dims (call, pair, 2, p->batch, &p->n_batch, error);
}

static gboolean
infer_matmul (BsCall *call, GError **error)
{
  Product p;
  gint64 dims[BS_MAX_DIMS + 2];
  guint n_dims;

  if (!resolve (call, &p, error))
    return FALSE;
  n_dims = p.n_batch;
  memcpy (dims, p.batch, sizeof p.batch);
  if (call->in[0]->n_dims > 1)
    dims[n_dims++] = p.m;
  if (call->in[1]->n_dims > 1)
    dims[n_dims++] = p.n;
  bs_out_dims (call, 0, call->in[0]->dtype, dims, n_dims);
  return TRUE;
}

static gboolean
run_matmul (BsCall *call, GError **error)
{
  Product p;
  gint64 stride_a[BS_MAX_DIMS], stride_b[BS_MAX_DIMS], index[BS_MAX_DIMS] = { 0 };
  gsize size_a, size_b, size_out, batches;
  float *out = call->out[0]->data;

  if (!bs_require (call, 0, BS_DTYPE_F32, error) || !bs_require (call, 1, BS_DTYPE_F32, error) ||
      !resolve (call, &p, error))
    return FALSE;
  memset (out, 0, bs_value_count (call->out[0]) * sizeof (float));
  if (p.k == 0 || bs_value_count (call->out[0]) == 0)
    return TRUE;
  size_a = (gsize) p.m * (gsize) p.k;
  size_b = (gsize) p.k * (gsize) p.n;
  size_out = (gsize) p.m * (gsize) p.n;
  batches = bs_product (p.batch, 0, p.n_batch);
  if (p.b.n_dims == 0) { /* one matrix for all: rows of the batch run together */
    p.m *= (gint64) batches;
    batches = 1;
    p.n_batch = 0;
  }
  bs_broadcast_strides (&p.a, p.batch, p.n_batch, stride_a);
  bs_broadcast_strides (&p.b, p.batch, p.n_batch, stride_b);
  for (gsize i = 0; i < batches; i++) {
    gint64 at_a = 0, at_b = 0;
    for (guint d = 0; d < p.n_batch; d++) {
      at_a += index[d] * stride_a[d];
      at_b += index[d] * stride_b[d];
    }
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint) p.m, (blasint) p.n,
                 (blasint) p.k, 1, (const float *) call->in[0]->data + (gsize) at_a * size_a,
                 (blasint) p.k, (const float *) call->in[1]->data + (gsize) at_b * size_b,
                 (blasint) p.n, 0, out + i * size_out, (blasint) p.n);
    for (guint d = p.n_batch; d-- > 0;) {
      if (++index[d] < p.batch[d])
        break;
      index[d] = 0;
    }
  }
  return TRUE;
}

static guint64
macs_gemm (const BsCall *call)
{
  gboolean trans_a = bs_node_int (call->node, "transA", 0) != 0;

  return (guint64) bs_value_count (call->out[0]) * (guint64) call->in[0]->dims[!trans_a];
}

static guint64
macs_matmul (const BsCall *call)
{
  const BsValue *a = call->in[0];

  return (guint64) bs_value_count (call->out[0]) * (guint64) a->dims[a->n_dims - 1];
}

const BsOp bs_op_gemm = {
  .type = "Gemm",
  .domain = "",
  .min_in = 2,
  .max_in = 3,
  .weight_input = 1,
  .infer = infer_gemm,
  .run = run_gemm,
  .macs = macs_gemm,
};

const BsOp bs_op_matmul = {
  .type = "MatMul",
  .domain = "",
  .min_in = 2,
  .max_in = 2,
  .weight_input = 1,
  .infer = infer_matmul,
  .run = run_matmul,
  .macs = macs_matmul,
};
