/* The network as a drawing: what is visible of it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/graph_view_private.h"

#include "plot/plot.h"

#include <adwaita.h>
#include <math.h>

/* Colour */

/* Place of a node's measure between worst and best, 0 … 1; NaN: it has none. */
static double
share_of (BsGraphView *self, guint node)
{
  BsLayerItem *item = self->items[node];
  double value = NAN;

  if (item == NULL)
    return NAN;
  if (self->measure == BS_GRAPH_SIZE) {
    g_object_get (item, "share", &value, NULL);
    return CLAMP (1 + log10 (MAX (value, 1e-4)) / 4, 0, 1); /* four decades */
  }
  g_object_get (item, self->measure == BS_GRAPH_BITS ? "bits" : "sqnr", &value, NULL);
  if (value <= -G_MAXDOUBLE)
    return NAN;
  return self->measure == BS_GRAPH_BITS ? CLAMP (value / 8, 0, 1) : CLAMP (value / 50, 0, 1);
}

static GdkRGBA
color_of (BsGraphView *self, guint node, const BsPlotStyle *style)
{
  double share = share_of (self, node);
  BsColor a = style->series[0], b = style->series[1];

  if (isnan (share))
    return (GdkRGBA){ (float) style->grid.r, (float) style->grid.g, (float) style->grid.b, 1 };
  return (GdkRGBA){ (float) (a.r + (b.r - a.r) * share), (float) (a.g + (b.g - a.g) * share),
                    (float) (a.b + (b.b - a.b) * share), 1 };
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
  GdkRGBA color = { 1, 1, 1, 1 };

  pango_attr_list_insert (attributes, pango_attr_scale_new (0.78 * self->zoom));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_set_width (layout, (int) ((width - 8) * PANGO_SCALE));
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
  if (isnan (share_of (self, node)))
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
  GdkRGBA color = color_of (self, node, style);

  gtk_snapshot_append_color (snapshot, &color, &GRAPHENE_RECT_INIT (x, y, w, h));
  if (self->zoom >= BS_GRAPH_LEAST_TEXT)
    draw_text (self, snapshot, node, x, y, w);
  if (node == self->selected) {
    GdkRGBA accent = { (float) style->foreground.r, (float) style->foreground.g,
                       (float) style->foreground.b, 1 };
    GskRoundedRect ring;
    gsk_rounded_rect_init_from_rect (&ring, &GRAPHENE_RECT_INIT (x - 3, y - 3, w + 6, h + 6), 2);
    gtk_snapshot_append_border (snapshot, &ring, (float[]){ 2, 2, 2, 2 },
                                (GdkRGBA[]){ accent, accent, accent, accent });
  }
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
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &line);
  line.alpha *= 0.45f;
  if (self->zoom >= BS_GRAPH_LEAST_EDGES)
    draw_edges (self, snapshot, first, last, &line);
  for (guint i = self->layout->start[first]; i < self->layout->start[last + 1]; i++)
    if (is_visible (self, self->layout->order[i]))
      draw_node (self, snapshot, self->layout->order[i], style);
  if (gtk_widget_has_focus (widget))
    gtk_snapshot_render_focus (snapshot, gtk_widget_get_style_context (widget), 0, 0,
                               gtk_widget_get_width (widget), gtk_widget_get_height (widget));
}
