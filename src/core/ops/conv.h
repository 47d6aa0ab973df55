/* Parts of convolution: windows as columns of a matrix, and one plane by itself.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* bs_unfold: columns [channels · kernel × output pixels] of in [channels × input pixels], zero
 * where padded. */
void bs_unfold (const float *in, gsize channels, const BsWindow *window, float *columns);

/* bs_depthwise_plane: one channel of a depthwise convolution over one or two spatial dimensions.
 *
 *   scratch  bs_depthwise_scratch () bytes, G_MAXSIZE when that is too large */
void bs_depthwise_plane (const BsWindow *window,
                         const float *in,
                         const float *kernel,
                         float bias,
                         float *scratch,
                         float *out);
gsize bs_depthwise_scratch (const BsWindow *window);

G_END_DECLS
