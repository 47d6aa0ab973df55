/* Export: the targets, what each cannot express before writing, and the check after.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/export_dialog.h"

#include "app/text.h"

#include <glib/gi18n.h>
#include <math.h>

struct _BsExportDialog {
  AdwWindow parent_instance;
  BsDocument *document;
  BsConfig *config;
  const BsExport *target;
  AdwPreferencesGroup *targets_group, *limits_group, *check_group;
  AdwWindowTitle *window_title;
  GtkLabel *limits, *check;
  GtkWidget *write_button;
  GtkFileChooserNative *chooser;
};

G_DEFINE_FINAL_TYPE (BsExportDialog, bs_export_dialog, ADW_TYPE_WINDOW)

static void
update_limits (BsExportDialog *self)
{
  BsStudy *study = bs_document_study (self->document);
  gboolean ready =
    study != NULL && !bs_document_is_running (self->document) && self->config != NULL;

  gtk_widget_set_sensitive (self->write_button, ready && self->target != NULL);
  if (!ready || self->target == NULL) {
    gtk_label_set_label (self->limits, bs_document_is_running (self->document)
                                         ? _ ("Waiting for the running work…")
                                         : "");
    return;
  }
  g_autoptr (GPtrArray) limits =
    self->target->limits != NULL ? self->target->limits (study, self->config) : NULL;
  GString *text = g_string_new (NULL);
  for (guint i = 0; limits != NULL && i < limits->len; i++)
    g_string_append_printf (text, "%s• %s", i > 0 ? "\n" : "", (char *) limits->pdata[i]);
  gtk_label_set_label (self->limits, text->len > 0
                                       ? text->str
                                       : _ ("Everything this configuration says can be kept."));
  g_string_free (text, TRUE);
}

static void
target_cb (GtkCheckButton *button, GParamSpec *pspec, BsExportDialog *self)
{
  if (!gtk_check_button_get_active (button))
    return;
  self->target = g_object_get_data (G_OBJECT (button), "target");
  gtk_widget_set_visible (GTK_WIDGET (self->check_group), FALSE);
  update_limits (self);
}

static void
add_targets (BsExportDialog *self)
{
  GtkCheckButton *first = NULL;

  for (guint i = 0; bs_exports[i] != NULL; i++) {
    const BsExport *target = bs_exports[i];
    GtkWidget *row = adw_action_row_new (), *button = gtk_check_button_new ();
    adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (target->title));
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ (target->description));
    gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    _ (target->title), -1);
    gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
    gtk_check_button_set_group (GTK_CHECK_BUTTON (button), first);
    adw_action_row_add_prefix (ADW_ACTION_ROW (row), button);
    adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
    adw_preferences_group_add (self->targets_group, row);
    g_object_set_data (G_OBJECT (button), "target", (gpointer) target);
    g_signal_connect (button, "notify::active", G_CALLBACK (target_cb), self);
    if (first == NULL)
      first = GTK_CHECK_BUTTON (button);
  }
  if (first != NULL)
    gtk_check_button_set_active (first, TRUE);
}

static void
chosen_cb (GtkNativeDialog *chooser, int response, BsExportDialog *self)
{
  g_autoptr (GFile) file =
    response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  g_clear_object (&self->chooser);
  if (path == NULL || self->target == NULL)
    return;
  gtk_widget_set_visible (GTK_WIDGET (self->check_group), TRUE);
  gtk_label_set_label (self->check, _ ("Writing and checking…"));
  bs_document_export (self->document, self->target, path);
}

static void
write_cb (BsExportDialog *self)
{
  BsFacts *facts = bs_document_facts (self->document);
  g_autofree char *stem = g_strdup (facts->model->name);
  char *dot = g_strrstr (stem, ".");

  if (dot != NULL)
    *dot = '\0';
  g_autofree char *name = g_strdup_printf ("%s-%s%s", stem, self->target->id, self->target->suffix);
  self->chooser = gtk_file_chooser_native_new (
    _ ("Write File"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Write"), _ ("_Cancel"));
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), name);
  g_signal_connect (self->chooser, "response", G_CALLBACK (chosen_cb), self);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
exported_cb (BsExportDialog *self, BsExportReport *report)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < report->files->len; i++) {
    g_string_append_printf (text, _ ("Wrote %s"), (char *) report->files->pdata[i]);
    g_string_append_c (text, '\n');
  }
  for (guint i = 0; i < report->warnings->len; i++)
    g_string_append_printf (text, "• %s\n", (char *) report->warnings->pdata[i]);
  if (report->checked && !isnan (report->agreement)) {
    g_autofree char *agreement = bs_text_percent (report->agreement);
    g_string_append_printf (
      text, _ ("Read back and run: same class for %s of samples, outputs differ by at most %.3g."),
      agreement, report->max_abs_difference);
  } else if (report->checked) {
    g_string_append (text, _ ("Read back: it holds what was written."));
  } else {
    g_string_append (text, _ ("Not checked: this target cannot be read back."));
  }
  gtk_label_set_label (self->check, text->str);
  gtk_widget_set_visible (GTK_WIDGET (self->check_group), TRUE);
  g_string_free (text, TRUE);
}

static void
failed_cb (BsExportDialog *self, GError *error)
{
  gtk_widget_set_visible (GTK_WIDGET (self->check_group), TRUE);
  gtk_label_set_label (self->check, error->message);
}

static void
dispose (GObject *object)
{
  BsExportDialog *self = BS_EXPORT_DIALOG (object);

  g_clear_object (&self->document);
  g_clear_object (&self->chooser);
  g_clear_pointer (&self->config, bs_config_unref);
  G_OBJECT_CLASS (bs_export_dialog_parent_class)->dispose (object);
}

static void
bs_export_dialog_class_init (BsExportDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/export_dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, targets_group);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, limits_group);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, check_group);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, window_title);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, limits);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, check);
  gtk_widget_class_bind_template_child (widget_class, BsExportDialog, write_button);
  gtk_widget_class_bind_template_callback (widget_class, write_cb);
}

static void
bs_export_dialog_init (BsExportDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

BsExportDialog *
bs_export_dialog_new (GtkWindow *parent, BsDocument *document)
{
  BsExportDialog *self = g_object_new (BS_TYPE_EXPORT_DIALOG, "transient-for", parent, NULL);
  BsResult *result = bs_result_item_get (bs_document_selected_result (document));

  self->document = g_object_ref (document);
  self->config = bs_config_parse (result->config, NULL);
  adw_window_title_set_subtitle (self->window_title, result->label);
  add_targets (self);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (update_limits), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "exported", G_CALLBACK (exported_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "failed", G_CALLBACK (failed_cb), self, G_CONNECT_SWAPPED);
  bs_document_prepare (document);
  return self;
}
