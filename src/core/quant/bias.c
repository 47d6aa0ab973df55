/* Correction: the bias takes up the mean error of quantized weights.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include <math.h>

void
bs_bias_correct (const BsLinear *layer,
                 const float *quantized,
                 const double *mean,
                 const float *b,
                 float *b_out)
{
  gsize n_out, n_in;

  if (!bs_linear_shape (layer, &n_out, &n_in))
    return;
  for (gsize o = 0; o < n_out; o++) {
    double shift = 0;
    for (gsize i = 0; i < n_in; i++) {
      gsize at = bs_linear_at (layer, n_out, n_in, o, i);
      shift += ((double) quantized[at] - layer->weights[at]) * mean[i];
    }
    b_out[o] = (float) ((b != NULL ? b[o] : 0.0) - shift);
  }
}

double
bs_clipped_normal_mean (double mean, double std, double lo, double hi)
{
  if (!(std > 0))
    return CLAMP (mean, lo, hi);
  double a = (lo - mean) / std, b = (hi - mean) / std;
  double below = gsl_cdf_ugaussian_P (a), above = isinf (b) ? 0 : gsl_cdf_ugaussian_Q (b);
  double density = gsl_ran_ugaussian_pdf (a) - (isinf (b) ? 0 : gsl_ran_ugaussian_pdf (b));
  return lo * below + (isinf (hi) ? 0 : hi * above) + mean * (1 - below - above) + std * density;
}

const BsCorrection bs_correction_bias = {
  .id = "bias",
  .title = N_ ("Bias correction"),
  .description =
    N_ ("Rounding the weights shifts the mean of a layer's outputs by (Ŵ − W) E[x]; the bias is "
        "moved back by "
        "as much, with E[x] measured on the calibration samples, or computed from a batch "
        "normalization "
        "before the layer. Source: Nagel et al., ICCV 2019, arXiv:1906.04721, section 4.2."),
  .kind = BS_CORRECTION_BIAS,
  .needs = BS_NEEDS_MEAN,
};
