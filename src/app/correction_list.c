/* The corrections as rows: what each does, a switch to measure with and without it, what it gained.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/correction_list.h"

#include "app/list_util.h"
#include "quant/correction.h"
#include "study/gain.h"

#include <glib/gi18n.h>

typedef struct {
  const BsCorrection *correction;
  AdwExpanderRow *row;
  GtkSwitch *toggle;
} Row;

struct _BsCorrectionList {
  AdwPreferencesGroup parent_instance;
  BsDocument *document;
  GArray *rows;     /* Row */
  gboolean filling; /* switches are being set from the document */
};

G_DEFINE_FINAL_TYPE (BsCorrectionList, bs_correction_list, ADW_TYPE_PREFERENCES_GROUP)

static void
toggled_cb (BsCorrectionList *self)
{
  if (self->filling || self->document == NULL)
    return;
  const BsSweepSettings *settings = bs_document_settings (self->document);
  g_autofree char *list = g_strdup (settings->plan.corrections);

  for (guint i = 0; i < self->rows->len; i++) {
    const Row *row = &g_array_index (self->rows, Row, i);
    gboolean on = gtk_switch_get_active (row->toggle);
    if (on == bs_sweep_list_has (list, row->correction->id))
      continue;
    char *changed = bs_sweep_list_set (list, row->correction->id, on, "none");
    g_free (list);
    list = changed;
  }
  BsPlan plan = settings->plan;
  plan.corrections = list;
  g_autoptr (BsSweepSettings) changed =
    bs_sweep_settings_new (&plan, &settings->effort, settings->edits);
  bs_document_set_settings (self->document, changed);
}

static void
fill (BsCorrectionList *self)
{
  const char *list = bs_document_settings (self->document)->plan.corrections;

  self->filling = TRUE;
  for (guint i = 0; i < self->rows->len; i++) {
    const Row *row = &g_array_index (self->rows, Row, i);
    gtk_switch_set_active (row->toggle, bs_sweep_list_has (list, row->correction->id));
  }
  self->filling = FALSE;
}

/* Gains are looked up when the page is seen and when a sweep ends, not with each result. */
static void
show_gains (BsCorrectionList *self)
{
  guint n;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) || bs_document_is_running (self->document))
    return;
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);
  g_autoptr (GArray) gains = bs_gains (results, n);
  for (guint i = 0; i < self->rows->len; i++) {
    const Row *row = &g_array_index (self->rows, Row, i);
    const BsGain *gain = bs_gain_find (gains, row->correction->id);
    g_autofree char *text = gain != NULL ? bs_gain_text (gain) : g_strdup ("");
    g_autofree char *escaped = g_markup_escape_text (text, -1);
    adw_expander_row_set_subtitle (row->row, escaped);
  }
}

static void
add_row (BsCorrectionList *self, const BsCorrection *correction)
{
  GtkWidget *row = adw_expander_row_new (), *toggle = gtk_switch_new (),
            *text = adw_action_row_new ();
  Row entry = { correction, ADW_EXPANDER_ROW (row), GTK_SWITCH (toggle) };

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (correction->title));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (text), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (text), _ (correction->description));
  adw_action_row_set_title_lines (ADW_ACTION_ROW (text), 0);
  adw_expander_row_add_row (ADW_EXPANDER_ROW (row), text);
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (toggle, _ ("Measure with and without it"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (correction->title), -1);
  adw_expander_row_add_action (ADW_EXPANDER_ROW (row), toggle);
  g_signal_connect_swapped (toggle, "notify::active", G_CALLBACK (toggled_cb), self);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  g_array_append_val (self->rows, entry);
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bs_correction_list_parent_class)->map (widget);
  show_gains (BS_CORRECTION_LIST (widget));
}

static void
dispose (GObject *object)
{
  BsCorrectionList *self = BS_CORRECTION_LIST (object);

  g_clear_object (&self->document);
  g_clear_pointer (&self->rows, g_array_unref);
  G_OBJECT_CLASS (bs_correction_list_parent_class)->dispose (object);
}

static void
bs_correction_list_class_init (BsCorrectionListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  widget_class->map = map;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/correction_list.ui");
}

static void
bs_correction_list_init (BsCorrectionList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  for (guint i = 0; bs_corrections[i] != NULL; i++)
    add_row (self, bs_corrections[i]);
}

void
bs_correction_list_set_document (BsCorrectionList *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (fill), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (show_gains), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "opened", G_CALLBACK (show_gains), self, G_CONNECT_SWAPPED);
  fill (self);
}
