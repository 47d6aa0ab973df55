/* The table of dataset kinds: each reads a file into plain arrays; fitting them to a model is
 * common to all. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"
#include "ops/op.h"

G_BEGIN_DECLS

typedef enum {
  BS_LAYOUT_AUTO, /* from the shapes: HWC is turned into CHW where only that fits the model */
  BS_LAYOUT_CHW,  /* samples are channels first */
  BS_LAYOUT_HWC,  /* samples are channels last */
} BsLayout;

/* What a file holds, before fitting. data NULL: absent. Cleared by the caller. */
typedef struct {
  BsValue x, y;    /* evaluation: [n, …] and [n] or [n, t] */
  BsValue x_train; /* calibration; a one-dimensional stream of tokens is allowed */
  BsLayout layout; /* what the file knows about it */
} BsRawDataset;

/* What the samples are for: kinds whose samples have no size of their own are cut to it. */
typedef struct {
  const BsTensor *input; /* of the model */
  gint64 n_tokens;       /* what the input's numbers choose from; 0: not known */
} BsDatasetTarget;

/* bs_dataset_target: for that input of the model, a number of its tensors. */
BsDatasetTarget bs_dataset_target (const BsModel *model, guint input);

typedef struct {
  const char *id;       /* "npz" */
  const char *title;    /* "NumPy archive", N_() */
  const char *suffixes; /* of its files, space-separated: for file dialogs; NULL: folders */

  /* TRUE when the path or the first bytes of the file say so. data may be empty: a folder. */
  gboolean (*probe) (const char *path, const guint8 *data, gsize size);
  gboolean (*read) (const char *path,
                    const BsDatasetTarget *target,
                    BsRawDataset *raw,
                    GError **error);
} BsDatasetReader;

/* bs_dataset_readers: all rows, ending with NULL. */
extern const BsDatasetReader *const bs_dataset_readers[];

extern const BsDatasetReader bs_dataset_npz;
extern const BsDatasetReader bs_dataset_npy;
extern const BsDatasetReader bs_dataset_idx;
extern const BsDatasetReader bs_dataset_csv;
extern const BsDatasetReader bs_dataset_images;
extern const BsDatasetReader bs_dataset_sounds;
extern const BsDatasetReader bs_dataset_text;

/* bs_dataset_read: the file at path by the reader that fits. */
gboolean bs_dataset_read (const char *path,
                          const BsDatasetTarget *target,
                          BsRawDataset *raw,
                          GError **error);

/* bs_dataset_is_named: TRUE for a folder, and for a file named as those that a reader takes. */
gboolean bs_dataset_is_named (const char *path);
void bs_raw_dataset_clear (BsRawDataset *raw);

G_END_DECLS
