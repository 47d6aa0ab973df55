/* The schema: one script per version, run in order on files that are older.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/connection.h"

#define APPLICATION_ID                                                                             \
  G_GINT64_CONSTANT (0x42697473) /* "Bits": tells file (1) and us whose database it is */

/* Released scripts do not change: a new version is a new entry. In real columns NULL means "not a
 * number". */
static const char *const scripts[] = {
  /* 1 */
  "CREATE TABLE model ("
  "  id INTEGER PRIMARY KEY,"
  "  digest TEXT NOT NULL UNIQUE," /* SHA-256 of the file */
  "  name TEXT NOT NULL,"
  "  path TEXT NOT NULL," /* where it was opened last */
  "  parameters INTEGER NOT NULL,"
  "  float_bytes INTEGER NOT NULL"
  ") STRICT;"
  "CREATE TABLE dataset ("
  "  id INTEGER PRIMARY KEY,"
  "  digest TEXT NOT NULL UNIQUE," /* of the fitted samples, labels and options */
  "  name TEXT NOT NULL,"
  "  spec TEXT NOT NULL" /* what opened it last */
  ") STRICT;"
  "CREATE TABLE study ("
  "  id INTEGER PRIMARY KEY,"
  "  model INTEGER NOT NULL REFERENCES model ON DELETE CASCADE,"
  "  dataset INTEGER NOT NULL REFERENCES dataset ON DELETE CASCADE,"
  "  metric TEXT NOT NULL,"
  "  n_samples INTEGER NOT NULL,"
  "  plan TEXT NOT NULL,"          /* the newest plan that asked for results */
  "  created_at INTEGER NOT NULL," /* Unix time */
  "  UNIQUE (model, dataset, metric, n_samples)"
  ") STRICT;"
  "CREATE TABLE result ("
  "  id INTEGER PRIMARY KEY,"
  "  study INTEGER NOT NULL REFERENCES study ON DELETE CASCADE,"
  "  is_float INTEGER NOT NULL," /* the float run that others are compared with */
  "  key TEXT NOT NULL,"         /* SHA-256 of config */
  "  config TEXT NOT NULL,"
  "  weights TEXT NOT NULL,"
  "  acts TEXT NOT NULL,"
  "  label TEXT NOT NULL,"
  "  metric TEXT NOT NULL,"
  "  value REAL,"
  "  n INTEGER NOT NULL,"
  "  n_correct INTEGER NOT NULL,"
  "  ci_lo REAL,"
  "  ci_hi REAL,"
  "  agreement REAL,"
  "  agreement_lo REAL,"
  "  agreement_hi REAL,"
  "  output_sqnr_db REAL,"
  "  output_kl REAL,"
  "  weight_bytes INTEGER NOT NULL,"
  "  float_bytes INTEGER NOT NULL,"
  "  mean_bits REAL,"
  "  bit_ops INTEGER NOT NULL,"
  "  integer_share REAL,"
  "  simulated INTEGER NOT NULL,"
  "  level TEXT NOT NULL,"
  "  seed INTEGER NOT NULL,"
  "  seconds REAL,"
  "  latency_ms REAL,"
  "  finished_at INTEGER NOT NULL,"
  "  UNIQUE (study, key)"
  ") STRICT;"
  "CREATE TABLE layer ("
  "  result INTEGER NOT NULL REFERENCES result ON DELETE CASCADE,"
  "  position INTEGER NOT NULL," /* in execution order */
  "  name TEXT NOT NULL,"
  "  op TEXT NOT NULL,"
  "  weights TEXT NOT NULL,"
  "  acts TEXT NOT NULL,"
  "  on_integers INTEGER NOT NULL,"
  "  weight_bits INTEGER NOT NULL,"
  "  mean_bits REAL,"
  "  weight_sqnr_db REAL,"
  "  local_sqnr_db REAL,"
  "  accumulated_sqnr_db REAL,"
  "  cosine REAL,"
  "  max_abs REAL,"
  "  saturated_share REAL,"
  "  error_span REAL,"
  /* 65 counts, 64-bit little-endian, over ±error_span; empty: not measured */
  "  error_bins BLOB NOT NULL,"
  "  PRIMARY KEY (result, position)"
  ") STRICT, WITHOUT ROWID;",
  /* 2: results that were stopped early */
  "ALTER TABLE result ADD COLUMN n_samples INTEGER NOT NULL DEFAULT 0;" /* run */
  "ALTER TABLE result ADD COLUMN stopped_early INTEGER NOT NULL DEFAULT 0;"
  "UPDATE result SET n_samples = (SELECT n_samples FROM study WHERE study.id = result.study);",
  /* 3: what layers cost */
  "ALTER TABLE result ADD COLUMN traffic_bytes INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE result ADD COLUMN machine TEXT NOT NULL DEFAULT '';" /* of latency_ms */
  "ALTER TABLE layer ADD COLUMN macs INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE layer ADD COLUMN bit_ops INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE layer ADD COLUMN traffic_bytes INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE layer ADD COLUMN latency_ms REAL;",
};

