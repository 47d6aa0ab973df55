/* Range rule: moving average of the extrema of calibration batches.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/range.h"

#include <glib/gi18n-lib.h>

enum { P_CONSTANT };

static const BsParam params[] = {
  [P_CONSTANT] = { "c", N_ ("Weight of a new batch"), BS_PARAM_DOUBLE, 0.0001, 1,
                   BS_STATS_CONSTANT },
  { NULL },
};

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  if (bs_stats_average (stats, spec->range_params[P_CONSTANT], &out->lo, &out->hi))
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
               "A moving average with constant %g is known for at most %d calibration batches; use "
               "0.01 or fewer samples.",
               spec->range_params[P_CONSTANT], BS_STATS_BATCHES);
  return FALSE;
}

const BsRange bs_range_average = {
  .id = "average",
  .title = N_ ("Moving average"),
  .description = N_ (
    "The extrema of the first calibration batch, drawn towards those of each later one by a "
    "constant, so "
    "that a single wild batch counts little. For weights, which are one batch, it equals minmax. "
    "Source: Jacob et al., CVPR 2018, section 3; PyTorch's MovingAverageMinMaxObserver."),
  .params = params,
  .choose = choose,
};
