/* The command line: global options, the command, exit status.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/amount.h"
#include "cli/command.h"
#include "cli/data_options.h"
#include "cli/manual.h"

#include "base/parallel.h"
#include "ops/blas.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static BsCli cli = { .cache = -1 };
static char *cache;
static gboolean show_version;

const GOptionEntry bs_cli_global_options[] = {
  { "db", 0, 0, G_OPTION_ARG_FILENAME, &cli.db,
    N_ ("Result database; default $XDG_DATA_HOME/bitstair/results.db"), "FILE" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &cli.threads,
    N_ ("Threads; default all cores; numbers do not depend on it"), "N" },
  { "cache", 0, 0, G_OPTION_ARG_STRING, &cache,
    N_ ("Memory for activations that later configurations start from, e.g. 2G or 0; default a "
        "quarter of RAM; numbers do not depend on it"),
    "SIZE" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &cli.json, N_ ("Print one JSON document on standard output"),
    NULL },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &cli.quiet, N_ ("No progress, no tables"), NULL },
  { NULL },
};

static const GOptionEntry version_option[] = {
  { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, N_ ("Print the version"), NULL },
  { NULL },
};

static void
interrupt_cb (int signal_number)
{
  g_atomic_int_set (&cli.cancelled, 1);
}

/* The first signal asks the work to stop, the second ends the program at once. */
static void
catch_interrupts (void)
{
  struct sigaction action = { .sa_handler = interrupt_cb,
                              .sa_flags = (int) SA_RESETHAND | SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}

static char *
list_commands (void)
{
  GString *text = g_string_new (_ ("Commands:\n"));

  for (guint i = 0; bs_commands[i] != NULL; i++)
    g_string_append_printf (text, "  %-12s %s\n", bs_commands[i]->name,
                            _ (bs_commands[i]->summary));
  g_string_append (text, _ ("\nbitstair-cli COMMAND --help explains a command, with an example."));
  return g_string_free (text, FALSE);
}

static GOptionContext *
make_context (const BsCommand *command)
{
  GOptionContext *context;

  if (command == NULL) {
    g_autofree char *commands = list_commands ();

    context = g_option_context_new (_ ("COMMAND …"));
    g_option_context_set_strict_posix (context,
                                       TRUE); /* options behind the command are the command's */
    g_option_context_set_summary (context, _ ("See what quantization does to a neural network."));
    g_option_context_set_description (context, commands);
    g_option_context_add_main_entries (context, version_option, NULL);
  } else {
    g_autofree char *usage = g_strdup_printf ("%s — %s", command->arguments, _ (command->summary));
    g_autofree char *description = bs_command_description (command);

    context = g_option_context_new (usage);
    g_option_context_set_description (context, description);
    if (command->options != NULL)
      g_option_context_add_main_entries (context, command->options, NULL);
    if (command->takes_data)
      g_option_context_add_main_entries (context, bs_data_option_entries, NULL);
  }
  g_option_context_add_main_entries (context, bs_cli_global_options, NULL);
  return context;
}

static BsExit
fail (const BsCommand *command, const GError *error)
{
  BsExit status = BS_EXIT_FAILED;

  if (error->domain == G_OPTION_ERROR)
    status = BS_EXIT_USAGE;
  else if (g_error_matches (error, BS_ERROR, BS_ERROR_CANCELLED))
    status = BS_EXIT_INTERRUPTED;
  fprintf (stderr, "bitstair-cli: %s\n", error->message);
  if (status == BS_EXIT_USAGE)
    fprintf (stderr, _ ("“bitstair-cli%s%s --help” explains.\n"), command != NULL ? " " : "",
             command != NULL ? command->name : "");
  return status;
}

static gboolean
check_arguments (const BsCommand *command, guint n, GError **error)
{
  if (cli.threads < 0 || cli.threads > 1024)
    return bs_cli_usage (error, _ ("--threads takes a number from 1 to 1024"));
  if (cache != NULL && !bs_amount_parse (cache, FALSE, &cli.cache))
    return bs_cli_usage (error, _ ("--cache takes a size like 2G, 500M or 0, not “%s”"), cache);
  if (n < command->min_args)
    return bs_cli_usage (error, _ ("Something is missing: %s %s"), command->name,
                         command->arguments);
  if (n > command->max_args)
    return bs_cli_usage (error, _ ("There are more arguments than %s takes: %s"), command->name,
                         command->arguments);
  return TRUE;
}

/* argv[0] is the command's name here. */
static BsExit
run_command (const BsCommand *command, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = make_context (command);
  g_autofree char *program = g_strdup_printf ("bitstair-cli %s", command->name);

  g_set_prgname (program);
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      !check_arguments (command, (guint) argc - 1, &error))
    return fail (command, error);
  bs_blas_init ();
  bs_parallel_set_threads ((guint) cli.threads);
  catch_interrupts ();
  if (!command->run (&cli, argv + 1, &error))
    return fail (command, error);
  if (fflush (stdout) != 0 || ferror (stdout)) {
    fputs (_ ("bitstair-cli: Standard output cannot be written\n"), stderr);
    return BS_EXIT_FAILED;
  }
  return BS_EXIT_DONE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = NULL;
  const BsCommand *command;

  setlocale (LC_ALL, "");
  const char *locale_dir = g_getenv ("BITSTAIR_LOCALE_DIR"); /* tests run before it is installed */
  bindtextdomain (GETTEXT_PACKAGE, locale_dir != NULL ? locale_dir : BITSTAIR_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  setlocale (LC_NUMERIC, "C"); /* numbers are the same in every language: scripts read them */
  if (argc == 2 && bs_manual_print (argv[1])) /* what the build calls */
    return BS_EXIT_DONE;
  context = make_context (NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return (int) fail (NULL, error);
  if (show_version) {
    puts ("bitstair-cli " BITSTAIR_VERSION);
    return BS_EXIT_DONE;
  }
  if (argc < 2) {
    bs_cli_usage (&error, _ ("No command was given"));
    return (int) fail (NULL, error);
  }
  command = bs_command_find (argv[1]);
  if (command == NULL) {
    bs_cli_usage (&error, _ ("There is no command “%s”"), argv[1]);
    return (int) fail (NULL, error);
  }
  return (int) run_command (command, argc - 1, argv + 1);
}
