/* All that is known about one configuration of one model on one data set.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/result.h"

#include <math.h>
#include <string.h>

BsResult *
bs_result_new (void)
{
  BsResult *result = g_new0 (BsResult, 1);

  g_atomic_ref_count_init (&result->refs);
  result->value = result->agreement = result->output_sqnr_db = result->output_kl =
    result->latency_ms = NAN;
  result->ci_lo = result->ci_hi = result->agreement_lo = result->agreement_hi = NAN;
  return result;
}

BsResult *
bs_result_ref (BsResult *result)
{
  g_atomic_ref_count_inc (&result->refs);
  return result;
}

void
bs_result_unref (BsResult *result)
{
  if (!g_atomic_ref_count_dec (&result->refs))
    return;
  for (guint i = 0; i < result->n_layers; i++) {
    g_free (result->layers[i].name);
    g_free (result->layers[i].op);
    g_free (result->layers[i].weights);
    g_free (result->layers[i].acts);
  }
  g_free (result->layers);
  g_free (result->config);
  g_free (result->weights);
  g_free (result->acts);
  g_free (result->label);
  g_free (result->metric);
  g_free (result->level);
  g_free (result->machine);
  g_free (result->predictions);
  g_free (result);
}

double
bs_result_quality (const BsResult *result)
{
  if (result->metric != NULL && g_str_equal (result->metric, "top1"))
    return result->value;
  if (result->metric != NULL && g_str_equal (result->metric, "perplexity"))
    return -result->value;
  return isnan (result->agreement) ? result->output_sqnr_db : result->agreement;
}

typedef struct {
  guint index;
  guint64 bytes;
  double quality;
} Point;

static gint
compare_points (gconstpointer a, gconstpointer b)
{
  const Point *p = a, *q = b;

  if (p->bytes != q->bytes)
    return p->bytes < q->bytes ? -1 : 1;
  if (p->quality != q->quality)
    return p->quality > q->quality ? -1 : 1;
  return p->index < q->index ? -1 : p->index > q->index;
}

void
bs_results_pareto (BsResult *const *results, guint n, gboolean *pareto)
{
  g_autofree Point *points = g_new (Point, n + 1);
  double best = -INFINITY;

  for (guint i = 0; i < n; i++)
    points[i] = (Point){ i, results[i]->weight_bytes, bs_result_quality (results[i]) };
  memset (pareto, 0, n * sizeof *pareto);
  if (n > 1)
    qsort (points, n, sizeof *points, compare_points);
  for (guint i = 0; i < n; i++)
    if (points[i].quality > best && !results[points[i].index]->stopped_early) { /* NaN never is */
      best = points[i].quality;
      pareto[points[i].index] = TRUE;
    }
}

const BsLayerResult *
bs_result_layer (const BsResult *result, const char *name)
{
  for (guint i = 0; result != NULL && i < result->n_layers; i++)
    if (g_strcmp0 (result->layers[i].name, name) == 0)
      return &result->layers[i];
  return NULL;
}

double
bs_results_mean_sqnr_db (BsResult *const *results, guint n, const char *layer)
{
  double sum = 0;
  guint known = 0;

  for (guint i = 0; i < n; i++) {
    const BsLayerResult *found = bs_result_layer (results[i], layer);
    if (found != NULL && isfinite (found->local_sqnr_db)) {
      sum += found->local_sqnr_db;
      known++;
    }
  }
  return known > 0 ? sum / known : NAN;
}
