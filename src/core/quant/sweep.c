/* Errors of quantizing a tensor, without keeping its codes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/sweep.h"
#include "quant/encoding.h"
#include "quant/groups.h"

#include <bsk.h>

#include <math.h>
#include <string.h>

#define MIN_RUN 16 /* shorter runs cost more in calls than they save */

static gboolean
is_plain (const BsSpec *spec)
{
  return bs_spec_integer_codes (spec, NULL, NULL) && spec->rounding == BS_ROUND_HALF_EVEN &&
         spec->arith == BS_ARITH_F32 && spec->store != BS_STORE_F64 &&
         spec->scope != BS_SCOPE_ELEMENT;
}

#define ROWS_VALUES 8192 /* of rows whose ranges are found, then errors: in the first-level cache */

/* stream_rows: groups of `inner` values, one after the other; FALSE with error. */
static gboolean
stream_rows (const BsQuant *plan,
             const float *x,
             gsize inner,
             const char *name,
             BskStats *stats,
             GError **error)
{
  gsize step = MAX (ROWS_VALUES / inner, 1);
  g_autofree BsInterval *intervals = g_new (BsInterval, step);
  g_autofree BskQParams *params = g_new (BskQParams, step);

  for (gsize k = 0; k < plan->n_scales; k += step) {
    gsize rows = MIN (plan->n_scales - k, step);
    if (!bs_range_choose_rows (x + k * inner, rows, inner, &plan->spec, name, intervals, error))
      return FALSE;
    bs_quant_params_rows (&plan->spec, intervals, rows, params);
    BskStatus status = bsk_error_rows (x + k * inner, rows, inner, params, stats);
    g_assert (status == BSK_OK);
  }
  return TRUE;
}

/* stream_groups: groups that have to be gathered first, or one for all; FALSE with error. */
static gboolean
stream_groups (const BsQuant *plan,
               const float *x,
               const BsInterval *model_range,
               const char *name,
               BskStats *stats,
               GError **error)
{
  const BsSpec *spec = &plan->spec;
  g_autofree float *buffer = NULL;

  if (plan->n > 0 && bs_groups_get (plan, 0).n_runs > 1)
    buffer = g_new (float, bs_groups_largest (plan));
  for (gsize k = 0; plan->n > 0 && k < plan->n_scales; k++) {
    BsGroup group = bs_groups_get (plan, k);
    const float *values = bs_groups_gather (&group, x, buffer);
    gsize n = group.n_runs * group.run;
    BsInterval interval;
    BskQParams params;
    if (spec->scope == BS_SCOPE_MODEL && model_range != NULL)
      interval = *model_range;
    else if (!bs_range_choose_values (values, n, spec, name, &interval, error))
      return FALSE;
    bs_quant_params (spec, &interval, &params);
    BskStatus status = bsk_error (values, n, &params, stats);
    g_assert (status == BSK_OK);
  }
  return TRUE;
}

/* stream: every group by its own scale; FALSE with error. */
static gboolean
stream (const BsQuant *plan,
        const float *x,
        const BsInterval *model_range,
        const char *name,
        BsErrorSums *sums,
        GError **error)
{
  gsize row = plan->n_scales > 1 ? bs_groups_in_rows (plan) : 0;
  BskStats stats;

  bsk_stats_init (&stats);
  if (row > 0 ? !stream_rows (plan, x, row, name, &stats, error)
              : !stream_groups (plan, x, model_range, name, &stats, error))
    return FALSE;
  bs_error_sums_add_stats (sums, &stats);
  return TRUE;
}

/* Values encoded at a time: codes and values stay in the first-level cache; where each time has to
 * be prepared, in the second. */
#define SLICE 4096
#define ROWS_SLICE 32768

/* in_slices: tensor scope: the same scratch memory for every slice.
 *   interval  of all values; NULL with BS_ENCODING_OWN_RANGE, whose rows have a fit */
