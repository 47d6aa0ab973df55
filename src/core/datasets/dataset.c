/* Datasets: from raw arrays to samples and labels that fit a model.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset.h"

#include "base/digest.h"
#include "base/parallel.h"
#include "datasets/calibration.h"
#include "datasets/synthetic.h"
#include "ops/cast.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define DEFAULT_CALIBRATION 256
#define SLICE 256u /* samples a thread fits at once */

BsDataset *
bs_dataset_ref (BsDataset *dataset)
{
  g_atomic_ref_count_inc (&dataset->refs);
  return dataset;
}

void
bs_dataset_unref (BsDataset *dataset)
{
  if (dataset == NULL || !g_atomic_ref_count_dec (&dataset->refs))
    return;
  g_free (dataset->name);
  g_free (dataset->spec);
  g_free (dataset->x);
  bs_calibration_free (dataset->calibration);
  g_free (dataset->labels);
  g_free (dataset);
}

static gboolean
check_options (const BsDatasetOptions *options, GError **error)
{
  gboolean ok = isfinite (options->scale) && options->n_mean <= G_N_ELEMENTS (options->mean) &&
                options->n_std <= G_N_ELEMENTS (options->std);

  for (guint i = 0; ok && i < options->n_mean; i++)
    ok = isfinite (options->mean[i]);
  for (guint i = 0; ok && i < options->n_std; i++)
    ok = isfinite (options->std[i]) && options->std[i] > 0;
  if (ok && options->layout != NULL && strcmp (options->layout, "hwc") != 0 &&
      strcmp (options->layout, "chw") != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” is no layout; “hwc” and “chw” are",
                 options->layout);
    return FALSE;
  }
  if (!ok)
    g_set_error (
      error, BS_ERROR, BS_ERROR_INVALID,
      "The scale, mean and deviation of the data must be finite numbers, deviations above 0");
  return ok;
}

static gboolean
find_input (const BsModel *model, const char *name, guint *input, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  if (model->n_inputs == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "The model “%s” has no input to feed",
                 model->name);
    return FALSE;
  }
  *input = 0;
  if (name == NULL)
    return TRUE;
  for (guint i = 0; i < model->n_inputs; i++) {
    if (strcmp (model->tensors[model->inputs[i]].name, name) == 0) {
      *input = i;
      return TRUE;
    }
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            model->tensors[model->inputs[i]].name);
  }
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "The model “%s” has no input “%s”; it has: %s",
               model->name, name, names->str);
  return FALSE;
}

/* The rank of x without the batch; a sample of rank 0 is one number. */
static gboolean
check_samples (const BsValue *x, const char *name, GError **error)
{
  if (x->n_dims == 0 || x->dims[0] == 0 || bs_value_count (x) == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "“%s” holds no samples", name);
    return FALSE;
  }
  return TRUE;
}

typedef struct {
  const BsDataset *dataset;
  const BsFit *fit;
  const BsValue *raw;
  const BsDatasetOptions *options;
} Filling;

static gboolean
fill_slice (gpointer data, guint index, guint worker, GError **error)
{
  const Filling *f = data;
  gsize first = (gsize) index * SLICE, n = MIN (SLICE, f->dataset->n - first);

  return bs_fit_apply (f->fit, f->raw, NULL, first, n, f->options, f->dataset->dtype,
                       f->dataset->x + first * f->dataset->sample_bytes, error);
}

static gboolean
fill (BsDataset *dataset,
      const BsFit *fit,
      const BsValue *raw,
      const BsDatasetOptions *options,
      GError **error)
{
  Filling filling = { dataset, fit, raw, options };
  gsize bytes;

  if (!g_size_checked_mul (&bytes, dataset->n, dataset->sample_bytes) ||
      (dataset->x = g_try_malloc (MAX (bytes, 1))) == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "no memory for %u samples", dataset->n);
    return FALSE;
  }
  return bs_parallel_try ((dataset->n + SLICE - 1) / SLICE, fill_slice, &filling, NULL, error);
}

