/* The list of layers: filter, sortable columns, linked selection.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_list.h"

#include "app/list_util.h"

struct _BsLayerList {
  AdwBin parent_instance;
  BsDocument *document;
  GtkStringFilter *filter;
  GtkFilterListModel *filtered;
  GtkSingleSelection *selection;
  GtkColumnView *view;
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

/* Bits and SQNR are those of the selected result: a list sorted by them has a new order. */
static void
result_cb (BsLayerList *self)
{
  gtk_sorter_changed (gtk_column_view_get_sorter (self->view), GTK_SORTER_CHANGE_DIFFERENT);
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
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, scrolled);
  gtk_widget_class_bind_template_child (widget_class, BsLayerList, search);
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
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (result_cb), self,
                           G_CONNECT_SWAPPED);
}
