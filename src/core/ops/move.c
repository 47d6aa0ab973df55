/* Operators that copy elements to other places: Transpose, Concat, Split, Slice, Expand, Tile, Pad.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/move.h"

#include "ops/broadcast.h"
#include "ops/op_table.h"
#include "ops/op_util.h"

#include <string.h>

#define COPY_LOOP(T)                                                                               \
  do {                                                                                             \
    const T *from = source;                                                                        \
    T *to = target;                                                                                \
    if (step == 1)                                                                                 \
      memcpy (to, from, n * sizeof (T));                                                           \
    else                                                                                           \
      for (gsize i = 0; i < n; i++)                                                                \
        to[i] = from[(gint64) i * step];                                                           \
  } while (0)

static void
copy_run (const void *source, gint64 step, void *target, gsize n, gsize size)
{
  switch (size) {
  case 1:
    COPY_LOOP (guint8);
    break;
  case 2:
    COPY_LOOP (guint16);
    break;
  case 4:
    COPY_LOOP (guint32);
    break;
  default:
    COPY_LOOP (guint64);
  }
}

void
bs_copy_strided (const void *source,
                 const gint64 *strides,
                 const gint64 *dims,
                 guint n_dims,
                 void *target,
                 gsize size)
{
  gint64 index[BS_MAX_DIMS] = { 0 }, at = 0;
  guint last = n_dims - 1;
  gsize run, done = 0;

  if (n_dims == 0) {
    memcpy (target, source, size);
    return;
  }
  if (bs_product (dims, 0, n_dims) == 0)
    return;
  run = (gsize) dims[last];
  for (;;) {
    guint d;
    copy_run ((const guint8 *) source + at * (gint64) size, strides[last],
              (guint8 *) target + done * size, run, size);
    done += run;
    for (d = last; d-- > 0;) {
      at += strides[d];
      if (++index[d] < dims[d])
        break;
      at -= strides[d] * dims[d];
      index[d] = 0;
    }
    if (d == G_MAXUINT)
      return;
  }
}

void
bs_dense_strides (const gint64 *dims, guint n_dims, gint64 *strides)
{
  gint64 stride = 1;

  for (guint d = n_dims; d-- > 0;) {
    strides[d] = stride;
    stride *= MAX (dims[d], 1);
  }
}

gboolean
bs_require_bytes (const BsCall *call, GError **error)
{
  if (bs_dtype_bits (call->in[0]->dtype) >= 8)
    return TRUE;
  return bs_call_error (call, error, BS_ERROR_UNSUPPORTED, "this program does not move %s",
                        bs_dtype_name (call->in[0]->dtype));
}

static gboolean
permutation (const BsCall *call, guint *perm, GError **error)
{
  guint n, n_dims = call->in[0]->n_dims, seen = 0;
  const gint64 *listed = bs_node_ints (call->node, "perm", &n);

  for (guint i = 0; i < n_dims; i++)
    perm[i] = n_dims - 1 - i;
  if (listed == NULL)
    return TRUE;
  if (n != n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its order has %u entries for %u dimensions",
                          n, n_dims);
  for (guint i = 0; i < n; i++) {
    if (!bs_axis (call, listed[i], n, &perm[i], error))
      return FALSE;
    seen |= 1u << perm[i];
  }
  if (seen != (1u << n) - 1)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its order names a dimension twice");
  return TRUE;
}

static gboolean
infer_transpose (BsCall *call, GError **error)
{
  guint perm[BS_MAX_DIMS];
  gint64 dims[BS_MAX_DIMS];

  if (!permutation (call, perm, error))
    return FALSE;
  for (guint i = 0; i < call->in[0]->n_dims; i++)
    dims[i] = call->in[0]->dims[perm[i]];
  bs_out_dims (call, 0, call->in[0]->dtype, dims, call->in[0]->n_dims);
  return TRUE;
}

static gboolean
run_transpose (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 dense[BS_MAX_DIMS], strides[BS_MAX_DIMS];
  guint perm[BS_MAX_DIMS];

  if (!bs_require_bytes (call, error) || !permutation (call, perm, error))
    return FALSE;
  bs_dense_strides (in->dims, in->n_dims, dense);
  for (guint i = 0; i < in->n_dims; i++)
    strides[i] = dense[perm[i]];
  bs_copy_strided (in->data, strides, call->out[0]->dims, in->n_dims, call->out[0]->data,
                   bs_dtype_bits (in->dtype) / 8);
  return TRUE;
}

static gboolean
infer_concat (BsCall *call, GError **error)
{
  const BsValue *first = call->in[0];
  guint axis;
  gint64 total = 0;

  if (!bs_axis (call, bs_node_int (call->node, "axis", 1), first->n_dims, &axis, error))
    return FALSE;
  for (guint i = 0; i < call->n_in; i++) {
    const BsValue *in = call->in[i];
    gboolean fits = in != NULL && in->n_dims == first->n_dims && in->dtype == first->dtype;
    for (guint d = 0; fits && d < in->n_dims; d++)
      fits = d == axis || in->dims[d] == first->dims[d];
    if (!fits)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its input %u does not fit the first one",
                            i + 1);
    if (__builtin_add_overflow (total, in->dims[axis], &total))
      return bs_call_error (call, error, BS_ERROR_TOO_LARGE, "its result is too large");
  }
  bs_out_like (call, 0, first);
  call->out[0]->dims[axis] = total;
  return TRUE;
}

static gboolean
run_concat (BsCall *call, GError **error)
{
  const BsValue *first = call->in[0];
  gsize outer, offset = 0, whole, size = bs_dtype_bits (first->dtype) / 8;
  guint axis;

  if (!bs_require_bytes (call, error) ||
      !bs_axis (call, bs_node_int (call->node, "axis", 1), first->n_dims, &axis, error))
    return FALSE;
  outer = bs_product (first->dims, 0, axis);
  whole = bs_product (call->out[0]->dims, axis, first->n_dims) * size;
  for (guint i = 0; i < call->n_in; i++) {
    const BsValue *in = call->in[i];
    gsize run = bs_product (in->dims, axis, in->n_dims) * size;
    for (gsize k = 0; k < outer && run > 0; k++)
      memcpy ((guint8 *) call->out[0]->data + k * whole + offset,
              (const guint8 *) in->data + k * run, run);
    offset += run;
  }
  return TRUE;
}

static gboolean
infer_split (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gint64 parts[BS_CALL_MAX], sum = 0, size;
  guint n, axis;
  BsInts state =
    bs_ints (call, call->n_in > 1 ? 1 : BS_NO_INPUT, "split", parts, BS_CALL_MAX, &n, error);

  if (state == BS_INTS_ERROR ||
      !bs_axis (call, bs_node_int (call->node, "axis", 0), in->n_dims, &axis, error))
    return FALSE;
  if (state == BS_INTS_ABSENT) { /* equal parts, the last one smaller */
    n = call->n_out;
    size = (in->dims[axis] + n - 1) / n;
    for (guint i = 0; i < n; i++)
      parts[i] = MAX (MIN (size, in->dims[axis] - size * i), 0);
  }
  if (state != BS_INTS_UNKNOWN && n != call->n_out)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it has %u parts and %u outputs", n,
                          call->n_out);
  for (guint i = 0; i < call->n_out; i++) {
    bs_out_like (call, i, in);
    if (state == BS_INTS_UNKNOWN) {
      call->out[i]->n_dims = BS_DIMS_UNKNOWN;
      continue;
    }
    if (parts[i] < 0 || parts[i] > in->dims[axis])
      return bs_call_error (call, error, BS_ERROR_SHAPE, "part %u has an impossible size", i + 1);
    call->out[i]->dims[axis] = parts[i];
    sum += parts[i];
  }
  if (state != BS_INTS_UNKNOWN && sum != in->dims[axis])
    return bs_call_error (call, error, BS_ERROR_SHAPE, "its parts do not add up to its input");
  return TRUE;
}

