/* Vector operations: integer codes, whole models, refusals, the article's formula.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/encoding.h"
#include "quant/size.h"
#include "run/requantize.h"

#include <math.h>
#include <string.h>

static gint
choice_of (const char *text, const char *const *names, GError **error)
{
  for (gint i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], text) == 0)
      return i;
  fail (error, "“%s” is not known", text);
  return -1;
}

/* integer_spec: bits and the rest are set by hand, so that bs_quantize, not the parser, judges
 * them. */
static gboolean
integer_spec (Case *c, BsSpec *spec, GError **error)
{
  static const char *const rules[] = { "qmax", "half", "pow2n", NULL };
  static const char *const stores[] = { "f32", "f16", "bf16", "f64", "pow2", NULL };
  static const char *const roundings[] = { "half_even", "half_away", "half_up", "floor",
                                           "ceil",      "trunc",     NULL };
  static const char *const ariths[] = { "f32", "f32mul", "f64", NULL };
  gboolean is_signed = case_flag (c, "signed", TRUE);
  double bits = case_number (c, "bits", 8);

  if (!case_spec (c, is_signed ? "int8" : "uint8", spec, error))
    return FALSE;
  spec->bits = (guint8) CLAMP (bits, 0, 255);
  spec->affine = strcmp (case_text (c, "scheme", "symmetric"), "affine") == 0;
  spec->full = !spec->affine && !case_flag (c, "restricted", TRUE);
  gint rule = choice_of (case_text (c, "rule", "qmax"), rules, error);
  gint store = rule < 0 ? -1 : choice_of (case_text (c, "scale_store", "f32"), stores, error);
  gint rounding =
    store < 0 ? -1 : choice_of (case_text (c, "rounding", "half_even"), roundings, error);
  gint arith = rounding < 0 ? -1 : choice_of (case_text (c, "arith", "f32"), ariths, error);
  if (arith < 0)
    return FALSE;
  spec->scale_rule = (BsScaleRule) rule;
  spec->store = (BsScaleStore) store;
  spec->rounding = (BsRounding) rounding;
  spec->arith = (BsArith) arith;
  const char *calib = case_text (c, "calib", "minmax");
  spec->range = bs_range_find (calib);
  if (spec->range == NULL)
    return fail (error, "“%s” is not a range rule", calib);
  if (strcmp (calib, "percentile") == 0) {
    JsonObject *args = json_object_get_object_member (c->params, "calib_args");
    spec->range_params[0] = json_object_get_double_member (args, "percentile");
  }
  return TRUE;
}

static gboolean
save_params (Case *c, const BsQuant *quant, GError **error)
{
  g_autofree gint32 *zeros = g_new0 (gint32, MAX (quant->n_scales, 1));

  if (quant->scale_f64 != NULL && !case_save (c, "scale", BS_DTYPE_F64, quant->scale_dims,
                                              quant->scale_n_dims, quant->scale_f64, error))
    return FALSE;
  if (quant->scale_f64 == NULL && !case_save (c, "scale", BS_DTYPE_F32, quant->scale_dims,
                                              quant->scale_n_dims, quant->scale, error))
    return FALSE;
  return case_save (c, "zero_point", BS_DTYPE_I32, quant->scale_dims, quant->scale_n_dims,
                    quant->zero != NULL ? quant->zero : zeros, error);
}

static gboolean
quantize_int (Case *c, GError **error)
{
  const BsNpy *array;
  BsSpec spec;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL || !integer_spec (c, &spec, error))
    return FALSE;
  g_autoptr (BsQuant) quant =
    bs_quantize (&spec, x, array->dims, array->n_dims, 0, NULL, "x", error);
  if (quant == NULL)
    return FALSE;
  case_save_metrics (c, x, quant->values, quant->n);
  case_scalar (c, "size_bits", (double) quant->size_bits);
  return save_params (c, quant, error) &&
         case_save (c, "codes", BS_DTYPE_I32, array->dims, array->n_dims, quant->codes, error) &&
         case_save (c, "dequant", BS_DTYPE_F32, array->dims, array->n_dims, quant->values, error);
}

