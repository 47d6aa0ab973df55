/* Sensitivity: what each layer costs when it alone is quantized, or when it alone is spared.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/sensitivity.h"

#include "base/error.h"
#include "base/pace.h"
#include "base/stride.h"
#include "model/layers.h"

#include <math.h>
#include <string.h>

typedef struct {
  BsStudy *study;
  const BsSensitivityPlan *plan;
  const BsObserver *observer;
  BsSensitivity *s;
  guint done, total;
  BsPace *pace, *pace_of_all; /* of single layers, a kind each; of all at once */
  GHashTable *whole;          /* key → BsResult of s: measured here, no layer on its own */
  gint64 deadline_us;         /* 0: no time box */
  BsSpec float_spec;
} Scan;

void
bs_sensitivity_free (BsSensitivity *s)
{
  for (guint i = 0; i < s->n_layers; i++)
    g_free (s->layers[i]);
  for (guint i = 0; i < s->n_options; i++) {
    g_free (s->options[i].text);
    g_clear_pointer (&s->uniform[i], bs_result_unref);
  }
  for (guint i = 0; i < s->n_layers * s->n_options; i++)
    g_clear_pointer (&s->results[i], bs_result_unref);
  g_clear_pointer (&s->base, bs_result_unref);
  g_free (s->layers);
  g_free (s->options);
  g_free (s->uniform);
  g_free (s->results);
  g_free (s);
}

static BsResult *
ref_or_null (BsResult *result)
{
  return result != NULL ? bs_result_ref (result) : NULL;
}

BsSensitivity *
bs_sensitivity_copy (const BsSensitivity *s)
{
  BsSensitivity *copy = g_new (BsSensitivity, 1);
  guint n = s->n_layers * s->n_options;

  *copy = *s;
  copy->layers = g_strdupv (s->layers);
  copy->options = g_memdup2 (s->options, (s->n_options + 1) * sizeof *s->options);
  copy->uniform = g_new0 (BsResult *, s->n_options + 1);
  copy->results = g_new0 (BsResult *, n + 1);
  copy->base = ref_or_null (s->base);
  for (guint i = 0; i < s->n_options; i++) {
    copy->options[i].text = g_strdup (s->options[i].text);
    copy->uniform[i] = ref_or_null (s->uniform[i]);
  }
  for (guint i = 0; i < n; i++)
    copy->results[i] = ref_or_null (s->results[i]);
  return copy;
}

BsResult *
bs_sensitivity_result (const BsSensitivity *s, guint layer, guint option)
{
  return s->results[layer * s->n_options + option];
}

double
bs_noise (double sqnr_db)
{
  return pow (10, -sqnr_db / 10);
}

double
bs_sensitivity_noise (const BsSensitivity *s, guint layer, guint option)
{
  const BsResult *r = bs_sensitivity_result (s, layer, option),
                 *from = s->mode == BS_SENSITIVITY_ONLY ? s->base : s->uniform[option];
  double noise;

  if (r == NULL || from == NULL)
    return NAN;
  noise = bs_noise (r->output_sqnr_db) - bs_noise (from->output_sqnr_db);
  return isnan (noise) ? NAN : MAX (s->mode == BS_SENSITIVITY_ONLY ? noise : -noise, 0);
}

double
bs_sensitivity_mean_db (const BsSensitivity *s, guint layer)
{
  double sum = 0;
  guint n = 0;

  for (guint o = 0; o < s->n_options; o++) {
    const BsResult *r = bs_sensitivity_result (s, layer, o);
    if (r == NULL)
      return NAN;
    if (isfinite (r->output_sqnr_db)) {
      sum += r->output_sqnr_db;
      n++;
    }
  }
  return n > 0 ? sum / n : NAN;
}

