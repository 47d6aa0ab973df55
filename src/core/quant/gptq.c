/* Correction: GPTQ, rounding that pays its errors back in the columns still to come.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/gptq.h"
#include "quant/correction.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/round.h"

#include <glib/gi18n-lib.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P_DAMP, P_ORDER };

static const BsParam params[] = {
  [P_DAMP] = { "damp", N_ ("Damping, share of the mean diagonal"), BS_PARAM_DOUBLE, 0, 1, 0.01 },
  [P_ORDER] = { "order", N_ ("Important columns first"), BS_PARAM_INT, 0, 1, 0 },
  { NULL },
};

typedef struct {
  double diagonal;
  gsize column;
} Importance;

static int
by_falling_diagonal (const void *a, const void *b)
{
  const Importance *x = a, *y = b;

  if (x->diagonal != y->diagonal)
    return x->diagonal > y->diagonal ? -1 : 1;
  return (x->column > y->column) - (x->column < y->column);
}

static void
choose_order (const double *gram,
              gsize n,
              gboolean by_importance,
              const gboolean *dead,
              gsize *order)
{
  g_autofree Importance *all = g_new (Importance, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    all[i] = (Importance){ dead[i] ? 1 : 2 * gram[i * n + i], i };
  if (by_importance)
    qsort (all, n, sizeof *all, by_falling_diagonal);
  for (gsize i = 0; i < n; i++)
    order[i] = all[i].column;
}

gboolean
bs_gptq_factor (const double *gram,
                gsize n,
                double damp,
                gboolean by_importance,
                gsize *order,
                gboolean *dead,
                double *upper,
                GError **error)
{
  double mean = 0;

  if (n == 0)
    return TRUE;
  for (gsize i = 0; i < n; i++) {
    dead[i] = gram[i * n + i] == 0;
    mean += (dead[i] ? 1 : 2 * gram[i * n + i]) / (double) n;
  }
  choose_order (gram, n, by_importance, dead, order);
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < n; j++) {
      double h = 2 * gram[order[i] * n + order[j]];
      upper[i * n + j] = i == j ? (dead[order[i]] ? 1 : h) + damp * mean : h;
    }
  gsl_matrix_view h = gsl_matrix_view_array (upper, n, n);
  gsl_error_handler_t *handler = gsl_set_error_handler_off ();
  int status = gsl_linalg_cholesky_decomp1 (&h.matrix);
  if (status == GSL_SUCCESS)
    status = gsl_linalg_cholesky_invert (&h.matrix);
  if (status == GSL_SUCCESS)
    status = gsl_linalg_cholesky_decomp1 (&h.matrix);
  gsl_set_error_handler (handler);
  if (status != GSL_SUCCESS) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "The inputs of the layer do not give a positive definite matrix; more damping or "
                 "more samples are needed.");
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) /* the factor is L below; U = Lᵀ */
    for (gsize j = i; j < n; j++) {
      upper[i * n + j] = upper[j * n + i];
      if (j > i)
        upper[j * n + i] = 0;
    }
  return TRUE;
}

/* Where the parameters of one weight are found in a BsQuant: which scale, by row and column. */
static gsize
scale_index (const BsQuant *quant, gboolean rows_first, gsize n_in, gsize out, gsize in)
{
  switch (quant->spec.scope) {
  case BS_SCOPE_CHANNEL:
    return out;
  case BS_SCOPE_GROUP: {
    gsize n_groups = (n_in + quant->spec.group - 1) / quant->spec.group,
          group = in / quant->spec.group;
    return rows_first ? out * n_groups + group : group * (quant->n_scales / n_groups) + out;
  }
  default:
    return 0;
  }
}

static void
round_one (BsQuant *quant, gsize k, gsize at, double w)
{
  double scale = quant->scale_f64 != NULL ? quant->scale_f64[k] : quant->scale[k];
  gint32 zero = quant->zero != NULL ? quant->zero[k] : 0;
  double v = CLAMP (w / scale, -1e6, 1e6);

  quant->codes[at] = (gint32) CLAMP (rint (v) + zero, quant->qmin, quant->qmax);
  quant->values[at] = (float) ((quant->codes[at] - zero) * scale);
}

