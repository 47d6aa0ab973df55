/* Tests of the store: what goes in comes out, resuming, merging, and every way a file can be wrong.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/connection.h"
#include "store/store.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

typedef struct {
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("bitstair-store-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "deep", "er", "results.db", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_tree (child);
  }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_tree (fixture->folder);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static BsStudyInfo *
make_info (const char *model, const char *data)
{
  BsStudyInfo *info = g_new0 (BsStudyInfo, 1);

  info->model_name = g_strdup ("net");
  info->model_path = g_strdup ("/some/net.onnx");
  info->model_digest = g_strdup (model);
  info->data_name = g_strdup ("digits");
  info->data_spec = g_strdup ("digits.npz");
  info->data_digest = g_strdup (data);
  info->plan = g_strdup ("weights=int2..int8");
  info->metric = g_strdup ("top1");
  info->n_samples = 500;
  info->parameters = 6570;
  info->float_bytes = 26280;
  return info;
}

/* A result whose every member differs from every other's, from a number. */
static BsResult *
make_result (guint number)
{
  BsResult *result = bs_result_new ();
  g_autofree char *config = g_strdup_printf ("{\"number\":%u}", number);

  bs_digest_text (config, result->key);
  result->config = g_steal_pointer (&config);
  result->weights = g_strdup_printf ("int%u:channel", number % 16 + 1);
  result->acts = g_strdup ("uint8");
  result->label = g_strdup_printf ("int%u · channel · uint8", number);
  result->metric = g_strdup ("top1");
  result->value = 0.5 + number / 1000.0;
  result->n = 500;
  result->n_samples = 500;
  result->n_correct = 250 + number;
  result->ci_lo = 0.45;
  result->ci_hi = 0.55;
  result->agreement = 0.25;
  result->agreement_lo = 0.2;
  result->agreement_hi = 0.3;
  result->output_sqnr_db = 33.25;
  result->output_kl = NAN;
  result->weight_bytes = 1000 + number;
  result->float_bytes = 26280;
  result->mean_bits = 4.125;
  result->bit_ops = G_GUINT64_CONSTANT (1) << 40;
  result->integer_share = 0.998;
  result->simulated = number % 2 == 1;
  result->level = g_strdup ("avx2");
  result->seed = G_MAXUINT64 - number;
  result->seconds = 0.125;
  result->latency_ms = NAN;
  result->finished_at = 1700000000 + number;
  result->n_layers = 2;
  result->layers = g_new0 (BsLayerResult, 2);
  for (guint i = 0; i < 2; i++) {
    BsLayerResult *layer = &result->layers[i];

    layer->name = g_strdup_printf ("/f/conv%u “é”", i);
    layer->op = g_strdup ("Conv");
    layer->weights = g_strdup ("int4:channel");
    layer->acts = g_strdup ("float");
    layer->on_integers = i == 0;
    layer->weight_bits = 4096 + i;
    layer->mean_bits = 4.5;
    layer->weight_sqnr_db = i == 0 ? (double) INFINITY : 21.5;
    layer->local_sqnr_db = i == 0 ? -(double) INFINITY : 30.0;
    layer->accumulated_sqnr_db = 20.0 + number;
    layer->cosine = 0.999;
    layer->max_abs = 0.1;
    layer->saturated_share = 0.01;
    layer->error_span = 0.1;
    for (guint j = 0; j < BS_ERROR_BINS; j++)
      layer->error_bins[j] = j == 64 ? G_MAXUINT64 : j * 1000 + i;
  }
  return result;
}

static void
assert_same_double (double a, double b)
{
  g_assert_true (a == b || (isnan (a) && isnan (b)));
}

