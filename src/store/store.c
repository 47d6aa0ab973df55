/* The store's connection: opening, statements, transactions, and SQLite's errors as sentences.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/store.h"

#include "store/connection.h"

#include <errno.h>
#include <glib/gstdio.h>

#define BUSY_TIMEOUT_MS 10000
#define WAL_RETRY_US                                                                               \
  20000 /* switching to WAL does not always wait for the busy timeout by itself */

gboolean
bs_store_fail (BsStore *store, GError **error)
{
  gint code = sqlite3_errcode (store->db) & 0xff;
  gint reason = sqlite3_system_errno (store->db);
  const char *path = store->path;

  switch (code) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    g_set_error (
      error, BS_ERROR, BS_ERROR_STORE,
      "The database “%s” is being written by another program and did not become free in %d seconds",
      path, BUSY_TIMEOUT_MS / 1000);
    break;
  case SQLITE_READONLY:
  case SQLITE_PERM:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "The database “%s” is read-only", path);
    break;
  case SQLITE_FULL:
    g_set_error (
      error, BS_ERROR, BS_ERROR_STORE,
      "The disk is full: the database “%s” could not grow; everything stored before is kept", path);
    break;
  case SQLITE_NOTADB:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "“%s” is not a database", path);
    break;
  case SQLITE_CORRUPT:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "The database “%s” is damaged; “sqlite3 FILE .recover” may save what is in it",
                 path);
    break;
  case SQLITE_CANTOPEN:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "The database “%s” cannot be opened: %s", path,
                 g_strerror (reason != 0 ? reason : ENOENT));
    break;
  case SQLITE_IOERR:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "The database “%s” cannot be read or written: %s",
                 path, reason != 0 ? g_strerror (reason) : sqlite3_errmsg (store->db));
    break;
  default:
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "The database “%s” reports: %s", path,
                 sqlite3_errmsg (store->db));
    break;
  }
  return FALSE;
}

