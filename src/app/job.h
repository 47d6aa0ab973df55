/* A job: one long piece of work on a thread of its own, reporting to the main loop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/sweep_settings.h"
#include "export/export.h"
#include "workbench/workbench.h"

#include <glib-object.h>

G_BEGIN_DECLS

/* The thread arms at most one wake-up of the main loop at a time: results and progress gather
 * under a lock and are delivered together. Signals, on the main thread only:
 *
 *   "progress"  double fraction, const char *text
 *   "results"   GPtrArray of BsResult: a batch, in the order they were measured
 *   "scanned"   a scan has its table, still empty, or more of it is filled
 *   "finished"  once, last; then the getters below answer
 */
typedef enum {
  BS_JOB_SWEEP,
  BS_JOB_MEASURE, /* one configuration, remembered with the sweep's study */
  BS_JOB_JUDGE,   /* configurations again, for the class of each sample; nothing is stored */
  BS_JOB_SCAN,    /* each layer with the weights of the sweep's plan, alone or spared; remembered */
  BS_JOB_EXPORT,
  BS_JOB_PREPARE, /* makes the study only: exports need it when results come from the store */
} BsJobKind;

/* What a job works on. Owned by the job once given. */
typedef struct {
  BsJobKind kind;
  BsModel *model;
  char *model_path;
  char *data_text;           /* path and options of the data: workbench/data_text.h */
  BsSweepSettings *settings; /* the sweep; its limit holds for every kind of job */
  char *db_path;             /* sweep; NULL: the default database */
  BsStudy
    *study; /* made by an earlier job for the same model, data and limit, or NULL: made first */
  const BsExport *target; /* export */
  BsConfig *config;       /* measure, judge, export */
  BsConfig *other_config; /* judge; NULL: config alone */
  char *out_path;
  BsSensitivityMode scan_mode; /* scan */
} BsJobSpec;

void bs_job_spec_free (BsJobSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsJobSpec, bs_job_spec_free)

#define BS_TYPE_JOB (bs_job_get_type ())
G_DECLARE_FINAL_TYPE (BsJob, bs_job, BS, JOB, GObject)

BsJob *bs_job_new (BsJobSpec *spec); /* spec (transfer full) */
void bs_job_start (BsJob *job);
void bs_job_cancel (BsJob *job); /* ends within a fraction of a second; "finished" still comes */

/* bs_job_finish_now: cancels, waits for the thread and delivers nothing any more; for closing down.
 */
void bs_job_finish_now (BsJob *job);

/* After "finished". */
const GError *bs_job_error (BsJob *job); /* NULL: succeeded or cancelled */
gboolean bs_job_was_cancelled (BsJob *job);
BsStudy *bs_job_take_study (BsJob *job);         /* (transfer full), or NULL */
BsExportReport *bs_job_take_report (BsJob *job); /* (transfer full), or NULL */
gint64 bs_job_study_id (BsJob *job);             /* in the database; 0: none */
const char *bs_job_measured_key (BsJob *job);    /* of spec->config; NULL: none was given */
double bs_job_seconds_each (
  BsJob *job); /* mean time of a configuration measured by this job; 0: none was */

/* As soon as the float run is done: its result, else NULL. Any time, main thread. */
BsResult *bs_job_float (BsJob *job); /* (transfer full) */

/* As soon as they are known, once: what will hurt, about weights, activations and biases. */
GPtrArray *bs_job_take_findings (BsJob *job); /* BsFinding (transfer full), or NULL */

/* After "scanned": the table so far, the last time as the scan left it. */
BsSensitivity *bs_job_take_scan (BsJob *job); /* (transfer full), or NULL */

G_END_DECLS
