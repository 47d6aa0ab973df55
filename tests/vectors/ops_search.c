/* Vector operations: choice of widths, frontier, sensitivity.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/measure.h"
#include "search/knapsack.h"
#include "study/pareto.h"

#include <math.h>
#include <string.h>

static gboolean
save_choice (Case *c, const char *name, const guint *choice, guint n, GError **error)
{
  gint64 dims[] = { n };
  g_autofree gint32 *out = g_new (gint32, n + 1);

  for (guint i = 0; i < n; i++)
    out[i] = (gint32) choice[i];
  return case_save (c, name, BS_DTYPE_I32, dims, 1, out, error);
}

static gboolean
mixed_precision (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree double *cost = case_doubles (c, "cost", &a, error);
  g_autofree double *sizes = cost != NULL ? case_doubles (c, "size", &b, error) : NULL;
  guint64 budget = (guint64) case_number (c, "budget", 0);
  BsChoiceResult result;
  g_autoptr (GError) infeasible = NULL;

  if (sizes == NULL)
    return FALSE;
  g_autofree guint64 *size = g_new (guint64, b->count + 1);
  for (gsize i = 0; i < b->count; i++)
    size[i] = (guint64) sizes[i];
  BsChoiceProblem problem = { (guint) a->dims[0], (guint) a->dims[1], cost, size };
  g_autofree guint *choice = g_new (guint, problem.n_layers + 1);
  if (!bs_knapsack (&problem, budget, choice, &result, &infeasible)) {
    case_scalar (c, "optimal_cost", NAN);
    case_scalar (c, "greedy_cost", NAN);
    return TRUE;
  }
  case_scalar (c, "optimal_cost", result.cost);
  case_scalar (c, "optimal_size", (double) result.size);
  if (!result.exact || !save_choice (c, "optimal_choice", choice, problem.n_layers, error) ||
      !bs_greedy (&problem, budget, choice, &result, error))
    return FALSE;
  case_scalar (c, "greedy_cost", result.cost);
  case_scalar (c, "greedy_size", (double) result.size);
  return save_choice (c, "greedy_choice", choice, problem.n_layers, error);
}

static gboolean
pareto (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree double *size = case_doubles (c, "size", &a, error);
  g_autofree double *err = size != NULL ? case_doubles (c, "err", &b, error) : NULL;

  if (err == NULL)
    return FALSE;
  g_autofree guint *front = g_new (guint, a->count + 1);
  guint n = bs_pareto_front (size, err, (guint) a->count, front);
  return save_choice (c, "front", front, n, error);
}

static gboolean
hawq_omega (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree float *w = case_floats (c, "W", &a, error);
  g_autofree float *q = w != NULL ? case_floats (c, "Wq", &b, error) : NULL;

  if (q == NULL)
    return FALSE;
  case_scalar (c, "omega", bs_hawq_omega (w, q, a->count, case_number (c, "avg_trace", 1)));
  return TRUE;
}

#define MAX_LAYERS 16

typedef struct {
  guint n_layers;
  const BsNpy *shape[MAX_LAYERS];
  float *w[MAX_LAYERS], *b[MAX_LAYERS];
} Mlp;

static void
mlp_clear (Mlp *mlp)
{
  for (guint i = 0; i < mlp->n_layers; i++) {
    g_free (mlp->w[i]);
    g_free (mlp->b[i]);
  }
}

static gboolean
mlp_load (Case *c, Mlp *mlp, GError **error)
{
  for (guint i = 0; i < MAX_LAYERS; i++) {
    g_autofree char *w = g_strdup_printf ("W%u", i), *b = g_strdup_printf ("b%u", i);
    const BsNpy *bias;
    if (g_hash_table_lookup (c->inputs, w) == NULL)
      break;
    mlp->n_layers = i + 1;
    mlp->w[i] = case_floats (c, w, &mlp->shape[i], error);
    mlp->b[i] = case_floats (c, b, &bias, error);
    if (mlp->w[i] == NULL || mlp->b[i] == NULL)
      return FALSE;
  }
  return TRUE;
}

/* mlp_run: ReLU between layers; logits of one sample. replaced: weights for one layer. */
static void
mlp_run (const Mlp *mlp, const float *x, guint layer, const float *replaced, double *out)
{
  g_autofree double *in = NULL;
  gsize n_in = (gsize) mlp->shape[0]->dims[1];

  in = g_new (double, n_in);
  for (gsize i = 0; i < n_in; i++)
    in[i] = x[i];
  for (guint l = 0; l < mlp->n_layers; l++) {
    gsize n_out = (gsize) mlp->shape[l]->dims[0];
    const float *w = replaced != NULL && l == layer ? replaced : mlp->w[l];
    double *y = g_new (double, n_out);
    for (gsize o = 0; o < n_out; o++) {
      y[o] = mlp->b[l][o];
      for (gsize i = 0; i < n_in; i++)
        y[o] += w[o * n_in + i] * in[i];
      if (l + 1 < mlp->n_layers)
        y[o] = MAX (y[o], 0);
    }
    g_free (in);
    in = y;
    n_in = n_out;
  }
  memcpy (out, in, n_in * sizeof *out);
}

