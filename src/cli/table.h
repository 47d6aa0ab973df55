/* Tables for people: columns aligned by what characters take on the screen.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BsTable BsTable;

/* bs_table_new: titles separated by “|”; one that starts with “>” is a column of numbers, aligned
 * right. */
BsTable *bs_table_new (const char *titles);
void bs_table_free (BsTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsTable, bs_table_free)

/* Cells of the row in work, from left to right; a row ends when all its columns are there. */
void bs_table_add (BsTable *table, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A number with unit ("" for none); NaN is written “–”, infinity “∞”. */
void bs_table_add_number (BsTable *table, double value, gint digits, const char *unit);

/* bs_table_to_string: two spaces between columns, no spaces at the ends of lines. (transfer full)
 */
char *bs_table_to_string (const BsTable *table);
void bs_table_print (const BsTable *table);

/* bs_table_cells: char *, the titles first, row by row; borrowed. right: [n_columns], borrowed. */
const GPtrArray *bs_table_cells (const BsTable *table, guint *n_columns, const gboolean **right);

/* “343 KiB”; (transfer full) */
char *bs_bytes_to_string (guint64 bytes);

G_END_DECLS
