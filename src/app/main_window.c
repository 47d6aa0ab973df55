/* The main window: one document, its layers and pages.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/main_window.h"

#include "app/layer_list.h"
#include "app/main_window_actions.h"
#include "app/page_compare.h"
#include "app/page_layers.h"
#include "app/page_lessons.h"
#include "app/page_overview.h"
#include "app/page_sensitivity.h"
#include "app/page_sweep.h"
#include "app/page_trade_off.h"
#include "app/start_page.h"
#include "datasets/dataset_table.h"
#include "workbench/data_text.h"
#include "workbench/examples.h"

#include <glib/gi18n.h>

#define SCHEMA BS_APP_ID

struct _BsMainWindow {
  AdwApplicationWindow parent_instance;
  BsDocument *document;
  GSettings *settings; /* NULL: the schema is not installed, nothing is remembered */
  AdwToastOverlay *toasts;
  AdwWindowTitle *window_title;
  GtkWidget *switcher, *open_button, *layers_button, *run_button, *stop_button;
  GtkProgressBar *progress_bar;
  GtkStack *main_stack;
  BsStartPage *start_page;
  AdwFlap *flap;
  BsLayerList *layer_list;
  AdwViewStack *page_stack;
  BsPageOverview *page_overview;
  BsPageSweep *page_sweep;
  BsPageTradeOff *page_trade_off;
  BsPageLayers *page_layers;
  BsPageSensitivity *page_sensitivity;
  BsPageCompare *page_compare;
  BsPageLessons *page_lessons;
  gboolean layers_wanted; /* by the person, on pages that have layers */
  guint pulse;            /* timer while progress has no fraction */
};

G_DEFINE_FINAL_TYPE (BsMainWindow, bs_main_window, ADW_TYPE_APPLICATION_WINDOW)

BsDocument *
bs_main_window_document (BsMainWindow *self)
{
  return self->document;
}

GtkWidget *
bs_main_window_visible_page (BsMainWindow *self)
{
  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->main_stack), "document") != 0)
    return NULL;
  return adw_view_stack_get_visible_child (self->page_stack);
}

/* Lessons have values of their own: the layers would only take room. */
gboolean
bs_main_window_has_layers (BsMainWindow *self)
{
  GtkWidget *page = bs_main_window_visible_page (self);

  return page != NULL && page != GTK_WIDGET (self->page_lessons);
}

static void
update_layers (BsMainWindow *self)
{
  adw_flap_set_reveal_flap (self->flap, self->layers_wanted && bs_main_window_has_layers (self));
  bs_main_window_update_actions (self);
}

void
bs_main_window_show_layers (BsMainWindow *self, gboolean shown)
{
  self->layers_wanted = shown;
  update_layers (self);
}

void
bs_main_window_toast (BsMainWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

gboolean
bs_main_window_show_page (BsMainWindow *self, const char *name)
{
  if (adw_view_stack_get_child_by_name (self->page_stack, name) == NULL)
    return FALSE;
  adw_view_stack_set_visible_child_name (self->page_stack, name);
  return TRUE;
}

gboolean
bs_main_window_show_lesson (BsMainWindow *self, guint number)
{
  if (!bs_page_lessons_show (self->page_lessons, number))
    return FALSE;
  bs_main_window_show_start (self, FALSE);
  return bs_main_window_show_page (self, "lessons");
}

void
bs_main_window_show_start (BsMainWindow *self, gboolean start)
{
  gtk_stack_set_visible_child_name (self->main_stack, start ? "start" : "document");
  /* lessons need no model, all other pages do */
  gtk_widget_set_visible (self->switcher, bs_document_facts (self->document) != NULL);
  gtk_widget_set_visible (self->open_button, !start);
  gtk_widget_set_visible (self->layers_button, !start);
  gtk_widget_set_visible (self->run_button, !start && !bs_document_is_running (self->document));
  update_layers (self);
}

/* The document */

static void
failed_cb (BsMainWindow *self, GError *error)
{
  GtkWidget *dialog =
    adw_message_dialog_new (GTK_WINDOW (self), _ ("That Did Not Work"), error->message);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("Close"));
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "close");
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
opened_cb (BsMainWindow *self)
{
  g_autofree char *title = NULL, *summary = NULL;

  g_object_get (self->document, "model-title", &title, "model-summary", &summary, NULL);
  adw_window_title_set_title (self->window_title, title);
  adw_window_title_set_subtitle (self->window_title, summary);
  g_autofree char *full = g_strdup_printf ("Bitstair — %s", title);
  gtk_window_set_title (GTK_WINDOW (self), full);
  bs_start_page_remember (self->start_page, bs_document_facts (self->document)->path);
  bs_main_window_show_start (self, FALSE);
}

