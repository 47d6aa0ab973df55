/* Page: the selected layer's weights with their levels, its output errors, and the errors of all
 * layers. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_layers.h"

#include "app/edits_button.h"
#include "app/layer_editor.h"
#include "app/list_util.h"
#include "app/plot_view.h"
#include "app/tensor_view.h"
#include "app/text.h"
#include "plot/axis.h"

#include <glib/gi18n.h>

struct _BsPageLayers {
  AdwBin parent_instance;
  BsDocument *document;
  BsPlotView *weights, *errors, *layers;
  GtkLabel *summary, *scale_count;
  BsLayerEditor *editor;
  BsEditsButton *edits;
  GtkWidget *scale_box;
  GtkDropDown *shown; /* weights, or activations */
  GtkSpinButton *scale_spin;
  GtkAdjustment *scale_adjustment;
  gboolean busy, again; /* a quantization is under way; another one is wanted after it */
};

G_DEFINE_FINAL_TYPE (BsPageLayers, bs_page_layers, ADW_TYPE_BIN)

static const BsResult *
selected_result (BsPageLayers *self)
{
  BsResultItem *item = bs_document_selected_result (self->document);

  return item != NULL ? bs_result_item_get (item) : NULL;
}

static void
show_scales (BsPageLayers *self, guint n_scales)
{
  gtk_widget_set_visible (self->scale_box, n_scales > 1);
  if (n_scales > 1) {
    g_autofree char *count = g_strdup_printf (_ ("of %u"), n_scales);
    gtk_adjustment_set_upper (self->scale_adjustment, n_scales);
    gtk_label_set_label (self->scale_count, count);
  }
}

static void
summarize (BsPageLayers *self, const BsTensorView *view, const char *spec, const char *problem)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  GString *summary =
    g_string_new (layer != NULL ? bs_layer_item_name (layer) : _ ("No layer is selected"));

  if (view != NULL && view->n_scales > 0) {
    g_autofree char *sqnr = bs_text_db (view->sqnr_db);
    char bits[32];
    bs_plot_number (bits, sizeof bits, view->bits_each, 2);
    g_string_append (summary, " · ");
    g_string_append_printf (summary, _ ("%s: SQNR of the weights %s, %s bits each with scales"),
                            spec, sqnr, bits);
  }
  if (problem != NULL)
    g_string_append_printf (summary, " · %s", problem);
  gtk_label_set_label (self->summary, summary->str);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->summary), summary->str);
  g_string_free (summary, TRUE);
}

/* Output errors of the selected result; where the layer is edited, they would be those of another
 * configuration, and the errors of its weights are shown. */
static void
show_output_errors (BsPageLayers *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  const BsPlotInput input = {
    .selected = (BsResult *) selected_result (self),
    .layer = layer != NULL ? bs_layer_item_name (layer) : NULL,
  };

  bs_plot_view_show (self->errors, bs_plot_find ("error-histogram"), &input);
}

static gboolean
shows_activations (BsPageLayers *self)
{
  return gtk_drop_down_get_selected (self->shown) == 1;
}

/* Statistics of what the layer reads first, as its weights have none; NULL: no study is at hand. */
static const BsStats *
find_stats (BsPageLayers *self, const char *layer, const char **name)
{
  const BsStudy *study = bs_document_study (self->document);
  const BsModel *model = study != NULL ? bs_study_model (study) : NULL;
  const BsStats *stats = NULL;

  for (guint i = 0; model != NULL && i < model->n_nodes; i++)
    for (guint j = 0; g_strcmp0 (model->nodes[i].name, layer) == 0 && stats == NULL &&
                      j < model->nodes[i].n_inputs;
         j++) {
      guint tensor = model->nodes[i].inputs[j];
      stats = tensor != BS_TENSOR_NONE ? bs_study_stats (study, tensor) : NULL;
      if (stats != NULL)
        *name = model->tensors[tensor].name;
    }
  return stats;
}

static void
show_activations (BsPageLayers *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  const BsResult *result = selected_result (self);
  const char *name = NULL;
  BsPlotInput input = { .layer = layer != NULL ? bs_layer_item_name (layer) : NULL };
  g_autoptr (BsConfig) config = result != NULL ? bs_config_parse (result->config, NULL) : NULL;
  g_autoptr (BsTensorView) view = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (input.layer != NULL)
    input.stats = find_stats (self, input.layer, &name);
  if (input.stats != NULL) {
    BsSpec spec;
    if (config != NULL)
      spec = *bs_config_acts (config, input.layer);
    else
      bs_spec_parse ("float", &spec, NULL);
    input.spec = text = bs_spec_to_string (&spec);
    input.view = view = bs_tensor_view_of_stats (input.stats, &spec, name, &error);
  }
  if (error != NULL)
    bs_plot_view_take (self->weights, &bs_plot_activation_histogram, NULL, error->message);
  else
    bs_plot_view_show (self->weights, &bs_plot_activation_histogram, &input);
}