sqlite3_stmt *
bs_store_statement (BsStore *store, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (store->statements, sql);

  if (statement != NULL) {
    sqlite3_reset (statement);
    sqlite3_clear_bindings (statement);
    return statement;
  }
  if (sqlite3_prepare_v3 (store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
      SQLITE_OK) {
    bs_store_fail (store, error);
    return NULL;
  }
  g_hash_table_insert (store->statements, g_strdup (sql), statement);
  return statement;
}

gint
bs_store_step (BsStore *store, sqlite3_stmt *statement, GError **error)
{
  gint code = sqlite3_step (statement);

  if (code != SQLITE_ROW && code != SQLITE_DONE)
    bs_store_fail (store, error);
  if (code != SQLITE_ROW)
    sqlite3_reset (statement); /* a finished statement must not hold a read transaction open */
  return code;
}

gboolean
bs_store_run (BsStore *store, const char *sql, GError **error)
{
  if (sqlite3_exec (store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
    return bs_store_fail (store, error);
  return TRUE;
}

gboolean
bs_store_integer (BsStore *store, const char *sql, gint64 *value, GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (store, sql, error);

  if (statement == NULL || bs_store_step (store, statement, error) != SQLITE_ROW)
    return FALSE;
  *value = sqlite3_column_int64 (statement, 0);
  sqlite3_reset (statement);
  return TRUE;
}

gboolean
bs_store_begin (BsStore *store, GError **error)
{
  /* IMMEDIATE: waiting for the write lock here, where the busy timeout works, not in the middle */
  if (store->depth == 0 && !bs_store_run (store, "BEGIN IMMEDIATE", error))
    return FALSE;
  store->depth++;
  return TRUE;
}

gboolean
bs_store_end (BsStore *store, gboolean done, GError **error)
{
  g_assert (store->depth > 0);
  if (--store->depth > 0)
    return done;
  if (done && bs_store_run (store, "COMMIT", error))
    return TRUE;
  if (!sqlite3_get_autocommit (store->db)) /* some errors roll back by themselves */
    sqlite3_exec (store->db, "ROLLBACK", NULL, NULL, NULL);
  return FALSE;
}

void
bs_store_free (BsStore *store)
{
  if (store == NULL)
    return;
  g_hash_table_unref (store->statements);
  sqlite3_close (store->db);
  g_free (store->path);
  g_free (store);
}

static void
finalize_cb (gpointer statement)
{
  sqlite3_finalize (statement);
}

static BsStore *
connect_to (const char *path, const char *name, gint flags, GError **error)
{
  g_autoptr (BsStore) store = g_new0 (BsStore, 1);

  store->path = g_strdup (path);
  store->read_only = (flags & SQLITE_OPEN_READONLY) != 0;
  store->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize_cb);
  if (sqlite3_open_v2 (name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
    bs_store_fail (store, error);
    return NULL;
  }
  sqlite3_busy_timeout (store->db, BUSY_TIMEOUT_MS);
  return g_steal_pointer (&store);
}

static gboolean
is_wal (BsStore *store, GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (store, "PRAGMA journal_mode", error);
  gboolean wal;

  if (statement == NULL || bs_store_step (store, statement, error) != SQLITE_ROW)
    return FALSE;
  wal = g_strcmp0 ((const char *) sqlite3_column_text (statement, 0), "wal") == 0;
  sqlite3_reset (statement);
  return wal;
}

/* Readers and the writer do not wait for each other; a killed program loses nothing that was
 * committed. */
static gboolean
switch_to_wal (BsStore *store, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + BUSY_TIMEOUT_MS * G_GINT64_CONSTANT (1000);
  GError *problem = NULL;

  if (is_wal (store, &problem))
    return TRUE;
  if (problem != NULL) {
    g_propagate_error (error, problem);
    return FALSE;
  }
  while (sqlite3_exec (store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) == SQLITE_BUSY &&
         g_get_monotonic_time () < deadline)
    g_usleep (WAL_RETRY_US);
  return sqlite3_errcode (store->db) == SQLITE_OK ? TRUE : bs_store_fail (store, error);
}

static char *
default_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "bitstair", "results.db", NULL);
}

BsStore *
bs_store_open (const char *path, GError **error)
{
  g_autofree char *name = path != NULL ? g_strdup (path) : default_path ();
  g_autofree char *folder = g_path_get_dirname (name);
  g_autoptr (BsStore) store = NULL;

  if (g_mkdir_with_parents (folder, 0700) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "The folder “%s” for the database cannot be made: %s", folder, g_strerror (errno));
    return NULL;
  }
  store = connect_to (name, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
  if (store == NULL)
    return NULL;
  if (sqlite3_db_readonly (store->db, "main") ==
      1) { /* SQLite falls back to reading where it may not write */
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "The database “%s” is read-only", name);
    return NULL;
  }
  if (!bs_store_run (store, "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL", error) ||
      !switch_to_wal (store, error) || !bs_schema_update (store, error))
    return NULL;
  return g_steal_pointer (&store);
}

BsStore *
bs_store_open_read_only (const char *path, GError **error)
{
  g_autofree char *name = path != NULL ? g_strdup (path) : default_path ();
  g_autofree char *uri = NULL;
  g_autofree char *escaped = NULL;
  g_autoptr (BsStore) store = NULL;
  g_autoptr (GError) problem = NULL;
  gint code;

  if (!g_file_test (name, G_FILE_TEST_EXISTS)) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "There is no database “%s”", name);
    return NULL;
  }
  store = connect_to (name, name, SQLITE_OPEN_READONLY, error);
  if (store == NULL)
    return NULL;
  if (bs_schema_check (store, &problem))
    return g_steal_pointer (&store);
  code = sqlite3_errcode (store->db) & 0xff;
  if (sqlite3_get_autocommit (store->db) != 0 &&
      bs_schema_is_older (store)) { /* brought up to date where it may be written */
    g_autoptr (BsStore) writer = bs_store_open (name, NULL);
    if (writer != NULL && bs_schema_check (store, NULL))
      return g_steal_pointer (&store);
  }
  if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }

  /* WAL wants to make a file next to the database; on read-only media nobody can be writing it */
  g_clear_pointer (&store, bs_store_free);
  escaped = g_uri_escape_string (name, "/", TRUE);
  uri = g_strdup_printf ("file:%s?immutable=1", escaped);
  store = connect_to (name, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
  if (store == NULL || !bs_schema_check (store, error))
    return NULL;
  return g_steal_pointer (&store);
}
