/* Command: measure one configuration.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/config_options.h"
#include "cli/data_options.h"
#include "cli/open_study.h"
#include "cli/progress.h"
#include "cli/result_output.h"

#include "datasets/npy.h"
#include "workbench/workbench.h"

#include <stdio.h>

static char *weights, *acts, *config_path, *predictions;
static gboolean latency;

static const GOptionEntry options[] = {
  { "weights", 'w', 0, G_OPTION_ARG_STRING, &weights, N_ ("What weights become; default float"),
    "SPEC" },
  { "acts", 'a', 0, G_OPTION_ARG_STRING, &acts, N_ ("What activations become; default float"),
    "SPEC" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, N_ ("A configuration file instead"),
    "FILE" },
  { "predictions", 0, 0, G_OPTION_ARG_FILENAME, &predictions,
    N_ ("Write the class of each sample (int32)"), "P.npy" },
  { "latency", 0, 0, G_OPTION_ARG_NONE, &latency,
    N_ ("Measure the time a sample takes on one thread of this machine too"), NULL },
  { NULL },
};

static gboolean
save_predictions (const BsResult *result, const BsDataset *dataset, GError **error)
{
  gint64 dims[2] = { dataset->n, 1 };

  if (result->predictions == NULL || dataset->n == 0) {
    g_set_error (
      error, BS_ERROR, BS_ERROR_NO_DATA,
      _ ("“%s” is not written: the model's output does not have one class for each sample"),
      predictions);
    return FALSE;
  }
  dims[1] = result->n_predictions / dataset->n;
  return bs_npy_save (predictions, BS_DTYPE_I32, dims, dims[1] > 1 ? 2 : 1, result->predictions,
                      error);
}

/* A single measurement is worth keeping, but not worth failing for where nobody named a database.
 */
static gboolean
remember (BsCli *cli,
          const BsOpened *opened,
          const char *model_path,
          const BsResult *result,
          gint64 *study,
          GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (BsStore) store = bs_store_open (cli->db, &problem);

  *study = -1;
  if (store != NULL)
    *study = bs_workbench_study (opened->study, store, model_path, opened->data, "", &problem);
  if (*study >= 0 && bs_store_add (store, *study, result, FALSE, &problem))
    return TRUE;
  if (cli->db != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  fprintf (stderr, _ ("The result is not stored: %s\n"), problem->message);
  return TRUE;
}

static void
print_table (const BsResult *result)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();

  g_ptr_array_add (one, (gpointer) result);
  bs_print_results (one, NULL, FALSE);
  puts ("");
  bs_print_layers (result);
}

static void
print_json (const BsResult *result, gint64 study)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  if (study >= 0)
    bs_json_integer (json, "study", study);
  bs_json_result (json, result, TRUE);
  json_builder_end_object (json);
  bs_json_print (json);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  g_auto (BsProgress) progress = { 0 };
  g_auto (BsDataText) data = { 0 };
  g_auto (BsOpened) opened = { 0 };
  g_autoptr (BsConfig) config = bs_config_from_options (weights, acts, config_path, error);
  g_autoptr (BsResult) result = NULL;
  gint64 study;

  if (config == NULL || !bs_data_from_options (&data, error))
    return FALSE;
  bs_progress_start (&progress, cli);
  if (!bs_open_study (&opened, cli, args[0], &data, &progress.observer, error))
    return FALSE;
  result = bs_workbench_measure (opened.study, config,
                                 BS_MEASURE_LAYERS | (latency ? BS_MEASURE_LATENCY : 0),
                                 &cli->cancelled, error);
  bs_progress_stop (&progress);
  if (result == NULL)
    return FALSE;
  if (predictions != NULL && !save_predictions (result, bs_study_dataset (opened.study), error))
    return FALSE;
  if (!remember (cli, &opened, args[0], result, &study, error))
    return FALSE;
  if (cli->json)
    print_json (result, study);
  else if (!cli->quiet)
    print_table (result);
  return TRUE;
}

const BsCommand bs_command_evaluate = {
  .name = "evaluate",
  .arguments = "MODEL --data FILE",
  .summary = N_ ("Measure accuracy and errors of one configuration"),
  .description = N_ ("Without specs the float network is measured. The result is stored."),
  .example = "bitstair-cli evaluate net.onnx --data test.npz --weights int4:channel --acts uint8",
  .options = options,
  .takes_data = TRUE,
  .takes_specs = TRUE,
  .min_args = 1,
  .max_args = 1,
  .run = run,
};
