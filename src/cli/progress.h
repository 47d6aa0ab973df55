/* Progress of long work: one line on standard error, where that is a terminal.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"
#include "study/observer.h"

G_BEGIN_DECLS

typedef struct {
  BsObserver observer; /* hand this to the work; result may be set by the caller */
  BsCli *cli;
  gboolean shown; /* there is a line to wipe */
  gint64 started_us, last_us;
  GPtrArray *results; /* for a result callback; borrowed */
} BsProgress;

void bs_progress_start (BsProgress *progress, BsCli *cli);

/* bs_progress_stop: wipes the line. May be called more than once. */
void bs_progress_stop (BsProgress *progress);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BsProgress, bs_progress_stop)

G_END_DECLS
