/* Fitting raw arrays to the input of a model: axes, casts, scaling.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/fit.h"

#include "ops/cast.h"
#include "ops/move.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

static gboolean
matches (const gint64 *a, guint n_a, const gint64 *wanted, guint n_wanted)
{
  if (n_a != n_wanted)
    return FALSE;
  for (guint i = 0; i < n_a; i++)
    if (wanted[i] >= 0 && wanted[i] != a[i])
      return FALSE;
  return TRUE;
}

static gint64
product (const gint64 *dims, guint n)
{
  gsize count;

  return bs_dims_count (dims, n, &count) ? (gint64) count : -1;
}

/* The same elements in the same order under the wanted dims: single dimensions come and go, or one
 * side is flat. */
static gboolean
reshapes (const gint64 *stored, guint n_stored, const gint64 *wanted, guint n_wanted, gint64 *dims)
{
  guint k = 0;
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < n_wanted; i++) {
    while (k < n_stored && stored[k] == 1 && wanted[i] != 1)
      k++;
    if (wanted[i] == 1 && (k == n_stored || stored[k] != 1)) {
      dims[i] = 1;
      continue;
    }
    ok = k < n_stored && (wanted[i] < 0 || wanted[i] == stored[k]);
    dims[i] = ok ? stored[k++] : 0;
  }
  while (k < n_stored && stored[k] == 1)
    k++;
  if (ok && k == n_stored)
    return TRUE;
  if (n_wanted > 0)
    memcpy (dims, wanted, n_wanted * sizeof *dims);
  return (n_stored == 1 || n_wanted == 1) && product (stored, n_stored) >= 0 &&
         product (stored, n_stored) == product (wanted, n_wanted);
}

static gboolean
transposes (const gint64 *stored,
            guint n_stored,
            const guint *order,
            const gint64 *wanted,
            guint n_wanted,
            BsFit *fit)
{
  gint64 dims[3], dense[3];

  if (n_stored != 3 || n_wanted != 3)
    return FALSE;
  bs_dense_strides (stored, 3, dense);
  for (guint i = 0; i < 3; i++)
    dims[i] = stored[order[i]];
  if (!matches (dims, 3, wanted, 3))
    return FALSE;
  fit->n_dims = 3;
  for (guint i = 0; i < 3; i++) {
    fit->dims[i] = dims[i];
    fit->strides[i] = dense[order[i]];
  }
  return TRUE;
}

gboolean
bs_fit_choose (const gint64 *stored,
               guint n_stored,
               const gint64 *wanted,
               guint n_wanted,
               BsLayout layout,
               BsFit *fit,
               GError **error)
{
  static const guint to_chw[3] = { 2, 0, 1 }, to_hwc[3] = { 1, 2, 0 };
  g_autofree char *have = NULL;
  g_autofree char *want = NULL;

  if (layout == BS_LAYOUT_HWC && transposes (stored, n_stored, to_chw, wanted, n_wanted, fit))
    return TRUE;
  fit->n_dims = n_wanted;
  if (matches (stored, n_stored, wanted, n_wanted)) {
    memcpy (fit->dims, stored, n_stored * sizeof *stored);
    bs_dense_strides (fit->dims, fit->n_dims, fit->strides);
    return TRUE;
  }
  if (reshapes (stored, n_stored, wanted, n_wanted, fit->dims)) {
    bs_dense_strides (fit->dims, fit->n_dims, fit->strides);
    return TRUE;
  }
  if (layout != BS_LAYOUT_CHW && transposes (stored, n_stored, to_chw, wanted, n_wanted, fit))
    return TRUE;
  if (layout != BS_LAYOUT_HWC && transposes (stored, n_stored, to_hwc, wanted, n_wanted, fit))
    return TRUE;
  have = bs_dims_to_string (stored, n_stored);
  want = bs_dims_to_string (wanted, n_wanted);
  g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, "Samples of %s cannot be fitted to an input of %s",
               have, want);
  return FALSE;
}

/* For each element of a sample the channel it belongs to: block elements of one channel, channels
 * in turn. */
static gboolean
channel_layout (const BsFit *fit, guint n, gsize *block, GError **error)
{
  *block = 1;
  for (guint i = 1; i < fit->n_dims; i++)
    *block *= (gsize) fit->dims[i];
  if (n <= 1 || (fit->n_dims > 0 && fit->dims[0] == (gint64) n))
    return TRUE;
  *block = 1;
  if (fit->n_dims > 0 && fit->dims[fit->n_dims - 1] == (gint64) n)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
               "%u means or deviations were given, but the input does not have that many channels",
               n);
  return FALSE;
}

