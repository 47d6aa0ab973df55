/* The weight and error histograms of one layer, quantized and laid out off the main thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/tensor_view.h"

#include <glib/gi18n.h>

typedef struct {
  BsFacts *facts;
  guint tensor, scale;
  char *layer;
  gboolean has_spec;
  BsSpec spec;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  bs_facts_unref (request->facts);
  g_free (request->layer);
  g_free (request);
}

void
bs_tensor_plots_free (BsTensorPlots *plots)
{
  if (plots == NULL)
    return;
  bs_tensor_view_free (plots->view);
  bs_plot_data_free (plots->weights);
  bs_plot_data_free (plots->errors);
  g_free (plots->weights_reason);
  g_free (plots->errors_reason);
  g_free (plots);
}

static BsPlotData *
build (const char *id, const BsPlotInput *input, char **reason)
{
  g_autoptr (GError) error = NULL;
  BsPlotData *data = bs_plot_find (id)->build (input, &error);

  if (data == NULL)
    *reason = g_strdup (error->message);
  return data;
}

static BsTensorPlots *
make (const Request *request, GError **error)
{
  g_autoptr (BsTensorView) view =
    bs_tensor_view_new (request->facts->simplified, request->tensor,
                        request->has_spec ? &request->spec : NULL, request->scale, error);

  if (view == NULL)
    return NULL;
  g_autofree char *spec = request->has_spec ? bs_spec_to_string (&request->spec) : NULL;
  g_autofree char *one =
    view->n_scales > 1
      ? g_strdup_printf (_ ("%s, scale %u of %u"), request->layer, view->scale + 1, view->n_scales)
      : g_strdup (request->layer);
  BsPlotInput input = {
    .layer = one,
    .spec = spec,
    .view = view,
  };
  BsTensorPlots *plots = g_new0 (BsTensorPlots, 1);
  plots->weights = build ("weight-histogram", &input, &plots->weights_reason);
  input.layer = request->layer;
  plots->errors = build ("error-histogram", &input, &plots->errors_reason);
  g_clear_pointer (&view->values, g_free);
  plots->view = g_steal_pointer (&view);
  return plots;
}

static void
make_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  BsTensorPlots *plots = make (data, &error);

  if (plots != NULL)
    g_task_return_pointer (task, plots, (GDestroyNotify) bs_tensor_plots_free);
  else
    g_task_return_error (task, error);
}

void
bs_tensor_plots_async (BsFacts *facts,
                       guint tensor,
                       const char *layer,
                       const BsSpec *spec,
                       guint scale,
                       GAsyncReadyCallback callback,
                       gpointer user)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user);
  Request *request = g_new0 (Request, 1);

  request->facts = bs_facts_ref (facts);
  request->tensor = tensor;
  request->layer = g_strdup (layer);
  request->scale = scale;
  request->has_spec = spec != NULL;
  if (spec != NULL)
    request->spec = *spec;
  g_task_set_source_tag (task, bs_tensor_plots_async);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, make_thread);
}

BsTensorPlots *
bs_tensor_plots_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
