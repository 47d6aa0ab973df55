/* Search: one width per layer under a budget, chosen from measured sensitivities, confirmed and
 * refined by measurement. SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/search.h"

#include "base/error.h"
#include "search/search_private.h"

#include <math.h>
#include <string.h>

#define FRONTIER_POINTS 8 /* budgets along the frontier that are measured */
#define HALVINGS 9        /* of the span of sizes when the drop is given: to 1/512 */

void
bs_search_free (BsSearch *s)
{
  for (guint i = 0; i < s->candidates->len; i++)
    bs_result_unref (g_array_index (s->candidates, BsCandidate, i).result);
  g_array_unref (s->candidates);
  g_clear_pointer (&s->sensitivity, bs_sensitivity_free);
  g_free (s->choice);
  g_free (s);
}

const BsCandidate *
bs_search_best (const BsSearch *s)
{
  return s->best < 0 ? NULL : &g_array_index (s->candidates, BsCandidate, s->best);
}

guint *
bs_search_choice (const Search *search, guint candidate)
{
  return &g_array_index (search->choices, guint, candidate * search->p->n_groups);
}

/* The option of the scan that a choice gives a layer. */
static guint
option_of (const Search *search, const guint *choice, guint layer)
{
  return search->p->order[choice[search->p->group_of[layer]]];
}

/* What most layers get is the default, so that a uniform choice is the uniform configuration. */
static BsConfig *
make_config (const Search *search, const guint *choice)
{
  const BsSensitivity *scan = search->s->sensitivity;
  g_autofree guint *votes = g_new0 (guint, scan->n_options + 1);
  GPtrArray *layers = g_ptr_array_new ();
  guint most = 0;

  for (guint l = 0; l < scan->n_layers; l++)
    votes[option_of (search, choice, l)]++;
  for (guint o = 1; o < scan->n_options; o++)
    most = votes[o] > votes[most] ? o : most;
  for (guint l = 0; l < scan->n_layers; l++) {
    BsLayerSpec *own = g_new0 (BsLayerSpec, 1);
    own->layer = g_strdup (scan->layers[l]);
    own->has_weights = TRUE;
    own->weights = scan->options[option_of (search, choice, l)].spec;
    g_ptr_array_add (layers, own);
  }
  return bs_config_new (&scan->options[most].spec, &search->plan->acts, layers, NULL);
}

static void
predict (const Search *search, const guint *choice, BsCandidate *candidate)
{
  const BsSensitivity *scan = search->s->sensitivity;
  double noise = bs_noise (scan->base->output_sqnr_db), value = scan->base->value;

  for (guint l = 0; l < scan->n_layers; l++) {
    guint o = option_of (search, choice, l);
    noise += bs_sensitivity_noise (scan, l, o);
    value -= scan->base->value - bs_sensitivity_result (scan, l, o)->value;
  }
  candidate->predicted_sqnr_db = noise > 0 ? -10 * log10 (noise) : INFINITY;
  candidate->predicted_value =
    g_strcmp0 (scan->base->metric, "top1") == 0 ? CLAMP (value, 0, 1) : value;
}

guint64
bs_search_size (const Search *search, const guint *choice)
{
  guint64 size = 0;

  for (guint g = 0; g < search->p->n_groups; g++)
    size += search->p->size[(gsize) g * search->p->n_options + choice[g]];
  return size;
}

static gboolean
fits (const Search *search, const guint *choice, const BsResult *result)
{
  if (search->plan->budget == BS_BUDGET_DROP)
    return bs_result_quality (result) >= search->least_quality;
  if (search->plan->budget == BS_BUDGET_BYTES)
    return (double) result->weight_bytes <= search->plan->amount;
  return bs_search_size (search, choice) <= search->limit;
}

/* Under a budget of size: better quality, then less noise. Under a budget of quality: smaller. */
static gboolean
better (const Search *search, const BsCandidate *a, const BsCandidate *b)
{
  double qa = bs_result_quality (a->result), qb = bs_result_quality (b->result);

  if (a->fits != b->fits)
    return a->fits;
  if (search->plan->budget == BS_BUDGET_DROP && a->result->weight_bytes != b->result->weight_bytes)
    return a->result->weight_bytes < b->result->weight_bytes;
  if (qa != qb)
    return qa > qb;
  return a->result->output_sqnr_db > b->result->output_sqnr_db;
}

