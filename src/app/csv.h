/* Tables as CSV, for the clipboard: units in the names of columns, what is not known is an empty cell.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

G_BEGIN_DECLS

/* bs_csv_results: one row a BsResultItem. (transfer full) */
char *bs_csv_results (GListModel *results);

/* bs_csv_layers: one row a BsLayerItem, with the measures of a result, which may be NULL.
 * (transfer full) */
char *bs_csv_layers (GListModel *layers, const BsResult *result);

/* bs_csv_comparison: a row for each measure of both results, then one for each layer that both have.
 * (transfer full) */
char *bs_csv_comparison (const BsResult *a, const BsResult *b);

G_END_DECLS
