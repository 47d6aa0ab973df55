/* The network as a drawing: what is visible of it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/graph_view_private.h"

#include "app/list_util.h"
#include "plot/axis.h"
#include "plot/plot.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

/* Colour */

/* What a layer's measure is, NaN: not known; and the values at the two ends of the map. */
static double
value_of (BsGraphView *self, guint node)
{
  static const char *const properties[] = {
    [BS_GRAPH_BITS] = "bits", [BS_GRAPH_SQNR] = "sqnr", [BS_GRAPH_SIZE] = "share"
  };
  double value = NAN;

  if (self->items[node] == NULL)
    return NAN;
  if (self->measure == BS_GRAPH_SENSITIVITY)
    return self->sensitivity[node];
  g_object_get (self->items[node], properties[self->measure], &value, NULL);
  return value <= -G_MAXDOUBLE ? NAN : value; /* as bs_list_sortable makes it */
}

static void
find_ends (BsGraphView *self, double *lo, double *hi)
{
  static const double ends[][2] = {
    [BS_GRAPH_BITS] = { 0, 8 }, [BS_GRAPH_SQNR] = { 0, 50 }, [BS_GRAPH_SIZE] = { 1e-4, 1 }
  };

  if (self->measure != BS_GRAPH_SENSITIVITY) {
    *lo = ends[self->measure][0];
    *hi = ends[self->measure][1];
    return;
  }
  *lo = INFINITY;
  *hi = -INFINITY;
  for (guint i = 0; i < self->layout->n_nodes; i++)
    if (!isnan (self->sensitivity[i])) {
      *lo = MIN (*lo, self->sensitivity[i]);
      *hi = MAX (*hi, self->sensitivity[i]);
    }
}

/* How sensitive layers are depends on all results: once for each change of them, when it is seen. */
static void
measure_sensitivity (BsGraphView *self)
{
  guint n;
  g_autofree BsResult **results = NULL;

  if (self->measure != BS_GRAPH_SENSITIVITY || self->sensitivity != NULL)
    return;
  results = bs_list_results (bs_document_results (self->document), &n);
  self->sensitivity = g_new (double, MAX (self->layout->n_nodes, 1));
  for (guint i = 0; i < self->layout->n_nodes; i++)
    self->sensitivity[i] =
      self->items[i] != NULL
        ? bs_results_mean_sqnr_db (results, n, bs_layer_item_name (self->items[i]))
        : NAN;
}

char *
bs_graph_view_measure_text (BsGraphView *self, guint node)
{
  char number[32];

  measure_sensitivity (self);
  double value = value_of (self, node);
  if (isnan (value))
    return NULL;
  bs_plot_number (number, sizeof number, self->measure == BS_GRAPH_SIZE ? value * 100 : value, 1);
  switch (self->measure) {
  case BS_GRAPH_BITS:
    return g_strdup_printf (_ ("%s bits"), number);
  case BS_GRAPH_SIZE:
    return g_strdup_printf (_ ("%s %% of the weights"), number);
  case BS_GRAPH_SENSITIVITY:
    return g_strdup_printf (_ ("%s dB alone, mean of all results"), number);
  case BS_GRAPH_SQNR:
  default:
    return g_strdup_printf (_ ("%s dB alone"), number);
  }
}

/* Place of a node's measure between the ends, 0 … 1; NaN: it has none. */
static double
share_of (BsGraphView *self, guint node)
{
  double value = value_of (self, node), lo, hi;

  if (isnan (value))
    return NAN;
  find_ends (self, &lo, &hi);
  if (self->measure == BS_GRAPH_SIZE)
    return CLAMP (1 - log10 (MAX (value, lo) / hi) / log10 (lo / hi), 0, 1);
  return hi > lo ? CLAMP ((value - lo) / (hi - lo), 0, 1) : 1;
}

static GdkRGBA
to_rgba (BsColor color)
{
  return (GdkRGBA){ (float) color.r, (float) color.g, (float) color.b, (float) color.a };
}

/* Places */

double
bs_graph_view_x (BsGraphView *self, double world)
{
  return (world - self->x) * self->zoom + gtk_widget_get_width (GTK_WIDGET (self)) / 2.0;
}

double
bs_graph_view_y (BsGraphView *self, double world)
{
  return (world - self->y) * self->zoom + gtk_widget_get_height (GTK_WIDGET (self)) / 2.0;
}

