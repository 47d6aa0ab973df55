/* Commands: one row each. From a row come the parsing, --help, the man page and bash completion.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"

#include <glib/gi18n.h>

G_BEGIN_DECLS

/* What every command gets. */
typedef struct {
  char *db;       /* NULL: the default database */
  gint threads;   /* 0: one per core */
  double cache;   /* bytes for kept activations; below 0: the default */
  gboolean json;  /* exactly one document on standard output */
  gboolean quiet; /* no progress, no tables */
  gint cancelled; /* atomic; set by Ctrl-C */
} BsCli;

/* Exit status of the program. */
typedef enum {
  BS_EXIT_DONE = 0,
  BS_EXIT_FAILED = 1,
  BS_EXIT_USAGE = 2,
  BS_EXIT_INTERRUPTED = 130,
} BsExit;

typedef struct {
  const char *name;
  const char *arguments;       /* "MODEL --data FILE", for the usage line */
  const char *summary;         /* N_(): one line */
  const char *description;     /* N_(): below the options; may be NULL */
  const char *example;         /* a line one can paste */
  const GOptionEntry *options; /* ends with NULL; may be NULL */
  gboolean takes_data;         /* the options of data_options.h too */
  gboolean takes_specs;        /* --help lists encodings, range rules and corrections */
  guint min_args, max_args;    /* positional arguments */

  /* args: positional, NULL-terminated. On FALSE error is set: domain G_OPTION_ERROR means wrong
   * usage, BS_ERROR_CANCELLED interrupted, any other that the work failed. */
  gboolean (*run) (BsCli *cli, char **args, GError **error);
} BsCommand;

extern const BsCommand *const bs_commands[]; /* all rows, ending with NULL */
const BsCommand *bs_command_find (const char *name);

/* bs_cli_usage: sets a sentence about wrong usage and returns FALSE. */
gboolean bs_cli_usage (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* bs_cli_as_usage: what was wrong came from the command line itself: turns *error into wrong usage.
 * Returns FALSE. */
gboolean bs_cli_as_usage (GError **error);

/* The options that stand before the command and, as well, behind it. */
extern const GOptionEntry bs_cli_global_options[];

/* bs_command_description: what stands below the options in --help. (transfer full) */
char *bs_command_description (const BsCommand *command);

G_END_DECLS
