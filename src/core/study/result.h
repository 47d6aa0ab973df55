/* All that is known about one configuration of one model on one data set. Immutable, reference
 * counted. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/digest.h"
#include "study/observer.h"

G_BEGIN_DECLS

#define BS_ERROR_BINS 65 /* error histograms: bins over ±error_span, the middle one around 0 */

typedef struct {
  char *name;            /* node name */
  char *op;              /* "Conv" */
  char *weights, *acts;  /* spec texts in force; "float" where left alone */
  gboolean on_integers;  /* ran on integer kernels */
  guint64 weight_bits;   /* size of the weights in bits, scales included */
  double mean_bits;      /* bits per weight element, scales included */
  guint64 macs, bit_ops; /* of one sample; bit_ops: macs × weight bits × activation bits */
  guint64 traffic_bytes; /* weights read once, activations read and written at their widths, for
                                 one sample */
  double latency_ms;     /* as the result's; NaN: not measured */
  double weight_sqnr_db; /* of the weights alone; +inf for float */
  double local_sqnr_db;  /* this layer alone quantized, fed with the float activation */
  double accumulated_sqnr_db; /* output of the quantized network against float */
  double cosine, max_abs;     /* accumulated */
  double saturated_share;     /* share of output values at the ends of their code range */
  double error_span;          /* accumulated error histogram covers −span … +span */
  guint64 error_bins[BS_ERROR_BINS];
} BsLayerResult;

struct _BsResult {
  gatomicrefcount refs;
  char key[BS_DIGEST_SIZE]; /* of the canonical configuration: unique in a study */
  char *config;             /* canonical JSON */
  char *weights, *acts;     /* default spec texts: "int4:channel", "uint8" */
  char *label;              /* for people: "int4 · channel · uint8" */

  char *metric;           /* "top1", "perplexity", "none" (no labels) */
  double value;           /* top1: share 0 … 1; perplexity; NaN for none */
  guint64 n, n_correct;   /* samples (or tokens) judged; correct ones (top1, perplexity's top-1) */
  guint64 n_samples;      /* run: all of the study, or fewer where it was stopped early */
  gboolean stopped_early; /* given up in a race: not a finished measurement */
  double ci_lo, ci_hi;    /* 95 % interval of value: Wilson for top1 */
  double agreement; /* share of samples with the float model's class; NaN when the output has no
                           classes */
  double agreement_lo, agreement_hi;
  double output_sqnr_db;
  double output_kl; /* mean KL of softmax, nats; NaN without classes */

  guint64 weight_bytes; /* all parameters: quantized weights with scales, the rest as float */
  guint64 float_bytes;  /* the same parameters in float32 */
  double mean_bits;     /* bits per quantized weight */
  guint64 bit_ops;      /* Σ multiply-adds × weight bits × activation bits; float counts 32 */
  double integer_share; /* multiply-adds that ran on integer kernels, 0 … 1 */
  gboolean simulated;   /* some layer ran in float on decoded values */
  char *level;          /* instruction-set level: "avx512vnni" */
  guint64 seed;
  double seconds;        /* to measure it */
  guint64 traffic_bytes; /* of the layers, for one sample */
  double latency_ms;     /* a sample on one thread: bs_study_measure; NaN: not measured */
  char *machine;         /* processor that latency_ms was measured on; NULL or "": none */
  gint64 finished_at;    /* Unix time */

  guint n_layers;
  BsLayerResult *layers; /* in execution order: layers with weights */
  guint n_predictions;
  gint32
    *predictions; /* argmax per sample (token); NULL when not kept (results read from the store) */
};

BsResult *bs_result_new (void);
BsResult *bs_result_ref (BsResult *result);
void bs_result_unref (BsResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsResult, bs_result_unref)

/* bs_result_quality: what trade-off plots put on the y axis, larger is better: value for top1,
 * −value for perplexity, agreement without labels, output SQNR where there are no classes. */
double bs_result_quality (const BsResult *result);

/* bs_result_layer: what was measured of the named layer, or NULL; result may be NULL. */
const BsLayerResult *bs_result_layer (const BsResult *result, const char *name);

/* bs_results_mean_sqnr_db: how well a layer bears being quantized alone: the mean of its
 * local_sqnr_db over all results in which that is finite; NaN: there is none. */
double bs_results_mean_sqnr_db (BsResult *const *results, guint n, const char *layer);

/* bs_results_pareto: marks the frontier (strictly better quality for more bytes). What was stopped
 * early is never on it.
 *   pareto  [n], filled */
void bs_results_pareto (BsResult *const *results, guint n, gboolean *pareto);

G_END_DECLS
