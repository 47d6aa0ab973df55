/* Results and their layers: one transaction each, whole or not at all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/columns.h"
#include "store/connection.h"

#include <string.h>

#define RESULT(kind, member)                                                                       \
  {                                                                                                \
#member, BS_COLUMN_##kind, G_STRUCT_OFFSET(BsResult, member)                                   \
  }
#define LAYER(kind, member)                                                                        \
  {                                                                                                \
#member, BS_COLUMN_##kind, G_STRUCT_OFFSET(BsLayerResult, member)                              \
  }

static const BsColumn result_columns[] = {
  RESULT (DIGEST, key),           RESULT (TEXT, config),
  RESULT (TEXT, weights),         RESULT (TEXT, acts),
  RESULT (TEXT, label),           RESULT (TEXT, metric),
  RESULT (REAL, value),           RESULT (INTEGER, n),
  RESULT (INTEGER, n_correct),    RESULT (REAL, ci_lo),
  RESULT (REAL, ci_hi),           RESULT (REAL, agreement),
  RESULT (REAL, agreement_lo),    RESULT (REAL, agreement_hi),
  RESULT (REAL, output_sqnr_db),  RESULT (REAL, output_kl),
  RESULT (INTEGER, weight_bytes), RESULT (INTEGER, float_bytes),
  RESULT (REAL, mean_bits),       RESULT (INTEGER, bit_ops),
  RESULT (REAL, integer_share),   RESULT (FLAG, simulated),
  RESULT (TEXT, level),           RESULT (INTEGER, seed),
  RESULT (REAL, seconds),         RESULT (REAL, latency_ms),
  RESULT (INTEGER, finished_at),  RESULT (INTEGER, n_samples),
  RESULT (FLAG, stopped_early),   RESULT (INTEGER, traffic_bytes),
  RESULT (TEXT, machine),         { NULL },
};

static const BsColumn layer_columns[] = {
  LAYER (TEXT, name),
  LAYER (TEXT, op),
  LAYER (TEXT, weights),
  LAYER (TEXT, acts),
  LAYER (FLAG, on_integers),
  LAYER (INTEGER, weight_bits),
  LAYER (REAL, mean_bits),
  LAYER (REAL, weight_sqnr_db),
  LAYER (REAL, local_sqnr_db),
  LAYER (REAL, accumulated_sqnr_db),
  LAYER (REAL, cosine),
  LAYER (REAL, max_abs),
  LAYER (REAL, saturated_share),
  LAYER (REAL, error_span),
  LAYER (INTEGER, macs),
  LAYER (INTEGER, bit_ops),
  LAYER (INTEGER, traffic_bytes),
  LAYER (REAL, latency_ms),
  { NULL },
};

static gboolean
add_layer (BsStore *store,
           const char *insert,
           gint64 id,
           guint position,
           const BsLayerResult *layer,
           GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (store, insert, error);
  guint64 bins[BS_ERROR_BINS], any = 0;

  if (statement == NULL)
    return FALSE;
  for (guint i = 0; i < BS_ERROR_BINS; i++) {
    any |= layer->error_bins[i];
    bins[i] = GUINT64_TO_LE (layer->error_bins[i]);
  }
  sqlite3_bind_int64 (statement, 1, id);
  sqlite3_bind_int (statement, 2, (gint) position);
  sqlite3_bind_blob (statement, 3, bins, any != 0 ? sizeof bins : 0, SQLITE_STATIC);
  bs_columns_bind (statement, 4, layer_columns, layer);
  return bs_store_step (store, statement, error) == SQLITE_DONE;
}

/* What was stopped early gives way to a measurement of more samples, and what has no latency to one
 * of as many samples that has. */
static gboolean
remove_lesser (BsStore *store, gint64 study, const BsResult *result, GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (
    store,
    "DELETE FROM result WHERE study = ?1 AND key = ?2 AND ((stopped_early AND n_samples < ?3)"
    " OR (latency_ms IS NULL AND ?4 IS NOT NULL AND n_samples <= ?3))",
    error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, study);
  sqlite3_bind_text (statement, 2, result->key, -1, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 3, (gint64) result->n_samples);
  sqlite3_bind_double (statement, 4, result->latency_ms); /* NaN becomes NULL */
  return bs_store_step (store, statement, error) == SQLITE_DONE;
}

