/* The samples to calibrate with, as stored.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/calibration.h"

#include "run/walk.h"

#include <string.h>

struct _BsCalibration {
  BsFit fit;
  BsDatasetOptions options; /* of values; the texts are not kept */
  BsDtype dtype;
  BsValue raw; /* owned */
};

void
bs_calibration_free (BsCalibration *calibration)
{
  if (calibration == NULL)
    return;
  bs_value_clear (&calibration->raw);
  g_free (calibration);
}

/* What cannot be fitted is found now, and named as it is in the file. */
static gboolean
check (const BsFit *fit,
       const BsValue *raw,
       const gsize *index,
       gsize n,
       const BsDatasetOptions *options,
       BsDtype dtype,
       GError **error)
{
  gsize bytes;
  g_autofree guint8 *sample = NULL;

  if (!bs_dims_bytes (fit->dims, fit->n_dims, dtype, &bytes))
    return FALSE;
  sample = g_malloc (MAX (bytes, 1));
  for (gsize i = 0; i < n; i++)
    if (!bs_fit_apply (fit, raw, index, i, 1, options, dtype, sample, error))
      return FALSE;
  return TRUE;
}

BsCalibration *
bs_calibration_new (const BsFit *fit,
                    const BsValue *raw,
                    const gsize *index,
                    gsize n,
                    const BsDatasetOptions *options,
                    BsDtype dtype,
                    GError **error)
{
  gsize sample_bytes = bs_value_count (raw) / (gsize) raw->dims[0] * bs_dtype_bits (raw->dtype) / 8;
  BsCalibration *calibration;

  if (!check (fit, raw, index, n, options, dtype, error))
    return NULL;
  calibration = g_new (BsCalibration, 1);
  *calibration = (BsCalibration){ *fit, *options, dtype, *raw };
  calibration->options.layout = calibration->options.input = NULL;
  calibration->raw.dims[0] = (gint64) n;
  if (!bs_value_alloc (&calibration->raw)) {
    g_free (calibration);
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "no memory for %" G_GSIZE_FORMAT " samples",
                 n);
    return NULL;
  }
  for (gsize i = 0; i < n; i++)
    memcpy ((guint8 *) calibration->raw.data + i * sample_bytes,
            (const guint8 *) raw->data + index[i] * sample_bytes, sample_bytes);
  return calibration;
}

void
bs_calibration_read (const BsCalibration *c, gsize first, gsize n, guint8 *out)
{
  gboolean ok = bs_fit_apply (&c->fit, &c->raw, NULL, first, n, &c->options, c->dtype, out, NULL);

  g_assert (ok);
}
