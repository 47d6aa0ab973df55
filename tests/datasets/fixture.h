/* What the tests of datasets share: small models, and folders to clear.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

/* fixture_model: one input of these dims and one node: a Relu of float32, else a Gather of rows of a
 * table of n_tokens. (transfer full) */
BsModel *fixture_model (BsDtype dtype, guint n_dims, const gint64 *dims, gint64 n_tokens);

/* fixture_remove: a file, or a folder with all that is in it. */
void fixture_remove (const char *path);

G_END_DECLS
