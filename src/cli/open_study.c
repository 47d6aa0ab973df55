/* Opening what a command works on: model, data and float run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/open_study.h"

#include "loaders/loader.h"

void
bs_opened_clear (BsOpened *opened)
{
  g_clear_pointer (&opened->study, bs_study_free);
  g_clear_pointer (&opened->data, g_free);
}

gboolean
bs_open_study (BsOpened *opened,
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
  opened->data = bs_data_text (data->spec, &data->options);
  return TRUE;
}