const gint bs_schema_version = G_N_ELEMENTS (scripts);

/* Whose file it is and how old; version is −1 for one with nothing in it. */
static gboolean
read_version (BsStore *store, gint64 *version, GError **error)
{
  gint64 application, tables;
  gboolean own = sqlite3_get_autocommit (store->db) != 0, done;

  /* one transaction for the three: another process may be making the file right now */
  if (own && !bs_store_run (store, "BEGIN", error))
    return FALSE;
  done = bs_store_integer (store, "PRAGMA application_id", &application, error) &&
         bs_store_integer (store, "PRAGMA user_version", version, error) &&
         bs_store_integer (store, "SELECT COUNT(*) FROM sqlite_schema", &tables, error);
  if (!done)
    return FALSE; /* the caller asks SQLite why, and closes the connection */
  if (own && !bs_store_run (store, "COMMIT", error))
    return FALSE;

  if (application == 0 && *version == 0 && tables == 0) {
    *version = -1;
    return TRUE;
  }
  if (application != APPLICATION_ID) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "“%s” is a database of another program, not one of Bitstair's", store->path);
    return FALSE;
  }
  if (*version > bs_schema_version) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "“%s” was written by a newer Bitstair (schema %d; this one knows %d)", store->path,
                 (gint) *version, bs_schema_version);
    return FALSE;
  }
  return TRUE;
}

gboolean
bs_schema_check (BsStore *store, GError **error)
{
  gint64 version;

  if (!read_version (store, &version, error))
    return FALSE;
  if (version == bs_schema_version)
    return TRUE;
  g_set_error (
    error, BS_ERROR, BS_ERROR_STORE,
    version < 0
      ? "“%s” is empty: no study was stored in it yet"
      : "“%s” was written by an older Bitstair; open it once for writing to bring it up to date",
    store->path);
  return FALSE;
}

gboolean
bs_schema_is_older (BsStore *store)
{
  gint64 version;

  return read_version (store, &version, NULL) && version > 0 && version < bs_schema_version;
}

/* Another process may be doing the same: the version is read again inside the transaction. */
static gboolean
run_next (BsStore *store, gint64 *version, GError **error)
{
  g_autofree char *pragmas = NULL;
  gboolean done;

  if (!bs_store_begin (store, error))
    return FALSE;
  done = read_version (store, version, error);
  if (done && *version < bs_schema_version) {
    *version = MAX (*version, 0) + 1;
    pragmas = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d;",
                               (gint) APPLICATION_ID, (gint) *version);
    done =
      bs_store_run (store, scripts[*version - 1], error) && bs_store_run (store, pragmas, error);
  }
  return bs_store_end (store, done, error);
}

gboolean
bs_schema_update (BsStore *store, GError **error)
{
  gint64 version;

  if (!read_version (store, &version, error))
    return FALSE;
  while (version < bs_schema_version) {
    if (!run_next (store, &version, error))
      return FALSE;
  }
  return TRUE;
}
