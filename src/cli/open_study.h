/* Opening what a command works on: model, data and float run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

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
                        const char *model_path,
                        const BsDataText *data,
                        const BsObserver *observer,
                        GError **error);

G_END_DECLS
