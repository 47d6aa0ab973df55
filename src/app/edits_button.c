/* The button that measures layers edited by hand; not there while nothing is edited.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/edits_button.h"

#include <glib/gi18n.h>

struct _BsEditsButton {
  AdwBin parent_instance;
  BsDocument *document;
  GtkButton *button;
};

G_DEFINE_FINAL_TYPE (BsEditsButton, bs_edits_button, ADW_TYPE_BIN)

static void
update (BsEditsButton *self)
{
  guint n = bs_sweep_settings_n_edits (bs_document_settings (self->document));
  g_autofree char *text = g_strdup_printf (ngettext ("Measure %u Edit", "Measure %u Edits", n), n);

  gtk_button_set_label (self->button, text);
  gtk_widget_set_visible (GTK_WIDGET (self), n > 0);
  gtk_widget_set_sensitive (GTK_WIDGET (self), !bs_document_is_running (self->document));
}

static void
clicked_cb (BsEditsButton *self)
{
  bs_document_run_edited (self->document);
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_EDITS_BUTTON (object)->document);
  G_OBJECT_CLASS (bs_edits_button_parent_class)->dispose (object);
}

static void
bs_edits_button_class_init (BsEditsButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/edits_button.ui");
  gtk_widget_class_bind_template_child (widget_class, BsEditsButton, button);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
}

static void
bs_edits_button_init (BsEditsButton *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bs_edits_button_set_document (BsEditsButton *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
}
