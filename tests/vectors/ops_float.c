/* Vector operations: small floats, MX, NVFP4, ggml blocks.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/encoding.h"
#include "quant/ggml.h"
#include "quant/minifloat.h"

#include <math.h>
#include <string.h>

/* format_id: "fp8_e4m3" → "fp8e4m3", "mxfp4_e2m1" → "mxfp4". (transfer full) */
static char *
format_id (Case *c)
{
  g_auto (GStrv) parts = g_strsplit (case_text (c, "format", ""), "_", -1);

  return strcmp (case_text (c, "format", ""), "mxfp4_e2m1") == 0 ? g_strdup ("mxfp4")
                                                                 : g_strjoinv ("", parts);
}

static gboolean
save (Case *c, const BsNpy *array, const float *x, const BsQuant *quant, GError **error)
{
  case_save_metrics (c, x, quant->values, quant->n);
  case_scalar (c, "size_bits", (double) quant->size_bits);
  return case_save (c, "codes", BS_DTYPE_I32, array->dims, array->n_dims, quant->codes, error) &&
         case_save (c, "dequant", BS_DTYPE_F32, array->dims, array->n_dims, quant->values, error);
}

static gboolean
quantize_float (Case *c, GError **error)
{
  gboolean scaled = case_flag (c, "scaled", FALSE);
  g_autofree char *id = format_id (c);
  g_autofree char *text =
    g_strdup_printf ("%s:scaled=%d:saturate=%d", id, scaled, case_flag (c, "saturate", TRUE));
  const BsNpy *array;
  BsSpec spec;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL || !case_spec (c, text, &spec, error))
    return FALSE;
  g_autoptr (BsQuant) quant =
    bs_quantize (&spec, x, array->dims, array->n_dims, 0, NULL, "x", error);
  if (quant == NULL)
    return FALSE;
  if (scaled && !case_save (c, "scale", BS_DTYPE_F32, quant->scale_dims, quant->scale_n_dims,
                            quant->scale, error))
    return FALSE;
  return save (c, array, x, quant, error);
}

static gboolean
decode_float (Case *c, GError **error)
{
  g_autofree char *id = format_id (c);
  const BsMinifloat *format = bs_minifloat_find (id);
  const BsNpy *array;
  g_autofree gint32 *codes = case_ints (c, "codes", &array, error);

  if (codes == NULL)
    return FALSE;
  if (format == NULL)
    return fail (error, "“%s” is not a float format", id);
  g_autofree float *values = g_new (float, MAX (array->count, 1));
  for (gsize i = 0; i < array->count; i++)
    values[i] = bs_minifloat_decode (format, (guint) codes[i]);
  return case_save (c, "values", BS_DTYPE_F32, array->dims, array->n_dims, values, error);
}

static gboolean
quantize_blocks (Case *c, const char *text, gboolean is_nvfp4, GError **error)
{
  const BsNpy *array;
  BsSpec spec;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL || !case_spec (c, text, &spec, error))
    return FALSE;
  g_autoptr (BsQuant) quant =
    bs_quantize (&spec, x, array->dims, array->n_dims, 0, NULL, "x", error);
  if (quant == NULL)
    return FALSE;
  g_autofree gint32 *codes = g_new (gint32, MAX (quant->n_scales, 1));
  for (gsize k = 0; k < quant->n_scales; k++)
    codes[k] = is_nvfp4 ? (gint32) bs_minifloat_encode (&bs_fp8e4m3, quant->scale[k], TRUE)
                        : ilogb (quant->scale[k]) + 127;
  if (is_nvfp4)
    case_scalar (c, "tensor_scale", quant->tensor_scale);
  return case_save (c, "scale_codes", BS_DTYPE_I32, quant->scale_dims, quant->scale_n_dims, codes,
                    error) &&
         save (c, array, x, quant, error);
}

static gboolean
quantize_mx (Case *c, GError **error)
{
  g_autofree char *id = format_id (c);

  return quantize_blocks (c, id, FALSE, error);
}

static gboolean
quantize_nvfp4 (Case *c, GError **error)
{
  return quantize_blocks (c, "nvfp4", TRUE, error);
}

static gboolean
ggml_type (Case *c, BsGgmlType *type, GError **error)
{
  const char *name = case_text (c, "type", "");

  return bs_ggml_find (name, type) || fail (error, "“%s” is not a block type", name);
}

static gboolean
ggml_quantize (Case *c, GError **error)
{
  const BsNpy *array;
  BsGgmlType type;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL || !ggml_type (c, &type, error))
    return FALSE;
  guint block = bs_ggml_block (type), size = bs_ggml_block_bytes (type);
  if (array->count % block != 0)
    return fail (error, "%" G_GSIZE_FORMAT " values are not whole blocks", array->count);
  gsize n_blocks = array->count / block;
  gint64 dims[] = { (gint64) (n_blocks * size) };
  g_autofree guint8 *bytes = g_malloc (n_blocks * size + 1);
  g_autofree float *values = g_new (float, array->count + 1);
  for (gsize i = 0; i < n_blocks; i++) {
    bs_ggml_encode (type, x + i * block, bytes + i * size);
    bs_ggml_decode (type, bytes + i * size, values + i * block);
  }
  return case_save (c, "bytes", BS_DTYPE_U8, dims, 1, bytes, error) &&
         case_save (c, "dequant", BS_DTYPE_F32, array->dims, array->n_dims, values, error);
}

static gboolean
ggml_dequantize (Case *c, GError **error)
{
  const BsNpy *array = case_input (c, "bytes", error);
  BsGgmlType type;

  if (array == NULL || !ggml_type (c, &type, error))
    return FALSE;
  guint block = bs_ggml_block (type), size = bs_ggml_block_bytes (type);
  gsize n_blocks = array->count / size;
  gint64 dims[] = { (gint64) (n_blocks * block) };
  g_autofree float *values = g_new (float, n_blocks *block + 1);
  for (gsize i = 0; i < n_blocks; i++)
    bs_ggml_decode (type, (const guint8 *) array->data + i * size, values + i * block);
  return case_save (c, "dequant", BS_DTYPE_F32, dims, 1, values, error);
}

const Op float_ops[] = {
  { "quantize_float", quantize_float },
  { "decode_float", decode_float },
  { "quantize_mx", quantize_mx },
  { "quantize_nvfp4", quantize_nvfp4 },
  { "ggml_quantize", ggml_quantize },
  { "ggml_dequantize", ggml_dequantize },
  { NULL },
};
