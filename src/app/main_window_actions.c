/* The actions of the main window.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/main_window_actions.h"

#include "app/csv.h"
#include "app/export_dialog.h"
#include "app/plot_view.h"
#include "datasets/dataset_table.h"
#include "loaders/loader.h"

#include <glib/gi18n.h>

static void
open_chosen_cb (GtkNativeDialog *chooser, int response, BsMainWindow *self)
{
  if (response == GTK_RESPONSE_ACCEPT) {
    g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
    g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
    if (path != NULL)
      bs_main_window_open (self, path, NULL);
  }
  g_object_unref (chooser);
}

static void
data_chosen_cb (GtkNativeDialog *chooser, int response, BsMainWindow *self)
{
  if (response == GTK_RESPONSE_ACCEPT) {
    g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
    g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
    if (path != NULL)
      bs_main_window_set_data (self, path);
  }
  g_object_unref (chooser);
}

static void
add_filter (GtkFileChooser *chooser, const char *name, const char *suffixes)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_auto (GStrv) list = suffixes != NULL ? g_strsplit (suffixes, " ", -1) : NULL;

  gtk_file_filter_set_name (filter, name);
  for (guint i = 0; list != NULL && list[i] != NULL; i++) {
    g_autofree char *pattern = g_strconcat ("*", list[i], NULL);
    if (list[i][0] == '.')
      gtk_file_filter_add_suffix (filter, list[i] + 1); /* letters of any case */
    else
      gtk_file_filter_add_pattern (filter, pattern);
  }
  if (list == NULL)
    gtk_file_filter_add_pattern (filter, "*");
  gtk_file_chooser_add_filter (chooser, filter);
}

static void
start_beside_model (BsMainWindow *self, GtkFileChooser *chooser)
{
  BsFacts *facts = bs_document_facts (bs_main_window_document (self));
  g_autoptr (GFile) file = facts != NULL ? g_file_new_for_path (facts->path) : NULL;
  g_autoptr (GFile) folder = file != NULL ? g_file_get_parent (file) : NULL;

  if (folder != NULL)
    gtk_file_chooser_set_current_folder (chooser, folder, NULL);
}

static GtkFileChooserNative *
show_chooser (BsMainWindow *self,
              const char *title,
              GtkFileChooserAction action,
              const char *accept,
              GCallback callback)
{
  GtkFileChooserNative *chooser =
    gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, accept, _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", callback, self, 0);
  start_beside_model (self, GTK_FILE_CHOOSER (chooser));
  return chooser;
}

/* more NULL: nothing */
static void
add_suffixes (GString *list, const char *more)
{
  if (more != NULL)
    g_string_append_printf (list, "%s%s", list->len > 0 ? " " : "", more);
}

static void
open_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  GtkFileChooserNative *chooser = show_chooser (
    user, _ ("Open Model"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), G_CALLBACK (open_chosen_cb));
  GString *suffixes = g_string_new (NULL);

  for (guint i = 0; bs_loaders[i] != NULL; i++)
    add_suffixes (suffixes, bs_loaders[i]->suffixes);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("Models"), suffixes->str);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("All Files"), NULL);
  g_string_free (suffixes, TRUE);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
open_data_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  GtkFileChooserNative *chooser =
    show_chooser (user, _ ("Choose Data"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"),
                  G_CALLBACK (data_chosen_cb));

  GString *suffixes = g_string_new (NULL);

  for (guint i = 0; bs_dataset_readers[i] != NULL; i++)
    add_suffixes (suffixes, bs_dataset_readers[i]->suffixes);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("Data"), suffixes->str);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("All Files"), NULL);
  g_string_free (suffixes, TRUE);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
open_data_folder_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  GtkFileChooserNative *chooser =
    show_chooser (user, _ ("Choose a Folder of Pictures or Sounds"),
                  GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Open"), G_CALLBACK (data_chosen_cb));

  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
show_page_cb (GSimpleAction *action, GVariant *page, gpointer user)
{
  bs_main_window_show_page (user, g_variant_get_string (page, NULL));
}

static void
lessons_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_main_window_show_lesson (user, 1);
}

static void
run_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_main_window_show_page (user, "trade-off");
  bs_document_run (bs_main_window_document (user));
}

static void
stop_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_document_stop (bs_main_window_document (user));
}

static void
undo_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_document_undo (bs_main_window_document (user));
}

static void
redo_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_document_redo (bs_main_window_document (user));
}

static void
export_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  gtk_window_present (GTK_WINDOW (bs_export_dialog_new (user, bs_main_window_document (user))));
}

/* csv (transfer full) */
static void
copy (BsMainWindow *self, char *csv, const char *told)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), csv);
  bs_main_window_toast (self, told);
  g_free (csv);
}

static void
copy_results_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  GListModel *results = bs_document_results (bs_main_window_document (user));
  guint n = g_list_model_get_n_items (results);
  g_autofree char *told =
    g_strdup_printf (ngettext ("Copied %u result as CSV", "Copied %u results as CSV", n), n);

  copy (user, bs_csv_results (results), told);
}

