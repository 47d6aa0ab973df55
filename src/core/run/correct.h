/* Corrections of single layers: changed weights, chosen codes, repaired biases. Private to
 * src/core/run. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/correction.h"
#include "run/prepare.h"

G_BEGIN_DECLS

typedef struct {
  const BsCorrection *row;
  double params[BS_MAX_PARAMS];
} BsCorrectionUse;

/* bs_correct_parse: the corrections of a configuration, in the order of the table. (transfer full)
 * array of BsCorrectionUse. Errors  BS_ERROR_INVALID naming what exists. */
GArray *bs_correct_parse (const BsConfig *config, GError **error);

/* bs_correct_quantize: quantizes weight k of a layer as the configuration's corrections say.
 *   model_range  as for bs_quantize
 *   inputs       of this layer; NULL: not known, then codes are the nearest */
BsQuant *bs_correct_quantize (const BsModel *model,
                              const BsPlannedLayer *layer,
                              guint k,
                              const GArray *uses,
                              const BsLayerInputs *inputs,
                              const BsInterval *model_range,
                              GError **error);

/* bs_correct_bias: fills layer->bias_values when a correction asks for it and the layer has a
 * constant bias. */
void bs_correct_bias (const BsModel *model,
                      BsPlannedLayer *layer,
                      const GArray *uses,
                      const BsLayerInputs *inputs);

G_END_DECLS
