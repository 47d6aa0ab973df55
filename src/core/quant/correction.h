/* Corrections: what is done to a layer so that quantizing it hurts less. One row each; the mathematics are pure functions on
 * arrays, which the run applies to the layers of a graph.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/quant.h"

G_BEGIN_DECLS

/* One layer as a matrix product y = W x + b, and what is known of its inputs. Borrowed data. */
typedef struct {
  const char *name;
  const float *weights; /* dims, row-major */
  gint64 dims[BS_MAX_DIMS];
  guint n_dims;
  gint channel_axis; /* output axis: 0 (Conv, Gemm with transB) or the last (MatMul) */
  const double *gram; /* [n_in × n_in] mean of x xᵀ over the calibration samples; NULL: not known */
  const double *mean; /* [n_in] mean of x; NULL: not known */
} BsLinear;

/* bs_linear_shape: rows and columns of W; FALSE when channel_axis is neither the first nor the last axis. */
gboolean bs_linear_shape (const BsLinear *layer, gsize *n_out, gsize *n_in);

/* bs_linear_at: offset in weights of row `out`, column `in`. */
gsize bs_linear_at (const BsLinear *layer, gsize n_out, gsize n_in, gsize out, gsize in);

typedef enum {
  BS_CORRECTION_FOLD,    /* joins a neighbour into the layer, before anything else */
  BS_CORRECTION_RESCALE, /* moves scale between layers; the float function stays the same */
  BS_CORRECTION_WEIGHTS, /* changes the float weights */
  BS_CORRECTION_ROUND,   /* chooses codes other than the nearest */
  BS_CORRECTION_BIAS,    /* repairs the bias after quantization */
} BsCorrectionKind;

typedef enum {
  BS_NEEDS_GRAM = 1 << 0,  /* BsLinear.gram */
  BS_NEEDS_MEAN = 1 << 1,  /* BsLinear.mean */
  BS_NEEDS_RANGE = 1 << 2, /* largest or mean magnitude of each input */
} BsCorrectionNeeds;

typedef struct {
  const char *id;    /* "gptq": what stands in a configuration, with "=value,…" for parameters */
  const char *title; /* N_() */
  const char *description; /* N_(): one paragraph with its source */
  BsCorrectionKind kind;
  BsCorrectionNeeds needs;
  const BsParam *params; /* at most BS_MAX_PARAMS; NULL: none */

  /* BS_CORRECTION_WEIGHTS: fills weights [as layer->weights]. */
  void (*change) (const BsLinear *layer, const double *params, float *weights);

  /* BS_CORRECTION_ROUND: what bs_quantize would give, with other codes; integer specs by tensor, channel or group along
   * the inputs. (transfer full)
   * Errors  BS_ERROR_UNSUPPORTED for other specs; BS_ERROR_NO_DATA without gram. */
  BsQuant *(*quantize) (const BsLinear *layer,
                        const BsSpec *spec,
                        const double *params,
                        GError **error);
} BsCorrection;

extern const BsCorrection
  *const bs_corrections[]; /* all rows in the order they are applied, ending with NULL */
const BsCorrection *bs_correction_find (const char *id);

/* bs_correction_parse: "gptq" or "prune=0.5". params: [BS_MAX_PARAMS], defaults where nothing is said.
 * Errors  BS_ERROR_INVALID naming what exists. */
gboolean
bs_correction_parse (const char *text, const BsCorrection **row, double *params, GError **error);

/* bs_fold_bn: batch normalization into the weights before it: k = γ / √(var + ε), W' = k W, b' = (b − mean) k + β.
 *   w        [n_out × n_in]; b NULL: 0
 *   w_out, b_out  may be w and b
 * Source   Jacob et al., CVPR 2018, section 3.2. */
void bs_fold_bn (const float *w,
                 const float *b,
                 gsize n_out,
                 gsize n_in,
                 const float *gamma,
                 const float *beta,
                 const float *mean,
                 const float *variance,
                 double epsilon,
                 float *w_out,
                 float *b_out);

/* bs_equalize_scales: s = √(r1 / r2) for each channel between two layers, so that both ranges become √(r1 r2); 1 where a
 * range is 0. The first layer's rows and bias are divided by s, the second's columns multiplied: the function stays the same
 * where what lies between is linear or ReLU.
 *   r1  [n] largest magnitude of each output row of the first layer
 *   r2  [n] largest magnitude of each input column of the second
 * Source  Nagel et al., ICCV 2019, arXiv:1906.04721, section 4.1. */
void bs_equalize_scales (const double *r1, const double *r2, gsize n, double *s);

/* bs_bias_correct: b' = b − (W^ − W) E[x].
 *   w, q  [n_out × n_in] by layer's layout: float and decoded weights; mean: [n_in]
 *   b     [n_out]; NULL: 0. b_out may be b.
 * Source  Nagel et al., ICCV 2019, arXiv:1906.04721, section 4.2. */
void bs_bias_correct (const BsLinear *layer,
                      const float *quantized,
                      const double *mean,
                      const float *b,
                      float *b_out);

/* bs_clipped_normal_mean: E[clip (z, lo, hi)] of a normal z: the mean of what follows a batch normalization and a ReLU,
 * known without data. hi may be infinite.
 * Source  Nagel et al., ICCV 2019, arXiv:1906.04721, appendix C. */
double bs_clipped_normal_mean (double mean, double std, double lo, double hi);

/* bs_smoothquant_scales: s = amax_x^alpha / amax_w^(1 − alpha) per input; 1 where either is 0. Inputs are divided by s,
 * weights multiplied.
 * Source  Xiao et al., arXiv:2211.10438, equation 4. */
void bs_smoothquant_scales (const double *amax_x,
                            const double *amax_w,
                            gsize n,
                            double alpha,
                            double *s);

/* bs_awq_search: input scales s = mean|x|^r, normalized by √(max · min), for the r = i / n_grid with the smallest output
 * error of W quantized as W s and divided by s again.
 *   layer     with gram
 *   mean_abs  [n_in]
 *   s         [n_in]; losses [n_grid], mean squared output error; may be NULL
 * Returns   i, 0 … n_grid − 1 (0: plain rounding), or −1 with error.
 * Source    Lin et al., arXiv:2306.00978, section 3.2. */
gint bs_awq_search (const BsLinear *layer,
                    const BsSpec *spec,
                    const double *mean_abs,
                    guint n_grid,
                    double *s,
                    double *losses,
                    GError **error);

/* bs_output_mse: mean over samples and outputs of ((W^ − W) x)², from the Gram matrix of the inputs. */
double bs_output_mse (const BsLinear *layer, const float *quantized);

/* bs_prune_magnitude: 0 for the rint (sparsity · n) smallest magnitudes, 1 for the others; ties: lower index first. */
void bs_prune_magnitude (const float *x, gsize n, double sparsity, guint8 *mask);

/* bs_prune_n_of_m: 1 for the n_keep largest magnitudes of each m along rows of `columns`; ties: the lower index is kept. */
void
bs_prune_n_of_m (const float *x, gsize rows, gsize columns, guint n_keep, guint m, guint8 *mask);

extern const BsCorrection bs_correction_adaround, bs_correction_gptq;

G_END_DECLS
