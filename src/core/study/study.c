/* A study: one simplified model, one data set, the float run made once, and the measuring of
 * configurations. SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/study.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "model/infer.h"
#include "model/simplify.h"
#include "ops/op.h"
#include "quant/encoding.h"
#include "run/correct.h"
#include "run/step.h"
#include "study/study_private.h"

#define FLOAT_BITS 32

static void
free_cut (gpointer data)
{
  g_free (((BsCut *) data)->data);
  g_free (data);
}

gsize
bs_study_default_cache (void)
{
  gint64 pages = sysconf (_SC_PHYS_PAGES), size = sysconf (_SC_PAGESIZE);

  return pages > 0 && size > 0 ? (gsize) pages / 4 * (gsize) size : (gsize) 1 << 30;
}

static void
drop_ahead (BsStudy *study)
{
  g_clear_pointer (&study->ahead.plan, bs_prepared_free);
  g_clear_pointer (&study->ahead.result, bs_result_unref);
}

void
bs_study_free (BsStudy *study)
{
  for (guint i = 0; study->model != NULL && i < study->model->n_tensors; i++) {
    if (study->stats != NULL)
      g_free (study->stats[i]);
    if (study->probes != NULL)
      g_free (study->probes[i]);
  }
  g_free (study->stats);
  g_free (study->probes);
  if (!study->is_variant) {
    g_free (study->reference);
    g_free (study->reference_class);
  }
  g_clear_pointer (&study->runners, g_ptr_array_unref);
  drop_ahead (study);
  g_clear_pointer (&study->expected, bs_config_unref);
  bs_layer_inputs_free (study->inputs, study->n_inputs);
  g_clear_pointer (&study->variants, g_hash_table_unref);
  g_clear_pointer (&study->local, g_hash_table_unref);
  g_clear_pointer (&study->accumulated, g_hash_table_unref);
  g_clear_pointer (&study->cuts, g_hash_table_unref);
  g_clear_pointer (&study->float_config, bs_config_unref);
  g_clear_pointer (&study->float_result, bs_result_unref);
  g_clear_pointer (&study->model, bs_model_unref);
  g_clear_pointer (&study->dataset, bs_dataset_unref);
  g_free (study);
}

static gboolean
check_inputs (const BsModel *model, GError **error)
{
  if (model->n_inputs == 1 && model->n_outputs >= 1)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
               "The model “%s” has %u inputs and %u outputs; evaluating on data needs one input "
               "and at least one output.",
               model->name, model->n_inputs, model->n_outputs);
  return FALSE;
}

/* The model as it is measured: simplified, of the samples' size, with shapes. */
static BsModel *
make_model (const BsModel *model, const BsDataset *dataset, gint64 *fixed_batch, GError **error)
{
  g_autoptr (BsModel) simple = bs_simplify (model, error);
  g_autoptr (BsModel) bound = NULL;
  BsValue fed = { .n_dims = dataset->n_dims + 1, .dims = { dataset->n } };

  memcpy (fed.dims + 1, dataset->dims, dataset->n_dims * sizeof *dataset->dims);
  bound = simple != NULL ? bs_bind_inputs (simple, &fed, error) : NULL;
  return bound != NULL ? bs_infer (bound, fixed_batch, error) : NULL;
}

BsStudy *
bs_study_new (BsModel *model, BsDataset *dataset, const BsObserver *observer, GError **error)
{
  g_autoptr (BsStudy) study = g_new0 (BsStudy, 1);
  BsSpec as_float;

  study->dataset = bs_dataset_ref (dataset);
  study->local = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  study->accumulated = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  study->cuts = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_cut);
  study->cache_cap = bs_study_default_cache ();
  if (!check_inputs (model, error) || !bs_check_operators (model, error))
    return NULL;
  study->model = make_model (model, dataset, &study->fixed_batch, error);
  if (study->model == NULL)
    return NULL;
  study->stats = g_new0 (BsStats *, study->model->n_tensors);
  study->probes = g_new0 (float *, study->model->n_tensors);
  if (!bs_spec_parse ("float", &as_float, error))
    return NULL;
  study->float_config = bs_config_new (&as_float, &as_float, NULL, NULL);
  if (!bs_study_make_reference (study, observer, error))
    return NULL;
  return g_steal_pointer (&study);
}

