/* Quantizes one tensor: groups, ranges, codes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quant.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/scale.h"

#include <bsk.h>

#include <string.h>

BsQuant *
bs_quant_ref (BsQuant *quant)
{
  g_atomic_int_inc (&quant->refs);
  return quant;
}

void
bs_quant_unref (BsQuant *quant)
{
  if (quant == NULL || !g_atomic_int_dec_and_test (&quant->refs))
    return;
  g_free (quant->codes);
  g_free (quant->values);
  g_free (quant->scale);
  g_free (quant->scale_f64);
  g_free (quant->zero);
  g_free (quant->code_book);
  g_free (quant);
}

static gboolean
allocate (BsQuant *quant, const char *name, GError **error)
{
  gsize n = MAX (quant->n, 1), n_scales = MAX (quant->n_scales, 1);

  quant->codes = g_try_new (gint32, n);
  quant->values = g_try_new (float, n);
  quant->scale = g_try_new (float, n_scales);
  if (quant->codes != NULL && quant->values != NULL && quant->scale != NULL)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE,
               "Tensor “%s” with %" G_GSIZE_FORMAT " values does not fit into memory.", name,
               quant->n);
  return FALSE;
}

static guint64
size_bits (const BsSpec *spec, gsize n, gsize n_scales)
{
  if (spec->encoding->size_bits != NULL)
    return spec->encoding->size_bits (spec, n, n_scales);
  return (guint64) n * spec->bits +
         (guint64) n_scales * (bs_scale_bits (spec->store) + (spec->affine ? spec->bits : 0));
}

BsQuant *
bs_quant_scratch (const BsSpec *spec, gsize n, GError **error)
{
  BsQuant *quant = g_new0 (BsQuant, 1);

  quant->refs = 1;
  quant->spec = *spec;
  quant->spec.scope = BS_SCOPE_TENSOR;
  quant->n = n;
  quant->n_dims = 1;
  quant->dims[0] = (gint64) n;
  quant->axis = -1;
  quant->n_scales = 1;
  if (allocate (quant, "", error))
    return quant;
  bs_quant_unref (quant);
  return NULL;
}

/* check_spec: what a spec put together by hand may get wrong. */
static gboolean
check_spec (const BsSpec *spec, GError **error)
{
  gint32 qmin, qmax;

  if (spec->bits < spec->encoding->min_bits || spec->bits > spec->encoding->max_bits) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” has %u to %u bits, not %u.",
                 spec->encoding->id, spec->encoding->min_bits, spec->encoding->max_bits,
                 spec->bits);
    return FALSE;
  }
  if (bs_spec_integer_codes (spec, &qmin, &qmax) && !spec->affine &&
      (qmax < 1 || !spec->is_signed)) {
    g_set_error (
      error, BS_ERROR, BS_ERROR_INVALID, "%s",
      spec->is_signed
        ? "Symmetric integers of 1 bit have no code but 0; use “binary”, “int1:affine” or “uint1”."
        : "Unsigned integers need a zero point.");
    return FALSE;
  }
  return TRUE;
}

static BsInterval *
choose_intervals (const BsQuant *quant,
                  const float *x,
                  const BsInterval *model_range,
                  const char *name,
                  GError **error)
{
  g_autofree BsInterval *intervals = g_try_new (BsInterval, MAX (quant->n_scales, 1));
  g_autofree float *buffer = NULL;

  if (intervals == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "Tensor “%s” has too many groups.", name);
    return NULL;
  }
  if (quant->spec.scope == BS_SCOPE_MODEL && model_range != NULL) {
    intervals[0] = *model_range;
    return g_steal_pointer (&intervals);
  }
  gsize row = bs_groups_in_rows (quant);
  if (row > 0) {
    if (!bs_range_choose_rows (x, quant->n_scales, row, &quant->spec, name, intervals, error))
      return NULL;
    return g_steal_pointer (&intervals);
  }
  if (quant->n_scales > 0 && bs_groups_get (quant, 0).n_runs > 1)
    buffer = g_new (float, bs_groups_largest (quant));
  for (gsize k = 0; k < quant->n_scales; k++) {
    BsGroup group = bs_groups_get (quant, k);
    const float *values = bs_groups_gather (&group, x, buffer);
    if (!bs_range_choose_values (values, group.n_runs * group.run, &quant->spec, name,
                                 &intervals[k], error))
      return NULL;
  }
  return g_steal_pointer (&intervals);
}

