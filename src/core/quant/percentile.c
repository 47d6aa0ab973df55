/* Range rule: cut the same share of values off at both ends.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quantile.h"
#include "quant/range.h"

#include <glib/gi18n-lib.h>

enum { P_KEPT };

static const BsParam params[] = {
  [P_KEPT] = { "p", N_ ("Kept share, percent"), BS_PARAM_DOUBLE, 50, 100, 99.99 },
  { NULL },
};

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  double kept = spec->range_params[P_KEPT] / 100;

  if (spec->affine) {
    *out = (BsInterval){ bs_stats_quantile (stats, (1 - kept) / 2),
                         bs_stats_quantile (stats, 1 - (1 - kept) / 2) };
  } else {
    double amax = bs_stats_quantile_abs (stats, kept);
    *out = (BsInterval){ -amax, amax };
  }
  return TRUE;
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  double kept = spec->range_params[P_KEPT] / 100;

  if (spec->affine) {
    *out = (BsInterval){ bs_quantile (x, n, FALSE, (1 - kept) / 2),
                         bs_quantile (x, n, FALSE, 1 - (1 - kept) / 2) };
  } else {
    double amax = bs_quantile (x, n, TRUE, kept);
    *out = (BsInterval){ -amax, amax };
  }
  return TRUE;
}

const BsRange bs_range_percentile = {
  .id = "percentile",
  .title = N_ ("Percentile"),
  .description = N_ ("Keeps a share of the values and clips the rest: the p-quantile of the "
                     "magnitudes for symmetric codes, "
                     "half of the cut at each end for affine ones, linear between neighbours. "
                     "Source: McKinstry et al., "
                     "arXiv:1809.04191; Wu et al., arXiv:2004.09602, section 4."),
  .params = params,
  .choose = choose,
  .choose_values = choose_values,
};
