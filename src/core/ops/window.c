/* The geometry of convolution and pooling, resolved from attributes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op_util.h"

#include <string.h>

#define LIMIT ((gint64) 1 << 31) /* larger kernels, strides and paddings overflow what follows */

static gboolean
read_list (const BsCall *call,
           const char *name,
           guint n,
           gint64 low,
           gint64 *values,
           GError **error)
{
  guint found;
  const gint64 *listed = bs_node_ints (call->node, name, &found);

  if (listed == NULL)
    return TRUE;
  if (found != n)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "“%s” has %u entries, %u are needed", name,
                          found, n);
  for (guint i = 0; i < n; i++) {
    if (listed[i] < low || listed[i] > LIMIT)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "“%s” has the impossible entry %" G_GINT64_FORMAT, name, listed[i]);
    values[i] = listed[i];
  }
  return TRUE;
}

static void
pad_same (BsWindow *window, guint d, gboolean lower)
{
  gint64 effective = (window->kernel[d] - 1) * window->dilation[d] + 1;
  gint64 out = (window->in[d] + window->stride[d] - 1) / window->stride[d];
  gint64 total = MAX ((out - 1) * window->stride[d] + effective - window->in[d], 0);

  window->pad_begin[d] = lower ? (total + 1) / 2 : total / 2;
  window->pad_end[d] = total - window->pad_begin[d];
}

gboolean
bs_window_resolve (const BsCall *call, const gint64 *weight_dims, BsWindow *window, GError **error)
{
  const BsValue *in = call->in[0];
  const char *auto_pad = bs_node_string (call->node, "auto_pad", "NOTSET");
  gboolean ceil_mode = weight_dims == NULL && bs_node_int (call->node, "ceil_mode", 0) != 0;
  gint64 pads[6] = { 0 };

  if (in->n_dims < 3 || in->n_dims > 5)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "its input has %u dimensions; batch, channels and 1 to 3 more are needed",
                          in->n_dims);
  *window =
    (BsWindow){ .n_spatial = in->n_dims - 2, .group = bs_node_int (call->node, "group", 1) };
  for (guint d = 0; d < window->n_spatial; d++) {
    window->in[d] = in->dims[d + 2];
    window->kernel[d] = weight_dims != NULL ? weight_dims[d + 2] : 0;
    window->stride[d] = window->dilation[d] = 1;
  }
  if (!read_list (call, "kernel_shape", window->n_spatial, 1, window->kernel, error) ||
      !read_list (call, "strides", window->n_spatial, 1, window->stride, error) ||
      !read_list (call, "dilations", window->n_spatial, 1, window->dilation, error) ||
      !read_list (call, "pads", 2 * window->n_spatial, 0, pads, error))
    return FALSE;
  if (window->group < 1)
    return bs_call_error (call, error, BS_ERROR_SHAPE, "it has %" G_GINT64_FORMAT " groups",
                          window->group);
  for (guint d = 0; d < window->n_spatial; d++) {
    gint64 effective, room;
    if (window->kernel[d] < 1 || window->kernel[d] > LIMIT || window->in[d] > LIMIT ||
        (weight_dims != NULL && window->kernel[d] != weight_dims[d + 2]))
      return bs_call_error (call, error, BS_ERROR_SHAPE, "its kernel has no proper size");
    window->pad_begin[d] = pads[d];
    window->pad_end[d] = pads[d + window->n_spatial];
    if (strcmp (auto_pad, "SAME_UPPER") == 0 || strcmp (auto_pad, "SAME_LOWER") == 0)
      pad_same (window, d, strcmp (auto_pad, "SAME_LOWER") == 0);
    else if (strcmp (auto_pad, "VALID") == 0)
      window->pad_begin[d] = window->pad_end[d] = 0;
    effective = (window->kernel[d] - 1) * window->dilation[d] + 1;
    room = window->in[d] + window->pad_begin[d] + window->pad_end[d] - effective;
    if (room < 0)
      return bs_call_error (call, error, BS_ERROR_SHAPE,
                            "its kernel is larger than its input in dimension %u", d + 2);
    window->out[d] = room / window->stride[d] + 1;
    /* The last window must begin inside the input or its leading padding. */
    if (ceil_mode && room % window->stride[d] != 0 &&
        window->out[d] * window->stride[d] < window->in[d] + window->pad_begin[d])
      window->out[d]++;
  }
  return TRUE;
}
