/* Tests of the pool: every slice exactly once, any number of threads, cancelling,
 * failing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"

#include "base/error.h"

#define COUNT 1000

typedef struct {
  gint seen[COUNT];
  gint cancelled;
  gint highest_worker;
} Data;

static void
count_slice (gpointer user, guint index, guint worker)
{
  Data *data = user;

  g_atomic_int_inc (&data->seen[index]);
  if ((gint) worker > g_atomic_int_get (&data->highest_worker))
    g_atomic_int_set (&data->highest_worker, (gint) worker);
}

static void
cancel_at_ten (gpointer user, guint index, guint worker)
{
  Data *data = user;

  g_atomic_int_inc (&data->seen[index]);
  if (index == 10)
    g_atomic_int_set (&data->cancelled, 1);
  while (index > 10 && g_atomic_int_get (&data->cancelled) == 0)
    g_thread_yield ();
}

static void
test_each_slice_once (void)
{
  for (guint threads = 1; threads <= 5; threads++) {
    bs_parallel_set_threads (threads);
    for (guint round = 0; round < 50; round++) {
      g_autofree Data *data = g_new0 (Data, 1);
      bs_parallel_for (COUNT, count_slice, data, NULL);
      for (guint i = 0; i < COUNT; i++)
        g_assert_cmpint (data->seen[i], ==, 1);
      g_assert_cmpint (data->highest_worker, <, (gint) threads);
    }
  }
}

static void
test_cancel (void)
{
  g_autofree Data *data = g_new0 (Data, 1);
  guint done = 0;

  bs_parallel_set_threads (2);
  bs_parallel_for (COUNT, cancel_at_ten, data, &data->cancelled);
  for (guint i = 0; i < COUNT; i++)
    done += (guint) data->seen[i];
  g_assert_cmpuint (done, >=, 11);
  g_assert_cmpuint (done, <, COUNT);
}

/* Slices 20 and 30 fail, the later one first where there are threads enough; those behind take their
 * time, or they could all be done while the thread with slice 30 waits for a processor. */
static gboolean
fail_twice (gpointer user, guint index, guint worker, GError **error)
{
  Data *data = user;

  g_atomic_int_inc (&data->seen[index]);
  if (index > 30)
    g_usleep (100);
  if (index != 20 && index != 30)
    return TRUE;
  if (index == 20 && bs_parallel_threads () > 1)
    g_usleep (2000);
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "slice %u", index);
  return FALSE;
}

static gboolean
cancel_at_once (gpointer user, guint index, guint worker, GError **error)
{
  g_atomic_int_set (&((Data *) user)->cancelled, 1);
  return TRUE;
}

static void
test_try (void)
{
  for (guint threads = 1; threads <= 5; threads++) {
    g_autofree Data *data = g_new0 (Data, 1);
    g_autoptr (GError) error = NULL;
    guint done = 0;

    bs_parallel_set_threads (threads);
    g_assert_true (bs_parallel_try (20, fail_twice, data, &data->cancelled, &error));
    g_assert_no_error (error);
    g_assert_false (bs_parallel_try (COUNT, fail_twice, data, &data->cancelled, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    g_assert_cmpstr (error->message, ==, "slice 20");
    for (guint i = 0; i < COUNT; i++)
      done += (guint) data->seen[i];
    g_assert_cmpuint (done, <, COUNT);
    g_clear_error (&error);
    g_assert_false (bs_parallel_try (COUNT, cancel_at_once, data, &data->cancelled, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_CANCELLED);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parallel/each-slice-once", test_each_slice_once);
  g_test_add_func ("/parallel/cancel", test_cancel);
  g_test_add_func ("/parallel/try", test_try);
  return g_test_run ();
}
