/* Fitting raw arrays to the input of a model: axes, casts, scaling.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset_table.h"

G_BEGIN_DECLS

/* How one sample as stored becomes one sample as fed. */
typedef struct {
  guint n_dims; /* as fed */
  gint64 dims[BS_MAX_DIMS];
  gint64 strides[BS_MAX_DIMS]; /* in the stored sample, elements */
} BsFit;

/* bs_fit_choose: the fit of samples with stored dims to an input that takes wanted dims
 * (BS_DIM_FREE: any). Errors  BS_ERROR_SHAPE naming both. */
gboolean bs_fit_choose (const gint64 *stored,
                        guint n_stored,
                        const gint64 *wanted,
                        guint n_wanted,
                        BsLayout layout,
                        BsFit *fit,
                        GError **error);

/* bs_fit_apply: samples first … first + n − 1, fitted, scaled, centred, as elements of type dtype
 * into out.
 *
 *   index  which sample of raw each one is; NULL: they are in order
 *   dtype  what the model takes; uint8 samples are divided by 255 where that is a floating-point
 * type
 *
 * Errors  BS_ERROR_NOT_FINITE, BS_ERROR_INVALID when mean or std do not fit the channels,
 * BS_ERROR_UNSUPPORTED. */
gboolean bs_fit_apply (const BsFit *fit,
                       const BsValue *raw,
                       const gsize *index,
                       gsize first,
                       gsize n,
                       const BsDatasetOptions *options,
                       BsDtype dtype,
                       guint8 *out,
                       GError **error);

G_END_DECLS
