/* Made-up samples, for measuring without data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"

G_BEGIN_DECLS

/* bs_synthetic_fill: text is the number of samples; fills x and calibration for that input of the
 * model, marks the dataset as synthetic. */
gboolean bs_synthetic_fill (BsDataset *dataset,
                            const BsModel *model,
                            guint input,
                            const char *text,
                            const BsDatasetOptions *options,
                            GError **error);

G_END_DECLS