BsStudy *
bs_study_new_variant (BsStudy *study, BsModel *model)
{
  BsStudy *variant = g_new0 (BsStudy, 1);

  variant->is_variant = TRUE;
  variant->model = bs_model_ref (model);
  variant->dataset = bs_dataset_ref (study->dataset);
  variant->fixed_batch = study->fixed_batch;
  variant->float_config = bs_config_ref (study->float_config);
  variant->judge = study->judge;
  variant->reference = study->reference;
  variant->reference_class = study->reference_class;
  variant->local = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  variant->accumulated = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  variant->cuts = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_cut);
  variant->stats = g_new0 (BsStats *, model->n_tensors);
  variant->probes = g_new0 (float *, model->n_tensors);
  return variant;
}

BsModel *
bs_study_model (const BsStudy *study)
{
  return study->model;
}

BsDataset *
bs_study_dataset (const BsStudy *study)
{
  return study->dataset;
}

BsResult *
bs_study_float (const BsStudy *study)
{
  return study->float_result;
}

const BsStats *
bs_study_stats (const BsStudy *study, guint tensor)
{
  return tensor < study->model->n_tensors ? study->stats[tensor] : NULL;
}

/* Whether a correction of the configuration looks at what layers read. */
static gboolean
needs_inputs (const BsConfig *config, GError **error, gboolean *needs)
{
  g_autoptr (GArray) uses = bs_correct_parse (config, error);

  *needs = FALSE;
  for (guint i = 0; uses != NULL && i < uses->len; i++)
    *needs |= g_array_index (uses, BsCorrectionUse, i).row->needs != 0;
  return uses != NULL;
}

/* study: the variant that the configuration runs on. */
static BsPrepared *
prepare_variant (BsStudy *study, BsConfig *config, GError **error)
{
  gboolean needs;

  if (!needs_inputs (config, error, &needs) || (needs && !bs_study_make_inputs (study, error)))
    return NULL;
  return bs_prepare (study->model, config, study->stats, needs ? study->inputs : NULL, NULL, error);
}

BsPrepared *
bs_study_prepare (BsStudy *study, BsConfig *config, GError **error)
{
  BsStudy *variant = bs_study_variant (study, config, error);

  return variant != NULL ? prepare_variant (variant, config, error) : NULL;
}

void
bs_study_set_cache (BsStudy *study, gsize bytes)
{
  if (bytes == study->cache_cap)
    return;
  study->cache_cap = bytes;
  bs_study_drop_cuts (study);
}

void
bs_study_drop_cuts (BsStudy *study)
{
  g_hash_table_remove_all (study->cuts);
  study->cache_used = 0;
}

void
bs_study_keep_cuts (BsStudy *study, gboolean keep)
{
  study->keep_cuts = keep;
}

/* Sizes, bits and treatments: all that is known without running. */
static void
describe_layers (const BsStudy *study, const BsPrepared *plan, BsResult *result)
{
  guint64 quantized_bits = 0, quantized = 0, all = bs_model_parameters (study->model),
          in_layers = 0;

  result->n_layers = plan->layers->len;
  result->layers = g_new0 (BsLayerResult, plan->layers->len + 1);
  for (guint i = 0; i < plan->layers->len; i++) {
    const BsPlannedLayer *layer = &g_array_index (plan->layers, BsPlannedLayer, i);
    BsLayerResult *out = &result->layers[i];
    const BsNode *node = &study->model->nodes[layer->layer.node];
    guint64 elements = 0;
    out->name = g_strdup (node->name);
    out->op = g_strdup (node->op_type);
    out->weights = bs_spec_to_string (layer->weights);
    out->acts = bs_spec_to_string (layer->acts);
    out->on_integers = layer->on_integers;
    out->local_sqnr_db = out->accumulated_sqnr_db = out->cosine = NAN;
    out->max_abs = out->saturated_share = out->error_span = out->latency_ms = NAN;
    for (guint k = 0; k < layer->layer.n_weights; k++) {
      const BsTensor *t = &study->model->tensors[layer->layer.tensors[k]];
      gsize n;
      bs_dims_count (t->dims, t->n_dims, &n);
      elements += n;
      in_layers += n;
      if (layer->quant[k] == NULL) {
        out->weight_bits += (guint64) n * FLOAT_BITS;
        continue;
      }
      out->weight_bits += layer->quant[k]->size_bits;
      quantized_bits += layer->quant[k]->size_bits;
      quantized += n;
      result->weight_bytes += (layer->quant[k]->size_bits + 7) / 8;
      in_layers -= n; /* counted above; what stays float is added below */
      all -= MIN (all, n);
    }
    out->mean_bits = elements > 0 ? (double) out->weight_bits / (double) elements : 0;
    out->weight_sqnr_db = layer->weight_sqnr_db;
    bs_study_count_cost (plan, layer, out);
    result->bit_ops += out->bit_ops;
    result->traffic_bytes += out->traffic_bytes;
  }
  result->weight_bytes += all * sizeof (float);
  result->float_bytes = bs_model_parameters (study->model) * sizeof (float);
  result->mean_bits = quantized > 0 ? (double) quantized_bits / (double) quantized : FLOAT_BITS;
}

