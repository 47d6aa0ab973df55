/* What the files of the document share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

G_BEGIN_DECLS

struct _BsDocument {
  GObject parent_instance;
  char *db_path;
  BsFacts *facts;
  char *data_text;
  char *title;         /* for plots */
  GListStore *layers;  /* BsLayerItem */
  GListStore *results; /* BsResultItem */
  GHashTable *keys;    /* key → BsResultItem, borrowed from results */
  BsResultItem *float_result, *selected_result, *other_result;
  BsLayerItem *selected_layer;
  gboolean chosen_by_user; /* the selected result was chosen, not proposed */

  GPtrArray *history; /* BsSweepSettings */
  guint at;           /* the one in force */

  guint generation; /* of opening: answers to older requests are dropped */
  gboolean opening;
  BsJob *job;
  BsJobKind job_kind;
  double progress;
  char *progress_text;
  BsStudy *study;
  BsSensitivity *scans[BS_SENSITIVITY_ALL_BUT + 1]; /* by mode; NULL: not scanned yet */
  GPtrArray *findings;                              /* BsFinding; NULL: not known yet */
  double seconds_each;
};

/* Index of a property: what bs_document_notify takes. */
enum {
  BS_DOCUMENT_PROP_HAS_MODEL = 1,
  BS_DOCUMENT_PROP_MODEL_TITLE,
  BS_DOCUMENT_PROP_MODEL_SUMMARY,
  BS_DOCUMENT_PROP_DATA_TEXT,
  BS_DOCUMENT_PROP_SETTINGS,
  BS_DOCUMENT_PROP_CAN_UNDO,
  BS_DOCUMENT_PROP_CAN_REDO,
  BS_DOCUMENT_PROP_OPENING,
  BS_DOCUMENT_PROP_RUNNING,
  BS_DOCUMENT_PROP_PROGRESS,
  BS_DOCUMENT_PROP_PROGRESS_TEXT,
  BS_DOCUMENT_PROP_SELECTED_RESULT,
  BS_DOCUMENT_PROP_OTHER_RESULT,
  BS_DOCUMENT_PROP_FLOAT_RESULT,
  BS_DOCUMENT_PROP_SELECTED_LAYER,
  BS_DOCUMENT_PROP_FINDINGS,
  BS_DOCUMENT_N_PROPS,
};

/* Index into bs_document_signals. */
enum {
  BS_DOCUMENT_SIGNAL_FAILED,
  BS_DOCUMENT_SIGNAL_OPENED,
  BS_DOCUMENT_SIGNAL_EXPORTED,
  BS_DOCUMENT_SIGNAL_SCANNED,
  BS_DOCUMENT_N_SIGNALS
};

extern guint bs_document_signals[BS_DOCUMENT_N_SIGNALS];

void bs_document_notify (BsDocument *self, guint prop);
void bs_document_fail (BsDocument *self, const GError *error);

/* Results, document.c. */
void
bs_document_show_result (BsDocument *self,
                         BsResultItem *item); /* selects without counting as the user's choice */
void bs_document_propose (BsDocument *self);  /* selects a good result unless the user has chosen */
void bs_document_clear_results (BsDocument *self);
void bs_document_show_scan (BsDocument *self); /* a scan has changed or is gone */
void bs_document_set_float (BsDocument *self, BsResult *result);
void bs_document_add_results (BsDocument *self,
                              GPtrArray *results); /* BsResult; those already there are left out */

/* document_advise.c */
void bs_document_advise (BsDocument *self); /* looks for findings in the open model */
void bs_document_set_findings (BsDocument *self, GPtrArray *findings /* (transfer full) */);

/* document_run.c */
void bs_document_drop_job (BsDocument *self); /* cancels it; what it still delivers is ignored */

/* document_settings.c */
void bs_document_reset_settings (BsDocument *self,
                                 BsSweepSettings *settings); /* empties the history */
void bs_document_show_edits (BsDocument *self);              /* in the list of layers */

G_END_DECLS
