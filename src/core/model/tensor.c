/* One value in the graph: its name, element type, shape, and data when it is a constant.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/tensor.h"

gboolean
bs_dims_count (const gint64 *dims, guint n_dims, gsize *count)
{
  guint64 product = 1;
  gboolean empty = FALSE;

  if (n_dims > BS_MAX_DIMS)
    return FALSE;
  for (guint i = 0; i < n_dims; i++) {
    if (dims[i] < 0)
      return FALSE;
    if (dims[i] == 0)
      empty = TRUE;
    else if (!g_uint64_checked_mul (&product, product, (guint64) dims[i]) ||
             product > G_MAXINT64 / 16)
      return FALSE;
  }
  *count = empty ? 0 : (gsize) product;
  return TRUE;
}

gboolean
bs_dims_bytes (const gint64 *dims, guint n_dims, BsDtype dtype, gsize *bytes)
{
  gsize count;

  if (!bs_dims_count (dims, n_dims, &count))
    return FALSE;
  *bytes = (count / 8) * bs_dtype_bits (dtype) + ((count % 8) * bs_dtype_bits (dtype) + 7) / 8;
  return TRUE;
}

char *
bs_dims_to_string (const gint64 *dims, guint n_dims)
{
  GString *text = g_string_new (NULL);

  if (n_dims == BS_DIMS_UNKNOWN)
    g_string_append (text, "unknown");
  else if (n_dims == 0)
    g_string_append (text, "scalar");
  else
    for (guint i = 0; i < n_dims; i++) {
      if (i > 0)
        g_string_append (text, "×");
      if (dims[i] < 0)
        g_string_append (text, "N");
      else
        g_string_append_printf (text, "%" G_GINT64_FORMAT, dims[i]);
    }
  return g_string_free (text, FALSE);
}
