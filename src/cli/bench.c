/* Command: how fast the kernels are here, as a share of what the arithmetic units can do.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/json.h"

#include <bench.h>
#include <bsk.h>
#include <stdio.h>

static char *filter;
static gboolean all_levels;
static double milliseconds = 20;

static const GOptionEntry options[] = {
  { "filter", 'f', 0, G_OPTION_ARG_STRING, &filter,
    N_ ("Only rows whose kernel or shape contains TEXT"), N_ ("TEXT") },
  { "all-levels", 'a', 0, G_OPTION_ARG_NONE, &all_levels,
    N_ ("Every instruction-set level of this CPU, not only the best"), NULL },
  { "time", 't', 0, G_OPTION_ARG_DOUBLE, &milliseconds,
    N_ ("Milliseconds per row and round (default 20)"), N_ ("MS") },
  { NULL },
};

enum { N_LEVEL_BITS = 8 }; /* of BskCpu */

typedef struct {
  BsCli *cli;
  JsonBuilder *json; /* NULL: a table */
  const char *shown; /* level whose heading is printed */
} Output;

/* A product's rate against the level's dot product loop; 0 where that is no measure. */
static double
share_of_peak (const BskBenchRow *row)
{
  return row->peak > 0 && g_str_equal (row->unit, "GOPS") ? row->rate / row->peak : 0;
}

static bool
report_cb (const BskBenchRow *row, void *user)
{
  Output *output = user;
  double share = share_of_peak (row);

  if (output->json != NULL) {
    json_builder_begin_object (output->json);
    bs_json_text (output->json, "kernel", row->group);
    bs_json_text (output->json, "shape", row->name);
    bs_json_text (output->json, "level", bsk_level_name ());
    bs_json_text (output->json, "unit", row->unit);
    bs_json_number (output->json, "gops", row->rate);
    bs_json_number (output->json, "share_of_peak", share);
    json_builder_end_object (output->json);
  } else if (!output->cli->quiet) {
    if (g_strcmp0 (output->shown, bsk_level_name ()) != 0) {
      output->shown = bsk_level_name ();
      if (row->peak > 0)
        printf (_ ("Level %s, dot products alone: %.0f GOPS\n"), output->shown, row->peak);
      else
        printf (_ ("Level %s\n"), output->shown);
    }
    printf ("  %-12s %-36s %10.2f %-10s", row->group, row->name, row->rate, row->unit);
    if (share > 0)
      printf (" %3.0f %%", 100 * share);
    printf ("\n");
    fflush (stdout);
  }
  return !g_atomic_int_get (&output->cli->cancelled);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_autoptr (JsonBuilder) json = cli->json ? json_builder_new () : NULL;
  Output output = { .cli = cli, .json = json };
  const char *level = NULL;
  gint rows = 0;

  if (!(milliseconds > 0 && milliseconds <= 10000))
    return bs_cli_usage (error, _ ("--time wants more than 0 and at most 10000 milliseconds"));
  if (json != NULL) {
    json_builder_begin_object (json);
    bs_json_begin_array (json, "rows");
  }
  /* Each bit allows one more level; where this CPU has none for it, the level stays the same. */
  for (guint bits = all_levels ? 0 : N_LEVEL_BITS; bits <= N_LEVEL_BITS && rows >= 0; bits++) {
    bsk_cpu_mask ((1u << bits) - 1);
    if (g_strcmp0 (level, bsk_level_name ()) == 0 || g_atomic_int_get (&cli->cancelled))
      continue;
    level = bsk_level_name ();
    rows = bsk_bench (filter, milliseconds, report_cb, &output);
  }
  bsk_cpu_mask (~0u);
  if (json != NULL) {
    json_builder_end_array (json);
    json_builder_end_object (json);
    bs_json_print (json);
  }
  if (rows < 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
                 _ ("There is not enough memory for the benchmark"));
    return FALSE;
  }
  if (g_atomic_int_get (&cli->cancelled)) {
    g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED, _ ("Interrupted"));
    return FALSE;
  }
  if (rows == 0)
    return bs_cli_usage (error, _ ("No kernel or shape contains “%s”"), filter);
  return TRUE;
}

const BsCommand bs_command_bench = {
  .name = "bench",
  .arguments = "",
  .summary = N_ ("Measure the kernels against the peak of this machine"),
  .description = N_ ("Every kernel and the loop of dot products it is compared with take turns, on "
                     "one thread and by "
                     "processor time. Streams are given in 10⁹ elements per second."),
  .example = "bitstair-cli bench --filter convolution",
  .options = options,
  .run = run,
};
