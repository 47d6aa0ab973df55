/* Page: which layer minds which configuration, as a map.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_sensitivity.h"

#include "app/list_util.h"
#include "app/plot_view.h"

struct _BsPageSensitivity {
  AdwBin parent_instance;
  BsDocument *document;
  BsPlotView *plot;
};

G_DEFINE_FINAL_TYPE (BsPageSensitivity, bs_page_sensitivity, ADW_TYPE_BIN)

static void
show_selection (BsPageSensitivity *self)
{
  bs_plot_view_select (self->plot, bs_list_find (bs_document_results (self->document),
                                                 bs_document_selected_result (self->document)));
}

static void
update (BsPageSensitivity *self)
{
  guint n;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);
  const BsPlotInput input = { .title = bs_document_title (self->document),
                              .results = results,
                              .n_results = n };
  bs_plot_view_show (self->plot, bs_plot_find ("heat-map"), &input);
  show_selection (self);
}

static void
item_selected_cb (BsPageSensitivity *self, guint index)
{
  g_autoptr (BsResultItem) item =
    g_list_model_get_item (bs_document_results (self->document), index);

  if (item != NULL)
    bs_document_select_result (self->document, item);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bs_page_sensitivity_parent_class)->map (widget);
  update (BS_PAGE_SENSITIVITY (widget));
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_PAGE_SENSITIVITY (object)->document);
  G_OBJECT_CLASS (bs_page_sensitivity_parent_class)->dispose (object);
}

static void
bs_page_sensitivity_class_init (BsPageSensitivityClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->map = map;
  g_type_ensure (BS_TYPE_PLOT_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_sensitivity.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, plot);
  gtk_widget_class_bind_template_callback (widget_class, item_selected_cb);
}

static void
bs_page_sensitivity_init (BsPageSensitivity *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bs_page_sensitivity_set_document (BsPageSensitivity *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (bs_document_results (document), "items-changed", G_CALLBACK (update),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (show_selection), self,
                           G_CONNECT_SWAPPED);
}
