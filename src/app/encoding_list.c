/* Encodings other than integers as rows by family: what each is, a switch to measure it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/encoding_list.h"

#include "app/weight_choice.h"

#include <glib/gi18n.h>

#define USUAL_WIDTH 4 /* of an encoding switched on while no width is chosen */

static const struct {
  BsFamily family;
  const char *title, *text;
} families[] = {
  { BS_FAMILY_BINARY, N_ ("Binary and Ternary"), N_ ("Two or three levels and a scale") },
  { BS_FAMILY_NONLINEAR, N_ ("Non-Linear"), N_ ("Levels closer together where most weights are") },
  { BS_FAMILY_FLOAT, N_ ("Low-Precision Float"), N_ ("16 to 4 bits with an exponent each") },
  { BS_FAMILY_BLOCK, N_ ("Blocks with a Shared Scale"),
    N_ ("Microscaling formats and those of ggml") },
};

struct _BsEncodingList {
  AdwPreferencesGroup parent_instance;
  BsDocument *document;
  GPtrArray *switches; /* GtkSwitch, [n encodings]; NULL: not in this list */
  gboolean filling;    /* switches are being set from the document */
};

G_DEFINE_FINAL_TYPE (BsEncodingList, bs_encoding_list, ADW_TYPE_PREFERENCES_GROUP)

static void
toggled_cb (BsEncodingList *self)
{
  if (self->filling || self->document == NULL)
    return;
  const BsSweepSettings *settings = bs_document_settings (self->document);
  BsWeightChoice choice = bs_weight_choice_parse (settings->plan.weights);

  for (guint i = 0; i < self->switches->len; i++) {
    GtkSwitch *toggle = self->switches->pdata[i];
    guint64 bit = G_GUINT64_CONSTANT (1) << i;
    if (toggle == NULL)
      continue;
    if (!gtk_switch_get_active (toggle)) {
      choice.others &= ~bit;
      continue;
    }
    choice.others |= bit;
    if (choice.widths == 0 && bs_weight_choice_has_widths (bs_encodings[i]))
      choice.widths = 1u << USUAL_WIDTH;
  }
  g_autofree char *list = bs_weight_choice_to_list (&choice);
  BsPlan plan = settings->plan;
  plan.weights = list;
  g_autoptr (BsSweepSettings) changed =
    bs_sweep_settings_new (&plan, &settings->effort, settings->edits);
  bs_document_set_settings (self->document, changed);
}

static void
fill (BsEncodingList *self)
{
  BsWeightChoice choice =
    bs_weight_choice_parse (bs_document_settings (self->document)->plan.weights);

  self->filling = TRUE;
  for (guint i = 0; i < self->switches->len; i++)
    if (self->switches->pdata[i] != NULL)
      gtk_switch_set_active (self->switches->pdata[i],
                             (choice.others & G_GUINT64_CONSTANT (1) << i) != 0);
  self->filling = FALSE;
}

static void
add_encoding (BsEncodingList *self, AdwExpanderRow *family, guint index)
{
  const BsEncoding *encoding = bs_encodings[index];
  GtkWidget *row = adw_action_row_new (), *toggle = gtk_switch_new ();
  g_autofree char *text = g_markup_escape_text (_ (encoding->description), -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (encoding->title));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), text);
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (encoding->title), -1);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), toggle);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), toggle);
  g_signal_connect_swapped (toggle, "notify::active", G_CALLBACK (toggled_cb), self);
  adw_expander_row_add_row (family, row);
  self->switches->pdata[index] = toggle;
}

static void
dispose (GObject *object)
{
  BsEncodingList *self = BS_ENCODING_LIST (object);

  g_clear_object (&self->document);
  g_clear_pointer (&self->switches, g_ptr_array_unref);
  G_OBJECT_CLASS (bs_encoding_list_parent_class)->dispose (object);
}

static void
bs_encoding_list_class_init (BsEncodingListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (GTK_WIDGET_CLASS (klass),
                                               "/io/github/bitstair/Bitstair/encoding_list.ui");
}

static void
bs_encoding_list_init (BsEncodingList *self)
{
  guint n = 0;

  gtk_widget_init_template (GTK_WIDGET (self));
  while (bs_encodings[n] != NULL)
    n++;
  self->switches = g_ptr_array_new ();
  g_ptr_array_set_size (self->switches, (gint) n);
  for (guint f = 0; f < G_N_ELEMENTS (families); f++) {
    GtkWidget *row = adw_expander_row_new ();
    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (families[f].title));
    adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), _ (families[f].text));
    for (guint i = 0; i < n; i++)
      if (bs_encodings[i]->family == families[f].family)
        add_encoding (self, ADW_EXPANDER_ROW (row), i);
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  }
}

void
bs_encoding_list_set_document (BsEncodingList *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (fill), self,
                           G_CONNECT_SWAPPED);
  fill (self);
}
