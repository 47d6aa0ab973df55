/* The network as a drawing: columns of nodes coloured by a measure; pan, zoom, search.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/graph_view_private.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

G_DEFINE_FINAL_TYPE (BsGraphView, bs_graph_view, GTK_TYPE_WIDGET)

const BsModel *
bs_graph_view_model (BsGraphView *self)
{
  return bs_document_facts (self->document)->simplified;
}

static void
zoom_at (BsGraphView *self, double factor, double at_x, double at_y)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)),
         height = gtk_widget_get_height (GTK_WIDGET (self)),
         zoom = CLAMP (self->zoom * factor, 1e-4, BS_GRAPH_MOST_ZOOM);

  self->x += (at_x - width / 2) * (1 / self->zoom - 1 / zoom);
  self->y += (at_y - height / 2) * (1 / self->zoom - 1 / zoom);
  self->zoom = zoom;
  self->fitted = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Selection */

static void
describe (BsGraphView *self)
{
  g_autofree char *text = NULL;

  if (self->layout == NULL)
    return;
  text = g_strdup_printf (
    ngettext ("%u node in %u columns.", "%u nodes in %u columns.", self->layout->n_nodes),
    self->layout->n_nodes, self->layout->n_columns);
  if (self->selected < self->layout->n_nodes) {
    const BsNode *node = &bs_graph_view_model (self)->nodes[self->selected];
    g_autofree char *measure = bs_graph_view_measure_text (self, self->selected);
    char *more = g_strdup_printf (measure != NULL ? "%s %s (%s), %s" : "%s %s (%s)", text,
                                  node->name, node->op_type, measure);
    g_free (text);
    text = more;
  }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text,
                                  -1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), text);
}

/* Brings a node into view where it is not; names become readable. */
static void
show_node (BsGraphView *self, guint node)
{
  double x = bs_graph_view_x (self, self->layout->column[node] * BS_GRAPH_COLUMN),
         margin = BS_GRAPH_BOX_WIDTH * self->zoom / 2,
         y = bs_graph_view_y (self, self->layout->row[node] * BS_GRAPH_ROW);

  if (x >= margin && x <= gtk_widget_get_width (GTK_WIDGET (self)) - margin && y >= 0 &&
      y <= gtk_widget_get_height (GTK_WIDGET (self)) && self->zoom >= BS_GRAPH_LEAST_TEXT)
    return;
  self->fitted = FALSE;
  self->zoom = MAX (self->zoom, BS_GRAPH_READABLE);
  self->x = self->layout->column[node] * BS_GRAPH_COLUMN;
  self->y = self->layout->row[node] * BS_GRAPH_ROW;
}

static void
choose (BsGraphView *self, guint node, gboolean into_view)
{
  if (self->layout == NULL || node >= self->layout->n_nodes)
    return;
  self->selected = node;
  if (into_view)
    show_node (self, node);
  if (self->items[node] != NULL)
    bs_document_select_layer (self->document, self->items[node]);
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

gboolean
bs_graph_view_search (BsGraphView *self, const char *text)
{
  guint n = self->layout != NULL ? self->layout->n_nodes : 0;
  g_autofree char *wanted = g_utf8_casefold (text, -1);

  for (guint i = 1; i <= n && *text != '\0'; i++) {
    guint node = ((self->selected < n ? self->selected : n - 1) + i) % n;
    const BsNode *what = &bs_graph_view_model (self)->nodes[node];
    g_autofree char *name = g_utf8_casefold (what->name, -1);
    g_autofree char *type = g_utf8_casefold (what->op_type, -1);
    if (strstr (name, wanted) != NULL || strstr (type, wanted) != NULL) {
      choose (self, node, TRUE);
      return TRUE;
    }
  }
  return FALSE;
}

/* Input */

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, BsGraphView *self)
{
  guint first, last;

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (!bs_graph_view_columns (self, &first, &last))
    return;
  for (guint i = self->layout->start[first]; i < self->layout->start[last + 1]; i++) {
    guint node = self->layout->order[i];
    if (fabs (x - bs_graph_view_x (self, self->layout->column[node] * BS_GRAPH_COLUMN)) <=
          BS_GRAPH_BOX_WIDTH * self->zoom / 2 &&
        fabs (y - bs_graph_view_y (self, self->layout->row[node] * BS_GRAPH_ROW)) <=
          BS_GRAPH_BOX_HEIGHT * self->zoom / 2)
      choose (self, node, FALSE);
  }
}

static void
drag_begin_cb (GtkGestureDrag *gesture, double x, double y, BsGraphView *self)
{
  self->drag_x = self->x;
  self->drag_y = self->y;
}

