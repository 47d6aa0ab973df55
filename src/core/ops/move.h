/* Copying elements by strides.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

/* bs_copy_strided: fills target, dense [dims], from source, whose strides are counted in elements
 * of size bytes (1, 2, 4 or 8) and may be zero or negative. */
void bs_copy_strided (const void *source,
                      const gint64 *strides,
                      const gint64 *dims,
                      guint n_dims,
                      void *target,
                      gsize size);

void bs_dense_strides (const gint64 *dims, guint n_dims, gint64 *strides);

/* bs_require_bytes: BS_ERROR_UNSUPPORTED for element types narrower than a byte and for strings. */
gboolean bs_require_bytes (const BsCall *call, GError **error);

G_END_DECLS
