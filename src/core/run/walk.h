/* The walk: runs a graph node by node in float, buffers freed as soon as nobody needs them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* Called once for each model input and after each node for each of its outputs; the value is valid
 * only during the call. tensor is the index in model->tensors. A tap may change the data in place:
 * that is how simulated quantization of activations works. */
typedef void (*BsTapFunc) (gpointer user, guint tensor, BsValue *value);

typedef struct {
  BsTapFunc tap; /* may be NULL */
  gpointer user;
  const BsValue *overrides; /* [n_tensors] or NULL: where data != NULL, used instead of the model's
                               constant: quantized weights */
  const gint *cancelled;    /* may be NULL */
} BsWalkOptions;

/* bs_walk: one forward pass in float.
 *
 *   inputs   [model->n_inputs], data of the declared types
 *   outputs  [model->n_outputs], filled; free each with bs_value_clear
 *   options  NULL: none
 *
 * Errors   BS_ERROR_UNSUPPORTED naming operators without a row; the operators' own;
 * BS_ERROR_CANCELLED. Threads  any number of walks on one model at once; one walk uses the calling
 * thread only. */
gboolean bs_walk (const BsModel *model,
                  const BsValue *inputs,
                  BsValue *outputs,
                  const BsWalkOptions *options,
                  GError **error);

/* bs_walk_body: bs_walk without comparing the inputs with the declared shapes, which bodies of If
 * and Loop often state wrongly. */
gboolean bs_walk_body (const BsModel *model,
                       const BsValue *inputs,
                       BsValue *outputs,
                       const BsWalkOptions *options,
                       GError **error);

/* bs_call_infer: types and dims of one node's outputs.
 *
 *   inputs   [node->n_inputs]; NULL where absent; dims known; data NULL where not known
 *   outputs  [node->n_outputs]; filled, without data
 *
 * bs_call_once: the same, and computes them: every input has data; bs_value_clear each output.
 * Errors   the operator's own, BS_ERROR_FORMAT for a wrong number of inputs. The node's op must not
 * be NULL. */
gboolean bs_call_infer (const BsModel *model,
                        const BsNode *node,
                        const BsValue *const *inputs,
                        BsValue *outputs,
                        GError **error);
gboolean bs_call_once (const BsModel *model,
                       const BsNode *node,
                       const BsValue *const *inputs,
                       BsValue *outputs,
                       GError **error);

/* bs_tensor_value: a constant as a value; for others type and dims without data. Borrowed. */
BsValue bs_tensor_value (const BsTensor *tensor);

/* bs_value_alloc: 64-byte aligned data for the value's dtype and dims; FALSE when that is too
 * large. */
gboolean bs_value_alloc (BsValue *value);
void bs_value_clear (BsValue *value); /* frees what bs_value_alloc gave */

G_END_DECLS
