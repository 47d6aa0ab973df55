/* The rows of the loader table, one per format.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "loaders/loader.h"

G_BEGIN_DECLS

extern const BsLoader bs_loader_onnx;

/* bs_loader_map: the whole file, mapped; at least one byte. (transfer full) Errors BS_ERROR_IO,
 * BS_ERROR_FORMAT, as the end of a sentence that bs_load_model begins with the file's name. */
GBytes *bs_loader_map (const char *path, GError **error);

G_END_DECLS
