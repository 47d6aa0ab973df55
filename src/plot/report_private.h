/* Inside of a report: its parts, as both writers read them. Private to src/plot.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "report.h"

G_BEGIN_DECLS

typedef enum { BS_PART_HEADING, BS_PART_TEXT, BS_PART_TABLE, BS_PART_PLOT } BsPartKind;

typedef struct {
  BsPartKind kind;
  char *text; /* heading, text */
  guint n_columns, n_rows;
  gboolean *right, *bold;
  GPtrArray *cells; /* char *, (n_rows + 1) · n_columns */
  const BsPlot *plot;
  BsPlotData *data;
} BsPart;

struct _BsReport {
  char *title;
  GArray *parts; /* BsPart */
};

/* Both append the whole file; FALSE with error. */
gboolean bs_report_html (const BsReport *report, GByteArray *bytes, GError **error);
gboolean bs_report_pdf (const BsReport *report, GByteArray *bytes, GError **error);

G_END_DECLS
