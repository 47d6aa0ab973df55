/* Tests of corrections in a whole run: on the bundled network whose channels were rescaled by
 * powers of two. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "loaders/loader.h"
#include "study/study.h"

#include <math.h>
#include <string.h>

/* digits: 10 classes, 500 samples; below this a network does little more than guess. */
#define CHANCE 0.15

static BsStudy *
open_study (void)
{
  g_autoptr (GError) error = NULL;
  const char *source = g_getenv ("BITSTAIR_SOURCE");
  g_autofree char *path =
                    g_build_filename (source, "data", "examples", "digits_mlp_rescaled.onnx", NULL),
                  *data = g_build_filename (source, "data", "examples", "digits.npz", NULL);
  BsDatasetOptions options = { .scale = 1.0 / 16 };
  g_autoptr (BsModel) model = bs_load_model (path, &error);
  g_assert_no_error (error);
  g_autoptr (BsDataset) dataset = bs_dataset_open (data, model, &options, &error);
  g_assert_no_error (error);
  BsStudy *study = bs_study_new (model, dataset, NULL, &error);

  g_assert_no_error (error);
  return study;
}

static BsResult *
measure (BsStudy *study, const char *weights, const char *acts, const char *const *corrections)
{
  g_autoptr (GError) error = NULL;
  BsSpec w, a;

  g_assert_true (bs_spec_parse (weights, &w, NULL) && bs_spec_parse (acts, &a, NULL));
  g_autoptr (BsConfig) config = bs_config_new (&w, &a, NULL, corrections);
  BsResult *result = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, &error);

  g_assert_no_error (error);
  return result;
}

/* The collapse of one scale per tensor and its repair by equalization: Nagel et al., ICCV 2019, on
 * a toy. */
static void
test_equalize (void)
{
  static const char *const equalize[] = { "equalize", NULL };
  static const char *const widths[] = { "int8", "int4" };
  g_autoptr (BsStudy) study = open_study ();
  double as_float = bs_study_float (study)->value;

  for (guint i = 0; i < G_N_ELEMENTS (widths); i++) {
    g_autoptr (BsResult) plain = measure (study, widths[i], "float", NULL);
    g_autoptr (BsResult) repaired = measure (study, widths[i], "float", equalize);
    g_autoptr (BsResult) on_integers = measure (study, widths[i], "uint8", equalize);
    g_assert_cmpfloat (plain->value, <, CHANCE);
    g_assert_cmpfloat (fabs (repaired->value - as_float), <, 0.01);
    g_assert_cmpfloat (fabs (on_integers->value - as_float), <, 0.01);
    g_assert_cmpfloat (on_integers->integer_share, ==, 1);
    g_assert_cmpfloat (plain->output_sqnr_db, <, 3);
    g_assert_cmpfloat (repaired->output_sqnr_db, >, 12);
    g_assert_cmpstr (plain->key, !=, repaired->key);
  }
}

/* Float weights under corrections that keep the function stay what they were. */
static void
test_function_kept (void)
{
  static const char *const kept[][2] = { { "equalize" },
                                         { "smoothquant" },
                                         { "smoothquant=0.75" } };
  g_autoptr (BsStudy) study = open_study ();

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    g_autoptr (BsResult) result = measure (study, "float", "float", kept[i]);
    g_assert_cmpfloat (result->agreement, ==, 1);
    g_assert_cmpfloat (result->output_sqnr_db, >, 100);
  }
}

/* Each correction of rounding helps where it should: the outputs come nearer to float. */
static void
test_rounding (void)
{
  static const char *const rows[][3] = {
    { "gptq" }, { "adaround" }, { "bias" }, { "gptq", "bias" }
  };
  static const char *const base[] = { "equalize", NULL };
  g_autoptr (BsStudy) study = open_study ();
  g_autoptr (BsResult) plain = measure (study, "int3", "uint8", base);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *all[] = { "equalize", rows[i][0], rows[i][1], NULL };
    g_autoptr (BsResult) corrected = measure (study, "int3", "uint8", all);
    g_test_message ("%s: %.1f dB, plain %.1f dB", corrected->label, corrected->output_sqnr_db,
                    plain->output_sqnr_db);
    g_assert_cmpfloat (corrected->output_sqnr_db, >, plain->output_sqnr_db);
    g_assert_cmpfloat (corrected->integer_share, ==, 1);
  }
}

static void
test_unknown (void)
{
  static const char *const wrong[] = { "magic", NULL };
  g_autoptr (BsStudy) study = open_study ();
  g_autoptr (GError) error = NULL;
  BsSpec spec;

  g_assert_true (bs_spec_parse ("int8", &spec, NULL));
  g_autoptr (BsConfig) config = bs_config_new (&spec, &spec, NULL, wrong);
  g_assert_null (bs_study_measure (study, config, 0, NULL, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "magic"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/corrections/equalize", test_equalize);
  g_test_add_func ("/corrections/function-kept", test_function_kept);
  g_test_add_func ("/corrections/rounding", test_rounding);
  g_test_add_func ("/corrections/unknown", test_unknown);
  return g_test_run ();
}