gboolean
bs_sensitivity_additivity (const BsSensitivity *s, guint option, BsAdditivity *check)
{
  double noise, loss = 0;

  if (s->mode != BS_SENSITIVITY_ONLY || s->base == NULL || s->uniform[option] == NULL)
    return FALSE;
  noise = bs_noise (s->base->output_sqnr_db);
  for (guint l = 0; l < s->n_layers; l++) {
    const BsResult *r = bs_sensitivity_result (s, l, option);
    if (r == NULL)
      return FALSE;
    noise += bs_noise (r->output_sqnr_db) - bs_noise (s->base->output_sqnr_db);
    loss += s->base->value - r->value;
  }
  check->predicted_sqnr_db = noise > 0 ? -10 * log10 (noise) : INFINITY;
  check->measured_sqnr_db = s->uniform[option]->output_sqnr_db;
  check->predicted_value = s->base->value - loss;
  if (g_strcmp0 (s->base->metric, "top1") == 0)
    check->predicted_value = CLAMP (check->predicted_value, 0, 1);
  check->measured_value = s->uniform[option]->value;
  return TRUE;
}

/* All layers at the option, or as others says (option NULL). */
static void
specs_of (const Scan *scan, const BsSensitivityOption *option, BsSpec *weights, BsSpec *acts)
{
  gboolean others_float = bs_spec_is_float (&scan->plan->others);

  *weights = scan->plan->others;
  *acts = others_float ? scan->float_spec : scan->plan->layer_acts;
  if (option == NULL)
    return;
  if (option->acts) {
    *acts = option->spec;
  } else {
    *weights = option->spec;
    *acts = scan->plan->layer_acts;
  }
}

static BsConfig *
make_config (const Scan *scan, const BsSensitivityOption *option, const char *layer)
{
  const BsSensitivityOption *common =
    layer != NULL && scan->plan->mode == BS_SENSITIVITY_ONLY ? NULL : option;
  const BsSensitivityOption *single = scan->plan->mode == BS_SENSITIVITY_ONLY ? option : NULL;
  GPtrArray *layers = g_ptr_array_new ();
  BsSpec weights, acts;

  if (layer != NULL) {
    BsLayerSpec *own = g_new0 (BsLayerSpec, 1);
    own->layer = g_strdup (layer);
    own->has_weights = own->has_acts = TRUE;
    specs_of (scan, single, &own->weights, &own->acts);
    g_ptr_array_add (layers, own);
  }
  specs_of (scan, common, &weights, &acts);
  return bs_config_new (&weights, &acts, layers, NULL);
}

static const gint *
cancelled_flag (const Scan *scan)
{
  return scan->observer != NULL ? scan->observer->cancelled : NULL;
}

/* −1: not known yet. Of all steps: single layers take less, and are most of the steps. */
static double
seconds_left (const Scan *scan)
{
  double single = bs_pace_left (scan->pace), all = bs_pace_left (scan->pace_of_all);

  return single < 0 ? -1 : single + MAX (all, 0);
}

/* option NULL: as the others are */
static void
report (const Scan *scan, const char *layer, const char *option)
{
  g_autofree char *what = NULL, *others = bs_spec_to_string (&scan->plan->others);

  if (scan->observer == NULL || scan->observer->progress == NULL)
    return;
  if (option == NULL)
    option = others;
  what = layer != NULL ? g_strdup_printf ("%s · %s", layer, option) : g_strdup (option);
  scan->observer->progress (scan->observer->user, scan->done, scan->total, what,
                            seconds_left (scan));
}

/* One measurement of a scan. */
typedef struct {
  gint layer;  /* −1: all are at the option */
  gint option; /* −1: all are as the others */
} Cell;

static BsConfig *
config_of (const Scan *scan, Cell cell)
{
  return make_config (scan, cell.option >= 0 ? &scan->s->options[cell.option] : NULL,
                      cell.layer >= 0 ? scan->s->layers[cell.layer] : NULL);
}

static BsResult **
result_of (BsSensitivity *s, Cell cell)
{
  return cell.option < 0  ? &s->base
         : cell.layer < 0 ? &s->uniform[cell.option]
                          : &s->results[(guint) cell.layer * s->n_options + (guint) cell.option];
}

/* In the order of measuring. A base, whose cuts serve other cells, comes before them: one for all
 * where single layers are quantized, one for each option where single layers are spared. In the
 * first case all layers at once come last: they take long and nothing that is shown waits for them.
 */
