/* The samples to calibrate with, kept as they are stored and fitted when they are asked for, so that
 * ten thousand pictures need no more memory than their bytes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/fit.h"

G_BEGIN_DECLS

typedef struct _BsCalibration BsCalibration;

/* bs_calibration_new: n samples of raw, which are copied.
 *
 *   index  [n] which sample of raw each one is
 *
 * Errors  those of bs_fit_apply, of all samples; BS_ERROR_TOO_LARGE. */
BsCalibration *bs_calibration_new (const BsFit *fit,
                                   const BsValue *raw,
                                   const gsize *index,
                                   gsize n,
                                   const BsDatasetOptions *options,
                                   BsDtype dtype,
                                   GError **error);
void bs_calibration_free (BsCalibration *calibration);

/* bs_calibration_read: samples first … first + n − 1 as the model takes them.  Threads  any. */
void bs_calibration_read (const BsCalibration *calibration, gsize first, gsize n, guint8 *out);

G_END_DECLS
