/* Helpers for lists: finding a row, leaving with Tab, gathering results for plots, sorting.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/list_util.h"

#include "app/result_item.h"

#include <math.h>

guint
bs_list_find (GListModel *model, gpointer item)
{
  guint n = item != NULL ? g_list_model_get_n_items (model) : 0;

  for (guint i = 0; i < n; i++) {
    g_autoptr (GObject) other = g_list_model_get_item (model, i);
    if (other == item)
      return i;
  }
  return GTK_INVALID_LIST_POSITION;
}

static gboolean
leave_cb (GtkWidget *widget, GVariant *arguments, gpointer direction)
{
  g_signal_emit_by_name (widget, "move-focus-out", GPOINTER_TO_INT (direction));
  return TRUE;
}

void
bs_list_tab_leaves (GtkWidget *scrolled)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();
  static const struct {
    GdkModifierType modifiers;
    GtkDirectionType direction;
  } ways[] = { { 0, GTK_DIR_TAB_FORWARD }, { GDK_SHIFT_MASK, GTK_DIR_TAB_BACKWARD } };

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (
        gtk_keyval_trigger_new (GDK_KEY_Tab, ways[i].modifiers),
        gtk_callback_action_new (leave_cb, GINT_TO_POINTER (ways[i].direction), NULL)));
  gtk_widget_add_controller (scrolled, controller);
}

BsResult **
bs_list_results (GListModel *model, guint *n)
{
  *n = g_list_model_get_n_items (model);
  BsResult **results = g_new0 (BsResult *, *n + 1);
  for (guint i = 0; i < *n; i++) {
    g_autoptr (BsResultItem) item = g_list_model_get_item (model, i);
    results[i] = bs_result_item_get (item);
  }
  return results;
}

double
bs_list_sortable (double value)
{
  return isnan (value) ? -G_MAXDOUBLE : CLAMP (value, -G_MAXDOUBLE, G_MAXDOUBLE);
}
