/* A layer as a matrix: its shape, where its weights lie, and its output error.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <cblas.h>

#include <string.h>

gboolean
bs_linear_shape (const BsLinear *layer, gsize *n_out, gsize *n_in)
{
  gint last = (gint) layer->n_dims - 1;
  gint axis =
    layer->channel_axis < 0 ? layer->channel_axis + (gint) layer->n_dims : layer->channel_axis;
  gsize n;

  if (layer->n_dims < 1 || (axis != 0 && axis != last) ||
      !bs_dims_count (layer->dims, layer->n_dims, &n))
    return FALSE;
  *n_out = (gsize) layer->dims[axis];
  *n_in = *n_out > 0 ? n / *n_out : 0;
  return TRUE;
}

gsize
bs_linear_at (const BsLinear *layer, gsize n_out, gsize n_in, gsize out, gsize in)
{
  gint axis =
    layer->channel_axis < 0 ? layer->channel_axis + (gint) layer->n_dims : layer->channel_axis;

  return axis == 0 ? out * n_in + in : in * n_out + out;
}

double
bs_output_mse (const BsLinear *layer, const float *quantized)
{
  gsize n_out, n_in;
  double total = 0;

  if (!bs_linear_shape (layer, &n_out, &n_in) || layer->gram == NULL || n_out == 0 || n_in == 0)
    return 0;
  g_autofree double *err = g_new (double, n_in), *product = g_new (double, n_in);
  for (gsize o = 0; o < n_out; o++) {
    for (gsize i = 0; i < n_in; i++) {
      gsize at = bs_linear_at (layer, n_out, n_in, o, i);
      err[i] = (double) quantized[at] - layer->weights[at];
    }
    cblas_dsymv (CblasRowMajor, CblasUpper, (int) n_in, 1, layer->gram, (int) n_in, err, 1, 0,
                 product, 1);
    total += cblas_ddot ((int) n_in, err, 1, product, 1);
  }
  return total / (double) n_out;
}