BsQuant *
bs_quant_new (const BsSpec *spec,
              const gint64 *dims,
              guint n_dims,
              gint channel_axis,
              const char *name,
              GError **error)
{
  g_autoptr (BsQuant) quant = g_new0 (BsQuant, 1);

  quant->refs = 1;
  if (!check_spec (spec, error))
    return NULL;
  quant->spec = *spec;
  quant->n_dims = n_dims;
  if (!bs_dims_count (dims, n_dims, &quant->n)) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, "Tensor “%s” has no valid shape.", name);
    return NULL;
  }
  if (n_dims > 0)
    memcpy (quant->dims, dims, n_dims * sizeof *dims);
  if (!bs_groups_plan (quant, channel_axis, name, error) || !allocate (quant, name, error))
    return NULL;
  quant->size_bits = size_bits (spec, quant->n, quant->n_scales);
  return g_steal_pointer (&quant);
}

gboolean
bs_quant_encode (BsQuant *quant,
                 const float *x,
                 const BsInterval *model_range,
                 const char *name,
                 GError **error)
{
  const BsEncoding *encoding = quant->spec.encoding;
  g_autofree BsInterval *intervals = NULL;

  if ((encoding->flags & BS_ENCODING_OWN_RANGE) == 0) {
    intervals = choose_intervals (quant, x, model_range, name, error);
    if (intervals == NULL)
      return FALSE;
  }
  if (quant->n > 0) {
    float lo, hi;
    size_t n_not_finite;
    bsk_minmax (x, quant->n, &lo, &hi, &n_not_finite);
    quant->n_not_finite = n_not_finite;
  }
  if (encoding->encode (quant, x, intervals, error))
    return TRUE;
  g_prefix_error (error, "Tensor “%s”: ", name);
  return FALSE;
}

BsQuant *
bs_quantize (const BsSpec *spec,
             const float *x,
             const gint64 *dims,
             guint n_dims,
             gint channel_axis,
             const BsInterval *model_range,
             const char *name,
             GError **error)
{
  g_autoptr (BsQuant) quant = bs_quant_new (spec, dims, n_dims, channel_axis, name, error);

  if (quant == NULL || !bs_quant_encode (quant, x, model_range, name, error))
    return NULL;
  return g_steal_pointer (&quant);
}

gboolean
bs_quant_model_range (const BsSpec *spec,
                      const float *const *x,
                      const gsize *n,
                      guint n_tensors,
                      BsInterval *out,
                      GError **error)
{
  g_autofree BsStats *stats = g_new (BsStats, 1);

  bs_stats_init (stats);
  for (guint i = 0; i < n_tensors; i++)
    bs_stats_add (stats, x[i], n[i]);
  if (stats->count == 0) {
    *out = (BsInterval){ 0, 0 };
    return TRUE;
  }
  return bs_range_choose (stats, spec, "whole model", out, error);
}

static gboolean
apply (const BsSpec *spec, const BsInterval *interval, float *x, gsize n, GError **error)
{
  BsSpec whole = *spec;
  gint64 dims[1] = { (gint64) n };

  if (spec->scope != BS_SCOPE_GROUP)
    whole.scope = BS_SCOPE_MODEL; /* interval is given */
  g_autoptr (BsQuant) quant = bs_quantize (&whole, x, dims, 1, 0, interval, "activation", error);
  if (quant == NULL)
    return FALSE;
  memcpy (x, quant->values, n * sizeof *x);
  return TRUE;
}

gboolean
bs_quant_apply (const BsSpec *spec,
                const BsInterval *interval,
                float *x,
                gsize n_samples,
                gsize n,
                GError **error)
{
  if (bs_spec_is_float (spec))
    return TRUE;
  if (!spec->range->at_run_time)
    return apply (spec, interval, x, n_samples * n, error);
  for (gsize i = 0; i < n_samples; i++, x += n) {
    BsInterval own;
    if (!bs_range_choose_values (x, n, spec, "activation", &own, error) ||
        !apply (spec, &own, x, n, error))
      return FALSE;
  }
  return TRUE;
}

guint64
bs_quant_size_bits (const BsSpec *spec, const gint64 *dims, guint n_dims, gint channel_axis)
{
  BsQuant quant = { .spec = *spec, .n_dims = n_dims };

  if (!bs_dims_count (dims, n_dims, &quant.n))
    return 0;
  if (n_dims > 0)
    memcpy (quant.dims, dims, n_dims * sizeof *dims);
  if (!bs_groups_plan (&quant, channel_axis, "", NULL))
    return 0;
  return size_bits (spec, quant.n, quant.n_scales);
}
