/* What is shown while no model is open: open, examples, recent models.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/start_page.h"

#include <glib/gi18n.h>

#define MAX_RECENT 6
/* The texts of data/examples/examples.json, which translators do not see. */
static G_GNUC_UNUSED const char *const example_texts[] = {
  N_ ("Digits, small network"),
  N_ ("Smallest: 6,570 parameters on 8×8 digits; a sweep takes a second and 3 bits still work per "
      "channel."),
  N_ ("MNIST, convolutional network"),
  N_ (
    "Global against local scales: at 4 bits one scale for the whole network loses everything, one "
    "per tensor almost nothing."),
  N_ ("Fashion, depthwise network"),
  N_ (
    /* xgettext:no-c-format */
    "Why scales per channel exist: 49 % per tensor at 8 bits, 92.6 % per channel, since depthwise "
    "filters differ widely."),
  N_ ("Fashion, residual network"),
  N_ ("Residual additions on integers: two branches with different scales meet."),
};

#define GROUP "bitstair" /* of our own entries in the desktop's list of recent files */

struct _BsStartPage {
  AdwBin parent_instance;
  AdwPreferencesGroup *examples_group, *recent_group;
  GtkWidget *open_example_button;
  GPtrArray *examples;    /* BsExample */
  GPtrArray *recent_rows; /* borrowed */
};

G_DEFINE_FINAL_TYPE (BsStartPage, bs_start_page, ADW_TYPE_BIN)

enum { SIGNAL_OPEN_EXAMPLE, SIGNAL_OPEN_PATH, N_SIGNALS };

static guint signals[N_SIGNALS];

static GtkWidget *
add_row (AdwPreferencesGroup *group, const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new (),
            *arrow = gtk_image_new_from_icon_name ("go-next-symbolic");
  g_autofree char *escaped = g_markup_escape_text (subtitle, -1);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), arrow);
  adw_preferences_group_add (group, row);
  return row;
}

static void
example_cb (AdwActionRow *row, BsStartPage *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN_EXAMPLE], 0,
                 g_object_get_data (G_OBJECT (row), "example"));
}

static void
open_example_cb (BsStartPage *self)
{
  if (self->examples->len > 0)
    g_signal_emit (self, signals[SIGNAL_OPEN_EXAMPLE], 0, self->examples->pdata[0]);
}

static void
recent_cb (AdwActionRow *row, BsStartPage *self)
{
  g_signal_emit (self, signals[SIGNAL_OPEN_PATH], 0, g_object_get_data (G_OBJECT (row), "path"));
}

static void
fill_examples (BsStartPage *self)
{
  g_autoptr (GError) error = NULL;

  self->examples = bs_examples (&error);
  if (self->examples == NULL) {
    self->examples = g_ptr_array_new ();
    adw_preferences_group_set_description (self->examples_group, error->message);
  }
  for (guint i = 0; i < self->examples->len; i++) {
    BsExample *example = self->examples->pdata[i];
    GtkWidget *row = add_row (self->examples_group, _ (example->title), _ (example->shows));
    g_object_set_data (G_OBJECT (row), "example", example);
    g_signal_connect (row, "activated", G_CALLBACK (example_cb), self);
  }
  gtk_widget_set_sensitive (self->open_example_button, self->examples->len > 0);
}

static gint
newest_first (gconstpointer a, gconstpointer b)
{
  return g_date_time_compare (gtk_recent_info_get_modified ((GtkRecentInfo *) b),
                              gtk_recent_info_get_modified ((GtkRecentInfo *) a));
}

static void
fill_recent (BsStartPage *self)
{
  GList *items =
    g_list_sort (gtk_recent_manager_get_items (gtk_recent_manager_get_default ()), newest_first);

  for (guint i = 0; i < self->recent_rows->len; i++)
    adw_preferences_group_remove (self->recent_group, self->recent_rows->pdata[i]);
  g_ptr_array_set_size (self->recent_rows, 0);
  for (GList *l = items; l != NULL && self->recent_rows->len < MAX_RECENT; l = l->next) {
    g_autoptr (GFile) file = g_file_new_for_uri (gtk_recent_info_get_uri (l->data));
    g_autofree char *path = g_file_get_path (file);
    if (path == NULL || !gtk_recent_info_has_group (l->data, GROUP) ||
        !g_file_test (path, G_FILE_TEST_IS_REGULAR))
      continue;
    g_autofree char *name = g_path_get_basename (path);
    g_autofree char *folder = g_path_get_dirname (path);
    GtkWidget *row = add_row (self->recent_group, name, folder);
    g_object_set_data_full (G_OBJECT (row), "path", g_steal_pointer (&path), g_free);
    g_signal_connect (row, "activated", G_CALLBACK (recent_cb), self);
    g_ptr_array_add (self->recent_rows, row);
  }
  g_list_free_full (items, (GDestroyNotify) gtk_recent_info_unref);
  gtk_widget_set_visible (GTK_WIDGET (self->recent_group), self->recent_rows->len > 0);
}

static void
finalize (GObject *object)
{
  g_clear_pointer (&BS_START_PAGE (object)->examples, g_ptr_array_unref);
  g_clear_pointer (&BS_START_PAGE (object)->recent_rows, g_ptr_array_unref);
  G_OBJECT_CLASS (bs_start_page_parent_class)->finalize (object);
}

static void
bs_start_page_class_init (BsStartPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/start_page.ui");
  gtk_widget_class_bind_template_child (widget_class, BsStartPage, examples_group);
  gtk_widget_class_bind_template_child (widget_class, BsStartPage, recent_group);
  gtk_widget_class_bind_template_child (widget_class, BsStartPage, open_example_button);
  gtk_widget_class_bind_template_callback (widget_class, open_example_cb);
  signals[SIGNAL_OPEN_EXAMPLE] = g_signal_new ("open-example", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                               NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_OPEN_PATH] = g_signal_new ("open-path", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                            NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bs_start_page_init (BsStartPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->recent_rows = g_ptr_array_new ();
  fill_examples (self);
  fill_recent (self);
  g_signal_connect_object (gtk_recent_manager_get_default (), "changed", G_CALLBACK (fill_recent),
                           self, G_CONNECT_SWAPPED);
}

void
bs_start_page_remember (BsStartPage *self, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *uri = g_file_get_uri (file);
  char *groups[] = { (char *) GROUP, NULL };
  const GtkRecentData data = {
    .mime_type = (char *) "application/octet-stream",
    .app_name = (char *) "Bitstair",
    .app_exec = (char *) "bitstair %f",
    .groups = groups,
  };

  gtk_recent_manager_add_full (gtk_recent_manager_get_default (), uri, &data);
}