static gboolean
quantize_whole_model (Case *c, GError **error)
{
  guint n = g_hash_table_size (c->inputs);
  g_autoptr (GPtrArray) data = g_ptr_array_new_with_free_func (g_free);
  g_autofree gsize *counts = g_new0 (gsize, n + 1);
  g_autofree const BsNpy **arrays = g_new0 (const BsNpy *, n + 1);
  BsInterval range;
  BsSpec spec;

  if (!integer_spec (c, &spec, error))
    return FALSE;
  spec.scope = BS_SCOPE_MODEL;
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("t%u", i);
    float *x = case_floats (c, name, &arrays[i], error);
    if (x == NULL)
      return FALSE;
    g_ptr_array_add (data, x);
    counts[i] = arrays[i]->count;
  }
  if (!bs_quant_model_range (&spec, (const float *const *) data->pdata, counts, n, &range, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    g_autofree char *codes = g_strdup_printf ("codes%u", i),
                    *dequant = g_strdup_printf ("dequant%u", i);
    const BsNpy *a = arrays[i];
    g_autoptr (BsQuant) quant =
      bs_quantize (&spec, data->pdata[i], a->dims, a->n_dims, 0, &range, "t", error);
    if (quant == NULL || !save_params (c, quant, error) ||
        !case_save (c, codes, BS_DTYPE_I32, a->dims, a->n_dims, quant->codes, error) ||
        !case_save (c, dequant, BS_DTYPE_F32, a->dims, a->n_dims, quant->values, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
expect_error (Case *c, GError **error)
{
  JsonArray *calls = json_object_get_array_member (c->params, "calls");
  guint n_refused = 0;

  for (guint i = 0; i < json_array_get_length (calls); i++) {
    JsonObject *call = json_array_get_object_element (calls, i);
    OpFunc func = find_op (json_object_get_string_member (call, "op"));
    g_autoptr (JsonObject) scalars = json_object_new ();
    Case inner = { c->id, json_object_get_object_member (call, "params"), c->inputs, NULL,
                   scalars };
    g_autoptr (GError) problem = NULL;
    n_refused += func == NULL || !func (&inner, &problem);
  }
  case_scalar (c, "errors", n_refused);
  return TRUE;
}

static gboolean
article_formula (Case *c, GError **error)
{
  double a = case_number (c, "a", 0), b = case_number (c, "b", 0),
         beta = case_number (c, "beta", 0);
  double alpha = (b - a) / (beta - a);
  const BsNpy *array;
  BsSpec spec;
  g_autofree float *x = case_floats (c, "x", &array, error);

  if (x == NULL || !bs_spec_parse ("uint8", &spec, error))
    return FALSE;
  g_autofree double *y = g_new (double, MAX (array->count, 1));
  for (gsize i = 0; i < array->count; i++)
    y[i] = alpha * (x[i] - a) + a;
  g_autoptr (BsQuant) quant =
    bs_quantize (&spec, x, array->dims, array->n_dims, 0, NULL, "x", error);
  if (quant == NULL)
    return FALSE;
  case_scalar (c, "alpha", alpha);
  return case_save (c, "y", BS_DTYPE_F64, array->dims, array->n_dims, y, error) &&
         case_save (c, "codes_correct", BS_DTYPE_I32, array->dims, array->n_dims, quant->codes,
                    error) &&
         case_save (c, "dequant_correct", BS_DTYPE_F32, array->dims, array->n_dims, quant->values,
                    error);
}

static gboolean
choose_qparams_nudged (Case *c, GError **error)
{
  double scale;
  gint32 zero;

  bs_choose_nudged (case_number (c, "rmin", 0), case_number (c, "rmax", 0),
                    (gint32) case_number (c, "qmin", 0), (gint32) case_number (c, "qmax", 255),
                    &scale, &zero);
  case_scalar (c, "scale", scale);
  case_scalar (c, "zero_point", zero);
  return TRUE;
}

static guint64
row_number (JsonObject *row, const char *key)
{
  return json_object_has_member (row, key) ? (guint64) json_object_get_int_member (row, key) : 0;
}

static gboolean
size_bits (Case *c, GError **error)
{
  JsonArray *rows = json_object_get_array_member (c->params, "rows");
  guint n = json_array_get_length (rows);
  gint64 dims[] = { n };
  g_autofree gint32 *bits = g_new (gint32, n + 1), *bytes = g_new (gint32, n + 1);
  g_autofree double *per_weight = g_new (double, n + 1);

  for (guint i = 0; i < n; i++) {
    JsonObject *row = json_array_get_object_element (rows, i);
    BsSizeParts parts = { row_number (row, "n"),        row_number (row, "bits"),
                          row_number (row, "n_scales"), row_number (row, "scale_bits"),
                          row_number (row, "n_zp"),     row_number (row, "zp_bits"),
                          row_number (row, "codebook"), row_number (row, "codebook_bits") };
    bits[i] = (gint32) bs_size_bits (&parts);
    bytes[i] = (gint32) bs_size_bytes (bs_size_bits (&parts));
    per_weight[i] = bs_size_bits_per_weight (&parts);
  }
  return case_save (c, "total_bits", BS_DTYPE_I32, dims, 1, bits, error) &&
         case_save (c, "total_bytes", BS_DTYPE_I32, dims, 1, bytes, error) &&
         case_save (c, "bits_per_weight", BS_DTYPE_F64, dims, 1, per_weight, error);
}

const Op quantize_ops[] = {
  { "quantize_int", quantize_int },
  { "quantize_whole_model", quantize_whole_model },
  { "expect_error", expect_error },
  { "article_formula", article_formula },
  { "choose_qparams_nudged", choose_qparams_nudged },
  { "size_bits", size_bits },
  { NULL },
};
