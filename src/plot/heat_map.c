/* Plot: the error of every layer on its own under every configuration, as a map: which layer minds
 * which width. SPDX-License-Identifier: GPL-3.0-or-later */
#include "data.h"
#include "draw.h"
#include "quality.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define MAX_COLUMNS 48 /* more are not told apart on a page */

typedef struct {
  GPtrArray *rows, *columns; /* char *: layers and configurations */
  double *cells;             /* [rows × columns], dB; NaN: not measured */
  double lo, hi;             /* of those that are finite; lo > hi: there are none */
  guint worst;               /* the cell of lo */
  guint n_measured;          /* cells */
  const char *measure;       /* what the colours say */
} Map;

static void
map_free (gpointer data)
{
  Map *own = data;

  g_ptr_array_unref (own->rows);
  g_ptr_array_unref (own->columns);
  g_free (own->cells);
  g_free (own);
}

static gint
compare_size (gconstpointer a, gconstpointer b, gpointer user)
{
  BsResult *const *results = user;
  const BsResult *p = results[*(const guint *) a], *q = results[*(const guint *) b];

  if (p->weight_bytes != q->weight_bytes)
    return p->weight_bytes < q->weight_bytes ? -1 : 1;
  return strcmp (p->key, q->key);
}

static Map *
map_new (guint n_rows, guint n_columns, const char *measure)
{
  Map *own = g_new0 (Map, 1);

  own->rows = g_ptr_array_new_with_free_func (g_free);
  own->columns = g_ptr_array_new_with_free_func (g_free);
  own->cells = g_new (double, (gsize) n_rows *n_columns);
  own->lo = INFINITY;
  own->hi = -INFINITY;
  own->measure = measure;
  return own;
}

static void
set_cell (Map *own, guint row, guint column, double value)
{
  guint cell = row * own->columns->len + column;

  own->cells[cell] = value;
  if (!isnan (value))
    own->n_measured++;
  if (!isfinite (value))
    return;
  if (value < own->lo)
    own->worst = cell;
  own->lo = MIN (own->lo, value);
  own->hi = MAX (own->hi, value);
}

/* with: "SQNR of %u layers under %u configurations; the lowest is %s dB in %s with %s." */
static void
describe (BsPlotData *data, Map *own, const char *with)
{
  guint n = own->columns->len;
  char number[32];

  if (own->lo <= own->hi) {
    bs_plot_number (number, sizeof number, own->lo, 1);
    data->description =
      g_strdup_printf (with, own->rows->len, n, number, (char *) own->rows->pdata[own->worst / n],
                       (char *) own->columns->pdata[own->worst % n]);
  } else {
    data->description = g_strdup_printf (
      own->n_measured > 0 ? _ ("%u layers under %u configurations; no layer loses anything.")
                          : _ ("%u layers under %u configurations; nothing is measured yet."),
      own->rows->len, n);
    own->lo = 0;
    own->hi = 1;
  }
}

/* Rows are the layers of all results, columns the results by size. */
static BsPlotData *
build_results (const BsPlotInput *input, GError **error)
{
  const BsResult *first = NULL;
  g_autofree guint *order = g_new0 (guint, input->n_results + 1);
  guint n = 0;

  for (guint i = 0; i < input->n_results; i++)
    if (input->results[i]->n_layers > 0) {
      if (first == NULL)
        first = input->results[i];
      order[n++] = i;
    }
  if (first == NULL) {
    g_set_error_literal (error, BS_ERROR, BS_ERROR_NO_DATA,
                         _ ("There are no results with measures per layer yet"));
    return NULL;
  }
  g_qsort_with_data (order, (gint) n, sizeof *order, compare_size, (gpointer) input->results);
  guint n_columns = MIN (n, MAX_COLUMNS);

  Map *own = map_new (first->n_layers, n_columns, _ ("SQNR alone (dB)"));
  BsPlotData *data = bs_plot_data_new (input, own, map_free);
  for (guint i = 0; i < first->n_layers; i++)
    g_ptr_array_add (own->rows, g_strdup (first->layers[i].name));
  for (guint j = 0; j < n_columns; j++)
    /* Evenly spaced by size when there are too many. */
    g_ptr_array_add (own->columns,
                     g_strdup (input->results[order[(gsize) j * n / n_columns]]->weights));
  for (guint i = 0; i < own->rows->len; i++)
    for (guint j = 0; j < n_columns; j++) {
      guint index = order[(gsize) j * n / n_columns];
      const BsResult *result = input->results[index];
      const BsLayerResult *layer = bs_result_layer (result, own->rows->pdata[i]);
      double value = layer != NULL ? layer->local_sqnr_db : NAN;
      char number[32];
      set_cell (own, i, j, value);
      bs_plot_number (number, sizeof number, value, 1);
      bs_plot_data_add_item (data, index,
                             g_strdup_printf (_ ("%s\n%s\nalone %s dB"),
                                              (char *) own->rows->pdata[i], result->label, number));
    }
  describe (data, own,
            _ ("SQNR of %u layers, each quantized alone, under %u configurations; the "
               "lowest is %s dB in %s with %s."));
  return data;
}