static void
report (const Search *search, const char *what)
{
  double elapsed = (double) (g_get_monotonic_time () - search->started_us) / G_USEC_PER_SEC;
  guint done = search->s->candidates->len;

  if (search->observer != NULL && search->observer->progress != NULL)
    search->observer->progress (
      search->observer->user, search->offset + done, MAX (search->total, search->offset + done + 1),
      what, done == 0 ? -1 : elapsed / done * (double) (search->total - search->offset - done));
}

static BsResult *
known_result (const Search *search, const char *key)
{
  const BsSensitivity *scan = search->s->sensitivity;

  for (guint o = 0; o < scan->n_options; o++)
    if (g_str_equal (scan->uniform[o]->key, key))
      return scan->uniform[o];
  return search->plan->known != NULL ? g_hash_table_lookup (search->plan->known, key) : NULL;
}

gint
bs_search_try (Search *search, const guint *choice, const char *origin, GError **error)
{
  g_autoptr (BsConfig) config = make_config (search, choice);
  gpointer seen = g_hash_table_lookup (search->seen, config->key);
  BsCandidate candidate = { .origin = origin };
  gboolean timed = search->plan->budget == BS_BUDGET_LATENCY;
  const gint *cancelled = search->observer != NULL ? search->observer->cancelled : NULL;

  if (seen != NULL)
    return GPOINTER_TO_INT (seen) - 1;
  if (search->deadline_us != 0 && g_get_monotonic_time () >= search->deadline_us) {
    g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED, "Out of time.");
    return -1;
  }
  report (search, origin);
  candidate.result = known_result (search, config->key);
  if (candidate.result != NULL && !(timed && isnan (candidate.result->latency_ms)))
    bs_result_ref (candidate.result);
  else
    candidate.result =
      bs_study_race (search->study, config, BS_MEASURE_LAYERS | (timed ? BS_MEASURE_LATENCY : 0),
                     search->race, cancelled, error);
  if (candidate.result == NULL)
    return -1;
  predict (search, choice, &candidate);
  candidate.fits = !candidate.result->stopped_early && fits (search, choice, candidate.result);
  g_array_append_val (search->s->candidates, candidate);
  g_array_append_vals (search->choices, choice, search->p->n_groups);
  g_hash_table_insert (search->seen, g_strdup (config->key),
                       GINT_TO_POINTER ((gint) search->s->candidates->len));
  if (search->observer != NULL && search->observer->result != NULL)
    search->observer->result (search->observer->user, candidate.result);
  gint index = (gint) search->s->candidates->len - 1;
  if (search->s->best < 0 ? candidate.fits
                          : better (search, &candidate, bs_search_best (search->s)))
    search->s->best = index;
  return index;
}

static gboolean
try_uniform (Search *search, GError **error)
{
  g_autofree guint *choice = g_new0 (guint, search->p->n_groups + 1);

  for (guint k = 0; k < search->p->n_options; k++) {
    for (guint g = 0; g < search->p->n_groups; g++)
      choice[g] = k;
    if (bs_search_try (search, choice, "uniform", error) < 0)
      return FALSE;
  }
  search->s->baseline = search->s->best;
  return TRUE;
}

static BsChoiceProblem
problem_with (const Search *search, const double *cost)
{
  return (BsChoiceProblem){ search->p->n_groups, search->p->n_options, cost, search->p->size };
}

/* FALSE: stopped or failed; a budget that nothing fits is not an error here. */
static gboolean
try_solution (Search *search,
              const double *cost,
              guint64 limit,
              gboolean greedy,
              const char *origin,
              gint *index,
              GError **error)
{
  BsChoiceProblem problem = problem_with (search, cost);
  g_autofree guint *choice = g_new0 (guint, search->p->n_groups + 1);
  BsChoiceResult result;
  gint64 start = g_get_monotonic_time ();
  gboolean found = greedy ? bs_greedy (&problem, limit, choice, &result, NULL)
                          : bs_knapsack (&problem, limit, choice, &result, NULL);

  if (!greedy && search->s->solve_seconds == 0)
    search->s->solve_seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  *index = -1;
  if (!found)
    return TRUE;
  *index = bs_search_try (search, choice, origin, error);
  return *index >= 0;
}

static void
size_span (const Search *search, guint64 *least, guint64 *most)
{
  const BsSearchProblem *p = search->p;

  *least = *most = 0;
  for (guint g = 0; g < p->n_groups; g++) {
    guint64 low = G_MAXUINT64, high = 0;
    for (guint k = 0; k < p->n_options; k++) {
      low = MIN (low, p->size[(gsize) g * p->n_options + k]);
      high = MAX (high, p->size[(gsize) g * p->n_options + k]);
    }
    *least += low;
    *most += high;
  }
}

