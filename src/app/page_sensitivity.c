/* Page: which layer minds which width, as a map.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_sensitivity.h"

#include "app/edits_button.h"
#include "app/list_util.h"
#include "app/plot_view.h"

#include <glib/gi18n.h>

struct _BsPageSensitivity {
  AdwBin parent_instance;
  BsDocument *document;
  BsPlotView *plot;
  GtkDropDown *shown;
  GtkLabel *hint;
  GtkWidget *scan;
  BsEditsButton *edits;
};

G_DEFINE_FINAL_TYPE (BsPageSensitivity, bs_page_sensitivity, ADW_TYPE_BIN)

/* FALSE: the results of the sweep are shown, else those of a scan in that mode. */
static gboolean
scan_mode (BsPageSensitivity *self, BsSensitivityMode *mode)
{
  guint shown = gtk_drop_down_get_selected (self->shown); /* the modes follow the results */

  *mode = shown == 2 ? BS_SENSITIVITY_ALL_BUT : BS_SENSITIVITY_ONLY;
  return shown != 0;
}

static const BsSensitivity *
shown_scan (BsPageSensitivity *self)
{
  BsSensitivityMode mode;

  return scan_mode (self, &mode) ? bs_document_scanned (self->document, mode) : NULL;
}

static guint
find_option (const BsSensitivity *scan, const char *text)
{
  for (guint o = 0; text != NULL && o < scan->n_options; o++)
    if (g_str_equal (scan->options[o].text, text))
      return o;
  return G_MAXUINT;
}

/* The cell that the selected layer was given, or the selected configuration's column. */
static void
show_selection (BsPageSensitivity *self)
{
  const BsSensitivity *scan = shown_scan (self);
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  guint index = G_MAXUINT;

  if (scan == NULL)
    index = bs_list_find (bs_document_results (self->document),
                          bs_document_selected_result (self->document));
  for (guint l = 0; scan != NULL && layer != NULL && l < scan->n_layers; l++)
    if (g_str_equal (scan->layers[l], bs_layer_item_name (layer))) {
      guint option = find_option (
        scan, bs_sweep_settings_edit (bs_document_settings (self->document), scan->layers[l]));
      if (option != G_MAXUINT)
        index = l * scan->n_options + option;
    }
  bs_plot_view_select (self->plot, index);
}

static void
show_map (BsPageSensitivity *self)
{
  BsSensitivityMode mode;
  guint n;

  if (self->document == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);
  gboolean scans = scan_mode (self, &mode);
  const BsPlotInput input = {
    .title = bs_document_title (self->document),
    .results = results,
    .n_results = scans ? 0 : n,
    .scan = shown_scan (self),
  };
  bs_plot_view_show (self->plot, bs_plot_find ("heat-map"), &input);
  gtk_widget_set_visible (self->scan, scans);
  gtk_widget_set_sensitive (self->scan, !bs_document_is_running (self->document));
  gtk_label_set_label (self->hint, !scans ? _ ("A click selects the configuration")
                                   : input.scan != NULL
                                     ? _ ("A click gives the layer that width")
                                     : _ ("Scan Layers measures one layer after the other"));
}

static void
update (BsPageSensitivity *self)
{
  show_map (self);
  if (self->document != NULL && gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_selection (self);
}

static void
scan_cb (BsPageSensitivity *self)
{
  BsSensitivityMode mode;

  if (scan_mode (self, &mode))
    bs_document_scan (self->document, mode);
}

static void
assign (BsPageSensitivity *self, const char *layer, const char *spec)
{
  g_autofree char *text = g_strdup_printf (_ ("%s: %s"), layer, spec);

  bs_document_edit (self->document, layer, spec);
  bs_document_select_layer_named (self->document, layer);
  gtk_label_set_label (self->hint, text);
}

static void
item_selected_cb (BsPageSensitivity *self, guint index)
{
  g_autoptr (BsResultItem) item =
    shown_scan (self) == NULL ? g_list_model_get_item (bs_document_results (self->document), index)
                              : NULL;

  if (item != NULL)
    bs_document_select_result (self->document, item);
}

static void
item_activated_cb (BsPageSensitivity *self, guint index)
{
  const BsSensitivity *scan = shown_scan (self);

  if (scan != NULL)
    assign (self, scan->layers[index / scan->n_options],
            scan->options[index % scan->n_options].text);
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
  g_type_ensure (BS_TYPE_EDITS_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_sensitivity.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, plot);
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, shown);
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, hint);
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, scan);
  gtk_widget_class_bind_template_child (widget_class, BsPageSensitivity, edits);
  gtk_widget_class_bind_template_callback (widget_class, item_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, item_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, scan_cb);
  gtk_widget_class_bind_template_callback (widget_class, update);
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
  bs_edits_button_set_document (self->edits, document);
  g_signal_connect_object (bs_document_results (document), "items-changed", G_CALLBACK (update),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "scanned", G_CALLBACK (show_map), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (show_selection), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (show_selection), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (show_selection), self,
                           G_CONNECT_SWAPPED);
}
