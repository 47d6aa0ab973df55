/* The walk: runs a graph node by node in float, buffers freed as soon as nobody needs them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* Called once for each model input and after each node for each of its outputs; the value is valid only during
 * the call. tensor is the index in model->tensors. A tap may change the data in place: that is how simulated
 * quantization of activations works. */
typedef void (*BsTapFunc) (gpointer user, guint tensor, BsValue *value);

typedef struct {
  BsTapFunc tap;            /* may be NULL */
  gpointer user;
  const BsValue *overrides; /* [n_tensors] or NULL: where data != NULL, used instead of the model's constant: quantized weights */
  const gint *cancelled;    /* may be NULL */
} BsWalkOptions;

/* bs_walk: one forward pass in float.
 *
 *   inputs   [model->n_inputs], data of the declared types
 *   outputs  [model->n_outputs], filled; free each with bs_value_clear
 *   options  NULL: none
 *
 * Errors   BS_ERROR_UNSUPPORTED naming operators without a row; the operators' own; BS_ERROR_CANCELLED.
 * Threads  any number of walks on one model at once; one walk uses the calling thread only. */
gboolean bs_walk (const BsModel *model, const BsValue *inputs, BsValue *outputs, const BsWalkOptions *options, GError **error);

/* bs_value_alloc: 64-byte aligned data for the value's dtype and dims; FALSE when that is too large. */
gboolean bs_value_alloc (BsValue *value);
void bs_value_clear (BsValue *value); /* frees what bs_value_alloc gave */

G_END_DECLS