static char *
make_label (const BsConfig *config)
{
  static const char *const scopes[] = { "model", "tensor", "channel", "group", "element" };
  g_autofree char *acts = bs_spec_to_string (&config->acts),
                  *weights = bs_spec_to_string (&config->weights);
  g_autofree char *stem = g_strndup (weights, strcspn (weights, ":"));
  GString *label = g_string_new (stem);

  if (!bs_spec_is_float (&config->weights)) {
    g_string_append_printf (label, " · %s", scopes[config->weights.scope]);
    if (config->weights.scope == BS_SCOPE_GROUP)
      g_string_append_printf (label, " %u", config->weights.group);
    if (!g_str_equal (config->weights.range->id, "minmax"))
      g_string_append_printf (label, " · %s", config->weights.range->id);
  }
  if (config->layers->len > 0)
    g_string_append (label, " · mixed");
  g_string_append_printf (label, " · %s", acts);
  for (guint i = 0; config->corrections[i] != NULL; i++)
    g_string_append_printf (label, " · %s", config->corrections[i]);
  return g_string_free (label, FALSE);
}

static void
fill_measures (const BsStudy *study, const BsShardSums *sums, BsResult *result)
{
  gboolean labels = study->dataset->labels != NULL && study->judge.classes > 0;
  double n = (double) sums->n;

  result->metric = g_strdup (!labels ? "none" : study->judge.next_token ? "perplexity" : "top1");
  result->n = study->judge.classes > 0 ? sums->n : sums->n_samples;
  result->n_samples = sums->n_samples;
  result->output_sqnr_db = sums->error.count > 0 ? bs_error_sqnr_db (&sums->error) : NAN;
  if (study->judge.classes == 0 || sums->n == 0)
    return;
  result->agreement = (double) sums->n_agree / n;
  bs_wilson_interval (sums->n_agree, sums->n, &result->agreement_lo, &result->agreement_hi);
  result->output_kl = sums->kl / n;
  if (!labels)
    return;
  result->n_correct = sums->n_correct;
  if (study->judge.next_token) {
    double mean = sums->nll / n, deviation = sqrt (MAX (sums->nll_sq / n - mean * mean, 0) / n);
    result->value = exp (mean);
    result->ci_lo = exp (mean - 1.96 * deviation); /* 95 % of a normal mean */
    result->ci_hi = exp (mean + 1.96 * deviation);
  } else {
    result->value = (double) sums->n_correct / n;
    bs_wilson_interval (sums->n_correct, sums->n, &result->ci_lo, &result->ci_hi);
  }
}

static BsResult *
begin_result (const BsStudy *study, const BsPrepared *plan)
{
  const BsConfig *config = plan->config;
  BsResult *result = bs_result_new ();

  g_strlcpy (result->key, config->key, sizeof result->key);
  result->config = g_strdup (config->text);
  result->weights = bs_spec_to_string (&config->weights);
  result->acts = bs_spec_to_string (&config->acts);
  result->label = make_label (config);
  result->level = g_strdup (bsk_level_name ());
  result->seed = config->weights.seed;
  result->integer_share = plan->integer_share;
  result->simulated = plan->simulated;
  describe_layers (study, plan, result);
  return result;
}