static gboolean
in_slices (const BsSpec *spec,
           const float *x,
           gsize n,
           const BsInterval *interval,
           BsErrorSums *sums,
           GError **error)
{
  const BsEncoding *encoding = spec->encoding;
  g_autofree BsLevels *levels = g_new (BsLevels, 1);
  g_autoptr (BsQuant) scratch = bs_quant_scratch (spec, MIN (n, SLICE), error);
  float scale;

  if (scratch == NULL)
    return FALSE;
  gboolean fitted = encoding->fit != NULL && encoding->fit (spec, x, n, interval, levels, &scale);
  for (gsize from = 0; from < n; from += SLICE) {
    scratch->n = MIN (n - from, SLICE);
    scratch->dims[0] = (gint64) scratch->n;
    if (fitted && (encoding->flags & BS_ENCODING_MAGNITUDES) != 0)
      bs_levels_encode_magnitudes (levels, scale, x + from, scratch->n, scratch->codes,
                                   scratch->values);
    else if (fitted)
      bs_levels_encode (levels, scale, x + from, scratch->n, scratch->codes, scratch->values);
    else if (!encoding->encode (scratch, x + from, interval, error))
      return FALSE;
    bs_error_sums_compare (sums, x + from, scratch->values, scratch->n);
  }
  return TRUE;
}

/* in_rows: no group crosses rows of the first dimension: some rows at a time.
 *   tensor_scale  as in BsQuant, of all rows */
static gboolean
in_rows (const BsSpec *spec,
         const float *x,
         const gint64 *dims,
         guint n_dims,
         gint channel_axis,
         gsize n,
         float tensor_scale,
         const char *name,
         BsErrorSums *sums,
         GError **error)
{
  gsize rows = (gsize) dims[0], row = n / rows, step = MAX (ROWS_SLICE / MAX (row, 1), 1);
  g_autoptr (BsQuant) quant = NULL;
  gint64 slice[BS_MAX_DIMS];

  memcpy (slice, dims, n_dims * sizeof *dims);
  for (gsize from = 0; from < rows; from += step) {
    if (quant == NULL || rows - from < step) {
      g_clear_pointer (&quant, bs_quant_unref);
      slice[0] = (gint64) MIN (rows - from, step);
      quant = bs_quant_new (spec, slice, n_dims, channel_axis, name, error);
      if (quant == NULL)
        return FALSE;
      quant->tensor_scale = tensor_scale;
    }
    if (!bs_quant_encode (quant, x + from * row, NULL, name, error))
      return FALSE;
    bs_error_sums_compare (sums, x + from * row, quant->values, quant->n);
  }
  return TRUE;
}

/* find_tensor_scale: what an encoding that has one for all groups together needs to know before it
 * sees only some of them. FALSE: only the whole tensor tells. */
static gboolean
find_tensor_scale (const BsSpec *spec, const float *x, gsize n, float *scale)
{
  BsInterval all;

  *scale = 0;
  if (spec->encoding->tensor_scale == NULL)
    return TRUE;
  if (spec->range != &bs_range_minmax || !bs_range_choose_values (x, n, spec, "", &all, NULL))
    return FALSE;
  *scale = spec->encoding->tensor_scale (MAX (-all.lo, all.hi));
  return TRUE;
}

