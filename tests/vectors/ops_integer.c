/* Vector operations: products, requantization and networks on integers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "run/requantize.h"

#include <bsk.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gboolean
profile_of (Case *c, BsRequantizeProfile *profile, GError **error)
{
  static const char *const names[] = { "real_even", "tflite_double", "tflite_single" };
  const char *name = case_text (c, "profile", "real_even");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0) {
      *profile = (BsRequantizeProfile) i;
      return TRUE;
    }
  return fail (error, "“%s” is not a profile", name);
}

/* kernel_product: the same by the kernels; FALSE where they have no product of these types. b: [k ×
 * n]. */
static gboolean
kernel_product (const BsNpy *a, const BsNpy *b, gint32 za, gint32 *acc)
{
  size_t m = (size_t) a->dims[0], k = (size_t) a->dims[1], n = (size_t) b->dims[1];
  BskGemmArgs args = {
    .n = (int) n, .k = (int) k, .a_type = BSK_U8, .a = { 1, za, 0, 255 }, .out_type = BSK_S32
  };

  if (b->dtype != BS_DTYPE_I8 || a->dtype != BS_DTYPE_U8)
    return FALSE;
  g_autofree gint8 *w = g_malloc (n * k);
  g_autofree guint8 *codes = g_malloc0 (m * k + BSK_SLACK);
  for (size_t l = 0; l < k; l++)
    for (size_t j = 0; j < n; j++)
      w[j * k + l] = ((const gint8 *) b->data)[l * n + j];
  memcpy (codes, a->data, m * k);
  size_t size = bsk_gemm_bytes (&args);
  void *packed =
    size > 0 ? aligned_alloc (BSK_ALIGN, (size + BSK_ALIGN - 1) / BSK_ALIGN * BSK_ALIGN) : NULL;
  gboolean ok = packed != NULL && bsk_gemm_pack (&args, w, k, packed) == BSK_OK &&
                bsk_gemm (packed, codes, k, acc, n, 0, m) == BSK_OK;
  free (packed);
  return ok;
}

static gboolean
int_matmul (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree gint32 *x = case_ints (c, "a", &a, error);
  g_autofree gint32 *y = x != NULL ? case_ints (c, "b", &b, error) : NULL;
  gint32 za = (gint32) case_number (c, "za", 0), zb = (gint32) case_number (c, "zb", 0);

  if (y == NULL)
    return FALSE;
  if (a->n_dims != 2 || b->n_dims != 2 || a->dims[1] != b->dims[0])
    return fail (error, "the matrices do not fit together");
  gint64 dims[] = { a->dims[0], b->dims[1] };
  gsize count = (gsize) (dims[0] * dims[1]);
  g_autofree gint64 *wide = g_new (gint64, count + 1);
  g_autofree gint32 *acc = g_new (gint32, count + 1), *by_kernel = g_new (gint32, count + 1);
  gboolean fits =
    bs_integer_product (x, y, (gsize) dims[0], (gsize) a->dims[1], (gsize) dims[1], za, zb, wide);
  for (gsize i = 0; i < count; i++)
    acc[i] = fits ? (gint32) wide[i] : 0;
  if (fits && zb == 0 &&
      kernel_product (a, b, za, by_kernel)) /* the kernels' sums are what is judged */
    memcpy (acc, by_kernel, count * sizeof *acc);
  case_scalar (c, "overflows_int32", !fits);
  return (!fits || case_save (c, "acc", BS_DTYPE_I32, dims, 2, acc, error)) &&
         case_save (c, "acc_exact", BS_DTYPE_I64, dims, 2, wide, error);
}

static gboolean
requantize (Case *c, GError **error)
{
  const BsNpy *a, *m;
  g_autofree gint32 *acc = case_ints (c, "acc", &a, error);
  g_autofree double *multiplier = acc != NULL ? case_doubles (c, "multiplier", &m, error) : NULL;
  BsRequantizeProfile profile = BS_REQUANTIZE_REAL_EVEN;

  if (multiplier == NULL || !profile_of (c, &profile, error))
    return FALSE;
  g_autofree gint32 *codes = g_new (gint32, a->count + 1);
  for (gsize i = 0; i < a->count; i++)
    codes[i] = bs_requantize (acc[i], multiplier[i % m->count], (gint32) case_number (c, "zp", 0),
                              (gint32) case_number (c, "qmin", -128),
                              (gint32) case_number (c, "qmax", 127), profile);
  return case_save (c, "codes", BS_DTYPE_I32, a->dims, a->n_dims, codes, error);
}

static gboolean
quantize_multiplier (Case *c, GError **error)
{
  const BsNpy *a;
  g_autofree double *m = case_doubles (c, "m", &a, error);

  if (m == NULL)
    return FALSE;
  g_autofree gint32 *q31 = g_new (gint32, a->count + 1);
  g_autofree gint32 *shift = g_new (gint32, a->count + 1);
  for (gsize i = 0; i < a->count; i++)
    bs_quantize_multiplier (m[i], &q31[i], &shift[i]);
  return case_save (c, "q31", BS_DTYPE_I32, a->dims, a->n_dims, q31, error) &&
         case_save (c, "shift", BS_DTYPE_I32, a->dims, a->n_dims, shift, error);
}

