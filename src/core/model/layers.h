/* Layers: the nodes that carry weights, what their weights are and what they cost.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

#define BS_LAYER_WEIGHTS 2 /* GRU and LSTM have two weight matrices, W and R */

typedef struct {
  guint node; /* index in model->nodes */
  guint n_weights;
  guint inputs[BS_LAYER_WEIGHTS];  /* which node inputs they are */
  guint tensors[BS_LAYER_WEIGHTS]; /* indices in model->tensors: float constants with at least one
                                      dimension */
  gint channel_axis;  /* of the weights: the operator's output axis (Conv 0, Gemm by transB, MatMul
                         last, Gather and GRU rows) */
  guint64 parameters; /* of the node: weights and all its other float constants */
  guint64 macs;       /* multiply-adds for one sample; 0 when shapes are not known */
  guint64 n_read, n_written; /* activations in and out for one sample; likewise */
} BsLayer;

/* bs_model_layers: all layers in execution order. (transfer full) array of BsLayer; shapes from
 * bs_infer_bound with batch 1, or NULL: macs are then 0. */
GArray *bs_model_layers (const BsModel *model, const BsValue *shapes);

/* bs_model_parameters: elements of all float constants that nodes read: without scalars, which are settings, and without
 * the running means and variances of batch norms, which are statistics. A constant that Identity nodes hand on counts
 * once for each, as it did in the framework that trained it; one that a ConstantOfShape node makes counts, too. */
guint64 bs_model_parameters (const BsModel *model);

/* bs_model_shapes: bs_infer_bound with batch 1, in a new array; NULL (and no error set) when the
 * graph has no inputs. */
BsValue *bs_model_shapes (const BsModel *model, GError **error);

/* bs_node_macs: multiply-adds of a node for one sample; 0 when it has none or shapes are not known.
 */
guint64 bs_node_macs (const BsModel *model, const BsNode *node, BsValue *shapes);

/* bs_shapes_call: a call of a node with the shapes only, to ask op->macs and bs_window_resolve. */
void bs_shapes_call (const BsModel *model, const BsNode *node, BsValue *shapes, BsCall *call);

G_END_DECLS
