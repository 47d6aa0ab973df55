/* What the weight histogram shows: the values of one weight that share a scale, the levels they may
 * take, the range kept. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tensor_view.h"

#include "quant/measure.h"
#include "quant/quant.h"

#include <glib/gi18n.h>
#include <math.h>

typedef struct {
  BsFacts *facts;
  guint tensor, scale;
  gboolean has_spec;
  BsSpec spec;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  bs_facts_unref (request->facts);
  g_free (request);
}

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
output_axis (const BsFacts *facts, guint tensor)
{
  for (guint i = 0; i < facts->layers->len; i++)
    if (g_array_index (facts->layers, BsLayerFact, i).tensor == tensor)
      return g_array_index (facts->layers, BsLayerFact, i).channel_axis;
  return 0;
}

static gboolean
model_range (const BsFacts *facts, const BsSpec *spec, BsInterval *out, GError **error)
{
  guint n = facts->layers->len, kept = 0;
  g_autofree const float **x = g_new0 (const float *, n + 1);
  g_autofree gsize *counts = g_new0 (gsize, n + 1);

  for (guint i = 0; i < n; i++) {
    const BsLayerFact *layer = &g_array_index (facts->layers, BsLayerFact, i);
    const BsTensor *tensor = &facts->simplified->tensors[layer->tensor];
    if (tensor->dtype != BS_DTYPE_F32)
      continue;
    x[kept] = tensor->data;
    counts[kept++] = layer->parameters;
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
integer_levels (BsTensorView *view, const BsQuant *quant)
{
  double scale = quant->scale[view->scale],
         zero = quant->zero != NULL ? quant->zero[view->scale] : 0;

  view->clip_lo = (quant->qmin - zero) * scale;
  view->clip_hi = (quant->qmax - zero) * scale;
  view->n_levels = (guint) (quant->qmax - quant->qmin) + 1;
  view->levels = g_new (double, view->n_levels);
  for (guint i = 0; i < view->n_levels; i++)
    view->levels[i] = ((double) quant->qmin + i - zero) * scale;
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

static gboolean
fill_quantized (BsTensorView *view,
                BsFacts *facts,
                const BsTensor *tensor,
                const BsSpec *spec,
                GError **error)
{
  const float *x = tensor->data;
  BsErrorSums sums = { 0 };
  BsInterval range;
  gint32 qmin, qmax;

  if (spec->scope == BS_SCOPE_MODEL && !model_range (facts, spec, &range, error))
    return FALSE;
  g_autoptr (BsQuant) quant =
    bs_quantize (spec, x, tensor->dims, tensor->n_dims, output_axis (facts, view->tensor),
                 spec->scope == BS_SCOPE_MODEL ? &range : NULL, tensor->name, error);
  if (quant == NULL)
    return FALSE;
  bs_error_sums_add (&sums, x, quant->values, quant->n);
  view->sqnr_db = bs_error_sqnr_db (&sums);
  view->bits_each = (double) quant->size_bits / (double) quant->n;
  view->n_scales = (guint) MAX (quant->n_scales, 1);
  view->scale = MIN (view->scale, view->n_scales - 1);
  view->values = g_new (float, quant->n);
  for (gsize i = 0; i < quant->n; i++)
    if (scale_of (quant, i) == view->scale)
      view->values[view->n++] = x[i];
  if (bs_spec_integer_codes (spec, &qmin, &qmax) && quant->scale != NULL)
    integer_levels (view, quant);
  else
    used_levels (view, quant);
  return TRUE;
}

BsTensorView *
bs_tensor_view_make (BsFacts *facts, guint index, const BsSpec *spec, guint scale, GError **error)
{
  const BsTensor *tensor = &facts->simplified->tensors[index];
  g_autoptr (BsTensorView) view = g_new0 (BsTensorView, 1);
  gsize n;

  if (tensor->dtype != BS_DTYPE_F32 || tensor->data == NULL ||
      !bs_dims_count (tensor->dims, tensor->n_dims, &n)) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 _ ("“%s” is stored as %s: its values are not shown"), tensor->name,
                 bs_dtype_name (tensor->dtype));
    return NULL;
  }
  view->tensor = index;
  view->scale = scale;
  if (spec != NULL && !bs_spec_is_float (spec)) {
    if (!fill_quantized (view, facts, tensor, spec, error))
      return NULL;
  } else {
    view->values = g_memdup2 (tensor->data, n * sizeof (float));
    view->n = n;
    view->sqnr_db = INFINITY;
    view->bits_each = 32;
  }
  return g_steal_pointer (&view);
}

static void
make_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Request *request = data;
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  BsTensorView *view =
    bs_tensor_view_make (request->facts, request->tensor, request->has_spec ? &request->spec : NULL,
                         request->scale, &error);
  if (view != NULL)
    g_task_return_pointer (task, view, (GDestroyNotify) bs_tensor_view_free);
  else
    g_task_return_error (task, error);
}

void
bs_tensor_view_async (BsFacts *facts,
                      guint tensor,
                      const BsSpec *spec,
                      guint scale,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user);
  Request *request = g_new0 (Request, 1);

  request->facts = bs_facts_ref (facts);
  request->tensor = tensor;
  request->scale = scale;
  request->has_spec = spec != NULL;
  if (spec != NULL)
    request->spec = *spec;
  g_task_set_source_tag (task, bs_tensor_view_async);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, make_thread);
}

BsTensorView *
bs_tensor_view_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