gboolean
bs_quant_error (const BsSpec *spec,
                const float *x,
                const gint64 *dims,
                guint n_dims,
                gint channel_axis,
                const BsInterval *model_range,
                const char *name,
                BsErrorSums *sums,
                GError **error)
{
  BsQuant plan = { .spec = *spec, .n_dims = n_dims };

  if (is_plain (spec) && bs_dims_count (dims, n_dims, &plan.n)) {
    if (n_dims > 0)
      memcpy (plan.dims, dims, n_dims * sizeof *dims);
    if (!bs_groups_plan (&plan, channel_axis, name, error))
      return FALSE;
    if (spec->bits <= 16 && bs_groups_largest (&plan) >= MIN_RUN)
      return stream (&plan, x, model_range, name, sums, error);
  }
  gboolean one_scale = spec->scope == BS_SCOPE_TENSOR || spec->scope == BS_SCOPE_MODEL;
  gboolean repeatable =
    spec->rounding != BS_ROUND_STOCHASTIC && spec->encoding->family != BS_FAMILY_NONE;
  gsize n;
  if (repeatable && bs_dims_count (dims, n_dims, &n) && n > SLICE) {
    if (one_scale && spec->encoding->fit != NULL &&
        (spec->encoding->flags & BS_ENCODING_OWN_RANGE) != 0)
      return in_slices (spec, x, n, NULL, sums, error);
    if (one_scale && (spec->encoding->flags & BS_ENCODING_OWN_RANGE) == 0 &&
        spec->bits >= spec->encoding->min_bits && spec->bits <= spec->encoding->max_bits) {
      BsInterval interval;
      if (spec->scope == BS_SCOPE_MODEL && model_range != NULL)
        interval = *model_range;
      else if (!bs_range_choose_values (x, n, spec, name, &interval, error))
        return FALSE;
      return in_slices (spec, x, n, &interval, sums, error);
    }
    BsQuant shape = { .spec = *spec, .n_dims = n_dims, .n = n };
    memcpy (shape.dims, dims, n_dims * sizeof *dims);
    if (!bs_groups_plan (&shape, channel_axis, name, error))
      return FALSE;
    gboolean by_rows = (spec->scope == BS_SCOPE_CHANNEL && shape.axis == 0) ||
                       (spec->scope == BS_SCOPE_GROUP && shape.axis > 0);
    float scale;
    if (by_rows && find_tensor_scale (spec, x, n, &scale))
      return in_rows (spec, x, dims, n_dims, channel_axis, n, scale, name, sums, error);
  }
  g_autoptr (BsQuant) quant =
    bs_quantize (spec, x, dims, n_dims, channel_axis, model_range, name, error);
  if (quant == NULL)
    return FALSE;
  bs_error_sums_add (sums, x, quant->values, quant->n);
  return TRUE;
}

/* Extrema of x, looked for when first asked for. */
typedef struct {
  const float *x;
  gsize n;
  gboolean known;
  BsInterval all;
} Extrema;

static gboolean
choose (const BsSpec *spec, Extrema *extrema, const char *name, BsInterval *out, GError **error)
{
  if (bs_range_given (spec, out))
    return TRUE;
  if (spec->range != &bs_range_minmax)
    return bs_range_choose_values (extrema->x, extrema->n, spec, name, out, error);
  if (!extrema->known &&
      !bs_range_choose_values (extrema->x, extrema->n, spec, name, &extrema->all, error))
    return FALSE;
  extrema->known = TRUE;
  *out = extrema->all;
  return TRUE;
}

gboolean
bs_quant_error_sweep (const BsSpec *specs,
                      guint n_specs,
                      const float *x,
                      gsize n,
                      const char *name,
                      double *mse,
                      GError **error)
{
  g_autofree BskQParams *settings = g_new (BskQParams, n_specs + 1);
  g_autofree double *err_sq = g_new0 (double, n_specs + 1);
  g_autofree guint *which = g_new (guint, n_specs + 1);
  const gint64 dims[] = { (gint64) n };
  Extrema extrema = { x, n, FALSE, { 0, 0 } };
  size_t n_not_finite = 0;
  guint n_settings = 0;

  for (guint i = 0; i < n_specs; i++) {
    BsSpec spec = specs[i];
    BsInterval interval;
    if (spec.scope != BS_SCOPE_GROUP || is_plain (&spec))
      spec.scope = BS_SCOPE_TENSOR;
    if (!is_plain (&spec)) {
      BsErrorSums sums = { 0 };
      if (!bs_quant_error (&spec, x, dims, 1, 0, NULL, name, &sums, error))
        return FALSE;
      mse[i] = bs_error_mse (&sums);
      continue;
    }
    if (!choose (&spec, &extrema, name, &interval, error))
      return FALSE;
    bs_quant_params (&spec, &interval, &settings[n_settings]);
    which[n_settings++] = i;
  }
  if (n_settings > 0 && n > 0) {
    BskStatus status = bsk_error_sweep (x, n, settings, n_settings, err_sq, &n_not_finite);
    g_assert (status == BSK_OK);
  }
  for (guint i = 0; i < n_settings; i++)
    mse[which[i]] = n > n_not_finite ? err_sq[i] / (double) (n - n_not_finite) : 0;
  return TRUE;
}