/* run_layer: codes [n × n_in] → sums and codes [n × n_out]. (transfer full) the codes. */
static gint32 *
run_layer (Case *c,
           guint l,
           JsonObject *layer,
           BsRequantizeProfile profile,
           const gint32 *codes,
           gsize n,
           gsize *width,
           GError **error)
{
  g_autofree char *w_name = g_strdup_printf ("W%u", l), *b_name = g_strdup_printf ("bias%u", l);
  g_autofree char *m_name = g_strdup_printf ("multiplier%u", l),
                  *acc_name = g_strdup_printf ("acc%u", l);
  g_autofree char *y_name = g_strdup_printf ("y%u", l);
  const BsNpy *shape, *v;
  g_autofree gint32 *w = case_ints (c, w_name, &shape, error);
  g_autofree gint32 *bias = w != NULL ? case_ints (c, b_name, &v, error) : NULL;
  g_autofree double *m = bias != NULL ? case_doubles (c, m_name, &v, error) : NULL;
  gint32 x_zero = (gint32) json_object_get_int_member (layer, "x_zp");

  if (m == NULL)
    return NULL;
  gsize n_out = (gsize) shape->dims[0], n_in = (gsize) shape->dims[1];
  if (n_in != *width) {
    fail (error, "layer %u does not fit", l);
    return NULL;
  }
  gint64 dims[] = { (gint64) n, (gint64) n_out };
  g_autofree gint32 *acc = g_new (gint32, n * n_out + 1),
                    *turned = g_new (gint32, n_in * n_out + 1);
  g_autofree gint64 *wide = g_new (gint64, n * n_out + 1);
  for (gsize o = 0; o < n_out; o++)
    for (gsize i = 0; i < n_in; i++)
      turned[i * n_out + o] = w[o * n_in + i];
  if (!bs_integer_product (codes, turned, n, n_in, n_out, x_zero, 0, wide)) {
    fail (error, "layer %u overflows", l);
    return NULL;
  }
  g_autofree gint32 *y = g_new (gint32, n * n_out + 1);
  for (gsize i = 0; i < n * n_out; i++) {
    acc[i] = (gint32) (wide[i] + bias[i % n_out]);
    y[i] = bs_requantize (acc[i], m[i % n_out], (gint32) json_object_get_int_member (layer, "y_zp"),
                          (gint32) json_object_get_int_member (layer, "qmin"),
                          (gint32) json_object_get_int_member (layer, "qmax"), profile);
  }
  *width = n_out;
  if (!case_save (c, acc_name, BS_DTYPE_I32, dims, 2, acc, error) ||
      !case_save (c, y_name, BS_DTYPE_I32, dims, 2, y, error))
    return NULL;
  return g_steal_pointer (&y);
}

static guint
argmax (const double *x, gsize n)
{
  guint best = 0;

  for (guint i = 1; i < n; i++)
    best = x[i] > x[best] ? i : best;
  return best;
}

static gboolean
int_mlp (Case *c, GError **error)
{
  JsonArray *layers = json_object_get_array_member (c->params, "layers");
  guint n_layers = json_array_get_length (layers);
  const BsNpy *shape, *f;
  BsRequantizeProfile profile = BS_REQUANTIZE_REAL_EVEN;
  g_autofree gint32 *codes = case_ints (c, "x_codes", &shape, error);
  g_autofree double *reference = codes != NULL ? case_doubles (c, "float_logits", &f, error) : NULL;
  double y_scale = case_number (c, "y_scale", 1), agreement = 0;

  if (reference == NULL || !profile_of (c, &profile, error))
    return FALSE;
  gsize n = (gsize) shape->dims[0], width = (gsize) shape->dims[1];
  for (guint l = 0; l < n_layers; l++) {
    gint32 *y =
      run_layer (c, l, json_array_get_object_element (layers, l), profile, codes, n, &width, error);
    if (y == NULL)
      return FALSE;
    g_free (codes);
    codes = y;
  }
  gint64 zero =
    json_object_get_int_member (json_array_get_object_element (layers, n_layers - 1), "y_zp");
  gint64 dims[] = { (gint64) n, (gint64) width };
  g_autofree double *logits = g_new (double, n *width + 1);
  for (gsize i = 0; i < n * width; i++)
    logits[i] = (double) (codes[i] - zero) * y_scale;
  for (gsize i = 0; i < n; i++)
    agreement += argmax (logits + i * width, width) == argmax (reference + i * width, width);
  case_scalar (c, "agreement_with_float", agreement / (double) n);
  return case_save (c, "logits_float", BS_DTYPE_F64, dims, 2, logits, error);
}

const Op integer_ops[] = {
  { "int_matmul", int_matmul },
  { "requantize", requantize },
  { "quantize_multiplier", quantize_multiplier },
  { "int_mlp", int_mlp },
  { NULL },
};