static gboolean
normalize (const BsFit *fit,
           const BsDatasetOptions *options,
           gsize size,
           float *sample,
           GError **error)
{
  gsize mean_block, std_block;

  if (options->n_mean == 0 && options->n_std == 0)
    return TRUE;
  if (!channel_layout (fit, options->n_mean, &mean_block, error) ||
      !channel_layout (fit, options->n_std, &std_block, error))
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    double x = (double) sample[i];
    if (options->n_mean > 0)
      x -= options->mean[options->n_mean == 1 ? 0 : i / mean_block % options->n_mean];
    if (options->n_std > 0)
      x /= options->std[options->n_std == 1 ? 0 : i / std_block % options->n_std];
    sample[i] = (float) x;
  }
  return TRUE;
}

static gboolean
is_float (BsDtype dtype)
{
  return dtype == BS_DTYPE_F32 || dtype == BS_DTYPE_F64 || dtype == BS_DTYPE_F16 ||
         dtype == BS_DTYPE_BF16;
}

static gboolean
scale_sample (const BsFit *fit,
              const BsDatasetOptions *options,
              gboolean by_255,
              float *sample,
              gsize size,
              gsize number,
              GError **error)
{
  if (by_255)
    for (gsize k = 0; k < size; k++)
      sample[k] /= 255.0f;
  else if (options->scale != 0 && options->scale != 1)
    for (gsize k = 0; k < size; k++)
      sample[k] = (float) ((double) sample[k] * options->scale);
  if (!normalize (fit, options, size, sample, error))
    return FALSE;
  for (gsize k = 0; k < size; k++)
    if (!isfinite (sample[k])) {
      g_set_error (error, BS_ERROR, BS_ERROR_NOT_FINITE,
                   "sample %" G_GSIZE_FORMAT " has a value that is not a finite number", number);
      return FALSE;
    }
  return TRUE;
}

gboolean
bs_fit_apply (const BsFit *fit,
              const BsValue *raw,
              const gsize *index,
              gsize first,
              gsize n,
              const BsDatasetOptions *options,
              BsDtype dtype,
              guint8 *out,
              GError **error)
{
  gsize bytes = bs_dtype_bits (raw->dtype) / 8, size = (gsize) product (fit->dims, fit->n_dims);
  gboolean by_255 = options->scale == 0 && is_float (dtype) && raw->dtype == BS_DTYPE_U8;
  /* tokens and other integers go straight to their type, exactly */
  gboolean direct = !is_float (dtype) && !is_float (raw->dtype) && options->scale == 0 &&
                    options->n_mean == 0 && options->n_std == 0;
  g_autofree guint8 *moved = g_malloc (MAX (size * bytes, 1));
  g_autofree float *sample = g_new (float, MAX (size, 1));
  BsValue from = { .dtype = raw->dtype, .n_dims = 1, .dims = { (gint64) size }, .data = moved };
  BsValue middle = {
    .dtype = BS_DTYPE_F32, .n_dims = 1, .dims = { (gint64) size }, .data = sample
  };
  BsValue to = { .dtype = dtype, .n_dims = 1, .dims = { (gint64) size }, .data = out };

  for (gsize i = first; i < first + n;
       i++, to.data = (guint8 *) to.data + size * (bs_dtype_bits (dtype) / 8)) {
    gsize number = index != NULL ? index[i] : i;
    bs_copy_strided ((const guint8 *) raw->data + number * size * bytes, fit->strides, fit->dims,
                     fit->n_dims, moved, bytes);
    if (!bs_cast_values (&from, direct ? &to : &middle)) {
      g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED, "samples of type %s cannot become %s",
                   bs_dtype_name (raw->dtype), bs_dtype_name (dtype));
      return FALSE;
    }
    if (direct)
      continue;
    if (!scale_sample (fit, options, by_255, sample, size, number, error))
      return FALSE;
    if (!bs_cast_values (&middle, &to)) {
      g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                   "the model takes %s, which samples cannot become", bs_dtype_name (dtype));
      return FALSE;
    }
  }
  return TRUE;
}
