/* Operators: finding rows, and what rows share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/op.h"

#include "ops/op_util.h"

#include <string.h>

const BsOp *
bs_op_find (const char *domain, const char *type)
{
  static gsize once;
  static GHashTable *table;

  if (domain == NULL || strcmp (domain, "ai.onnx") == 0)
    domain = "";
  if (g_once_init_enter (&once)) {
    table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; bs_ops[i] != NULL; i++)
      g_hash_table_insert (table, g_strdup_printf ("%s:%s", bs_ops[i]->domain, bs_ops[i]->type),
                           (gpointer) bs_ops[i]);
    g_once_init_leave (&once, 1);
  }
  g_autofree char *key = g_strdup_printf ("%s:%s", domain, type);
  return g_hash_table_lookup (table, key);
}

gboolean
bs_check_operators (const BsModel *model, GError **error)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) types = g_ptr_array_new (); /* in the order of the graph */
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < model->n_nodes; i++) {
    char *type = model->nodes[i].op_type;
    guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, type));
    if (model->nodes[i].op != NULL)
      continue;
    if (count == 0)
      g_ptr_array_add (types, type);
    g_hash_table_insert (counts, type, GUINT_TO_POINTER (count + 1));
  }
  for (guint i = 0; i < types->len; i++)
    g_string_append_printf (text, "%s%s (%u)", i > 0 ? ", " : "", (char *) types->pdata[i],
                            GPOINTER_TO_UINT (g_hash_table_lookup (counts, types->pdata[i])));
  if (types->len > 0)
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "The model “%s” cannot be run: unsupported operators %s. Its weights can still be "
                 "quantized and looked at.",
                 model->name, text->str);
  return types->len == 0;
}

gboolean
bs_call_error (const BsCall *call, GError **error, BsErrorCode code, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BS_ERROR, code, "Node “%s” (%s): %s", call->node->name, call->node->op_type,
               text);
  return FALSE;
}

gsize
bs_value_count (const BsValue *value)
{
  gsize count = 0;
  gboolean known = bs_dims_count (value->dims, value->n_dims, &count);

  g_assert (known);
  return count;
}

gboolean
bs_value_same_shape (const BsValue *a, const BsValue *b)
{
  return a->n_dims == b->n_dims &&
         (a->n_dims == 0 || memcmp (a->dims, b->dims, a->n_dims * sizeof *a->dims) == 0);
}

void
bs_out_like (BsCall *call, guint output, const BsValue *value)
{
  call->out[output]->dtype = value->dtype;
  call->out[output]->n_dims = value->n_dims;
  memcpy (call->out[output]->dims, value->dims, sizeof value->dims);
}

void
bs_out_dims (BsCall *call, guint output, BsDtype dtype, const gint64 *dims, guint n_dims)
{
  call->out[output]->dtype = dtype;
  call->out[output]->n_dims = n_dims;
  if (n_dims > 0 && n_dims != BS_DIMS_UNKNOWN)
    memcpy (call->out[output]->dims, dims, n_dims * sizeof *dims);
}

gboolean
bs_infer_like (BsCall *call, GError **error)
{
  bs_out_like (call, 0, call->in[0]);
  return TRUE;
}

const BsValue *
bs_in (const BsCall *call, guint input)
{
  return input < call->n_in ? call->in[input] : NULL;
}

gboolean
bs_has_out (const BsCall *call, guint output)
{
  return output < call->n_out && call->node->outputs[output] != BS_TENSOR_NONE;
}

gboolean
bs_axis (const BsCall *call, gint64 axis, guint n_dims, guint *out, GError **error)
{
  if (axis < -(gint64) n_dims || axis >= (gint64) n_dims)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "axis %" G_GINT64_FORMAT " does not exist in a tensor of %u dimensions",
                          axis, n_dims);
  *out = (guint) (axis < 0 ? axis + n_dims : axis);
  return TRUE;
}

