/* Operands of integer products: what the kernels are given of a layer's weights and bias.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "run/step.h"

G_BEGIN_DECLS

/* How weights lie in their tensor: [n_channels][cin][pixels], or by columns
 * [columns][cin][n_channels / columns][pixels], columns being the groups of a transposed
 * convolution. The kernels want [n_channels][pixels][cin]; depth = pixels · cin. */
typedef struct {
  gsize n_channels, cin, pixels;
  gsize columns; /* 0: by rows */
} BsWeightOrder;

/* bs_operands_transposed: whether it is a ConvTranspose. */
gboolean bs_operands_transposed (const BsNode *node);

/* bs_operands_order: of a Conv's, ConvTranspose's, Gemm's or MatMul's weights, which have at least 2
 * dimensions. */
BsWeightOrder bs_operands_order (const BsModel *model, const BsPlannedLayer *layer);

/* bs_operands_group: sets layer->group from the scales of its quantized weights.
 * Returns  NULL, or a static sentence: why the sums cannot be cut along these groups. */
const char *bs_operands_group (BsPlannedLayer *layer, const BsWeightOrder *order);

/* bs_operands_fill: codes, zero points, scales and bias of a layer that runs on integers, from its
 * quantized weights and its input's codes. */
void bs_operands_fill (const BsLowering *l, BsPlannedLayer *layer, const BsWeightOrder *order);

/* bs_operands_share: takes those of a layer with the same weights and the same input codes. */
void bs_operands_share (BsPlannedLayer *layer, const BsPlannedLayer *like);

/* bs_operands_codes: the codes as the kernels take them, [n_channels][pixels][cin], a byte each:
 * int8, or the same bits of uint8. (transfer full) */
guint8 *bs_operands_codes (const BsPlannedLayer *layer, const BsWeightOrder *order);

G_END_DECLS
