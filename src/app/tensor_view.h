/* The weight histogram's data, made off the main thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facts.h"
#include "workbench/tensor_view.h"

G_BEGIN_DECLS

/* bs_tensor_view_async: quantizes one weight of facts->simplified on a worker thread.
 *
 *   spec   NULL: values only
 *   scale  which scale to look at; past the end: the last
 *
 * Errors  BS_ERROR_UNSUPPORTED where the weight is not float32; the quantizer's own. */
void bs_tensor_view_async (BsFacts *facts,
                           guint tensor,
                           const BsSpec *spec,
                           guint scale,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user);
BsTensorView *bs_tensor_view_finish (GAsyncResult *result, GError **error);

G_END_DECLS