gboolean
bs_value_int (const BsValue *value, gsize index, gint64 *out)
{
  if (value == NULL || value->data == NULL)
    return FALSE;
  switch (value->dtype) {
  case BS_DTYPE_I64:
    *out = ((const gint64 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_I32:
    *out = ((const gint32 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_I16:
    *out = ((const gint16 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_I8:
    *out = ((const gint8 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_U8:
  case BS_DTYPE_BOOL:
    *out = ((const guint8 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_U32:
    *out = ((const guint32 *) value->data)[index];
    return TRUE;
  case BS_DTYPE_U16:
    *out = ((const guint16 *) value->data)[index];
    return TRUE;
  default:
    return FALSE;
  }
}

gboolean
bs_value_is_int (const BsValue *value)
{
  switch (value->dtype) {
  case BS_DTYPE_I64:
  case BS_DTYPE_I32:
  case BS_DTYPE_I16:
  case BS_DTYPE_I8:
  case BS_DTYPE_U8:
  case BS_DTYPE_U16:
  case BS_DTYPE_U32:
    return TRUE;
  default:
    return FALSE;
  }
}

BsInts
bs_ints (const BsCall *call,
         guint input,
         const char *attribute,
         gint64 *values,
         guint max,
         guint *n,
         GError **error)
{
  const BsValue *value = bs_in (call, input);
  const gint64 *listed;

  *n = 0;
  if (value != NULL && input != BS_NO_INPUT) {
    gsize count = bs_value_count (value);
    if (!bs_value_is_int (value) || value->n_dims > 1 || count > max) {
      bs_call_error (call, error, BS_ERROR_SHAPE, "input %u must be a list of at most %u integers",
                     input + 1, max);
      return BS_INTS_ERROR;
    }
    if (count > 0 && value->data == NULL)
      return BS_INTS_UNKNOWN;
    for (gsize i = 0; i < count; i++)
      bs_value_int (value, i, &values[i]);
    *n = (guint) count;
    return BS_INTS_KNOWN;
  }
  listed = attribute != NULL ? bs_node_ints (call->node, attribute, n) : NULL;
  if (listed == NULL)
    return BS_INTS_ABSENT;
  if (*n > max) {
    bs_call_error (call, error, BS_ERROR_SHAPE, "“%s” has %u entries, at most %u are possible",
                   attribute, *n, max);
    return BS_INTS_ERROR;
  }
  memcpy (values, listed, *n * sizeof *values);
  return BS_INTS_KNOWN;
}

gboolean
bs_read_index (const BsCall *call,
               const BsValue *indices,
               gsize at,
               gint64 dim,
               gint64 *index,
               GError **error)
{
  gint64 given = 0;

  if (!bs_value_int (indices, at, &given))
    return bs_call_error (call, error, BS_ERROR_FORMAT, "its indices are not integers");
  *index = given < 0 ? given + dim : given;
  if (*index < 0 || *index >= dim)
    return bs_call_error (call, error, BS_ERROR_SHAPE,
                          "index %" G_GINT64_FORMAT " is outside 0…%" G_GINT64_FORMAT, given,
                          dim - 1);
  return TRUE;
}

gsize
bs_product (const gint64 *dims, guint from, guint to)
{
  gsize product = 1;

  for (guint i = from; i < to; i++)
    product *= (gsize) dims[i];
  return product;
}

gboolean
bs_require (const BsCall *call, guint input, BsDtype dtype, GError **error)
{
  const BsValue *value = bs_in (call, input);

  if (value == NULL || value->dtype == dtype)
    return TRUE;
  return bs_call_error (call, error, BS_ERROR_UNSUPPORTED,
                        "input %u is %s; this program computes it on %s only", input + 1,
                        bs_dtype_name (value->dtype), bs_dtype_name (dtype));
}

gboolean
bs_no_memory (const BsCall *call, GError **error)
{
  return bs_call_error (call, error, BS_ERROR_TOO_LARGE, "not enough memory");
}
