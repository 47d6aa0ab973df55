/* The pool: a loop over independent slices on all cores.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One slice of work. worker is 0 … bs_parallel_threads () − 1 and is used by one slice at a time,
 * so that per-worker scratch needs no lock. */
typedef void (*BsParallelFunc) (gpointer data, guint index, guint worker);

/* bs_parallel_set_threads: how many threads loops use from now on; 0 means one per core.
 * Threads  call before the first loop, or while no loop runs. */
void bs_parallel_set_threads (guint n_threads);
guint bs_parallel_threads (void);

/* bs_parallel_for: calls func for index 0 … count − 1, on all workers, and returns when all are done.
 *
 *   cancelled  when not NULL and it becomes non-zero, no further slice is started
 *
 * Threads  any thread may call; concurrent loops take turns. A slice must not start a loop itself.
 * Numbers  slices are claimed in index order; results merged in index order do not depend on the
 *          number of threads. */
void bs_parallel_for (guint count, BsParallelFunc func, gpointer data, const gint *cancelled);

/* bs_parallel_try: the same with slices that can fail; after a failure no further slice is started.
 *
 * Errors  that of the first slice, by index, that failed; BS_ERROR_CANCELLED. */
typedef gboolean (*BsParallelTryFunc) (gpointer data, guint index, guint worker, GError **error);
gboolean bs_parallel_try (guint count,
                          BsParallelTryFunc func,
                          gpointer data,
                          const gint *cancelled,
                          GError **error);

G_END_DECLS
