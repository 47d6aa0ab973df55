/* Gathering and scattering by tensors of indices.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <string.h>

/* indices has the rank of data and is nowhere larger, but for the axis */
static gboolean
check_elements (const BsCall *call, const BsValue *indices, guint *axis, GError **error)
{
  const BsValue *data = call->in[0];

  if (!bs_axis (call, bs_node_int (call->node, "axis", 0), data->n_dims, axis, error))
    return FALSE;
  if (indices->n_dims != data->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its indices have %u dimensions, its data %u", indices->n_dims,
                          data->n_dims);
  for (guint d = 0; d < data->n_dims; d++)
    if (d != *axis && indices->dims[d] > data->dims[d])
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its indices are larger than its data");
  return TRUE;
}

/* Steps through indices in order: where in data their element i lies. */
static gboolean
element_place (const BsCall *call,
               const BsValue *indices,
               guint axis,
               const gint64 *dense,
               gint64 *position,
               gsize i,
               gint64 *place,
               GError **error)
{
  const BsValue *data = call->in[0];
  gint64 index;

  if (!bs_read_index (call, indices, i, data->dims[axis], &index, error))
    return FALSE;
  *place = 0;
  for (guint d = 0; d < data->n_dims; d++)
    *place += (d == axis ? index : position[d]) * dense[d];
  for (guint d = data->n_dims; d-- > 0;) {
    if (++position[d] < indices->dims[d])
      break;
    position[d] = 0;
  }
  return TRUE;
}

static gboolean
infer_gather_elements (BsCall *call, GError **error)
{
  guint axis;

  bs_out_like (call, 0, call->in[1]);
  call->out[0]->dtype = call->in[0]->dtype;
  return check_elements (call, call->in[1], &axis, error);
}

static gboolean
run_gather_elements (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1];
  gsize size = bs_dtype_bits (data->dtype) / 8, count = bs_value_count (indices);
  gint64 dense[BS_MAX_DIMS], position[BS_MAX_DIMS] = { 0 }, place;
  guint axis;

  if (!bs_require_bytes (call, error) || !check_elements (call, indices, &axis, error))
    return FALSE;
  bs_dense_strides (data->dims, data->n_dims, dense);
  for (gsize i = 0; i < count; i++) {
    if (!element_place (call, indices, axis, dense, position, i, &place, error))
      return FALSE;
    memcpy ((guint8 *) call->out[0]->data + i * size,
            (const guint8 *) data->data + (gsize) place * size, size);
  }
  return TRUE;
}

/* What happens where two updates meet, or an update meets data. */
typedef enum { REPLACE, ADD, MULTIPLY, LOWER, HIGHER } Reduction;

static gboolean
reduction_of (const BsCall *call, Reduction *reduction, GError **error)
{
  static const char *const names[] = { "none", "add", "mul", "min", "max" };
  const char *name = bs_node_string (call->node, "reduction", "none");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0) {
      *reduction = (Reduction) i;
      if (i == REPLACE || call->in[0]->dtype == BS_DTYPE_F32 || call->in[0]->dtype == BS_DTYPE_I64)
        return TRUE;
      return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "this program does not reduce %s",
                            bs_dtype_name (call->in[0]->dtype));
    }
  return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "reduction “%s”", name);
}

static void
update (Reduction reduction, BsDtype dtype, void *target, const void *source, gsize n, gsize size)
{
  if (reduction == REPLACE) {
    memcpy (target, source, n * size);
    return;
  }
  for (gsize i = 0; i < n; i++)
    if (dtype == BS_DTYPE_F32) {
      float *a = (float *) target + i, b = ((const float *) source)[i];
      *a = reduction == ADD        ? *a + b
           : reduction == MULTIPLY ? *a * b
           : reduction == LOWER    ? MIN (*a, b)
                                   : MAX (*a, b);
    } else {
      gint64 *a = (gint64 *) target + i, b = ((const gint64 *) source)[i];
      *a = reduction == ADD        ? (gint64) ((guint64) *a + (guint64) b)
           : reduction == MULTIPLY ? (gint64) ((guint64) *a * (guint64) b)
           : reduction == LOWER    ? MIN (*a, b)
                                   : MAX (*a, b);
    }
}

static gboolean
infer_scatter (BsCall *call, GError **error)
{
  bs_out_like (call, 0, call->in[0]);
  return bs_require (call, 2, call->in[0]->dtype, error);
}

static gboolean
run_scatter_elements (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1], *updates = call->in[2];
  gsize size = bs_dtype_bits (data->dtype) / 8, count = bs_value_count (indices);
  gint64 dense[BS_MAX_DIMS], position[BS_MAX_DIMS] = { 0 }, place;
  Reduction reduction;
  guint axis;

  if (!bs_require_bytes (call, error) || !check_elements (call, indices, &axis, error) ||
      !reduction_of (call, &reduction, error))
    return FALSE;
  if (!bs_value_same_shape (indices, updates))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its updates do not fit its indices");
  memcpy (call->out[0]->data, data->data, bs_value_count (data) * size);
  bs_dense_strides (data->dims, data->n_dims, dense);
  for (gsize i = 0; i < count; i++) {
    if (!element_place (call, indices, axis, dense, position, i, &place, error))
      return FALSE;
    update (reduction, data->dtype, (guint8 *) call->out[0]->data + (gsize) place * size,
            (const guint8 *) updates->data + i * size, 1, size);
  }
  return TRUE;
}