static void
end_result (const BsStudy *study,
            const BsShardSums *sums,
            gint32 *classes /* (transfer full) */,
            gint64 start,
            BsResult *result)
{
  fill_measures (study, sums, result);
  if (study->judge.classes > 0 && !result->stopped_early) {
    result->n_predictions = study->dataset->n * study->judge.rows;
    result->predictions = classes;
  } else {
    g_free (classes);
  }
  result->seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  result->finished_at = g_get_real_time () / G_USEC_PER_SEC;
}

void
bs_study_set_float (BsStudy *study, const BsPrepared *plan, const BsShardSums *sums, gint64 start)
{
  gsize n = (gsize) study->dataset->n * MAX (study->judge.rows, 1);

  study->float_result = begin_result (study, plan);
  end_result (study, sums, g_memdup2 (study->reference_class, n * sizeof (gint32)), start,
              study->float_result);
}

gboolean
bs_study_time_float (BsStudy *study, GError **error)
{
  g_autoptr (BsPrepared) plan = prepare_variant (study, study->float_config, error);

  return plan != NULL && bs_study_measure_latency (study, plan, study->float_result, error);
}

void
bs_study_expect (BsStudy *study, BsConfig *config)
{
  g_clear_pointer (&study->expected, bs_config_unref);
  /* Corrections may look at what layers read, which takes a loop of its own. */
  if (config != NULL && config->corrections[0] == NULL)
    study->expected = bs_config_ref (config);
}

void
bs_study_prepare_ahead (BsStudy *study)
{
  drop_ahead (study);
  study->ahead.plan =
    bs_prepare (study->model, study->expected, study->stats, NULL, study->running, NULL);
  if (study->ahead.plan != NULL)
    study->ahead.result = begin_result (study, study->ahead.plan);
  g_clear_pointer (&study->expected, bs_config_unref);
}

/* What was prepared ahead, if it is this configuration; else it is prepared now. FALSE on errors. */
static gboolean
begin (BsStudy *study, BsStudy *variant, BsConfig *config, BsBegun *begun, GError **error)
{
  if (study->ahead.plan != NULL && strcmp (study->ahead.plan->config->key, config->key) == 0) {
    *begun = study->ahead;
    study->ahead = (BsBegun){ 0 };
    return TRUE;
  }
  drop_ahead (study);
  begun->plan = prepare_variant (variant, config, error);
  begun->result = begun->plan != NULL ? begin_result (variant, begun->plan) : NULL;
  return begun->plan != NULL;
}

BsResult *
bs_study_measure (BsStudy *study,
                  BsConfig *config,
                  BsMeasure measure,
                  const gint *cancelled,
                  GError **error)
{
  return bs_study_race (study, config, measure, NULL, cancelled, error);
}

BsResult *
bs_study_race (BsStudy *study,
               BsConfig *config,
               BsMeasure measure,
               const BsRace *race,
               const gint *cancelled,
               GError **error)
{
  gint64 start = g_get_monotonic_time ();
  BsStudy *variant = bs_study_variant (study, config, error);
  BsBegun begun;
  g_autofree gint32 *classes = NULL;
  BsShardSums sums;
  double bar = -INFINITY;
  guint batch;

  if (variant == NULL || !begin (study, variant, config, &begun, error))
    return NULL;
  g_autoptr (BsPrepared) plan = begun.plan;
  g_autoptr (BsResult) result = begun.result;
  study = variant;
  batch = (guint) MAX (study->fixed_batch, 1);
  if (race != NULL)
    bar = race->bar (race->user, result);
  classes = g_new0 (gint32, (gsize) study->dataset->n * MAX (study->judge.rows, 1));
  if (!bs_study_evaluate (study, plan, NULL, classes, bar, &sums, cancelled, error))
    return NULL;
  result->stopped_early = sums.n_samples < study->dataset->n / batch * batch;
  if ((measure & BS_MEASURE_LAYERS) != 0 && !result->stopped_early &&
      !bs_study_measure_layers (study, plan, result, cancelled, error))
    return NULL;
  if ((measure & BS_MEASURE_LATENCY) != 0 && !result->stopped_early &&
      !bs_study_measure_latency (study, plan, result, error))
    return NULL;
  end_result (study, &sums, g_steal_pointer (&classes), start, result);
  return g_steal_pointer (&result);
}
