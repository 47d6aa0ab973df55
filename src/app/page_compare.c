/* Page: two results side by side.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_compare.h"

#include "app/changed_samples.h"
#include "app/list_util.h"
#include "app/text.h"
#include "plot/axis.h"

#include <glib/gi18n.h>
#include <math.h>

struct _BsPageCompare {
  AdwBin parent_instance;
  BsDocument *document;
  GtkDropDown *first, *second;
  GtkGrid *measures, *layers;
  GtkWidget *empty, *layers_title;
  BsChangedSamples *samples;
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (BsPageCompare, bs_page_compare, ADW_TYPE_BIN)

static void
clear_grid (GtkGrid *grid)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (grid))) != NULL)
    gtk_grid_remove (grid, child);
}

static void
add_cell (GtkGrid *grid, const char *text, int column, int row, gboolean dim)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), column == 0 ? 0 : 1);
  gtk_label_set_ellipsize (GTK_LABEL (label),
                           column == 0 ? PANGO_ELLIPSIZE_MIDDLE : PANGO_ELLIPSIZE_NONE);
  gtk_widget_set_hexpand (label, column == 0);
  if (column > 0)
    gtk_label_set_width_chars (GTK_LABEL (label), 12);
  if (dim)
    gtk_widget_add_css_class (label, "dim-label");
  gtk_grid_attach (grid, label, column, row, 1, 1);
}

/* text_* (transfer full); the last is the difference. */
static void
add_row (GtkGrid *grid, int *row, const char *name, char *text_a, char *text_b, char *difference)
{
  add_cell (grid, name, 0, *row, FALSE);
  add_cell (grid, text_a, 1, *row, FALSE);
  add_cell (grid, text_b, 2, *row, FALSE);
  add_cell (grid, difference, 3, *row, TRUE);
  g_free (text_a);
  g_free (text_b);
  g_free (difference);
  (*row)++;
}

static char *
signed_text (double difference, int decimals, const char *unit)
{
  char number[32];

  if (!isfinite (difference))
    return g_strdup ("–");
  bs_plot_number (number, sizeof number, difference, decimals);
  return g_strdup_printf ("%s%s %s", difference > 0 ? "+" : "", number, unit);
}

static void
fill_measures (BsPageCompare *self, const BsResult *a, const BsResult *b)
{
  GtkGrid *grid = self->measures;
  gboolean share = g_strcmp0 (a->metric, "top1") == 0 ||
                   (g_strcmp0 (a->metric, "perplexity") != 0 && !isnan (a->agreement));
  double quality = bs_result_quality (b) - bs_result_quality (a);
  int row = 0;

  clear_grid (grid);
  add_cell (grid, _ ("Measure"), 0, row, TRUE);
  add_cell (grid, _ ("First"), 1, row, TRUE);
  add_cell (grid, _ ("Second"), 2, row, TRUE);
  add_cell (grid, _ ("Difference"), 3, row++, TRUE);
  add_row (grid, &row, bs_text_quality_title (a), bs_text_quality (a), bs_text_quality (b),
           share ? signed_text (quality * 100, 2, _ ("points")) : signed_text (quality, 3, ""));
  add_row (grid, &row, _ ("Agreement with float"), bs_text_percent (a->agreement),
           bs_text_percent (b->agreement),
           signed_text ((b->agreement - a->agreement) * 100, 2, _ ("points")));
  add_row (grid, &row, _ ("Output SQNR"), bs_text_db (a->output_sqnr_db),
           bs_text_db (b->output_sqnr_db),
           signed_text (b->output_sqnr_db - a->output_sqnr_db, 1, "dB"));
  add_row (
    grid, &row, _ ("Size of the weights"), bs_text_bytes ((double) a->weight_bytes),
    bs_text_bytes ((double) b->weight_bytes),
    signed_text (((double) b->weight_bytes / (double) MAX (a->weight_bytes, 1) - 1) * 100, 1, "%"));
  add_row (grid, &row, _ ("Work on integers"), bs_text_percent (a->integer_share),
           bs_text_percent (b->integer_share),
           signed_text ((b->integer_share - a->integer_share) * 100, 1, _ ("points")));
}

