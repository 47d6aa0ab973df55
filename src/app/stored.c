/* Results of an earlier session, read from the database on a worker thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/stored.h"

typedef struct {
  char *db_path;
  gint64 study;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_free (request->db_path);
  g_free (request);
}

void
bs_stored_free (BsStored *stored)
{
  if (stored == NULL)
    return;
  g_clear_pointer (&stored->info, bs_study_info_free);
  g_clear_pointer (&stored->results, g_ptr_array_unref);
  g_clear_pointer (&stored->float_result, bs_result_unref);
  g_free (stored);
}

static BsStored *
load (const Request *request, GError **error)
{
  g_autoptr (BsStored) stored = g_new0 (BsStored, 1);
  GError *local = NULL;

  g_autoptr (BsStore) store = bs_store_open_read_only (request->db_path, error);
  if (store == NULL)
    return NULL;
  stored->info = bs_store_study_info (store, request->study, error);
  if (stored->info == NULL)
    return NULL;
  stored->results = bs_store_results (store, stored->info->id, error);
  if (stored->results == NULL)
    return NULL;
  stored->float_result = bs_store_float (store, stored->info->id, &local);
  if (local != NULL) {
    g_propagate_error (error, local);
    return NULL;
  }
  return g_steal_pointer (&stored);
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  BsStored *stored = load (data, &error);

  if (stored != NULL)
    g_task_return_pointer (task, stored, (GDestroyNotify) bs_stored_free);
  else
    g_task_return_error (task, error);
}

void
bs_stored_load_async (const char *db_path,
                      gint64 study,
                      GAsyncReadyCallback callback,
                      gpointer user)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user);
  Request *request = g_new0 (Request, 1);

  request->db_path = g_strdup (db_path);
  request->study = study;
  g_task_set_source_tag (task, bs_stored_load_async);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, load_thread);
}

BsStored *
bs_stored_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