static void
opening_cb (BsMainWindow *self)
{
  gboolean opening;

  g_object_get (self->document, "opening", &opening, NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->main_stack), !opening);
}

static gboolean
pulse_cb (gpointer data)
{
  gtk_progress_bar_pulse (((BsMainWindow *) data)->progress_bar);
  return G_SOURCE_CONTINUE;
}

static void
progress_cb (BsMainWindow *self)
{
  double progress;
  g_autofree char *text = NULL;

  g_object_get (self->document, "progress", &progress, "progress-text", &text, NULL);
  gtk_progress_bar_set_text (self->progress_bar, text);
  g_clear_handle_id (&self->pulse, g_source_remove);
  if (progress > 0 || !bs_document_is_running (self->document))
    gtk_progress_bar_set_fraction (self->progress_bar, progress);
  else
    self->pulse = g_timeout_add (150, pulse_cb, self);
}

static void
running_cb (BsMainWindow *self)
{
  gboolean running = bs_document_is_running (self->document),
           document = bs_main_window_visible_page (self) != NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->progress_bar), running);
  gtk_widget_set_visible (self->stop_button, running);
  gtk_widget_set_visible (self->run_button, !running && document);
  if (!running)
    g_clear_handle_id (&self->pulse, g_source_remove);
  bs_main_window_update_actions (self);
}

/* Opening */

static void
open_example_cb (BsMainWindow *self, BsExample *example)
{
  g_autoptr (BsSweepSettings) settings =
    bs_sweep_settings_new (&(BsPlan){ .weights = example->weights,
                                      .acts = example->acts,
                                      .scopes = example->scopes,
                                      .corrections = example->corrections },
                           NULL, NULL);

  bs_document_open (self->document, example->model, example->data, settings);
}

static gboolean
same_file (const char *a, const char *b)
{
  g_autofree char *p = g_canonicalize_filename (a, NULL), *q = g_canonicalize_filename (b, NULL);

  return g_str_equal (p, q);
}

/* A bundled model that is opened as a file comes with its data. */
void
bs_main_window_open (BsMainWindow *self, const char *path, const char *data_text)
{
  g_autoptr (GPtrArray) examples = data_text == NULL ? bs_examples (NULL) : NULL;

  for (guint i = 0; examples != NULL && i < examples->len; i++) {
    BsExample *example = examples->pdata[i];
    if (same_file (path, example->model)) {
      open_example_cb (self, example);
      return;
    }
  }
  bs_document_open (self->document, path, data_text, NULL);
}

void
bs_main_window_open_study (BsMainWindow *self,
                           gint64 study,
                           const char *path,
                           const char *data_text)
{
  bs_document_open_study (self->document, study, path, data_text);
}

void
bs_main_window_set_data (BsMainWindow *self, const char *path)
{
  g_autofree char *text = bs_data_text (path, &(BsDatasetOptions){ 0 });

  bs_document_set_data (self->document, text);
}

static void
open_path_cb (BsMainWindow *self, const char *path)
{
  bs_main_window_open (self, path, NULL);
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, BsMainWindow *self)
{
  GSList *files = g_value_get_boxed (value);
  g_autofree char *path = files != NULL ? g_file_get_path (files->data) : NULL;

  if (path == NULL)
    return FALSE;
  /* Data dropped on an open model judges it; everything else is a model. */
  if (bs_document_facts (self->document) != NULL && bs_dataset_is_named (path))
    bs_main_window_set_data (self, path);
  else
    bs_main_window_open (self, path, NULL);
  return TRUE;
}

static GdkDragAction
enter_cb (GtkDropTarget *target, double x, double y, BsMainWindow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self->main_stack), "drop-target-active");
  return GDK_ACTION_COPY;
}

static void
leave_cb (GtkDropTarget *target, BsMainWindow *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self->main_stack), "drop-target-active");
}

