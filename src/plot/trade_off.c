/* Plot: quality over size or another cost, one point a configuration, with the Pareto frontier and the float model
 * as a line. SPDX-License-Identifier: GPL-3.0-or-later */
#include "cost.h"
#include "data.h"
#include "draw.h"
#include "quality.h"
#include "quant/encoding.h"
#include "quant/spec.h"
#include "study/pareto.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define MAX_NUMBERED 64 /* more points than this are drawn small, without the width inside */

typedef struct {
  double x, y, lo, hi;
  guint color; /* by scope: index into the style's series */
  guint shape; /* index into shapes */
  guint order; /* place among the results */
  gboolean pareto;
  char width[8]; /* bits, inside the marker; "" when layers differ */
} Point;

typedef struct {
  BsQuantity quantity;
  BsPlotCost cost;
  BsPlotScale scale;
  GArray *points;     /* Point, by cost */
  gboolean scopes[6]; /* BsScope, and float as the last */
  GPtrArray *shapes;  /* char *: what a marker's shape stands for */
  double float_y, float_x;
  double best; /* the largest share that the y axis needs to show */
} TradeOff;

static const char *const scope_names[] = {
  N_ ("one scale for the model"),
  N_ ("per tensor"),
  N_ ("per channel"),
  N_ ("per group"),
  N_ ("per element"),
  N_ ("float weights"),
};
static const guint scope_colors[] = { 0, 1, 2, 3, 4, 7 };
static const BsMarker markers[] = {
  BS_MARKER_CIRCLE,        BS_MARKER_SQUARE,   BS_MARKER_DIAMOND, BS_MARKER_TRIANGLE,
  BS_MARKER_TRIANGLE_DOWN, BS_MARKER_PENTAGON, BS_MARKER_HEXAGON, BS_MARKER_CROSS,
};

static void
trade_off_free (gpointer data)
{
  TradeOff *own = data;

  g_array_unref (own->points);
  g_ptr_array_unref (own->shapes);
  g_free (own);
}

static char *
item_text (const TradeOff *own, const BsResult *result, gboolean pareto)
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
  return g_string_free (text, FALSE);
}

/* What differs between the results, of what scope and bits do not tell: that becomes the shape. */
static char *
shape_text (const BsResult *result,
            const BsSpec *weights,
            gboolean by_encoding,
            gboolean by_acts,
            gboolean by_range)
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
  const Point *p = a, *q = b;

  if (p->x != q->x)
    return p->x < q->x ? -1 : 1;
  return p->order < q->order ? -1 : p->order > q->order;
}

