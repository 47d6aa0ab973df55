/* What operator files share: axes, lists of integers, output shapes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ops/op.h"

G_BEGIN_DECLS

#define BS_NO_INPUT G_MAXUINT

/* Where a list of integers (axes, pads, shape …) comes from, and whether it is known yet. */
typedef enum {
  BS_INTS_ABSENT,  /* neither input nor attribute */
  BS_INTS_KNOWN,   /* values and n are set */
  BS_INTS_UNKNOWN, /* an input whose values are not known during inference */
  BS_INTS_ERROR,   /* error is set */
} BsInts;

/* bs_ints: a list of integers that is an input in some operator sets and an attribute in others. */
BsInts bs_ints (const BsCall *call,
                guint input,
                const char *attribute,
                gint64 *values,
                guint max,
                guint *n,
                GError **error);

/* bs_in: an input, or NULL where it is absent. */
const BsValue *bs_in (const BsCall *call, guint input);
/* bs_has_out: whether somebody may read that output. */
gboolean bs_has_out (const BsCall *call, guint output);

void bs_out_like (BsCall *call, guint output, const BsValue *value);
void bs_out_dims (BsCall *call, guint output, BsDtype dtype, const gint64 *dims, guint n_dims);
gboolean bs_infer_like (BsCall *call, GError **error); /* output 0 is like input 0 */

/* bs_axis: 0 … n_dims − 1 from an axis that may count from the end. Errors BS_ERROR_SHAPE. */
gboolean bs_axis (const BsCall *call, gint64 axis, guint n_dims, guint *out, GError **error);

/* bs_value_int: element of an integer or boolean tensor; FALSE when there is no data or it is of
 * another type. */
gboolean bs_value_int (const BsValue *value, gsize index, gint64 *out);
gboolean bs_value_is_int (const BsValue *value);

/* bs_read_index: an entry of an index tensor that may count from the end. Errors BS_ERROR_SHAPE,
 * BS_ERROR_FORMAT. */
gboolean bs_read_index (const BsCall *call,
                        const BsValue *indices,
                        gsize at,
                        gint64 dim,
                        gint64 *index,
                        GError **error);

gsize bs_product (const gint64 *dims, guint from, guint to);

/* bs_require: BS_ERROR_UNSUPPORTED when the input is there and of another type. */
gboolean bs_require (const BsCall *call, guint input, BsDtype dtype, GError **error);
gboolean bs_no_memory (const BsCall *call, GError **error); /* sets BS_ERROR_TOO_LARGE; FALSE */

G_END_DECLS