static void
add_drop_target (BsMainWindow *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_signal_connect (target, "drop", G_CALLBACK (drop_cb), self);
  g_signal_connect (target, "enter", G_CALLBACK (enter_cb), self);
  g_signal_connect (target, "leave", G_CALLBACK (leave_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

/* The object */

static void
load_settings (BsMainWindow *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
    source != NULL ? g_settings_schema_source_lookup (source, SCHEMA, TRUE) : NULL;

  gtk_window_set_default_size (GTK_WINDOW (self), 1200, 760);
  if (schema == NULL)
    return;
  self->settings = g_settings_new (SCHEMA);
  gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (self->settings, "width"),
                               g_settings_get_int (self->settings, "height"));
  if (g_settings_get_boolean (self->settings, "maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
}

static gboolean
close_request (GtkWindow *window)
{
  BsMainWindow *self = BS_MAIN_WINDOW (window);
  int width, height;

  if (self->settings != NULL) {
    gtk_window_get_default_size (window, &width, &height);
    g_settings_set_int (self->settings, "width", width);
    g_settings_set_int (self->settings, "height", height);
    g_settings_set_boolean (self->settings, "maximized", gtk_window_is_maximized (window));
  }
  return GTK_WINDOW_CLASS (bs_main_window_parent_class)->close_request (window);
}

static void
dispose (GObject *object)
{
  BsMainWindow *self = BS_MAIN_WINDOW (object);

  g_clear_handle_id (&self->pulse, g_source_remove);
  g_clear_object (&self->settings);
  if (self->document != NULL) {
    g_signal_handlers_disconnect_by_data (self->document, self);
    bs_document_close (self->document);
  }
  G_OBJECT_CLASS (bs_main_window_parent_class)->dispose (object);
  g_clear_object (&self->document);
}

static void
bs_main_window_class_init (BsMainWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  GTK_WINDOW_CLASS (klass)->close_request = close_request;
  g_type_ensure (BS_TYPE_START_PAGE);
  g_type_ensure (BS_TYPE_LAYER_LIST);
  g_type_ensure (BS_TYPE_PAGE_OVERVIEW);
  g_type_ensure (BS_TYPE_PAGE_SWEEP);
  g_type_ensure (BS_TYPE_PAGE_TRADE_OFF);
  g_type_ensure (BS_TYPE_PAGE_LAYERS);
  g_type_ensure (BS_TYPE_PAGE_SENSITIVITY);
  g_type_ensure (BS_TYPE_PAGE_COMPARE);
  g_type_ensure (BS_TYPE_PAGE_LESSONS);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/main_window.ui");
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, window_title);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, open_button);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, layers_button);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, run_button);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, stop_button);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, main_stack);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, start_page);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, flap);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, layer_list);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_stack);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_overview);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_sweep);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_trade_off);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_layers);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_sensitivity);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_compare);
  gtk_widget_class_bind_template_child (widget_class, BsMainWindow, page_lessons);
}

static void
bs_main_window_init (BsMainWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bs_main_window_add_actions (self);
  load_settings (self);
  add_drop_target (self);
  g_signal_connect_object (self->start_page, "open-example", G_CALLBACK (open_example_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->start_page, "open-path", G_CALLBACK (open_path_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
set_document (BsMainWindow *self, BsDocument *document)
{
  self->document = document;
  bs_layer_list_set_document (self->layer_list, document);
  bs_page_overview_set_document (self->page_overview, document);
  bs_page_sweep_set_document (self->page_sweep, document);
  bs_page_trade_off_set_document (self->page_trade_off, document);
  bs_page_layers_set_document (self->page_layers, document);
  bs_page_sensitivity_set_document (self->page_sensitivity, document);
  bs_page_compare_set_document (self->page_compare, document);
  g_signal_connect_swapped (document, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect_swapped (document, "opened", G_CALLBACK (opened_cb), self);
  g_signal_connect_swapped (document, "notify::opening", G_CALLBACK (opening_cb), self);
  g_signal_connect_swapped (document, "notify::running", G_CALLBACK (running_cb), self);
  g_signal_connect_swapped (document, "notify::progress-text", G_CALLBACK (progress_cb), self);
  g_signal_connect_swapped (document, "notify::selected-result",
                            G_CALLBACK (bs_main_window_update_actions), self);
  g_signal_connect_swapped (document, "notify::settings",
                            G_CALLBACK (bs_main_window_update_actions), self);
  g_signal_connect_swapped (self->page_stack, "notify::visible-child", G_CALLBACK (update_layers),
                            self);
  self->layers_wanted = TRUE;
  bs_main_window_show_start (self, TRUE);
}

BsMainWindow *
bs_main_window_new (GtkApplication *application, const char *db_path)
{
  BsMainWindow *self = g_object_new (BS_TYPE_MAIN_WINDOW, "application", application, NULL);

  set_document (self, bs_document_new (db_path));
  return self;
}
