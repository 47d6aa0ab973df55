/* Correction: activation-aware weight scaling (AWQ).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>

#include <math.h>

/* input_scales: mean|x|^ratio, normalized so that the largest and the smallest are each other's reciprocals. */
static void
input_scales (const double *mean_abs, gsize n, double ratio, double *s)
{
  double low = INFINITY, high = 0;

  for (gsize i = 0; i < n; i++) {
    s[i] = mean_abs[i] > 0 ? pow (mean_abs[i], ratio) : 1; /* a dead input has no say */
    low = MIN (low, s[i]);
    high = MAX (high, s[i]);
  }
  double norm = sqrt (low * high);
  for (gsize i = 0; i < n; i++)
    s[i] = norm > 0 && isfinite (norm) ? s[i] / norm : 1;
}

gint
bs_awq_search (const BsLinear *layer,
               const BsSpec *spec,
               const double *mean_abs,
               guint n_grid,
               double *s,
               double *losses,
               GError **error)
{
  gsize n_out, n_in;
  double least = INFINITY;
  gint best = 0;

  if (!bs_linear_shape (layer, &n_out, &n_in) || layer->gram == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "Layer “%s”: AWQ needs calibration inputs of a matrix product.", layer->name);
    return -1;
  }
  g_autofree float *scaled = g_new (float, MAX (n_out * n_in, 1));
  for (guint g = 0; g < n_grid; g++) {
    input_scales (mean_abs, n_in, (double) g / n_grid, s);
    for (gsize o = 0; o < n_out; o++)
      for (gsize i = 0; i < n_in; i++) {
        gsize at = bs_linear_at (layer, n_out, n_in, o, i);
        scaled[at] = (float) (layer->weights[at] * s[i]);
      }
    g_autoptr (BsQuant) quant = bs_quantize (spec, scaled, layer->dims, layer->n_dims,
                                             layer->channel_axis, NULL, layer->name, error);
    if (quant == NULL)
      return -1;
    for (gsize o = 0; o < n_out; o++)
      for (gsize i = 0; i < n_in; i++) {
        gsize at = bs_linear_at (layer, n_out, n_in, o, i);
        scaled[at] = (float) (quant->values[at] / s[i]);
      }
    double loss = bs_output_mse (layer, scaled);
    if (losses != NULL)
      losses[g] = loss;
    if (loss < least) {
      least = loss;
      best = (gint) g;
    }
  }
  input_scales (mean_abs, n_in, (double) best / n_grid, s);
  return best;
}

const BsCorrection bs_correction_awq = {
  .id = "awq",
  .title = N_ ("Activation-aware scaling (AWQ)"),
  .description = N_ ("Weights that meet large activations matter most: each input's weights are "
                     "multiplied by a power of its "
                     "mean activation before rounding and the input is divided by it; the power "
                     "with the smallest output "
                     "error wins, 0 among them, so it never loses to plain rounding. Source: Lin "
                     "et al., arXiv:2306.00978."),
  .kind = BS_CORRECTION_RESCALE,
  .needs = BS_NEEDS_GRAM | BS_NEEDS_RANGE,
};
