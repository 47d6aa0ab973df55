/* Sweeps that are remembered: what the store has is not measured again.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/workbench.h"

#include "base/pace.h"
#include "quant/encoding.h"
#include "quant/range.h"

#include <math.h>
#include <string.h>

/* One sweep at work. */
typedef struct {
  BsStudy *study;
  BsStore *store;
  const BsObserver *observer;
  BsSweepSummary *summary;
  GHashTable *stored;  /* key → BsResult */
  GPtrArray *finished; /* BsResult of the plan: what a race is run against */
  gboolean race, latency;
  gint64 deadline_us; /* 0: no time box */
  BsPace *pace;
} Sweep;

static gboolean
is_float (const BsConfig *config)
{
  return bs_spec_is_float (&config->weights) && bs_spec_is_float (&config->acts) &&
         config->layers->len == 0 && config->corrections[0] == NULL;
}

/* The configurations of this shard, in the plan's order. */
static GPtrArray *
configs_of (const BsPlan *plan, const BsSweepOptions *options, GError **error)
{
  g_autoptr (GPtrArray) all = bs_plan_configs (plan, error);
  GPtrArray *own;

  if (all == NULL)
    return NULL;
  if (options->n_shards == 0)
    return g_steal_pointer (&all);
  if (options->shard < 1 || options->shard > options->n_shards) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "There is no shard %u of %u", options->shard,
                 options->n_shards);
    return NULL;
  }
  own = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_config_unref);
  for (guint i = options->shard - 1; i < all->len; i += options->n_shards)
    g_ptr_array_add (own, bs_config_ref (all->pdata[i]));
  return own;
}

gint64
bs_workbench_study (BsStudy *study,
                    BsStore *store,
                    const char *model_path,
                    const char *data_spec,
                    const char *plan,
                    GError **error)
{
  const BsModel *model = bs_study_model (study);
  const BsDataset *dataset = bs_study_dataset (study);
  const BsResult *baseline = bs_study_float (study);
  g_autofree char *path = g_canonicalize_filename (model_path, NULL);
  BsStudyInfo info = {
    .model_name = model->name,
    .model_path = path,
    .model_digest = (char *) bs_model_digest (model),
    .data_name = dataset->name,
    .data_spec = (char *) data_spec,
    .data_digest = (char *) dataset->digest,
    .plan = (char *) plan,
    .metric = baseline->metric,
    .n_samples = dataset->n,
    .parameters = baseline->float_bytes / sizeof (float),
    .float_bytes = baseline->float_bytes,
  };
  gint64 id;

  /* study and float run appear together */
  id = bs_store_study (store, &info, error);
  if (id < 0 || !bs_store_add (store, id, baseline, TRUE, error))
    return -1;
  return id;
}

static gboolean
read_stored (Sweep *sweep, GError **error)
{
  g_autoptr (GPtrArray) results = bs_store_results (sweep->store, sweep->summary->study, error);

  if (results == NULL)
    return FALSE;
  for (guint i = 0; i < results->len; i++) {
    BsResult *result = bs_result_ref (results->pdata[i]);

    if (result->stopped_early ? !sweep->race : sweep->latency && isnan (result->latency_ms))
      bs_result_unref (result);
    else
      g_hash_table_insert (sweep->stored, result->key, result);
  }
  return TRUE;
}

static void
report_result (Sweep *sweep, BsResult *result)
{
  sweep->summary->n_done++;
  sweep->summary->n_stopped += result->stopped_early;
  if (!result->stopped_early)
    g_ptr_array_add (sweep->finished, bs_result_ref (result));
  if (sweep->observer != NULL && sweep->observer->result != NULL)
    sweep->observer->result (sweep->observer->user, result);
}

/* Configurations of one kind take about as long: what decides which kernels or simulations run. */
static char *
kind_of (const BsConfig *config)
{
  const BsSpec *w = &config->weights, *a = &config->acts;
  g_autofree char *corrections = g_strjoinv ("+", config->corrections);

  return g_strdup_printf ("%s %d %d %s, %s %d, %s", w->encoding->id, w->bits > 8, w->scope,
                          w->range != NULL ? w->range->id : "", a->encoding->id, a->bits > 8,
                          corrections);
}

/* −1: not known yet. */
static double
seconds_left (const Sweep *sweep)
{
  double left = bs_pace_left (sweep->pace);

  if (left >= 0 && sweep->deadline_us != 0)
    left =
      MIN (left, MAX ((double) (sweep->deadline_us - g_get_monotonic_time ()) / G_USEC_PER_SEC, 0));
  return left;
}

static void
report_progress (Sweep *sweep, const BsConfig *config)
{
  g_autofree char *weights = NULL, *acts = NULL, *what = NULL;

  if (sweep->observer == NULL || sweep->observer->progress == NULL)
    return;
  if (config != NULL) {
    weights = bs_spec_to_string (&config->weights);
    acts = bs_spec_to_string (&config->acts);
    what = g_strdup_printf ("%s · %s", weights, acts);
  }
  sweep->observer->progress (sweep->observer->user, sweep->summary->n_done,
                             sweep->summary->n_configs, what != NULL ? what : "",
                             seconds_left (sweep));
}

static gboolean
should_stop (const Sweep *sweep)
{
  const gint *cancelled = sweep->observer != NULL ? sweep->observer->cancelled : NULL;

  if (cancelled != NULL && g_atomic_int_get (cancelled) != 0)
    return TRUE;
  return sweep->deadline_us != 0 && g_get_monotonic_time () >= sweep->deadline_us;
}