static gboolean
sensitivity (Case *c, GError **error)
{
  Mlp mlp = { 0 };
  const BsNpy *samples;
  g_autofree float *x = case_floats (c, "x", &samples, error);
  JsonArray *bits = json_object_get_array_member (c->params, "bits");

  if (x == NULL || !mlp_load (c, &mlp, error))
    return FALSE;
  gsize n = (gsize) samples->dims[0], n_in = (gsize) samples->dims[1];
  guint classes = (guint) mlp.shape[mlp.n_layers - 1]->dims[0],
        n_bits = json_array_get_length (bits);
  gint64 logit_dims[] = { (gint64) n, classes }, table_dims[] = { mlp.n_layers, n_bits };
  g_autofree double *logits = g_new (double, n *classes + 1), *test = g_new (double, classes);
  g_autofree double *sqnr = g_new (double, mlp.n_layers *n_bits + 1),
                    *kls = g_new (double, mlp.n_layers *n_bits + 1);
  g_autofree float *a = g_new (float, classes), *b = g_new (float, classes);
  gboolean ok = TRUE;

  for (gsize i = 0; i < n; i++)
    mlp_run (&mlp, x + i * n_in, 0, NULL, logits + i * classes);
  for (guint l = 0; ok && l < mlp.n_layers; l++)
    for (guint k = 0; ok && k < n_bits; k++) {
      g_autofree char *text = g_strdup_printf (
        "%s%d", strcmp (case_text (c, "scheme", ""), "affine") == 0 ? "uint" : "int",
        (int) json_array_get_int_element (bits, k));
      double kl = 0;
      double signal = 0, noise = 0;
      BsSpec spec;
      g_autoptr (BsQuant) quant = NULL;
      if (case_spec (c, text, &spec, error))
        quant = bs_quantize (&spec, mlp.w[l], mlp.shape[l]->dims, 2, 0, NULL, "w", error);
      ok = quant != NULL;
      for (gsize i = 0; ok && i < n; i++) {
        mlp_run (&mlp, x + i * n_in, l, quant->values, test);
        for (guint o = 0; o < classes; o++) {
          double ref = logits[i * classes + o];
          signal += ref * ref;
          noise += (test[o] - ref) * (test[o] - ref);
          a[o] = (float) ref;
          b[o] = (float) test[o];
        }
        kl += bs_kl_divergence (a, b, 1, classes) / (double) n;
      }
      BsErrorSums sums = { .count = 1, .sum_sq_x = signal, .sum_sq_err = noise };
      sqnr[l * n_bits + k] = bs_error_sqnr_db (&sums);
      kls[l * n_bits + k] = kl;
    }
  mlp_clear (&mlp);
  return ok && case_save (c, "logits", BS_DTYPE_F64, logit_dims, 2, logits, error) &&
         case_save (c, "sqnr_db", BS_DTYPE_F64, table_dims, 2, sqnr, error) &&
         case_save (c, "kl_mean", BS_DTYPE_F64, table_dims, 2, kls, error);
}

const Op search_ops[] = {
  { "mixed_precision", mixed_precision },
  { "pareto", pareto },
  { "hawq_omega", hawq_omega },
  { "sensitivity", sensitivity },
  { NULL },
};
