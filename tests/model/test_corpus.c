/* Tests of the float run on real networks: the listed accuracy, sample for sample.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"
#include "datasets/dataset.h"
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/simplify.h"
#include "run/walk.h"

#include <math.h>
#include <string.h>

#define BATCH 32

typedef struct {
  const char *name, *data;
  double scale;  /* 0: the default */
  guint correct; /* of n; ONNX Runtime's count, from the corpus table */
  guint n;
  double perplexity; /* 0: judged by accuracy */
} Case;

static const Case cases[] = {
  { "digits_mlp", "digits", 1.0 / 16, 468, 500, 0 },
  { "mnist_mlp", "mnist10k", 0, 1942, 2000, 0 },
  { "mnist_lenet_bn", "mnist10k", 0, 1977, 2000, 0 },
  { "fashion_resnet", "fashion", 0, 9220, 10000, 0 },
  { "fashion_mobilenet", "fashion", 0, 9257, 10000, 0 },
  { "fashion_vit", "fashion", 0, 8569, 10000, 0 },
  { "kjv_chargru", "kjv_chars", 0, 0, 256, 4.4198 },
};

typedef struct {
  const BsModel *model;
  const BsDataset *dataset;
  gint correct;
  double log_likelihood[4096]; /* per batch */
  GError *errors[4096];
} Run;

static void
run_batch (gpointer user, guint index, guint worker)
{
  Run *run = user;
  const BsDataset *data = run->dataset;
  guint first = index * BATCH, n = MIN (BATCH, data->n - first);
  BsValue input = { .dtype = data->dtype, .n_dims = data->n_dims + 1, .dims = { n } }, output;

  memcpy (input.dims + 1, data->dims, data->n_dims * sizeof *data->dims);
  input.data = data->x + first * data->sample_bytes;
  if (!bs_walk (run->model, &input, &output, NULL, &run->errors[index]))
    return;
  gsize classes = (gsize) output.dims[output.n_dims - 1];
  for (gsize i = 0; i < n * data->labels_per_sample; i++) {
    const float *row = (const float *) output.data + i * classes;
    gsize best = 0, label = (gsize) data->labels[first * data->labels_per_sample + i];
    double sum = 0;
    for (gsize k = 0; k < classes; k++)
      best = row[k] > row[best] ? k : best;
    for (gsize k = 0; k < classes; k++)
      sum += exp ((double) (row[k] - row[best]));
    run->log_likelihood[index] += (double) (row[label] - row[best]) - log (sum);
    if (best == label)
      g_atomic_int_inc (&run->correct);
  }
  bs_value_clear (&output);
}

static void
run_all (Run *run)
{
  bs_parallel_for ((run->dataset->n + BATCH - 1) / BATCH, run_batch, run, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (run->errors); i++)
    g_assert_no_error (run->errors[i]);
}

static char *
shared_file (const char *folder, const char *name, const char *suffix)
{
  const char *shared = g_getenv ("BITSTAIR_SHARED");
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return shared != NULL
           ? g_build_filename (shared, "corpus", folder, file, NULL)
           : g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", file, NULL);
}

static void
test_accuracy (gconstpointer user)
{
  const Case *c = user;
  g_autofree char *model_path = shared_file ("models", c->name, ".onnx");
  g_autofree char *data_path = shared_file ("data", c->data, ".npz");
  g_autoptr (GError) error = NULL;
  gboolean quick = !g_test_slow () && c->n > 2000;
  BsDatasetOptions options = { .scale = c->scale, .limit = quick ? 1000 : 0 };
  gint64 fixed_batch;

  if (!g_file_test (model_path, G_FILE_TEST_EXISTS)) {
    g_test_message ("%s is not here: nothing checked", model_path);
    return;
  }
  g_autoptr (BsModel) loaded = bs_load_model (model_path, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) model = bs_infer (loaded, &fixed_batch, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixed_batch, ==, 0);
  g_autoptr (BsDataset) dataset = bs_dataset_open (data_path, model, &options, &error);
  g_assert_no_error (error);
  g_autoptr (BsModel) simple = bs_simplify (model, &error);
  g_assert_no_error (error);
  for (guint pass = 0; pass < 2; pass++) {
    g_autofree Run *run = g_new0 (Run, 1);
    gint64 start = g_get_monotonic_time ();
    run->model = pass == 0 ? model : simple;
    run->dataset = dataset;
    run_all (run);
    g_test_message ("%s %s: %d of %u correct, %.2f s", c->name,
                    pass == 0 ? "as loaded" : "simplified", run->correct, dataset->n,
                    (double) (g_get_monotonic_time () - start) / 1e6);
    if (c->perplexity > 0) {
      double sum = 0;
      for (guint i = 0; i < G_N_ELEMENTS (run->log_likelihood); i++)
        sum += run->log_likelihood[i];
      double perplexity = exp (-sum / ((double) dataset->n * dataset->labels_per_sample));
      g_test_message ("perplexity %.4f", perplexity);
      g_assert_cmpfloat (fabs (perplexity - c->perplexity), <, 0.0001);
    } else if (dataset->n == c->n) {
      g_assert_cmpint (run->correct, >=, (gint) c->correct - 1);
      g_assert_cmpint (run->correct, <=, (gint) c->correct + 1);
    } else { /* a part of the samples: close to the listed share */
      g_assert_cmpfloat (fabs ((double) run->correct / dataset->n - (double) c->correct / c->n), <,
                         0.03);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/corpus/", cases[i].name, NULL);
    g_test_add_data_func (path, &cases[i], test_accuracy);
  }
  return g_test_run ();
}
