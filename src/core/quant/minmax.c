/* Range rule: from the smallest to the largest value.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/range.h"

#include <bsk.h>
#include <glib/gi18n-lib.h>

static gboolean
choose (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error)
{
  *out = (BsInterval){ stats->min, stats->max };
  return TRUE;
}

static gboolean
choose_values (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error)
{
  float lo, hi;

  bsk_minmax (x, n, &lo, &hi, NULL);
  *out = (BsInterval){ lo, hi };
  return TRUE;
}

const BsRange bs_range_minmax = {
  .id = "minmax",
  .title = N_ ("Minimum to maximum"),
  .description = N_ (
    "Covers every value seen: nothing is clipped, and a single outlier stretches the steps of all "
    "others. Source: Jacob et al., CVPR 2018, section 3; the weight rule of TensorFlow Lite and "
    "TensorRT."),
  .choose = choose,
  .choose_values = choose_values,
};
