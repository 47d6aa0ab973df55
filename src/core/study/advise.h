/* Advice about a whole model: what a configuration will stumble over, before it is measured.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/advice.h"
#include "study/study.h"

G_BEGIN_DECLS

/* bs_advise_model: findings of all layers under a configuration: weights; with a study also the
 * activations that layers read, and biases.
 *
 *   model   simplified; the study's own where there is one
 *   study   NULL: nothing is known of activations
 *
 * Returns  (transfer full) array of BsFinding, worst first; never NULL
 * Threads  reads model and study only. */
GPtrArray *bs_advise_model (const BsModel *model, const BsConfig *config, const BsStudy *study);

/* bs_advise_default: the configuration to advise about where none is chosen: 8 bits with one scale
 * per tensor, what most tools start with. (transfer full) */
BsConfig *bs_advise_default (void);

G_END_DECLS
