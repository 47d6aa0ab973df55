/* Plot: quality over size or another cost, one point a configuration, with the Pareto frontier and the float model
 * as a line. SPDX-License-Identifier: GPL-3.0-or-later */
#include "trade_off.h"

#include "quant/config.h"
#include "quant/encoding.h"
#include "quant/spec.h"
#include "study/pareto.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

static void
trade_off_free (gpointer data)
{
  BsTradeOff *own = data;

  g_array_unref (own->points);
  g_ptr_array_unref (own->shapes);
  g_free (own);
}

static char *
item_text (const BsTradeOff *own, const BsResult *result, gboolean pareto)
{
  BsQuantity quantity = own->quantity;
  GString *text = g_string_new (result->label);
  double y, lo, hi;
  char cost[64], a[32], b[32];

  bs_quantity_read (quantity, result, &y, &lo, &hi);
  g_autofree char *quality = bs_quantity_text (quantity, y);
  bs_plot_cost_text (own->cost, cost, sizeof cost, bs_plot_cost_read (own->cost, result));
  g_string_append_printf (text, "\n%s", quality);
  if (quantity == BS_QUANTITY_TOP1 || quantity == BS_QUANTITY_AGREEMENT) {
    bs_plot_number (a, sizeof a, lo * 100, 2);
    bs_plot_number (b, sizeof b, hi * 100, 2);
    g_string_append_printf (text, " (%s–%s)", a, b);
  }
  g_string_append_printf (text, " · %s", cost);
  if (quantity == BS_QUANTITY_TOP1 && !isnan (result->agreement)) {
    bs_plot_number (a, sizeof a, result->agreement * 100, 2);
    g_string_append_c (text, '\n');
    g_string_append_printf (text, _ ("%s %% agree with float"), a);
  }
  if (pareto)
    g_string_append_printf (text, "\n%s", _ ("on the frontier"));
  if (result->simulated)
    g_string_append_printf (text, "\n%s", _ ("simulated"));
  if (result->stopped_early) {
    bs_plot_number (a, sizeof a, (double) result->n_samples, 0);
    g_string_append_c (text, '\n');
    g_string_append_printf (text, _ ("stopped early after %s samples"), a);
  }
  return g_string_free (text, FALSE);
}

/* "equalize + bias", or that there are none. (transfer full) */
static char *
corrections_text (const BsResult *result)
{
  g_autoptr (BsConfig) config =
    result->config != NULL && strstr (result->config, "\"corrections\"") != NULL
      ? bs_config_parse (result->config, NULL)
      : NULL;

  return config != NULL ? g_strjoinv (" + ", config->corrections) : g_strdup (_ ("no corrections"));
}

