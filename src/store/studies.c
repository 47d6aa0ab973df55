/* Studies: which model was measured on which data, and the merging of databases.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/columns.h"
#include "store/connection.h"

#define SELECT_STUDY                                                                               \
  "SELECT s.id, m.name, m.path, m.digest, d.name, d.spec, d.digest, s.plan, s.metric, "            \
  "s.n_samples,"                                                                                   \
  " m.parameters, m.float_bytes, s.created_at,"                                                    \
  " (SELECT COUNT(*) FROM result r WHERE r.study = s.id AND NOT r.is_float)"                       \
  " FROM study s JOIN model m ON m.id = s.model JOIN dataset d ON d.id = s.dataset "

static const BsColumn study_columns[] = {
  /* in the order of SELECT_STUDY; its names are not used */
  { "id", BS_COLUMN_INTEGER, G_STRUCT_OFFSET (BsStudyInfo, id) },
  { "model_name", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, model_name) },
  { "model_path", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, model_path) },
  { "model_digest", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, model_digest) },
  { "data_name", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, data_name) },
  { "data_spec", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, data_spec) },
  { "data_digest", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, data_digest) },
  { "plan", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, plan) },
  { "metric", BS_COLUMN_TEXT, G_STRUCT_OFFSET (BsStudyInfo, metric) },
  { "n_samples", BS_COLUMN_INTEGER, G_STRUCT_OFFSET (BsStudyInfo, n_samples) },
  { "parameters", BS_COLUMN_INTEGER, G_STRUCT_OFFSET (BsStudyInfo, parameters) },
  { "float_bytes", BS_COLUMN_INTEGER, G_STRUCT_OFFSET (BsStudyInfo, float_bytes) },
  { "created_at", BS_COLUMN_INTEGER, G_STRUCT_OFFSET (BsStudyInfo, created_at) },
  { NULL },
};

void
bs_study_info_free (BsStudyInfo *info)
{
  if (info == NULL)
    return;
  for (const BsColumn *c = study_columns; c->name != NULL; c++) {
    if (c->kind == BS_COLUMN_TEXT)
      g_free (G_STRUCT_MEMBER (char *, info, c->offset));
  }
  g_free (info);
}

static BsStudyInfo *
read_study (sqlite3_stmt *statement)
{
  BsStudyInfo *info = g_new0 (BsStudyInfo, 1);

  bs_columns_read (statement, 0, study_columns, info);
  info->n_results = (guint) sqlite3_column_int (statement, G_N_ELEMENTS (study_columns) - 1);
  return info;
}

static void
bind_text (sqlite3_stmt *statement, gint index, const char *text)
{
  sqlite3_bind_text (statement, index, text != NULL ? text : "", -1, SQLITE_STATIC);
}

/* The row's id from a statement that inserts or updates and returns it; −1 on error. */
static gint64
returned_id (BsStore *store, sqlite3_stmt *statement, GError **error)
{
  gint64 id;

  if (bs_store_step (store, statement, error) != SQLITE_ROW)
    return -1;
  id = sqlite3_column_int64 (statement, 0);
  return bs_store_step (store, statement, error) == SQLITE_DONE ? id : -1;
}

static gint64
model_id (BsStore *store, const BsStudyInfo *info, GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (
    store,
    "INSERT INTO model (digest, name, path, parameters, float_bytes) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (digest) DO UPDATE SET name = excluded.name, path = excluded.path RETURNING id",
    error);

  if (statement == NULL)
    return -1;
  bind_text (statement, 1, info->model_digest);
  bind_text (statement, 2, info->model_name);
  bind_text (statement, 3, info->model_path);
  sqlite3_bind_int64 (statement, 4, (gint64) info->parameters);
  sqlite3_bind_int64 (statement, 5, (gint64) info->float_bytes);
  return returned_id (store, statement, error);
}

static gint64
dataset_id (BsStore *store, const BsStudyInfo *info, GError **error)
{
  sqlite3_stmt *statement =
    bs_store_statement (store,
                        "INSERT INTO dataset (digest, name, spec) VALUES (?, ?, ?)"
                        " ON CONFLICT (digest) DO UPDATE SET spec = excluded.spec RETURNING id",
                        error);

  if (statement == NULL)
    return -1;
  bind_text (statement, 1, info->data_digest);
  bind_text (statement, 2, info->data_name);
  bind_text (statement, 3, info->data_spec);
  return returned_id (store, statement, error);
}

