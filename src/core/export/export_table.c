/* All export targets, and how one is written and checked.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "export/export.h"
#include "loaders/loader.h"
#include "quant/measure.h"
#include "run/runner.h"
#include "run/walk.h"
#include "study/study_private.h"

#define CHECK_SAMPLES 64u

extern const BsExport bs_export_config, bs_export_onnx_qdq;

const BsExport *const bs_exports[] = { &bs_export_config, &bs_export_onnx_qdq, NULL };

const BsExport *
bs_export_find (const char *id)
{
  for (guint i = 0; bs_exports[i] != NULL; i++)
    if (g_str_equal (bs_exports[i]->id, id))
      return bs_exports[i];
  return NULL;
}

void
bs_export_report_free (BsExportReport *report)
{
  g_ptr_array_unref (report->files);
  g_ptr_array_unref (report->warnings);
  g_free (report);
}

/* Runs the first samples through the file as read back, in float, and through our own plan. */
static gboolean
check_model (BsStudy *study,
             BsConfig *config,
             const char *path,
             BsExportReport *report,
             GError **error)
{
  g_autoptr (BsModel) model = bs_load_model (path, error);
  g_autoptr (BsPrepared) plan = model != NULL ? bs_study_prepare (study, config, error) : NULL;
  g_autoptr (BsRunner) runner = plan != NULL ? bs_runner_new (plan) : NULL;
  guint group = (guint) MAX (study->fixed_batch, 1),
        n = MIN (CHECK_SAMPLES, study->dataset->n) / group * group, same = 0, judged = 0;

  if (runner == NULL)
    return FALSE;
  report->max_abs_difference = 0;
  for (guint i = 0; i < n;
       i += group == 1 && study->fixed_batch == 0 ? MIN (BS_BATCH, n - i) : group) {
    guint count = group == 1 && study->fixed_batch == 0 ? MIN (BS_BATCH, n - i) : group;
    BsValue inputs[BS_CALL_MAX], theirs[BS_CALL_MAX] = { 0 };
    bs_study_inputs (study, i, count, inputs);
    if (model->n_outputs > BS_CALL_MAX ||
        !bs_runner_run (runner, inputs, group == 1 ? count : 1, 0, G_MAXUINT, NULL, NULL, error) ||
        !bs_walk (model, inputs, theirs, NULL, error))
      return FALSE;
    const BsValue *ours = bs_runner_output_value (runner, 0);
    gboolean comparable = theirs[0].dtype == BS_DTYPE_F32 && bs_value_same_shape (ours, &theirs[0]);
    for (gsize k = 0; comparable && ours->dtype == BS_DTYPE_F32 && k < bs_value_count (ours); k++)
      report->max_abs_difference =
        fmax (report->max_abs_difference,
              fabs ((double) ((float *) ours->data)[k] - (double) ((float *) theirs[0].data)[k]));
    for (guint row = 0; comparable && row < count * study->judge.rows; row++, judged++)
      same += bs_argmax ((float *) ours->data + (gsize) row * study->judge.classes,
                         study->judge.classes) ==
              bs_argmax ((float *) theirs[0].data + (gsize) row * study->judge.classes,
                         study->judge.classes);
    for (guint k = 0; k < model->n_outputs; k++)
      bs_value_clear (&theirs[k]);
    if (!comparable) {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                   "The file “%s”, read back, has an output of another shape than the model", path);
      return FALSE;
    }
  }
  report->checked = TRUE;
  report->agreement = judged > 0 ? (double) same / judged : NAN;
  return TRUE;
}

BsExportReport *
bs_export_run (const BsExport *target,
               BsStudy *study,
               BsConfig *config,
               const char *path,
               GError **error)
{
  g_autoptr (BsExportReport) report = g_new0 (BsExportReport, 1);
  g_autofree char *temporary = g_strdup_printf ("%s.part%s", path, target->suffix);

  report->files = g_ptr_array_new_with_free_func (g_free);
  report->warnings = g_ptr_array_new_with_free_func (g_free);
  report->max_abs_difference = report->agreement = NAN;
  if (!target->write (study, config, temporary, report, error)) {
    g_remove (temporary);
    return NULL;
  }
  if (g_str_has_suffix (target->suffix, ".onnx")) {
    g_autoptr (GError) cause = NULL;
    if (!check_model (study, config, temporary, report, &cause))
      g_ptr_array_add (
        report->warnings,
        g_strdup_printf ("The file was written but could not be checked: %s", cause->message));
  } else {
    g_autoptr (BsConfig) back = bs_config_load (temporary, error);
    if (back == NULL)
      return NULL;
    report->checked = g_str_equal (back->key, config->key);
    report->max_abs_difference = 0;
    report->agreement = 1;
  }
  if (g_rename (temporary, path) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "The file “%s” cannot be written: %s", path,
                 g_strerror (errno));
    g_remove (temporary);
    return NULL;
  }
  g_ptr_array_add (report->files, g_strdup (path));
  return g_steal_pointer (&report);
}
