/* The choice a search solves: groups of layers, options by falling size, what they cost and take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/problem.h"

#include "base/error.h"
#include "model/layers.h"

#include <math.h>
#include <string.h>

#define FLOAT_BITS 32u

void
bs_search_problem_free (BsSearchProblem *problem)
{
  g_free (problem->group_of);
  g_free (problem->order);
  g_free (problem->size);
  g_free (problem->noise);
  g_free (problem->loss);
  g_free (problem->second);
  g_free (problem);
}

static gint
layer_called (const BsSensitivity *scan, const char *name)
{
  for (guint l = 0; l < scan->n_layers; l++)
    if (strcmp (scan->layers[l], name) == 0)
      return (gint) l;
  return -1;
}

static gboolean
make_groups (BsSearchProblem *p, const BsSensitivity *scan, char *const *groups, GError **error)
{
  g_autofree guint *number = g_new (guint, scan->n_layers + 1);

  for (guint l = 0; l < scan->n_layers; l++)
    p->group_of[l] = l;
  for (guint g = 0; groups != NULL && groups[g] != NULL; g++) {
    g_auto (GStrv) names = g_strsplit (groups[g], ",", -1);
    gint first = -1;
    for (guint i = 0; names[i] != NULL; i++) {
      gint layer = layer_called (scan, g_strstrip (names[i]));
      if (layer < 0) {
        g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                     "The group “%s” names the layer “%s”, which the model does not have",
                     groups[g], names[i]);
        return FALSE;
      }
      first = first < 0 ? (gint) p->group_of[layer] : first;
      guint from = p->group_of[layer];
      for (guint l = 0; l < scan->n_layers; l++) /* groups that overlap are one */
        if (p->group_of[l] == from)
          p->group_of[l] = (guint) first;
    }
  }
  memset (number, 0xff, (scan->n_layers + 1) * sizeof *number);
  for (guint l = 0; l < scan->n_layers; l++) {
    if (number[p->group_of[l]] == G_MAXUINT)
      number[p->group_of[l]] = p->n_groups++;
    p->group_of[l] = number[p->group_of[l]];
  }
  return TRUE;
}

static const BsLayerResult *
treated (const BsSensitivity *scan, guint layer, guint option)
{
  const BsResult *all = scan->uniform[option];

  for (guint i = 0; i < all->n_layers; i++)
    if (strcmp (all->layers[i].name, scan->layers[layer]) == 0)
      return &all->layers[i];
  g_assert_not_reached ();
}

static guint
width (const BsSpec *spec)
{
  return bs_spec_is_float (spec) ? FLOAT_BITS : spec->bits;
}

static guint64
to_ns (double ms)
{
  return ms > 0 ? (guint64) rint (ms * 1e6) : 0;
}

static guint64
size_of (const BsSensitivity *scan, const BsLayer *layer, guint l, guint option, BsBudget budget)
{
  const BsLayerResult *r = treated (scan, l, option);
  const BsSpec *spec = &scan->options[option].spec;
  BsSpec acts;
  guint64 elements = r->mean_bits > 0 ? (guint64) rint ((double) r->weight_bits / r->mean_bits) : 0;

  switch (budget) {
  case BS_BUDGET_MEAN_BITS:
    return elements * width (spec);
  case BS_BUDGET_BIT_OPS:
    return layer->macs * width (spec) *
           (bs_spec_parse (r->acts, &acts, NULL) ? width (&acts) : FLOAT_BITS);
  case BS_BUDGET_LATENCY:
    return to_ns (r->latency_ms);
  case BS_BUDGET_BYTES:
  case BS_BUDGET_DROP:
    break;
  }
  return (r->weight_bits + 7) / 8;
}

typedef struct {
  guint option;
  guint64 size;
} Ranked;

static gint
larger_first (gconstpointer a, gconstpointer b)
{
  const Ranked *p = a, *q = b;

  if (p->size != q->size)
    return p->size > q->size ? -1 : 1;
  return p->option < q->option ? -1 : p->option > q->option;
}

static void
order_options (BsSearchProblem *p, const BsSensitivity *scan)
{
  g_autofree Ranked *ranked = g_new0 (Ranked, p->n_options + 1);

  for (guint o = 0; o < p->n_options; o++)
    ranked[o] = (Ranked){ o, scan->uniform[o]->weight_bytes };
  qsort (ranked, p->n_options, sizeof *ranked, larger_first);
  for (guint o = 0; o < p->n_options; o++)
    p->order[o] = ranked[o].option;
}

/* Noise grows with ‖ΔW‖²; the factor, in HAWQ the trace of the Hessian, is what the widest option
 * showed. Source: Dong et al., arXiv:1911.03852, equation 3. */
