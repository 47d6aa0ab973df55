/* Page: the trade-off plot over the table of results.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_trade_off.h"

#include "app/budget_bar.h"
#include "app/list_util.h"
#include "app/plot_view.h"
#include "app/text.h"
#include "plot/cost.h"

#include <glib/gi18n.h>
#include <math.h>

struct _BsPageTradeOff {
  AdwBin parent_instance;
  BsDocument *document;
  BsPlotView *plot, *bits;
  BsBudgetBar *budget;
  GtkSingleSelection *selection;
  GtkSortListModel *sorted;
  GtkColumnView *view;
  GtkColumnViewColumn *quality_column, *size_column, *samples_column;
  GtkLabel *summary, *left_out;
  GtkDropDown *cost;
  GtkWidget *scrolled;
};

G_DEFINE_FINAL_TYPE (BsPageTradeOff, bs_page_trade_off, ADW_TYPE_BIN)

static void
show_selection (BsPageTradeOff *self)
{
  BsResultItem *item = bs_document_selected_result (self->document);
  guint position = bs_list_find (bs_document_results (self->document), item);

  bs_plot_view_select (self->plot, position);
  if (gtk_single_selection_get_selected_item (self->selection) != item)
    gtk_single_selection_set_selected (self->selection,
                                       bs_list_find (G_LIST_MODEL (self->selection), item));
  if (item == NULL) {
    gtk_label_set_label (self->summary, _ ("Nothing selected"));
    return;
  }
  const BsResult *result = bs_result_item_get (item);
  g_autofree char *quality = bs_text_quality (result);
  g_autofree char *size = bs_text_bytes ((double) result->weight_bytes);
  g_autofree char *integers = bs_text_percent (result->integer_share);
  g_autofree char *text = g_strdup_printf (_ ("%s: %s at %s, %s of the work on integers"),
                                           result->label, quality, size, integers);
  if (result->stopped_early) {
    g_autofree char *samples = bs_text_count ((double) result->n_samples);
    g_autofree char *note = g_strdup_printf (_ (" · stopped early at %s samples"), samples);
    char *whole = g_strconcat (text, note, NULL);
    g_free (text);
    text = whole;
  }
  gtk_label_set_label (self->summary, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->summary), text);
}

/* Results without a figure for the x axis have no point: how many. */
static void
show_left_out (BsPageTradeOff *self, const BsPlotInput *input)
{
  guint n = 0;

  for (guint i = 0; i < input->n_results; i++)
    n += isnan (bs_plot_cost_read (input->cost, input->results[i]));
  gtk_widget_set_visible (GTK_WIDGET (self->left_out), n > 0);
  g_autofree char *text =
    g_strdup_printf (ngettext ("%u result without this figure is left out",
                               "%u results without this figure are left out", n),
                     n);
  gtk_label_set_label (self->left_out, text);
}

static void
update (BsPageTradeOff *self)
{
  guint n;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);
  BsResultItem *reference = bs_document_float_result (self->document);
  const BsPlotInput input = {
    .title = bs_document_title (self->document),
    .results = results,
    .n_results = n,
    .float_result = reference != NULL ? bs_result_item_get (reference) : NULL,
    .budget = bs_budget_bar_bytes (self->budget),
    .cost = (BsPlotCost) gtk_drop_down_get_selected (self->cost),
  };
  bs_plot_view_show (self->plot, bs_plot_find ("trade-off"), &input);
  show_left_out (self, &input);
  gboolean any_stopped = FALSE; /* else all have the same samples: no column for them */
  for (guint i = 0; i < n; i++)
    any_stopped = any_stopped || results[i]->stopped_early;
  gtk_column_view_column_set_visible (self->samples_column, any_stopped);
  if (n > 0)
    gtk_column_view_column_set_title (self->quality_column, bs_text_quality_title (results[0]));
  show_selection (self);
}

/* The widths that the budget would pick; their plot is there only while one is asked for. */
static void
budget_cb (BsPageTradeOff *self)
{
  BsResult *picked = bs_budget_bar_picked (self->budget);
  const BsPlotInput input = { .selected = picked };

  gtk_widget_set_visible (GTK_WIDGET (self->bits), picked != NULL);
  if (picked != NULL)
    bs_plot_view_show (self->bits, bs_plot_find ("layer-bits"), &input);
  update (self);
}

static void
cost_cb (BsPageTradeOff *self)
{
  if (self->document == NULL)
    return;
  bs_plot_view_zoom_home (self->plot); /* another axis: the part looked at means nothing there */
  update (self);
}

static void
item_selected_cb (BsPageTradeOff *self, guint index)
{
  g_autoptr (BsResultItem) item =
    g_list_model_get_item (bs_document_results (self->document), index);

  if (item != NULL)
    bs_document_select_result (self->document, item);
}

static void
home_cb (BsPageTradeOff *self)
{
  bs_plot_view_zoom_home (self->plot);
}

static void
selected_cb (BsPageTradeOff *self)
{
  BsResultItem *item = gtk_single_selection_get_selected_item (self->selection);

  if (self->document != NULL && item != NULL &&
      item != bs_document_selected_result (self->document))
    bs_document_select_result (self->document, item);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bs_page_trade_off_parent_class)->map (widget);
  update (BS_PAGE_TRADE_OFF (widget));
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_PAGE_TRADE_OFF (object)->document);
  G_OBJECT_CLASS (bs_page_trade_off_parent_class)->dispose (object);
}

static void
bs_page_trade_off_class_init (BsPageTradeOffClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->map = map;
  g_type_ensure (BS_TYPE_PLOT_VIEW);
  g_type_ensure (BS_TYPE_BUDGET_BAR);
  g_type_ensure (BS_TYPE_RESULT_ITEM);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_trade_off.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, plot);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, bits);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, budget);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, selection);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, sorted);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, view);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, quality_column);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, size_column);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, samples_column);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, summary);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, scrolled);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, left_out);
  gtk_widget_class_bind_template_child (widget_class, BsPageTradeOff, cost);
  gtk_widget_class_bind_template_callback (widget_class, item_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, budget_cb);
  gtk_widget_class_bind_template_callback (widget_class, home_cb);
  gtk_widget_class_bind_template_callback (widget_class, cost_cb);
}

static void
bs_page_trade_off_init (BsPageTradeOff *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bs_list_tab_leaves (self->scrolled);
  gtk_column_view_sort_by_column (self->view, self->size_column, GTK_SORT_ASCENDING);
}

void
bs_page_trade_off_set_document (BsPageTradeOff *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  bs_budget_bar_set_document (self->budget, document);
  gtk_sort_list_model_set_model (self->sorted, bs_document_results (document));
  g_signal_connect_object (bs_document_results (document), "items-changed", G_CALLBACK (update),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::float-result", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::data-text", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (show_selection), self,
                           G_CONNECT_SWAPPED);
}
