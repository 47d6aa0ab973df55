/* Vector operations: corrections and pruning.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/correction.h"

#include <math.h>
#include <string.h>

static gboolean
bn_fold (Case *c, GError **error)
{
  const BsNpy *w, *v;
  g_autofree float *weights = case_floats (c, "W", &w, error);
  g_autofree float *b = weights != NULL ? case_floats (c, "b", &v, error) : NULL;
  g_autofree float *gamma = b != NULL ? case_floats (c, "gamma", &v, error) : NULL;
  g_autofree float *beta = gamma != NULL ? case_floats (c, "beta", &v, error) : NULL;
  g_autofree float *mean = beta != NULL ? case_floats (c, "mean", &v, error) : NULL;
  g_autofree float *var = mean != NULL ? case_floats (c, "var", &v, error) : NULL;

  if (var == NULL)
    return FALSE;
  gsize n_out = v->count, n_in = n_out > 0 ? w->count / n_out : 0;
  bs_fold_bn (weights, b, n_out, n_in, gamma, beta, mean, var, case_number (c, "eps", 1e-5),
              weights, b);
  return case_save (c, "W_folded", BS_DTYPE_F32, w->dims, w->n_dims, weights, error) &&
         case_save (c, "b_folded", BS_DTYPE_F32, v->dims, v->n_dims, b, error);
}

static gboolean
cle (Case *c, GError **error)
{
  const BsNpy *a1, *ab, *a2;
  g_autofree double *w1 = case_doubles (c, "W1", &a1, error);
  g_autofree double *b1 = w1 != NULL ? case_doubles (c, "b1", &ab, error) : NULL;
  g_autofree double *w2 = b1 != NULL ? case_doubles (c, "W2", &a2, error) : NULL;

  if (w2 == NULL)
    return FALSE;
  gsize n = (gsize) a1->dims[0], n_in = (gsize) a1->dims[1], n_out = (gsize) a2->dims[0];
  g_autofree double *r1 = g_new0 (double, n + 1), *r2 = g_new0 (double, n + 1),
                    *s = g_new (double, n + 1);
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < n_in; j++)
      r1[i] = MAX (r1[i], fabs (w1[i * n_in + j]));
    for (gsize o = 0; o < n_out; o++)
      r2[i] = MAX (r2[i], fabs (w2[o * n + i]));
  }
  bs_equalize_scales (r1, r2, n, s);
  for (gsize i = 0; i < n; i++) {
    for (gsize j = 0; j < n_in; j++)
      w1[i * n_in + j] /= s[i];
    for (gsize o = 0; o < n_out; o++)
      w2[o * n + i] *= s[i];
    b1[i] /= s[i];
  }
  return case_save (c, "s", BS_DTYPE_F64, ab->dims, ab->n_dims, s, error) &&
         case_save (c, "W1_eq", BS_DTYPE_F64, a1->dims, 2, w1, error) &&
         case_save (c, "b1_eq", BS_DTYPE_F64, ab->dims, ab->n_dims, b1, error) &&
         case_save (c, "W2_eq", BS_DTYPE_F64, a2->dims, 2, w2, error);
}

/* linear_of: rows of a matrix, or one row of a vector, as a layer. */
static BsLinear
linear_of (const BsNpy *array, const float *weights)
{
  BsLinear layer = { .name = "w", .weights = weights, .n_dims = 2, .channel_axis = 0 };

  layer.dims[0] = array->n_dims == 2 ? array->dims[0] : 1;
  layer.dims[1] = array->n_dims == 2 ? array->dims[1] : (gint64) array->count;
  return layer;
}

static gboolean
bias_correction (Case *c, GError **error)
{
  const BsNpy *a, *q, *v, *e;
  g_autofree float *w = case_floats (c, "W", &a, error);
  g_autofree float *wq = w != NULL ? case_floats (c, "Wq", &q, error) : NULL;
  g_autofree float *b = wq != NULL ? case_floats (c, "b", &v, error) : NULL;
  g_autofree double *mean = b != NULL ? case_doubles (c, "Ex", &e, error) : NULL;

  if (mean == NULL)
    return FALSE;
  BsLinear layer = linear_of (a, w);
  bs_bias_correct (&layer, wq, mean, b, b);
  return case_save (c, "b_corrected", BS_DTYPE_F32, v->dims, v->n_dims, b, error);
}

