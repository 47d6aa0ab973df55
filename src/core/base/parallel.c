/* The pool: a loop over independent slices on all cores.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"

#include "base/error.h"

typedef struct {
  BsParallelFunc func;
  gpointer data;
  const gint *cancelled;
  guint count;
  guint n_workers;
  gint next;
} Loop;

/* loop_lock makes concurrent loops take turns; pool_lock guards everything below it. */
static GMutex loop_lock;
static GMutex pool_lock;
static GCond work_cond;
static GCond done_cond;
static Loop *current;
static guint generation;
static guint n_busy;
static guint n_started; /* pool threads alive; worker 0 is the calling thread */
static gint n_wanted;   /* atomic; 0: one per core */

void
bs_parallel_set_threads (guint n_threads)
{
  g_atomic_int_set (&n_wanted, (gint) MIN (n_threads, 1024));
}

guint
bs_parallel_threads (void)
{
  guint n = (guint) g_atomic_int_get (&n_wanted);

  return n != 0 ? n : g_get_num_processors ();
}

static void
run_slices (Loop *loop, guint worker)
{
  for (;;) {
    if (loop->cancelled != NULL && g_atomic_int_get (loop->cancelled) != 0)
      return;
    guint index = (guint) g_atomic_int_add (&loop->next, 1);
    if (index >= loop->count)
      return;
    loop->func (loop->data, index, worker);
  }
}

static gpointer
worker_thread (gpointer data)
{
  guint worker = GPOINTER_TO_UINT (data);
  guint seen = 0;

  g_mutex_lock (&pool_lock);
  for (;;) {
    while (current == NULL || generation == seen)
      g_cond_wait (&work_cond, &pool_lock);
    seen = generation;
    if (worker >= current->n_workers)
      continue;
    Loop *loop = current;
    n_busy++;
    g_mutex_unlock (&pool_lock);
    run_slices (loop, worker);
    g_mutex_lock (&pool_lock);
    if (--n_busy == 0)
      g_cond_signal (&done_cond);
  }
  return NULL;
}

void
bs_parallel_for (guint count, BsParallelFunc func, gpointer data, const gint *cancelled)
{
  Loop loop = { func, data, cancelled, count, MIN (bs_parallel_threads (), count), 0 };

  if (count == 0)
    return;
  g_mutex_lock (&loop_lock);
  if (loop.n_workers > 1) {
    g_mutex_lock (&pool_lock);
    for (; n_started + 1 < loop.n_workers; n_started++)
      g_thread_unref (g_thread_new ("bs-pool", worker_thread, GUINT_TO_POINTER (n_started + 1)));
    current = &loop;
    generation++;
    g_cond_broadcast (&work_cond);
    g_mutex_unlock (&pool_lock);
  }
  run_slices (&loop, 0);
  if (loop.n_workers > 1) {
    g_mutex_lock (&pool_lock);
    current = NULL; /* late wakers find nothing; those at work finish their slice */
    while (n_busy > 0)
      g_cond_wait (&done_cond, &pool_lock);
    g_mutex_unlock (&pool_lock);
  }
  g_mutex_unlock (&loop_lock);
}

typedef struct {
  BsParallelTryFunc func;
  gpointer data;
  const gint *cancelled;
  GError **errors; /* [count] */
  gint stop;       /* atomic: a slice failed, or the loop was cancelled */
} Trial;

static void
try_slice (gpointer data, guint index, guint worker)
{
  Trial *trial = data;

  if ((trial->cancelled != NULL && g_atomic_int_get (trial->cancelled) != 0) ||
      !trial->func (trial->data, index, worker, &trial->errors[index]))
    g_atomic_int_set (&trial->stop, 1);
}

gboolean
bs_parallel_try (guint count,
                 BsParallelTryFunc func,
                 gpointer data,
                 const gint *cancelled,
                 GError **error)
{
  g_autofree GError **errors = g_new0 (GError *, count + 1);
  Trial trial = { func, data, cancelled, errors, 0 };
  gboolean ok = TRUE;

  bs_parallel_for (count, try_slice, &trial, &trial.stop);
  for (guint i = 0; i < count; i++) /* claimed in order: all before a failed one were run */
    if (errors[i] != NULL && ok) {
      g_propagate_error (error, errors[i]);
      ok = FALSE;
    } else {
      g_clear_error (&errors[i]);
    }
  if (ok && cancelled != NULL && g_atomic_int_get (cancelled) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED, "Stopped.");
    ok = FALSE;
  }
  return ok;
}