static void
assert_same_layer (const BsLayerResult *a, const BsLayerResult *b)
{
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpstr (a->op, ==, b->op);
  g_assert_cmpstr (a->weights, ==, b->weights);
  g_assert_cmpstr (a->acts, ==, b->acts);
  g_assert_cmpint (a->on_integers, ==, b->on_integers);
  g_assert_cmpuint (a->weight_bits, ==, b->weight_bits);
  assert_same_double (a->mean_bits, b->mean_bits);
  assert_same_double (a->weight_sqnr_db, b->weight_sqnr_db);
  assert_same_double (a->local_sqnr_db, b->local_sqnr_db);
  assert_same_double (a->accumulated_sqnr_db, b->accumulated_sqnr_db);
  assert_same_double (a->cosine, b->cosine);
  assert_same_double (a->max_abs, b->max_abs);
  assert_same_double (a->saturated_share, b->saturated_share);
  assert_same_double (a->error_span, b->error_span);
  g_assert_cmpmem (a->error_bins, sizeof a->error_bins, b->error_bins, sizeof b->error_bins);
}

static void
assert_same_result (const BsResult *a, const BsResult *b)
{
  g_assert_cmpstr (a->key, ==, b->key);
  g_assert_cmpstr (a->config, ==, b->config);
  g_assert_cmpstr (a->weights, ==, b->weights);
  g_assert_cmpstr (a->acts, ==, b->acts);
  g_assert_cmpstr (a->label, ==, b->label);
  g_assert_cmpstr (a->metric, ==, b->metric);
  g_assert_cmpstr (a->level, ==, b->level);
  assert_same_double (a->value, b->value);
  assert_same_double (a->ci_lo, b->ci_lo);
  assert_same_double (a->ci_hi, b->ci_hi);
  assert_same_double (a->agreement, b->agreement);
  assert_same_double (a->agreement_lo, b->agreement_lo);
  assert_same_double (a->agreement_hi, b->agreement_hi);
  assert_same_double (a->output_sqnr_db, b->output_sqnr_db);
  assert_same_double (a->output_kl, b->output_kl);
  assert_same_double (a->mean_bits, b->mean_bits);
  assert_same_double (a->integer_share, b->integer_share);
  assert_same_double (a->seconds, b->seconds);
  assert_same_double (a->latency_ms, b->latency_ms);
  g_assert_cmpuint (a->n, ==, b->n);
  g_assert_cmpuint (a->n_samples, ==, b->n_samples);
  g_assert_cmpint (a->stopped_early, ==, b->stopped_early);
  g_assert_cmpuint (a->n_correct, ==, b->n_correct);
  g_assert_cmpuint (a->weight_bytes, ==, b->weight_bytes);
  g_assert_cmpuint (a->float_bytes, ==, b->float_bytes);
  g_assert_cmpuint (a->bit_ops, ==, b->bit_ops);
  g_assert_cmpint (a->simulated, ==, b->simulated);
  g_assert_cmpuint (a->seed, ==, b->seed);
  g_assert_cmpint (a->finished_at, ==, b->finished_at);
  g_assert_cmpuint (a->n_layers, ==, b->n_layers);
  for (guint i = 0; i < a->n_layers; i++)
    assert_same_layer (&a->layers[i], &b->layers[i]);
}

static void
assert_integrity (BsStore *store)
{
  sqlite3_stmt *statement = bs_store_statement (store, "PRAGMA integrity_check", NULL);

  g_assert_cmpint (bs_store_step (store, statement, NULL), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *) sqlite3_column_text (statement, 0), ==, "ok");
  sqlite3_reset (statement);
}

static gint64
count_rows (BsStore *store, const char *table)
{
  g_autofree char *sql = g_strconcat ("SELECT COUNT(*) FROM ", table, NULL);
  gint64 n = -1;

  g_assert_true (bs_store_integer (store, sql, &n, NULL));
  return n;
}

