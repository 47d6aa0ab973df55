/* The man page and the bash completion, from the table of commands.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/manual.h"

#include "cli/command.h"
#include "cli/config_options.h"
#include "cli/data_options.h"

#include <stdio.h>
#include <string.h>

/* Text for troff: backslashes and hyphens that are typed, no line that starts with a request. */
static void
print_escaped (const char *text)
{
  gboolean line_start = TRUE;

  for (; *text != '\0'; text++) {
    if (line_start && (*text == '.' || *text == '\''))
      fputs ("\\&", stdout);
    line_start = *text == '\n';
    if (*text == '\\')
      fputs ("\\e", stdout);
    else if (*text == '-')
      fputs ("\\-", stdout);
    else
      putchar (*text);
  }
}

static void
print_options (const GOptionEntry *options)
{
  for (const GOptionEntry *o = options; o != NULL && o->long_name != NULL; o++) {
    fputs (".TP\n", stdout);
    if (o->short_name != 0)
      printf ("\\fB\\-%c\\fR, ", o->short_name);
    fputs ("\\fB\\-\\-", stdout);
    print_escaped (o->long_name);
    fputs ("\\fR", stdout);
    if (o->arg_description != NULL) {
      fputs ("=\\fI", stdout);
      print_escaped (o->arg_description);
      fputs ("\\fR", stdout);
    }
    putchar ('\n');
    print_escaped (o->description);
    putchar ('\n');
  }
}

static void
print_command (const BsCommand *command)
{
  printf (".SS %s ", command->name);
  print_escaped (command->arguments);
  putchar ('\n');
  print_escaped (command->summary);
  fputs (".\n", stdout);
  if (command->description != NULL) {
    print_escaped (command->description);
    putchar ('\n');
  }
  print_options (command->options);
  if (command->takes_data)
    fputs (".PP\nAlso the options under DATA.\n", stdout);
  fputs (".PP\n.nf\n", stdout);
  print_escaped (command->example);
  fputs ("\n.fi\n", stdout);
}

static void
print_manual (void)
{
  g_autofree char *specs = bs_specs_description ();

  fputs (".\\\" Generated from the table of commands.\n"
         ".TH BITSTAIR\\-CLI 1 \"\" \"Bitstair " BITSTAIR_VERSION "\" \"User Commands\"\n"
         ".SH NAME\nbitstair\\-cli \\- see what quantization does to a neural network\n"
         ".SH SYNOPSIS\n.B bitstair\\-cli\n[\\fIOPTION\\fR\\&...] \\fICOMMAND\\fR "
         "[\\fIARGUMENT\\fR\\&...]\n"
         ".SH DESCRIPTION\n"
         "Opens a trained network and labelled data, runs it in float and on integer kernels with "
         "weights and activations\n"
         "of any width, and measures what that costs: accuracy, agreement with the float network, "
         "errors per layer, bytes.\n"
         "Results are kept in an SQLite file; a sweep that is stopped goes on where it was.\n"
         ".SH OPTIONS\nThey stand before or behind the command.\n",
         stdout);
  print_options (bs_cli_global_options);
  fputs (".SH COMMANDS\n", stdout);
  for (guint i = 0; bs_commands[i] != NULL; i++)
    print_command (bs_commands[i]);
  fputs (".SH DATA\n", stdout);
  print_escaped (bs_data_description);
  putchar ('\n');
  print_options (bs_data_option_entries);
  fputs (".SH SPECS\n.nf\n", stdout);
  print_escaped (specs);
  fputs (".fi\n"
         ".SH EXIT STATUS\n"
         ".TP\n0\nDone.\n"
         ".TP\n1\nThe work failed; one sentence on standard error names the file, node or tensor.\n"
         ".TP\n2\nWrong usage.\n"
         ".TP\n130\nInterrupted; everything finished so far is stored.\n"
         ".SH FILES\n.TP\n$XDG_DATA_HOME/bitstair/results.db\nThe database, where \\-\\-db does "
         "not name another.\n"
         ".SH SEE ALSO\n.BR bitstair (1)\n",
         stdout);
}

static void
print_words (const GOptionEntry *options)
{
  for (const GOptionEntry *o = options; o != NULL && o->long_name != NULL; o++)
    printf (" --%s", o->long_name);
}

static void
print_completion (void)
{
  fputs ("# bash completion for bitstair-cli, generated from the table of commands\n"
         "_bitstair_cli ()\n{\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} command= word i words=\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    case $word in\n",
         stdout);
  for (guint i = 0; bs_commands[i] != NULL; i++)
    printf ("    %s%s", i > 0 ? "| " : "", bs_commands[i]->name);
  fputs (") command=$word; break ;;\n    esac\n  done\n"
         "  case $command in\n",
         stdout);
  for (guint i = 0; bs_commands[i] != NULL; i++) {
    printf ("  %s) words=\"--help", bs_commands[i]->name);
    print_words (bs_commands[i]->options);
    if (bs_commands[i]->takes_data)
      print_words (bs_data_option_entries);
    print_words (bs_cli_global_options);
    fputs ("\" ;;\n", stdout);
  }
  fputs ("  *) words=\"--help --version", stdout);
  print_words (bs_cli_global_options);
  for (guint i = 0; bs_commands[i] != NULL; i++)
    printf (" %s", bs_commands[i]->name);
  fputs ("\" ;;\n  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  if [[ $cur != -* && -n $command ]]; then\n"
         "    COMPREPLY=()\n" /* bash falls back to files */
         "  fi\n"
         "}\n"
         "complete -o default -F _bitstair_cli bitstair-cli\n",
         stdout);
}

gboolean
bs_manual_print (const char *argument)
{
  if (strcmp (argument, "--print-manual") == 0)
    print_manual ();
  else if (strcmp (argument, "--print-completion") == 0)
    print_completion ();
  else
    return FALSE;
  return TRUE;
}