/* What differs between the results, of what scope and bits do not tell: that becomes the shape. */
static char *
shape_text (const BsResult *result,
            const BsSpec *weights,
            gboolean by_encoding,
            gboolean by_acts,
            gboolean by_range,
            const char *corrections)
{
  GString *text = g_string_new (NULL);

  if (by_encoding)
    g_string_append (text, weights->encoding->family == BS_FAMILY_INTEGER
                             ? (weights->affine ? _ ("affine") : _ ("symmetric"))
                             : _ (weights->encoding->title));
  if (by_acts) {
    g_string_append (text, text->len > 0 ? ", " : "");
    g_string_append_printf (text, _ ("activations %s"), result->acts);
  }
  if (by_range)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", weights->range->id);
  if (corrections != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", corrections);
  return g_string_free (text, FALSE);
}

static guint
shape_index (GPtrArray *shapes, char *text)
{
  for (guint i = 0; i < shapes->len; i++)
    if (strcmp (shapes->pdata[i], text) == 0) {
      g_free (text);
      return i;
    }
  g_ptr_array_add (shapes, text);
  return shapes->len - 1;
}

static gint
compare_points (gconstpointer a, gconstpointer b)
{
  const BsTradeOffPoint *p = a, *q = b;

  if (p->x != q->x)
    return p->x < q->x ? -1 : 1;
  return p->order < q->order ? -1 : p->order > q->order;
}

static char *
describe (const BsTradeOff *own, const BsPlotInput *input)
{
  double lo = G_MAXDOUBLE, hi = -G_MAXDOUBLE;
  guint n_pareto = 0;
  const BsTradeOffPoint *pick = NULL;
  char small[64], large[64], float_cost[64];
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < own->points->len; i++) {
    const BsTradeOffPoint *p = &g_array_index (own->points, BsTradeOffPoint, i);
    lo = MIN (lo, p->y);
    hi = MAX (hi, p->y);
    n_pareto += p->pareto;
    gboolean close = own->quantity == BS_QUANTITY_TOP1         ? p->y >= own->float_y - 0.01
                     : own->quantity == BS_QUANTITY_PERPLEXITY ? p->y <= own->float_y * 1.01
                     : own->quantity == BS_QUANTITY_AGREEMENT  ? p->y >= 0.99
                                                               : p->y >= 30;
    if (pick == NULL && close && !p->stopped)
      pick = p;
  }
  g_autofree char *worst =
    bs_quantity_text (own->quantity, own->quantity == BS_QUANTITY_PERPLEXITY ? hi : lo);
  g_autofree char *best =
    bs_quantity_text (own->quantity, own->quantity == BS_QUANTITY_PERPLEXITY ? lo : hi);
  bs_plot_cost_text (own->cost, small, sizeof small,
                     g_array_index (own->points, BsTradeOffPoint, 0).x);
  bs_plot_cost_text (own->cost, large, sizeof large,
                     g_array_index (own->points, BsTradeOffPoint, own->points->len - 1).x);
  g_string_append_printf (
    text,
    ngettext ("%u configuration from %s to %s at %s to %s, %u on the frontier",
              "%u configurations from %s to %s at %s to %s, %u on the frontier", own->points->len),
    own->points->len, worst, best, small, large, n_pareto);
  if (own->n_stopped > 0)
    g_string_append_printf (text, _ (", %u stopped early"), own->n_stopped);
  if (!isnan (own->float_y)) {
    g_autofree char *quality = bs_quantity_text (own->quantity, own->float_y);
    bs_plot_cost_text (own->cost, float_cost, sizeof float_cost, own->float_x);
    g_string_append_printf (text, _ ("; float: %s at %s"), quality, float_cost);
  }
  if (pick != NULL) {
    const BsResult *result = input->results[pick->order];
    g_autofree char *quality = bs_quantity_text (own->quantity, pick->y);
    char cost[64];
    bs_plot_cost_text (own->cost, cost, sizeof cost, pick->x);
    const char *format = own->quantity == BS_QUANTITY_TOP1
                           ? _ ("; smallest within one percentage point of float: %s with %s at %s")
                         : own->quantity == BS_QUANTITY_PERPLEXITY
                           ? _ ("; smallest within one percent of float: %s with %s at %s")
                         : own->quantity == BS_QUANTITY_AGREEMENT
                           ? _ ("; smallest with 99 %% agreement: %s with %s at %s")
                           : _ ("; smallest with 30 dB: %s with %s at %s");
    g_string_append_printf (text, format, result->label, quality, cost);
  }
  g_string_append (text, _ ("."));
  return g_string_free (text, FALSE);
}

