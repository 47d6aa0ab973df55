/* The document: running, stopping and exporting.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document_private.h"
#include "study/advise.h"

#include <glib/gi18n.h>
#include <math.h>

void
bs_document_drop_job (BsDocument *self)
{
  if (self->job == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->job, self);
  bs_job_cancel (self->job);
  g_clear_object (&self->job);
  bs_document_notify (self, BS_DOCUMENT_PROP_RUNNING);
}

static void
progress_cb (BsJob *job, double fraction, const char *text, BsDocument *self)
{
  self->progress = fraction;
  g_free (self->progress_text);
  self->progress_text = g_strdup (text);
  bs_document_notify (self, BS_DOCUMENT_PROP_PROGRESS);
  bs_document_notify (self, BS_DOCUMENT_PROP_PROGRESS_TEXT);
}

static void
take_float (BsDocument *self)
{
  g_autoptr (BsResult) result = bs_job_float (self->job);

  bs_document_set_float (self, result);
  GPtrArray *findings = bs_job_take_findings (self->job);
  if (findings != NULL)
    bs_document_set_findings (self, findings);
}

/* The selected result's configuration, or 8 bits where there is none, with the edits. */
static BsConfig *
edited_config (BsDocument *self, GError **error)
{
  const BsSweepSettings *settings = bs_document_settings (self);
  g_autoptr (BsConfig) base =
    self->selected_result != NULL
      ? bs_config_parse (bs_result_item_get (self->selected_result)->config, error)
      : bs_advise_default ();
  BsConfig *config = base;
  GVariantIter iter;
  const char *layer, *text;
  BsSpec spec;

  if (base == NULL)
    return NULL;
  bs_config_ref (config);
  g_variant_iter_init (&iter, settings->edits);
  while (g_variant_iter_next (&iter, "{&s&s}", &layer, &text)) {
    if (!bs_spec_parse (text, &spec, error)) {
      bs_config_unref (config);
      return NULL;
    }
    BsConfig *edited = bs_config_with_weights (config, layer, &spec);
    bs_config_unref (config);
    config = edited;
  }
  return config;
}

static void
results_cb (BsJob *job, GPtrArray *results, BsDocument *self)
{
  take_float (self);
  bs_document_add_results (self, results);
}

static void
scanned_cb (BsJob *job, BsDocument *self)
{
  BsSensitivity *scan = bs_job_take_scan (job);

  if (scan == NULL)
    return;
  g_clear_pointer (&self->scans[scan->mode], bs_sensitivity_free);
  self->scans[scan->mode] = scan;
  bs_document_show_scan (self);
}

static void
finished_cb (BsJob *job, BsDocument *self)
{
  g_autoptr (BsJob) held = g_object_ref (job);
  const GError *error = bs_job_error (job);

  take_float (self);
  self->study = bs_job_take_study (job);
  if (bs_job_seconds_each (job) > 0)
    self->seconds_each = bs_job_seconds_each (job);
  g_signal_handlers_disconnect_by_data (job, self);
  g_clear_object (&self->job);
  progress_cb (job, 0, "", self);
  bs_document_notify (self, BS_DOCUMENT_PROP_RUNNING);
  if (error != NULL) {
    bs_document_fail (self, error);
    return;
  }
  if (self->job_kind == BS_JOB_SWEEP) {
    bs_document_propose (self);
  } else if (self->job_kind == BS_JOB_MEASURE) {
    BsResultItem *item = g_hash_table_lookup (self->keys, bs_job_measured_key (job));
    if (item != NULL)
      bs_document_select_result (self, item);
  } else if (self->job_kind == BS_JOB_EXPORT) {
    g_autoptr (BsExportReport) report = bs_job_take_report (job);
    if (report != NULL)
      g_signal_emit (self, bs_document_signals[BS_DOCUMENT_SIGNAL_EXPORTED], 0, report);
  }
}

static BsJobSpec *
make_spec (BsDocument *self, BsJobKind kind)
{
  BsJobSpec *spec = g_new0 (BsJobSpec, 1);

  /* The float run is shown already and stays as it is: its time comes with another one. */
  if (bs_document_settings (self)->effort.latency && self->study != NULL &&
      isnan (bs_study_float (self->study)->latency_ms))
    g_clear_pointer (&self->study, bs_study_free);
  spec->kind = kind;
  spec->model = bs_model_ref (self->facts->model);
  spec->model_path = g_strdup (self->facts->path);
  spec->data_text = g_strdup (self->data_text);
  spec->settings = bs_sweep_settings_ref (bs_document_settings (self));
  spec->db_path = g_strdup (self->db_path);
  spec->study = g_steal_pointer (&self->study);
  return spec;
}

