/* Range rule: the interval the user says.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/range.h"

#include <glib/gi18n-lib.h>

#include <float.h>

enum { P_LOW, P_HIGH };

static const BsParam params[] = {
  [P_LOW] = { "low", N_ ("Low end"), BS_PARAM_DOUBLE, -FLT_MAX, FLT_MAX, -1 },
  [P_HIGH] = { "high", N_ ("High end"), BS_PARAM_DOUBLE, -FLT_MAX, FLT_MAX, 1 },
  { NULL },
};

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  *out = (BsInterval){ spec->range_params[P_LOW], spec->range_params[P_HIGH] };
  return TRUE;
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  return choose (NULL, spec, out, error);
}

const BsRange bs_range_fixed = {
  .id = "fixed",
  .title = N_ ("Fixed"),
  .description = N_ ("The interval given, widened to hold 0; values outside it are clipped. For "
                     "ranges known from the "
                     "design, as the 0 … 6 of a ReLU6."),
  .params = params,
  .choose = choose,
  .choose_values = choose_values,
  .is_given = TRUE,
};
