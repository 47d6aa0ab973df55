/* The weight and error histograms of one layer, quantized and laid out off the main thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facts.h"
#include "plot/plot.h"

G_BEGIN_DECLS

/* What the page shows of one weight; plots are laid out and need only be drawn. */
typedef struct {
  BsTensorView *view;  /* its values are gone: weights has what is drawn of them */
  BsPlotData *weights; /* NULL: weights_reason says why */
  BsPlotData *errors;  /* of the weights; likewise */
  char *weights_reason, *errors_reason;
} BsTensorPlots;

void bs_tensor_plots_free (BsTensorPlots *plots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsTensorPlots, bs_tensor_plots_free)

/* bs_tensor_plots_async: quantizes one weight of facts->simplified on a worker thread.
 *
 *   layer  its name, for titles
 *   spec   NULL: values only
 *   scale  which scale to look at; past the end: the last
 *
 * Errors  BS_ERROR_UNSUPPORTED where the weight is not float32; the quantizer's own. */
void bs_tensor_plots_async (BsFacts *facts,
                            guint tensor,
                            const char *layer,
                            const BsSpec *spec,
                            guint scale,
                            GAsyncReadyCallback callback,
                            gpointer user);
BsTensorPlots *bs_tensor_plots_finish (GAsyncResult *result, GError **error);

G_END_DECLS