BsResult *
bs_workbench_measure (BsStudy *study,
                      BsConfig *config,
                      BsMeasure measure,
                      const gint *cancelled,
                      GError **error)
{
  if (!is_float (config))
    return bs_study_measure (study, config, measure, cancelled, error);
  if ((measure & BS_MEASURE_LATENCY) != 0 && !bs_study_time_float (study, error))
    return NULL;
  return bs_result_ref (bs_study_float (study));
}

/* The best quality among the finished results that are no larger. */
static double
bar (gpointer user, const BsResult *result)
{
  const Sweep *sweep = user;
  double best = -INFINITY;

  for (guint i = 0; i < sweep->finished->len; i++) {
    const BsResult *other = sweep->finished->pdata[i];
    if (other->weight_bytes <= result->weight_bytes && bs_result_quality (other) > best)
      best = bs_result_quality (other);
  }
  return best;
}

BsResult *
bs_workbench_measure_stored (BsStudy *study,
                             BsStore *store,
                             const char *model_path,
                             const char *data_spec,
                             const char *plan,
                             BsConfig *config,
                             const gint *cancelled,
                             GError **error)
{
  gint64 id = bs_workbench_study (study, store, model_path, data_spec, plan, error);
  g_autoptr (GPtrArray) stored = id >= 0 ? bs_store_results (store, id, error) : NULL;
  g_autoptr (BsResult) result = NULL;

  if (stored == NULL)
    return NULL;
  for (guint i = 0; i < stored->len; i++) {
    BsResult *known = stored->pdata[i];
    if (!known->stopped_early && strcmp (known->key, config->key) == 0)
      return bs_result_ref (known);
  }
  result = bs_workbench_measure (study, config, BS_MEASURE_LAYERS, cancelled, error);
  if (result == NULL || !bs_store_add (store, id, result, FALSE, error))
    return NULL;
  return g_steal_pointer (&result);
}

static gboolean
measure (Sweep *sweep, BsConfig *config, GError **error)
{
  const gint *cancelled = sweep->observer != NULL ? sweep->observer->cancelled : NULL;
  const BsRace race = { bar, sweep };
  gint64 start = g_get_monotonic_time ();
  g_autofree char *kind = kind_of (config);
  g_autoptr (BsResult) result = bs_study_race (
    sweep->study, config, BS_MEASURE_LAYERS | (sweep->latency ? BS_MEASURE_LATENCY : 0),
    sweep->race ? &race : NULL, cancelled, error);

  if (result == NULL || !bs_store_add (sweep->store, sweep->summary->study, result, FALSE, error))
    return FALSE;
  sweep->summary->n_measured++;
  bs_pace_done (sweep->pace, kind, (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  report_result (sweep, result);
  return TRUE;
}

static gboolean
run (Sweep *sweep, GPtrArray *configs, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  g_autoptr (GError) problem = NULL;

  for (guint i = 0; i < configs->len; i++) {
    BsConfig *config = configs->pdata[i];
    BsResult *stored = g_hash_table_lookup (sweep->stored, config->key);

    if (stored == NULL && is_float (config))
      stored = bs_study_float (sweep->study);
    if (stored != NULL)
      report_result (sweep, stored);
    else
      g_ptr_array_add (missing, config);
  }
  if (sweep->race)
    bs_plan_sort_by_size (missing);
  for (guint i = 0; i < missing->len; i++) {
    g_autofree char *kind = kind_of (missing->pdata[i]);
    bs_pace_expect (sweep->pace, kind);
  }
  for (guint i = 0; i < missing->len; i++) {
    if (should_stop (sweep)) {
      sweep->summary->interrupted = TRUE;
      return TRUE;
    }
    report_progress (sweep, missing->pdata[i]);
    bs_study_expect (sweep->study, i + 1 < missing->len ? missing->pdata[i + 1] : NULL);
    if (measure (sweep, missing->pdata[i], &problem))
      continue;
    if (g_error_matches (problem, BS_ERROR, BS_ERROR_CANCELLED)) {
      sweep->summary->interrupted = TRUE;
      return TRUE;
    }
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  report_progress (sweep, NULL);
  return TRUE;
}

static void
unref_cb (gpointer result)
{
  bs_result_unref (result);
}

gboolean
bs_workbench_sweep (BsStudy *study,
                    BsStore *store,
                    const char *model_path,
                    const char *data_spec,
                    const BsPlan *plan,
                    const BsSweepOptions *options,
                    const BsObserver *observer,
                    BsSweepSummary *summary,
                    GError **error)
{
  static const BsSweepOptions everything = { 0 };
  g_autoptr (GPtrArray) configs = NULL;
  g_autoptr (GHashTable) stored = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, unref_cb);
  g_autoptr (GPtrArray) finished =
    g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  g_autofree char *text = NULL;
  g_autoptr (BsPace) pace = bs_pace_new ();
  Sweep sweep = { .study = study,
                  .store = store,
                  .observer = observer,
                  .summary = summary,
                  .stored = stored,
                  .finished = finished,
                  .pace = pace };

  if (options == NULL)
    options = &everything;
  sweep.race = options->race;
  sweep.latency = options->latency;
  *summary = (BsSweepSummary){ 0 };
  if (options->seconds > 0)
    sweep.deadline_us = g_get_monotonic_time () + (gint64) (options->seconds * G_USEC_PER_SEC);
  configs = configs_of (plan, options, error);
  if (configs == NULL)
    return FALSE;
  text = bs_plan_to_string (plan);
  summary->n_configs = configs->len;
  if (options->latency && isnan (bs_study_float (study)->latency_ms) &&
      !bs_study_time_float (study, error))
    return FALSE;
  summary->study = bs_workbench_study (study, store, model_path, data_spec, text, error);
  if (summary->study < 0 || !read_stored (&sweep, error))
    return FALSE;
  return run (&sweep, configs, error);
}
