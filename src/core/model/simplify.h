/* Simplification before quantization: fold constants and batch norms, drop what does nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

/* bs_simplify: an equivalent model, each step listed in its notes.
 *
 *  - nodes whose inputs are all constant are computed (results up to 64 MiB);
 *  - BatchNormalization after Conv, ConvTranspose, Gemm or MatMul is folded into weights and bias;
 *  - Identity, Dropout (inference) and Cast to the same type vanish;
 *  - MatMul with a constant matrix followed by Add of a constant vector becomes Gemm where the
 * input is a matrix;
 *  - nodes and constants nobody reads vanish.
 * Relu and Clip stay nodes of their own: fusing them is the integer plan's business. Names of nodes
 * that remain do not change: results refer to them. Errors   as bs_model_builder_finish and the
 * operators' own. Source   batch norm: k = γ/√(σ²+ε), W′ = kW, b′ = (b−μ)k+β (Jacob et al., CVPR
 * 2018, section 3.2). */
BsModel *bs_simplify (const BsModel *model, GError **error);

G_END_DECLS