static void
copy_layers_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  BsDocument *document = bs_main_window_document (user);
  GListModel *layers = bs_document_layers (document);
  BsResultItem *item = bs_document_selected_result (document);
  guint n = g_list_model_get_n_items (layers);
  g_autofree char *told =
    g_strdup_printf (ngettext ("Copied %u layer as CSV", "Copied %u layers as CSV", n), n);

  copy (user, bs_csv_layers (layers, item != NULL ? bs_result_item_get (item) : NULL), told);
}

static void
copy_comparison_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  BsDocument *document = bs_main_window_document (user);
  BsResultItem *a = bs_document_selected_result (document),
               *b = bs_document_other_result (document);

  if (a == NULL || b == NULL)
    bs_main_window_toast (user, _ ("Choose two results on the page Compare first"));
  else
    copy (user, bs_csv_comparison (bs_result_item_get (a), bs_result_item_get (b)),
          _ ("Copied the comparison as CSV"));
}

static void
start_page_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  bs_main_window_show_start (user, bs_main_window_visible_page (user) != NULL ||
                                     bs_document_facts (bs_main_window_document (user)) == NULL);
}

static void
toggle_layers_cb (GSimpleAction *action, GVariant *state, gpointer user)
{
  g_simple_action_set_state (action, state);
  bs_main_window_show_layers (user, g_variant_get_boolean (state));
}

/* The plot that has the focus, else the first on the page. */
static BsPlotView *
find_plot (GtkWidget *widget)
{
  if (BS_IS_PLOT_VIEW (widget))
    return gtk_widget_get_mapped (widget) && bs_plot_view_has_plot (BS_PLOT_VIEW (widget))
             ? BS_PLOT_VIEW (widget)
             : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child)) {
    BsPlotView *plot = find_plot (child);
    if (plot != NULL)
      return plot;
  }
  return NULL;
}

static BsPlotView *
current_plot (BsMainWindow *self)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self)),
            *page = bs_main_window_visible_page (self);
  BsPlotView *plot = focus != NULL && BS_IS_PLOT_VIEW (focus) ? find_plot (focus) : NULL;

  return plot != NULL || page == NULL ? plot : find_plot (page);
}

static void
plot_chosen_cb (GtkNativeDialog *chooser, int response, BsPlotView *plot)
{
  BsMainWindow *self = BS_MAIN_WINDOW (gtk_native_dialog_get_transient_for (chooser));
  g_autoptr (GError) error = NULL;

  if (response == GTK_RESPONSE_ACCEPT && bs_plot_view_has_plot (plot)) {
    g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
    g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
    if (path != NULL && bs_plot_view_save (plot, path, &error)) {
      g_autofree char *text = g_strdup_printf (_ ("Saved %s"), path);
      bs_main_window_toast (self, text);
    } else if (error != NULL) {
      bs_main_window_toast (self, error->message);
    }
  }
  g_object_unref (chooser);
}

static void
save_plot_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  BsPlotView *plot = current_plot (user);

  if (plot == NULL) {
    bs_main_window_toast (user, _ ("There is no plot on this page to save"));
    return;
  }
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
    _ ("Save Plot"), user, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), _ ("_Cancel"));
  g_autofree char *name = g_strdup_printf ("%s.svg", bs_plot_view_plot (plot)->id);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (chooser), name);
  add_filter (GTK_FILE_CHOOSER (chooser), _ ("PNG, SVG or PDF"), ".png .svg .pdf");
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (plot_chosen_cb), plot, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
bs_main_window_add_actions (BsMainWindow *self)
{
  static const GActionEntry actions[] = {
    { "open", open_cb },
    { "open-data", open_data_cb },
    { "open-data-folder", open_data_folder_cb },
    { "run", run_cb },
    { "stop", stop_cb },
    { "undo", undo_cb },
    { "redo", redo_cb },
    { "export", export_cb },
    { "save-plot", save_plot_cb },
    { "copy-results", copy_results_cb },
    { "copy-layers", copy_layers_cb },
    { "copy-comparison", copy_comparison_cb },
    { "start-page", start_page_cb },
    { "lessons", lessons_cb },
    { "show-page", show_page_cb, "s" },
    { "toggle-layers", NULL, NULL, "true", toggle_layers_cb },
  };

  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
}

static void
enable (BsMainWindow *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (
    G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name)), enabled);
}

void
bs_main_window_update_actions (BsMainWindow *self)
{
  BsDocument *document = bs_main_window_document (self);
  BsFacts *facts = bs_document_facts (document);
  gboolean running = bs_document_is_running (document),
           shown = bs_main_window_visible_page (self) != NULL;
  gboolean can_undo, can_redo;

  g_object_get (document, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
  enable (self, "run", facts != NULL && facts->unsupported->len == 0 && !running && shown);
  enable (self, "stop", running);
  enable (self, "undo", can_undo);
  enable (self, "redo", can_redo);
  enable (self, "export", bs_document_selected_result (document) != NULL && !running);
  enable (self, "save-plot", shown);
  enable (self, "open-data", facts != NULL);
  enable (self, "open-data-folder", facts != NULL);
  enable (self, "copy-layers", facts != NULL);
  enable (self, "toggle-layers", facts != NULL && bs_main_window_has_layers (self));
}
