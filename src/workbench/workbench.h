/* "Run this study and remember it": core and store together. Front ends call this and nothing below
 * it for sweeps. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "search/search.h"
#include "store/store.h"
#include "study/plan.h"
#include "study/study.h"

G_BEGIN_DECLS

typedef struct {
  guint shard, n_shards; /* only configurations i with i mod n_shards == shard − 1; 0: all */
  double seconds;        /* time box; 0: none */
  gboolean race;    /* small first; give configurations up that stay below smaller ones of the plan:
                    bs_study_race. Without it what was given up before is measured to the end */
  gboolean latency; /* measured too; what is stored without is measured again */
} BsSweepOptions;

typedef struct {
  gint64 study;         /* id in the store */
  guint n_configs;      /* of the plan (of this shard) */
  guint n_done;         /* measured now or found stored */
  guint n_measured;     /* measured now */
  guint n_stopped;      /* of those done: given up in a race */
  gboolean interrupted; /* cancelled or out of time: everything finished is stored */
} BsSweepSummary;

/* bs_workbench_study: the study's id in the store; makes it, and stores its float run, where they
 * are new.
 *
 *   data_spec  how the data is opened again: bs_data_text
 *   plan       canonical plan text; "" for a single evaluation
 *
 * Returns −1 on error. */
gint64 bs_workbench_study (BsStudy *study,
                           BsStore *store,
                           const char *model_path,
                           const char *data_spec,
                           const char *plan,
                           GError **error);

/* bs_workbench_measure: one configuration; the float run itself where nothing is quantized, with
 * its latency where that is asked for.
 * (transfer full) */
BsResult *bs_workbench_measure (BsStudy *study,
                                BsConfig *config,
                                BsMeasure measure,
                                const gint *cancelled,
                                GError **error);

/* bs_workbench_measure_stored: the same, taken from the store or stored in the study of a plan.
 *   plan  text as bs_plan_to_string; (transfer full) */
BsResult *bs_workbench_measure_stored (BsStudy *study,
                                       BsStore *store,
                                       const char *model_path,
                                       const char *data_spec,
                                       const char *plan,
                                       BsConfig *config,
                                       const gint *cancelled,
                                       GError **error);

/* bs_workbench_sweep: measures what the plan asks for and the store does not have, one transaction
 * per result. The observer's result () is called for stored results too, first. Cancelling is not
 * an error. */
gboolean bs_workbench_sweep (BsStudy *study,
                             BsStore *store,
                             const char *model_path,
                             const char *data_spec,
                             const BsPlan *plan,
                             const BsSweepOptions *options,
                             const BsObserver *observer,
                             BsSweepSummary *summary,
                             GError **error);

/* bs_workbench_sensitivity: bs_sensitivity_scan that takes what the store has and stores what it
 * measures. plan->known is not read. study: id in the store, filled. (transfer full) */
BsSensitivity *bs_workbench_sensitivity (BsStudy *study,
                                         BsStore *store,
                                         const char *model_path,
                                         const char *data_spec,
                                         const BsSensitivityPlan *plan,
                                         const BsObserver *observer,
                                         gint64 *id,
                                         GError **error);

/* bs_workbench_search: bs_search, likewise. */
BsSearch *bs_workbench_search (BsStudy *study,
                               BsStore *store,
                               const char *model_path,
                               const char *data_spec,
                               const BsSearchPlan *plan,
                               const BsObserver *observer,
                               gint64 *id,
                               GError **error);

G_END_DECLS
