/* Opening what a command works on: model, data and float run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/progress.h"
#include "store/store.h"
#include "study/study.h"
#include "workbench/data_text.h"

G_BEGIN_DECLS

/* A study and what it was opened with. */
typedef struct {
  BsStudy *study;
  char *data; /* data text for the store */
} BsOpened;

void bs_opened_clear (BsOpened *opened);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BsOpened, bs_opened_clear)

/* bs_open_study: model, data and float run. */
gboolean bs_open_study (BsOpened *opened,
                        const BsCli *cli,
                        const char *model_path,
                        const BsDataText *data,
                        const BsObserver *observer,
                        GError **error);

/* bs_open_measuring: all that a command works with that stores what it measures: the database first,
 * since a wrong path should not cost the float run, then data as the options say, model and float
 * run. progress is started. */
gboolean bs_open_measuring (BsOpened *opened,
                            BsStore **store,
                            BsProgress *progress,
                            BsCli *cli,
                            const char *model_path,
                            GError **error);

/* bs_interrupted: FALSE with the sentence for a command that was interrupted and has stored what it
 * measured; TRUE when it was not. */
gboolean bs_interrupted (const BsCli *cli, gboolean unfinished, GError **error);

G_END_DECLS
