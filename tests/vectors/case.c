/* One case of a vector folder: its parameters, its input arrays, and where its results go.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/encoding.h"
#include "quant/measure.h"

#include <math.h>
#include <string.h>

gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, BS_ERROR, BS_ERROR_INVALID, message);
  return FALSE;
}

OpFunc
find_op (const char *name)
{
  const Op *const tables[] = { quantize_ops, float_ops,   code_ops,   calibrate_ops,
                               measure_ops,  correct_ops, search_ops, integer_ops };

  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const Op *op = tables[t]; op->name != NULL; op++)
      if (strcmp (op->name, name) == 0)
        return op->func;
  return NULL;
}

double
case_number (Case *c, const char *key, double fallback)
{
  JsonNode *node = json_object_get_member (c->params, key);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_double (node) : fallback;
}

const char *
case_text (Case *c, const char *key, const char *fallback)
{
  JsonNode *node = json_object_get_member (c->params, key);
  const char *text =
    node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

  return text != NULL ? text : fallback;
}

gboolean
case_flag (Case *c, const char *key, gboolean fallback)
{
  JsonNode *node = json_object_get_member (c->params, key);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_boolean (node) : fallback;
}

const BsNpy *
case_input (Case *c, const char *name, GError **error)
{
  const BsNpy *array = g_hash_table_lookup (c->inputs, name);

  if (array == NULL)
    fail (error, "the input “%s” is missing", name);
  return array;
}

static double
element (const BsNpy *array, gsize i)
{
  switch (array->dtype) {
  case BS_DTYPE_F32:
    return ((const float *) array->data)[i];
  case BS_DTYPE_F64:
    return ((const double *) array->data)[i];
  case BS_DTYPE_U8:
    return ((const guint8 *) array->data)[i];
  case BS_DTYPE_I8:
    return ((const gint8 *) array->data)[i];
  case BS_DTYPE_I32:
    return ((const gint32 *) array->data)[i];
  case BS_DTYPE_I64:
    return (double) ((const gint64 *) array->data)[i];
  default:
    return NAN;
  }
}

double *
case_doubles (Case *c, const char *name, const BsNpy **array, GError **error)
{
  *array = case_input (c, name, error);
  if (*array == NULL)
    return NULL;
  double *out = g_new (double, MAX ((*array)->count, 1));
  for (gsize i = 0; i < (*array)->count; i++)
    out[i] = element (*array, i);
  return out;
}

float *
case_floats (Case *c, const char *name, const BsNpy **array, GError **error)
{
  *array = case_input (c, name, error);
  if (*array == NULL)
    return NULL;
  float *out = g_new (float, MAX ((*array)->count, 1));
  for (gsize i = 0; i < (*array)->count; i++)
    out[i] = (float) element (*array, i);
  return out;
}

gint32 *
case_ints (Case *c, const char *name, const BsNpy **array, GError **error)
{
  *array = case_input (c, name, error);
  if (*array == NULL)
    return NULL;
  gint32 *out = g_new (gint32, MAX ((*array)->count, 1));
  for (gsize i = 0; i < (*array)->count; i++)
    out[i] = (gint32) element (*array, i);
  return out;
}

gboolean
case_save (Case *c,
           const char *name,
           BsDtype dtype,
           const gint64 *dims,
           guint n_dims,
           const void *data,
           GError **error)
{
  if (c->dir == NULL)
    return TRUE;
  g_autofree char *file = g_strconcat (name, ".npy", NULL);
  g_autofree char *path = g_build_filename (c->dir, file, NULL);
  return bs_npy_save (path, dtype, dims, n_dims, data, error);
}

void
case_scalar (Case *c, const char *name, double value)
{
  if (isnan (value))
    json_object_set_string_member (c->scalars, name, "nan");
  else if (isinf (value))
    json_object_set_string_member (c->scalars, name, value > 0 ? "inf" : "-inf");
  else
    json_object_set_double_member (c->scalars, name, value);
}

void
case_save_metrics (Case *c, const float *x, const float *y, gsize n)
{
  BsErrorSums sums = { 0 };

  bs_error_sums_add (&sums, x, y, n);
  case_scalar (c, "n", (double) sums.count);
  case_scalar (c, "mse", bs_error_mse (&sums));
  case_scalar (c, "rmse", sqrt (bs_error_mse (&sums)));
  case_scalar (c, "sqnr_db", bs_error_sqnr_db (&sums));
  case_scalar (c, "cosine", bs_error_cosine (&sums));
  case_scalar (c, "max_abs", sums.max_abs);
  case_scalar (c, "mean_err", bs_error_mean (&sums));
  case_scalar (c, "rel_l2", bs_error_relative_l2 (&sums));
}

gboolean
case_spec (Case *c, const char *encoding, BsSpec *spec, GError **error)
{
  const char *granularity = case_text (c, "granularity", NULL);

  if (!bs_spec_parse (encoding, spec, error))
    return FALSE;
  if (json_object_has_member (c->params, "block")) {
    spec->scope = BS_SCOPE_GROUP;
    spec->group = (guint) MAX (case_number (c, "block", 0), 0);
    spec->axis = -1;
  } else if (granularity == NULL || strcmp (granularity, "per_tensor") == 0) {
    spec->scope = BS_SCOPE_TENSOR;
  } else if (strcmp (granularity, "per_channel") == 0) {
    spec->scope = BS_SCOPE_CHANNEL;
    spec->axis = (gint) case_number (c, "axis", 0);
  } else if (strcmp (granularity, "per_group") == 0) {
    spec->scope = BS_SCOPE_GROUP;
    spec->axis = (gint) case_number (c, "axis", -1);
    spec->group = (guint) MAX (case_number (c, "group_size", 0), 0);
  } else if (strcmp (granularity, "per_element") == 0) {
    spec->scope = BS_SCOPE_ELEMENT;
  } else {
    return fail (error, "“%s” is no granularity", granularity);
  }
  return TRUE;
}
