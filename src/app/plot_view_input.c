/* The drawing widget's input: hover, selection by pointer and keyboard, dragging handles, zooming with a
 * rubber band. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/plot_view_private.h"

#include <math.h>

#define GRIP_REACH 7.0 /* pixels beside a handle that still take hold of it */
#define LEAST_BAND 8.0 /* pixels; less is a click that trembled */

static guint
item_at (BsPlotView *self, double x, double y)
{
  guint n, best = BS_PLOT_NONE;
  double nearest = G_MAXDOUBLE;
  const BsPlotItem *items = bs_plot_view_items (self, &n);

  if (self->node == NULL)
    return BS_PLOT_NONE; /* not placed yet */
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

static guint
grip_at (BsPlotView *self, double x, double y)
{
  guint n = 0, best = BS_PLOT_NONE;
  const BsPlotHandle *handles =
    self->data != NULL && self->node != NULL ? bs_plot_data_handles (self->data, &n) : NULL;

  for (guint i = 0; i < n; i++)
    if (fabs (x - handles[i].x) <= GRIP_REACH && y >= handles[i].top && y <= handles[i].bottom &&
        (best == BS_PLOT_NONE || fabs (x - handles[i].x) < fabs (x - handles[best].x)))
      best = i;
  return best;
}

static void
motion_cb (GtkEventControllerMotion *controller, double x, double y, BsPlotView *self)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self),
                                   grip_at (self, x, y) != BS_PLOT_NONE ? "col-resize" : NULL);
  hover (self, self->banding || self->grip != BS_PLOT_NONE ? BS_PLOT_NONE : item_at (self, x, y));
}

static void
leave_cb (GtkEventControllerMotion *controller, BsPlotView *self)
{
  hover (self, BS_PLOT_NONE);
}

void
bs_plot_view_describe (BsPlotView *self)
{
  guint n;
  const BsPlotItem *items = bs_plot_view_items (self, &n);
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
  const BsPlotItem *items = bs_plot_view_items (self, &n);

  if (item >= n)
    return;
  self->cursor = item;
  bs_plot_view_describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_signal_emit (self, bs_plot_view_signals[BS_PLOT_VIEW_ITEM_SELECTED], 0, items[item].index);
}

static void
activate (BsPlotView *self, guint item)
{
  guint n;
  const BsPlotItem *items = bs_plot_view_items (self, &n);

  if (item >= n)
    return;
  guint index = items[item].index; /* choosing it may show other items */
  choose (self, item);
  g_signal_emit (self, bs_plot_view_signals[BS_PLOT_VIEW_ITEM_ACTIVATED], 0, index);
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, BsPlotView *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (grip_at (self, x, y) == BS_PLOT_NONE)
    activate (self, item_at (self, x, y));
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

  bs_plot_view_items (self, &n);
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
    if (self->zoomed) {
      bs_plot_view_zoom_home (self);
      return TRUE;
    }
    choose (self, 0);
    return TRUE;
  case GDK_KEY_End:
    choose (self, n - 1);
    return TRUE;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    activate (self, none ? 0 : self->cursor);
    return TRUE;
  default:
    return FALSE;
  }
}

/* Dragging */

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, BsPlotView *self)
{
  self->grip = grip_at (self, x, y);
  self->grip_x = x;
  self->grip_moved = FALSE;
  if (self->grip != BS_PLOT_NONE)
    gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
move_grip (BsPlotView *self, double x, gboolean released)
{
  double left, top, right, bottom;

  if (!bs_plot_data_area (self->data, &left, &top, &right, &bottom))
    return;
  self->grip_x = CLAMP (x, left, right);
  self->grip_moved = TRUE;
  g_signal_emit (self, bs_plot_view_signals[BS_PLOT_VIEW_HANDLE_MOVED], 0, self->grip,
                 bs_plot_data_value_at (self->data, self->grip_x), released);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, BsPlotView *self)
{
  double x, y, left, top, right, bottom;

  if (self->data == NULL || !gtk_gesture_drag_get_start_point (gesture, &x, &y))
    return;
  if (self->grip != BS_PLOT_NONE) {
    move_grip (self, x + dx, FALSE);
    return;
  }
  if (!bs_plot_data_can_zoom (self->data) ||
      !bs_plot_data_area (self->data, &left, &top, &right, &bottom) ||
      (!self->banding && hypot (dx, dy) < LEAST_BAND))
    return;
  self->banding = TRUE;
  self->hovered = BS_PLOT_NONE;
  self->band_x0 = CLAMP (x, left, right);
  self->band_y0 = CLAMP (y, top, bottom);
  self->band_x1 = CLAMP (x + dx, left, right);
  self->band_y1 = CLAMP (y + dy, top, bottom);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
zoom_to_band (BsPlotView *self)
{
  BsPlotZoom zoom = self->zoomed ? self->zoom : (BsPlotZoom){ 0, 1, 0, 1 };
  double left, top, right, bottom, w = zoom.x1 - zoom.x0, h = zoom.y1 - zoom.y0;

  bs_plot_data_area (self->data, &left, &top, &right, &bottom);
  double x0 = MIN (self->band_x0, self->band_x1), x1 = MAX (self->band_x0, self->band_x1),
         y0 = MIN (self->band_y0, self->band_y1), y1 = MAX (self->band_y0, self->band_y1);
  if (x1 - x0 < LEAST_BAND || y1 - y0 < LEAST_BAND)
    return;
  bs_plot_view_set_zoom (self, &(BsPlotZoom){
                                 .x0 = zoom.x0 + w * (x0 - left) / (right - left),
                                 .x1 = zoom.x0 + w * (x1 - left) / (right - left),
                                 .y0 = zoom.y0 + h * (bottom - y1) / (bottom - top),
                                 .y1 = zoom.y0 + h * (bottom - y0) / (bottom - top),
                               });
}

/* The end of a drag, or its loss to another gesture: either way it stays where it was last seen. */
static void
finish_drag (BsPlotView *self)
{
  gboolean moved = self->grip != BS_PLOT_NONE && self->grip_moved;

  if (self->data != NULL && moved)
    move_grip (self, self->grip_x, TRUE);
  if (self->data != NULL && self->banding)
    zoom_to_band (self);
  self->grip = BS_PLOT_NONE;
  self->grip_moved = self->banding = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
drag_end_cb (GtkGestureDrag *gesture, double dx, double dy, BsPlotView *self)
{
  finish_drag (self);
}

static void
drag_cancel_cb (GtkGesture *gesture, GdkEventSequence *sequence, BsPlotView *self)
{
  finish_drag (self);
}

void
bs_plot_view_add_input (BsPlotView *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new (),
                     *keys = gtk_event_controller_key_new ();
  GtkGesture *click = gtk_gesture_click_new (), *drag = gtk_gesture_drag_new ();

  g_signal_connect (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect (motion, "leave", G_CALLBACK (leave_cb), self);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (drag, "drag-end", G_CALLBACK (drag_end_cb), self);
  g_signal_connect (drag, "cancel", G_CALLBACK (drag_cancel_cb), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}