/* One request at a time; what changes meanwhile is asked for when it comes back, so that dragging
 * never waits in a queue. */
typedef struct {
  BsPageLayers *self;
  gboolean edited;
  char *spec;
} Pending;

static void update_weights (BsPageLayers *self);

static void
quantized_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Pending *pending = data;
  BsPageLayers *self = pending->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (BsTensorPlots) plots = bs_tensor_plots_finish (result, &error);
  gboolean again = self->again;

  self->busy = self->again = FALSE;
  if (self->document != NULL) {
    summarize (self, plots != NULL ? plots->view : NULL, pending->spec,
               error != NULL ? error->message : NULL);
    if (plots != NULL) {
      show_scales (self, plots->view->n_scales);
      if (!shows_activations (self))
        bs_plot_view_take (self->weights, bs_plot_find ("weight-histogram"),
                           g_steal_pointer (&plots->weights), plots->weights_reason);
      bs_layer_editor_show_clip (self->editor, plots->view->clip_lo, plots->view->clip_hi);
      if (pending->edited)
        bs_plot_view_take (self->errors, bs_plot_find ("error-histogram"),
                           g_steal_pointer (&plots->errors), plots->errors_reason);
      else
        show_output_errors (self);
    } else if (!shows_activations (self)) {
      bs_plot_view_take (self->weights, bs_plot_find ("weight-histogram"), NULL, error->message);
    }
    if (again)
      update_weights (self);
  }
  g_object_unref (self);
  g_free (pending->spec);
  g_free (pending);
}

static void
update_weights (BsPageLayers *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  BsFacts *facts = bs_document_facts (self->document);
  gboolean edited = FALSE;
  BsSpec spec;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (layer == NULL || facts == NULL) {
    const BsPlotInput nothing = { 0 };
    bs_plot_view_show (self->weights, bs_plot_find ("weight-histogram"), &nothing);
    show_output_errors (self);
    summarize (self, NULL, NULL, NULL);
    return;
  }
  if (shows_activations (self))
    show_activations (self);
  if (self->busy) {
    self->again = TRUE;
    return;
  }
  gboolean has_spec = bs_layer_editor_spec (self->editor, &spec, &edited);
  Pending *pending = g_new0 (Pending, 1);
  self->busy = TRUE;
  pending->self = g_object_ref (self);
  pending->edited = edited;
  pending->spec = has_spec ? bs_spec_to_string (&spec) : NULL;
  bs_tensor_plots_async (
    facts, bs_layer_item_tensor (layer), bs_layer_item_name (layer), has_spec ? &spec : NULL,
    (guint) gtk_spin_button_get_value_as_int (self->scale_spin) - 1, quantized_cb, pending);
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
layer_cb (BsPageLayers *self)
{
  gtk_spin_button_set_value (self->scale_spin, 1);
  update_weights (self);
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
  mark_layer (self);
}

/* Statistics are at hand while no job has the study. */
static void
running_cb (BsPageLayers *self)
{
  if (shows_activations (self) && gtk_widget_get_mapped (GTK_WIDGET (self)))
    show_activations (self);
}

static void
handle_moved_cb (BsPageLayers *self, guint handle, double value, gboolean released)
{
  bs_layer_editor_drag (self->editor, handle, value, released);
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

  if (result != NULL && index < result->n_layers)
    bs_document_select_layer_named (self->document, result->layers[index].name);
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
  g_type_ensure (BS_TYPE_LAYER_EDITOR);
  g_type_ensure (BS_TYPE_EDITS_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_layers.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, weights);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, errors);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, layers);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, summary);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, editor);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, edits);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, shown);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_count);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_spin);
  gtk_widget_class_bind_template_child (widget_class, BsPageLayers, scale_adjustment);
  gtk_widget_class_bind_template_callback (widget_class, update_weights);
  gtk_widget_class_bind_template_callback (widget_class, handle_moved_cb);
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
  bs_layer_editor_set_document (self->editor, document);
  bs_edits_button_set_document (self->edits, document);
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (layer_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (result_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (running_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (result_cb), self, G_CONNECT_SWAPPED);
}
