/* Operators that pick elements by index.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <string.h>

static gboolean
infer_gather (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1];
  gint64 dims[2 * BS_MAX_DIMS];
  guint axis, n = 0;

  if (!bs_axis (call, bs_node_int (call->node, "axis", 0), data->n_dims, &axis, error))
    return FALSE;
  if (data->n_dims - 1 + indices->n_dims > BS_MAX_DIMS)
    return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                          "its result has more than 8 dimensions");
  for (guint i = 0; i < axis; i++)
    dims[n++] = data->dims[i];
  for (guint i = 0; i < indices->n_dims; i++)
    dims[n++] = indices->dims[i];
  for (guint i = axis + 1; i < data->n_dims; i++)
    dims[n++] = data->dims[i];
  bs_out_dims (call, 0, data->dtype, dims, n);
  return TRUE;
}

static gboolean
run_gather (BsCall *call, GError **error)
{
  const BsValue *data = call->in[0], *indices = call->in[1];
  guint8 *out = call->out[0]->data;
  gsize outer, n = bs_value_count (indices), run;
  guint axis;

  if (!bs_require_bytes (call, error) ||
      !bs_axis (call, bs_node_int (call->node, "axis", 0), data->n_dims, &axis, error))
    return FALSE;
  outer = bs_product (data->dims, 0, axis);
  run = bs_product (data->dims, axis + 1, data->n_dims) * (bs_dtype_bits (data->dtype) / 8);
  for (gsize k = 0; k < outer; k++)
    for (gsize i = 0; i < n; i++) {
      gint64 index = 0;
      if (!bs_read_index (call, indices, i, data->dims[axis], &index, error))
        return FALSE;
      if (run > 0)
        memcpy (out,
                (const guint8 *) data->data + (k * (gsize) data->dims[axis] + (gsize) index) * run,
                run);
      out += run;
    }
  return TRUE;
}

const BsOp bs_op_gather = {
  .type = "Gather",
  .domain = "",
  .min_in = 2,
  .max_in = 2,
  .flags = BS_OP_MOVES,
  .weight_input = 0,
  .infer = infer_gather,
  .run = run_gather,
};