static char *
scan_text (const BsSensitivity *scan, guint layer, guint option)
{
  const BsResult *result = bs_sensitivity_result (scan, layer, option);
  double value, lo, hi;
  char number[32];

  if (result == NULL)
    return g_strdup_printf (_ ("%s\n%s\nnot measured"), scan->layers[layer],
                            scan->options[option].text);
  bs_plot_number (number, sizeof number, result->output_sqnr_db, 1);
  BsQuantity quantity = bs_quantity_of (result);
  bs_quantity_read (quantity, result, &value, &lo, &hi);
  g_autofree char *quality = bs_quantity_text (quantity, value);
  return g_strdup_printf (_ ("%s\n%s\n%s, output %s dB"), scan->layers[layer],
                          scan->options[option].text, quality, number);
}

/* How far a scan is, after what describe says. */
static void
describe_rest (BsPlotData *data, const Map *own)
{
  guint n = own->rows->len * own->columns->len;

  if (own->n_measured == 0 || own->n_measured == n)
    return;
  g_autofree char *found = data->description;
  g_autofree char *rest = g_strdup_printf (_ ("%u of %u are measured."), own->n_measured, n);
  data->description = g_strdup_printf ("%s %s", found, rest);
}

/* What arrives at the output when one layer is quantized or spared. An item's index is
 * layer × n_options + option. */
static BsPlotData *
build_scan (const BsPlotInput *input, GError **error)
{
  const BsSensitivity *scan = input->scan;
  guint n = scan->n_options, n_columns = MIN (n, MAX_COLUMNS);
  Map *own = map_new (scan->n_layers, n_columns, _ ("SQNR of the output (dB)"));
  BsPlotData *data = bs_plot_data_new (input, own, map_free);

  for (guint i = 0; i < scan->n_layers; i++)
    g_ptr_array_add (own->rows, g_strdup (scan->layers[i]));
  for (guint j = 0; j < n_columns; j++)
    g_ptr_array_add (own->columns, g_strdup (scan->options[(gsize) j * n / n_columns].text));
  for (guint i = 0; i < scan->n_layers; i++)
    for (guint j = 0; j < n_columns; j++) {
      guint option = (guint) ((gsize) j * n / n_columns);
      const BsResult *result = bs_sensitivity_result (scan, i, option);
      set_cell (own, i, j, result != NULL ? result->output_sqnr_db : NAN);
      bs_plot_data_add_item (data, i * n + option, scan_text (scan, i, option));
    }
  describe (data, own,
            scan->mode == BS_SENSITIVITY_ONLY
              ? _ ("SQNR of the output with one of %u layers quantized in %u ways; the lowest is "
                   "%s dB with %s at %s.")
              : _ ("SQNR of the output with all but one of %u layers quantized in %u ways; the "
                   "lowest is %s dB without %s at %s."));
  describe_rest (data, own);
  return data;
}

static BsPlotData *
build (const BsPlotInput *input, GError **error)
{
  return input->scan != NULL ? build_scan (input, error) : build_results (input, error);
}

