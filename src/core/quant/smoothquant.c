/* Correction: SmoothQuant, difficulty moved from activations to weights.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>

#include <math.h>

static const BsParam params[] = {
  { "alpha", N_ ("Share of the difficulty moved to the weights"), BS_PARAM_DOUBLE, 0, 1, 0.5 },
  { NULL },
};

void
bs_smoothquant_scales (const double *amax_x, const double *amax_w, gsize n, double alpha, double *s)
{
  for (gsize i = 0; i < n; i++) {
    double scale =
      amax_x[i] > 0 && amax_w[i] > 0 ? pow (amax_x[i], alpha) / pow (amax_w[i], 1 - alpha) : 1;
    s[i] = scale > 0 && isfinite (scale) ? scale : 1;
  }
}

const BsCorrection bs_correction_smoothquant = {
  .id = "smoothquant",
  .title = N_ ("SmoothQuant"),
  .description =
    N_ ("Divides each input channel by a scale and multiplies the weights by it, so that channels "
        "with large "
        "activations no longer stretch the steps of all others; alpha says how much of the "
        "difficulty goes to "
        "the weights. The float function stays the same. Source: Xiao et al., arXiv:2211.10438."),
  .kind = BS_CORRECTION_RESCALE,
  .needs = BS_NEEDS_RANGE,
  .params = params,
};
