/* A study: one simplified model, one data set, the float run made once, and the measuring of
 * configurations. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"
#include "model/model.h"
#include "quant/config.h"
#include "quant/stats.h"
#include "run/prepare.h"
#include "study/observer.h"
#include "study/result.h"

G_BEGIN_DECLS

typedef struct _BsStudy BsStudy;

/* bs_study_new: simplifies and infers the model, runs it in float over calibration and evaluation
 * samples.
 *
 *   model    as loaded
 *   dataset  fits the model
 *
 * Errors   BS_ERROR_UNSUPPORTED naming operators that cannot run; the walk's own;
 * BS_ERROR_CANCELLED. Threads  one study is used by one thread at a time; it runs loops on the
 * pool. */
BsStudy *
bs_study_new (BsModel *model, BsDataset *dataset, const BsObserver *observer, GError **error);
void bs_study_free (BsStudy *study);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsStudy, bs_study_free)

BsModel *bs_study_model (const BsStudy *study);     /* simplified; borrowed */
BsDataset *bs_study_dataset (const BsStudy *study); /* borrowed */
BsResult *bs_study_float (const BsStudy *study);    /* the float run as a result; borrowed */

/* bs_study_stats: calibration statistics of a tensor of bs_study_model, or NULL when it is not a
 * float activation. */
const BsStats *bs_study_stats (const BsStudy *study, guint tensor);

#define BS_LAYER_SAMPLES                                                                           \
  64u /* layer errors are measured on so many samples, or all where there are fewer */

typedef enum {
  BS_MEASURE_LAYERS = 1 << 0,  /* local and accumulated error per layer */
  BS_MEASURE_LATENCY = 1 << 1, /* time a sample, of the whole and of each layer */
} BsMeasure;

/* bs_study_time_float: latency of the float run, into bs_study_float, which must not have been
 * handed on yet. */
gboolean bs_study_time_float (BsStudy *study, GError **error);

/* bs_study_measure: one configuration over all evaluation samples. Latency is the median of at least
 * 9 repeats of one batch of 16 samples (or the model's own batch) on one thread after a first one
 * that warms caches up, over the samples; it is what this machine's kernels take, not what another's
 * would.
 * Returns (transfer full). Numbers do not depend on threads or on what was measured before. */
BsResult *bs_study_measure (BsStudy *study,
                            BsConfig *config,
                            BsMeasure measure,
                            const gint *cancelled,
                            GError **error);

/* Other configurations to keep up with. */
typedef struct {
  /* the quality (bs_result_quality) that the configuration must not stay below; −INFINITY: any will
   * do. result: sizes are known, measures are not. Called on the thread that measures. */
  double (*bar) (gpointer user, const BsResult *result);
  gpointer user;
} BsRace;

/* bs_study_race: bs_study_measure that gives up when the samples so far show that the bar will not
 * be reached: result->stopped_early is set, its measures and intervals are those of
 * result->n_samples samples, and layer errors and latency are left out. Looks are taken after 256,
 * 512, 1024, … samples, spread over the data set, until one finds the bar reached; what they decide
 * depends on nothing but the bar.
 *
 *   race  NULL: never gives up */
BsResult *bs_study_race (BsStudy *study,
                         BsConfig *config,
                         BsMeasure measure,
                         const BsRace *race,
                         const gint *cancelled,
                         GError **error);

/* bs_study_expect: the configuration that will be measured after the next one, to be prepared while
 * the next one's samples run; a guess, that costs no more than its preparation where it is wrong.
 *
 *   config  NULL: none is known */
void bs_study_expect (BsStudy *study, BsConfig *config);

/* bs_study_prepare: the plan that bs_study_measure runs: for exports and for looking at single
 * layers. */
BsPrepared *bs_study_prepare (BsStudy *study, BsConfig *config, GError **error);

/* bs_study_keep_cuts: whether configurations measured from now on leave their activations at cut
 * points behind, so that later ones that begin alike start there. A sensitivity scan keeps those of
 * its base configuration. */
void bs_study_keep_cuts (BsStudy *study, gboolean keep);

/* bs_study_drop_cuts: forgets what was kept, before another base configuration. */
void bs_study_drop_cuts (BsStudy *study);

/* bs_study_set_cache: cap in bytes for cached cut-point activations, at first
 * bs_study_default_cache, a quarter of RAM; 0 switches the cache off. Another cap than before
 * forgets what was kept. */
void bs_study_set_cache (BsStudy *study, gsize bytes);
gsize bs_study_default_cache (void);

G_END_DECLS