static void
start_job (BsDocument *self, BsJobSpec *spec)
{
  self->job_kind = spec->kind;
  self->job = bs_job_new (spec);
  g_signal_connect (self->job, "progress", G_CALLBACK (progress_cb), self);
  g_signal_connect (self->job, "results", G_CALLBACK (results_cb), self);
  g_signal_connect (self->job, "scanned", G_CALLBACK (scanned_cb), self);
  g_signal_connect (self->job, "finished", G_CALLBACK (finished_cb), self);
  progress_cb (self->job, 0, _ ("Starting"), self);
  bs_job_start (self->job);
  bs_document_notify (self, BS_DOCUMENT_PROP_RUNNING);
}

void
bs_document_run (BsDocument *self)
{
  g_autoptr (GError) error = NULL;
  guint n;

  if (self->facts == NULL || self->job != NULL)
    return;
  if (!bs_document_count (self, &n, &error)) {
    bs_document_fail (self, error);
    return;
  }
  start_job (self, make_spec (self, BS_JOB_SWEEP));
}

void
bs_document_measure (BsDocument *self, BsConfig *config)
{
  BsJobSpec *spec;

  if (self->facts == NULL || self->job != NULL)
    return;
  spec = make_spec (self, BS_JOB_MEASURE);
  spec->config = bs_config_ref (config);
  start_job (self, spec);
}

void
bs_document_run_edited (BsDocument *self)
{
  g_autoptr (GError) error = NULL;

  if (self->facts == NULL)
    return;
  g_autoptr (BsConfig) config = edited_config (self, &error);
  if (config == NULL)
    bs_document_fail (self, error);
  else
    bs_document_measure (self, config);
}

void
bs_document_judge (BsDocument *self)
{
  BsResultItem *items[] = { self->selected_result, self->other_result };
  g_autoptr (GPtrArray) configs = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_config_unref);
  g_autoptr (GError) error = NULL;
  BsJobSpec *spec;

  if (self->facts == NULL || self->job != NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    if (items[i] != NULL && bs_result_item_judged (items[i]) == NULL) {
      BsConfig *config = bs_config_parse (bs_result_item_get (items[i])->config, &error);
      if (config == NULL) {
        bs_document_fail (self, error);
        return;
      }
      g_ptr_array_add (configs, config);
    }
  if (configs->len == 0)
    return;
  spec = make_spec (self, BS_JOB_JUDGE);
  spec->config = bs_config_ref (configs->pdata[0]);
  spec->other_config = configs->len > 1 ? bs_config_ref (configs->pdata[1]) : NULL;
  start_job (self, spec);
}

void
bs_document_scan (BsDocument *self, BsSensitivityMode mode)
{
  BsJobSpec *spec;

  if (self->facts == NULL || self->job != NULL)
    return;
  spec = make_spec (self, BS_JOB_SCAN);
  spec->scan_mode = mode;
  start_job (self, spec);
}

void
bs_document_stop (BsDocument *self)
{
  if (self->job == NULL)
    return;
  bs_job_cancel (self->job);
  progress_cb (self->job, self->progress, _ ("Stopping"), self);
}

void
bs_document_export (BsDocument *self, const BsExport *target, const char *path)
{
  g_autoptr (GError) error = NULL;
  BsJobSpec *spec;

  if (self->facts == NULL || self->job != NULL || self->selected_result == NULL)
    return;
  g_autoptr (BsConfig) config =
    bs_config_parse (bs_result_item_get (self->selected_result)->config, &error);
  if (config == NULL) {
    bs_document_fail (self, error);
    return;
  }
  spec = make_spec (self, BS_JOB_EXPORT);
  spec->target = target;
  spec->config = g_steal_pointer (&config);
  spec->out_path = g_strdup (path);
  start_job (self, spec);
}

void
bs_document_prepare (BsDocument *self)
{
  if (self->facts != NULL && self->job == NULL && self->study == NULL)
    start_job (self, make_spec (self, BS_JOB_PREPARE));
}

gboolean
bs_document_count (BsDocument *self, guint *n, GError **error)
{
  g_autoptr (GPtrArray) configs = bs_plan_configs (&bs_document_settings (self)->plan, error);

  if (configs == NULL)
    return FALSE;
  *n = configs->len;
  return TRUE;
}
