/* Encoding: the tensor is left alone, in float32.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"

#include <glib/gi18n-lib.h>

#include <string.h>

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  g_clear_pointer (&quant->codes, g_free);
  g_clear_pointer (&quant->scale, g_free);
  if (quant->n > 0)
    memcpy (quant->values, x, quant->n * sizeof *x);
  return TRUE;
}

static guint64
size_bits (const BsSpec *spec, gsize n, gsize n_scales)
{
  return 32 * (guint64) n;
}

const BsEncoding bs_encoding_float = {
  .id = "float",
  .title = N_ ("Float, left alone"),
  .description = N_ ("The tensor stays as it is, in 32-bit floating point (IEEE 754): the "
                     "yardstick for everything else."),
  .family = BS_FAMILY_NONE,
  .min_bits = 32,
  .max_bits = 32,
  .encode = encode,
  .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE,
  .size_bits = size_bits,
};
