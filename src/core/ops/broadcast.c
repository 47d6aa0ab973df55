/* Broadcasting: walking several tensors of different shapes as if they had one.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/broadcast.h"

gboolean
bs_broadcast_dims (const BsCall *call,
                   const BsValue *const *values,
                   guint n,
                   gint64 *dims,
                   guint *n_dims,
                   GError **error)
{
  *n_dims = 0;
  for (guint i = 0; i < n; i++)
    *n_dims = MAX (*n_dims, values[i]->n_dims);
  for (guint d = 0; d < *n_dims; d++) {
    dims[d] = 1;
    for (guint i = 0; i < n; i++) {
      guint missing = *n_dims - values[i]->n_dims;
      gint64 dim = d < missing ? 1 : values[i]->dims[d - missing];
      if (dim != 1 && dims[d] != 1 && dim != dims[d])
        return bs_call_error (call, error, BS_ERROR_SHAPE,
                              "its inputs do not fit together: %" G_GINT64_FORMAT
                              " against %" G_GINT64_FORMAT " in dimension %u",
                              dims[d], dim, d);
      if (dim != 1)
        dims[d] = dim;
    }
  }
  return TRUE;
}

void
bs_broadcast_strides (const BsValue *value, const gint64 *dims, guint n_dims, gint64 *strides)
{
  gint64 stride = 1;

  for (guint d = n_dims; d-- > 0;) {
    guint missing = n_dims - value->n_dims;
    gint64 dim = d < missing ? 1 : value->dims[d - missing];
    strides[d] = dim == 1 ? 0 : stride;
    stride *= MAX (dim, 1);
  }
}

typedef struct {
  guint n_dims, n_in;
  gint64 dims[BS_MAX_DIMS];
  gint64 strides[BS_BROADCAST_MAX][BS_MAX_DIMS];
} Loops;

static void
drop_dim (Loops *loops, guint d)
{
  for (guint k = d; k + 1 < loops->n_dims; k++) {
    loops->dims[k] = loops->dims[k + 1];
    for (guint i = 0; i < loops->n_in; i++)
      loops->strides[i][k] = loops->strides[i][k + 1];
  }
  loops->n_dims--;
}

static void
collapse (Loops *loops)
{
  for (guint d = loops->n_dims; d-- > 0;)
    if (loops->dims[d] == 1 && loops->n_dims > 1)
      drop_dim (loops, d);
  for (guint d = loops->n_dims; d-- > 1;) { /* join d − 1 with d */
    gboolean joins = TRUE;
    for (guint i = 0; i < loops->n_in; i++)
      joins = joins && loops->strides[i][d - 1] == loops->strides[i][d] * loops->dims[d];
    if (!joins)
      continue;
    loops->dims[d - 1] *= loops->dims[d];
    for (guint i = 0; i < loops->n_in; i++)
      loops->strides[i][d - 1] = loops->strides[i][d];
    drop_dim (loops, d);
  }
}

void
bs_broadcast_run (const BsValue *const *in,
                  guint n_in,
                  BsValue *out,
                  BsInnerFunc inner,
                  gpointer user)
{
  Loops loops = { .n_dims = MAX (out->n_dims, 1), .n_in = n_in, .dims = { 1 } };
  gint64 index[BS_MAX_DIMS] = { 0 }, offset[BS_BROADCAST_MAX] = { 0 },
         stride[BS_BROADCAST_MAX] = { 0 };
  gsize size_in[BS_BROADCAST_MAX], size_out = bs_dtype_bits (out->dtype) / 8, done = 0;
  guint last;

  if (bs_value_count (out) == 0)
    return;
  for (guint d = 0; d < out->n_dims; d++)
    loops.dims[d] = out->dims[d];
  for (guint i = 0; i < n_in; i++) {
    bs_broadcast_strides (in[i], out->dims, out->n_dims, loops.strides[i]);
    size_in[i] = bs_dtype_bits (in[i]->dtype) / 8;
  }
  collapse (&loops);
  last = loops.n_dims - 1;
  for (guint i = 0; i < n_in; i++)
    stride[i] = loops.strides[i][last];
  for (;;) {
    const void *at[BS_BROADCAST_MAX];
    guint d;
    for (guint i = 0; i < n_in; i++)
      at[i] = (const guint8 *) in[i]->data + (gsize) offset[i] * size_in[i];
    inner (at, stride, (guint8 *) out->data + done * size_out, (gsize) loops.dims[last], user);
    done += (gsize) loops.dims[last];
    for (d = last; d-- > 0;) {
      for (guint i = 0; i < n_in; i++)
        offset[i] += loops.strides[i][d];
      if (++index[d] < loops.dims[d])
        break;
      for (guint i = 0; i < n_in; i++)
        offset[i] -= loops.strides[i][d] * loops.dims[d];
      index[d] = 0;
    }
    if (d == G_MAXUINT)
      return;
  }
}
