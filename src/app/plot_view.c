/* The one drawing widget: shows any plot, with hover, selection and keyboard.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/plot_view_private.h"

#include <adwaita.h>
#include <glib/gi18n.h>

G_DEFINE_FINAL_TYPE (BsPlotView, bs_plot_view, GTK_TYPE_WIDGET)

guint bs_plot_view_signals[BS_PLOT_VIEW_N_SIGNALS];

enum { PROP_ZOOMED = 1 };

const BsPlotItem *
bs_plot_view_items (BsPlotView *self, guint *n)
{
  *n = 0;
  return self->data != NULL ? bs_plot_data_items (self->data, n) : NULL;
}

void
bs_plot_view_redraw (BsPlotView *self)
{
  g_clear_pointer (&self->node, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Style */

static BsColor
to_color (GdkRGBA rgba)
{
  return (BsColor){ rgba.red, rgba.green, rgba.blue, rgba.alpha };
}

static BsColor
over (BsColor top, BsColor under)
{
  return (BsColor){ top.r * top.a + under.r * (1 - top.a), top.g * top.a + under.g * (1 - top.a),
                    top.b * top.a + under.b * (1 - top.a), 1 };
}

static void
read_style (BsPlotView *self)
{
  GtkStyleContext *context = gtk_widget_get_style_context (GTK_WIDGET (self));
  gboolean dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  gboolean contrast = adw_style_manager_get_high_contrast (adw_style_manager_get_default ());
  GdkRGBA rgba;

  self->style = dark ? bs_plot_style_dark : bs_plot_style_light;
  if (gtk_style_context_lookup_color (context, "view_bg_color", &rgba))
    self->style.background = over (to_color (rgba), self->style.background);
  gtk_style_context_get_color (context, &rgba);
  self->style.foreground = over (to_color (rgba), self->style.background);
  self->style.font_size *= self->scale;
  self->style.line_width *= self->scale;
  if (contrast) {
    self->style.muted = self->style.foreground;
    self->style.grid = over ((BsColor){ self->style.foreground.r, self->style.foreground.g,
                                        self->style.foreground.b, 0.4 },
                             self->style.background);
  }
}

/* Drawing */

static void
draw_plot (BsPlotView *self, int width, int height)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);

  self->plot->draw (self->data, cr, gtk_widget_get_pango_context (GTK_WIDGET (self)), &self->style,
                    width, height);
  cairo_destroy (cr);
  self->node = gtk_snapshot_free_to_node (snapshot);
  self->width = width;
  self->height = height;
}

static void
snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BsPlotView *self = BS_PLOT_VIEW (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);

  if (self->node == NULL || width != self->width || height != self->height) {
    g_clear_pointer (&self->node, gsk_render_node_unref);
    read_style (self);
    if (self->data != NULL && width > 0 && height > 0)
      draw_plot (self, width, height);
  }
  GdkRGBA background = bs_plot_view_rgba (self->style.background, 1);
  gtk_snapshot_append_color (snapshot, &background,
                             &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  if (self->node != NULL)
    gtk_snapshot_append_node (snapshot, self->node);
  bs_plot_view_draw_over (self, snapshot);
}

static void
measure (GtkWidget *widget,
         GtkOrientation orientation,
         int for_size,
         int *minimum,
         int *natural,
         int *minimum_baseline,
         int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 220 : 150;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 480 : 300;
}

static void
style_cb (BsPlotView *self)
{
  bs_plot_view_redraw (self);
}

static void
css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (bs_plot_view_parent_class)->css_changed (widget, change);
  bs_plot_view_redraw (BS_PLOT_VIEW (widget));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ZOOMED)
    g_value_set_boolean (value, BS_PLOT_VIEW (object)->zoomed);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

void
bs_plot_view_set_zoom (BsPlotView *self, const BsPlotZoom *zoom)
{
  gboolean zoomed = zoom != NULL;

  self->zoom = zoomed ? *zoom : (BsPlotZoom){ 0, 1, 0, 1 };
  if (self->data != NULL)
    bs_plot_data_set_zoom (self->data, &self->zoom);
  bs_plot_view_redraw (self);
  if (zoomed == self->zoomed)
    return;
  self->zoomed = zoomed;
  g_object_notify (G_OBJECT (self), "zoomed");
}

void
bs_plot_view_zoom_home (BsPlotView *self)
{
  bs_plot_view_set_zoom (self, NULL);
}

static void
zoom_home_cb (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bs_plot_view_zoom_home (BS_PLOT_VIEW (widget));
}

/* Half of what is shown, around its middle: for those without a pointer. */
static void
zoom_in_cb (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BsPlotView *self = BS_PLOT_VIEW (widget);
  BsPlotZoom zoom = self->zoomed ? self->zoom : (BsPlotZoom){ 0, 1, 0, 1 };
  double w = (zoom.x1 - zoom.x0) / 4, h = (zoom.y1 - zoom.y0) / 4;

  if (self->data != NULL && bs_plot_data_can_zoom (self->data) && w > 1e-4)
    bs_plot_view_set_zoom (self,
                           &(BsPlotZoom){ zoom.x0 + w, zoom.x1 - w, zoom.y0 + h, zoom.y1 - h });
}

