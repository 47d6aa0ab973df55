/* One case of a vector folder: its parameters, its input arrays, and where its results go.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/npy.h"
#include "quant/quant.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *id;
  JsonObject *params;  /* never NULL */
  GHashTable *inputs;  /* name → BsNpy */
  const char *dir;     /* results; NULL: nothing is written */
  JsonObject *scalars; /* of result.json */
} Case;

typedef gboolean (*OpFunc) (Case *c, GError **error);

typedef struct {
  const char *name;
  OpFunc func;
} Op;

/* One array per file of operations, each ending with a NULL name. */
extern const Op quantize_ops[], float_ops[], code_ops[], calibrate_ops[], measure_ops[],
  correct_ops[], search_ops[], integer_ops[];

OpFunc find_op (const char *name);

double case_number (Case *c, const char *key, double fallback);
const char *case_text (Case *c, const char *key, const char *fallback);
gboolean case_flag (Case *c, const char *key, gboolean fallback);

/* case_input: NULL with error when the case lacks it. */
const BsNpy *case_input (Case *c, const char *name, GError **error);

/* case_floats, case_doubles, case_ints: the elements of an input, converted; freed with the case's
 * pool by the caller. */
float *case_floats (Case *c, const char *name, const BsNpy **array, GError **error);
double *case_doubles (Case *c, const char *name, const BsNpy **array, GError **error);
gint32 *case_ints (Case *c, const char *name, const BsNpy **array, GError **error);

gboolean case_save (Case *c,
                    const char *name,
                    BsDtype dtype,
                    const gint64 *dims,
                    guint n_dims,
                    const void *data,
                    GError **error);
void case_scalar (Case *c, const char *name, double value);

/* case_save_metrics: what compares x with y. */
void case_save_metrics (Case *c, const float *x, const float *y, gsize n);

/* case_spec: a spec from text with the granularity members of the case: granularity, axis,
 * group_size or block. */
gboolean case_spec (Case *c, const char *encoding, BsSpec *spec, GError **error);

G_GNUC_PRINTF (2, 3) gboolean fail (GError **error, const char *format, ...);

G_END_DECLS
