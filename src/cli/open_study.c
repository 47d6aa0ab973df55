/* Opening what a command works on: model, data and float run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/open_study.h"

#include "cli/data_options.h"

#include "loaders/loader.h"

#include <stdio.h>

void
bs_opened_clear (BsOpened *opened)
{
  g_clear_pointer (&opened->study, bs_study_free);
  g_clear_pointer (&opened->data, g_free);
}

/* Labels that are there but cannot judge the output are not dropped without a word. */
static void
tell_unused_labels (const BsCli *cli, const BsStudy *study)
{
  const BsDataset *dataset = bs_study_dataset (study);
  const BsModel *model = bs_study_model (study);
  const BsTensor *output = &model->tensors[model->outputs[0]];
  g_autofree char *dims = output->n_dims != BS_DIMS_UNKNOWN
                            ? bs_dims_to_string (output->dims, output->n_dims)
                            : g_strdup ("?");

  if (cli->quiet || dataset->labels == NULL ||
      !g_str_equal (bs_study_float (study)->metric, "none"))
    return;
  fprintf (stderr,
           _ ("The labels of “%s”, %u for each sample, say nothing about output “%s” of %s: "
              "they are not used\n"),
           dataset->name, dataset->labels_per_sample, output->name, dims);
}

gboolean
bs_open_study (BsOpened *opened,
               const BsCli *cli,
               const char *model_path,
               const BsDataText *data,
               const BsObserver *observer,
               GError **error)
{
  g_autoptr (BsModel) model = bs_load_model (model_path, error);
  g_autoptr (BsDataset) dataset = NULL;

  *opened = (BsOpened){ 0 };
  if (model == NULL)
    return FALSE;
  dataset = bs_dataset_open (data->spec, model, &data->options, error);
  if (dataset == NULL)
    return FALSE;
  opened->study = bs_study_new (model, dataset, observer, error);
  if (opened->study == NULL)
    return FALSE;
  tell_unused_labels (cli, opened->study);
  if (cli->cache >= 0)
    bs_study_set_cache (opened->study, (gsize) MIN (cli->cache, (double) G_MAXSSIZE));
  opened->data = bs_data_text (data->spec, &data->options);
  return TRUE;
}

gboolean
bs_open_measuring (BsOpened *opened,
                   BsStore **store,
                   BsProgress *progress,
                   BsCli *cli,
                   const char *model_path,
                   GError **error)
{
  g_auto (BsDataText) data = { 0 };

  if (!bs_data_from_options (&data, error))
    return FALSE;
  *store = bs_store_open (cli->db, error);
  if (*store == NULL)
    return FALSE;
  bs_progress_start (progress, cli);
  return bs_open_study (opened, cli, model_path, &data, &progress->observer, error);
}

gboolean
bs_interrupted (const BsCli *cli, gboolean unfinished, GError **error)
{
  if (g_atomic_int_get (&cli->cancelled) == 0 || !unfinished)
    return TRUE;
  fflush (stdout);
  g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED,
               _ ("Interrupted: what was measured is stored; the same command goes on from there"));
  return FALSE;
}
