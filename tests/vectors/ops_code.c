/* Vector operations: NF4, binary, ternary, powers of two, mu-law, code books.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/encoding.h"
#include "quant/kmeans.h"
#include "quant/powers.h"

#include <math.h>
#include <string.h>

static gboolean
run (Case *c, const char *text, GError **error)
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
  case_save_metrics (c, x, quant->values, quant->n);
  case_scalar (c, "size_bits", (double) quant->size_bits);
  if (strcmp (spec.encoding->id, "pow2") == 0)
    case_scalar (c, "e1", ilogb (quant->scale[0]));
  return case_save (c, "scale", BS_DTYPE_F32, quant->scale_dims, quant->scale_n_dims, quant->scale,
                    error) &&
         case_save (c, "codes", BS_DTYPE_I32, array->dims, array->n_dims, quant->codes, error) &&
         case_save (c, "dequant", BS_DTYPE_F32, array->dims, array->n_dims, quant->values, error);
}

static gboolean
quantize_nf4 (Case *c, GError **error)
{
  return run (c, "nf4", error);
}

static gboolean
quantize_binary (Case *c, GError **error)
{
  return run (c, "binary", error);
}

static gboolean
quantize_ternary (Case *c, GError **error)
{
  return run (c,
              strcmp (case_text (c, "method", "twn"), "exact") == 0 ? "ternary:exact=1" : "ternary",
              error);
}

static gboolean
quantize_pot (Case *c, GError **error)
{
  g_autofree char *text = g_strdup_printf ("pow2-%d:log=%d", (int) case_number (c, "bits", 4),
                                           strcmp (case_text (c, "domain", "linear"), "log") == 0);

  return run (c, text, error);
}

static gboolean
quantize_apot (Case *c, GError **error)
{
  guint n = (guint) case_number (c, "n", 2), k = (guint) case_number (c, "k", 2);
  g_autofree char *text = g_strdup_printf ("apot-%u:k=%u", 1 + n * k, k);

  if (!run (c, text, error))
    return FALSE;
  double levels[256];
  gint64 dims[] = { bs_apot_levels (n * k, k, levels) };
  return case_save (c, "levels", BS_DTYPE_F64, dims, 1, levels, error);
}

static gboolean
quantize_mulaw (Case *c, GError **error)
{
  char mu[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *text =
    g_strdup_printf ("mulaw-%d:mu=%s", (int) case_number (c, "bits", 8),
                     g_ascii_dtostr (mu, sizeof mu, case_number (c, "mu", 255)));

  return run (c, text, error);
}

static gboolean
kmeans_codebook (Case *c, GError **error)
{
  guint k = (guint) CLAMP (case_number (c, "k", 0), 1, 65536);
  const BsNpy *array;
  g_autofree float *x = case_floats (c, "x", &array, error);
  g_autofree double *levels = g_new (double, k);
  double total = 0;

  if (x == NULL)
    return FALSE;
  bs_kmeans (x, array->count, k, levels);
  for (gsize i = 0; i < array->count; i++) {
    double least = INFINITY;
    for (guint l = 0; l < k; l++)
      least = MIN (least, (x[i] - levels[l]) * (x[i] - levels[l]));
    total += least;
  }
  case_scalar (c, "mse", array->count > 0 ? total / (double) array->count : 0);
  return TRUE;
}

const Op code_ops[] = {
  { "quantize_nf4", quantize_nf4 },         { "quantize_binary", quantize_binary },
  { "quantize_ternary", quantize_ternary }, { "quantize_pot", quantize_pot },
  { "quantize_apot", quantize_apot },       { "quantize_mulaw", quantize_mulaw },
  { "kmeans_codebook", kmeans_codebook },   { NULL },
};
