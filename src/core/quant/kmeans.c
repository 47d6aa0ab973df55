/* Optimal code books in one dimension, and the encoding made of them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/kmeans.h"
#include "quant/encoding.h"
#include "quant/groups.h"

#include <bsk.h>
#include <glib/gi18n-lib.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_POINTS 4096
#define MANY (16 * EXACT_POINTS) /* values: too many to sort */
#define BINS 65536
#define FAST_BINS 32768 /* as many as bsk_histogram takes */
#define COARSE_POINTS 2048
#define MAX_ROUNDS 100

/* Points of rising value with weights, as sums over all points before each. Values are relative to
 * their mean, so that differences of sums keep their digits. */
typedef struct {
  guint n;
  double mean;
  double *value;                 /* [n] */
  double *weight, *sum, *sum_sq; /* [n + 1] */
} Points;

static void
points_init (Points *points, guint n, double mean)
{
  points->n = 0;
  points->mean = mean;
  points->value = g_new (double, MAX (n, 1));
  points->weight = g_new0 (double, n + 1);
  points->sum = g_new0 (double, n + 1);
  points->sum_sq = g_new0 (double, n + 1);
}

static void
points_add (Points *points, double weight, double sum, double sum_sq)
{
  guint n = points->n++;

  points->value[n] = sum / weight;
  points->weight[n + 1] = points->weight[n] + weight;
  points->sum[n + 1] = points->sum[n] + sum;
  points->sum_sq[n + 1] = points->sum_sq[n] + sum_sq;
}

static void
points_clear (Points *points)
{
  g_free (points->value);
  g_free (points->weight);
  g_free (points->sum);
  g_free (points->sum_sq);
}

/* cost: squared error when points a … b−1 share one level. */
static inline double
cost (const Points *p, guint a, guint b)
{
  double weight = p->weight[b] - p->weight[a], sum = p->sum[b] - p->sum[a];
  double d = p->sum_sq[b] - p->sum_sq[a] - (weight > 0 ? sum * sum / weight : 0);

  return d > 0 ? d : 0;
}

/* Divide and conquer: the best start of the last cell does not fall when the end rises. */
typedef struct {
  const Points *points;
  const double *before; /* best cost of the first j points in one cell less */
  double *best;
  guint *start; /* of the last cell */
} Row;

static void
fill_row (const Row *row, guint low, guint high, guint start_low, guint start_high)
{
  if (low >= high)
    return;
  guint middle = low + (high - low) / 2, best_start = start_low;
  double best = INFINITY;
  for (guint s = start_low; s <= MIN (start_high, middle); s++) {
    double d = row->before[s] + cost (row->points, s, middle);
    if (d < best) {
      best = d;
      best_start = s;
    }
  }
  row->best[middle] = best;
  row->start[middle] = best_start;
  fill_row (row, low, middle, start_low, best_start);
  fill_row (row, middle + 1, high, best_start, start_high);
}

/* optimal_cells: starts of k cells, n ≥ k. edges: [k + 1]. */
static void
optimal_cells (const Points *points, guint k, guint *edges)
{
  guint n = points->n;
  g_autofree double *before = g_new (double, n + 1), *best = g_new (double, n + 1);
  g_autofree guint *starts = g_new0 (guint, (gsize) k * (n + 1));

  for (guint j = 0; j <= n; j++)
    before[j] = cost (points, 0, j);
  for (guint c = 1; c < k; c++) {
    Row row = { points, before, best, starts + (gsize) c * (n + 1) };
    fill_row (&row, 0, n + 1, 0, n);
    double *swap = before;
    before = best;
    best = swap;
  }
  edges[k] = n;
  for (guint c = k; c-- > 1;)
    edges[c] = starts[(gsize) c * (n + 1) + edges[c + 1]];
  edges[0] = 0;
}

static void
levels_of_cells (const Points *points, const guint *edges, guint k, double *levels)
{
  for (guint c = 0; c < k; c++) {
    double weight = points->weight[edges[c + 1]] - points->weight[edges[c]];
    if (weight > 0)
      levels[c] = (points->sum[edges[c + 1]] - points->sum[edges[c]]) / weight;
    else
      levels[c] = c > 0 ? levels[c - 1] : points->value[0];
  }
}

