/* Columns: which member of a struct is which column of a table, listed once for writing and
 * reading. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef enum {
  BS_COLUMN_TEXT,    /* char *; owned by the struct after reading, never NULL */
  BS_COLUMN_DIGEST,  /* char[BS_DIGEST_SIZE] */
  BS_COLUMN_FLAG,    /* gboolean */
  BS_COLUMN_INTEGER, /* gint64, or guint64 with the same 64 bits */
  BS_COLUMN_REAL,    /* double; NaN is NULL */
} BsColumnKind;

/* An array of these ends with name == NULL. */
typedef struct {
  const char *name;
  BsColumnKind kind;
  gsize offset;
} BsColumn;

/* bs_columns_insert: "INSERT INTO table (extra, names…) VALUES (?, …)"; n_extra columns come first.
 * (transfer full) */
char *
bs_columns_insert (const char *table, const char *extra, guint n_extra, const BsColumn *columns);

/* bs_columns_names: "key, config, …" (transfer full) */
char *bs_columns_names (const BsColumn *columns);

/* Binds or reads the members in order, the first of them at index first (bind: from 1, read: from
 * 0). */
void
bs_columns_bind (sqlite3_stmt *statement, gint first, const BsColumn *columns, const void *object);
void bs_columns_read (sqlite3_stmt *statement, gint first, const BsColumn *columns, void *object);

G_END_DECLS
