/* A job: one long piece of work on a thread of its own, reporting to the main loop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/job.h"

#include "study/advise.h"
#include "workbench/data_text.h"

#include <glib/gi18n.h>
#include <math.h>

/* lock guards what stands below it; everything above is set before the thread starts, or by the
 * thread alone and read after "finished". */
struct _BsJob {
  GObject parent_instance;
  BsJobSpec *spec;
  GThread *thread;
  gint cancelled; /* atomic */
  GError *error;
  BsExportReport *report;
  gint64 study_id;
  double seconds_each;
  char *data_text; /* with the limit of the settings */

  GMutex lock;
  guint source;       /* the armed wake-up; 0: none */
  gboolean done;      /* the thread has ended */
  GPtrArray *pending; /* BsResult */
  BsResult *float_result;
  GPtrArray *findings;
  BsSensitivity *scan; /* not delivered yet */
  double fraction;
  char *text;
};

enum { SIGNAL_PROGRESS, SIGNAL_RESULTS, SIGNAL_SCANNED, SIGNAL_FINISHED, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (BsJob, bs_job, G_TYPE_OBJECT)

void
bs_job_spec_free (BsJobSpec *spec)
{
  if (spec == NULL)
    return;
  g_clear_pointer (&spec->model, bs_model_unref);
  g_clear_pointer (&spec->settings, bs_sweep_settings_unref);
  g_clear_pointer (&spec->study, bs_study_free);
  g_clear_pointer (&spec->config, bs_config_unref);
  g_clear_pointer (&spec->other_config, bs_config_unref);
  g_free (spec->model_path);
  g_free (spec->data_text);
  g_free (spec->db_path);
  g_free (spec->out_path);
  g_free (spec);
}

/* Main thread: hands over what has gathered. */
static gboolean
deliver_cb (gpointer data)
{
  BsJob *self = data;
  g_autoptr (GPtrArray) results = NULL;
  g_autofree char *text = NULL;

  g_mutex_lock (&self->lock);
  self->source = 0;
  results = g_steal_pointer (&self->pending);
  double fraction = self->fraction;
  text = g_strdup (self->text);
  gboolean scanned = self->scan != NULL;
  gboolean done = self->done;
  g_mutex_unlock (&self->lock);

  if (text != NULL)
    g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, fraction, text);
  if (results != NULL)
    g_signal_emit (self, signals[SIGNAL_RESULTS], 0, results);
  if (scanned)
    g_signal_emit (self, signals[SIGNAL_SCANNED], 0);
  if (done) {
    g_thread_join (g_steal_pointer (&self->thread));
    g_signal_emit (self, signals[SIGNAL_FINISHED], 0);
  }
  return G_SOURCE_REMOVE;
}

/* Any thread, lock held. */
static void
arm (BsJob *self)
{
  if (self->source == 0)
    self->source =
      g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, deliver_cb, g_object_ref (self), g_object_unref);
}

static void
progress_cb (gpointer user, guint done, guint total, const char *what, double seconds_left)
{
  BsJob *self = user;
  GString *text = g_string_new (what);

  if (total > 0)
    g_string_append_printf (text, _ (" · %u of %u"), MIN (done + 1, total), total);
  if (seconds_left >= 0) {
    g_string_append (text, " · ");
    if (seconds_left < 90)
      g_string_append_printf (text, _ ("%.0f s left"), ceil (seconds_left));
    else
      g_string_append_printf (text, _ ("%.0f min left"), ceil (seconds_left / 60));
  }
  g_mutex_lock (&self->lock);
  self->fraction = total > 0 ? (double) done / total : 0;
  g_free (self->text);
  self->text = g_string_free (text, FALSE);
  arm (self);
  g_mutex_unlock (&self->lock);
}

static void
result_cb (gpointer user, BsResult *result)
{
  BsJob *self = user;

  g_mutex_lock (&self->lock);
  if (self->pending == NULL)
    self->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  g_ptr_array_add (self->pending, bs_result_ref (result));
  arm (self);
  g_mutex_unlock (&self->lock);
}

/* scan (transfer full), in the place of one that says less. */
static void
set_scan (BsJob *self, BsSensitivity *scan)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->scan, bs_sensitivity_free);
  self->scan = scan;
  arm (self);
  g_mutex_unlock (&self->lock);
}

static void
filled_cb (gpointer user, const BsSensitivity *so_far)
{
  set_scan (user, bs_sensitivity_copy (so_far));
}

static void
advise (BsJob *self)
{
  g_autoptr (BsConfig) config = bs_advise_default ();
  const BsStudy *study = self->spec->study;
  GPtrArray *findings = bs_advise_model (bs_study_model (study), config, study);

  g_mutex_lock (&self->lock);
  self->findings = findings;
  g_mutex_unlock (&self->lock);
}