/* Which samples calibrate: the first ones, or with a seed a random choice without repetition. */
static gsize *
choose (gsize n, gsize available, guint64 seed)
{
  g_autoptr (GRand) random = NULL;
  gsize *index = g_new (gsize, MAX (available, 1));
  guint32 words[2] = { (guint32) seed, (guint32) (seed >> 32) };

  for (gsize i = 0; i < available; i++)
    index[i] = i;
  if (seed == 0)
    return index;
  random = g_rand_new_with_seed_array (words, 2);
  for (gsize i = 0; i < n; i++) {
    gsize other = i + (gsize) (g_rand_double (random) * (double) (available - i));
    gsize swap = index[i];
    other = MIN (other, available - 1);
    index[i] = index[other];
    index[other] = swap;
  }
  return index;
}

static gboolean
read_calibration (BsDataset *dataset,
                  const BsFit *fit,
                  BsRawDataset *raw,
                  const BsDatasetOptions *options,
                  GError **error)
{
  BsValue *train = raw->x_train.data != NULL ? &raw->x_train : &raw->x;
  gsize wanted = options->calibration > 0 ? options->calibration : DEFAULT_CALIBRATION;
  g_autofree gsize *index = NULL;

  if (train->n_dims == 1 &&
      raw->x.n_dims == 2) { /* a stream of tokens: windows as long as a sample */
    gint64 length = raw->x.dims[1], n = train->dims[0] / MAX (length, 1);
    *train =
      (BsValue){ .dtype = train->dtype, .n_dims = 2, .dims = { n, length }, .data = train->data };
  }
  if (train->n_dims != raw->x.n_dims ||
      memcmp (train->dims + 1, raw->x.dims + 1, (raw->x.n_dims - 1) * sizeof *train->dims) != 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "the samples to calibrate with have another shape than those to evaluate");
    return FALSE;
  }
  dataset->n_calibration = (guint) MIN (wanted, (gsize) train->dims[0]);
  index = choose (dataset->n_calibration, (gsize) train->dims[0], options->seed);
  dataset->calibration =
    bs_calibration_new (fit, train, index, dataset->n_calibration, options, dataset->dtype, error);
  return dataset->calibration != NULL;
}

void
bs_dataset_calibration (const BsDataset *dataset, guint first, guint n, guint8 *out)
{
  bs_calibration_read (dataset->calibration, first, n, out);
}

static gboolean
read_labels (BsDataset *dataset, const BsValue *y, gsize n_all, GError **error)
{
  BsValue to = { .dtype = BS_DTYPE_I64 };
  gsize count;

  if (y->data == NULL)
    return TRUE;
  count = bs_value_count (y);
  if (y->n_dims == 0 || (gsize) y->dims[0] != n_all || count == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "it has %" G_GSIZE_FORMAT " samples, but %" G_GINT64_FORMAT " labels", n_all,
                 y->n_dims > 0 ? y->dims[0] : 0);
    return FALSE;
  }
  dataset->labels_per_sample = (guint) (count / n_all);
  to.n_dims = y->n_dims;
  memcpy (to.dims, y->dims, sizeof y->dims);
  dataset->labels = g_new (gint64, count);
  to.data = dataset->labels;
  if (!bs_cast_values (y, &to)) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED, "its labels are not numbers");
    return FALSE;
  }
  return TRUE;
}

