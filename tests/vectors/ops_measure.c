/* Vector operations: measures of tensors and outputs.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include "quant/measure.h"

#include <math.h>

static gboolean
metrics (Case *c, GError **error)
{
  const BsNpy *a, *b;
  g_autofree float *x = case_floats (c, "x", &a, error);
  g_autofree float *y = x != NULL ? case_floats (c, "y", &b, error) : NULL;

  if (y == NULL)
    return FALSE;
  if (a->count != b->count)
    return fail (error, "x and y differ in size");
  case_save_metrics (c, x, y, a->count);
  return TRUE;
}

/* judge: top-1, top-k, likelihood and perplexity of logits [n × classes] against labels. */
static void
judge (Case *c,
       const char *prefix,
       const float *logits,
       const gint32 *labels,
       gsize n,
       guint classes,
       guint k)
{
  double top1 = 0, topk = 0, nll = 0;

  for (gsize i = 0; i < n; i++) {
    guint rank = bs_rank (logits + i * classes, classes, (guint) labels[i]);
    top1 += rank == 0;
    topk += rank < k;
    nll += bs_negative_log_likelihood (logits + i * classes, classes, (guint) labels[i]);
  }
  const struct {
    const char *name;
    double value;
  } results[] = { { "top1", top1 / (double) n },
                  { "topk", topk / (double) n },
                  { "nll", nll / (double) n },
                  { "perplexity", exp (nll / (double) n) } };
  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autofree char *name = g_strdup_printf ("%s_%s", prefix, results[i].name);
    case_scalar (c, name, results[i].value);
  }
}

static gboolean
output_metrics (Case *c, GError **error)
{
  const BsNpy *a, *b, *l;
  g_autofree float *ref = case_floats (c, "ref", &a, error);
  g_autofree float *test = ref != NULL ? case_floats (c, "test", &b, error) : NULL;
  g_autofree gint32 *labels = test != NULL ? case_ints (c, "labels", &l, error) : NULL;
  double agreement = 0;
  BsErrorSums sums = { 0 };

  if (labels == NULL)
    return FALSE;
  if (a->n_dims != 2 || b->count != a->count || l->count != (gsize) a->dims[0] || a->count == 0)
    return fail (error, "ref, test and labels do not fit together");
  gsize n = (gsize) a->dims[0];
  guint classes = (guint) a->dims[1], k = (guint) case_number (c, "k", 5);
  for (gsize i = 0; i < n; i++)
    agreement += bs_argmax (ref + i * classes, classes) == bs_argmax (test + i * classes, classes);
  bs_error_sums_add (&sums, ref, test, a->count);
  case_scalar (c, "kl_mean", bs_kl_divergence (ref, test, n, classes) / (double) n);
  case_scalar (c, "agreement", agreement / (double) n);
  case_scalar (c, "logit_mse", bs_error_mse (&sums));
  judge (c, "ref", ref, labels, n, classes, k);
  judge (c, "test", test, labels, n, classes, k);
  return TRUE;
}

const Op measure_ops[] = {
  { "metrics", metrics },
  { "output_metrics", output_metrics },
  { NULL },
};
