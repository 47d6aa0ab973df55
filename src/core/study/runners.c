/* The runners of loops over samples, one per worker, kept from loop to loop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"
#include "study/study_private.h"

static void
free_runner (gpointer runner)
{
  if (runner != NULL)
    bs_runner_free (runner);
}

void
bs_study_begin_runs (BsStudy *study, const BsPrepared *plan)
{
  if (study->runners == NULL)
    study->runners = g_ptr_array_new_with_free_func (free_runner);
  if (study->runners->len < bs_parallel_threads ())
    g_ptr_array_set_size (study->runners, (gint) bs_parallel_threads ());
  study->running = plan;
}

BsRunner *
bs_study_runner (BsStudy *study, guint worker)
{
  BsRunner *runner = study->runners->pdata[worker];

  if (runner == NULL)
    return study->runners->pdata[worker] = bs_runner_new (study->running);
  if (bs_runner_plan (runner) != study->running)
    bs_runner_set_plan (runner, study->running);
  return runner;
}

void
bs_study_end_runs (BsStudy *study)
{
  for (guint i = 0; i < study->runners->len; i++)
    if (study->runners->pdata[i] != NULL)
      bs_runner_set_plan (study->runners->pdata[i], NULL);
  study->running = NULL;
}