static gboolean
run_split (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize outer, whole, offset = 0, size = bs_dtype_bits (in->dtype) / 8;
  guint axis;

  if (!bs_require_bytes (call, error) ||
      !bs_axis (call, bs_node_int (call->node, "axis", 0), in->n_dims, &axis, error))
    return FALSE;
  outer = bs_product (in->dims, 0, axis);
  whole = bs_product (in->dims, axis, in->n_dims) * size;
  for (guint i = 0; i < call->n_out; i++) {
    gsize run = bs_product (call->out[i]->dims, axis, in->n_dims) * size;
    for (gsize k = 0; k < outer && run > 0; k++)
      memcpy ((guint8 *) call->out[i]->data + k * run,
              (const guint8 *) in->data + k * whole + offset, run);
    offset += run;
  }
  return TRUE;
}

typedef struct {
  gint64 start[BS_MAX_DIMS], step[BS_MAX_DIMS], count[BS_MAX_DIMS];
} Slice;

static BsInts
resolve_slice (const BsCall *call, Slice *slice, GError **error)
{
  const BsValue *in = call->in[0];
  gboolean inputs = call->n_in > 1;
  gint64 starts[BS_MAX_DIMS], ends[BS_MAX_DIMS], axes[BS_MAX_DIMS], steps[BS_MAX_DIMS];
  guint n, n_ends, n_axes, n_steps;
  BsInts a = bs_ints (call, inputs ? 1 : BS_NO_INPUT, "starts", starts, BS_MAX_DIMS, &n, error);
  BsInts b = a == BS_INTS_ERROR ? a
                                : bs_ints (call, inputs ? 2 : BS_NO_INPUT, "ends", ends,
                                           BS_MAX_DIMS, &n_ends, error);
  BsInts c = b == BS_INTS_ERROR ? b
                                : bs_ints (call, inputs ? 3 : BS_NO_INPUT, "axes", axes,
                                           BS_MAX_DIMS, &n_axes, error);
  BsInts d = c == BS_INTS_ERROR ? c
                                : bs_ints (call, inputs ? 4 : BS_NO_INPUT, "steps", steps,
                                           BS_MAX_DIMS, &n_steps, error);

  if (d == BS_INTS_ERROR)
    return d;
  if (a == BS_INTS_UNKNOWN || b == BS_INTS_UNKNOWN || c == BS_INTS_UNKNOWN || d == BS_INTS_UNKNOWN)
    return BS_INTS_UNKNOWN;
  if (n != n_ends || (c == BS_INTS_KNOWN && n_axes != n) || (d == BS_INTS_KNOWN && n_steps != n) ||
      (c == BS_INTS_ABSENT && n > in->n_dims)) {
    bs_call_error (call, error, BS_ERROR_SHAPE,
                   "its starts, ends, axes and steps do not fit together");
    return BS_INTS_ERROR;
  }
  for (guint i = 0; i < in->n_dims; i++) {
    slice->start[i] = 0;
    slice->step[i] = 1;
    slice->count[i] = in->dims[i];
  }
  for (guint i = 0; i < n; i++) {
    guint axis = i;
    gint64 step = d == BS_INTS_KNOWN ? steps[i] : 1, start = starts[i], end = ends[i], dim;
    if (c == BS_INTS_KNOWN && !bs_axis (call, axes[i], in->n_dims, &axis, error))
      return BS_INTS_ERROR;
    dim = in->dims[axis];
    if (step == 0 || step == G_MININT64) {
      bs_call_error (call, error, BS_ERROR_SHAPE, "its step is impossible");
      return BS_INTS_ERROR;
    }
    start = start < 0 ? start + dim : start;
    end = end < 0 ? end + dim : end;
    start = CLAMP (start, 0, step < 0 ? dim - 1 : dim);
    end = CLAMP (end, step < 0 ? -1 : 0, step < 0 ? dim - 1 : dim);
    slice->start[axis] = start;
    slice->step[axis] = step;
    if (step > 0)
      slice->count[axis] = end > start ? (end - start - 1) / step + 1 : 0;
    else
      slice->count[axis] = start > end ? (start - end - 1) / -step + 1 : 0;
  }
  return BS_INTS_KNOWN;
}

