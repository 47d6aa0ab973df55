/* Command: a configuration for another tool, written, read back and checked.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/data_options.h"
#include "cli/json.h"
#include "cli/open_study.h"
#include "cli/progress.h"
#include "cli/table.h"

#include "export/export.h"
#include "loaders/loader.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#define SYNTHETIC_DATA "synthetic:256"

static char *model_path, *target_id, *out;
static gboolean list;

static const GOptionEntry options[] = {
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model_path, N_ ("The model the configuration is for"),
    "MODEL" },
  { "to", 't', 0, G_OPTION_ARG_STRING, &target_id, N_ ("Target; --list lists them"), "TARGET" },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out, N_ ("Where to"), "PATH" },
  { "list", 0, 0, G_OPTION_ARG_NONE, &list, N_ ("List the targets"), NULL },
  { NULL },
};

static void
print_targets (const BsCli *cli)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (BsTable) table = bs_table_new (_ ("Target|Suffix|Title|For"));

  json_builder_begin_object (json);
  bs_json_begin_array (json, "targets");
  for (guint i = 0; bs_exports[i] != NULL; i++) {
    json_builder_begin_object (json);
    bs_json_text (json, "target", bs_exports[i]->id);
    bs_json_text (json, "title", _ (bs_exports[i]->title));
    bs_json_text (json, "description", _ (bs_exports[i]->description));
    bs_json_text (json, "suffix", bs_exports[i]->suffix);
    json_builder_end_object (json);
    bs_table_add (table, "%s", bs_exports[i]->id);
    bs_table_add (table, "%s", bs_exports[i]->suffix);
    bs_table_add (table, "%s", _ (bs_exports[i]->title));
    bs_table_add (table, "%s", _ (bs_exports[i]->description));
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  if (cli->json)
    bs_json_print (json);
  else
    bs_table_print (table);
}

static gboolean
check (char **args, const BsExport **target, GError **error)
{
  if (args[0] == NULL || model_path == NULL || target_id == NULL || out == NULL)
    return bs_cli_usage (
      error,
      _ ("Please say what to export: export RESULT|CONFIG --model MODEL --to TARGET -o PATH"));
  *target = bs_export_find (target_id);
  if (*target == NULL)
    return bs_cli_usage (error, _ ("There is no target “%s”; export --list lists them"), target_id);
  return TRUE;
}

/* The newest study of this model, best one that holds the key: its data has chosen the ranges that
 * results were measured with. NULL: there is none. (transfer full) */
static char *
data_of_model (BsStore *store, const char *key)
{
  g_autoptr (BsModel) model = bs_load_model (model_path, NULL);
  g_autoptr (GPtrArray) studies = model != NULL ? bs_store_studies (store, NULL) : NULL;
  const char *fallback = NULL;

  for (guint i = 0; studies != NULL && i < studies->len; i++) {
    const BsStudyInfo *info = studies->pdata[i];
    g_autofree char *name =
      key != NULL ? g_strdup_printf ("%" G_GINT64_FORMAT ":%s", info->id, key) : NULL;
    g_autoptr (BsResult) result = NULL;
    gint64 study;

    if (strcmp (info->model_digest, bs_model_digest (model)) != 0)
      continue;
    if (name == NULL || (result = bs_store_find (store, name, &study, NULL)) != NULL)
      return g_strdup (info->data_spec);
    if (fallback == NULL)
      fallback = info->data_spec;
  }
  return g_strdup (fallback);
}

/* A key of a stored result, or a configuration file; data is what the model was measured on, or
 * NULL. */
static BsConfig *
find_config (const BsCli *cli, const char *name, char **data, GPtrArray *warnings, GError **error)
{
  g_autoptr (BsStore) store = NULL;
  g_autoptr (BsResult) result = NULL;
  gint64 study;

  if (g_file_test (name, G_FILE_TEST_EXISTS)) {
    store = bs_store_open_read_only (cli->db, NULL); /* a configuration needs none */
    *data = store != NULL ? data_of_model (store, NULL) : NULL;
    return bs_config_load (name, error);
  }
  if (strchr (name, '.') != NULL || strchr (name, G_DIR_SEPARATOR) != NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, _ ("There is no configuration file “%s”"), name);
    return NULL;
  }
  store = bs_store_open_read_only (cli->db, error);
  if (store == NULL || (result = bs_store_find (store, name, &study, error)) == NULL)
    return NULL;
  *data = data_of_model (store, result->key);
  if (result->stopped_early)
    g_ptr_array_add (warnings,
                     g_strdup_printf (_ ("This result was stopped early: its accuracy is that of "
                                         "%llu samples"),
                                      (unsigned long long) result->n_samples));
  return bs_config_parse (result->config, error);
}