static void
drag_update_cb (GtkGestureDrag *gesture, double dx, double dy, BsGraphView *self)
{
  if (hypot (dx, dy) < 4)
    return;
  self->x = self->drag_x - dx / self->zoom;
  self->y = self->drag_y - dy / self->zoom;
  self->fitted = FALSE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static gboolean
scroll_cb (GtkEventControllerScroll *controller, double dx, double dy, BsGraphView *self)
{
  zoom_at (self, pow (1.2, -dy), gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
           gtk_widget_get_height (GTK_WIDGET (self)) / 2.0);
  return TRUE;
}

static gboolean
key_cb (GtkEventControllerKey *controller,
        guint key,
        guint code,
        GdkModifierType state,
        BsGraphView *self)
{
  guint n = self->layout != NULL ? self->layout->n_nodes : 0;
  double x = gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
         y = gtk_widget_get_height (GTK_WIDGET (self)) / 2.0;

  if (n == 0 || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
    return FALSE;
  switch (key) {
  case GDK_KEY_Right:
  case GDK_KEY_Down:
    choose (self, self->selected >= n ? 0 : MIN (self->selected + 1, n - 1), TRUE);
    return TRUE;
  case GDK_KEY_Left:
  case GDK_KEY_Up:
    choose (self, self->selected >= n ? n - 1 : MAX (self->selected, 1) - 1, TRUE);
    return TRUE;
  case GDK_KEY_plus:
  case GDK_KEY_equal:
  case GDK_KEY_KP_Add:
    zoom_at (self, 1.25, x, y);
    return TRUE;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
    zoom_at (self, 0.8, x, y);
    return TRUE;
  case GDK_KEY_Home:
    self->fitted = TRUE;
    gtk_widget_queue_draw (GTK_WIDGET (self));
    return TRUE;
  default:
    return FALSE;
  }
}

/* The document */

static void
opened_cb (BsGraphView *self)
{
  GListModel *layers = bs_document_layers (self->document);
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);

  g_clear_pointer (&self->layout, bs_graph_layout_free);
  g_clear_pointer (&self->items, g_free);
  g_clear_pointer (&self->sensitivity, g_free);
  self->layout = bs_graph_layout_new (bs_graph_view_model (self));
  self->items = g_new0 (BsLayerItem *, MAX (self->layout->n_nodes, 1));
  for (guint i = 0; i < g_list_model_get_n_items (layers); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (layers, i);
    g_hash_table_insert (by_name, (gpointer) bs_layer_item_name (item), item);
  }
  for (guint i = 0; i < self->layout->n_nodes; i++)
    self->items[i] = g_hash_table_lookup (by_name, bs_graph_view_model (self)->nodes[i].name);
  self->selected = BS_GRAPH_NONE;
  self->fitted = TRUE;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
layer_cb (BsGraphView *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);

  for (guint i = 0; self->layout != NULL && layer != NULL && i < self->layout->n_nodes; i++)
    if (self->items[i] == layer)
      self->selected = i;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
bs_graph_view_set_measure (BsGraphView *self, BsGraphMeasure measure)
{
  self->measure = measure;
  describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
results_cb (BsGraphView *self)
{
  g_clear_pointer (&self->sensitivity, g_free);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_GRAPH_VIEW (object)->document);
  G_OBJECT_CLASS (bs_graph_view_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  BsGraphView *self = BS_GRAPH_VIEW (object);

  g_clear_pointer (&self->layout, bs_graph_layout_free);
  g_free (self->items);
  g_free (self->sensitivity);
  G_OBJECT_CLASS (bs_graph_view_parent_class)->finalize (object);
}

static void
bs_graph_view_class_init (BsGraphViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  widget_class->snapshot = bs_graph_view_draw;
  gtk_widget_class_set_css_name (widget_class, "graph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
bs_graph_view_init (BsGraphView *self)
{
  GtkEventController *keys = gtk_event_controller_key_new (),
                     *scroll =
                       gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  GtkGesture *click = gtk_gesture_click_new (), *drag = gtk_gesture_drag_new ();

  self->selected = BS_GRAPH_NONE;
  self->zoom = 1;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Graph of the network"), -1);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), self);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (drag_begin_cb), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (drag_update_cb), self);
  g_signal_connect (scroll, "scroll", G_CALLBACK (scroll_cb), self);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drag));
  gtk_widget_add_controller (GTK_WIDGET (self), scroll);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

void
bs_graph_view_set_document (BsGraphView *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "opened", G_CALLBACK (opened_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (layer_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (layer_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (bs_document_results (document), "items-changed", G_CALLBACK (results_cb),
                           self, G_CONNECT_SWAPPED);
}
