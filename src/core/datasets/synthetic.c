/* Made-up samples, for measuring without data: Gaussian noise, or tokens.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/synthetic.h"

#include "datasets/calibration.h"
#include "ops/cast.h"

#include <math.h>
#include <string.h>

#define MAX_SAMPLES 1000000
#define FREE_LENGTH 64   /* of a sequence whose length is free */
#define FREE_SIZE 224    /* of a picture whose size is free */
#define UNKNOWN_TOKENS 2 /* no embedding tells how many there are: 0 and 1 are safe */

static double
normal (GRand *random) /* Box and Muller, 1958 */
{
  double radius = sqrt (-2 * log (1 - g_rand_double (random)));

  return radius * cos (2 * G_PI * g_rand_double (random));
}

/* Samples are drawn as float and cast, so that every input type gets the same numbers. */
static gboolean
make (GRand *random, BsDataset *dataset, gint64 n_tokens, guint n, guint8 **out, GError **error)
{
  gsize count, bytes;
  g_autofree float *drawn = NULL;
  BsValue from = { .dtype = BS_DTYPE_F32, .n_dims = 1 }, to;

  if (!bs_dims_count (dataset->dims, dataset->n_dims, &count) ||
      !g_size_checked_mul (&count, count, n) ||
      !g_size_checked_mul (&bytes, dataset->sample_bytes, n) ||
      (drawn = g_try_new (float, MAX (count, 1))) == NULL ||
      (*out = g_try_malloc (MAX (bytes, 1))) == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "No memory for %u samples", n);
    return FALSE;
  }
  for (gsize i = 0; i < count; i++)
    drawn[i] = n_tokens > 0
                 ? (float) MIN ((gint64) (g_rand_double (random) * (double) n_tokens), n_tokens - 1)
                 : (float) normal (random);
  from.dims[0] = (gint64) count;
  from.data = drawn;
  to = from;
  to.dtype = dataset->dtype;
  to.data = *out;
  if (bs_cast_values (&from, &to))
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
               "Nothing can be made up for an input of type %s", bs_dtype_name (dataset->dtype));
  return FALSE;
}

static gboolean
make_calibration (GRand *random, BsDataset *dataset, gint64 n_tokens, GError **error)
{
  static const BsDatasetOptions as_they_are = { 0 };
  guint n = dataset->n_calibration;
  BsValue raw = { .dtype = dataset->dtype, .n_dims = dataset->n_dims + 1, .dims = { n } };
  g_autofree gsize *index = g_new (gsize, n);
  g_autofree guint8 *data = NULL;
  BsFit fit;

  memcpy (raw.dims + 1, dataset->dims, dataset->n_dims * sizeof *dataset->dims);
  for (guint i = 0; i < n; i++)
    index[i] = i;
  if (!make (random, dataset, n_tokens, n, &data, error) ||
      !bs_fit_choose (dataset->dims, dataset->n_dims, dataset->dims, dataset->n_dims,
                      BS_LAYOUT_AUTO, &fit, error))
    return FALSE;
  raw.data = data;
  dataset->calibration =
    bs_calibration_new (&fit, &raw, index, n, &as_they_are, dataset->dtype, error);
  return dataset->calibration != NULL;
}

gboolean
bs_synthetic_fill (BsDataset *dataset,
                   const BsModel *model,
                   guint index,
                   const char *text,
                   const BsDatasetOptions *options,
                   GError **error)
{
  const BsTensor *input = &model->tensors[index];
  gboolean tokens = dataset->dtype == BS_DTYPE_I64 || dataset->dtype == BS_DTYPE_I32;
  gint64 known = bs_dataset_target (model, index).n_tokens;
  gint64 n_tokens = tokens ? (known > 0 ? known : UNKNOWN_TOKENS) : 0;
  guint32 words[2] = { (guint32) options->seed, (guint32) (options->seed >> 32) };
  g_autoptr (GRand) random = g_rand_new_with_seed_array (words, 2);
  guint64 n;

  if (!g_ascii_string_to_unsigned (text, 10, 1, MAX_SAMPLES, &n, NULL)) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "“%s” is no number of synthetic samples (1 to %d)", text, MAX_SAMPLES);
    return FALSE;
  }
  if (input->n_dims == BS_DIMS_UNKNOWN || input->n_dims == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "The shape of input “%s” is not known, so nothing can be made up", input->name);
    return FALSE;
  }
  dataset->synthetic = TRUE;
  dataset->n_dims = input->n_dims - 1;
  for (guint i = 0; i < dataset->n_dims; i++)
    dataset->dims[i] = input->dims[i + 1] >= 0 ? input->dims[i + 1]
                       : dataset->n_dims >= 3  ? FREE_SIZE
                                               : FREE_LENGTH;
  dataset->n = (guint) (options->limit > 0 ? MIN (n, options->limit) : n);
  dataset->n_calibration = (guint) MIN (n, options->calibration > 0 ? options->calibration : 256);
  if (!bs_dims_bytes (dataset->dims, dataset->n_dims, dataset->dtype, &dataset->sample_bytes)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "Input “%s” is too large", input->name);
    return FALSE;
  }
  return make_calibration (random, dataset, n_tokens, error) &&
         make (random, dataset, n_tokens, dataset->n, &dataset->x, error);
}
