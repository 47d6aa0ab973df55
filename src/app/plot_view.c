/* The one drawing widget: shows any plot, with hover, selection and keyboard.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/plot_view.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define NONE G_MAXUINT

struct _BsPlotView {
  GtkWidget parent_instance;
  const BsPlot *plot;
  BsPlotData *data;
  char *reason;        /* why there is no plot */
  GskRenderNode *node; /* the plot as last drawn; NULL: draw again */
  int width, height;   /* it was drawn for */
  BsPlotStyle style;
  guint selected; /* index of the items marked */
  guint hovered;  /* item under the pointer */
  guint cursor;   /* item the keyboard stands on */
};

G_DEFINE_FINAL_TYPE (BsPlotView, bs_plot_view, GTK_TYPE_WIDGET)

enum { SIGNAL_ITEM_SELECTED, N_SIGNALS };

static guint signals[N_SIGNALS];

static const BsPlotItem *
items_of (BsPlotView *self, guint *n)
{
  *n = 0;
  return self->data != NULL ? bs_plot_data_items (self->data, n) : NULL;
}

static void
redraw (BsPlotView *self)
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

static GdkRGBA
to_rgba (BsColor color, double alpha)
{
  return (GdkRGBA){ (float) color.r, (float) color.g, (float) color.b, (float) (color.a * alpha) };
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

/* A narrow item is a column or row of the plot: a band; a square one is a point: a ring. */
static void
mark_item (BsPlotView *self, GtkSnapshot *snapshot, const BsPlotItem *item, double strength)
{
  GdkRGBA color = to_rgba (self->style.accent, strength);
  gboolean point = fabs (item->width - item->height) < 1 && item->width < 60;

  if (point) {
    float radius = (float) item->width / 2 + 3;
    float x = (float) (item->x + item->width / 2), y = (float) (item->y + item->height / 2);
    GskRoundedRect ring;
    gsk_rounded_rect_init_from_rect (
      &ring, &GRAPHENE_RECT_INIT (x - radius, y - radius, 2 * radius, 2 * radius), radius);
    gtk_snapshot_append_border (snapshot, &ring, (float[]){ 2.5f, 2.5f, 2.5f, 2.5f },
                                (GdkRGBA[]){ color, color, color, color });
  } else {
    GskRoundedRect outline;
    gsk_rounded_rect_init_from_rect (&outline,
                                     &GRAPHENE_RECT_INIT ((float) floor (item->x),
                                                          (float) floor (item->y),
                                                          (float) MAX (ceil (item->width), 2),
                                                          (float) MAX (ceil (item->height), 2)),
                                     0);
    gtk_snapshot_append_border (snapshot, &outline, (float[]){ 1, 1, 1, 1 },
                                (GdkRGBA[]){ color, color, color, color });
    color.alpha *= 0.16f;
    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT ((float) floor (item->x),
                                                    (float) floor (item->y),
                                                    (float) MAX (ceil (item->width), 2),
                                                    (float) MAX (ceil (item->height), 2)));
  }
}

static void
draw_label (BsPlotView *self, GtkSnapshot *snapshot, const BsPlotItem *item)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), item->text);
  int text_width, text_height, width = gtk_widget_get_width (GTK_WIDGET (self));
  const int pad = 7;

  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  double w = text_width + 2 * pad, h = text_height + 2 * pad;
  gboolean point = item->width < 60 && item->height < 60;
  double x = item->x + item->width / 2 + 14, y = point ? item->y - h - 6 : item->y + 6;
  if (x + w > width - 2)
    x = item->x + item->width / 2 - 14 - w;
  x = CLAMP (x, 2, MAX (width - w - 2, 2));
  if (y < 2)
    y = item->y + (point ? item->height + 6 : 6);
  y = CLAMP (y, 2, MAX (gtk_widget_get_height (GTK_WIDGET (self)) - h - 2, 2));

  GskRoundedRect box;
  GdkRGBA background = to_rgba (self->style.foreground, 0.94),
          text = to_rgba (self->style.background, 1);
  gsk_rounded_rect_init_from_rect (
    &box, &GRAPHENE_RECT_INIT ((float) round (x), (float) round (y), (float) w, (float) h), 6);
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  gtk_snapshot_append_color (snapshot, &background, &box.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT ((float) round (x) + pad, (float) round (y) + pad));
  gtk_snapshot_append_layout (snapshot, layout, &text);
  gtk_snapshot_restore (snapshot);
}

static gboolean
has_visible_focus (BsPlotView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return gtk_widget_has_focus (GTK_WIDGET (self)) && GTK_IS_WINDOW (root) &&
         gtk_window_get_focus_visible (GTK_WINDOW (root));
}

static void
draw_reason (BsPlotView *self, GtkSnapshot *snapshot, int width, int height)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->reason);
  GdkRGBA color = to_rgba (self->style.muted, 1);
  int text_width, text_height;

  pango_layout_set_width (layout, MAX (width - 40, 40) * PANGO_SCALE);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT (20, (float) round ((height - text_height) / 2.0)));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