/* The exact choice by three measures of cost, and the greedy one. */
static gboolean
try_budget (Search *search, GError **error)
{
  const BsSearchProblem *p = search->p;
  BsSearch *s = search->s;
  guint64 limit = search->limit;
  gint index;

  return try_solution (search, p->loss, limit, FALSE, "knapsack", &s->exact, error) &&
         try_solution (search, p->noise, limit, FALSE, "knapsack", &index, error) &&
         try_solution (search, p->second, limit, FALSE, "second-order", &s->second_order, error) &&
         try_solution (search, p->loss, limit, TRUE, "greedy", &s->greedy, error);
}

/* The smallest budget whose choice keeps the quality, by halving. */
static gboolean
try_drop (Search *search, GError **error)
{
  guint64 low, high;
  gint index;

  size_span (search, &low, &high);
  for (guint i = 0; i < HALVINGS && low < high; i++) {
    guint64 middle = low + (high - low) / 2;
    if (!try_solution (search, search->p->loss, middle, FALSE, "knapsack", &index, error))
      return FALSE;
    if (index >= 0 && g_array_index (search->s->candidates, BsCandidate, index).fits)
      high = middle;
    else
      low = middle + 1;
  }
  return TRUE;
}

static gboolean
try_frontier (Search *search, GError **error)
{
  guint64 least, most;
  gint index;

  size_span (search, &least, &most);
  for (guint k = 1; k < FRONTIER_POINTS; k++)
    if (!try_solution (search, search->p->loss, least + (most - least) / FRONTIER_POINTS * k, FALSE,
                       "frontier", &index, error))
      return FALSE;
  return TRUE;
}

static void
finish (Search *search)
{
  BsSearch *s = search->s;
  double bits = 0;

  s->choice = g_new0 (guint, s->n_layers + 1);
  if (s->best < 0)
    return;
  for (guint l = 0; l < s->n_layers; l++)
    s->choice[l] = option_of (search, bs_search_choice (search, (guint) s->best), l);
  g_autoptr (BsSearchProblem) widths = bs_search_problem (
    search->study, s->sensitivity, BS_BUDGET_MEAN_BITS, search->plan->groups, NULL);
  for (guint g = 0; g < widths->n_groups; g++)
    bits +=
      (double)
        widths->size[(gsize) g * widths->n_options + bs_search_choice (search, (guint) s->best)[g]];
  s->mean_bits = widths->elements > 0 ? bits / (double) widths->elements : 0;
}

/* The widest codes with a width of their own: what a layer is compared with. */
static gboolean
choose_base (const BsSearchPlan *plan, BsSpec *base, GError **error)
{
  gboolean found = FALSE;

  for (guint i = 0; i < plan->weights->len; i++) {
    const BsSpec *spec = &g_array_index (plan->weights, BsSpec, i);
    if (!bs_spec_is_float (spec) && (!found || spec->bits > base->bits)) {
      *base = *spec;
      found = TRUE;
    }
  }
  if (!found)
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "A search needs at least one kind of quantized weights to choose from");
  return found;
}

typedef struct {
  const BsObserver *to;
  guint more; /* steps after the scan */
} Relay;

static void
relay_progress_cb (gpointer user, guint done, guint total, const char *what, double seconds_left)
{
  const Relay *relay = user;

  if (relay->to != NULL && relay->to->progress != NULL)
    relay->to->progress (relay->to->user, done, total + relay->more, what,
                         seconds_left < 0 || total == done
                           ? seconds_left
                           : seconds_left * (total - done + relay->more) / (total - done));
}

static void
relay_result_cb (gpointer user, BsResult *result)
{
  const Relay *relay = user;

  if (relay->to != NULL && relay->to->result != NULL)
    relay->to->result (relay->to->user, result);
}

static gboolean
scan_layers (Search *search, GError **error)
{
  const BsSearchPlan *plan = search->plan;
  guint moves = plan->max_moves > 0 ? plan->max_moves : BS_SEARCH_MOVES;
  Relay relay = { search->observer,
                  plan->weights->len + FRONTIER_POINTS + moves / 2 + plan->n_random };
  BsObserver own = { relay_progress_cb, relay_result_cb,
                     search->observer != NULL ? search->observer->cancelled : NULL, &relay };
  BsSensitivityPlan scan = { .weights = plan->weights,
                             .layer_acts = plan->acts,
                             .known = plan->known,
                             .latency = plan->budget == BS_BUDGET_LATENCY,
                             .seconds = plan->seconds };

  if (!choose_base (plan, &scan.others, error))
    return FALSE;
  search->s->sensitivity = bs_sensitivity_scan (search->study, &scan, &own, error);
  if (search->s->sensitivity == NULL)
    return FALSE;
  search->s->n_layers = search->s->sensitivity->n_layers;
  search->s->layers = search->s->sensitivity->layers;
  search->offset = 1 + search->s->sensitivity->n_options * (1 + search->s->n_layers);
  search->total = search->offset + relay.more;
  search->started_us = g_get_monotonic_time ();
  return TRUE;
}