/* lloyd: thresholds half-way, levels the means of their cells, until nothing moves. */
static void
lloyd (const Points *points, guint k, double *levels)
{
  g_autofree guint *edges = g_new0 (guint, k + 1), *last = g_new0 (guint, k + 1);

  edges[k] = points->n;
  for (guint round = 0; round < MAX_ROUNDS; round++) {
    guint at = 0;
    for (guint c = 1; c < k; c++) {
      double threshold = levels[c - 1] + (levels[c] - levels[c - 1]) / 2;
      while (at < points->n && points->value[at] <= threshold)
        at++;
      edges[c] = at;
    }
    if (memcmp (edges, last, (k + 1) * sizeof *edges) == 0)
      return;
    memcpy (last, edges, (k + 1) * sizeof *edges);
    for (guint c = 0; c < k; c++) {
      double weight = points->weight[edges[c + 1]] - points->weight[edges[c]];
      if (weight > 0) /* an empty cell keeps its level */
        levels[c] = (points->sum[edges[c + 1]] - points->sum[edges[c]]) / weight;
    }
  }
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

/* gather_sorted: one point per distinct value; FALSE when there are too many. */
static gboolean
gather_sorted (const float *x, gsize n, double mean, Points *points)
{
  if (n > MANY)
    return FALSE;
  g_autofree float *sorted = g_memdup2 (x, n * sizeof *x);
  qsort (sorted, n, sizeof *sorted, compare);
  guint distinct = 0;
  for (gsize i = 0; i < n; i++)
    distinct += i == 0 || sorted[i] != sorted[i - 1];
  if (distinct > EXACT_POINTS)
    return FALSE;
  points_init (points, distinct, mean);
  for (gsize i = 0, from = 0; i < n; i++)
    if (i + 1 == n || sorted[i + 1] != sorted[i]) {
      double weight = (double) (i + 1 - from), v = sorted[i] - mean;
      points_add (points, weight, weight * v, weight * v * v);
      from = i + 1;
    }
  return TRUE;
}

static void
gather_bins (const float *x, gsize n, double mean, Points *points)
{
  g_autofree double *weight = g_new0 (double, BINS), *sum = g_new0 (double, BINS),
                    *sum_sq = g_new0 (double, BINS);
  double lo = x[0], hi = x[0];

  for (gsize i = 1; i < n; i++) {
    lo = MIN (lo, x[i]);
    hi = MAX (hi, x[i]);
  }
  for (gsize i = 0; i < n; i++) {
    guint bin = (guint) ((x[i] - lo) / (hi - lo) * (BINS - 1));
    double v = x[i] - mean;
    weight[bin]++;
    sum[bin] += v;
    sum_sq[bin] += v * v;
  }
  points_init (points, BINS, mean);
  for (guint i = 0; i < BINS; i++)
    if (weight[i] > 0)
      points_add (points, weight[i], sum[i], sum_sq[i]);
}

/* gather_middles: one point per bin of lo … hi, at its middle: FALSE where that is not good enough,
 * because the range is too wide or too narrow for bins, or so few of them hold all values that these
 * may stand apart. */
static gboolean
gather_middles (const float *x, gsize n, float lo, float hi, Points *points)
{
  g_autofree guint64 *counts = g_new0 (guint64, FAST_BINS);
  double mean = 0, width;
  guint filled = 0;

  if (bsk_histogram (x, n, lo, hi, FAST_BINS, counts) != BSK_OK)
    return FALSE;
  width = ((double) hi - lo) / FAST_BINS;
  for (guint i = 0; i < FAST_BINS; i++) {
    mean += (double) counts[i] * (lo + (i + 0.5) * width);
    filled += counts[i] > 0;
  }
  if (filled <= EXACT_POINTS)
    return FALSE;
  points_init (points, filled, mean / (double) n);
  for (guint i = 0; i < FAST_BINS; i++)
    if (counts[i] > 0) {
      double weight = (double) counts[i], v = lo + (i + 0.5) * width - points->mean;
      points_add (points, weight, weight * v, weight * v * v);
    }
  return TRUE;
}

/* join: neighbours until COARSE_POINTS of about equal spread are left: cells of equal ∫ weight^⅓,
 * where optimal levels of that many would lie (Panter and Dite 1951). */
static void
join (const Points *fine, Points *coarse)
{
  double total = 0, seen = 0;

  for (guint i = 0; i < fine->n; i++)
    total += cbrt (fine->weight[i + 1] - fine->weight[i]);
  points_init (coarse, COARSE_POINTS, fine->mean);
  for (guint i = 0, from = 0; i < fine->n; i++) {
    seen += cbrt (fine->weight[i + 1] - fine->weight[i]);
    if (i + 1 == fine->n ||
        (coarse->n + 1 < COARSE_POINTS && seen >= total * (coarse->n + 1) / COARSE_POINTS)) {
      points_add (coarse, fine->weight[i + 1] - fine->weight[from],
                  fine->sum[i + 1] - fine->sum[from], fine->sum_sq[i + 1] - fine->sum_sq[from]);
      from = i + 1;
    }
  }
}

static double
mean_of (const float *x, gsize n)
{
  double mean = 0;

  for (gsize i = 0; i < n; i++)
    mean += x[i] / (double) n;
  return mean;
}

/* find_levels: bs_kmeans for values whose extrema are lo and hi. */
static void
find_levels (const float *x, gsize n, float lo, float hi, guint k, double *levels)
{
  Points points, coarse;
  gboolean exact = FALSE;

  if (n == 0) {
    memset (levels, 0, k * sizeof *levels);
    return;
  }
  if (n <= MANY || !gather_middles (x, n, lo, hi, &points)) {
    double mean = mean_of (x, n);
    exact = gather_sorted (x, n, mean, &points);
    if (!exact)
      gather_bins (x, n, mean, &points);
  }
  if (points.n <= k) {
    for (guint c = 0; c < k; c++)
      levels[c] = points.value[MIN (c, points.n - 1)];
  } else {
    g_autofree guint *edges = g_new (guint, k + 1);
    if (exact || points.n <= COARSE_POINTS) {
      optimal_cells (&points, k, edges);
      levels_of_cells (&points, edges, k, levels);
    } else {
      join (&points, &coarse);
      optimal_cells (&coarse, k, edges);
      levels_of_cells (&coarse, edges, k, levels);
      points_clear (&coarse);
      lloyd (&points, k, levels);
    }
  }
  for (guint c = 0; c < k; c++)
    levels[c] += points.mean;
  points_clear (&points);
}

void
bs_kmeans (const float *x, gsize n, guint k, double *levels)
{
  float lo = 0, hi = 0;

  if (n > 0)
    bsk_minmax (x, n, &lo, &hi, NULL);
  find_levels (x, n, lo, hi, k, levels);
}

static gboolean
fit (const BsSpec *spec,
     const float *x,
     gsize n,
     const BsInterval *interval,
     BsLevels *levels,
     float *scale)
{
  g_autofree float *finite = NULL;
  gsize n_finite = n;
  size_t n_not_finite = 0;
  double level[BS_LEVELS_MAX];
  float lo = 0, hi = 0;

  if (n > 0)
    bsk_minmax (x, n, &lo, &hi, &n_not_finite);
  if (n_not_finite > 0) {
    finite = g_new (float, MAX (n - n_not_finite, 1));
    n_finite = 0;
    for (gsize i = 0; i < n; i++)
      if (isfinite (x[i]))
        finite[n_finite++] = x[i];
    x = finite;
  }
  find_levels (x, n_finite, lo, hi, 1u << spec->bits, level);
  for (guint i = 0; i < 1u << spec->bits; i++)
    level[i] = (float) level[i];
  bs_levels_init (levels, level, 1u << spec->bits);
  *scale = 1;
  return TRUE;
}

static void
encode_group (BsQuant *quant,
              gsize k,
              const float *x,
              gsize n,
              const BsInterval *interval,
              gint32 *codes,
              float *values,
              gpointer user)
{
  guint n_levels = 1u << quant->spec.bits;
  BsLevels levels;
  float scale;

  fit (&quant->spec, x, n, NULL, &levels, &scale);
  memcpy (quant->code_book + k * n_levels, levels.level, n_levels * sizeof (float));
  bs_levels_encode (&levels, scale, x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  gsize entries;

  g_clear_pointer (&quant->scale, g_free);
  g_clear_pointer (&quant->code_book, g_free);
  if (g_size_checked_mul (&entries, MAX (quant->n_scales, 1), (gsize) 1 << quant->spec.bits))
    quant->code_book = g_try_new0 (float, entries);
  if (quant->code_book == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 "The code books of %" G_GSIZE_FORMAT " groups do not fit into memory.",
                 quant->n_scales);
    return FALSE;
  }
  bs_groups_encode (quant, x, NULL, encode_group, NULL);
  return TRUE;
}

static guint64
size_bits (const BsSpec *spec, gsize n, gsize n_scales)
{
  return (guint64) n * spec->bits + (guint64) n_scales * 32 * (1u << spec->bits);
}

const BsEncoding bs_encoding_kmeans = {
  .id = "kmeans",
  .title = N_ ("Code book (k-means)"),
  .description =
    N_ ("The 2^b levels with the least squared error for the very values at hand, found by dynamic "
        "programming; "
        "each value is stored as the number of its level. The best any scalar code can do; a table "
        "look-up "
        "per weight when it runs. Source: Lloyd 1982; Max 1960; Han et al., arXiv:1510.00149."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 1,
  .max_bits = 8,
  .encode = encode,
  .fit = fit,
  .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE,
  .size_bits = size_bits,
};