static void
finalize (GObject *object)
{
  BsPlotView *self = BS_PLOT_VIEW (object);

  g_clear_pointer (&self->node, gsk_render_node_unref);
  g_clear_pointer (&self->data, bs_plot_data_free);
  g_free (self->reason);
  G_OBJECT_CLASS (bs_plot_view_parent_class)->finalize (object);
}

static void
bs_plot_view_class_init (BsPlotViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  widget_class->snapshot = snapshot;
  widget_class->measure = measure;
  widget_class->css_changed = css_changed;
  gtk_widget_class_set_css_name (widget_class, "plot");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  G_OBJECT_CLASS (klass)->get_property = get_property;
  g_object_class_install_property (
    G_OBJECT_CLASS (klass), PROP_ZOOMED,
    g_param_spec_boolean ("zoomed", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_install_action (widget_class, "plot.zoom-in", NULL, zoom_in_cb);
  gtk_widget_class_install_action (widget_class, "plot.zoom-home", NULL, zoom_home_cb);
  bs_plot_view_signals[BS_PLOT_VIEW_HANDLE_MOVED] =
    g_signal_new ("handle-moved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
  bs_plot_view_signals[BS_PLOT_VIEW_ITEM_SELECTED] =
    g_signal_new ("item-selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  bs_plot_view_signals[BS_PLOT_VIEW_ITEM_ACTIVATED] =
    g_signal_new ("item-activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
bs_plot_view_init (BsPlotView *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  self->selected = self->hovered = self->cursor = self->grip = BS_PLOT_NONE;
  self->reason = g_strdup ("");
  self->scale = 1;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  bs_plot_view_add_input (self);
  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (style_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::high-contrast", G_CALLBACK (style_cb), self,
                           G_CONNECT_SWAPPED);
}

/* The keyboard stands on the selected item, unless it stands on one of the same index already. */
static void
place_cursor (BsPlotView *self)
{
  guint n;
  const BsPlotItem *items = bs_plot_view_items (self, &n);

  if (self->cursor < n && items[self->cursor].index == self->selected)
    return;
  for (guint i = 0; i < n; i++)
    if (items[i].index == self->selected) {
      self->cursor = i;
      return;
    }
}

/* New results arrive while the pointer rests and the keyboard walks: both stay on their items. */
static guint
item_after (BsPlotView *self, const BsPlot *plot, const BsPlotData *data, guint at)
{
  guint n, n_after = 0;
  const BsPlotItem *items = bs_plot_view_items (self, &n),
                   *after = data != NULL ? bs_plot_data_items (data, &n_after) : NULL;
  gboolean same =
    plot == self->plot && at < n && at < n_after && items[at].index == after[at].index;

  return same ? at : BS_PLOT_NONE;
}

void
bs_plot_view_take (BsPlotView *self, const BsPlot *plot, BsPlotData *data, const char *reason)
{
  self->hovered = item_after (self, plot, data, self->hovered);
  self->cursor = item_after (self, plot, data, self->cursor);
  if (data != NULL && self->data != NULL && plot == self->plot)
    bs_plot_data_follow (data, self->data);
  g_clear_pointer (&self->data, bs_plot_data_free);
  g_free (self->reason);
  self->reason = g_strdup (reason);
  if (plot != self->plot && self->zoomed)
    bs_plot_view_set_zoom (self, NULL);
  self->plot = plot;
  self->data = data;
  if (data != NULL && self->zoomed)
    bs_plot_data_set_zoom (data, &self->zoom);
  if (self->cursor == BS_PLOT_NONE)
    place_cursor (self);
  if (plot->title != NULL || data != NULL)
    gtk_accessible_update_property (
      GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
      plot->title != NULL ? _ (plot->title) : bs_plot_data_title (data), -1);
  bs_plot_view_describe (self);
  bs_plot_view_redraw (self);
}

void
bs_plot_view_show (BsPlotView *self, const BsPlot *plot, const BsPlotInput *input)
{
  g_autoptr (GError) error = NULL;
  BsPlotData *data = plot->build (input, &error);

  bs_plot_view_take (self, plot, data, error != NULL ? error->message : NULL);
}

void
bs_plot_view_select (BsPlotView *self, guint index)
{
  if (self->selected == index)
    return;
  self->selected = index;
  place_cursor (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
bs_plot_view_set_scale (BsPlotView *self, double scale)
{
  self->scale = scale;
  bs_plot_view_redraw (self);
}

gboolean
bs_plot_view_has_plot (BsPlotView *self)
{
  return self->data != NULL;
}

const BsPlot *
bs_plot_view_plot (BsPlotView *self)
{
  return self->plot;
}

gboolean
bs_plot_view_save (BsPlotView *self, const char *path, GError **error)
{
  g_return_val_if_fail (self->data != NULL, FALSE);
  gboolean saved =
    bs_plot_save (self->plot, self->data, path, gtk_widget_get_width (GTK_WIDGET (self)),
                  gtk_widget_get_height (GTK_WIDGET (self)), error);
  bs_plot_view_redraw (self); /* items were placed for the file */
  return saved;
}