static gboolean
infer_slice (BsCall *call, GError **error)
{
  Slice slice;

  switch (resolve_slice (call, &slice, error)) {
  case BS_INTS_ERROR:
    return FALSE;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, call->in[0]->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    bs_out_dims (call, 0, call->in[0]->dtype, slice.count, call->in[0]->n_dims);
    return TRUE;
  }
}

static gboolean
run_slice (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  gsize size = bs_dtype_bits (in->dtype) / 8;
  gint64 strides[BS_MAX_DIMS], at = 0;
  Slice slice;

  if (!bs_require_bytes (call, error) || resolve_slice (call, &slice, error) != BS_INTS_KNOWN)
    return FALSE;
  if (bs_value_count (call->out[0]) == 0)
    return TRUE;
  bs_dense_strides (in->dims, in->n_dims, strides);
  for (guint d = 0; d < in->n_dims; d++) {
    at += slice.start[d] * strides[d];
    strides[d] = slice.count[d] > 1 ? strides[d] * slice.step[d] : strides[d];
  }
  bs_copy_strided ((const guint8 *) in->data + at * (gint64) size, strides, slice.count, in->n_dims,
                   call->out[0]->data, size);
  return TRUE;
}

static gboolean
infer_expand (BsCall *call, GError **error)
{
  BsValue target = { .dtype = call->in[0]->dtype };
  const BsValue *pair[2] = { call->in[0], &target };
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;

  switch (bs_ints (call, 1, NULL, target.dims, BS_MAX_DIMS, &target.n_dims, error)) {
  case BS_INTS_KNOWN:
    break;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, call->in[0]->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    return FALSE;
  }
  for (guint i = 0; i < target.n_dims; i++)
    if (target.dims[i] < 0)
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its shape has a negative entry");
  if (!bs_broadcast_dims (call, pair, 2, dims, &n_dims, error))
    return FALSE;
  bs_out_dims (call, 0, call->in[0]->dtype, dims, n_dims);
  return TRUE;
}

