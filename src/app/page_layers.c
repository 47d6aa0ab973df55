/* Page: the selected layer's weights with their levels, its output errors, and the errors of all
 * layers. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_layers.h"

#include "app/list_util.h"
#include "app/plot_view.h"
#include "app/tensor_view.h"
#include "app/text.h"
#include "plot/axis.h"
#include "quant/config.h"

#include <glib/gi18n.h>

struct _BsPageLayers {
  AdwBin parent_instance;
  BsDocument *document;
  BsPlotView *weights, *errors, *layers;
  GtkLabel *summary, *scale_label;
  GtkDropDown *bits, *scope, *range;
  GtkWidget *scale_box;
  GtkSpinButton *scale_spin;
  GtkAdjustment *scale_adjustment;
  GCancellable *cancellable; /* of the quantization under way */
};

G_DEFINE_FINAL_TYPE (BsPageLayers, bs_page_layers, ADW_TYPE_BIN)

static const BsResult *
selected_result (BsPageLayers *self)
{
  BsResultItem *item = bs_document_selected_result (self->document);

  return item != NULL ? bs_result_item_get (item) : NULL;
}

static const char *
chosen (GtkDropDown *list)
{
  return gtk_string_object_get_string (gtk_drop_down_get_selected_item (list));
}

/* The spec to try, or what the selected result gives this layer; FALSE: none, show the values
 * alone. */
static gboolean
find_spec (BsPageLayers *self, BsSpec *spec, char **name)
{
  const BsResult *result = selected_result (self);
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  g_autoptr (GError) error = NULL;

  if (gtk_drop_down_get_selected (self->bits) != 0) {
    *name =
      g_strdup_printf ("%s:%s:%s", chosen (self->bits), chosen (self->scope), chosen (self->range));
    return bs_spec_parse (*name, spec, NULL);
  }
  if (result == NULL || layer == NULL)
    return FALSE;
  g_autoptr (BsConfig) config = bs_config_parse (result->config, &error);
  if (config == NULL)
    return FALSE;
  *spec = *bs_config_weights (config, bs_layer_item_name (layer));
  *name = bs_spec_to_string (spec);
  return TRUE;
}

static void
show_scales (BsPageLayers *self, const BsTensorView *view)
{
  gtk_widget_set_visible (self->scale_box, view->n_scales > 1);
  if (view->n_scales > 1) {
    g_autofree char *count = g_strdup_printf (_ ("of %u"), view->n_scales);
    gtk_adjustment_set_upper (self->scale_adjustment, view->n_scales);
    gtk_label_set_label (self->scale_label, count);
  }
}

static void
show_weights (BsPageLayers *self,
              const BsTensorView *view,
              const char *spec_name,
              const char *problem)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  g_autofree char *label = NULL;
  GString *summary =
    g_string_new (layer != NULL ? bs_layer_item_name (layer) : _ ("No layer is selected"));

  if (layer != NULL && view != NULL && view->n_scales > 1)
    label = g_strdup_printf (_ ("%s, scale %u of %u"), bs_layer_item_name (layer), view->scale + 1,
                             view->n_scales);
  BsPlotInput input = { .layer = label != NULL   ? label
                                 : layer != NULL ? bs_layer_item_name (layer)
                                                 : NULL };
  if (view != NULL) {
    input.values = view->values;
    input.n_values = view->n;
    input.levels = view->levels;
    input.n_levels = view->n_levels;
    input.clip_lo = view->clip_lo;
    input.clip_hi = view->clip_hi;
    show_scales (self, view);
    if (view->n_scales > 0) {
      g_autofree char *sqnr = bs_text_db (view->sqnr_db);
      char bits[32];
      bs_plot_number (bits, sizeof bits, view->bits_each, 2);
      g_string_append (summary, " · ");
      g_string_append_printf (summary, _ ("%s: SQNR of the weights %s, %s bits each with scales"),
                              spec_name, sqnr, bits);
    }
  }
  if (problem != NULL)
    g_string_append_printf (summary, " · %s", problem);
  bs_plot_view_show (self->weights, bs_plot_find ("weight-histogram"), &input);
  gtk_label_set_label (self->summary, summary->str);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->summary), summary->str);
  g_string_free (summary, TRUE);
}

typedef struct {
  BsPageLayers *self;
  GCancellable *cancellable;
  char *spec_name;
} Pending;