static void
fit (BsGraphView *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)),
         height = gtk_widget_get_height (GTK_WIDGET (self));

  self->fitted = TRUE;
  if (self->layout == NULL || width < 1 || height < 1)
    return;
  double w = self->layout->n_columns * BS_GRAPH_COLUMN,
         h = MAX (self->layout->most_rows, 1) * BS_GRAPH_ROW;
  self->zoom = CLAMP (MIN (width / (w + 20), height / (h + 10)), 1e-4, 1);
  self->x = (self->layout->n_columns - 1) * BS_GRAPH_COLUMN / 2;
  self->y = 0;
  /* a long chain is read from its beginning, not as a line of dots */
  if (self->zoom < BS_GRAPH_READABLE && h * BS_GRAPH_READABLE < height) {
    self->zoom = BS_GRAPH_READABLE;
    self->x = width / 2 / self->zoom - BS_GRAPH_COLUMN / 2;
  }
}

gboolean
bs_graph_view_columns (BsGraphView *self, guint *first, guint *last)
{
  double half = gtk_widget_get_width (GTK_WIDGET (self)) / 2.0 / self->zoom;
  double lo = floor ((self->x - half - BS_GRAPH_BOX_WIDTH) / BS_GRAPH_COLUMN),
         hi = ceil ((self->x + half + BS_GRAPH_BOX_WIDTH) / BS_GRAPH_COLUMN);

  if (self->layout == NULL || self->layout->n_columns == 0 || hi < 0 ||
      lo >= self->layout->n_columns)
    return FALSE;
  *first = (guint) MAX (lo, 0);
  *last = (guint) MIN (hi, self->layout->n_columns - 1);
  return TRUE;
}

static gboolean
is_visible (BsGraphView *self, guint node)
{
  double y = bs_graph_view_y (self, self->layout->row[node] * BS_GRAPH_ROW),
         half = BS_GRAPH_BOX_HEIGHT * self->zoom;

  return y > -half && y < gtk_widget_get_height (GTK_WIDGET (self)) + half;
}

/* Drawing */

static void
draw_edges (BsGraphView *self, GtkSnapshot *snapshot, guint first, guint last, const GdkRGBA *color)
{
  const BsGraphLayout *layout = self->layout;
  int width = gtk_widget_get_width (GTK_WIDGET (self)),
      height = gtk_widget_get_height (GTK_WIDGET (self));
  cairo_t *cr =
    gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  double half = BS_GRAPH_BOX_WIDTH / 2;

  gdk_cairo_set_source_rgba (cr, color);
  cairo_set_line_width (cr, CLAMP (self->zoom, 0.5, 1.5));
  if (self->zoom < BS_GRAPH_LEAST_TEXT)
    cairo_set_antialias (cr, CAIRO_ANTIALIAS_NONE);
  for (guint i = 0; i < layout->n_edges; i++) {
    const BsGraphEdge *edge = &layout->edges[i];
    guint a = layout->column[edge->from], b = layout->column[edge->to];
    if (b < first || a > last)
      continue;
    double x0 = bs_graph_view_x (self, a * BS_GRAPH_COLUMN + half),
           x1 = bs_graph_view_x (self, b * BS_GRAPH_COLUMN - half),
           y0 = bs_graph_view_y (self, layout->row[edge->from] * BS_GRAPH_ROW),
           y1 = bs_graph_view_y (self, layout->row[edge->to] * BS_GRAPH_ROW), bend = (x1 - x0) / 2;
    if (MAX (y0, y1) < 0 || MIN (y0, y1) > height)
      continue;
    /* an edge that passes columns goes above them */
    double lift = b - a > 1 ? -BS_GRAPH_ROW * 0.6 * self->zoom : 0;
    cairo_move_to (cr, x0, y0);
    cairo_curve_to (cr, x0 + bend, y0 + 2 * lift, x1 - bend, y1 + 2 * lift, x1, y1);
  }
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
draw_text (BsGraphView *self, GtkSnapshot *snapshot, guint node, float x, float y, float width)
{
  const BsNode *what = &bs_graph_view_model (self)->nodes[node];
  g_autofree char *text = g_strdup_printf ("%s\n%s", what->op_type, what->name);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  PangoAttrList *attributes = pango_attr_list_new ();
  double share = share_of (self, node);
  GdkRGBA color = to_rgba (bs_plot_map_ink (share));

  pango_attr_list_insert (attributes, pango_attr_scale_new (0.78 * self->zoom));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_set_width (layout, (int) ((width - 8) * PANGO_SCALE));
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
  if (isnan (share))
    gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (roundf (x + 4), roundf (y + 2)));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

static void
draw_node (BsGraphView *self, GtkSnapshot *snapshot, guint node, const BsPlotStyle *style)
{
  float w = (float) MAX (BS_GRAPH_BOX_WIDTH * self->zoom, 1.5),
        h = (float) MAX (BS_GRAPH_BOX_HEIGHT * self->zoom, 1.5),
        x = (float) bs_graph_view_x (self, self->layout->column[node] * BS_GRAPH_COLUMN) - w / 2,
        y = (float) bs_graph_view_y (self, self->layout->row[node] * BS_GRAPH_ROW) - h / 2;
  double share = share_of (self, node);
  GdkRGBA color = to_rgba (isnan (share) ? style->grid : bs_plot_map_color (share));

  gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (x, y, w, h));
  if (self->zoom >= BS_GRAPH_LEAST_TEXT)
    draw_text (self, snapshot, node, x, y, w);
  if (node == self->selected) {
    GdkRGBA accent = to_rgba (style->foreground);
    GskRoundedRect ring;
    gsk_rounded_rect_init_from_rect (&ring, &GRAPHENE_RECT_INIT (x - 3, y - 3, w + 6, h + 6), 2);
    gtk_snapshot_append_border (snapshot, &ring, (float[]){ 2, 2, 2, 2 },
                                (GdkRGBA[]){ accent, accent, accent, accent });
  }
}

