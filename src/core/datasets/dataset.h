/* Data sets: samples fitted to a model's input, with labels where there are any. Immutable, reference counted.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

/* Options of the command line's data section; zero-initialised means defaults. */
typedef struct {
  double scale;           /* 0: 1/255 for uint8, else 1 */
  double mean[4], std[4]; /* per channel, after scale; n_mean 0: none */
  guint n_mean, n_std;
  const char *layout; /* "hwc", "chw" or NULL: found out */
  const char *input;  /* name of the model's input, NULL: the first */
  guint limit;        /* evaluate at most so many samples; 0: all */
  guint calibration;  /* 0: 256 */
  guint64 seed;       /* synthetic data */
} BsDatasetOptions;

/* Samples are rows: sample i of x is at x + i · sample_bytes, in the model's own input type and layout. */
typedef struct {
  gatomicrefcount refs;
  char *name;                  /* base name for people */
  char *spec;                  /* what opened it */
  char digest[BS_DIGEST_SIZE]; /* of the fitted samples, labels and options */
  BsDtype dtype;               /* F32 for images, I64/I32 for tokens: the model's input type */
  guint n_dims;                /* of one sample, without the batch */
  gint64 dims[BS_MAX_DIMS];
  gsize sample_bytes;
  guint n, n_calibration;
  guint8 *x;                          /* [n · sample_bytes] */
  struct _BsCalibration *calibration; /* see bs_dataset_calibration */
  gint64 *labels;                     /* [n · labels_per_sample]; NULL: none */
  guint labels_per_sample;            /* 1: a class each; t: next-token targets */
  gboolean synthetic;
} BsDataset;

/* bs_dataset_open: reads and fits.
 *   spec  a path, or "synthetic:N"
 * Errors  BS_ERROR_IO, _FORMAT, _SHAPE naming the file, the array and both shapes. */
BsDataset *bs_dataset_open (const char *spec,
                            const BsModel *model,
                            const BsDatasetOptions *options,
                            GError **error);

/* bs_dataset_calibration: the samples first … first + n − 1 of those to calibrate with, n_calibration
 * in all, as the model takes them, into out [n · sample_bytes]. They are kept as they are stored.
 * Threads  any. */
void bs_dataset_calibration (const BsDataset *dataset, guint first, guint n, guint8 *out);
BsDataset *bs_dataset_ref (BsDataset *dataset);
void bs_dataset_unref (BsDataset *dataset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsDataset, bs_dataset_unref)

G_END_DECLS