static void
quantized_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Pending *pending = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (BsTensorView) view = bs_tensor_view_finish (result, &error);

  /* A newer request makes this answer out of date. */
  if (!g_cancellable_is_cancelled (pending->cancellable) && pending->self->document != NULL)
    show_weights (pending->self, view, pending->spec_name, error != NULL ? error->message : NULL);
  g_object_unref (pending->self);
  g_object_unref (pending->cancellable);
  g_free (pending->spec_name);
  g_free (pending);
}

static void
update_weights (BsPageLayers *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  BsFacts *facts = bs_document_facts (self->document);
  g_autofree char *name = NULL;
  BsSpec spec;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gboolean trying = gtk_drop_down_get_selected (self->bits) != 0;
  gtk_widget_set_visible (GTK_WIDGET (self->scope), trying);
  gtk_widget_set_visible (GTK_WIDGET (self->range), trying);
  if (layer == NULL || facts == NULL) {
    show_weights (self, NULL, NULL, NULL);
    return;
  }
  gboolean has_spec = find_spec (self, &spec, &name);
  Pending *pending = g_new0 (Pending, 1);
  self->cancellable = g_cancellable_new ();
  pending->self = g_object_ref (self);
  pending->cancellable = g_object_ref (self->cancellable);
  pending->spec_name = g_steal_pointer (&name);
  bs_tensor_view_async (facts, bs_layer_item_tensor (layer), has_spec ? &spec : NULL,
                        (guint) gtk_spin_button_get_value_as_int (self->scale_spin) - 1, NULL,
                        quantized_cb, pending);
}

static void
mark_layer (BsPageLayers *self)
{
  const BsResult *result = selected_result (self);
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  guint index = G_MAXUINT;

  for (guint i = 0; result != NULL && layer != NULL && i < result->n_layers; i++)
    if (g_str_equal (result->layers[i].name, bs_layer_item_name (layer)))
      index = i;
  bs_plot_view_select (self->layers, index);
}

static void
update_errors (BsPageLayers *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  const BsPlotInput input = {
    .selected = (BsResult *) selected_result (self),
    .layer = layer != NULL ? bs_layer_item_name (layer) : NULL,
  };

  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    bs_plot_view_show (self->errors, bs_plot_find ("error-histogram"), &input);
}

static void
layer_cb (BsPageLayers *self)
{
  gtk_spin_button_set_value (self->scale_spin, 1);
  update_weights (self);
  update_errors (self);
  mark_layer (self);
}

static void
result_cb (BsPageLayers *self)
{
  const BsPlotInput input = { .title = bs_document_title (self->document),
                              .selected = (BsResult *) selected_result (self) };

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  bs_plot_view_show (self->layers, bs_plot_find ("layer-errors"), &input);
  update_weights (self);
  update_errors (self);
  mark_layer (self);
}

static void
spec_changed_cb (BsPageLayers *self)
{
  if (self->document != NULL)
    update_weights (self);
}

static void
scale_changed_cb (BsPageLayers *self)
{
  if (self->document != NULL)
    update_weights (self);
}

static void
layer_item_cb (BsPageLayers *self, guint index)
{
  const BsResult *result = selected_result (self);
  GListModel *layers = bs_document_layers (self->document);

  for (guint i = 0;
       result != NULL && index < result->n_layers && i < g_list_model_get_n_items (layers); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (layers, i);
    if (g_str_equal (bs_layer_item_name (item), result->layers[index].name))
      bs_document_select_layer (self->document, item);
  }
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bs_page_layers_parent_class)->map (widget);
  result_cb (BS_PAGE_LAYERS (widget));
}

static void
dispose (GObject *object)
{
  BsPageLayers *self = BS_PAGE_LAYERS (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->document);
  G_OBJECT_CLASS (bs_page_layers_parent_class)->dispose (object);
}

static void
bs_page_layers_class_init (BsPageLayersClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->map = map;
  g_type_ensure (BS_TYPE_PLOT_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_layers.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, weights);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, errors);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, layers);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, summary);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, bits);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scope);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, range);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_label);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_spin);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_adjustment);
  gtk_widget_class_bind_template_callback (widget_class, spec_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, scale_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, layer_item_cb);
}

static void
bs_page_layers_init (BsPageLayers *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bs_page_layers_set_document (BsPageLayers *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (layer_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (result_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (result_cb), self, G_CONNECT_SWAPPED);
}
