/* Inside of the store: one connection, its prepared statements and its errors.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "store/store.h"

#include <sqlite3.h>

G_BEGIN_DECLS

struct _BsStore {
  sqlite3 *db;
  char *path;
  gboolean read_only;
  guint depth;            /* of nested bs_store_begin: only the outermost is a transaction */
  GHashTable *statements; /* SQL text → sqlite3_stmt, prepared once */
};

/* Highest schema version this program knows. */
extern const gint bs_schema_version;

/* bs_schema_update: brings an open connection up to date; refuses other programs' and newer files.
 */
gboolean bs_schema_update (BsStore *store, GError **error);

/* bs_schema_check: the same refusals, changing nothing. */
gboolean bs_schema_check (BsStore *store, GError **error);

/* bs_schema_is_older: one of ours, of an earlier version. */
gboolean bs_schema_is_older (BsStore *store);

/* bs_store_fail: sets the sentence for SQLite's last error on this connection and returns FALSE. */
gboolean bs_store_fail (BsStore *store, GError **error);

/* bs_store_statement: prepared once per text, reset and unbound; borrowed. sql must stay valid. */
sqlite3_stmt *bs_store_statement (BsStore *store, const char *sql, GError **error);

/* bs_store_run: executes SQL that returns no rows. */
gboolean bs_store_run (BsStore *store, const char *sql, GError **error);

/* bs_store_step: SQLITE_ROW, SQLITE_DONE, or another code with error set. */
gint bs_store_step (BsStore *store, sqlite3_stmt *statement, GError **error);

/* One transaction that may nest; bs_store_end commits when done is TRUE and rolls back otherwise.
 * bs_store_end returns FALSE when done is FALSE or the commit failed. */
gboolean bs_store_begin (BsStore *store, GError **error);
gboolean bs_store_end (BsStore *store, gboolean done, GError **error);

gboolean bs_store_integer (BsStore *store, const char *sql, gint64 *value, GError **error);

G_END_DECLS