static GArray *
list_cells (const Scan *scan)
{
  const BsSensitivity *s = scan->s;
  GArray *cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  guint n = s->n_layers * s->n_options, step = bs_stride (n), layer_step = bs_stride (s->n_layers);
  Cell cell = { -1, -1 };

  g_array_append_val (cells, cell);
  /* from the middle, whose distance to the output is the mean one */
  for (guint k = 0, at = n / 2; s->mode == BS_SENSITIVITY_ONLY && k < n;
       k++, at = (at + step) % n) {
    cell = (Cell){ (gint) (at / s->n_options), (gint) (at % s->n_options) };
    g_array_append_val (cells, cell);
  }
  for (guint o = 0; o < s->n_options; o++) {
    cell = (Cell){ -1, (gint) o };
    g_array_append_val (cells, cell);
    for (guint k = 0, l = s->n_layers / 2; s->mode != BS_SENSITIVITY_ONLY && k < s->n_layers;
         k++, l = (l + layer_step) % s->n_layers) {
      cell.layer = (gint) l;
      g_array_append_val (cells, cell);
    }
  }
  return cells;
}

/* NULL: it was not measured before. A layer that becomes what the others are is measured with them.
 */
static BsResult *
find_known (const Scan *scan, const BsConfig *config)
{
  BsResult *known = g_hash_table_lookup (scan->whole, config->key);

  return known == NULL && scan->plan->known != NULL
           ? g_hash_table_lookup (scan->plan->known, config->key)
           : known;
}

/* (transfer full); known results are taken as they are, unless their cuts are wanted. */
static BsResult *
measure (Scan *scan, Cell cell, BsConfig *config, gboolean keep_cuts, GError **error)
{
  const char *layer = cell.layer >= 0 ? scan->s->layers[cell.layer] : NULL;
  g_autoptr (BsResult) result = NULL;
  BsResult *known = find_known (scan, config);
  gint64 start = g_get_monotonic_time ();
  gboolean timed = scan->plan->latency && layer == NULL;

  report (scan, layer, cell.option >= 0 ? scan->s->options[cell.option].text : NULL);
  if (scan->deadline_us != 0 && g_get_monotonic_time () >= scan->deadline_us) {
    g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED, "Out of time.");
    return NULL;
  }
  if (known != NULL && !keep_cuts && !(timed && isnan (known->latency_ms))) {
    result = bs_result_ref (known);
  } else {
    bs_study_keep_cuts (scan->study, keep_cuts);
    result =
      bs_study_measure (scan->study, config,
                        (layer == NULL ? BS_MEASURE_LAYERS : 0) | (timed ? BS_MEASURE_LATENCY : 0),
                        cancelled_flag (scan), error);
    bs_study_keep_cuts (scan->study, FALSE);
  }
  if (result == NULL)
    return NULL;
  scan->done++;
  bs_pace_done (layer != NULL ? scan->pace : scan->pace_of_all, layer != NULL ? layer : "",
                result == known ? -1 : (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  if (scan->observer != NULL && scan->observer->result != NULL &&
      g_hash_table_lookup (scan->whole, result->key) == NULL)
    scan->observer->result (scan->observer->user, result);
  return g_steal_pointer (&result);
}

static void
tell_filled (const Scan *scan)
{
  if (scan->plan->filled != NULL)
    scan->plan->filled (scan->plan->user, scan->s);
}

static gboolean
scan_cells (Scan *scan, GError **error)
{
  g_autoptr (GArray) cells = list_cells (scan);
  g_autoptr (BsConfig) next = config_of (scan, g_array_index (cells, Cell, 0));

  tell_filled (scan);
  for (guint i = 0; i < cells->len; i++) {
    Cell cell = g_array_index (cells, Cell, i);
    gboolean is_base =
      cell.layer < 0 && (scan->s->mode == BS_SENSITIVITY_ONLY) == (cell.option < 0);
    BsResult **result = result_of (scan->s, cell);
    g_autoptr (BsConfig) config = g_steal_pointer (&next);

    if (is_base)
      bs_study_drop_cuts (scan->study);
    if (i + 1 < cells->len) {
      next = config_of (scan, g_array_index (cells, Cell, i + 1));
      bs_study_expect (scan->study, find_known (scan, next) == NULL ? next : NULL);
    }
    *result = measure (scan, cell, config, is_base, error);
    if (*result == NULL)
      return FALSE;
    if (cell.layer < 0)
      g_hash_table_insert (scan->whole, (*result)->key, *result);
    tell_filled (scan);
  }
  return TRUE;
}

static void
add_options (BsSensitivity *s, const GArray *specs, gboolean acts)
{
  for (guint i = 0; specs != NULL && i < specs->len; i++) {
    BsSensitivityOption *option = &s->options[s->n_options++];
    option->spec = g_array_index (specs, BsSpec, i);
    option->acts = acts;
    option->text = bs_spec_to_string (&option->spec);
  }
}

static BsSensitivity *
make_table (BsStudy *study, const BsSensitivityPlan *plan)
{
  const BsModel *model = bs_study_model (study);
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);
  BsSensitivity *s = g_new0 (BsSensitivity, 1);
  guint n_options =
    (plan->weights != NULL ? plan->weights->len : 0) + (plan->acts != NULL ? plan->acts->len : 0);

  s->mode = plan->mode;
  s->n_layers = layers->len;
  s->layers = g_new0 (char *, layers->len + 1);
  for (guint i = 0; i < layers->len; i++)
    s->layers[i] = g_strdup (model->nodes[g_array_index (layers, BsLayer, i).node].name);
  s->options = g_new0 (BsSensitivityOption, n_options + 1);
  add_options (s, plan->weights, FALSE);
  add_options (s, plan->acts, TRUE);
  s->uniform = g_new0 (BsResult *, n_options + 1);
  s->results = g_new0 (BsResult *, (gsize) layers->len * n_options + 1);
  return s;
}