/* id 0: the key was stored already. */
static gboolean
add_result (BsStore *store,
            gint64 study,
            const BsResult *result,
            gboolean is_float,
            gint64 *id,
            GError **error)
{
  g_autofree char *plain = bs_columns_insert ("result", "study, is_float", 2, result_columns);
  g_autofree char *insert = g_strconcat (plain, " ON CONFLICT (study, key) DO NOTHING", NULL);
  sqlite3_stmt *statement = bs_store_statement (store, insert, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, study);
  sqlite3_bind_int (statement, 2, is_float);
  bs_columns_bind (statement, 3, result_columns, result);
  if (bs_store_step (store, statement, error) != SQLITE_DONE)
    return FALSE;
  *id = sqlite3_changes (store->db) > 0 ? sqlite3_last_insert_rowid (store->db) : 0;
  return TRUE;
}

gboolean
bs_store_add (BsStore *store,
              gint64 study,
              const BsResult *result,
              gboolean is_float,
              GError **error)
{
  g_autofree char *insert =
    bs_columns_insert ("layer", "result, position, error_bins", 3, layer_columns);
  gboolean done;
  gint64 id = 0;

  if (!bs_store_begin (store, error))
    return FALSE;
  done = remove_lesser (store, study, result, error) &&
         add_result (store, study, result, is_float, &id, error);
  for (guint i = 0; done && id != 0 && i < result->n_layers; i++)
    done = add_layer (store, insert, id, i, &result->layers[i], error);
  return bs_store_end (store, done, error);
}

GHashTable *
bs_store_keys (BsStore *store, gint64 study, GError **error)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sqlite3_stmt *statement = bs_store_statement (
    store, "SELECT key FROM result WHERE study = ? AND NOT stopped_early", error);
  gint code;

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, study);
  while ((code = bs_store_step (store, statement, error)) == SQLITE_ROW)
    g_hash_table_add (keys, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  return code == SQLITE_DONE ? g_steal_pointer (&keys) : NULL;
}

static void
read_bins (sqlite3_stmt *statement, gint column, guint64 *bins)
{
  const void *blob = sqlite3_column_blob (statement, column);

  if (blob == NULL || sqlite3_column_bytes (statement, column) != BS_ERROR_BINS * sizeof *bins)
    return;
  memcpy (bins, blob, BS_ERROR_BINS * sizeof *bins);
  for (guint i = 0; i < BS_ERROR_BINS; i++)
    bins[i] = GUINT64_FROM_LE (bins[i]);
}

static gboolean
read_layers (BsStore *store, gint64 id, BsResult *result, GError **error)
{
  g_autofree char *names = bs_columns_names (layer_columns);
  g_autofree char *select =
    g_strdup_printf ("SELECT error_bins, %s FROM layer WHERE result = ? ORDER BY position", names);
  g_autoptr (GArray) layers = g_array_new (FALSE, TRUE, sizeof (BsLayerResult));
  sqlite3_stmt *statement = bs_store_statement (store, select, error);
  gint code;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  while ((code = bs_store_step (store, statement, error)) == SQLITE_ROW) {
    BsLayerResult layer = { 0 };

    bs_columns_read (statement, 1, layer_columns, &layer);
    read_bins (statement, 0, layer.error_bins);
    g_array_append_val (layers, layer);
  }
  result->n_layers = layers->len;
  result->layers = (BsLayerResult *) g_array_free (g_steal_pointer (&layers), FALSE);
  return code == SQLITE_DONE;
}

/* All results that where selects; its one parameter is an integer or, with text, a text. study may
 * be NULL. */