/* --data wins; then what the store knows; then inputs made up, which is said. */
static gboolean
find_data (BsDataText *data, const char *stored, GPtrArray *warnings, GError **error)
{
  if (bs_data_is_given ())
    return bs_data_from_options (data, error);
  if (stored != NULL)
    return bs_data_text_parse (stored, data, error);
  g_ptr_array_add (warnings, g_strdup (_ ("No data was given: activation ranges come from "
                                          "synthetic inputs and will not fit real ones")));
  return bs_data_text_parse (SYNTHETIC_DATA, data, error);
}

static void
json_strings (JsonBuilder *json, const char *member, GPtrArray *strings, GPtrArray *more)
{
  bs_json_begin_array (json, member);
  for (guint i = 0; strings != NULL && i < strings->len; i++)
    json_builder_add_string_value (json, strings->pdata[i]);
  for (guint i = 0; more != NULL && i < more->len; i++)
    json_builder_add_string_value (json, more->pdata[i]);
  json_builder_end_array (json);
}

static void
print_json (const BsExport *target, const BsExportReport *report, GPtrArray *warnings)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_text (json, "target", target->id);
  json_strings (json, "files", report->files, NULL);
  json_strings (json, "warnings", warnings, report->warnings);
  json_builder_set_member_name (json, "check");
  json_builder_begin_object (json);
  bs_json_flag (json, "done", report->checked);
  bs_json_number (json, "max_abs_difference", report->max_abs_difference);
  bs_json_number (json, "agreement", report->agreement);
  json_builder_end_object (json);
  json_builder_end_object (json);
  bs_json_print (json);
}

static void
print_text (const BsExportReport *report, GPtrArray *warnings)
{
  for (guint i = 0; i < report->files->len; i++)
    printf (_ ("Written: %s\n"), (const char *) report->files->pdata[i]);
  for (guint i = 0; i < warnings->len; i++)
    printf (_ ("Note: %s\n"), (const char *) warnings->pdata[i]);
  for (guint i = 0; i < report->warnings->len; i++)
    printf (_ ("Note: %s\n"), (const char *) report->warnings->pdata[i]);
  if (report->checked)
    printf (_ ("Read back and run: %.2f %% the same class, outputs differ by at most %.4g\n"),
            100 * report->agreement, report->max_abs_difference);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  const BsExport *target;
  g_autofree char *stored_data = NULL;
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BsConfig) config = NULL;
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsDataText) data = { 0 };
  g_auto (BsOpened) opened = { 0 };
  g_autoptr (BsExportReport) report = NULL;

  if (list) {
    print_targets (cli);
    return TRUE;
  }
  if (!check (args, &target, error) ||
      (config = find_config (cli, args[0], &stored_data, warnings, error)) == NULL ||
      !find_data (&data, stored_data, warnings, error))
    return FALSE;
  bs_progress_start (&progress, cli);
  if (!bs_open_study (&opened, cli, model_path, &data, &progress.observer, error))
    return FALSE;
  report = bs_export_run (target, opened.study, config, out, error);
  bs_progress_stop (&progress);
  if (report == NULL)
    return FALSE;
  if (cli->json)
    print_json (target, report, warnings);
  else if (!cli->quiet)
    print_text (report, warnings);
  return TRUE;
}

const BsCommand bs_command_export = {
  .name = "export",
  .arguments = "RESULT|CONFIG --model MODEL --to TARGET -o PATH",
  .summary = N_ ("Write a configuration for another tool"),
  .description =
    N_ ("RESULT is the first digits of a stored key, CONFIG a configuration file. Activation "
        "ranges come from --data, "
        "else from the data the model was measured on last. The file is read back and run."),
  .example = "bitstair-cli export 3fa91c04 --model net.onnx --to onnx-qdq -o net_int8.onnx",
  .options = options,
  .takes_data = TRUE,
  .max_args = 1,
  .run = run,
};
