/* Samples that are images, as pixels to look at.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"

G_BEGIN_DECLS

/* bs_dataset_picture: one evaluation sample as RGB, its smallest value black and its largest white:
 * what scaling and centring did to it is not known any more.
 *
 *   index  below dataset->n
 *   pixels [height × width × 3], row-major (transfer full)
 *
 * Returns  FALSE where samples are no images: float32 [c, h, w] or [h, w, c] with 1 or 3 channels. */
gboolean bs_dataset_picture (const BsDataset *dataset,
                             guint index,
                             guint *width,
                             guint *height,
                             guint8 **pixels);

G_END_DECLS