BsSensitivity *
bs_sensitivity_scan (BsStudy *study,
                     const BsSensitivityPlan *plan,
                     const BsObserver *observer,
                     GError **error)
{
  g_autoptr (BsSensitivity) s = make_table (study, plan);
  g_autoptr (GError) problem = NULL;
  g_autoptr (BsPace) pace = bs_pace_new (), pace_of_all = bs_pace_new ();
  g_autoptr (GHashTable) whole = g_hash_table_new (g_str_hash, g_str_equal);
  Scan scan = { .study = study, .plan = plan, .observer = observer, .s = s, .whole = whole };
  gboolean ok;

  if (s->n_layers == 0 || s->n_options == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 s->n_layers == 0 ? "The model “%s” has no layers with weights to scan"
                                  : "There is nothing to scan the layers of “%s” with",
                 bs_study_model (study)->name);
    return NULL;
  }
  if (!bs_spec_parse ("float", &scan.float_spec, error))
    return NULL;
  if (plan->seconds > 0)
    scan.deadline_us = g_get_monotonic_time () + (gint64) (plan->seconds * G_USEC_PER_SEC);
  scan.total = 1 + s->n_options * (1 + s->n_layers);
  scan.pace = pace;
  scan.pace_of_all = pace_of_all;
  for (guint o = 0; o <= s->n_options; o++) { /* one more: the base */
    bs_pace_expect (pace_of_all, "");
    for (guint l = 0; o < s->n_options && l < s->n_layers; l++)
      bs_pace_expect (pace, s->layers[l]);
  }
  ok = scan_cells (&scan, &problem);
  bs_study_drop_cuts (study);
  if (!ok && !g_error_matches (problem, BS_ERROR, BS_ERROR_CANCELLED)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  s->interrupted = !ok;
  if (ok)
    report (&scan, NULL, NULL);
  return g_steal_pointer (&s);
}

static void
append_list (GString *text, const char *name, const GArray *specs)
{
  for (guint i = 0; specs != NULL && i < specs->len; i++) {
    g_autofree char *spec = bs_spec_to_string (&g_array_index (specs, BsSpec, i));
    if (i == 0)
      g_string_append_printf (text, " %s=", name);
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", spec);
  }
}

char *
bs_sensitivity_text (const BsSensitivityPlan *plan)
{
  GString *text = g_string_new ("sensitivity");
  g_autofree char *others = bs_spec_to_string (&plan->others),
                  *acts = bs_spec_to_string (&plan->layer_acts);

  append_list (text, "weights", plan->weights);
  append_list (text, "acts-list", plan->acts);
  g_string_append_printf (text, " acts=%s others=%s mode=%s", acts, others,
                          plan->mode == BS_SENSITIVITY_ONLY ? "only" : "all-but");
  return g_string_free (text, FALSE);
}