static GPtrArray *
select_results (BsStore *store,
                const char *where,
                gint64 number,
                const char *text,
                gint64 *study,
                GError **error)
{
  g_autofree char *names = bs_columns_names (result_columns);
  g_autofree char *select =
    g_strdup_printf ("SELECT id, study, %s FROM result WHERE %s", names, where);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  sqlite3_stmt *statement = bs_store_statement (store, select, error);
  gint code;

  if (statement == NULL)
    return NULL;
  if (text != NULL)
    sqlite3_bind_text (statement, 1, text, -1, SQLITE_STATIC);
  else
    sqlite3_bind_int64 (statement, 1, number);
  while ((code = bs_store_step (store, statement, error)) == SQLITE_ROW) {
    BsResult *result = bs_result_new ();

    g_ptr_array_add (results, result);
    bs_columns_read (statement, 2, result_columns, result);
    if (study != NULL)
      *study = sqlite3_column_int64 (statement, 1);
    if (!read_layers (store, sqlite3_column_int64 (statement, 0), result, error)) {
      sqlite3_reset (statement);
      return NULL;
    }
  }
  return code == SQLITE_DONE ? g_steal_pointer (&results) : NULL;
}

GPtrArray *
bs_store_results (BsStore *store, gint64 study, GError **error)
{
  return select_results (store, "study = ? AND NOT is_float ORDER BY id", study, NULL, NULL, error);
}

BsResult *
bs_store_float (BsStore *store, gint64 study, GError **error)
{
  g_autoptr (GPtrArray) results =
    select_results (store, "study = ? AND is_float", study, NULL, NULL, error);

  return results != NULL && results->len > 0 ? bs_result_ref (results->pdata[0]) : NULL;
}

/* "3fa9", or "7:3fa9" for study 7 alone. */
static gboolean
parse_key (const char *text, guint64 *study, const char **prefix)
{
  const char *colon = strchr (text, ':');
  g_autofree char *number = colon != NULL ? g_strndup (text, (gsize) (colon - text)) : NULL;
  gsize n;

  *study = 0;
  if (number != NULL && !g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT64, study, NULL))
    return FALSE;
  *prefix = colon != NULL ? colon + 1 : text;
  n = strlen (*prefix);
  return n >= 4 && n < BS_DIGEST_SIZE && strspn (*prefix, "0123456789abcdef") == n;
}

static const BsResult *
only_key (BsStore *store, GPtrArray *results, const char *key_prefix, GError **error)
{
  if (results->len == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "No result in “%s” has a key that starts with “%s”", store->path, key_prefix);
    return NULL;
  }
  for (guint i = 1; i < results->len; i++) {
    const BsResult *a = results->pdata[0], *b = results->pdata[i];

    if (strcmp (a->key, b->key) != 0) {
      g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                   "More than one result in “%s” has a key that starts with “%s”; give more digits",
                   store->path, key_prefix);
      return NULL;
    }
  }
  return results->pdata[results->len - 1];
}

BsResult *
bs_store_find (BsStore *store, const char *key_prefix, gint64 *study, GError **error)
{
  g_autoptr (GPtrArray) results = NULL;
  g_autofree char *pattern = NULL, *where = NULL;
  const char *prefix;
  guint64 only;
  const BsResult *found;

  if (!parse_key (key_prefix, &only, &prefix)) {
    g_set_error (error, BS_ERROR, BS_ERROR_STORE,
                 "“%s” is not a result's key: 4 to 64 hexadecimal digits, as “results” prints them",
                 key_prefix);
    return NULL;
  }
  pattern = g_strconcat (prefix, "*", NULL);
  /* the newest study last: it wins where several have measured the same configuration */
  if (only != 0)
    where = g_strdup_printf ("key GLOB ? AND study = %" G_GUINT64_FORMAT, only);
  else
    where = g_strdup ("key GLOB ? ORDER BY study, id");
  results = select_results (store, where, 0, pattern, study, error);
  found = results != NULL ? only_key (store, results, key_prefix, error) : NULL;
  return found != NULL ? bs_result_ref ((BsResult *) found) : NULL;
}