static gboolean
run_expand (BsCall *call, GError **error)
{
  gint64 strides[BS_MAX_DIMS];
  const BsValue *out = call->out[0];

  if (!bs_require_bytes (call, error))
    return FALSE;
  bs_broadcast_strides (call->in[0], out->dims, out->n_dims, strides);
  bs_copy_strided (call->in[0]->data, strides, out->dims, out->n_dims, out->data,
                   bs_dtype_bits (out->dtype) / 8);
  return TRUE;
}

static gboolean
infer_tile (BsCall *call, GError **error)
{
  gint64 repeats[BS_MAX_DIMS];
  guint n;

  switch (bs_ints (call, 1, NULL, repeats, BS_MAX_DIMS, &n, error)) {
  case BS_INTS_KNOWN:
    break;
  case BS_INTS_UNKNOWN:
    bs_out_dims (call, 0, call->in[0]->dtype, NULL, BS_DIMS_UNKNOWN);
    return TRUE;
  default:
    return FALSE;
  }
  if (n != call->in[0]->n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it has %u repeats for %u dimensions", n,
                          call->in[0]->n_dims);
  bs_out_like (call, 0, call->in[0]);
  for (guint i = 0; i < n; i++)
    if (repeats[i] < 0 || (repeats[i] > 0 && call->in[0]->dims[i] > G_MAXINT64 / repeats[i]))
      return bs_call_error (call, error, BS_ERROR_TOO_LARGE, "it repeats impossibly often");
    else
      call->out[0]->dims[i] *= repeats[i];
  return TRUE;
}

static gboolean
run_tile (BsCall *call, GError **error)
{
  const BsValue *in = call->in[0];
  BsValue *out = call->out[0];
  gsize size = bs_dtype_bits (in->dtype) / 8, count = bs_value_count (out);
  gint64 index[BS_MAX_DIMS] = { 0 }, dense[BS_MAX_DIMS];

  if (!bs_require_bytes (call, error))
    return FALSE;
  bs_dense_strides (in->dims, in->n_dims, dense);
  for (gsize i = 0; i < count; i++) {
    gint64 at = 0;
    for (guint d = 0; d < in->n_dims; d++)
      at += index[d] % in->dims[d] * dense[d];
    memcpy ((guint8 *) out->data + i * size, (const guint8 *) in->data + at * (gint64) size, size);
    for (guint d = in->n_dims; d-- > 0;) {
      if (++index[d] < out->dims[d])
        break;
      index[d] = 0;
    }
  }
  return TRUE;
}

#define ROW(row, name, low, high, infer_func, run_func)                                            \
  const BsOp bs_op_##row = { .type = name,                                                         \
                             .domain = "",                                                         \
                             .min_in = low,                                                        \
                             .max_in = high,                                                       \
                             .flags = BS_OP_MOVES,                                                 \
                             .weight_input = -1,                                                   \
                             .infer = infer_func,                                                  \
                             .run = run_func };

ROW (transpose, "Transpose", 1, 1, infer_transpose, run_transpose)
ROW (concat, "Concat", 1, BS_CALL_MAX, infer_concat, run_concat)
ROW (split, "Split", 1, 2, infer_split, run_split)
ROW (slice, "Slice", 1, 5, infer_slice, run_slice)
ROW (expand, "Expand", 2, 2, infer_expand, run_expand)
ROW (tile, "Tile", 2, 2, infer_tile, run_tile)