static void
draw_scale (BsPlotFrame *frame, const Map *own)
{
  double em = frame->em, width = em * 0.9, x = round (frame->right - width);
  double top = frame->top + em * 0.3, height = frame->bottom - top;
  BsPlotAxis axis;

  bs_plot_axis_init (&axis, BS_PLOT_LINEAR, own->lo, own->hi, 0, 1);
  bs_plot_axis_place (&axis, frame->bottom, top);
  bs_plot_axis_ticks (&axis, (guint) CLAMP (height / (em * 2.6), 2, 8));
  for (double y = 0; y < height; y += 1) {
    bs_plot_set_color (frame->cr, bs_plot_map_color (1 - y / height), 1);
    cairo_rectangle (frame->cr, x, round (top + y), round (width), 2);
    cairo_fill (frame->cr);
  }
  double labels = 0;
  for (guint i = 0; i < axis.n_ticks; i++)
    labels = MAX (labels, bs_plot_text_width (frame, axis.ticks[i].label, 0.9));
  for (guint i = 0; i < axis.n_ticks; i++) {
    double at = bs_plot_axis_at (&axis, axis.ticks[i].value);
    bs_plot_text (frame, axis.ticks[i].label, x - em * 0.35, at, 1, 0.5, 0.9,
                  frame->style->foreground, FALSE);
  }
  bs_plot_text (frame, own->measure, x - em * 0.8 - labels, (top + frame->bottom) / 2, 0.5, 1, 0.95,
                frame->style->foreground, TRUE);
  frame->right = x - labels - em * 3.4;
}

static void
draw (BsPlotData *data,
      cairo_t *cr,
      PangoContext *pango,
      const BsPlotStyle *style,
      double width,
      double height)
{
  const Map *own = data->own;
  BsPlotFrame frame;
  double names = 0, column_names = 0;

  bs_plot_frame_begin (&frame, cr, pango, style, width, height, data->title);
  double em = frame.em;
  for (guint i = 0; i < own->rows->len; i++)
    names = MAX (names, bs_plot_text_width (&frame, own->rows->pdata[i], 0.9));
  names = MIN (names, width * 0.28);
  frame.left = round (frame.left + names + em * 0.6);
  double full_bottom = frame.bottom;
  for (guint j = 0; j < own->columns->len; j++)
    column_names = MAX (column_names, bs_plot_text_width (&frame, own->columns->pdata[j], 0.9));
  column_names = MIN (column_names, height * 0.3);
  frame.bottom = round (full_bottom - column_names - em * 0.7);
  if (own->n_measured > 0)
    draw_scale (&frame, own);

  double w = (frame.right - frame.left) / own->columns->len,
         h = (frame.bottom - frame.top) / own->rows->len;
  gboolean numbers = w > em * 2.6 && h > em * 1.1;
  for (guint i = 0; i < own->rows->len; i++)
    for (guint j = 0; j < own->columns->len; j++) {
      double value = own->cells[(gsize) i * own->columns->len + j];
      double share = isinf (value)
                       ? (value > 0 ? 1 : 0)
                       : (value - own->lo) / (own->hi > own->lo ? own->hi - own->lo : 1);
      double x0 = round (frame.left + j * w), x1 = round (frame.left + (j + 1) * w);
      double y0 = round (frame.top + i * h), y1 = round (frame.top + (i + 1) * h);
      gboolean gap = w > 5 && h > 5;
      bs_plot_set_color (cr, isnan (value) ? style->grid : bs_plot_map_color (share), 1);
      cairo_rectangle (cr, x0, y0, x1 - x0 - gap, y1 - y0 - gap);
      cairo_fill (cr);
      if (numbers && !isnan (value)) {
        char number[32];
        bs_plot_number (number, sizeof number, value, 0);
        bs_plot_text (&frame, number, (x0 + x1) / 2, (y0 + y1) / 2, 0.5, 0.5, 0.8,
                      bs_plot_map_ink (share), FALSE);
      }
      bs_plot_data_place (data, i * own->columns->len + j, (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0,
                          y1 - y0);
    }
  guint every_row = MAX (1, (guint) ceil (em * 1.05 / h)),
        every_column = MAX (1, (guint) ceil (em * 1.05 / w));
  for (guint i = 0; i < own->rows->len; i += every_row) {
    g_autofree char *fit = bs_plot_text_fit (&frame, own->rows->pdata[i], names, 0.9);
    bs_plot_text (&frame, fit, frame.left - em * 0.5, frame.top + (i + 0.5) * h, 1, 0.5, 0.9,
                  style->foreground, FALSE);
  }
  for (guint j = 0; j < own->columns->len; j += every_column) {
    g_autofree char *fit = bs_plot_text_fit (&frame, own->columns->pdata[j], column_names, 0.9);
    /* Reads upwards and ends at the map: its right end is at the bottom edge of the cells. */
    bs_plot_text (&frame, fit, frame.left + (j + 0.5) * w, frame.bottom + em * 0.4, 1, 0.5, 0.9,
                  style->foreground, TRUE);
  }
}

const BsPlot bs_plot_heat_map = {
  .id = "heat-map",
  .title = N_ ("Sensitivity"),
  .build = build,
  .draw = draw,
};
