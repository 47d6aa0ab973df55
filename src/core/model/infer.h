/* Shape inference: types and dimensions of all tensors, with the batch left free where the graph
 * allows. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* bs_infer: a copy of the model whose tensors know dtype, n_dims and dims as far as they can be
 * known.
 *
 * The first dimension of every input is bound to two different numbers in turn; what differs
 * between the two results is BS_DIM_FREE in the copy. A graph exported with batch 1 is re-batched
 * the same way where every operator accepts it (a Reshape constant that repeats the batch becomes 0
 * or −1); else the batch stays fixed.
 *
 *   fixed_batch  0: any batch runs; n > 0: the graph runs only n samples at a time
 *
 * Behind an unsupported operator shapes are unknown; that is not an error.
 * Errors  BS_ERROR_SHAPE naming the node. */
BsModel *bs_infer (const BsModel *model, gint64 *fixed_batch, GError **error);

/* bs_bind_inputs: a copy of the model that runs inputs of these dimensions only: what is free in its
 * inputs, but for the batch, becomes what will be fed, with a note in words. Kernels are packed for
 * one size, so a free picture size or length must be bound before a run is prepared.
 *
 *   fed  [model->n_inputs] dims with the batch first; data is not looked at */
BsModel *bs_bind_inputs (const BsModel *model, const BsValue *fed, GError **error);

/* bs_infer_bound: dtype and dimensions of every tensor when the first dimension of every input that
 * is free, or 1 in a graph that can be re-batched, is batch.
 *
 *   values  [model->n_tensors], filled; data is NULL throughout; n_dims is BS_DIMS_UNKNOWN where it
 * cannot be known
 *
 * Errors  BS_ERROR_SHAPE naming the node. */
gboolean bs_infer_bound (const BsModel *model, gint64 batch, BsValue *values, GError **error);

G_END_DECLS