/* Small text above the line y; its width. */
static int
draw_label (GtkWidget *widget,
            GtkSnapshot *snapshot,
            const char *text,
            int x,
            int y,
            const GdkRGBA *ink)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (widget, text);
  PangoAttrList *attributes = pango_attr_list_new ();
  int width, height;

  pango_attr_list_insert (attributes, pango_attr_scale_new (PANGO_SCALE_SMALL));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_get_pixel_size (layout, &width, &height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float) x, (float) (y - height)));
  gtk_snapshot_append_layout (snapshot, layout, ink);
  gtk_snapshot_restore (snapshot);
  return width;
}

/* What the colours say, in the lower left corner: the map with its two ends. */
static void
draw_legend (BsGraphView *self, GtkSnapshot *snapshot)
{
  enum { WIDTH = 120, HEIGHT = 8, MARGIN = 12 };
  GtkWidget *widget = GTK_WIDGET (self);
  int x = MARGIN, y = gtk_widget_get_height (widget) - MARGIN;
  gboolean known = FALSE;
  char a[32], b[32];
  double lo, hi;
  GdkRGBA ink;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &ink);
  for (guint i = 0; i < self->layout->n_nodes && !known; i++)
    known = !isnan (value_of (self, i));
  find_ends (self, &lo, &hi);
  double unit = self->measure == BS_GRAPH_SIZE ? 0.01 : 1;
  int decimals = self->measure == BS_GRAPH_SIZE ? 2 : self->measure == BS_GRAPH_SENSITIVITY;
  bs_plot_number (a, sizeof a, lo / unit, decimals);
  bs_plot_number (b, sizeof b, hi / unit, self->measure == BS_GRAPH_SENSITIVITY);
  g_autofree char *low =
    known ? g_strdup (a) : g_strdup (_ ("Layers are coloured once a result is selected"));
  g_autofree char *high =
    self->measure == BS_GRAPH_BITS   ? g_strdup_printf (_ ("%s bits or more"), b)
    : self->measure == BS_GRAPH_SIZE ? g_strdup_printf (_ ("%s %% of the weights"), b)
    : self->measure == BS_GRAPH_SQNR ? g_strdup_printf (_ ("%s dB or more"), b)
                                     : g_strdup_printf (_ ("%s dB alone, mean of all results"), b);
  x += draw_label (widget, snapshot, low, x, y, &ink) + 6;
  if (!known)
    return;
  for (int i = 0; i < WIDTH; i++) {
    GdkRGBA color = to_rgba (bs_plot_map_color ((double) i / (WIDTH - 1)));
    gtk_snapshot_append_color (
      snapshot, &color, &GRAPHENE_RECT_INIT ((float) (x + i), (float) (y - HEIGHT - 3), 1, HEIGHT));
  }
  draw_label (widget, snapshot, high, x + WIDTH + 6, y, &ink);
}

void
bs_graph_view_draw (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BsGraphView *self = BS_GRAPH_VIEW (widget);
  gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  const BsPlotStyle *style = dark ? &bs_plot_style_dark : &bs_plot_style_light;
  GdkRGBA line;
  guint first, last;

  if (self->fitted)
    fit (self);
  if (!bs_graph_view_columns (self, &first, &last))
    return;
  measure_sensitivity (self);
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &line);
  line.alpha *= 0.45f;
  if (self->zoom >= BS_GRAPH_LEAST_EDGES)
    draw_edges (self, snapshot, first, last, &line);
  for (guint i = self->layout->start[first]; i < self->layout->start[last + 1]; i++)
    if (is_visible (self, self->layout->order[i]))
      draw_node (self, snapshot, self->layout->order[i], style);
  draw_legend (self, snapshot);
  if (gtk_widget_has_focus (widget))
    gtk_snapshot_render_focus (snapshot, gtk_widget_get_style_context (widget), 0, 0,
                               gtk_widget_get_width (widget), gtk_widget_get_height (widget));
}
