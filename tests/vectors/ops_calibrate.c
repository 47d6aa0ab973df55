/* Vector operations: range rules.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/aciq.h"
#include "quant/kl.h"
#include "quant/mse.h"
#include "quant/quantile.h"
#include "quant/stats.h"

#include <math.h>
#include <string.h>

static gboolean
calib_moving_average (Case *c, GError **error)
{
  g_autofree BsStats *stats = g_new (BsStats, 1);
  double min, max;

  bs_stats_init (stats);
  for (guint i = 0; i < g_hash_table_size (c->inputs); i++) {
    g_autofree char *name = g_strdup_printf ("b%u", i);
    const BsNpy *array;
    g_autofree float *x = case_floats (c, name, &array, error);
    if (x == NULL)
      return FALSE;
    bs_stats_add (stats, x, array->count);
  }
  if (!bs_stats_average (stats, case_number (c, "momentum", 0.01), &min, &max))
    return fail (error, "too many batches");
  case_scalar (c, "min", min);
  case_scalar (c, "max", max);
  return TRUE;
}

static gboolean
calib_percentile (Case *c, GError **error)
{
  const BsNpy *array;
  g_autofree float *x = case_floats (c, "x", &array, error);
  BsInterval interval;
  BsSpec spec;

  if (x == NULL ||
      !bs_spec_parse (strcmp (case_text (c, "scheme", "symmetric"), "affine") == 0 ? "uint8"
                                                                                   : "int8",
                      &spec, error))
    return FALSE;
  spec.range = bs_range_find ("percentile");
  spec.range_params[0] = case_number (c, "percentile", 99.99);
  if (!spec.range->choose_values (x, array->count, &spec, &interval, error))
    return FALSE;
  case_scalar (c, "amax", interval.hi);
  case_scalar (c, "min", interval.lo);
  case_scalar (c, "max", interval.hi);
  return TRUE;
}

static double
largest (const float *x, gsize n)
{
  double amax = 0;

  for (gsize i = 0; i < n; i++)
    amax = MAX (amax, fabs ((double) x[i]));
  return amax;
}

static gboolean
calib_mse_grid (Case *c, GError **error)
{
  guint steps = (guint) case_number (c, "n", 100);
  gint32 qmax = (1 << ((int) case_number (c, "bits", 8) - 1)) - 1;
  const BsNpy *array;
  g_autofree float *x = case_floats (c, "x", &array, error);
  double mse;

  if (x == NULL)
    return FALSE;
  double amax = largest (x, array->count);
  guint index = bs_mse_grid (x, array->count, amax, -qmax, qmax, steps, &mse);
  case_scalar (c, "index", index);
  case_scalar (c, "amax", amax * index / steps);
  case_scalar (c, "mse", mse);
  return TRUE;
}

static gboolean
calib_kl (Case *c, GError **error)
{
  guint n_bins = (guint) case_number (c, "nbins", 2048);
  const BsNpy *array;
  g_autofree float *x = case_floats (c, "x", &array, error);
  g_autofree double *bins = g_new0 (double, n_bins);
  double kl;

  if (x == NULL)
    return FALSE;
  double amax = largest (x, array->count);
  bs_kl_histogram (x, array->count, amax, n_bins, bins);
  guint kept = bs_kl_threshold (bins, n_bins, 1u << ((guint) case_number (c, "bits", 8) - 1), &kl);
  case_scalar (c, "bin", kept);
  case_scalar (c, "amax", kept * amax / n_bins);
  case_scalar (c, "kl", kl);
  return TRUE;
}

static gboolean
calib_aciq (Case *c, GError **error)
{
  BsAciqModel model =
    strcmp (case_text (c, "kind", "laplace"), "gauss") == 0 ? BS_ACIQ_GAUSS : BS_ACIQ_LAPLACE;
  double alpha = bs_aciq_alpha (model, (guint) case_number (c, "bits", 8)), mean;
  const BsNpy *array;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL)
    return FALSE;
  case_scalar (c, "alpha_unit", alpha);
  case_scalar (c, "amax", alpha * bs_aciq_deviation (model, x, array->count, &mean));
  return TRUE;
}

const Op calibrate_ops[] = {
  { "calib_moving_average", calib_moving_average },
  { "calib_percentile", calib_percentile },
  { "calib_mse_grid", calib_mse_grid },
  { "calib_kl", calib_kl },
  { "calib_aciq", calib_aciq },
  { NULL },
};
