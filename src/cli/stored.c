/* STUDY|RESULT on the command line: numbers are studies first, keys second.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/stored.h"

#include "loaders/loader.h"
#include "model/simplify.h"

#include <glib/gi18n.h>
#include <string.h>

#define MIN_KEY_DIGITS 4 /* shorter ones are not keys: bs_store_find */

void
bs_stored_clear (BsStored *stored)
{
  g_clear_pointer (&stored->info, bs_study_info_free);
  g_clear_pointer (&stored->results, g_ptr_array_unref);
  g_clear_pointer (&stored->baseline, bs_result_unref);
  g_clear_pointer (&stored->selected, bs_result_unref);
}

static gint64
find_study (BsStored *stored, BsStore *store, const char *name, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint64 number;
  gint64 study;

  if (g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT64, &number, NULL)) {
    g_autoptr (BsStudyInfo) info = bs_store_study_info (store, (gint64) number, &problem);

    if (info != NULL)
      return info->id;
    if (strlen (name) < MIN_KEY_DIGITS) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return -1;
    }
  }
  stored->selected = bs_store_find (store, name, &study, error);
  return stored->selected != NULL ? study : -1;
}

gboolean
bs_stored_open (BsStored *stored, const char *db, const char *name, GError **error)
{
  g_autoptr (BsStore) store = bs_store_open_read_only (db, error);
  g_autoptr (GError) problem = NULL;
  gint64 study;

  *stored = (BsStored){ 0 };
  if (store == NULL || (study = find_study (stored, store, name, error)) < 0 ||
      (stored->info = bs_store_study_info (store, study, error)) == NULL ||
      (stored->results = bs_store_results (store, study, error)) == NULL)
    return FALSE;
  stored->baseline = bs_store_float (store, study, &problem);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  return TRUE;
}

BsResult *
bs_stored_chosen (const BsStored *stored)
{
  BsResult *const *results = (BsResult *const *) stored->results->pdata;
  guint n = stored->results->len;
  g_autofree gboolean *pareto = g_new0 (gboolean, n + 1);
  BsResult *best = stored->selected;

  bs_results_pareto (results, n, pareto);
  for (guint i = 0; stored->selected == NULL && i < n; i++)
    if (pareto[i] && (best == NULL || bs_result_quality (results[i]) > bs_result_quality (best)))
      best = results[i];
  return best;
}

BsModel *
bs_stored_model (const BsStored *stored, const char *path, GError **error)
{
  g_autoptr (BsModel) loaded =
    bs_load_model (path != NULL ? path : stored->info->model_path, error);

  if (loaded == NULL)
    return NULL;
  if (strcmp (bs_model_digest (loaded), stored->info->model_digest) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 _ ("“%s” is not the model that study %lld has measured"), loaded->name,
                 (long long) stored->info->id);
    return NULL;
  }
  return bs_simplify (loaded, error);
}
