/* The list of layers: filter, sortable columns, linked selection.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_list.h"

#include "app/list_util.h"
#include "quant/encoding.h"

#include <glib/gi18n.h>

struct _BsLayerList {
  AdwBin parent_instance;
  BsDocument *document;
  GtkStringFilter *filter;
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  GtkColumnView *view;
  GtkColumnViewColumn *sensitivity;
  GtkWidget *scrolled;
  GtkEditable *search;
};

G_DEFINE_FINAL_TYPE (BsLayerList, bs_layer_list, ADW_TYPE_BIN)

static void
selected_cb (BsLayerList *self)
{
  BsLayerItem *item = gtk_single_selection_get_selected_item (self->selection);

  if (self->document != NULL && item != NULL)
    bs_document_select_layer (self->document, item);
}

static void
search_cb (BsLayerList *self)
{
  gtk_string_filter_set_search (self->filter, gtk_editable_get_text (self->search));
}

static void
layer_cb (BsLayerList *self)
{
  BsLayerItem *item = bs_document_selected_layer (self->document);

  if (gtk_single_selection_get_selected_item (self->selection) != item)
    gtk_single_selection_set_selected (self->selection,
                                       bs_list_find (G_LIST_MODEL (self->selection), item));
}

/* Bits and SQNR are those of the selected result and of edits: a list sorted by them has a new
 * order. */
static void
result_cb (BsLayerList *self)
{
  gtk_sorter_changed (gtk_column_view_get_sorter (self->view), GTK_SORTER_CHANGE_DIFFERENT);
}

/* The column is there while there is something to show, of the settings in force. */
static void
scanned_cb (BsLayerList *self)
{
  gtk_column_view_column_set_visible (
    self->sensitivity, bs_document_scanned (self->document, BS_SENSITIVITY_ONLY) != NULL);
  result_cb (self);
}

/* Bits: a menu of widths */

#define WIDEST 8 /* bits that are offered; wider ones are on the page Layers */

static void
append_width (GMenu *menu, const char *layer, const char *title, const char *spec)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (title, NULL);

  g_menu_item_set_action_and_target (item, "layers.edit", "(ss)", layer, spec);
  g_menu_append_item (menu, item);
}

/* The widths of the layer's encoding, of integers where that has only one. */
static void
popup_cb (GtkMenuButton *button, gpointer list_item)
{
  BsLayerList *self =
    BS_LAYER_LIST (gtk_widget_get_ancestor (GTK_WIDGET (button), BS_TYPE_LAYER_LIST));
  const char *layer = bs_layer_item_name (gtk_list_item_get_item (list_item));
  BsSpec spec = bs_document_edit_base (self->document, layer);
  g_autoptr (GMenu) menu = g_menu_new ();

  if (spec.encoding->min_bits == spec.encoding->max_bits)
    bs_spec_parse ("int8", &spec, NULL);
  for (guint bits = MAX (spec.encoding->min_bits, 2); bits <= MIN (spec.encoding->max_bits, WIDEST);
       bits++) {
    spec.bits = (guint8) bits;
    g_autofree char *text = bs_spec_to_string (&spec);
    append_width (menu, layer, text, text);
  }
  if (bs_sweep_settings_edit (bs_document_settings (self->document), layer) != NULL)
    append_width (menu, layer, _ ("As in the Result"), "");
  gtk_menu_button_set_menu_model (button, G_MENU_MODEL (menu));
}

static void
edit_cb (GtkWidget *widget, const char *action, GVariant *target)
{
  BsLayerList *self = BS_LAYER_LIST (widget);
  const char *layer, *spec;

  g_variant_get (target, "(&s&s)", &layer, &spec);
  bs_document_edit (self->document, layer, *spec != '\0' ? spec : NULL);
}

static void
bits_setup_cb (BsLayerList *self, GtkListItem *list_item)
{
  GtkWidget *button = gtk_menu_button_new ();
  GtkExpression *item = gtk_property_expression_new (GTK_TYPE_LIST_ITEM, NULL, "item");

  gtk_menu_button_set_has_frame (GTK_MENU_BUTTON (button), FALSE);
  gtk_widget_set_halign (button, GTK_ALIGN_END);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "bits");
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (button), popup_cb, list_item, NULL);
  gtk_expression_bind (gtk_property_expression_new (BS_TYPE_LAYER_ITEM, item, "bits-text"), button,
                       "label", list_item);
  gtk_list_item_set_child (list_item, button);
}

static void
bits_bind_cb (BsLayerList *self, GtkListItem *list_item)
{
  g_autofree char *name =
    g_strdup_printf (_ ("Bits of %s"), bs_layer_item_name (gtk_list_item_get_item (list_item)));

  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_list_item_get_child (list_item)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_LAYER_LIST (object)->document);
  G_OBJECT_CLASS (bs_layer_list_parent_class)->dispose (object);
}

static void
bs_layer_list_class_init (BsLayerListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  g_type_ensure (BS_TYPE_LAYER_ITEM);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/layer_list.ui");
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, filter);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, filtered);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, selection);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, view);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, sensitivity);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, scrolled);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, search);
  gtk_widget_class_install_action (widget_class, "layers.edit", "(ss)", edit_cb);
  gtk_widget_class_bind_template_callback (widget_class, bits_setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, bits_bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_cb);
}

static void
bs_layer_list_init (BsLayerList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bs_list_tab_leaves (self->scrolled);
}

void
bs_layer_list_set_document (BsLayerList *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  gtk_filter_list_model_set_model (self->filtered, bs_document_layers (document));
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (layer_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "scanned", G_CALLBACK (scanned_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (scanned_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (result_cb), self,
                           G_CONNECT_SWAPPED);
}
