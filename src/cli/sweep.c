/* Command: measure a grid of configurations, stored as it goes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/open_study.h"
#include "cli/result_output.h"
#include "cli/time_box.h"

#include "workbench/workbench.h"

#include <stdio.h>
#include <string.h>

static char *weights, *acts, *scopes, *ranges, *corrections, *time_box, *shard;
static gboolean race, latency;

static const GOptionEntry options[] = {
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights,
    N_ ("Specs, comma-separated; int2..int8 is a range"), "LIST" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts, N_ ("Specs for activations; default float"),
    "LIST" },
  { "scope", 's', 0, G_OPTION_ARG_STRING, &scopes,
    N_ ("Scopes for the weights: model,tensor,channel,group=N"), "LIST" },
  { "range", 'r', 0, G_OPTION_ARG_STRING, &ranges,
    N_ ("Range rules for the weights: minmax,mse,percentile=99.9"), "LIST" },
  { "corrections", 0, 0, G_OPTION_ARG_STRING, &corrections,
    N_ ("Sets of corrections joined with +: none,equalize+bias"), "LIST" },
  { "time", 't', 0, G_OPTION_ARG_STRING, &time_box, N_ ("Stop after this time, e.g. 30s, 5m, 1h"),
    "TIME" },
  { "race", 0, 0, G_OPTION_ARG_NONE, &race,
    N_ ("Give configurations up early that stay below smaller ones"), NULL },
  { "latency", 0, 0, G_OPTION_ARG_NONE, &latency,
    N_ ("Measure the time a sample takes on one thread of this machine too"), NULL },
  { "shard", 0, 0, G_OPTION_ARG_STRING, &shard,
    N_ ("Only part I of N, to share the work; join with merge"), "I/N" },
  { NULL },
};

static gboolean
parse_shard (BsSweepOptions *sweep, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (shard, "/", -1);
  guint64 index, count;

  if (g_strv_length (parts) != 2 ||
      !g_ascii_string_to_unsigned (parts[1], 10, 1, 100000, &count, NULL) ||
      !g_ascii_string_to_unsigned (parts[0], 10, 1, count, &index, NULL))
    return bs_cli_usage (error, _ ("--shard takes a part and a count like 2/8, not “%s”"), shard);
  sweep->shard = (guint) index;
  sweep->n_shards = (guint) count;
  return TRUE;
}

/* A plan that makes no sense is wrong usage, found before any work is done. */
static gboolean
check_plan (const BsPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) configs = NULL;

  if (weights == NULL)
    return bs_cli_usage (error, _ ("Please say what weights become: --weights int2..int8"));
  configs = bs_plan_configs (plan, error);
  return configs != NULL ? TRUE : bs_cli_as_usage (error);
}

static void
result_cb (gpointer user, BsResult *result)
{
  BsProgress *progress = user;

  g_ptr_array_add (progress->results, bs_result_ref (result));
}

static void
print_json (const BsSweepSummary *summary,
            const BsStudyInfo *info,
            GPtrArray *results,
            const BsResult *baseline,
            double seconds)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_study (json, info);
  bs_json_integer (json, "configurations", summary->n_configs);
  bs_json_integer (json, "done", summary->n_done);
  bs_json_integer (json, "measured", summary->n_measured);
  bs_json_integer (json, "stopped_early", summary->n_stopped);
  bs_json_flag (json, "interrupted", summary->interrupted);
  bs_json_number (json, "seconds", seconds);
  json_builder_set_member_name (json, "float");
  json_builder_begin_object (json);
  bs_json_result (json, baseline, FALSE);
  json_builder_end_object (json);
  bs_json_results (json, results, FALSE);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_table (const BsSweepSummary *summary,
             const BsStudyInfo *info,
             GPtrArray *results,
             const BsResult *baseline,
             double seconds)
{
  printf (_ ("Study %lld: %s on %s, %llu samples\n\n"), (long long) info->id, info->model_name,
          info->data_name, (unsigned long long) info->n_samples);
  bs_print_results (results, baseline, FALSE);
  printf (_ ("%u of %u configurations, %u of them measured now, in %.1f s\n"), summary->n_done,
          summary->n_configs, summary->n_measured, seconds);
  if (summary->n_stopped > 0)
    printf (_ ("%u stopped early: on the samples shown they stay below a smaller one; without "
               "--race they are measured to the end\n"),
            summary->n_stopped);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  BsPlan plan = { weights, acts != NULL ? acts : (char *) "float", scopes, ranges, corrections };
  BsSweepOptions sweep = { 0 };
  BsSweepSummary summary = { 0 };
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsOpened) opened = { 0 };
  g_autoptr (BsStore) store = NULL;
  g_autoptr (BsStudyInfo) info = NULL;
  gint64 start = g_get_monotonic_time ();
  double seconds;

  sweep.race = race;
  sweep.latency = latency;
  if (!check_plan (&plan, error) ||
      (time_box != NULL && !bs_time_from_option (time_box, &sweep.seconds, error)) ||
      (shard != NULL && !parse_shard (&sweep, error)) ||
      !bs_open_measuring (&opened, &store, &progress, cli, args[0], error))
    return FALSE;
  progress.results = results;
  progress.observer.result = result_cb;
  if (!bs_workbench_sweep (opened.study, store, args[0], opened.data, &plan, &sweep,
                           &progress.observer, &summary, error))
    return FALSE;
  bs_progress_stop (&progress);
  info = bs_store_study_info (store, summary.study, error);
  if (info == NULL)
    return FALSE;

  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  if (cli->json)
    print_json (&summary, info, results, bs_study_float (opened.study), seconds);
  else if (!cli->quiet)
    print_table (&summary, info, results, bs_study_float (opened.study), seconds);
  return bs_interrupted (cli, summary.n_done < summary.n_configs, error);
}

const BsCommand bs_command_sweep = {
  .name = "sweep",
  .arguments = "MODEL --data FILE --weights LIST",
  .summary = N_ ("Measure a grid of configurations"),
  .description = N_ (/* xgettext:no-c-format */
                     "Each result is stored when it is measured. The same command goes on where it "
                     "was stopped and measures "
                     "nothing twice. --scope and --range apply to weights. With --race the "
                     "smallest come first, and a configuration stops after 256, 512, 1024, … "
                     "samples when its 99.9 % interval lies below what a smaller one of the list "
                     "reaches; the frontier is that of the whole grid."),
  .example = "bitstair-cli sweep net.onnx --data test.npz --weights int2..int8 --acts uint8 "
             "--scope model,tensor,channel",
  .options = options,
  .takes_data = TRUE,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
