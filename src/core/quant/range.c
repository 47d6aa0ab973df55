/* Range rules: how a rule is asked, for statistics and for values.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/range.h"

#include <bsk.h>

#include <math.h>

static void
include_zero (BsInterval *interval)
{
  interval->lo = MIN (interval->lo, 0);
  interval->hi = MAX (interval->hi, 0);
}

gboolean
bs_range_choose (const BsStats *stats,
                 const BsSpec *spec,
                 const char *tensor_name,
                 BsInterval *out,
                 GError **error)
{
  if (stats->count == 0) {
    guint64 bad = stats->n_nan + stats->n_pos_inf + stats->n_neg_inf;
    if (bad > 0)
      g_set_error (error, BS_ERROR, BS_ERROR_NOT_FINITE,
                   "Tensor “%s” has no finite values to choose a range from: %" G_GUINT64_FORMAT
                   " were NaN or infinite; look for such weights before it.",
                   tensor_name, bad);
    else
      g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                   "Tensor “%s” has no values to choose a range from.", tensor_name);
    return FALSE;
  }
  if (!spec->range->choose (stats, spec, out, error)) {
    g_prefix_error (error, "Tensor “%s”: ", tensor_name);
    return FALSE;
  }
  include_zero (out);
  return TRUE;
}

gboolean
bs_range_given (const BsSpec *spec, BsInterval *out)
{
  if (!spec->range->is_given || !spec->range->choose (NULL, spec, out, NULL))
    return FALSE;
  include_zero (out);
  return TRUE;
}

/* choose_finite: x holds finite numbers only. */
static gboolean
choose_finite (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  if (spec->range->choose_values != NULL)
    return spec->range->choose_values (x, n, spec, out, error);

  g_autofree BsStats *stats = g_new (BsStats, 1);
  bs_stats_init (stats);
  bs_stats_add (stats, x, n);
  return spec->range->choose (stats, spec, out, error);
}

gboolean
bs_range_choose_values (const float *x,
                        gsize n,
                        const BsSpec *spec,
                        const char *tensor_name,
                        BsInterval *out,
                        GError **error)
{
  g_autofree float *finite = NULL;
  float lo, hi;
  size_t n_not_finite = 0;

  *out = (BsInterval){ 0, 0 };
  if (n == 0)
    return TRUE;
  bsk_minmax (x, n, &lo, &hi, &n_not_finite);
  gsize n_finite = n - n_not_finite;
  if (n_finite == 0)
    return TRUE;
  if (spec->range == &bs_range_minmax) { /* already known */
    *out = (BsInterval){ lo, hi };
    include_zero (out);
    return TRUE;
  }
  if (n_finite != n) {
    finite = g_new (float, n_finite);
    for (gsize i = 0, to = 0; i < n; i++)
      if (isfinite (x[i]))
        finite[to++] = x[i];
    x = finite;
  }
  if (!choose_finite (x, n_finite, spec, out, error)) {
    g_prefix_error (error, "Tensor “%s”: ", tensor_name);
    return FALSE;
  }
  include_zero (out);
  return TRUE;
}

#define ROWS 256 /* at a time */

gboolean
bs_range_choose_rows (const float *x,
                      gsize rows,
                      gsize inner,
                      const BsSpec *spec,
                      const char *tensor_name,
                      BsInterval *out,
                      GError **error)
{
  if (spec->range != &bs_range_minmax) {
    for (gsize i = 0; i < rows; i++)
      if (!bs_range_choose_values (x + i * inner, inner, spec, tensor_name, &out[i], error))
        return FALSE;
    return TRUE;
  }
  for (gsize from = 0; from < rows; from += ROWS) {
    gsize n = MIN (rows - from, ROWS);
    float lo[ROWS], hi[ROWS];
    bsk_minmax_rows (x + from * inner, n, inner, lo, hi, NULL);
    for (gsize i = 0; i < n; i++) /* without a finite value lo is +∞ and hi −∞ */
      out[from + i] = (BsInterval){ MIN (lo[i], 0), MAX (hi[i], 0) };
  }
  return TRUE;
}
