/* Scans that are remembered: what the store has is not measured again.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/workbench.h"

/* Stands between a scan and its caller's observer: stores each result first. */
typedef struct {
  BsStore *store;
  gint64 study;
  const BsObserver *to; /* may be NULL */
  GError *error;        /* the first that storing met */
} Keeper;

static void
progress_cb (gpointer user, guint done, guint total, const char *what, double seconds_left)
{
  const Keeper *keeper = user;

  if (keeper->to != NULL && keeper->to->progress != NULL)
    keeper->to->progress (keeper->to->user, done, total, what, seconds_left);
}

static void
result_cb (gpointer user, BsResult *result)
{
  Keeper *keeper = user;

  /* a key stored already, as the float run's, is left as it is */
  if (keeper->error == NULL)
    bs_store_add (keeper->store, keeper->study, result, FALSE, &keeper->error);
  if (keeper->to != NULL && keeper->to->result != NULL)
    keeper->to->result (keeper->to->user, result);
}

static void
unref_cb (gpointer result)
{
  bs_result_unref (result);
}

/* key → BsResult of all that is stored and finished. */
static GHashTable *
read_known (BsStore *store, gint64 study, GError **error)
{
  g_autoptr (GPtrArray) results = bs_store_results (store, study, error);
  GHashTable *known;

  if (results == NULL)
    return NULL;
  known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, unref_cb);
  for (guint i = 0; i < results->len; i++) {
    BsResult *result = results->pdata[i];
    if (!result->stopped_early)
      g_hash_table_insert (known, result->key, bs_result_ref (result));
  }
  return known;
}

/* Study and what is stored of it; own: the observer to hand on. FALSE on error. */
static gboolean
begin (Keeper *keeper,
       BsObserver *own,
       GHashTable **known,
       BsStudy *study,
       const char *model_path,
       const char *data_spec,
       const char *plan,
       GError **error)
{
  *own = (BsObserver){ .progress = progress_cb,
                       .result = result_cb,
                       .cancelled = keeper->to != NULL ? keeper->to->cancelled : NULL,
                       .user = keeper };
  keeper->study = bs_workbench_study (study, keeper->store, model_path, data_spec, plan, error);
  *known = keeper->study >= 0 ? read_known (keeper->store, keeper->study, error) : NULL;
  return *known != NULL;
}

/* FALSE: storing failed, which found does not know. */
static gboolean
end (Keeper *keeper, gboolean found, GError **error)
{
  if (!found || keeper->error == NULL) {
    g_clear_error (&keeper->error);
    return found;
  }
  g_propagate_error (error, keeper->error);
  return FALSE;
}

BsSensitivity *
bs_workbench_sensitivity (BsStudy *study,
                          BsStore *store,
                          const char *model_path,
                          const char *data_spec,
                          const BsSensitivityPlan *plan,
                          const BsObserver *observer,
                          gint64 *id,
                          GError **error)
{
  g_autofree char *text = bs_sensitivity_text (plan);
  g_autoptr (GHashTable) known = NULL;
  g_autoptr (BsSensitivity) found = NULL;
  BsSensitivityPlan with_known = *plan;
  Keeper keeper = { .store = store, .to = observer };
  BsObserver own;

  if (!begin (&keeper, &own, &known, study, model_path, data_spec, text, error))
    return NULL;
  *id = keeper.study;
  with_known.known = known;
  found = bs_sensitivity_scan (study, &with_known, &own, error);
  return end (&keeper, found != NULL, error) ? g_steal_pointer (&found) : NULL;
}

BsSearch *
bs_workbench_search (BsStudy *study,
                     BsStore *store,
                     const char *model_path,
                     const char *data_spec,
                     const BsSearchPlan *plan,
                     const BsObserver *observer,
                     gint64 *id,
                     GError **error)
{
  g_autofree char *text = bs_search_text (plan);
  g_autoptr (GHashTable) known = NULL;
  g_autoptr (BsSearch) found = NULL;
  BsSearchPlan with_known = *plan;
  Keeper keeper = { .store = store, .to = observer };
  BsObserver own;

  if (!begin (&keeper, &own, &known, study, model_path, data_spec, text, error))
    return NULL;
  *id = keeper.study;
  with_known.known = known;
  found = bs_search (study, &with_known, &own, error);
  return end (&keeper, found != NULL, error) ? g_steal_pointer (&found) : NULL;
}