static char *
describe (const TradeOff *own, const BsPlotInput *input)
{
  double lo = G_MAXDOUBLE, hi = -G_MAXDOUBLE;
  guint n_pareto = 0;
  const Point *pick = NULL;
  char small[64], large[64], float_cost[64];
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < own->points->len; i++) {
    const Point *p = &g_array_index (own->points, Point, i);
    lo = MIN (lo, p->y);
    hi = MAX (hi, p->y);
    n_pareto += p->pareto;
    gboolean close = own->quantity == BS_QUANTITY_TOP1         ? p->y >= own->float_y - 0.01
                     : own->quantity == BS_QUANTITY_PERPLEXITY ? p->y <= own->float_y * 1.01
                     : own->quantity == BS_QUANTITY_AGREEMENT  ? p->y >= 0.99
                                                               : p->y >= 30;
    if (pick == NULL && close)
      pick = p;
  }
  g_autofree char *worst =
    bs_quantity_text (own->quantity, own->quantity == BS_QUANTITY_PERPLEXITY ? hi : lo);
  g_autofree char *best =
    bs_quantity_text (own->quantity, own->quantity == BS_QUANTITY_PERPLEXITY ? lo : hi);
  bs_plot_cost_text (own->cost, small, sizeof small, g_array_index (own->points, Point, 0).x);
  bs_plot_cost_text (own->cost, large, sizeof large,
                     g_array_index (own->points, Point, own->points->len - 1).x);
  g_string_append_printf (
    text,
    ngettext ("%u configuration from %s to %s at %s to %s, %u on the frontier",
              "%u configurations from %s to %s at %s to %s, %u on the frontier", own->points->len),
    own->points->len, worst, best, small, large, n_pareto);
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
  TradeOff *own;
  BsPlotData *data;
  gboolean by_encoding = FALSE, by_acts = FALSE, by_range = FALSE;
  double lo = 1;

  if (input->n_results == 0) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("There are no results to plot yet"));
    return NULL;
  }
  own = g_new0 (TradeOff, 1);
  own->points = g_array_new (FALSE, TRUE, sizeof (Point));
  own->shapes = g_ptr_array_new_with_free_func (g_free);
  own->quantity = bs_quantity_of (input->results[0]);
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
  }

  own->best = 0;
  for (guint i = 0; i < input->n_results; i++) {
    const BsResult *result = input->results[i];
    const BsSpec *spec = &specs[i];
    guint scope = bs_spec_is_float (spec) ? 5 : (guint) spec->scope;
    Point point = { .x = bs_plot_cost_read (own->cost, result),
                    .order = i,
                    .pareto = pareto[i],
                    .color = scope_colors[scope] };

    bs_quantity_read (own->quantity, result, &point.y, &point.lo, &point.hi);
    if (isnan (point.y) || isnan (point.x))
      continue;
    own->scopes[scope] = TRUE;
    point.shape =
      shape_index (own->shapes, shape_text (result, spec, by_encoding, by_acts, by_range));
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
                           ? _ ("No result has a measured time; sweep --latency measures it")
                           : _ ("No result has a measure that could be plotted"));
    return NULL;
  }
  g_array_sort (own->points, compare_points);
  for (guint i = 0; i < own->points->len; i++) {
    const Point *point = &g_array_index (own->points, Point, i);
    bs_plot_data_add_item (data, point->order,
                           item_text (own, input->results[point->order], point->pareto));
  }

  own->scale = own->quantity == BS_QUANTITY_PERPLEXITY ? BS_PLOT_LOG : BS_PLOT_LINEAR;
  if ((own->quantity == BS_QUANTITY_TOP1 || own->quantity == BS_QUANTITY_AGREEMENT) &&
      own->best >= 0.8 && own->best - lo > 0.25)
    own->scale =
      BS_PLOT_COMPLEMENT; /* or all good configurations would lie on each other at the top */
  data->description = describe (own, input);
  return data;
}

static void
y_range (const TradeOff *own, double *lo, double *hi)
{
  *lo = G_MAXDOUBLE;
  *hi = -G_MAXDOUBLE;
  for (guint i = 0; i < own->points->len; i++) {
    double y = g_array_index (own->points, Point, i).y;
    if (isfinite (y)) {
      *lo = MIN (*lo, y);
      *hi = MAX (*hi, y);
    }
  }
  if (!isnan (own->float_y)) {
    *lo = MIN (*lo, own->float_y);
    *hi = MAX (*hi, own->float_y);
  }
  /* Room for the bars of the best points, but not for so much that the points move together. */
  for (guint i = 0; i < own->points->len; i++) {
    double bar = g_array_index (own->points, Point, i).hi;
    if (own->scale == BS_PLOT_COMPLEMENT)
      *hi = MIN (MAX (*hi, bar), 1 - (1 - own->best) * 0.6);
    else if (own->scale == BS_PLOT_LINEAR && isfinite (bar))
      *hi = MAX (*hi, bar);
  }
}