static gboolean
smoothquant_scales (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree double *amax_x = case_doubles (c, "amax_x", &a, error);
  g_autofree double *amax_w = amax_x != NULL ? case_doubles (c, "amax_w", &b, error) : NULL;

  if (amax_w == NULL)
    return FALSE;
  g_autofree double *s = g_new (double, a->count + 1);
  bs_smoothquant_scales (amax_x, amax_w, a->count, case_number (c, "alpha", 0.5), s);
  return case_save (c, "s", BS_DTYPE_F64, a->dims, a->n_dims, s, error);
}

/* gram_of: mean of x xᵀ over the rows of X. */
static double *
gram_of (const double *x, gsize n_samples, gsize n)
{
  double *gram = g_new0 (double, n *n + 1);

  for (gsize s = 0; s < n_samples; s++)
    for (gsize i = 0; i < n; i++)
      for (gsize j = 0; j < n; j++)
        gram[i * n + j] += x[s * n + i] * x[s * n + j] / (double) n_samples;
  return gram;
}

static gboolean
load_layer (Case *c,
            const char *name,
            float **w,
            const BsNpy **a,
            double **x,
            gsize *n_samples,
            double **gram,
            GError **error)
{
  const BsNpy *samples;

  *w = case_floats (c, name, a, error);
  *x = *w != NULL ? case_doubles (c, "X", &samples, error) : NULL;
  if (*x == NULL)
    return FALSE;
  gsize n_in = (gsize) (*a)->dims[(*a)->n_dims - 1];
  *n_samples = samples->count / MAX (n_in, 1);
  *gram = gram_of (*x, *n_samples, n_in);
  return TRUE;
}

static gboolean
awq_search (Case *c, GError **error)
{
  g_autofree float *w = NULL;
  g_autofree double *x = NULL, *gram = NULL;
  const BsNpy *a;
  gsize n_samples, group = (gsize) case_number (c, "group_size", 0);
  guint n_grid = (guint) case_number (c, "n_grid", 20);
  BsSpec spec;
  g_autofree char *scope =
    group > 0 ? g_strdup_printf ("group=%" G_GSIZE_FORMAT, group) : g_strdup ("channel");
  g_autofree char *text = g_strdup_printf ("uint%d:%s", (int) case_number (c, "bits", 4), scope);

  if (!load_layer (c, "W", &w, &a, &x, &n_samples, &gram, error) ||
      !bs_spec_parse (text, &spec, error))
    return FALSE;
  BsLinear layer = linear_of (a, w);
  layer.gram = gram;
  gsize n_in = (gsize) layer.dims[1];
  g_autofree double *mean_abs = g_new0 (double, n_in), *s = g_new (double, n_in),
                    *losses = g_new (double, n_grid);
  for (gsize i = 0; i < n_samples * n_in; i++)
    mean_abs[i % n_in] += fabs (x[i]) / (double) n_samples;
  gint best = bs_awq_search (&layer, &spec, mean_abs, n_grid, s, losses, error);
  if (best < 0)
    return FALSE;
  gint64 grid[] = { n_grid };
  case_scalar (c, "ratio", (double) best / n_grid);
  case_scalar (c, "loss", losses[best]);
  return case_save (c, "s", BS_DTYPE_F64, layer.dims + 1, 1, s, error) &&
         case_save (c, "losses", BS_DTYPE_F64, grid, 1, losses, error);
}

/* round_by: with a rounding correction, and to the nearest. */
static BsQuant *
round_by (Case *c,
          const char *correction,
          const BsLinear *layer,
          double *loss,
          double *loss_nearest,
          GError **error)
{
  gboolean affine = strcmp (case_text (c, "scheme", "symmetric"), "affine") == 0;
  g_autofree char *text =
    g_strdup_printf ("%s%d:channel", affine ? "uint" : "int", (int) case_number (c, "bits", 4));
  const BsCorrection *row;
  double params[BS_MAX_PARAMS];
  BsSpec spec;

  if (!bs_spec_parse (text, &spec, error) || !bs_correction_parse (correction, &row, params, error))
    return NULL;
  g_autoptr (BsQuant) nearest =
    bs_quantize (&spec, layer->weights, layer->dims, 2, 0, NULL, "w", error);
  g_autoptr (BsQuant) quant = nearest != NULL ? row->quantize (layer, &spec, params, error) : NULL;
  if (quant == NULL)
    return NULL;
  *loss = bs_output_mse (layer, quant->values);
  *loss_nearest = bs_output_mse (layer, nearest->values);
  return g_steal_pointer (&quant);
}