static void
fill_layers (BsPageCompare *self, const BsResult *a, const BsResult *b)
{
  int row = 0;

  clear_grid (self->layers);
  for (guint i = 0; i < a->n_layers; i++) {
    const BsLayerResult *x = &a->layers[i], *y = bs_result_layer (b, x->name);
    if (y != NULL)
      add_row (self->layers, &row, x->name, bs_text_db (x->accumulated_sqnr_db),
               bs_text_db (y->accumulated_sqnr_db),
               signed_text (y->accumulated_sqnr_db - x->accumulated_sqnr_db, 1, "dB"));
  }
}

/* With nothing chosen, the best result is compared with. */
static void
propose (BsPageCompare *self)
{
  GListModel *results = bs_document_results (self->document);
  g_autoptr (BsResultItem) best = NULL;

  if (bs_document_other_result (self->document) != NULL || bs_document_is_running (self->document))
    return;
  for (guint i = 0; i < g_list_model_get_n_items (results); i++) {
    g_autoptr (BsResultItem) item = g_list_model_get_item (results, i);
    if (best == NULL || bs_result_quality (bs_result_item_get (item)) >
                          bs_result_quality (bs_result_item_get (best)))
      g_set_object (&best, item);
  }
  if (best != NULL)
    bs_document_select_other (self->document, best);
}

static void
update (BsPageCompare *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  propose (self);
  BsResultItem *a = bs_document_selected_result (self->document),
               *b = bs_document_other_result (self->document);
  gboolean both = a != NULL && b != NULL;

  self->filling = TRUE;
  gtk_drop_down_set_selected (self->first, bs_list_find (bs_document_results (self->document), a));
  gtk_drop_down_set_selected (self->second, bs_list_find (bs_document_results (self->document), b));
  self->filling = FALSE;
  gtk_widget_set_visible (self->empty, !both);
  gtk_widget_set_visible (GTK_WIDGET (self->measures), both);
  gtk_widget_set_visible (GTK_WIDGET (self->layers), both);
  gtk_widget_set_visible (self->layers_title, both);
  gtk_widget_set_visible (GTK_WIDGET (self->samples), both);
  if (both) {
    fill_measures (self, bs_result_item_get (a), bs_result_item_get (b));
    fill_layers (self, bs_result_item_get (a), bs_result_item_get (b));
    bs_changed_samples_show (self->samples, self->document);
  }
}

/* A drop-down selects the first of the results that arrive: only a person's choice counts, and there
 * is none before something is selected. */
static void
first_cb (BsPageCompare *self)
{
  BsResultItem *item = gtk_drop_down_get_selected_item (self->first);

  if (!self->filling && self->document != NULL && item != NULL &&
      bs_document_selected_result (self->document) != NULL &&
      gtk_widget_get_mapped (GTK_WIDGET (self)))
    bs_document_select_result (self->document, item);
}

static void
second_cb (BsPageCompare *self)
{
  BsResultItem *item = gtk_drop_down_get_selected_item (self->second);

  if (!self->filling && self->document != NULL && item != NULL &&
      bs_document_other_result (self->document) != NULL &&
      gtk_widget_get_mapped (GTK_WIDGET (self)))
    bs_document_select_other (self->document, item);
}

static void
map (GtkWidget *widget)
{
  BsPageCompare *self = BS_PAGE_COMPARE (widget);

  GTK_WIDGET_CLASS (bs_page_compare_parent_class)->map (widget);
  update (self);
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_PAGE_COMPARE (object)->document);
  G_OBJECT_CLASS (bs_page_compare_parent_class)->dispose (object);
}

static void
bs_page_compare_class_init (BsPageCompareClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->map = map;
  g_type_ensure (BS_TYPE_RESULT_ITEM);
  g_type_ensure (BS_TYPE_CHANGED_SAMPLES);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_compare.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, first);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, second);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, measures);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, layers);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, empty);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, layers_title);
  gtk_widget_class_bind_template_child (widget_class, BsPageCompare, samples);
  gtk_widget_class_bind_template_callback (widget_class, first_cb);
  gtk_widget_class_bind_template_callback (widget_class, second_cb);
}

static void
bs_page_compare_init (BsPageCompare *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bs_page_compare_set_document (BsPageCompare *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  self->filling = TRUE;
  gtk_drop_down_set_model (self->first, bs_document_results (document));
  gtk_drop_down_set_model (self->second, bs_document_results (document));
  self->filling = FALSE;
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::other-result", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
}
