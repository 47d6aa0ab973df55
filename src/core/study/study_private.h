/* What the files of a study share. Private to src/core/study.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/measure.h"
#include "run/runner.h"
#include "study/study.h"

G_BEGIN_DECLS

#define BS_BATCH                                                                                   \
  16 /* samples that go through the network together: their activations stay in the second-level   \
        cache */
#define BS_SHARD                                                                                   \
  (2 * BS_BATCH) /* samples a thread claims at once: few, as the others wait for the last ones */

/* How the first output is judged. */
typedef struct {
  gsize elements; /* floats a sample; 0: the output is not float32 */
  guint rows;     /* judgements a sample: 1, or tokens */
  guint classes;  /* per row; 0: the output has no classes */
  gboolean next_token;
} BsJudge;

/* A cut point: the one tensor that is alive there, for all evaluation samples. */
typedef struct {
  guint64 key;
  gsize sample_bytes;
  guint8 *data;
} BsCut;

/* A configuration as far as it is known without running. */
typedef struct {
  BsPrepared *plan;
  BsResult *result;
} BsBegun;

struct _BsStudy {
  BsModel *model;
  BsDataset *dataset;
  gint64 fixed_batch; /* 0: any */
  BsStats **stats;    /* [n_tensors] */
  BsConfig *float_config;
  BsResult *float_result;
  BsJudge judge;
  float *reference;        /* [n · judge.elements] float outputs */
  gint32 *reference_class; /* [n · rows] */

  guint n_probes; /* samples whose float activations are kept, to compare layers with */
  float **probes; /* [n_tensors] images channels last; NULL: not kept */
  const BsSpec **current_acts; /* [n_tensors] while layers are measured */
  GHashTable *local;           /* text of a layer's treatment → BsErrorSums of this layer alone */
  GHashTable *accumulated;     /* key of a slot → what layer_errors.c measured there */

  BsLayerInputs *inputs; /* [n_inputs] made when the first correction needs them */
  guint n_inputs;
  GHashTable *variants; /* text of rescaling corrections → BsStudy of the rescaled model */
  gboolean is_variant;  /* reference and reference_class are the original's */

  gsize cache_cap, cache_used;
  GHashTable *cuts; /* key → BsCut */
  gboolean keep_cuts;

  GPtrArray *runners; /* BsRunner, one per worker of loops over samples; NULL: not made yet */
  const BsPrepared *running; /* the plan of the loop that runs; NULL: none does */

  /* Changed by the one slice of a loop over samples that prepares, and outside of such loops. */
  BsConfig *expected; /* the one after the next to be measured; NULL: not known */
  BsBegun ahead;      /* prepared while the samples of another one ran; plan NULL: none was */
};

/* bs_study_inputs: sample `index` and the n − 1 behind it as the model's inputs. Borrowed; only the
 * first input is fed from the data set. bs_study_calibration: likewise of the calibration samples;
 * they are put into samples [n · sample_bytes]. */
void bs_study_inputs (const BsStudy *study, guint index, guint n, BsValue *inputs);
void
bs_study_calibration (const BsStudy *study, guint index, guint n, guint8 *samples, BsValue *inputs);

/* Runners for a loop over samples, kept from loop to loop. bs_study_begin_runs: before it.
 * bs_study_runner: in it, that of a worker. bs_study_end_runs: behind it; the plan may go then. */
void bs_study_begin_runs (BsStudy *study, const BsPrepared *plan);
BsRunner *bs_study_runner (BsStudy *study, guint worker);
void bs_study_end_runs (BsStudy *study);

/* bs_study_prepare_ahead: what is expected, which is known, into study->ahead; as one slice of a loop
 * over samples. Nothing on errors, which will come up when it is the configuration's turn. */
void bs_study_prepare_ahead (BsStudy *study);

/* bs_study_make_reference: calibration statistics, float outputs, probes. */
gboolean bs_study_make_reference (BsStudy *study, const BsObserver *observer, GError **error);

/* bs_study_make_inputs: second moments and magnitudes of what each layer reads, from calibration;
 * once. */