static void
draw_frontier (const TradeOff *own, BsPlotFrame *frame, const BsPlotAxis *x, const BsPlotAxis *y)
{
  gboolean started = FALSE;

  cairo_new_path (frame->cr);
  for (guint i = 0; i < own->points->len; i++) {
    const Point *point = &g_array_index (own->points, Point, i);
    double px = bs_plot_axis_at (x, point->x), py = bs_plot_axis_at (y, point->y), from_x, from_y;
    if (!point->pareto)
      continue;
    if (started) {
      cairo_get_current_point (frame->cr, &from_x, &from_y);
      cairo_line_to (frame->cr, px, from_y);
      cairo_line_to (frame->cr, px, py);
    } else {
      cairo_move_to (frame->cr, px, py);
    }
    started = TRUE;
  }
  if (started) {
    double from_x, from_y;
    cairo_get_current_point (frame->cr, &from_x, &from_y);
    cairo_line_to (frame->cr, frame->right, from_y);
  }
  bs_plot_set_color (frame->cr, frame->style->foreground, 0.55);
  cairo_set_line_width (frame->cr, frame->style->line_width);
  cairo_stroke (frame->cr);
}

static void
draw_points (BsPlotData *data, BsPlotFrame *frame, const BsPlotAxis *x, const BsPlotAxis *y)
{
  const TradeOff *own = data->own;
  const BsPlotStyle *style = frame->style;
  gboolean numbered = own->points->len <= MAX_NUMBERED;
  double radius = frame->em * (numbered ? 0.58 : own->points->len > 400 ? 0.24 : 0.36);
  cairo_t *cr = frame->cr;

  /* Bars first, so that no bar crosses a marker; then the points beside the frontier, then those on
   * it. */
  cairo_set_line_width (cr, 1);
  for (guint i = 0; i < own->points->len; i++) {
    const Point *point = &g_array_index (own->points, Point, i);
    if (!isfinite (point->lo) || !isfinite (point->hi) || point->hi <= point->lo)
      continue;
    double px = bs_plot_crisp (bs_plot_axis_at (x, point->x), 1), cap = radius * 0.45;
    double a = bs_plot_crisp (bs_plot_axis_at (y, point->lo), 1),
           b = bs_plot_crisp (bs_plot_axis_at (y, point->hi), 1);
    cairo_move_to (cr, px, a);
    cairo_line_to (cr, px, b);
    cairo_move_to (cr, px - cap, a);
    cairo_line_to (cr, px + cap, a);
    cairo_move_to (cr, px - cap, b);
    cairo_line_to (cr, px + cap, b);
    bs_plot_set_color (cr, style->series[point->color], 0.6);
    cairo_stroke (cr);
  }
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < own->points->len; i++) {
      const Point *point = &g_array_index (own->points, Point, i);
      if (point->pareto != (pass == 1))
        continue;
      double px = bs_plot_axis_at (x, point->x), py = bs_plot_axis_at (y, point->y);
      BsColor color = style->series[point->color];
      bs_plot_marker (cr, markers[point->shape % G_N_ELEMENTS (markers)], px, py, radius);
      bs_plot_set_color (cr, point->pareto ? color : bs_plot_mix (color, style->background, 0.25),
                         1);
      cairo_fill_preserve (cr);
      bs_plot_set_color (cr, point->pareto ? style->foreground : style->background, 1);
      cairo_set_line_width (cr, point->pareto ? 1.25 : 1);
      cairo_stroke (cr);
      if (numbered) {
        BsColor on = style->background.r > 0.5 ? (BsColor){ 1, 1, 1, 1 } : (BsColor){ 0, 0, 0, 1 };
        bs_plot_text_bold (frame, point->width, px, py, 0.5, 0.5,
                           strlen (point->width) > 1 ? 0.6 : 0.72, on);
      }
      bs_plot_data_place (data, i, px, py, radius * 2 + 4, radius * 2 + 4);
    }
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const TradeOff *own = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  BsLegendEntry legend[G_N_ELEMENTS (scope_names) + BS_N_MARKERS + 4];
  guint n = 0;
  double lo, hi;
  g_autofree char *float_text = NULL;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  for (guint i = 0; i < G_N_ELEMENTS (scope_names); i++)
    if (own->scopes[i])
      legend[n++] =
        (BsLegendEntry){ _ (scope_names[i]), style->series[scope_colors[i]], BS_MARKER_CIRCLE };
  if (own->shapes->len > 1)
    for (guint i = 0; i < MIN (own->shapes->len, BS_N_MARKERS); i++)
      legend[n++] = (BsLegendEntry){ own->shapes->pdata[i], style->muted, markers[i], TRUE };
  legend[n++] =
    (BsLegendEntry){ _ ("Pareto frontier"),
                     bs_plot_mix (style->foreground, style->background, 0.45), BS_MARKER_LINE };
  if (!isnan (own->float_y)) {
    char cost[64];
    g_autofree char *quality = bs_quantity_text (own->quantity, own->float_y);
    bs_plot_cost_text (own->cost, cost, sizeof cost, own->float_x);
    float_text = g_strdup_printf (_ ("float32: %s, %s"), quality, cost);
    legend[n++] = (BsLegendEntry){ float_text, style->foreground, BS_MARKER_DASHES };
  }
  bs_plot_frame_legend (&frame, legend, n);

  y_range (own, &lo, &hi);
  gboolean share = own->quantity == BS_QUANTITY_TOP1 || own->quantity == BS_QUANTITY_AGREEMENT;
  bs_plot_axis_init (&y, own->scale, own->quantity == BS_QUANTITY_PERPLEXITY ? hi : lo,
                     own->quantity == BS_QUANTITY_PERPLEXITY ? lo : hi, 0.07, share ? 0.01 : 1);
  double first = g_array_index (own->points, Point, 0).x,
         last = g_array_index (own->points, Point, own->points->len - 1).x;
  double unit;
  g_autofree char *x_title = bs_plot_cost_axis (own->cost, last, &unit);
  bs_plot_axis_init (&x, BS_PLOT_LINEAR, first, last, 0.05, unit);

  g_autofree char *y_title = own->quantity == BS_QUANTITY_PERPLEXITY
                               ? g_strdup (_ ("Perplexity (log scale, better upwards)"))
                             : own->quantity == BS_QUANTITY_SQNR ? g_strdup (_ ("Output SQNR (dB)"))
                             : own->quantity == BS_QUANTITY_AGREEMENT
                               ? g_strdup (_ ("Agreement with float (%)"))
                               : g_strdup (_ ("Top-1 accuracy (%)"));
  if (own->scale == BS_PLOT_COMPLEMENT) {
    g_autofree char *full = g_strdup_printf (_ ("%s, log error"), y_title);
    if (bs_plot_text_width (&frame, full, 1) < frame.bottom - frame.top - 3 * frame.em) {
      g_free (y_title);
      y_title = g_steal_pointer (&full);
    }
  }
  bs_plot_frame_axes (&frame, &x, &y, x_title, y_title, BS_FRAME_GRID_X | BS_FRAME_GRID_Y);

  cairo_save (cr);
  cairo_rectangle (cr, frame.left, frame.top - 6, frame.right - frame.left + 6,
                   frame.bottom - frame.top + 6);
  cairo_clip (cr);
  if (!isnan (own->float_y)) {
    double at = bs_plot_crisp (bs_plot_axis_at (&y, own->float_y), 1);
    cairo_set_dash (cr, (double[]){ 5, 4 }, 2, 0);
    cairo_move_to (cr, frame.left, at);
    cairo_line_to (cr, frame.right, at);
    bs_plot_set_color (cr, style->foreground, 0.9);
    cairo_set_line_width (cr, 1);
    cairo_stroke (cr);
    cairo_set_dash (cr, NULL, 0, 0);
  }
  draw_frontier (own, &frame, &x, &y);
  draw_points (data, &frame, &x, &y);
  cairo_restore (cr);
}

const BsPlot bs_plot_trade_off = {
  .id = "trade-off",
  .title = N_ ("Trade-off"),
  .build = build,
  .draw = draw,
};
