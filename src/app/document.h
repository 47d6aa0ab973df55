/* The document: the one object that pages bind to. Main thread only.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facts.h"
#include "app/job.h"
#include "app/layer_item.h"
#include "app/result_item.h"
#include "app/sweep_settings.h"

G_BEGIN_DECLS

/* Properties, read only, all notify: has-model, model-title, model-summary, data-text, settings,
 * can-undo, can-redo, opening, running, progress, progress-text, selected-result, other-result,
 * selected-layer, float-result, findings. Signals:
 *
 *   "failed"    GError, ready to show
 *   "opened"    a model is there
 *   "exported"  BsExportReport, borrowed
 *   "scanned"   another part of a scan is there, or the scans are gone
 */
#define BS_TYPE_DOCUMENT (bs_document_get_type ())
G_DECLARE_FINAL_TYPE (BsDocument, bs_document, BS, DOCUMENT, GObject)

BsDocument *bs_document_new (const char *db_path); /* NULL: the default database */

/* bs_document_open: opens a model in the background; what was open goes once that succeeds.
 *
 *   data_text  path and options, as workbench/data_text.h; NULL: made-up inputs for now
 *   settings   the sweep to propose; NULL: the usual one
 */
void bs_document_open (BsDocument *self,
                       const char *path,
                       const char *data_text,
                       BsSweepSettings *settings);

/* bs_document_open_study: opens the model of a stored study and its results. path and data_text
 * override what is stored. */
void
bs_document_open_study (BsDocument *self, gint64 study, const char *path, const char *data_text);

/* bs_document_close: ends the running job and waits for its thread, a fraction of a second. Nothing
 * is delivered afterwards. */
void bs_document_close (BsDocument *self);

void bs_document_set_data (BsDocument *self, const char *data_text);
void bs_document_set_settings (BsDocument *self, BsSweepSettings *settings); /* can be undone */

/* bs_document_edit: what the weights of a layer are to become, over what the selected result has;
 * NULL: that again. layer NULL: no edits at all. Can be undone. */
void bs_document_edit (BsDocument *self, const char *layer, const char *spec);

/* bs_document_layer_spec: what the weights of a layer are to become: its edit, else what the
 * selected result gives it; FALSE: neither.
 *   edited  whether it is an edit */
gboolean
bs_document_layer_spec (BsDocument *self, const char *layer, BsSpec *spec, gboolean *edited);

/* bs_document_edit_base: the same to start editing from; 8 bits where there is nothing or float. */
BsSpec bs_document_edit_base (BsDocument *self, const char *layer);
void bs_document_undo (BsDocument *self);
void bs_document_redo (BsDocument *self);

void bs_document_run (BsDocument *self); /* measures the sweep */
void bs_document_measure (BsDocument *self,
                          BsConfig *config); /* one configuration, selects it; nothing else runs */
void bs_document_run_edited (
  BsDocument *self); /* measures the selected result's configuration with the edits, selects it */
void bs_document_judge (BsDocument *self); /* finds the class of each sample for those of the two
                                              compared results that do not know it */

/* bs_document_scan: measures each layer with the weights of the sweep, alone or spared. */
void bs_document_scan (BsDocument *self, BsSensitivityMode mode);
void bs_document_stop (BsDocument *self); /* ends the running job; what is done stays */
void bs_document_export (BsDocument *self,
                         const BsExport *target,
                         const char *path); /* the selected result */

void bs_document_prepare (
  BsDocument *self); /* makes the study where there is none yet: exports need it */

void bs_document_select_result (BsDocument *self, BsResultItem *item); /* NULL: none */
void bs_document_select_other (BsDocument *self, BsResultItem *item);
void bs_document_select_layer (BsDocument *self, BsLayerItem *item);
void bs_document_select_layer_named (BsDocument *self, const char *name); /* if there is one */

BsFacts *bs_document_facts (BsDocument *self); /* NULL: nothing open */
BsSweepSettings *bs_document_settings (BsDocument *self);

/* bs_document_findings: BsFinding, worst first: about weights once the model is open, about
 * activations and biases too after its first float run. NULL: not known yet. */
const GPtrArray *bs_document_findings (BsDocument *self);
const char *bs_document_data_text (BsDocument *self);
const char *bs_document_title (BsDocument *self);   /* "mnist_lenet_bn · mnist10k": for plots */
GListModel *bs_document_results (BsDocument *self); /* BsResultItem */
GListModel *bs_document_layers (BsDocument *self);  /* BsLayerItem */
BsResultItem *bs_document_selected_result (BsDocument *self);
BsResultItem *bs_document_other_result (BsDocument *self);
BsResultItem *bs_document_float_result (BsDocument *self);
BsLayerItem *bs_document_selected_layer (BsDocument *self);
gboolean bs_document_is_running (BsDocument *self);

/* bs_document_scanned: of the last scan in this mode, filled as far as it is; NULL: none yet. Valid
 * until "scanned". */
const BsSensitivity *bs_document_scanned (BsDocument *self, BsSensitivityMode mode);
BsStudy *bs_document_study (BsDocument *self); /* NULL while a job has it, or before the first */

/* bs_document_count: configurations of a plan. Errors: BS_ERROR_INVALID. */
gboolean bs_document_count (BsDocument *self, guint *n, GError **error);
double
bs_document_seconds_each (BsDocument *self); /* mean time of a configuration, 0: not known yet */

G_END_DECLS