/* A database with one study and n results, closed again. */
static gint64
fill (const char *path, const char *model, guint from, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsStore) store = bs_store_open (path, &error);
  g_autoptr (BsStudyInfo) info = make_info (model, "data");
  gint64 study;

  g_assert_no_error (error);
  study = bs_store_study (store, info, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++) {
    g_autoptr (BsResult) result = make_result (from + i);

    g_assert_true (bs_store_add (store, study, result, FALSE, &error));
    g_assert_no_error (error);
  }
  return study;
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 3), found;
  g_autoptr (BsStore) store = bs_store_open_read_only (fixture->path, &error);
  g_autoptr (GPtrArray) results = bs_store_results (store, study, &error);
  g_autoptr (BsStudyInfo) info = bs_store_study_info (store, 0, &error);
  g_autoptr (BsStudyInfo) same = bs_store_study_info (store, study, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (results->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (BsResult) expected = make_result (i);
    g_autofree char *prefix = g_strndup (expected->key, 8);
    g_autoptr (BsResult) by_key = bs_store_find (store, prefix, &found, &error);

    assert_same_result (expected, results->pdata[i]);
    g_assert_no_error (error);
    g_assert_cmpint (found, ==, study);
    assert_same_result (expected, by_key);
  }
  g_assert_cmpint (info->id, ==, study);
  g_assert_cmpint (same->id, ==, study);
  g_assert_cmpstr (info->model_path, ==, "/some/net.onnx");
  g_assert_cmpstr (info->data_spec, ==, "digits.npz");
  g_assert_cmpstr (info->plan, ==, "weights=int2..int8");
  g_assert_cmpuint (info->parameters, ==, 6570);
  g_assert_cmpuint (info->n_samples, ==, 500);
  g_assert_cmpuint (info->n_results, ==, 3);
  g_assert_cmpint (info->created_at, >, 1700000000);
  assert_integrity (store);
}

static void
test_float_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 1);
  g_autoptr (BsStore) store = bs_store_open (fixture->path, &error);
  g_autoptr (BsResult) none = bs_store_float (store, study, &error);
  g_autoptr (BsResult) baseline = make_result (99);
  g_autoptr (BsResult) stored = NULL;
  g_autoptr (GPtrArray) results = NULL;

  g_assert_no_error (error);
  g_assert_null (none);
  g_assert_true (bs_store_add (store, study, baseline, TRUE, &error));
  stored = bs_store_float (store, study, &error);
  assert_same_result (baseline, stored);
  results = bs_store_results (store, study, &error);
  g_assert_cmpuint (results->len, ==, 1);
}

/* The same model, data and measuring settings are one study; the same key is stored once. */
static void
test_resume (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 2);
  g_autoptr (BsStore) store = NULL;
  g_autoptr (GHashTable) keys = NULL;
  g_autoptr (GPtrArray) studies = NULL;
  g_autoptr (BsStudyInfo) evaluation = make_info ("model", "data");

  g_assert_cmpint (fill (fixture->path, "model", 1, 2), ==, study);
  g_assert_cmpint (fill (fixture->path, "another", 0, 1), !=, study);
  store = bs_store_open (fixture->path, &error);
  keys = bs_store_keys (store, study, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (keys), ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (BsResult) result = make_result (i);

    g_assert_true (g_hash_table_contains (keys, result->key));
  }
  studies = bs_store_studies (store, &error);
  g_assert_cmpuint (studies->len, ==, 2);
  g_assert_cmpint (((BsStudyInfo *) studies->pdata[1])->id, ==, study);

  /* a single evaluation does not forget the sweep's plan */
  g_free (evaluation->plan);
  evaluation->plan = g_strdup ("");
  g_assert_cmpint (bs_store_study (store, evaluation, &error), ==, study);
  g_clear_pointer (&studies, g_ptr_array_unref);
  studies = bs_store_studies (store, &error);
  g_assert_cmpstr (((BsStudyInfo *) studies->pdata[1])->plan, ==, "weights=int2..int8");
}

