/* Broadcasting: walking several tensors of different shapes as if they had one.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

#define BS_BROADCAST_MAX 3

/* One run along the innermost dimension: stride[i] is 0 (the same element throughout) or 1. out may
 * be in[0]. */
typedef void (
  *BsInnerFunc) (const void *const *in, const gint64 *stride, void *out, gsize n, gpointer user);

/* bs_broadcast_dims: dims of the result of the n values, the rule of NumPy. Errors BS_ERROR_SHAPE.
 */
gboolean bs_broadcast_dims (const BsCall *call,
                            const BsValue *const *values,
                            guint n,
                            gint64 *dims,
                            guint *n_dims,
                            GError **error);

/* bs_broadcast_run: calls inner until out is filled; dimensions that run together are joined first.
 */
void bs_broadcast_run (const BsValue *const *in,
                       guint n_in,
                       BsValue *out,
                       BsInnerFunc inner,
                       gpointer user);

/* bs_broadcast_strides: element strides of value in the shape of out; 0 where it repeats. */
void bs_broadcast_strides (const BsValue *value, const gint64 *dims, guint n_dims, gint64 *strides);

G_END_DECLS
