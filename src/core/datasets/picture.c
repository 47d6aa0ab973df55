/* Samples that are images, as pixels to look at.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/picture.h"

#include <math.h>

static gboolean
is_channels (gint64 n)
{
  return n == 1 || n == 3;
}

gboolean
bs_dataset_picture (const BsDataset *dataset,
                    guint index,
                    guint *width,
                    guint *height,
                    guint8 **pixels)
{
  const gint64 *dims = dataset->dims;
  gboolean last = dataset->n_dims == 3 && !is_channels (dims[0]);

  if (dataset->dtype != BS_DTYPE_F32 || dataset->n_dims != 3 || index >= dataset->n ||
      !is_channels (dims[last ? 2 : 0]) || dims[1] < 2)
    return FALSE;
  const float *x =
    (const float *) (gconstpointer) (dataset->x + (gsize) index * dataset->sample_bytes);
  gsize channels = (gsize) dims[last ? 2 : 0], h = (gsize) dims[last ? 0 : 1],
        w = (gsize) dims[last ? 1 : 2], area = h * w;
  float lo = INFINITY, hi = -INFINITY;

  for (gsize i = 0; i < area * channels; i++) {
    lo = MIN (lo, x[i]);
    hi = MAX (hi, x[i]);
  }
  *width = (guint) w;
  *height = (guint) h;
  *pixels = g_new (guint8, area * 3);
  for (gsize i = 0; i < area; i++)
    for (gsize c = 0; c < 3; c++) {
      gsize from = channels == 1 ? 0 : c;
      float value = x[last ? i * channels + from : from * area + i];
      (*pixels)[i * 3 + c] = hi > lo ? (guint8) lrintf ((value - lo) / (hi - lo) * 255) : 0;
    }
  return TRUE;
}
