/* Loaders: one row per model file format.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "model/model.h"

G_BEGIN_DECLS

typedef struct {
  const char *id;       /* "onnx" */
  const char *title;    /* "ONNX" */
  const char *suffixes; /* ".onnx", space-separated: for file dialogs */
  gboolean (*probe) (const char *path,
                     const guint8 *head,
                     gsize size); /* first bytes of the file, up to 4096 */
  BsModel *(*load) (const char *path, GError **error);
} BsLoader;

extern const BsLoader *const bs_loaders[]; /* all rows, ending with NULL */

/* bs_load_model: opens a model file of any known format.
 * Errors  BS_ERROR_IO, _FORMAT, _UNSUPPORTED, _TOO_LARGE: one sentence with the file's name. */
BsModel *bs_load_model (const char *path, GError **error);

G_END_DECLS
