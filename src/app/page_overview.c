/* Page: what the file holds, what was simplified, what is not supported.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_overview.h"

#include "app/finding_list.h"
#include "app/graph_view.h"
#include "app/text.h"

#include <glib/gi18n.h>

struct _BsPageOverview {
  AdwBin parent_instance;
  BsDocument *document;
  AdwPreferencesGroup *unsupported_group, *ports_group, *operators_group, *notes_group;
  BsFindingList *findings;
  BsGraphView *graph;
  GtkDropDown *measure;
  GtkEditable *search;
  AdwActionRow *format_row, *size_row, *parameters_row, *nodes_row, *digest_row;
  GPtrArray *rows; /* added rows with the group they are in: group, row, group, row … */
};

G_DEFINE_FINAL_TYPE (BsPageOverview, bs_page_overview, ADW_TYPE_BIN)

static void
add_row (BsPageOverview *self, AdwPreferencesGroup *group, const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 3);
  if (subtitle != NULL) {
    g_autofree char *escaped = g_markup_escape_text (subtitle, -1);
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  }
  adw_preferences_group_add (group, row);
  g_ptr_array_add (self->rows, group);
  g_ptr_array_add (self->rows, row);
}

static void
clear_rows (BsPageOverview *self)
{
  for (guint i = 0; i < self->rows->len; i += 2)
    adw_preferences_group_remove (self->rows->pdata[i], self->rows->pdata[i + 1]);
  g_ptr_array_set_size (self->rows, 0);
}

static void
set_subtitle (AdwActionRow *row, char *text /* (transfer full) */)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_action_row_set_subtitle (row, escaped);
  g_free (text);
}

static void
add_port (BsPageOverview *self, const BsTensor *tensor, const char *kind)
{
  g_autofree char *shape = tensor->n_dims == BS_DIMS_UNKNOWN
                             ? g_strdup (_ ("unknown shape"))
                             : bs_dims_to_string (tensor->dims, tensor->n_dims);
  g_autofree char *text =
    g_strdup_printf ("%s · %s · %s", kind, shape, bs_dtype_name (tensor->dtype));

  add_row (self, self->ports_group, tensor->name, text);
}

typedef struct {
  const char *name;
  guint count;
} OpCount;

static gint
compare_ops (gconstpointer a, gconstpointer b)
{
  const OpCount *p = a, *q = b;

  return p->count != q->count ? (p->count < q->count ? 1 : -1) : g_strcmp0 (p->name, q->name);
}

static void
add_operators (BsPageOverview *self, const BsModel *model)
{
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (OpCount));
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < model->n_nodes; i++) {
    const char *type = model->nodes[i].op_type;
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (places, type));
    if (place > 0) {
      g_array_index (counts, OpCount, place - 1).count++;
      continue;
    }
    OpCount entry = { type, 1 };
    g_array_append_val (counts, entry);
    g_hash_table_insert (places, (gpointer) type, GUINT_TO_POINTER (counts->len));
  }
  g_array_sort (counts, compare_ops);
  for (guint i = 0; i < counts->len; i++) {
    const OpCount *entry = &g_array_index (counts, OpCount, i);
    g_string_append_printf (text, "%s%s × %u", i > 0 ? ", " : "", entry->name, entry->count);
  }
  add_row (self, self->operators_group, text->str, NULL);
  g_string_free (text, TRUE);
}

static void
fill (BsPageOverview *self)
{
  const BsFacts *facts = bs_document_facts (self->document);
  const BsModel *model = facts->model, *simplified = facts->simplified;
  GString *format = g_string_new (model->format);

  clear_rows (self);
  if (model->opset > 0) {
    g_autofree char *opset = g_strdup_printf ("%" G_GINT64_FORMAT, model->opset);
    g_string_append_printf (format, _ (", opset %s"), opset);
  }
  if (model->producer != NULL && *model->producer != '\0')
    g_string_append_printf (format, _ (", made by %s"), model->producer);
  set_subtitle (self->format_row, g_string_free (format, FALSE));
  set_subtitle (self->size_row, bs_text_bytes ((double) model->file_bytes));
  g_autofree char *count = bs_text_count ((double) facts->parameters);
  g_autofree char *bytes = bs_text_bytes ((double) facts->float_bytes);
  set_subtitle (self->parameters_row, g_strdup_printf (_ ("%s, %s as float32"), count, bytes));
  set_subtitle (
    self->nodes_row,
    g_strdup_printf (_ ("%u nodes in the file, %u after simplification, %u layers with weights"),
                     model->n_nodes, simplified->n_nodes, facts->layers->len));
  set_subtitle (self->digest_row, g_strdup (bs_model_digest (model)));

  for (guint i = 0; i < simplified->n_inputs; i++)
    add_port (self, &simplified->tensors[simplified->inputs[i]], _ ("input"));
  for (guint i = 0; i < simplified->n_outputs; i++)
    add_port (self, &simplified->tensors[simplified->outputs[i]], _ ("output"));
  add_operators (self, model);
  for (guint i = 0; i < facts->unsupported->len; i++) {
    const BsUnsupported *entry = &g_array_index (facts->unsupported, BsUnsupported, i);
    g_autofree char *uses =
      g_strdup_printf (ngettext ("%u use", "%u uses", entry->count), entry->count);
    add_row (self, self->unsupported_group, entry->op, uses);
  }
  gtk_widget_set_visible (GTK_WIDGET (self->unsupported_group), facts->unsupported->len > 0);
  guint n_notes = 0;
  for (guint i = 0; simplified->notes != NULL && simplified->notes[i] != NULL; i++, n_notes++)
    add_row (self, self->notes_group, simplified->notes[i], NULL);
  if (facts->shape_problem != NULL)
    add_row (self, self->notes_group, facts->shape_problem, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->notes_group),
                          n_notes > 0 || facts->shape_problem != NULL);
}

static void
measure_cb (BsPageOverview *self)
{
  bs_graph_view_set_measure (self->graph,
                             (BsGraphMeasure) gtk_drop_down_get_selected (self->measure));
}

/* Enter goes on to the next one. */
static void
search_cb (BsPageOverview *self)
{
  const char *text = gtk_editable_get_text (self->search);

  if (bs_graph_view_search (self->graph, text) || *text == '\0')
    gtk_widget_remove_css_class (GTK_WIDGET (self->search), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->search), "error");
}

static void
dispose (GObject *object)
{
  BsPageOverview *self = BS_PAGE_OVERVIEW (object);

  g_clear_object (&self->document);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (bs_page_overview_parent_class)->dispose (object);
}

static void
bs_page_overview_class_init (BsPageOverviewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  g_type_ensure (BS_TYPE_FINDING_LIST);
  g_type_ensure (BS_TYPE_GRAPH_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_overview.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, unsupported_group);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, ports_group);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, operators_group);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, notes_group);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, format_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, size_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, parameters_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, nodes_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, digest_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, findings);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, graph);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, measure);
  gtk_widget_class_bind_template_child (widget_class, BsPageOverview, search);
  gtk_widget_class_bind_template_callback (widget_class, measure_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_cb);
}

static void
bs_page_overview_init (BsPageOverview *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
}

void
bs_page_overview_set_document (BsPageOverview *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  bs_graph_view_set_document (self->graph, document);
  bs_finding_list_set_document (self->findings, document);
  g_signal_connect_object (document, "opened", G_CALLBACK (fill), self, G_CONNECT_SWAPPED);
}
