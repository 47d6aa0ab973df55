/* Correction: batch normalization folded into the weights before it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>

#include <math.h>

void
bs_fold_bn (const float *w,
            const float *b,
            gsize n_out,
            gsize n_in,
            const float *gamma,
            const float *beta,
            const float *mean,
            const float *variance,
            double epsilon,
            float *w_out,
            float *b_out)
{
  for (gsize o = 0; o < n_out; o++) {
    double k = gamma[o] / sqrt (variance[o] + epsilon);
    for (gsize i = 0; i < n_in; i++)
      w_out[o * n_in + i] = (float) (w[o * n_in + i] * k);
    b_out[o] = (float) (((b != NULL ? b[o] : 0.0) - mean[o]) * k + beta[o]);
  }
}

const BsCorrection bs_correction_fold_bn = {
  .id = "fold-bn",
  .title = N_ ("Fold batch normalization"),
  .description =
    N_ ("Multiplies a batch normalization into the weights and bias of the layer before it: one "
        "rounding "
        "instead of two, and the ranges are those that inference sees. The float function stays "
        "the same. "
        "Source: Jacob et al., CVPR 2018, section 3.2; Krishnamoorthi, arXiv:1806.08342."),
  .kind = BS_CORRECTION_FOLD,
};