static void
test_merge (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *other = g_build_filename (fixture->folder, "shard 2?.db", NULL);
  g_autoptr (BsStore) store = NULL;
  gint64 study = fill (fixture->path, "model", 0, 3);

  fill (other, "another", 10, 2);
  fill (other, "model", 2, 3); /* one is there already */
  store = bs_store_open (fixture->path, &error);
  g_assert_cmpint (bs_store_merge (store, other, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpint (bs_store_merge (store, other, &error), ==, 0);
  {
    g_autoptr (GPtrArray) results = bs_store_results (store, study, &error);
    g_autoptr (BsResult) last = make_result (4);

    g_assert_cmpuint (results->len, ==, 5);
    assert_same_result (last, results->pdata[4]);
  }
  assert_integrity (store);

  g_assert_cmpint (bs_store_merge (store, "/nowhere/at all.db", &error), ==, -1);
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, "/nowhere/at all.db"));
}

static void
test_find (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BsStore) store = NULL;
  static const char *const wrong[] = {
    "", "abc", "xyz0", "ABCD", "%___", "****", "0000000000000000"
  };
  g_autoptr (BsResult) expected = make_result (1);
  g_autofree char *prefix = g_strndup (expected->key, 8);
  gint64 study, first, second;

  first = fill (fixture->path, "model", 0, 2);
  second = fill (fixture->path, "another", 1, 1);
  store = bs_store_open_read_only (fixture->path, NULL);
  for (guint i = 0; i < 3; i++) { /* in both studies: the newest, or the one asked for */
    g_autofree char *name =
      i == 0 ? g_strdup (prefix)
             : g_strdup_printf ("%" G_GINT64_FORMAT ":%s", i == 1 ? first : second, prefix);
    g_autoptr (BsResult) found = bs_store_find (store, name, &study, NULL);

    assert_same_result (expected, found);
    g_assert_cmpint (study, ==, i == 1 ? first : second);
  }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (bs_store_find (store, wrong[i], &study, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  }
}

/* Expects opening to fail with a sentence that names the file and contains text. */
static void
assert_refused (const char *path, const char *text)
{
  for (guint writing = 0; writing < 2; writing++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (BsStore) store =
      writing ? bs_store_open (path, &error) : bs_store_open_read_only (path, &error);

    g_assert_null (store);
    g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
    g_assert_nonnull (strstr (error->message, path));
    if (strstr (error->message, text) == NULL)
      g_error ("“%s” does not say “%s”", error->message, text);
  }
}

static void
test_not_a_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "text.db", NULL);
  g_autofree char *junk = g_strnfill (8192, 'x');

  g_assert_true (g_file_set_contents (path, junk, -1, NULL));
  assert_refused (path, "not a database");
}

static void
test_foreign_database (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "other.db", NULL);
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "CREATE TABLE thing (x)", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  assert_refused (path, "another program");
}

static void
test_newer_schema (Fixture *fixture, gconstpointer data)
{
  sqlite3 *db;

  fill (fixture->path, "model", 0, 1);
  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "PRAGMA user_version = 1000", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  sqlite3_close (db);
  assert_refused (fixture->path, "newer");
}

/* A file of the first version, opened for reading: brought up to date, nothing lost. */
static void
test_older_schema (Fixture *fixture, gconstpointer data)
{
  static const char downgrade[] =
    "ALTER TABLE result DROP COLUMN n_samples; ALTER TABLE result DROP COLUMN stopped_early;"
    "ALTER TABLE result DROP COLUMN traffic_bytes; ALTER TABLE result DROP COLUMN machine;"
    "ALTER TABLE layer DROP COLUMN macs; ALTER TABLE layer DROP COLUMN bit_ops;"
    "ALTER TABLE layer DROP COLUMN traffic_bytes; ALTER TABLE layer DROP COLUMN latency_ms;"
    "PRAGMA user_version = 1";
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 3);
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, downgrade, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  g_autoptr (BsStore) store = bs_store_open_read_only (fixture->path, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) results = bs_store_results (store, study, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (results->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (BsResult) expected = make_result (i);
    assert_same_result (expected, results->pdata[i]);
  }
  assert_integrity (store);
}

/* What was stopped early need not be kept: it gives way to more samples, never the other way round,
 * here and when databases are joined. */