static gboolean
make_study (BsJob *self, const BsObserver *observer)
{
  BsJobSpec *spec = self->spec;
  const BsSweepEffort *effort = &spec->settings->effort;
  g_auto (BsDataText) data = { 0 };

  if (!bs_data_text_parse (spec->data_text, &data, &self->error))
    return FALSE;
  if (effort->limit != 0)
    data.options.limit = effort->limit;
  g_free (self->data_text);
  self->data_text = bs_data_text (data.spec, &data.options);
  if (spec->study == NULL) {
    progress_cb (self, 0, 0, _ ("Reading data"), -1);
    BsDataset *dataset = bs_dataset_open (data.spec, spec->model, &data.options, &self->error);
    if (dataset == NULL)
      return FALSE;
    progress_cb (self, 0, 0, _ ("Running in float"), -1);
    spec->study = bs_study_new (spec->model, dataset, observer, &self->error);
    bs_dataset_unref (dataset);
    if (spec->study == NULL ||
        (effort->latency && !bs_study_time_float (spec->study, &self->error)))
      return FALSE;
    advise (self);
  }
  bs_study_set_cache (spec->study, (gsize) effort->cache_mib << 20);
  g_mutex_lock (&self->lock);
  self->float_result = bs_result_ref (bs_study_float (spec->study));
  arm (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
run_sweep (BsJob *self, const BsObserver *observer)
{
  BsJobSpec *spec = self->spec;
  const BsSweepEffort *effort = &spec->settings->effort;
  const BsSweepOptions options = { .race = effort->race, .latency = effort->latency };
  BsSweepSummary summary = { 0 };

  g_autoptr (BsStore) store = bs_store_open (spec->db_path, &self->error);
  if (store == NULL)
    return;
  gint64 start = g_get_monotonic_time ();
  if (!bs_workbench_sweep (spec->study, store, spec->model_path, self->data_text,
                           &spec->settings->plan, &options, observer, &summary, &self->error))
    return;
  self->study_id = summary.study;
  if (summary.n_measured > 0)
    self->seconds_each =
      (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC / summary.n_measured;
}

static void
run_measure (BsJob *self, const BsObserver *observer)
{
  BsJobSpec *spec = self->spec;
  g_autoptr (BsStore) store = bs_store_open (spec->db_path, &self->error);
  g_autofree char *plan = bs_plan_to_string (&spec->settings->plan);
  g_autofree char *weights = bs_spec_to_string (&spec->config->weights);

  if (store == NULL)
    return;
  progress_cb (self, 0, 0, weights, -1);
  g_autoptr (BsResult) result =
    bs_workbench_measure_stored (spec->study, store, spec->model_path, self->data_text, plan,
                                 spec->config, observer->cancelled, &self->error);
  if (result != NULL)
    result_cb (self, result);
}

static void
run_judge (BsJob *self, const BsObserver *observer)
{
  BsConfig *configs[] = { self->spec->config, self->spec->other_config };

  for (guint i = 0; i < G_N_ELEMENTS (configs) && configs[i] != NULL; i++) {
    progress_cb (self, i, G_N_ELEMENTS (configs), _ ("Judging samples"), -1);
    g_autoptr (BsResult) result =
      bs_workbench_measure (self->spec->study, configs[i], 0, observer->cancelled, &self->error);
    if (result == NULL)
      return;
    result_cb (self, result);
  }
}

/* The weights that the sweep tries, with scales that one layer alone can have. */
static void
run_scan (BsJob *self, const BsObserver *observer)
{
  BsJobSpec *spec = self->spec;
  const BsPlan *plan = &spec->settings->plan;
  const BsObserver quiet = { observer->progress, NULL, observer->cancelled, observer->user };
  BsSensitivityPlan scan = { .mode = spec->scan_mode, .filled = filled_cb, .user = self };
  g_autofree char *scopes = bs_sweep_list_set (plan->scopes, "model", FALSE, "tensor");
  g_autoptr (BsStore) store = bs_store_open (spec->db_path, &self->error);

  if (store == NULL || !bs_spec_parse ("float", &scan.others, &self->error) ||
      !bs_spec_parse ("float", &scan.layer_acts, &self->error))
    return;
  g_autoptr (GArray) weights =
    bs_plan_specs (plan->weights, scopes, plan->ranges, "weights", &self->error);
  if (weights == NULL)
    return;
  scan.weights = weights;
  BsSensitivity *found =
    bs_workbench_sensitivity (spec->study, store, spec->model_path, self->data_text, &scan, &quiet,
                              &self->study_id, &self->error);
  if (found != NULL)
    set_scan (self, found);
}

static void
run_export (BsJob *self)
{
  BsJobSpec *spec = self->spec;

  progress_cb (self, 0, 0, _ ("Writing and checking"), -1);
  self->report =
    bs_export_run (spec->target, spec->study, spec->config, spec->out_path, &self->error);
}

static gpointer
job_thread (gpointer data)
{
  BsJob *self = data;
  const BsObserver observer = { progress_cb, result_cb, &self->cancelled, self };

  if (make_study (self, &observer)) {
    if (self->spec->kind == BS_JOB_SWEEP)
      run_sweep (self, &observer);
    else if (self->spec->kind == BS_JOB_MEASURE)
      run_measure (self, &observer);
    else if (self->spec->kind == BS_JOB_JUDGE)
      run_judge (self, &observer);
    else if (self->spec->kind == BS_JOB_SCAN)
      run_scan (self, &observer);
    else if (self->spec->kind == BS_JOB_EXPORT)
      run_export (self);
  }
  if (g_error_matches (self->error, BS_ERROR, BS_ERROR_CANCELLED))
    g_clear_error (&self->error);
  g_mutex_lock (&self->lock);
  self->done = TRUE;
  arm (self);
  g_mutex_unlock (&self->lock);
  g_object_unref (self);
  return NULL;
}

static void
finalize (GObject *object)
{
  BsJob *self = BS_JOB (object);

  g_clear_pointer (&self->spec, bs_job_spec_free);
  g_clear_pointer (&self->pending, g_ptr_array_unref);
  g_clear_pointer (&self->float_result, bs_result_unref);
  g_clear_pointer (&self->findings, g_ptr_array_unref);
  g_clear_pointer (&self->report, bs_export_report_free);
  g_clear_pointer (&self->scan, bs_sensitivity_free);
  g_clear_error (&self->error);
  g_free (self->text);
  g_free (self->data_text);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (bs_job_parent_class)->finalize (object);
}

static void
bs_job_class_init (BsJobClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 2, G_TYPE_DOUBLE, G_TYPE_STRING);
  signals[SIGNAL_RESULTS] = g_signal_new ("results", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_PTR_ARRAY);
  signals[SIGNAL_SCANNED] =
    g_signal_new ("scanned", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FINISHED] =
    g_signal_new ("finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bs_job_init (BsJob *self)
{
  g_mutex_init (&self->lock);
}

BsJob *
bs_job_new (BsJobSpec *spec)
{
  BsJob *job = g_object_new (BS_TYPE_JOB, NULL);

  job->spec = spec;
  return job;
}

void
bs_job_start (BsJob *job)
{
  g_return_if_fail (job->thread == NULL && !job->done);
  job->thread = g_thread_new ("job", job_thread, g_object_ref (job));
}

void
bs_job_cancel (BsJob *job)
{
  g_atomic_int_set (&job->cancelled, 1);
}

void
bs_job_finish_now (BsJob *job)
{
  bs_job_cancel (job);
  if (job->thread != NULL)
    g_thread_join (g_steal_pointer (&job->thread));
  g_mutex_lock (&job->lock);
  g_clear_handle_id (&job->source, g_source_remove);
  g_mutex_unlock (&job->lock);
}

gboolean
bs_job_was_cancelled (BsJob *job)
{
  return g_atomic_int_get (&job->cancelled) != 0;
}

const GError *
bs_job_error (BsJob *job)
{
  return job->error;
}

BsStudy *
bs_job_take_study (BsJob *job)
{
  return g_steal_pointer (&job->spec->study);
}

BsExportReport *
bs_job_take_report (BsJob *job)
{
  return g_steal_pointer (&job->report);
}

BsSensitivity *
bs_job_take_scan (BsJob *job)
{
  g_mutex_lock (&job->lock);
  BsSensitivity *scan = g_steal_pointer (&job->scan);
  g_mutex_unlock (&job->lock);
  return scan;
}

gint64
bs_job_study_id (BsJob *job)
{
  return job->study_id;
}

double
bs_job_seconds_each (BsJob *job)
{
  return job->seconds_each;
}

BsResult *
bs_job_float (BsJob *job)
{
  g_mutex_lock (&job->lock);
  BsResult *result = job->float_result != NULL ? bs_result_ref (job->float_result) : NULL;
  g_mutex_unlock (&job->lock);
  return result;
}

GPtrArray *
bs_job_take_findings (BsJob *job)
{
  g_mutex_lock (&job->lock);
  GPtrArray *findings = g_steal_pointer (&job->findings);
  g_mutex_unlock (&job->lock);
  return findings;
}

const char *
bs_job_measured_key (BsJob *job)
{
  return job->spec->config != NULL ? job->spec->config->key : NULL;
}