static gboolean
check_budget (const Search *search, GError **error)
{
  guint64 least, most;

  size_span (search, &least, &most);
  if (search->plan->budget == BS_BUDGET_DROP || least <= search->limit)
    return TRUE;
  if (search->plan->budget == BS_BUDGET_MEAN_BITS)
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "No choice has a mean of %g bits; the smallest has %.2f", search->plan->amount,
                 (double) least / (double) MAX (search->p->elements, 1));
  else if (search->plan->budget == BS_BUDGET_LATENCY)
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "No choice takes at most %g ms a sample on this machine; the fastest takes %.4g",
                 search->plan->amount, (double) (least + search->p->rest) / 1e6);
  else
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 search->plan->budget == BS_BUDGET_BYTES
                   ? "No choice fits into %.0f bytes; the smallest takes %" G_GUINT64_FORMAT
                   : "No choice fits into %.0f bit operations; the smallest takes "
                     "%" G_GUINT64_FORMAT,
                 search->plan->amount,
                 least + (search->plan->budget == BS_BUDGET_BYTES ? search->p->rest : 0));
  return FALSE;
}

static gboolean
run (Search *search, GError **error)
{
  const BsResult *baseline = bs_study_float (search->study);
  double quality = bs_result_quality (baseline);
  gboolean ok;

  search->limit = bs_search_limit (search->p, search->plan->budget, search->plan->amount);
  search->least_quality =
    quality -
    search->plan->amount * (g_strcmp0 (baseline->metric, "perplexity") == 0 ? fabs (quality) : 1);
  if (!check_budget (search, error))
    return FALSE;
  ok = try_uniform (search, error) &&
       (search->plan->budget == BS_BUDGET_DROP ? try_drop (search, error)
                                               : try_budget (search, error)) &&
       bs_search_refine (search, error) && try_frontier (search, error) &&
       (search->plan->budget == BS_BUDGET_DROP || bs_search_random (search, error));
  return ok;
}

BsSearch *
bs_search (BsStudy *study, const BsSearchPlan *plan, const BsObserver *observer, GError **error)
{
  g_autoptr (BsSearch) s = g_new0 (BsSearch, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GArray) choices = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (BsSearchProblem) p = NULL;
  g_autoptr (GError) problem = NULL;
  Search search = {
    .study = study, .plan = plan, .observer = observer, .s = s, .seen = seen, .choices = choices
  };

  s->best = s->baseline = s->exact = s->greedy = s->second_order = s->random = -1;
  s->candidates = g_array_new (FALSE, FALSE, sizeof (BsCandidate));
  if (plan->seconds > 0)
    search.deadline_us = g_get_monotonic_time () + (gint64) (plan->seconds * G_USEC_PER_SEC);
  if (!scan_layers (&search, error))
    return NULL;
  if (s->sensitivity->interrupted) {
    s->interrupted = TRUE;
    return g_steal_pointer (&s);
  }
  p = search.p = bs_search_problem (study, s->sensitivity, plan->budget, plan->groups, error);
  if (p == NULL)
    return NULL;
  if (!run (&search, &problem)) {
    if (!g_error_matches (problem, BS_ERROR, BS_ERROR_CANCELLED)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    s->interrupted = TRUE;
  }
  finish (&search);
  return g_steal_pointer (&s);
}

char *
bs_search_text (const BsSearchPlan *plan)
{
  static const char *const names[] = { "max-bytes", "mean-bits", "max-bit-ops", "max-latency",
                                       "max-drop" };
  GString *text = g_string_new ("search weights=");
  g_autofree char *acts = bs_spec_to_string (&plan->acts);

  for (guint i = 0; i < plan->weights->len; i++) {
    g_autofree char *spec = bs_spec_to_string (&g_array_index (plan->weights, BsSpec, i));
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", spec);
  }
  g_string_append_printf (text, " acts=%s %s=%g", acts, names[plan->budget], plan->amount);
  return g_string_free (text, FALSE);
}
