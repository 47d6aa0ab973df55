/* The application: command line, windows, and actions that need no window.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/application.h"

#include "app/main_window.h"
#include "workbench/data_text.h"

#include <glib/gi18n.h>

struct _BsApplication {
  AdwApplication parent_instance;
};

G_DEFINE_FINAL_TYPE (BsApplication, bs_application, ADW_TYPE_APPLICATION)

static void
quit_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  GtkApplication *application = user;
  GList *windows = g_list_copy (gtk_application_get_windows (application));

  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
  g_list_free (windows);
}

static void
about_cb (GSimpleAction *action, GVariant *parameter, gpointer user)
{
  adw_show_about_window (gtk_application_get_active_window (user), "application-name", "Bitstair",
                         "application-icon", BS_APP_ID, "version", BS_VERSION, "comments",
                         _ ("See what quantization does to a neural network."), "license-type",
                         GTK_LICENSE_GPL_3_0, "developer-name", _ ("The Bitstair developers"),
                         NULL);
}

static char *
path_argument (GApplicationCommandLine *line, const char *argument)
{
  g_autoptr (GFile) file = g_application_command_line_create_file_for_arg (line, argument);

  return g_file_get_path (file);
}

static char *
path_option (GApplicationCommandLine *line, const char *name)
{
  const char *value = NULL;

  if (!g_variant_dict_lookup (g_application_command_line_get_options_dict (line), name, "^&ay",
                              &value))
    return NULL;
  return path_argument (line, value);
}

static int
command_line (GApplication *application, GApplicationCommandLine *line)
{
  GVariantDict *options = g_application_command_line_get_options_dict (line);
  g_autoptr (GVariant) rest =
    g_variant_dict_lookup_value (options, G_OPTION_REMAINING, G_VARIANT_TYPE_BYTESTRING_ARRAY);
  g_autofree const char **arguments =
    rest != NULL ? g_variant_get_bytestring_array (rest, NULL) : NULL;
  g_autofree char *db = path_option (line, "db");
  g_autofree char *model =
    arguments != NULL && arguments[0] != NULL ? path_argument (line, arguments[0]) : NULL;
  g_autofree char *data = NULL;
  const char *data_option = NULL, *page = NULL;
  gint64 study = 0;
  gint lesson = 0;

  if (arguments != NULL && arguments[0] != NULL && arguments[1] != NULL) {
    g_application_command_line_printerr (
      line, _ ("Give one model at a time; “%s” is one too many.\n"), arguments[1]);
    return 2;
  }
  if (g_variant_dict_lookup (options, "data", "&s", &data_option)) {
    g_autofree char *path = g_str_has_prefix (data_option, "synthetic:")
                              ? g_strdup (data_option)
                              : path_argument (line, data_option);
    BsDatasetOptions data_options = { 0 };
    const char *scale = NULL;
    if (g_variant_dict_lookup (options, "scale", "&s", &scale) &&
        !bs_data_number (scale, &data_options.scale)) {
      g_application_command_line_printerr (line,
                                           _ ("--scale takes a number such as 0.5 or 1/16.\n"));
      return 2;
    }
    data = bs_data_text (path, &data_options);
  }
  g_variant_dict_lookup (options, "page", "&s", &page);
  g_variant_dict_lookup (options, "study", "x", &study);
  g_variant_dict_lookup (options, "lesson", "i", &lesson);

  BsMainWindow *window = bs_main_window_new (GTK_APPLICATION (application), db);
  if (page != NULL && !bs_main_window_show_page (window, page)) {
    g_application_command_line_printerr (line, _ ("There is no page “%s”.\n"), page);
    gtk_window_destroy (GTK_WINDOW (window));
    return 2;
  }
  if (lesson != 0 && (lesson < 0 || !bs_main_window_show_lesson (window, (guint) lesson))) {
    g_application_command_line_printerr (line, _ ("There is no lesson %d.\n"), lesson);
    gtk_window_destroy (GTK_WINDOW (window));
    return 2;
  }
  gtk_window_present (GTK_WINDOW (window));
  if (study != 0)
    bs_main_window_open_study (window, study, model, data);
  else if (model != NULL)
    bs_main_window_open (window, model, data);
  return 0;
}

static void
startup (GApplication *application)
{
  static const GActionEntry actions[] = { { "quit", quit_cb }, { "about", about_cb } };
  static const struct {
    const char *action, *keys[3];
  } keys[] = {
    { "app.quit", { "<Control>q" } },
    { "window.close", { "<Control>w" } },
    { "win.open", { "<Control>o" } },
    { "win.run", { "F5", "<Control>Return" } },
    { "win.stop", { "Escape" } },
    { "win.undo", { "<Control>z" } },
    { "win.redo", { "<Control><Shift>z" } },
    { "win.export", { "<Control>e" } },
    { "win.save-plot", { "<Control>s" } },
    { "win.toggle-layers", { "F9" } },
  };

  G_APPLICATION_CLASS (bs_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions),
                                   application);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (application), keys[i].action,
                                           (const char **) keys[i].keys);
}

static void
bs_application_class_init (BsApplicationClass *klass)
{
  GApplicationClass *class = G_APPLICATION_CLASS (klass);

  class->command_line = command_line;
  class->startup = startup;
}

static void
bs_application_init (BsApplication *self)
{
  static const GOptionEntry options[] = {
    { "data", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("Data to judge by: a file, or synthetic:N"),
      N_ ("FILE") },
    { "scale", 0, 0, G_OPTION_ARG_STRING, NULL, N_ ("Multiply the data's values by this: 1/16"),
      N_ ("NUMBER") },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, NULL, N_ ("Result database"), N_ ("FILE") },
    { "study", 0, 0, G_OPTION_ARG_INT64, NULL, N_ ("Show the results of a stored study"),
      N_ ("ID") },
    { "page", 0, 0, G_OPTION_ARG_STRING, NULL,
      N_ ("Page to show: overview, sweep, trade-off, layers, …"), N_ ("PAGE") },
    { "lesson", 0, 0, G_OPTION_ARG_INT, NULL, N_ ("Show the lesson of this number"), N_ ("N") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, NULL, NULL, N_ ("[MODEL]") },
    { NULL },
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
}

BsApplication *
bs_application_new (void)
{
  return g_object_new (BS_TYPE_APPLICATION, "application-id", BS_APP_ID, "flags",
                       G_APPLICATION_HANDLES_COMMAND_LINE | G_APPLICATION_NON_UNIQUE, NULL);
}
