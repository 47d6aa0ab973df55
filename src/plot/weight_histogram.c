/* Plots: where the values of a weight or an activation lie, with the quantization levels as a comb
 * over them and the range that is kept. SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"

#include <float.h>
#include <glib/gi18n-lib.h>
#include <math.h>

#define MAX_BINS 128
#define MAX_COMB 512 /* more levels than this merge into a solid band and say nothing */

typedef struct {
  double lo, hi; /* of the histogram */
  guint n_bins;
  double share[MAX_BINS];
  guint n_levels;
  double *levels;
  double clip_lo, clip_hi;     /* lo ≥ hi: no range */
  gboolean levels_move, fixed; /* levels are handles; there are no handles */
} Histogram;

/* What is counted: values, or the bins of statistics. */
typedef struct {
  guint64 n; /* finite ones */
  double lo, hi;
  const BsTensorView *view;
  const BsStats *stats; /* NULL: the view's values */
} Source;

static void
histogram_free (gpointer data)
{
  Histogram *own = data;

  g_free (own->levels);
  g_free (own);
}

static Source
source_of_view (const BsTensorView *view)
{
  Source source = { .lo = INFINITY, .hi = -INFINITY, .view = view };

  for (gsize i = 0; view != NULL && i < view->n; i++)
    if (isfinite (view->values[i])) {
      source.lo = MIN (source.lo, (double) view->values[i]);
      source.hi = MAX (source.hi, (double) view->values[i]);
      source.n++;
    }
  return source;
}

/* n values; those outside the range that is kept are added to n_out. */
static void
count (Histogram *own, double value, guint64 n, double of, double rounding, guint64 *n_out)
{
  guint bin =
    MIN ((guint) ((value - own->lo) / (own->hi - own->lo) * own->n_bins), own->n_bins - 1);

  own->share[bin] += (double) n / of;
  if (own->clip_lo < own->clip_hi &&
      (value < own->clip_lo - rounding || value > own->clip_hi + rounding))
    *n_out += n;
}

/* Returns how many lie outside the range that is kept. */
static guint64
count_all (Histogram *own, const Source *source)
{
  const BsTensorView *view = source->view;
  const BsStats *stats = source->stats;
  /* the largest value itself, which a scale rounded to float32 may leave just outside */
  double rounding = (own->clip_hi - own->clip_lo) * FLT_EPSILON;
  guint64 n_out = 0;

  if (stats == NULL) {
    for (gsize i = 0; i < view->n; i++)
      if (isfinite (view->values[i]))
        count (own, view->values[i], 1, (double) source->n, rounding, &n_out);
    return n_out;
  }
  for (guint i = 0; i < BS_STATS_BINS; i++)
    if (stats->bins[i] > 0)
      count (own,
             CLAMP (bs_stats_bin_low (stats, i) + stats->bin_width / 2, source->lo, source->hi),
             stats->bins[i], (double) source->n, rounding, &n_out);
  return n_out;
}

