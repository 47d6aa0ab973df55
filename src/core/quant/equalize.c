/* Correction: cross-layer equalization.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>

#include <math.h>

void
bs_equalize_scales (const double *r1, const double *r2, gsize n, double *s)
{
  for (gsize i = 0; i < n; i++) {
    double ratio = r1[i] > 0 && r2[i] > 0 ? sqrt (r1[i] / r2[i]) : 1;
    s[i] = ratio > 0 && isfinite (ratio) ? ratio : 1;
  }
}

const BsCorrection bs_correction_equalize = {
  .id = "equalize",
  .title = N_ ("Cross-layer equalization"),
  .description =
    N_ ("Moves scale between neighbouring layers, channel by channel, so that no channel is so "
        "small that one "
        "scale per tensor wipes it out. Works across ReLU and linear layers, whose output scales "
        "along; the "
        "float function stays the same. Source: Nagel et al., ICCV 2019, arXiv:1906.04721."),
  .kind = BS_CORRECTION_RESCALE,
};
