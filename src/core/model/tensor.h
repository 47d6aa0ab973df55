/* One value in the graph: its name, element type, shape, and data when it is a constant.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/dtype.h"

G_BEGIN_DECLS

#define BS_MAX_DIMS 8
#define BS_DIM_FREE (-1) /* bound at run time */
#define BS_DIMS_UNKNOWN G_MAXUINT8

typedef struct {
  char *name;
  BsDtype dtype;            /* BS_DTYPE_NONE: not known before the run */
  guint n_dims;             /* 0: a scalar; BS_DIMS_UNKNOWN: shape not known before the run */
  gint64 dims[BS_MAX_DIMS]; /* row-major; BS_DIM_FREE: bound at run time */
  const void *data;         /* constants: packed elements, owned by model->backing; else NULL */
  gboolean is_constant;     /* TRUE also for an empty constant, whose data may be NULL */
} BsTensor;

/* bs_dims_count: product of dims; FALSE when one is negative or the product exceeds G_MAXINT64 / 16. */
gboolean bs_dims_count (const gint64 *dims, guint n_dims, gsize *count);

/* bs_dims_bytes: size in bytes of packed elements (4-bit types: two a byte, rounded up); FALSE as above. */
gboolean bs_dims_bytes (const gint64 *dims, guint n_dims, BsDtype dtype, gsize *bytes);

/* bs_dims_to_string: "16×1×5×5", "scalar", free dimensions as "N". (transfer full) */
char *bs_dims_to_string (const gint64 *dims, guint n_dims);

G_END_DECLS
