/* Results made up by formula, for plots and lists: no model is run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

G_BEGIN_DECLS

#define MADE_UP_LAYERS 6

/* made_up_results: widths 2 … 8 with scopes model, tensor, channel: 21 results. (transfer full) */
GPtrArray *made_up_results (void);
BsResult *made_up_float (void);

/* made_up_values: n values, roughly a bell within ±0.36. (transfer full) */
float *made_up_values (gsize n);

G_END_DECLS
