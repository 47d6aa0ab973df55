/* Range rule: analytical clipping for a Laplace or a normal distribution.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/aciq.h"
#include "quant/range.h"

#include <glib/gi18n-lib.h>
#include <gsl/gsl_sf_lambert.h>

#include <math.h>

enum { P_GAUSS };

static const BsParam params[] = {
  [P_GAUSS] = { "gauss", N_ ("Normal instead of Laplace distribution"), BS_PARAM_INT, 0, 1, 0 },
  { NULL },
};

/* gauss_slope: derivative of the expected error by alpha: rounding alpha² / (3 · 4^bits), clipping
 * (1 + alpha²) erfc (alpha / √2) − alpha √(2/π) e^(−alpha²/2). */
static double
gauss_slope (double alpha, double levels_sq)
{
  double clipping =
    2 * alpha * erfc (alpha * M_SQRT1_2) - 2 * sqrt (2 / M_PI) * exp (-alpha * alpha / 2);

  return 2 * alpha / (3 * levels_sq) + clipping;
}

double
bs_aciq_alpha (BsAciqModel model, guint bits)
{
  double levels_sq = ldexp (1, 2 * (int) bits), low = 0.1, high = 20;

  if (model == BS_ACIQ_LAPLACE)
    return gsl_sf_lambert_W0 (3 * levels_sq);
  for (guint i = 0; i < 100; i++) { /* the slope rises through 0 once */
    double middle = (low + high) / 2;
    if (gauss_slope (middle, levels_sq) < 0)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

double
bs_aciq_deviation (BsAciqModel model, const float *x, gsize n, double *mean)
{
  double sum = 0, deviation = 0;

  for (gsize i = 0; i < n; i++)
    sum += x[i];
  *mean = sum / (double) n;
  for (gsize i = 0; i < n; i++) {
    double d = x[i] - *mean;
    deviation += model == BS_ACIQ_GAUSS ? d * d : fabs (d);
  }
  deviation /= (double) n;
  return model == BS_ACIQ_GAUSS ? sqrt (deviation) : deviation;
}

static BsAciqModel
model_of (const BsSpec *spec)
{
  return spec->range_params[P_GAUSS] != 0 ? BS_ACIQ_GAUSS : BS_ACIQ_LAPLACE;
}

static void
clip (const BsSpec *spec, double min, double max, double mean, double deviation, BsInterval *out)
{
  gboolean one_sided = min >= 0 || max <= 0;
  double alpha =
    deviation * bs_aciq_alpha (model_of (spec), spec->bits + (spec->affine && one_sided ? 1 : 0));
  double centre = spec->affine && !one_sided ? mean : 0;

  *out = (BsInterval){ MAX (min, centre - alpha), MIN (max, centre + alpha) };
}

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  double deviation =
    model_of (spec) == BS_ACIQ_GAUSS ? bs_stats_std (stats) : bs_stats_mean_abs_deviation (stats);

  clip (spec, stats->min, stats->max, bs_stats_mean (stats), deviation, out);
  return TRUE;
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  BsInterval all;
  double mean, deviation = bs_aciq_deviation (model_of (spec), x, n, &mean);

  bs_range_minmax.choose_values (x, n, spec, &all, NULL);
  clip (spec, all.lo, all.hi, mean, deviation, out);
  return TRUE;
}

const BsRange bs_range_aciq = {
  .id = "aciq",
  .title = N_ ("Analytical clipping (ACIQ)"),
  .description = N_ (
    "Takes the values for Laplace distributed (aciq=1: normally), measures their spread, and clips "
    "where "
    "the expected error of clipping plus rounding is least: no search, one formula. Data that are "
    "never "
    "negative count as half of a symmetric distribution. Source: Banner et al., arXiv:1810.05723."),
  .params = params,
  .choose = choose,
  .choose_values = choose_values,
};
