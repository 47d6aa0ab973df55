/* Unfolding: the windows of one image as columns of a matrix.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* bs_unfold: columns [channels · kernel × output pixels] of in [channels × input pixels], zero
 * where padded. */
void bs_unfold (const float *in, gsize channels, const BsWindow *window, float *columns);

G_END_DECLS