static double
second_order (const BsSensitivity *scan, const BsSearchProblem *p, guint layer, guint option)
{
  const BsLayerResult *widest = treated (scan, layer, p->order[0]),
                      *now = treated (scan, layer, option);
  double noise = bs_sensitivity_noise (scan, layer, p->order[p->n_options - 1]);
  const BsLayerResult *narrow = treated (scan, layer, p->order[p->n_options - 1]);

  /* the base has the widest option itself: what the middle one adds stands in for it */
  if (p->n_options > 2) {
    guint middle = p->order[p->n_options / 2];
    noise = bs_sensitivity_noise (scan, layer, middle);
    narrow = treated (scan, layer, middle);
  }
  double reference = bs_noise (narrow->weight_sqnr_db) - bs_noise (widest->weight_sqnr_db);
  double change = bs_noise (now->weight_sqnr_db) - bs_noise (widest->weight_sqnr_db);
  return reference > 0 ? MAX (noise * change / reference, 0) : 0;
}

/* Finite and not below 0: results of one layer may by chance be better than the base. */
static double
loss_of (const BsSensitivity *scan, guint layer, guint option)
{
  const BsResult *r = bs_sensitivity_result (scan, layer, option);
  double loss = r->output_kl - scan->base->output_kl;

  if (isnan (loss))
    loss = bs_sensitivity_noise (scan, layer, option);
  return isfinite (loss) ? MAX (loss, 0) : 1e30;
}

BsSearchProblem *
bs_search_problem (const BsStudy *study,
                   const BsSensitivity *scan,
                   BsBudget budget,
                   char *const *groups,
                   GError **error)
{
  g_autoptr (BsSearchProblem) p = g_new0 (BsSearchProblem, 1);
  g_autofree BsValue *shapes = bs_model_shapes (bs_study_model (study), NULL);
  g_autoptr (GArray) layers = bs_model_layers (bs_study_model (study), shapes);
  gsize cells;
  guint64 in_layers = 0;

  p->n_options = scan->n_options;
  p->group_of = g_new0 (guint, scan->n_layers + 1);
  if (!make_groups (p, scan, groups, error))
    return NULL;
  cells = (gsize) p->n_groups * p->n_options;
  p->order = g_new0 (guint, p->n_options + 1);
  p->size = g_new0 (guint64, cells + 1);
  p->noise = g_new0 (double, cells + 1);
  p->loss = g_new0 (double, cells + 1);
  p->second = g_new0 (double, cells + 1);
  order_options (p, scan);
  for (guint l = 0; l < scan->n_layers; l++) {
    const BsLayerResult *any = treated (scan, l, p->order[0]);
    p->elements +=
      any->mean_bits > 0 ? (guint64) rint ((double) any->weight_bits / any->mean_bits) : 0;
    in_layers += (any->weight_bits + 7) / 8;
    for (guint k = 0; k < p->n_options; k++) {
      guint o = p->order[k];
      gsize at = (gsize) p->group_of[l] * p->n_options + k;
      double noise = bs_sensitivity_noise (scan, l, o);
      p->size[at] += size_of (scan, &g_array_index (layers, BsLayer, l), l, o, budget);
      p->noise[at] += isfinite (noise) ? noise : 1e30;
      p->loss[at] += loss_of (scan, l, o);
      p->second[at] += second_order (scan, p, l, o);
    }
  }
  p->rest = scan->uniform[p->order[0]]->weight_bytes;
  p->rest -= MIN (p->rest, in_layers);
  if (budget == BS_BUDGET_LATENCY) {
    p->rest = to_ns (scan->base->latency_ms);
    for (guint i = 0; i < scan->base->n_layers; i++)
      p->rest -= MIN (p->rest, to_ns (scan->base->layers[i].latency_ms));
  }
  return g_steal_pointer (&p);
}

guint64
bs_search_limit (const BsSearchProblem *p, BsBudget budget, double amount)
{
  switch (budget) {
  case BS_BUDGET_BYTES:
    return amount > (double) p->rest ? (guint64) (amount - (double) p->rest) : 0;
  case BS_BUDGET_LATENCY:
    return amount * 1e6 > (double) p->rest ? (guint64) (amount * 1e6 - (double) p->rest) : 0;
  case BS_BUDGET_MEAN_BITS:
    return (guint64) floor (amount * (double) p->elements * (1 + 1e-12));
  case BS_BUDGET_BIT_OPS:
    return (guint64) amount;
  case BS_BUDGET_DROP:
    break;
  }
  return G_MAXUINT64 / 2;
}