static BsPlotData *
make (const BsPlotInput *input, const Source *source, char *title, GError **error)
{
  const BsTensorView *view = source->view;
  double lo = source->lo, hi = source->hi;
  guint64 n = source->n;
  char a[32], b[32], c[32];

  if (n == 0) {
    g_free (title);
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA, _ ("There are no values to show"));
    return NULL;
  }

  Histogram *own = g_new0 (Histogram, 1);
  double low = lo, high = hi;
  own->fixed = source->stats != NULL;
  own->clip_lo = view->clip_lo;
  own->clip_hi = view->clip_hi;
  own->levels_move = input->levels_move;
  if (view->n_levels > 0 && view->n_levels <= MAX_COMB) {
    own->levels = g_memdup2 (view->levels, sizeof *own->levels * view->n_levels);
    own->n_levels = view->n_levels;
    low = MIN (low, own->levels[0]);
    high = MAX (high, own->levels[own->n_levels - 1]);
  }
  if (own->clip_lo < own->clip_hi) {
    low = MIN (low, own->clip_lo);
    high = MAX (high, own->clip_hi);
  }
  double margin = high > low ? (high - low) * 0.02 : MAX (fabs (low) * 0.1, 1e-6);
  own->lo = low - margin;
  own->hi = high + margin;
  own->n_bins = (guint) CLAMP (2 * cbrt ((double) n), 12, MAX_BINS); /* Rice's rule */
  guint64 n_out = count_all (own, source);

  BsPlotData *data = bs_plot_data_new (input, own, histogram_free);
  double width = (own->hi - own->lo) / own->n_bins;
  int decimals = CLAMP ((int) ceil (1 - log10 (width)), 0, 6);
  if (title != NULL) {
    g_free (data->title);
    data->title = title;
  }
  for (guint i = 0; i < own->n_bins; i++) {
    bs_plot_number (a, sizeof a, own->lo + i * width, decimals);
    bs_plot_number (b, sizeof b, own->lo + (i + 1) * width, decimals);
    bs_plot_number (c, sizeof c, own->share[i] * 100, 2);
    bs_plot_data_add_item (data, i, g_strdup_printf (_ ("%s … %s\n%s %% of values"), a, b, c));
  }
  GString *text = g_string_new (NULL);
  char count[32];
  bs_plot_number (count, sizeof count, (double) n, 0);
  bs_plot_number (a, sizeof a, lo, decimals);
  bs_plot_number (b, sizeof b, hi, decimals);
  g_string_append_printf (text, _ ("%s values from %s to %s"), count, a, b);
  if (view->n_levels > 0)
    g_string_append_printf (text, ngettext ("; %u level", "; %u levels", view->n_levels),
                            view->n_levels);
  if (own->clip_lo < own->clip_hi) {
    bs_plot_number (a, sizeof a, own->clip_lo, decimals);
    bs_plot_number (b, sizeof b, own->clip_hi, decimals);
    bs_plot_number (c, sizeof c, 100.0 * (double) n_out / (double) n, 2);
    g_string_append_printf (text, _ ("; the range %s … %s is kept, %s %% of values lie outside"), a,
                            b, c);
  }
  g_string_append (text, _ ("."));
  data->description = g_string_free (text, FALSE);
  return data;
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  const Source source = source_of_view (input->view);
  const char *spec = input->spec != NULL       ? input->spec
                     : input->selected != NULL ? input->selected->label
                                               : NULL;

  return make (input, &source,
               input->layer == NULL ? NULL
               : spec != NULL ? g_strdup_printf (_ ("Weights of %s · %s"), input->layer, spec)
                              : g_strdup_printf (_ ("Weights of %s"), input->layer),
               error);
}

static BsPlotData *
build_activations (const BsPlotInput *input, GError **error)
{
  const BsStats *stats = input->stats;

  if (stats == NULL || input->view == NULL) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA,
                         _ ("What enters the layer is known once the network has run"));
    return NULL;
  }
  const Source source = { stats->count, stats->min, stats->max, input->view, stats };
  return make (input, &source,
               input->spec != NULL
                 ? g_strdup_printf (_ ("Inputs of %s · %s"), input->layer, input->spec)
                 : g_strdup_printf (_ ("Inputs of %s"), input->layer),
               error);
}

