/* The weight histogram's data, made off the main thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tensor_view.h"

typedef struct {
  BsFacts *facts;
  guint tensor, scale;
  gboolean has_spec;
  BsSpec spec;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  bs_facts_unref (request->facts);
  g_free (request);
}

static void
make_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Request *request = data;
  GError *error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  BsTensorView *view =
    bs_tensor_view_new (request->facts->simplified, request->tensor,
                        request->has_spec ? &request->spec : NULL, request->scale, &error);
  if (view != NULL)
    g_task_return_pointer (task, view, (GDestroyNotify) bs_tensor_view_free);
  else
    g_task_return_error (task, error);
}

void
bs_tensor_view_async (BsFacts *facts,
                      guint tensor,
                      const BsSpec *spec,
                      guint scale,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user);
  Request *request = g_new0 (Request, 1);

  request->facts = bs_facts_ref (facts);
  request->tensor = tensor;
  request->scale = scale;
  request->has_spec = spec != NULL;
  if (spec != NULL)
    request->spec = *spec;
  g_task_set_source_tag (task, bs_tensor_view_async);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, make_thread);
}

BsTensorView *
bs_tensor_view_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
