/* What will hurt when the model is quantized, worst first, each with a button to try the cure.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/finding_list.h"

#include "quant/advice.h"
#include "quant/correction.h"
#include "quant/range.h"

#include <glib/gi18n.h>

#define MAX_OPEN 6  /* rows that are always seen */
#define MAX_ROWS 60 /* rows altogether; the command line lists all */

struct _BsFindingList {
  AdwPreferencesGroup parent_instance;
  BsDocument *document;
  GPtrArray *rows; /* those of the group, borrowed */
};

G_DEFINE_FINAL_TYPE (BsFindingList, bs_finding_list, ADW_TYPE_PREFERENCES_GROUP)

static void
try_cb (GtkButton *button, BsFindingList *self)
{
  const char *cure = g_object_get_data (G_OBJECT (button), "cure");
  g_autoptr (BsSweepSettings) settings =
    bs_sweep_settings_with_cure (bs_document_settings (self->document), cure);

  bs_document_set_settings (self->document, settings);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-page", "s", "sweep");
}

static GtkWidget *
make_row (BsFindingList *self, const BsFinding *finding)
{
  GtkWidget *row = adw_action_row_new ();
  const BsCorrection *correction =
    finding->cure != NULL ? bs_correction_find (finding->cure) : NULL;
  const BsRange *range = finding->cure != NULL ? bs_range_find (finding->cure) : NULL;

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), finding->text);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 0);
  if (finding->cure != NULL) {
    const char *title = correction != NULL ? _ (correction->title)
                        : range != NULL    ? _ (range->title)
                                           : finding->cure;
    g_autofree char *label = g_strdup_printf (_ ("Try %s"), title);
    GtkWidget *button = gtk_button_new_with_label (label);
    gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
    gtk_widget_set_tooltip_text (button,
                                 _ ("Add it to the sweep, to be measured with and without"));
    g_object_set_data_full (G_OBJECT (button), "cure", g_strdup (finding->cure), g_free);
    g_signal_connect (button, "clicked", G_CALLBACK (try_cb), self);
    adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  }
  return row;
}

static void
add_row (BsFindingList *self, GtkWidget *row)
{
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  g_ptr_array_add (self->rows, row);
}

static void
update (BsFindingList *self)
{
  const GPtrArray *findings = bs_document_findings (self->document);
  guint n = findings != NULL ? findings->len : 0;
  GtkWidget *more = NULL;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  gtk_widget_set_visible (GTK_WIDGET (self), findings != NULL);
  if (findings != NULL && n == 0) {
    GtkWidget *row = adw_action_row_new ();
    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("Nothing stands out"));
    add_row (self, row);
  }
  for (guint i = 0; i < MIN (n, MAX_ROWS); i++) {
    GtkWidget *row = make_row (self, findings->pdata[i]);
    if (i == MAX_OPEN && n > MAX_OPEN + 1) {
      g_autofree char *title =
        g_strdup_printf (ngettext ("%u more", "%u more", n - MAX_OPEN), n - MAX_OPEN);
      more = adw_expander_row_new ();
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (more), title);
      add_row (self, more);
    }
    if (more != NULL)
      adw_expander_row_add_row (ADW_EXPANDER_ROW (more), row);
    else
      add_row (self, row);
  }
}

static void
dispose (GObject *object)
{
  BsFindingList *self = BS_FINDING_LIST (object);

  g_clear_object (&self->document);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (bs_finding_list_parent_class)->dispose (object);
}

static void
bs_finding_list_class_init (BsFindingListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (GTK_WIDGET_CLASS (klass),
                                               "/io/github/bitstair/Bitstair/finding_list.ui");
}

static void
bs_finding_list_init (BsFindingList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
}

void
bs_finding_list_set_document (BsFindingList *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::findings", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
}