gboolean bs_study_make_inputs (BsStudy *study, GError **error);
void bs_layer_inputs_free (BsLayerInputs *inputs, guint n);

/* bs_study_variant: the study whose model is rescaled as the configuration's corrections say:
 * itself where none does. Borrowed. The float function of a variant is the original's; its
 * activations are scaled. */
BsStudy *bs_study_variant (BsStudy *study, const BsConfig *config, GError **error);

/* bs_study_new_variant: a study of another model with the same function, without statistics yet.
 * (transfer full) */
BsStudy *bs_study_new_variant (BsStudy *study, BsModel *model);

/* bs_study_calibrate: statistics and probes of a variant, whose outputs are known already. */
gboolean bs_study_calibrate (BsStudy *study, const gint *cancelled, GError **error);

/* What evaluation adds up, one per shard, merged in shard order. */
typedef struct {
  guint64 n_samples;             /* run */
  guint64 n, n_correct, n_agree; /* judged: samples, or tokens */
  double kl, nll, nll_sq;
  BsErrorSums error;
} BsShardSums;

/* Where to run a plan on from: behind the deepest cut that is cached, or from the inputs. */
typedef struct {
  const BsCut *cut; /* NULL: the inputs */
  guint slot;       /* to feed */
  guint step;       /* the first to run */
} BsStart;

void bs_study_find_start (const BsStudy *study, const BsPrepared *plan, BsStart *start);

/* bs_start_feed: puts count evaluation samples from first on into the runner; nothing where the run
 * starts with the inputs. */
gboolean
bs_start_feed (const BsStart *start, BsRunner *runner, guint first, guint count, GError **error);

/* bs_study_evaluate: all samples through the plan, or as many as it takes to see that their quality
 * (bs_result_quality) will stay below bar.
 *   outputs  [n · judge.elements] or NULL: kept here
 *   classes  [n · rows] or NULL: argmax kept here
 *   bar      −INFINITY: none */
gboolean bs_study_evaluate (BsStudy *study,
                            const BsPrepared *plan,
                            float *outputs,
                            gint32 *classes,
                            double bar,
                            BsShardSums *sums,
                            const gint *cancelled,
                            GError **error);

#define BS_RACE_SHARDS 8 /* run before the first look at a race; then twice as many each time */

/* bs_race_order: the order in which shards are run in a race: pairs, far apart first, the last one,
 * which may be short, in the end. (transfer full) */
guint *bs_race_order (guint n_shards);

typedef enum {
  BS_RACE_OPEN, /* look again after as many samples more */
  BS_RACE_LOST, /* the quality of all samples will almost certainly be below the bar */
  BS_RACE_KEPT, /* at the bar or above it: no further looks, which would make threads wait */
} BsRaceState;

/* bs_race_look: how a race stands.
 *   sums   of the shards order[0 … taken − 1], shard samples each */
BsRaceState bs_race_look (const BsStudy *study,
                          const BsShardSums *sums,
                          guint shard,
                          const guint *order,
                          guint taken,
                          double bar);

/* bs_study_set_float: the float run as a result, from what its evaluation added up. */
void
bs_study_set_float (BsStudy *study, const BsPrepared *plan, const BsShardSums *sums, gint64 start);

/* bs_study_count_cost: macs, bit_ops and traffic_bytes of a layer; weight_bits is known. */
void bs_study_count_cost (const BsPrepared *plan, const BsPlannedLayer *layer, BsLayerResult *out);

/* bs_study_measure_latency: latency_ms of result and its layers, and the machine. */
gboolean bs_study_measure_latency (const BsStudy *study,
                                   const BsPrepared *plan,
                                   BsResult *result,
                                   GError **error);

/* bs_study_measure_layers: local and accumulated errors on the probes into result->layers (already
 * made). */
gboolean bs_study_measure_layers (BsStudy *study,
                                  const BsPrepared *plan,
                                  BsResult *result,
                                  const gint *cancelled,
                                  GError **error);

G_END_DECLS
