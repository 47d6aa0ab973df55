/* The table of commands, and what they share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/config_options.h"
#include "cli/data_options.h"

#include <stdarg.h>
#include <string.h>

extern const BsCommand bs_command_inspect, bs_command_run, bs_command_quantize, bs_command_evaluate,
  bs_command_sweep, bs_command_results, bs_command_compare, bs_command_plot, bs_command_export,
  bs_command_merge, bs_command_examples, bs_command_sensitivity, bs_command_search,
  bs_command_bench, bs_command_report, bs_command_lesson;

const BsCommand *const bs_commands[] = {
  &bs_command_inspect,
  &bs_command_run,
  &bs_command_quantize,
  &bs_command_evaluate,
  &bs_command_sweep,
  &bs_command_sensitivity,
  &bs_command_search,
  &bs_command_report,
  &bs_command_results,
  &bs_command_compare,
  &bs_command_plot,
  &bs_command_export,
  &bs_command_merge,
  &bs_command_examples,
  &bs_command_lesson,
  &bs_command_bench,
  NULL,
};

const BsCommand *
bs_command_find (const char *name)
{
  for (guint i = 0; bs_commands[i] != NULL; i++) {
    if (strcmp (bs_commands[i]->name, name) == 0)
      return bs_commands[i];
  }
  return NULL;
}

gboolean
bs_cli_usage (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

gboolean
bs_cli_as_usage (GError **error)
{
  if (error != NULL && *error != NULL) {
    (*error)->domain = G_OPTION_ERROR;
    (*error)->code = G_OPTION_ERROR_BAD_VALUE;
  }
  return FALSE;
}

char *
bs_command_description (const BsCommand *command)
{
  GString *text = g_string_new (NULL);

  if (command->description != NULL)
    g_string_append_printf (text, "%s\n\n", _ (command->description));
  if (command->takes_data)
    g_string_append_printf (text, "%s\n\n", _ (bs_data_description));
  if (command->takes_specs) {
    g_autofree char *specs = bs_specs_description ();

    g_string_append_printf (text, "%s\n", specs);
  }
  g_string_append_printf (text, _ ("Example:\n  %s"), command->example);
  return g_string_free (text, FALSE);
}