static gboolean
gptq (Case *c, GError **error)
{
  g_autofree float *w = NULL;
  g_autofree double *x = NULL, *gram = NULL;
  char damp[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *text = g_strdup_printf (
    "gptq=%s,%d", g_ascii_dtostr (damp, sizeof damp, case_number (c, "percdamp", 0.01)),
    case_flag (c, "actorder", FALSE));
  const BsNpy *a;
  gsize n_samples;
  double loss, loss_nearest;

  if (!load_layer (c, "W", &w, &a, &x, &n_samples, &gram, error))
    return FALSE;
  BsLinear layer = linear_of (a, w);
  layer.gram = gram;
  g_autoptr (BsQuant) quant = round_by (c, text, &layer, &loss, &loss_nearest, error);
  if (quant == NULL)
    return FALSE;
  g_autofree gint32 *zeros = g_new0 (gint32, quant->n_scales + 1);
  case_scalar (c, "loss", loss);
  case_scalar (c, "loss_rtn", loss_nearest);
  return case_save (c, "codes", BS_DTYPE_I32, a->dims, a->n_dims, quant->codes, error) &&
         case_save (c, "scale", BS_DTYPE_F32, quant->scale_dims, quant->scale_n_dims, quant->scale,
                    error) &&
         case_save (c, "zero_point", BS_DTYPE_I32, quant->scale_dims, quant->scale_n_dims,
                    quant->zero != NULL ? quant->zero : zeros, error);
}

static gboolean
adaround (Case *c, GError **error)
{
  g_autofree float *w = NULL;
  g_autofree double *x = NULL, *gram = NULL;
  const BsNpy *a;
  gsize n_samples;
  double loss, loss_nearest;

  if (!load_layer (c, "w", &w, &a, &x, &n_samples, &gram, error))
    return FALSE;
  BsLinear layer = linear_of (a, w);
  layer.gram = gram;
  g_autoptr (BsQuant) quant = round_by (c, "adaround", &layer, &loss, &loss_nearest, error);
  if (quant == NULL)
    return FALSE;
  case_scalar (c, "loss", loss);
  case_scalar (c, "loss_nearest", loss_nearest);
  return TRUE;
}

static gboolean
prune_magnitude (Case *c, GError **error)
{
  const BsNpy *a;
  g_autofree float *x = case_floats (c, "x", &a, error);

  if (x == NULL)
    return FALSE;
  g_autofree guint8 *mask = g_malloc (a->count + 1);
  bs_prune_magnitude (x, a->count, case_number (c, "sparsity", 0.5), mask);
  return case_save (c, "mask", BS_DTYPE_U8, a->dims, a->n_dims, mask, error);
}

static gboolean
prune_nm (Case *c, GError **error)
{
  const BsNpy *a;
  g_autofree float *x = case_floats (c, "x", &a, error);

  if (x == NULL)
    return FALSE;
  gsize columns = a->n_dims > 0 ? (gsize) a->dims[a->n_dims - 1] : 1;
  g_autofree guint8 *mask = g_malloc (a->count + 1);
  bs_prune_n_of_m (x, a->count / MAX (columns, 1), columns, (guint) case_number (c, "n", 2),
                   (guint) case_number (c, "m", 4), mask);
  return case_save (c, "mask", BS_DTYPE_U8, a->dims, a->n_dims, mask, error);
}

const Op correct_ops[] = {
  { "bn_fold", bn_fold },
  { "cle", cle },
  { "bias_correction", bias_correction },
  { "smoothquant_scales", smoothquant_scales },
  { "awq_search", awq_search },
  { "gptq", gptq },
  { "adaround", adaround },
  { "prune_magnitude", prune_magnitude },
  { "prune_nm", prune_nm },
  { NULL },
};
