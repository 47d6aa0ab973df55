/* Preparing a run: a configuration met a model; weights are quantized and packed, steps are listed.
 *
 * Every layer and every tensor gets one of three treatments: on integers (codes in, integer
 * kernel), simulated (a float operator on decoded weights or activations), or float. What is not a
 * layer – pooling, residual adds, activations, reshapes – runs on codes where all its readers do,
 * else as a float island. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/layers.h"
#include "quant/config.h"
#include "quant/quant.h"
#include "quant/stats.h"

G_BEGIN_DECLS

/* How the codes of one activation tensor map to numbers. */
typedef struct {
  gboolean quantized;  /* the tensor exists as codes somewhere in the plan */
  gboolean is_signed;  /* int8 codes; else uint8 */
  BskQParams params;   /* integer specs of up to 16 bits; quantized or only simulated */
  BsInterval interval; /* what the range rule chose */
  gint inherits; /* ≥ 0: shares the codes' meaning with this tensor (pooling, reshapes); −1: its own
                    range */
} BsPlannedTensor;

/* What calibration saw at the input of one layer, as the product y = W x sees it: for a convolution
 * x is the patch under the kernel. */
typedef struct {
  guint n_groups;
  gsize n_in;   /* length of x in one group; 0: this layer was not looked at */
  gsize n_rows; /* how many x were seen */
  double *gram; /* [n_groups · n_in · n_in] mean of x xᵀ; NULL: n_in is beyond BS_MAX_GRAM */
  double *mean; /* [n_groups · n_in] mean of x */
  gsize n_channels; /* of the input tensor */
  gsize n_seen;     /* images or rows that amax and mean_abs come from */
  double *amax;     /* [n_channels] largest magnitude */
  double *mean_abs; /* [n_channels] mean magnitude */
} BsLayerInputs;

#define BS_MAX_GRAM                                                                                \
  2048 /* inputs of a layer beyond which second moments are not kept: 32 MiB each */

/* What became of one layer. */
typedef struct {
  BsLayer layer;
  const BsSpec *weights, *acts;     /* in force, borrowed from the configuration */
  BsQuant *quant[BS_LAYER_WEIGHTS]; /* NULL: float; shared by plans */
  double weight_sqnr_db;            /* of all its weights; INFINITY: float */
  float *bias_values;               /* [n_channels] corrected bias; NULL: the model's own */
  gboolean on_integers;
  const char *why_not; /* static sentence: why the layer is simulated or float; NULL on integers */
  guint output;        /* tensor it writes, after the fused activation */
  gint fused;          /* node of the fused activation, or −1 */
  /* On integers: what the kernel multiplies with; arrays of GLib's atomic reference counts, shared by
   * plans. */
  guint group;    /* weights of a channel, in the kernels' order, that share a scale; 0: all */
  gsize n_scales; /* n_channels · ⌈depth / group⌉ */
  float *scale;   /* [n_scales] of the weights, alpha of Gemm included */
  gint32 *zero;   /* [n_channels] codes of 0; NULL: all 0 */
  gint16 *codes;  /* [weights], in the tensor's own order: quant's, but for rescaled channels. int8,
                    or uint8 for unsigned weights; with groups less their zero points */
  gint32 *bias;   /* [n_channels] in units of input scale · scale[c]; NULL: none, or groups */
  float *bias_real; /* [n_channels] with groups; NULL: none */
  guint n_channels;
  guint n_rescaled; /* channels whose scale was raised so that the bias fits 31 bits */
} BsPlannedLayer;

typedef struct _BsStep BsStep; /* run/step.h */

/* Immutable once made; any number of threads run one plan, each with its own BsRunner. */
typedef struct {
  BsModel *model;
  BsConfig *config;
  BsValue *shapes;          /* [n_tensors], batch 1 */
  BsPlannedTensor *tensors; /* [n_tensors] */
  GArray *layers;           /* BsPlannedLayer */
  guint n_steps, n_slots;
  BsStep *steps;
  struct _BsSlot *slots;
  guint *output_slots;  /* [model->n_outputs] */
  double integer_share; /* multiply-adds on integer kernels */
  gboolean simulated;   /* some quantized layer runs in float on decoded values */
} BsPrepared;

/* bs_prepare: decides, quantizes, packs.
 *
 *   model   simplified; shapes known
 *   stats   [n_tensors] calibration statistics of float activations, NULL where there are none
 *   inputs  [layers of the model]; NULL when the configuration has no correction that needs them
 *   like    a plan of the same model and statistics: weights that it has quantized and packed the
 *           same way are shared with it; NULL: none
 *
 * Corrections that rescale layers change the model: the caller gives the rescaled one.
 * Errors  BS_ERROR_INVALID naming a layer of the configuration that the model does not have;
 * bs_quantize's own. */
BsPrepared *bs_prepare (BsModel *model,
                        BsConfig *config,
                        BsStats *const *stats,
                        const BsLayerInputs *inputs,
                        const BsPrepared *like,
                        GError **error);

/* bs_prepare_whole: the same run in float for who wants to see every tensor: each one gets a slot,
 * with the bits that bs_prepare's float steps give. config: of float specs. */
BsPrepared *bs_prepare_whole (BsModel *model, BsConfig *config, GError **error);
void bs_prepared_free (BsPrepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsPrepared, bs_prepared_free)

G_END_DECLS
