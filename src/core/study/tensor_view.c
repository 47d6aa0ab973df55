/* The values of one weight that share a scale, the levels they may take, the range kept.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/tensor_view.h"

#include "base/error.h"
#include "model/layers.h"
#include "quant/encoding.h"
#include "quant/measure.h"
#include "quant/quant.h"
#include "quant/range.h"

#include <math.h>

void
bs_tensor_view_free (BsTensorView *view)
{
  if (view == NULL)
    return;
  g_free (view->values);
  g_free (view->levels);
  g_free (view);
}

static gint
output_axis (GArray *layers, guint tensor)
{
  for (guint i = 0; i < layers->len; i++) {
    const BsLayer *layer = &g_array_index (layers, BsLayer, i);

    for (guint k = 0; k < layer->n_weights; k++)
      if (layer->tensors[k] == tensor)
        return layer->channel_axis;
  }
  return 0;
}

/* The one interval of all weights of the network. */
static gboolean
model_range (const BsModel *model,
             GArray *layers,
             const BsSpec *spec,
             BsInterval *out,
             GError **error)
{
  guint room = layers->len * BS_LAYER_WEIGHTS, kept = 0;
  g_autofree const float **x = g_new0 (const float *, room + 1);
  g_autofree gsize *counts = g_new0 (gsize, room + 1);

  for (guint i = 0; i < layers->len; i++) {
    const BsLayer *layer = &g_array_index (layers, BsLayer, i);

    for (guint k = 0; k < layer->n_weights; k++) {
      const BsTensor *tensor = &model->tensors[layer->tensors[k]];

      if (tensor->dtype == BS_DTYPE_F32 &&
          bs_dims_count (tensor->dims, tensor->n_dims, &counts[kept]))
        x[kept++] = tensor->data;
    }
  }
  return bs_quant_model_range (spec, x, counts, kept, out, error);
}

/* Index of the scale that element i uses. */
static gsize
scale_of (const BsQuant *quant, gsize i)
{
  if (quant->n_scales <= 1)
    return 0;
  if (quant->n_scales == quant->n)
    return i;
  gsize inner = 1, length = (gsize) quant->dims[quant->axis];
  for (guint d = (guint) quant->axis + 1; d < quant->n_dims; d++)
    inner *= (gsize) quant->dims[d];
  gsize at = i / inner % length, outer = i / inner / length;
  if (quant->spec.scope == BS_SCOPE_CHANNEL)
    return at;
  gsize groups = (length + quant->spec.group - 1) / quant->spec.group;
  return (outer * groups + at / quant->spec.group) * inner + i % inner;
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  double p = *(const double *) a, q = *(const double *) b;

  return p < q ? -1 : p > q;
}

static void
integer_levels (BsTensorView *view, gint qmin, gint qmax, double zero, double scale)
{
  view->clip_lo = (qmin - zero) * scale;
  view->clip_hi = (qmax - zero) * scale;
  view->n_levels = (guint) (qmax - qmin) + 1;
  view->levels = g_new (double, view->n_levels);
  for (guint i = 0; i < view->n_levels; i++)
    view->levels[i] = ((double) qmin + i - zero) * scale;
}

/* Encodings without an even grid: the levels that occur. */
static void
used_levels (BsTensorView *view, const BsQuant *quant)
{
  GArray *all = g_array_sized_new (FALSE, FALSE, sizeof (double), (guint) view->n);
  guint kept = 0;

  for (gsize i = 0; i < quant->n; i++)
    if (scale_of (quant, i) == view->scale) {
      double value = quant->values[i];
      g_array_append_val (all, value);
    }
  g_array_sort (all, compare_doubles);
  double *levels = (double *) (gpointer) all->data;
  for (guint i = 0; i < all->len; i++)
    if (kept == 0 || levels[i] != levels[kept - 1])
      levels[kept++] = levels[i];
  view->n_levels = kept;
  view->levels = (double *) (gpointer) g_array_free (all, FALSE);
}

static void
count_errors (BsTensorView *view, const float *x, const float *y, gsize n)
{
  double span = 0;

  for (gsize i = 0; i < n; i++) {
    double error = fabs ((double) y[i] - (double) x[i]);
    if (error > span && isfinite (error))
      span = error;
  }
  view->error_span = span;
  if (!(span > 0))
    return;
  for (gsize i = 0; i < n; i++) {
    double place = ((double) y[i] - (double) x[i] + span) / (2 * span) * BS_ERROR_BINS;
    if (isfinite (place))
      view->error_bins[CLAMP ((gint) place, 0, BS_ERROR_BINS - 1)]++;
  }
}