/* Of size as everywhere; of another cost likewise. */
static void
find_frontier (const BsPlotInput *input, gboolean *pareto)
{
  g_autofree double *cost = g_new (double, input->n_results),
                    *error = g_new (double, input->n_results);
  g_autofree guint *front = g_new (guint, input->n_results);
  guint n;

  if (input->cost == BS_PLOT_BYTES) {
    bs_results_pareto (input->results, input->n_results, pareto);
    return;
  }
  for (guint i = 0; i < input->n_results; i++) {
    const BsResult *result = input->results[i];
    cost[i] = bs_plot_cost_read (input->cost, result);
    error[i] = result->stopped_early ? (double) NAN : -bs_result_quality (result);
  }
  n = bs_pareto_front (cost, error, input->n_results, front);
  for (guint i = 0; i < n; i++)
    pareto[front[i]] = TRUE;
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  BsTradeOff *own;
  BsPlotData *data;
  gboolean by_encoding = FALSE, by_acts = FALSE, by_range = FALSE, by_corrections = FALSE;
  double lo = 1;

  if (input->n_results == 0) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("There are no results to plot yet"));
    return NULL;
  }
  own = g_new0 (BsTradeOff, 1);
  own->points = g_array_new (FALSE, TRUE, sizeof (BsTradeOffPoint));
  own->shapes = g_ptr_array_new_with_free_func (g_free);
  own->quantity = bs_quantity_of (input->results[0]);
  own->budget = input->cost == BS_PLOT_BYTES ? input->budget : 0;
  own->cost = input->cost;
  own->float_y = own->float_x = NAN;
  if (input->float_result != NULL && own->quantity != BS_QUANTITY_AGREEMENT &&
      own->quantity != BS_QUANTITY_SQNR) {
    own->float_x = own->cost == BS_PLOT_BYTES ? (double) input->float_result->float_bytes
                                              : bs_plot_cost_read (own->cost, input->float_result);
    if (!isnan (own->float_x))
      own->float_y = input->float_result->value;
  }
  data = bs_plot_data_new (input, own, trade_off_free);

  g_auto (GStrv) corrections = g_new0 (char *, input->n_results + 1);
  g_autofree BsSpec *specs = g_new0 (BsSpec, input->n_results);
  g_autofree gboolean *pareto = g_new0 (gboolean, input->n_results);
  find_frontier (input, pareto);
  for (guint i = 0; i < input->n_results; i++) {
    if (!bs_spec_parse (input->results[i]->weights, &specs[i], error)) {
      bs_plot_data_free (data);
      return NULL;
    }
    by_encoding =
      by_encoding || specs[i].encoding != specs[0].encoding || specs[i].affine != specs[0].affine;
    by_acts = by_acts || g_strcmp0 (input->results[i]->acts, input->results[0]->acts) != 0;
    by_range = by_range || specs[i].range != specs[0].range;
    corrections[i] = corrections_text (input->results[i]);
    by_corrections = by_corrections || !g_str_equal (corrections[i], corrections[0]);
  }

  own->best = 0;
  for (guint i = 0; i < input->n_results; i++) {
    const BsResult *result = input->results[i];
    const BsSpec *spec = &specs[i];
    guint scope = bs_spec_is_float (spec) ? 5 : (guint) spec->scope;
    BsTradeOffPoint point = { .x = bs_plot_cost_read (own->cost, result),
                              .order = i,
                              .pareto = pareto[i],
                              .stopped = result->stopped_early,
                              .scope = scope };

    bs_quantity_read (own->quantity, result, &point.y, &point.lo, &point.hi);
    if (isnan (point.y) || isnan (point.x))
      continue;
    own->scopes[scope] = TRUE;
    own->n_stopped += point.stopped;
    point.shape =
      shape_index (own->shapes, shape_text (result, spec, by_encoding, by_acts, by_range,
                                            by_corrections ? corrections[i] : NULL));
    if (!bs_spec_is_float (spec) && fabs (result->mean_bits - spec->bits) < 1)
      g_snprintf (point.width, sizeof point.width, "%u", spec->bits);
    lo = MIN (lo, point.y);
    /* Half a sample's distance from 100 %: a perfect score has a place on a logarithmic axis. */
    own->best = MAX (own->best, MIN (point.y, 1 - 0.5 / MAX ((double) result->n, 1)));
    g_array_append_val (own->points, point);
  }
  if (own->points->len == 0) {
    bs_plot_data_free (data);
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NOT_FINITE,
                         input->cost == BS_PLOT_LATENCY
                           ? _ ("No result has a measured time; the switch on the page Sweep, or "
                                "sweep --latency, measures it")
                           : _ ("No result has a measure that could be plotted"));
    return NULL;
  }
  g_array_sort (own->points, compare_points);
  for (guint i = 0; i < own->points->len; i++) {
    const BsTradeOffPoint *point = &g_array_index (own->points, BsTradeOffPoint, i);
    bs_plot_data_add_item (data, point->order,
                           item_text (own, input->results[point->order], point->pareto));
  }

  own->scale = own->quantity == BS_QUANTITY_PERPLEXITY ? BS_PLOT_LOG : BS_PLOT_LINEAR;
  if ((own->quantity == BS_QUANTITY_TOP1 || own->quantity == BS_QUANTITY_AGREEMENT) &&
      own->best >= 0.8 && own->best - lo > 0.25)
    own->scale =
      BS_PLOT_COMPLEMENT; /* or all good configurations would lie on each other at the top */
  data->description = describe (own, input);
  data->can_zoom = TRUE;
  return data;
}

const BsPlot bs_plot_trade_off = {
  .id = "trade-off",
  .title = N_ ("Trade-off"),
  .build = build,
  .draw = bs_trade_off_draw,
};