static void
snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BsPlotView *self = BS_PLOT_VIEW (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  const BsPlotItem *items;
  guint n;

  if (self->node == NULL || width != self->width || height != self->height) {
    g_clear_pointer (&self->node, gsk_render_node_unref);
    read_style (self);
    if (self->data != NULL && width > 0 && height > 0)
      draw_plot (self, width, height);
  }
  GdkRGBA background = to_rgba (self->style.background, 1);
  gtk_snapshot_append_color (snapshot, &background,
                             &GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height));
  if (self->node != NULL)
    gtk_snapshot_append_node (snapshot, self->node);
  else if (self->reason != NULL)
    draw_reason (self, snapshot, width, height);

  items = items_of (self, &n);
  for (guint i = 0; i < n && self->selected != NONE; i++)
    if (items[i].index == self->selected)
      mark_item (self, snapshot, &items[i], 1);
  guint shown = self->hovered != NONE      ? self->hovered
                : has_visible_focus (self) ? self->cursor
                                           : NONE;
  if (shown < n) {
    mark_item (self, snapshot, &items[shown], 0.6);
    draw_label (self, snapshot, &items[shown]);
  }
  if (has_visible_focus (self))
    gtk_snapshot_render_focus (snapshot, gtk_widget_get_style_context (widget), 0, 0, width,
                               height);
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

/* Input */

static guint
item_at (BsPlotView *self, double x, double y)
{
  guint n, best = NONE;
  double nearest = G_MAXDOUBLE;
  const BsPlotItem *items = items_of (self, &n);

  if (self->node == NULL)
    return NONE; /* not placed yet */
  for (guint i = 0; i < n; i++) {
    double dx = x - (items[i].x + items[i].width / 2), dy = y - (items[i].y + items[i].height / 2);
    if (fabs (dx) <= items[i].width / 2 + 2 && fabs (dy) <= items[i].height / 2 + 2 &&
        dx * dx + dy * dy < nearest) {
      nearest = dx * dx + dy * dy;
      best = i;
    }
  }
  return best;
}

static void
hover (BsPlotView *self, guint item)
{
  if (item == self->hovered)
    return;
  self->hovered = item;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
motion_cb (GtkEventControllerMotion *controller, double x, double y, BsPlotView *self)
{
  hover (self, item_at (self, x, y));
}

static void
leave_cb (GtkEventControllerMotion *controller, BsPlotView *self)
{
  hover (self, NONE);
}

static void
describe (BsPlotView *self)
{
  guint n;
  const BsPlotItem *items = items_of (self, &n);
  GString *text =
    g_string_new (self->data != NULL ? bs_plot_data_description (self->data) : self->reason);

  if (self->cursor < n)
    g_string_append_printf (text, " %s", items[self->cursor].text);
  for (char *p = text->str; *p != '\0'; p++)
    if (*p == '\n')
      *p = ' ';
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  text->str, -1);
  g_string_free (text, TRUE);
}

static void
choose (BsPlotView *self, guint item)
{
  guint n;
  const BsPlotItem *items = items_of (self, &n);

  if (item >= n)
    return;
  self->cursor = item;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, signals[SIGNAL_ITEM_SELECTED], 0, items[item].index);
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, BsPlotView *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  choose (self, item_at (self, x, y));
}

static gboolean
key_cb (GtkEventControllerKey *controller,
        guint key,
        guint code,
        GdkModifierType state,
        BsPlotView *self)
{
  guint n;
  gboolean none;

  items_of (self, &n);
  if (n == 0 || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return FALSE;
  none = self->cursor >= n;
  switch (key) {
  case GDK_KEY_Right:
  case GDK_KEY_Down:
    choose (self, none ? 0 : MIN (self->cursor + 1, n - 1));
    return TRUE;
  case GDK_KEY_Left:
  case GDK_KEY_Up:
    choose (self, none ? n - 1 : self->cursor > 0 ? self->cursor - 1 : 0);
    return TRUE;
  case GDK_KEY_Home:
    choose (self, 0);
    return TRUE;
  case GDK_KEY_End:
    choose (self, n - 1);
    return TRUE;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    choose (self, none ? 0 : self->cursor);
    return TRUE;
  default:
    return FALSE;
  }
}

static void
style_cb (BsPlotView *self)
{
  redraw (self);
}

static void
css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (bs_plot_view_parent_class)->css_changed (widget, change);
  redraw (BS_PLOT_VIEW (widget));
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
  signals[SIGNAL_ITEM_SELECTED] =
    g_signal_new ("item-selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
bs_plot_view_init (BsPlotView *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new (),
                     *keys = gtk_event_controller_key_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  AdwStyleManager *manager = adw_style_manager_get_default ();

  self->selected = self->hovered = self->cursor = NONE;
  self->reason = g_strdup ("");
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (motion, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (style_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::high-contrast", G_CALLBACK (style_cb), self,
                           G_CONNECT_SWAPPED);
}

/* The keyboard stands on the selected item, unless it stands on one of the same index already. */
static void
place_cursor (BsPlotView *self)
{
  guint n;
  const BsPlotItem *items = items_of (self, &n);

  if (self->cursor < n && items[self->cursor].index == self->selected)
    return;
  for (guint i = 0; i < n; i++)
    if (items[i].index == self->selected) {
      self->cursor = i;
      return;
    }
}

void
bs_plot_view_show (BsPlotView *self, const BsPlot *plot, const BsPlotInput *input)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->data, bs_plot_data_free);
  g_clear_pointer (&self->reason, g_free);
  self->plot = plot;
  self->hovered = self->cursor = NONE;
  self->data = plot->build (input, &error);
  if (self->data == NULL)
    self->reason = g_strdup (error->message);
  place_cursor (self); /* new results arrive while the keyboard walks: it stays where it was */
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (plot->title), -1);
  describe (self);
  redraw (self);
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
  redraw (self); /* items were placed for the file */
  return saved;
}