static void
compute_digest (BsDataset *dataset)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *dims = bs_dims_to_string (dataset->dims, dataset->n_dims);
  g_autofree char *head =
    g_strdup_printf ("%s %s %u %u %u", dims, bs_dtype_name (dataset->dtype), dataset->n,
                     dataset->n_calibration, dataset->labels_per_sample);
  g_autofree guint8 *sample = g_malloc (MAX (dataset->sample_bytes, 1));

  bs_digest_update (sum, head, strlen (head));
  bs_digest_update_sums (sum, dataset->x, dataset->n * dataset->sample_bytes);
  for (guint i = 0; i < dataset->n_calibration; i++) {
    bs_dataset_calibration (dataset, i, 1, sample);
    bs_digest_update_sums (sum, sample, dataset->sample_bytes);
  }
  if (dataset->labels != NULL)
    bs_digest_update (sum, dataset->labels,
                      (gsize) dataset->n * dataset->labels_per_sample * sizeof (gint64));
  g_strlcpy (dataset->digest, g_checksum_get_string (sum), BS_DIGEST_SIZE);
}

static gboolean
from_raw (BsDataset *dataset,
          BsRawDataset *raw,
          const BsTensor *input,
          const BsDatasetOptions *options,
          GError **error)
{
  BsLayout layout = options->layout == NULL                ? raw->layout
                    : strcmp (options->layout, "hwc") == 0 ? BS_LAYOUT_HWC
                                                           : BS_LAYOUT_CHW;
  gboolean known = input->n_dims != BS_DIMS_UNKNOWN && input->n_dims > 0;
  BsFit fit = { .n_dims = 0 };
  gsize n_all;

  if (!check_samples (&raw->x, dataset->name, error))
    return FALSE;
  n_all = (gsize) raw->x.dims[0];
  if (n_all > G_MAXINT) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "“%s” has too many samples", dataset->name);
    return FALSE;
  }
  dataset->n = (guint) (options->limit > 0 ? MIN (n_all, options->limit) : n_all);
  if (!bs_fit_choose (raw->x.dims + 1, raw->x.n_dims - 1, known ? input->dims + 1 : raw->x.dims + 1,
                      known ? input->n_dims - 1 : raw->x.n_dims - 1, layout, &fit, error)) {
    g_prefix_error (error, "“%s” does not fit input “%s”: ", dataset->name, input->name);
    return FALSE;
  }
  dataset->n_dims = fit.n_dims;
  memcpy (dataset->dims, fit.dims, sizeof fit.dims);
  if (!bs_dims_bytes (fit.dims, fit.n_dims, dataset->dtype, &dataset->sample_bytes) ||
      !fill (dataset, &fit, &raw->x, options, error) ||
      !read_calibration (dataset, &fit, raw, options, error) ||
      !read_labels (dataset, &raw->y, n_all, error)) {
    g_prefix_error (error, "“%s”: ", dataset->name);
    return FALSE;
  }
  return TRUE;
}

BsDataset *
bs_dataset_open (const char *spec,
                 const BsModel *model,
                 const BsDatasetOptions *options,
                 GError **error)
{
  static const BsDatasetOptions defaults = { 0 };
  g_autoptr (BsDataset) dataset = g_new0 (BsDataset, 1);
  const BsTensor *input;
  guint index;
  gboolean ok;

  g_atomic_ref_count_init (&dataset->refs);
  options = options != NULL ? options : &defaults;
  if (!check_options (options, error) || !find_input (model, options->input, &index, error))
    return NULL;
  input = &model->tensors[model->inputs[index]];
  dataset->dtype = input->dtype != BS_DTYPE_NONE ? input->dtype : BS_DTYPE_F32;
  dataset->spec = g_strdup (spec);
  if (g_str_has_prefix (spec, "synthetic:")) {
    dataset->name = g_strdup (spec);
    ok = bs_synthetic_fill (dataset, model, model->inputs[index], spec + strlen ("synthetic:"),
                            options, error);
  } else {
    BsDatasetTarget target = bs_dataset_target (model, model->inputs[index]);
    BsRawDataset raw;
    dataset->name = g_filename_display_basename (spec);
    if (!bs_dataset_read (spec, &target, &raw, error))
      return NULL;
    ok = from_raw (dataset, &raw, input, options, error);
    bs_raw_dataset_clear (&raw);
  }
  if (!ok)
    return NULL;
  compute_digest (dataset);
  return g_steal_pointer (&dataset);
}
