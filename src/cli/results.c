/* Command: what is stored.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/result_output.h"
#include "cli/table.h"

#include <stdio.h>

static gboolean only_pareto;

static const GOptionEntry options[] = {
  { "pareto", 'p', 0, G_OPTION_ARG_NONE, &only_pareto, N_ ("Only the frontier"), NULL },
  { NULL },
};

static void
print_studies (GPtrArray *studies)
{
  g_autoptr (BsTable) table = bs_table_new (_ (">Study|Model|Data|>Samples|Metric|>Results|Made"));

  for (guint i = 0; i < studies->len; i++) {
    const BsStudyInfo *info = studies->pdata[i];
    g_autoptr (GDateTime) made = g_date_time_new_from_unix_local (info->created_at);
    g_autofree char *date = made != NULL ? g_date_time_format (made, "%F %R") : g_strdup ("");

    bs_table_add (table, "%" G_GINT64_FORMAT, info->id);
    bs_table_add (table, "%s", info->model_name);
    bs_table_add (table, "%s", info->data_name);
    bs_table_add (table, "%" G_GUINT64_FORMAT, info->n_samples);
    bs_table_add (table, "%s", info->metric);
    bs_table_add (table, "%u", info->n_results);
    bs_table_add (table, "%s", date);
  }
  bs_table_print (table);
}

static void
print_json (const BsStudyInfo *info,
            GPtrArray *studies,
            GPtrArray *results,
            const BsResult *baseline)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  double seconds = 0;

  for (guint i = 0; i < results->len; i++)
    seconds += ((const BsResult *) results->pdata[i])->seconds;
  json_builder_begin_object (json);
  bs_json_study (json, info);
  bs_json_integer (json, "configurations", results->len);
  bs_json_integer (json, "done", results->len);
  bs_json_number (json, "seconds", seconds);
  if (baseline != NULL) {
    json_builder_set_member_name (json, "float");
    json_builder_begin_object (json);
    bs_json_result (json, baseline, FALSE);
    json_builder_end_object (json);
  }
  bs_json_results (json, results, only_pareto);
  bs_json_begin_array (json, "studies");
  for (guint i = 0; i < studies->len; i++) {
    json_builder_begin_object (json);
    bs_json_study (json, studies->pdata[i]);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  bs_json_print (json);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  guint64 wanted = 0;
  g_autoptr (BsStore) store = NULL;
  g_autoptr (GPtrArray) studies = NULL, results = NULL;
  g_autoptr (BsStudyInfo) info = NULL;
  g_autoptr (BsResult) baseline = NULL;
  g_autoptr (GError) problem = NULL;

  if (args[0] != NULL && !g_ascii_string_to_unsigned (args[0], 10, 1, G_MAXINT64, &wanted, NULL))
    return bs_cli_usage (error, _ ("A study is a number, as “results” lists them, not “%s”"),
                         args[0]);
  store = bs_store_open_read_only (cli->db, error);
  if (store == NULL || (studies = bs_store_studies (store, error)) == NULL ||
      (info = bs_store_study_info (store, (gint64) wanted, error)) == NULL ||
      (results = bs_store_results (store, info->id, error)) == NULL)
    return FALSE;
  baseline = bs_store_float (store, info->id, &problem);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }

  if (cli->json)
    print_json (info, studies, results, baseline);
  else if (!cli->quiet) {
    if (wanted == 0) {
      print_studies (studies);
      puts ("");
    }
    printf (_ ("Study %lld: %s on %s, %llu samples\n\n"), (long long) info->id, info->model_name,
            info->data_name, (unsigned long long) info->n_samples);
    bs_print_results (results, baseline, only_pareto);
  }
  return TRUE;
}

const BsCommand bs_command_results = {
  .name = "results",
  .arguments = "[STUDY]",
  .summary = N_ ("Show what is stored"),
  .description = N_ ("Without STUDY: all studies, and the results of the newest."),
  .example = "bitstair-cli results 1 --pareto",
  .options = options,
  .max_args = 1,
  .run = run,
};