/* An empty plan (a single evaluation) leaves the plan of the sweep before it. */
static gint64
study_id (BsStore *store, const BsStudyInfo *info, gint64 model, gint64 dataset, GError **error)
{
  sqlite3_stmt *statement = bs_store_statement (
    store,
    "INSERT INTO study (model, dataset, metric, n_samples, plan, created_at) VALUES (?, ?, ?, ?, "
    "?, ?)"
    " ON CONFLICT (model, dataset, metric, n_samples)"
    " DO UPDATE SET plan = IIF (excluded.plan = '', plan, excluded.plan) RETURNING id",
    error);

  if (statement == NULL)
    return -1;
  sqlite3_bind_int64 (statement, 1, model);
  sqlite3_bind_int64 (statement, 2, dataset);
  bind_text (statement, 3, info->metric);
  sqlite3_bind_int64 (statement, 4, (gint64) info->n_samples);
  bind_text (statement, 5, info->plan);
  sqlite3_bind_int64 (statement, 6, g_get_real_time () / G_USEC_PER_SEC);
  return returned_id (store, statement, error);
}

gint64
bs_store_study (BsStore *store, const BsStudyInfo *info, GError **error)
{
  gint64 model, dataset = -1, study = -1;

  if (!bs_store_begin (store, error))
    return -1;
  model = model_id (store, info, error);
  if (model >= 0)
    dataset = dataset_id (store, info, error);
  if (dataset >= 0)
    study = study_id (store, info, model, dataset, error);
  return bs_store_end (store, study >= 0, error) ? study : -1;
}

GPtrArray *
bs_store_studies (BsStore *store, GError **error)
{
  g_autoptr (GPtrArray) studies =
    g_ptr_array_new_with_free_func ((GDestroyNotify) bs_study_info_free);
  sqlite3_stmt *statement = bs_store_statement (store, SELECT_STUDY "ORDER BY s.id DESC", error);
  gint code;

  if (statement == NULL)
    return NULL;
  while ((code = bs_store_step (store, statement, error)) == SQLITE_ROW)
    g_ptr_array_add (studies, read_study (statement));
  return code == SQLITE_DONE ? g_steal_pointer (&studies) : NULL;
}

BsStudyInfo *
bs_store_study_info (BsStore *store, gint64 study, GError **error)
{
  sqlite3_stmt *statement =
    study == 0 ? bs_store_statement (store, SELECT_STUDY "ORDER BY s.id DESC LIMIT 1", error)
               : bs_store_statement (store, SELECT_STUDY "WHERE s.id = ?", error);
  BsStudyInfo *info;
  gint code;

  if (statement == NULL)
    return NULL;
  if (study != 0)
    sqlite3_bind_int64 (statement, 1, study);
  code = bs_store_step (store, statement, error);
  if (code == SQLITE_ROW) {
    info = read_study (statement);
    sqlite3_reset (statement);
    return info;
  }
  if (code == SQLITE_DONE && study == 0)
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "There is no study in “%s” yet", store->path);
  else if (code == SQLITE_DONE)
    g_set_error (error, BS_ERROR, BS_ERROR_STORE, "There is no study %" G_GINT64_FORMAT " in “%s”",
                 study, store->path);
  return NULL;
}

/* Copies one study; counts what is new. */
static gboolean
merge_study (BsStore *store, BsStore *from, const BsStudyInfo *info, gint *added, GError **error)
{
  g_autoptr (GPtrArray) results = bs_store_results (from, info->id, error);
  g_autoptr (GHashTable) keys = NULL;
  g_autoptr (BsResult) float_result = NULL;
  g_autoptr (GError) problem = NULL;
  gint64 study;

  if (results == NULL)
    return FALSE;
  float_result = bs_store_float (from, info->id, &problem);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  study = bs_store_study (store, info, error);
  if (study < 0 || (keys = bs_store_keys (store, study, error)) == NULL)
    return FALSE;
  if (float_result != NULL && !bs_store_add (store, study, float_result, TRUE, error))
    return FALSE;
  for (guint i = 0; i < results->len; i++) {
    const BsResult *result = results->pdata[i];
    gint changes = sqlite3_total_changes (store->db);

    if (g_hash_table_contains (keys, result->key))
      continue;
    if (!bs_store_add (store, study, result, FALSE, error))
      return FALSE;
    *added += sqlite3_total_changes (store->db) != changes; /* not what was stopped as early here */
  }
  return TRUE;
}

gint
bs_store_merge (BsStore *store, const char *from_path, GError **error)
{
  g_autoptr (BsStore) from = bs_store_open_read_only (from_path, error);
  g_autoptr (GPtrArray) studies = NULL;
  gboolean done = TRUE;
  gint added = 0;

  if (from == NULL || (studies = bs_store_studies (from, error)) == NULL ||
      !bs_store_begin (store, error))
    return -1;
  for (guint i = studies->len; done && i > 0;
       i--) /* oldest first, so that the order of studies stays */
    done = merge_study (store, from, studies->pdata[i - 1], &added, error);
  return bs_store_end (store, done, error) ? added : -1;
}