static void
draw_range (const Histogram *own, BsPlotFrame *frame, const BsPlotAxis *x)
{
  cairo_t *cr = frame->cr;
  double a = bs_plot_crisp (bs_plot_axis_at (x, own->clip_lo), 1),
         b = bs_plot_crisp (bs_plot_axis_at (x, own->clip_hi), 1);

  bs_plot_set_color (cr, frame->style->foreground, 0.07);
  cairo_rectangle (cr, frame->left, frame->top, a - frame->left, frame->bottom - frame->top);
  cairo_rectangle (cr, b, frame->top, frame->right - b, frame->bottom - frame->top);
  cairo_fill (cr);
  bs_plot_set_color (cr, frame->style->series[0], 1);
  cairo_set_line_width (cr, 1);
  cairo_move_to (cr, a, frame->top);
  cairo_line_to (cr, a, frame->bottom);
  cairo_move_to (cr, b, frame->top);
  cairo_line_to (cr, b, frame->bottom);
  cairo_set_dash (cr, (double[]){ 5, 3 }, 2, 0);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

static void
add_handle (BsPlotData *data, BsPlotFrame *frame, const BsPlotAxis *x, double value)
{
  double at = bs_plot_axis_at (x, value);

  data->handles[data->n_handles++] = (BsPlotHandle){ at, frame->top, frame->bottom, value };
  bs_plot_grip (frame, at);
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const Histogram *own = data->own;
  BsPlotFrame frame;
  BsPlotAxis x, y;
  double top = 0;
  BsLegendEntry legend[3];
  guint n = 0;
  g_autofree char *levels = NULL;
  gboolean has_range = own->clip_lo < own->clip_hi;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  if (own->n_levels > 0) {
    levels = g_strdup_printf (
      ngettext ("%u quantization level", "%u quantization levels", own->n_levels), own->n_levels);
    legend[n++] =
      (BsLegendEntry){ _ ("values"), bs_plot_mix (style->series[1], style->background, 0.35),
                       BS_MARKER_SQUARE };
    legend[n++] = (BsLegendEntry){ levels, style->foreground, BS_MARKER_LINE };
  }
  if (has_range)
    legend[n++] = (BsLegendEntry){ _ ("range that is kept"), style->series[0], BS_MARKER_DASHES };
  bs_plot_frame_legend (&frame, legend, n);
  for (guint i = 0; i < own->n_bins; i++)
    top = MAX (top, own->share[i]);
  /* The comb has a strip of its own above the bars. */
  double comb = own->n_levels > 0 ? round (frame.em * 1.5) : 0,
         comb_top = frame.top + round (frame.em * 0.3);
  frame.top += comb;
  bs_plot_axis_init (&x, BS_PLOT_LINEAR, own->lo, own->hi, 0, 1);
  bs_plot_axis_init (&y, BS_PLOT_LINEAR, 0, top * 1.05, 0, 0.01);
  bs_plot_frame_axes (&frame, &x, &y, _ ("Value"), _ ("Values (%)"), BS_FRAME_GRID_Y);

  double step = (frame.right - frame.left) / own->n_bins;
  for (guint i = 0; i < own->n_bins; i++) {
    double left = round (frame.left + i * step), right = round (frame.left + (i + 1) * step);
    double y0 = own->share[i] > 0
                  ? MIN (round (bs_plot_axis_at (&y, own->share[i])), frame.bottom - 1)
                  : frame.bottom;
    cairo_rectangle (cr, left, y0, MAX (right - left - (step > 4 ? 1 : 0), 1), frame.bottom - y0);
    bs_plot_data_place (data, i, (left + right) / 2, (frame.top + frame.bottom) / 2, right - left,
                        frame.bottom - frame.top);
  }
  bs_plot_set_color (cr, bs_plot_mix (style->series[1], style->background, 0.35), 1);
  cairo_fill (cr);

  if (own->n_levels > 0) {
    gboolean dense = (frame.right - frame.left) / own->n_levels < 6;
    for (guint i = 0; i < own->n_levels; i++) {
      double at = bs_plot_crisp (bs_plot_axis_at (&x, own->levels[i]), 1);
      cairo_move_to (cr, at, comb_top);
      cairo_line_to (cr, at, comb_top + comb * 0.7);
    }
    cairo_set_line_width (cr, 1);
    bs_plot_set_color (cr, style->foreground, dense ? 0.55 : 0.9);
    cairo_stroke (cr);
    if (!dense) {
      for (guint i = 0; i < own->n_levels; i++) {
        double at = bs_plot_crisp (bs_plot_axis_at (&x, own->levels[i]), 1);
        cairo_move_to (cr, at, comb_top + comb * 0.7);
        cairo_line_to (cr, at, frame.bottom);
      }
      bs_plot_set_color (cr, style->foreground, 0.22);
      cairo_stroke (cr);
    }
  }
  bs_plot_data_set_area (data, frame.left, frame.top, frame.right, frame.bottom);
  data->value_lo = x.lo;
  data->value_hi = x.hi;
  data->n_handles = 0; /* the picture before may have had some: bs_plot_data_follow */
  frame.top = comb_top;
  if (has_range)
    draw_range (own, &frame, &x);
  if (own->fixed)
    return;
  if (own->levels_move)
    for (guint i = 0; i < MIN (own->n_levels, BS_PLOT_HANDLES); i++)
      add_handle (data, &frame, &x, own->levels[i]);
  else if (has_range) {
    add_handle (data, &frame, &x, own->clip_lo);
    add_handle (data, &frame, &x, own->clip_hi);
  }
}

const BsPlot bs_plot_weight_histogram = {
  .id = "weight-histogram",
  .title = N_ ("Weights and levels"),
  .build = build,
  .draw = draw,
};

const BsPlot bs_plot_activation_histogram = {
  .id = "activation-histogram",
  .title = N_ ("Inputs and levels"),
  .build = build_activations,
  .draw = draw,
};
