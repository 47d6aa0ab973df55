/* Folding one node into the one before: batch norms into weights, added vectors into biases.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/builder.h"

G_BEGIN_DECLS

/* bs_fold_batch_norms: BatchNormalization after Conv, ConvTranspose, Gemm or MatMul with constant
 * weights. Source  k = γ/√(σ²+ε), W′ = kW, b′ = (b−μ)k+β (Jacob et al., CVPR 2018, section 3.2). */
void bs_fold_batch_norms (BsModelBuilder *builder);

/* bs_fold_biases: MatMul of a matrix by a constant matrix, then Add of a constant vector, becomes
 * Gemm. */
void bs_fold_biases (BsModelBuilder *builder);

G_END_DECLS