/* refit: the scale of one group from the weights as they are now. */
static gboolean
refit (BsQuant *quant,
       gsize k,
       const double *row,
       gsize from,
       gsize end,
       const char *name,
       GError **error)
{
  g_autofree float *values = g_new (float, end - from);
  BsInterval interval;
  BskQParams p;

  for (gsize i = from; i < end; i++)
    values[i - from] = (float) row[i];
  if (!bs_range_choose_values (values, end - from, &quant->spec, name, &interval, error))
    return FALSE;
  bs_quant_params (&quant->spec, &interval, &p);
  quant->scale[k] = p.scale;
  if (quant->zero != NULL)
    quant->zero[k] = p.zero_point;
  return TRUE;
}

static gboolean
check (const BsLinear *layer, const BsSpec *spec, gsize *n_out, gsize *n_in, GError **error)
{
  gint32 qmin, qmax;
  gboolean group_axis_ok = spec->axis == BS_AXIS_AUTO;

  if (!bs_spec_integer_codes (spec, &qmin, &qmax) || spec->scope == BS_SCOPE_ELEMENT ||
      !group_axis_ok || !bs_linear_shape (layer, n_out, n_in)) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "Layer “%s”: only integer codes of a matrix product, by tensor, channel or group, "
                 "can be chosen this way.",
                 layer->name);
    return FALSE;
  }
  if (layer->gram == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "Layer “%s”: calibration inputs are needed.",
                 layer->name);
    return FALSE;
  }
  return TRUE;
}

static BsQuant *
quantize (const BsLinear *layer, const BsSpec *spec, const double *values, GError **error)
{
  gsize n_out, n_in;

  if (!check (layer, spec, &n_out, &n_in, error))
    return NULL;
  /* Scales of the float weights; groups are fitted anew below. */
  g_autoptr (BsQuant) quant = bs_quantize (spec, layer->weights, layer->dims, layer->n_dims,
                                           layer->channel_axis, NULL, layer->name, error);
  if (quant == NULL || n_out == 0 || n_in == 0)
    return g_steal_pointer (&quant);

  gboolean rows_first = bs_linear_at (layer, n_out, n_in, 0, 1) == 1;
  gboolean by_importance = values[P_ORDER] != 0;
  /* Out of order the columns of a group do not come together: its scale stays as it is. */
  gboolean fit_groups = spec->scope == BS_SCOPE_GROUP && !by_importance;
  g_autofree gsize *order = g_new (gsize, n_in);
  g_autofree gboolean *dead = g_new (gboolean, n_in);
  g_autofree double *upper = g_try_new (double, n_in *n_in), *row = g_new (double, n_in);
  if (upper == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "Layer “%s” has too many inputs.",
                 layer->name);
    return NULL;
  }
  if (!bs_gptq_factor (layer->gram, n_in, values[P_DAMP], by_importance, order, dead, upper,
                       error)) {
    g_prefix_error (error, "Layer “%s”: ", layer->name);
    return NULL;
  }
  for (gsize o = 0; o < n_out; o++) {
    for (gsize j = 0; j < n_in; j++)
      row[j] = dead[order[j]] ? 0 : layer->weights[bs_linear_at (layer, n_out, n_in, o, order[j])];
    for (gsize j = 0; j < n_in; j++) {
      gsize at = bs_linear_at (layer, n_out, n_in, o, order[j]);
      gsize k = scale_index (quant, rows_first, n_in, o, order[j]);
      if (fit_groups && j % spec->group == 0 &&
          !refit (quant, k, row, j, MIN (j + spec->group, n_in), layer->name, error))
        return NULL;
      round_one (quant, k, at, row[j]);
      double err = (row[j] - quant->values[at]) / upper[j * n_in + j];
      const double *u = upper + j * n_in;
      for (gsize i = j + 1; i < n_in; i++)
        row[i] -= err * u[i];
    }
  }
  return g_steal_pointer (&quant);
}

const BsCorrection bs_correction_gptq = {
  .id = "gptq",
  .title = N_ ("GPTQ"),
  .description = N_ (
    "Rounds the weights of a layer column by column and lets the columns still to come make up for "
    "each "
    "error, weighted by how the inputs go together. Steps are those of the float weights (amax / "
    "(2^(b−1)−1) "
    "for symmetric codes); groups are fitted anew when their turn comes, unless order=1 takes the "
    "columns out of order. Source: Frantar et al., "
    "arXiv:2210.17323."),
  .kind = BS_CORRECTION_ROUND,
  .needs = BS_NEEDS_GRAM,
  .params = params,
  .quantize = quantize,
};
