/* A report: headings, text, tables and plots in their order, saved as one HTML page or as a PDF.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "plot.h"

G_BEGIN_DECLS

typedef struct _BsReport BsReport;

BsReport *bs_report_new (const char *title);
void bs_report_free (BsReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsReport, bs_report_free)

void bs_report_heading (BsReport *report, const char *text);
void bs_report_text (BsReport *report, const char *text);

/* bs_report_table: copies what it is given.
 *
 *   right  [n_columns] columns of numbers, aligned right
 *   cells  char *, the titles first, row by row: a multiple of n_columns
 *   bold   [rows without titles], or NULL: none */
void bs_report_table (BsReport *report,
                      guint n_columns,
                      const gboolean *right,
                      const GPtrArray *cells,
                      const gboolean *bold);

/* bs_report_plot: with its description below. data: (transfer full) */
void bs_report_plot (BsReport *report, const BsPlot *plot, BsPlotData *data);

/* bs_report_save: the suffix .html or .pdf decides; the same report gives the same bytes.
 *
 * Errors  BS_ERROR_INVALID suffix; BS_ERROR_IO with the path. */
gboolean bs_report_save (BsReport *report, const char *path, GError **error);

G_END_DECLS
