/* Networks in float16 or bfloat16 become float32 networks, which is what is computed here.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/builder.h"

G_BEGIN_DECLS

/* bs_widen_halves: where a layer's weight is float16 or bfloat16, every such constant, input and
 * Cast of the model becomes float32, exactly, and a note says so; other models stay as they are. */
void bs_widen_halves (BsModelBuilder *builder);

G_END_DECLS
