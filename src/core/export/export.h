/* Exports: the chosen configuration, written for another tool, then read back and checked.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/study.h"

G_BEGIN_DECLS

typedef struct {
  GPtrArray *files;          /* char *, paths written */
  GPtrArray *warnings;       /* char *, what the target cannot express or keep */
  gboolean checked;          /* the file was read back and run */
  double max_abs_difference; /* of outputs, exported file against our run of the configuration; NaN:
                                not run */
  double agreement;          /* share of the same class; NaN: not run */
} BsExportReport;

void bs_export_report_free (BsExportReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsExportReport, bs_export_report_free)

typedef struct {
  const char *id;          /* "onnx-qdq" */
  const char *title;       /* N_() */
  const char *description; /* N_(): who reads it */
  const char *suffix;      /* ".onnx" */

  /* What this target cannot express of the configuration: sentences, before anything is written.
   * (transfer full) strings. */
  GPtrArray *(*limits) (BsStudy *study, BsConfig *config);
  gboolean (*write) (BsStudy *study,
                     BsConfig *config,
                     const char *path,
                     BsExportReport *report,
                     GError **error);
} BsExport;

extern const BsExport *const bs_exports[]; /* all rows, ending with NULL */
const BsExport *bs_export_find (const char *id);

/* bs_export_run: writes through a temporary file and a rename, reads back and checks. */
BsExportReport *bs_export_run (const BsExport *target,
                               BsStudy *study,
                               BsConfig *config,
                               const char *path,
                               GError **error);

G_END_DECLS