static void
test_stopped_early (Fixture *fixture, gconstpointer data)
{
  static const struct {
    guint n_samples;
    gboolean stopped;
    guint stays; /* samples of what is stored then */
  } steps[] = { { 256, TRUE, 256 },  { 128, TRUE, 256 }, { 384, TRUE, 384 },
                { 500, FALSE, 500 }, { 384, TRUE, 500 }, { 500, FALSE, 500 } };
  g_autofree char *other = g_build_filename (fixture->folder, "other.db", NULL);
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 0), second = fill (other, "model", 0, 0);
  g_autoptr (BsStore) store = bs_store_open (fixture->path, &error);
  g_autoptr (BsStore) to = bs_store_open (other, &error);

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (BsResult) result = make_result (7);
    result->n_samples = steps[i].n_samples;
    result->stopped_early = steps[i].stopped;
    g_assert_true (bs_store_add (store, study, result, FALSE, &error));
    g_autoptr (GPtrArray) results = bs_store_results (store, study, &error);
    g_autoptr (GHashTable) keys = bs_store_keys (store, study, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (results->len, ==, 1);
    const BsResult *stored = results->pdata[0];
    g_assert_cmpuint (stored->n_samples, ==, steps[i].stays);
    g_assert_cmpuint (stored->n_layers, ==, 2);
    g_assert_cmpint (stored->stopped_early, ==, steps[i].stays < 500);
    g_assert_cmpint (g_hash_table_contains (keys, result->key), ==, steps[i].stays == 500);
    g_assert_cmpint (bs_store_merge (to, fixture->path, &error), ==,
                     i == 0 || i == 2 || i == 3 ? 1 : 0);
    g_assert_no_error (error);
    g_autoptr (GPtrArray) merged = bs_store_results (to, second, &error);
    g_assert_cmpuint (merged->len, ==, 1);
    g_assert_cmpuint (((const BsResult *) merged->pdata[0])->n_samples, ==, steps[i].stays);
  }
  g_assert_cmpint (count_rows (store, "layer"), ==, 2); /* those of replaced results are gone */
}

/* Pages in the middle overwritten: opening or reading must end in an error, never in wrong numbers
 * or a crash. */
static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *content = NULL;
  gsize length;
  gint64 study = fill (fixture->path, "model", 0, 40);
  g_autoptr (BsStore) store = NULL;
  g_autoptr (GPtrArray) results = NULL;

  g_assert_true (g_file_get_contents (fixture->path, &content, &length, NULL));
  g_assert_cmpuint (length, >, 8192);
  memset (content + 4096, 0xa5, length - 4096);
  g_assert_true (g_file_set_contents (fixture->path, content, (gssize) length, NULL));
  store = bs_store_open_read_only (fixture->path, &error);
  if (store != NULL)
    results = bs_store_results (store, study, &error);
  g_assert_null (results);
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, "damaged"));
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  g_autofree char *content = NULL;
  gsize length;

  fill (fixture->path, "model", 0, 10);
  g_assert_true (g_file_get_contents (fixture->path, &content, &length, NULL));
  for (gsize size = 1; size < length; size += 1777) {
    g_autoptr (GError) error = NULL;
    g_autoptr (BsStore) store = NULL;
    g_autoptr (GPtrArray) results = NULL;

    g_assert_true (g_file_set_contents (fixture->path, content, (gssize) size, NULL));
    store = bs_store_open_read_only (fixture->path, &error);
    if (store != NULL)
      results = bs_store_results (store, 1, &error);
    g_assert_null (results);
    g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  }
}

static void
test_disk_full (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 1);
  g_autoptr (BsStore) store = bs_store_open (fixture->path, &error);
  g_autoptr (GHashTable) keys = NULL;
  guint stored = 1;

  g_assert_true (bs_store_run (store, "PRAGMA max_page_count = 24", &error));
  for (guint i = 1; i < 200 && error == NULL; i++) {
    g_autoptr (BsResult) result = make_result (i);

    if (bs_store_add (store, study, result, FALSE, &error))
      stored++;
  }
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, "full"));
  g_clear_error (&error);

  /* nothing of the failed one is there, all before it is, and the connection still works */
  keys = bs_store_keys (store, study, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (keys), ==, stored);
  assert_integrity (store);
}

