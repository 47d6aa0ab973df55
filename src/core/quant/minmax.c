/* Range rules: from the smallest to the largest value, of calibration or of each sample.
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

const BsRange bs_range_dynamic = {
  .id = "dynamic",
  .title = N_ ("Of each sample"),
  .description = N_ (
    "The smallest and the largest value of each sample's own activation, found while the network "
    "runs: nothing is clipped and nothing calibrated, at the price of a pass over each tensor. It "
    "is simulated in float. For weights, which do not change, it equals minmax. Source: ONNX "
    "DynamicQuantizeLinear; dynamic quantization of PyTorch and ONNX Runtime, with a range for "
    "each sample, so that results do not depend on the batch."),
  .choose = choose,
  .choose_values = choose_values,
  .at_run_time = TRUE,
};