/* GatherND, ScatterND: the last dimension of indices is a tuple that picks a slice of data. */
typedef struct {
  guint batch_dims, tuple;
  gsize batches, tuples, slice; /* per batch: tuples; elements of a slice */
} Nd;

static gboolean
resolve_nd (const BsCall *call, Nd *nd, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1];
  gint64 batch_dims = bs_node_int (call->node, "batch_dims", 0), tuple;

  if (indices->n_dims < 1 || data->n_dims < 1 || batch_dims < 0 ||
      batch_dims >= (gint64) MIN (indices->n_dims, data->n_dims))
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its dimensions do not fit together");
  tuple = indices->dims[indices->n_dims - 1];
  if (tuple < 0 || tuple > (gint64) data->n_dims - batch_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its indices have more entries than its data dimensions");
  for (guint d = 0; d < batch_dims; d++)
    if (data->dims[d] != indices->dims[d])
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its batches do not fit together");
  nd->batch_dims = (guint) batch_dims;
  nd->tuple = (guint) tuple;
  nd->batches = bs_product (data->dims, 0, nd->batch_dims);
  nd->tuples = bs_product (indices->dims, nd->batch_dims, indices->n_dims - 1);
  nd->slice = bs_product (data->dims, nd->batch_dims + nd->tuple, data->n_dims);
  return TRUE;
}

static gboolean
slice_place (const BsCall *call, const Nd *nd, gsize batch, gsize t, gsize *place, GError **error)
{
  const BsValue *data = call->in[0];
  gint64 index;

  *place = batch;
  for (guint k = 0; k < nd->tuple; k++) {
    gint64 dim = data->dims[nd->batch_dims + k];
    if (!bs_read_index (call, call->in[1], (batch * nd->tuples + t) * nd->tuple + k, dim, &index,
                        error))
      return FALSE;
    *place = *place * (gsize) dim + (gsize) index;
  }
  *place *= nd->slice;
  return TRUE;
}

static gboolean
infer_gather_nd (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1];
  gint64 dims[2 * BS_MAX_DIMS];
  guint n = 0;
  Nd nd;

  if (!resolve_nd (call, &nd, error))
    return FALSE;
  for (guint d = 0; d + 1 < indices->n_dims; d++)
    dims[n++] = indices->dims[d];
  for (guint d = nd.batch_dims + nd.tuple; d < data->n_dims; d++)
    dims[n++] = data->dims[d];
  if (n > BS_MAX_DIMS)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "its result has more than 8 dimensions");
  bs_out_dims (call, 0, data->dtype, dims, n);
  return TRUE;
}

static gboolean
run_gather_nd (BsCall *call, GError **error)
{
  gsize size = bs_dtype_bits (call->in[0]->dtype) / 8, place;
  guint8 *out = call->out[0]->data;
  Nd nd;

  if (!bs_require_bytes (call, error) || !resolve_nd (call, &nd, error))
    return FALSE;
  for (gsize b = 0; b < nd.batches; b++)
    for (gsize t = 0; t < nd.tuples; t++, out += nd.slice * size) {
      if (!slice_place (call, &nd, b, t, &place, error))
        return FALSE;
      memcpy (out, (const guint8 *) call->in[0]->data + place * size, nd.slice * size);
    }
  return TRUE;
}

static gboolean
run_scatter_nd (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *updates = call->in[2];
  gsize size = bs_dtype_bits (data->dtype) / 8, place;
  Reduction reduction;
  Nd nd;

  if (!bs_require_bytes (call, error) || !resolve_nd (call, &nd, error) ||
      !reduction_of (call, &reduction, error))
    return FALSE;
  if (bs_value_count (updates) != nd.tuples * nd.slice)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its updates do not fit its indices");
  memcpy (call->out[0]->data, data->data, bs_value_count (data) * size);
  for (gsize t = 0; t < nd.tuples; t++) {
    if (!slice_place (call, &nd, 0, t, &place, error))
      return FALSE;
    update (reduction, data->dtype, (guint8 *) call->out[0]->data + place * size,
            (const guint8 *) updates->data + t * nd.slice * size, nd.slice, size);
  }
  return TRUE;
}

#define ROW(row, name, inputs, infer_func, run_func)                                               \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = inputs,                                                     \
                             .max_in = inputs,                                                     \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (gather_elements, "GatherElements", 2, infer_gather_elements, run_gather_elements)
ROW (scatter_elements, "ScatterElements", 3, infer_scatter, run_scatter_elements)
ROW (scatter, "Scatter", 3, infer_scatter, run_scatter_elements)
ROW (gather_nd, "GatherND", 2, infer_gather_nd, run_gather_nd)
ROW (scatter_nd, "ScatterND", 3, infer_scatter, run_scatter_nd)