static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 0, 1);
  g_autoptr (BsStore) store = bs_store_open_read_only (fixture->path, &error);
  g_autoptr (BsResult) result = make_result (5);

  g_assert_no_error (error);
  g_assert_false (bs_store_add (store, study, result, FALSE, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, "read-only"));
}

static void
test_missing_and_empty (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *empty = g_build_filename (fixture->folder, "empty.db", NULL);
  g_autoptr (BsStore) store = NULL;
  gint64 study;

  g_assert_null (bs_store_open_read_only (fixture->path, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (empty, "", 0, NULL));
  g_assert_null (bs_store_open_read_only (empty, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_clear_error (&error);
  g_assert_null (bs_store_open (fixture->folder, &error)); /* a folder */
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_clear_error (&error);

  store = bs_store_open (empty, &error); /* an empty file may become a database */
  g_assert_no_error (error);
  g_assert_null (bs_store_study_info (store, 0, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_clear_error (&error);
  g_assert_null (bs_store_study_info (store, 7, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
  g_clear_error (&error);
  g_assert_null (bs_store_find (store, "abcdef", &study, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_STORE);
}

typedef struct {
  const char *path;
  guint first;
} Writer;

#define N_WRITTEN 25

static gpointer
write_cb (gpointer user)
{
  Writer *writer = user;

  fill (writer->path, "model", writer->first, N_WRITTEN);
  return NULL;
}

/* Two writers and a reader on connections of their own: nobody fails, nothing is lost, readers see
 * whole results. */
static void
test_concurrent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 study = fill (fixture->path, "model", 1000, 1);
  Writer writers[2] = { { fixture->path, 0 }, { fixture->path, N_WRITTEN } };
  g_autoptr (BsStore) store = bs_store_open_read_only (fixture->path, &error);
  GThread *threads[2];
  guint seen = 0;

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("writer", write_cb, &writers[i]);
  while (seen < 2 * N_WRITTEN + 1) {
    g_autoptr (GPtrArray) results = bs_store_results (store, study, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (results->len, >=, seen);
    seen = results->len;
    for (guint i = 0; i < seen; i++)
      g_assert_cmpuint (((BsResult *) results->pdata[i])->n_layers, ==, 2);
  }
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  assert_integrity (store);
}

/* Two programs that make the same file at once. */
static void
test_concurrent_creation (Fixture *fixture, gconstpointer data)
{
  for (guint round = 0; round < 5; round++) {
    g_autofree char *path = g_strdup_printf ("%s/new%u.db", fixture->folder, round);
    Writer writers[2] = { { path, 0 }, { path, N_WRITTEN } };
    GThread *threads[2];

    for (guint i = 0; i < 2; i++)
      threads[i] = g_thread_new ("maker", write_cb, &writers[i]);
    for (guint i = 0; i < 2; i++)
      g_thread_join (threads[i]);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/store/round-trip", test_round_trip },
    { "/store/float-run", test_float_run },
    { "/store/resume", test_resume },
    { "/store/merge", test_merge },
    { "/store/find", test_find },
    { "/store/not-a-database", test_not_a_database },
    { "/store/foreign-database", test_foreign_database },
    { "/store/newer-schema", test_newer_schema },
    { "/store/older-schema", test_older_schema },
    { "/store/stopped-early", test_stopped_early },
    { "/store/damaged", test_damaged },
    { "/store/truncated", test_truncated },
    { "/store/disk-full", test_disk_full },
    { "/store/read-only", test_read_only },
    { "/store/missing-and-empty", test_missing_and_empty },
    { "/store/concurrent", test_concurrent },
    { "/store/concurrent-creation", test_concurrent_creation },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