static void
measure (BsTensorView *view, const float *x, const float *y, gsize n)
{
  BsErrorSums sums = { 0 };

  bs_error_sums_add (&sums, x, y, n);
  view->sqnr_db = bs_error_sqnr_db (&sums);
  count_errors (view, x, y, n);
}

static gboolean
fill_quantized (BsTensorView *view,
                const BsModel *model,
                const BsTensor *tensor,
                const BsSpec *spec,
                GError **error)
{
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  const float *x = tensor->data;
  BsInterval range;
  gint32 qmin, qmax;

  if (spec->scope == BS_SCOPE_MODEL && !model_range (model, layers, spec, &range, error))
    return FALSE;
  g_autoptr (BsQuant) quant =
    bs_quantize (spec, x, tensor->dims, tensor->n_dims, output_axis (layers, view->tensor),
                 spec->scope == BS_SCOPE_MODEL ? &range : NULL, tensor->name, error);
  if (quant == NULL)
    return FALSE;
  measure (view, x, quant->values, quant->n);
  view->bits_each = (double) quant->size_bits / (double) quant->n;
  view->n_scales = (guint) MAX (quant->n_scales, 1);
  view->scale = MIN (view->scale, view->n_scales - 1);
  view->values = g_new (float, quant->n);
  for (gsize i = 0; i < quant->n; i++)
    if (scale_of (quant, i) == view->scale)
      view->values[view->n++] = x[i];
  if (bs_spec_integer_codes (spec, &qmin, &qmax) && quant->scale != NULL)
    integer_levels (view, quant->qmin, quant->qmax,
                    quant->zero != NULL ? quant->zero[view->scale] : 0, quant->scale[view->scale]);
  else
    used_levels (view, quant);
  return TRUE;
}

static float
nearest (double x, const double *levels, guint n)
{
  guint lo = 0, hi = n - 1; /* the first level that is not below x, or the last */

  while (lo < hi) {
    guint middle = (lo + hi) / 2;
    if (levels[middle] < x)
      lo = middle + 1;
    else
      hi = middle;
  }
  return (float) (lo > 0 && x - levels[lo - 1] < levels[lo] - x ? levels[lo - 1] : levels[lo]);
}

BsTensorView *
bs_tensor_view_of_levels (const float *x, gsize n, const double *levels, guint n_levels)
{
  BsTensorView *view = g_new0 (BsTensorView, 1);
  g_autofree float *y = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    y[i] = nearest ((double) x[i], levels, n_levels);
  view->n_scales = 1;
  view->values = g_memdup2 (x, n * sizeof *x);
  view->n = n;
  view->levels = g_memdup2 (levels, n_levels * sizeof *levels);
  view->n_levels = n_levels;
  view->bits_each = ceil (log2 (n_levels));
  measure (view, x, y, n);
  return view;
}

BsTensorView *
bs_tensor_view_new (const BsModel *model,
                    guint index,
                    const BsSpec *spec,
                    guint scale,
                    GError **error)
{
  const BsTensor *tensor = &model->tensors[index];
  g_autoptr (BsTensorView) view = g_new0 (BsTensorView, 1);
  gsize n;

  if (tensor->dtype != BS_DTYPE_F32 || tensor->data == NULL ||
      !bs_dims_count (tensor->dims, tensor->n_dims, &n)) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "“%s” is stored as %s: its values are not shown", tensor->name,
                 bs_dtype_name (tensor->dtype));
    return NULL;
  }
  view->tensor = index;
  view->scale = scale;
  if (spec != NULL && !bs_spec_is_float (spec)) {
    if (!fill_quantized (view, model, tensor, spec, error))
      return NULL;
  } else {
    view->values = g_memdup2 (tensor->data, n * sizeof (float));
    view->n = n;
    view->sqnr_db = INFINITY;
    view->bits_each = 32;
  }
  return g_steal_pointer (&view);
}

BsTensorView *
bs_tensor_view_of_stats (const BsStats *stats, const BsSpec *spec, const char *name, GError **error)
{
  g_autoptr (BsTensorView) view = g_new0 (BsTensorView, 1);
  BsInterval kept;
  BskQParams params;

  if (bs_spec_is_float (spec))
    return g_steal_pointer (&view);
  if (!bs_range_choose (stats, spec, name, &kept, error))
    return NULL;
  view->clip_lo = kept.lo;
  view->clip_hi = kept.hi;
  if (spec->encoding->family == BS_FAMILY_INTEGER) {
    bs_quant_params (spec, &kept, &params);
    integer_levels (view, params.qmin, params.qmax, params.zero_point, (double) params.scale);
  }
  return g_steal_pointer (&view);
}
