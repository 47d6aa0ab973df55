/* Tests of racing: the same as measuring in full where it is not lost, fair looks, nothing that
 * depends on threads. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"
#include "base/stride.h"
#include "net.h"
#include "study/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 1500

static double
fixed_bar (gpointer user, const BsResult *result)
{
  g_assert_cmpuint (result->weight_bytes, >, 0);
  return *(double *) user;
}

static BsResult *
race (BsStudy *study, const char *weights, double bar)
{
  g_autoptr (BsConfig) config = net_config (weights, "uint8");
  g_autoptr (GError) error = NULL;
  const BsRace race = { fixed_bar, &bar };
  BsResult *result = bs_study_race (study, config, BS_MEASURE_LAYERS, &race, NULL, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_same (const BsResult *a, const BsResult *b)
{
  g_assert_cmpuint (a->n, ==, b->n);
  g_assert_cmpuint (a->n_samples, ==, b->n_samples);
  g_assert_cmpuint (a->n_correct, ==, b->n_correct);
  g_assert_cmpint (a->stopped_early, ==, b->stopped_early);
  g_assert_cmpmem (&a->value, sizeof a->value, &b->value, sizeof b->value);
  g_assert_cmpmem (&a->output_kl, sizeof a->output_kl, &b->output_kl, sizeof b->output_kl);
  g_assert_cmpmem (&a->output_sqnr_db, sizeof a->output_sqnr_db, &b->output_sqnr_db,
                   sizeof b->output_sqnr_db);
}

/* A bar far above ends at the first look; one that is reached changes nothing at all. */
static void
test_bars (void)
{
  g_autoptr (BsStudy) study = net_study (SAMPLES);
  g_autoptr (BsConfig) config = net_config ("int3:model", "uint8");
  g_autoptr (BsResult) full = bs_study_measure (study, config, BS_MEASURE_LAYERS, NULL, NULL);
  g_autoptr (BsResult) lost = race (study, "int3:model", 0.99);
  g_autoptr (BsResult) even = race (study, "int3:model", full->value);
  g_autoptr (BsResult) none = race (study, "int3:model", -INFINITY);

  g_assert_true (lost->stopped_early);
  g_assert_cmpuint (lost->n_samples, ==, 256);
  g_assert_cmpuint (lost->n, ==, 256);
  g_assert_cmpfloat (lost->ci_hi, <, 0.99);
  g_assert_cmpfloat (lost->ci_lo, <=, full->value); /* the samples are a fair part of all */
  g_assert_cmpfloat (lost->ci_hi, >=, full->value);
  g_assert_null (lost->predictions);
  g_assert_true (isnan (lost->layers[0].accumulated_sqnr_db) && isnan (lost->layers[0].max_abs));
  g_assert_cmpuint (lost->weight_bytes, ==, full->weight_bytes);
  g_assert_cmpuint (full->n_samples, ==, SAMPLES);
  assert_same (full, even);
  assert_same (full, none);
  g_assert_false (isnan (even->layers[0].accumulated_sqnr_db));

  gboolean pareto[2];
  bs_results_pareto ((BsResult *[]){ lost, full }, 2, pareto);
  g_assert_true (!pareto[0] && pareto[1]);
}

static void
test_threads (void)
{
  for (guint k = 0; k < 6; k++) {
    double bar = 0.2 + 0.03 * k; /* random labels of five classes: some of these need many looks */
    g_autoptr (BsStudy) study = net_study (SAMPLES);
    bs_parallel_set_threads (1);
    g_autoptr (BsResult) one = race (study, "int4", bar);
    bs_parallel_set_threads (3);
    g_autoptr (BsResult) three = race (study, "int4", bar);
    bs_parallel_set_threads (0);
    assert_same (one, three);
    g_test_message ("bar %g: %" G_GUINT64_FORMAT " samples", bar, one->n_samples);
  }
}

typedef struct {
  gint32 class;
  guint index;
} Sorted;

static int
by_class (const void *a, const void *b)
{
  const Sorted *x = a, *y = b;

  return x->class != y->class ? x->class - y->class : (int) x->index - (int) y->index;
}

/* Data sorted by what the network sees in it: the first shards show few classes, so that nothing is
 * given up on them. */
static void
test_sorted_data (void)
{
  g_autoptr (BsStudy) mixed = net_study (SAMPLES);
  BsDataset *data = bs_study_dataset (mixed);
  const BsResult *baseline = bs_study_float (mixed);
  g_autoptr (BsModel) model = net_new (1);
  g_autoptr (BsDataset) sorted = net_data (bs_study_model (mixed), SAMPLES, 1);
  g_autofree Sorted *order = g_new (Sorted, SAMPLES);
  g_autoptr (GError) error = NULL;
  guint kinds = 0;

  for (guint i = 0; i < SAMPLES; i++)
    order[i] = (Sorted){ baseline->predictions[i], i };
  qsort (order, SAMPLES, sizeof *order, by_class);
  for (guint i = 0; i < SAMPLES; i++) {
    kinds += i == 0 || order[i].class != order[i - 1].class;
    memcpy ((guint8 *) sorted->x + i * sorted->sample_bytes,
            (const guint8 *) data->x + order[i].index * data->sample_bytes, data->sample_bytes);
  }
  g_assert_cmpuint (kinds, >=, 2); /* else the test says nothing */
  g_autoptr (BsStudy) study = bs_study_new (bs_study_model (mixed), sorted, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (BsResult) lost = race (study, "int3:model", 0.99),
                       fair = race (mixed, "int3:model", 0.99);
  g_assert_cmpuint (lost->n_samples, >, fair->n_samples);
}

static void
test_stride (void)
{
  for (guint n = 1; n < 300; n++) {
    g_autofree gboolean *seen = g_new0 (gboolean, n);
    guint step = bs_stride (n);
    for (guint i = 0, at = 0; i < n; i++, at = (at + step) % n) {
      g_assert_false (seen[at]);
      seen[at] = TRUE;
    }
  }
}

static void
test_order (void)
{
  BsPlan plan = { (char *) "int8,int2..int3,float", (char *) "uint4,uint8",
                  (char *) "channel,group=8,model", NULL, NULL };
  static const char *const expected[] = { "int2:model", "int2:channel", "int2:group=8",
                                          "int3:model", "int3:channel", "int3:group=8",
                                          "int8:model", "int8:channel", "int8:group=8",
                                          "float" };
  g_autoptr (GPtrArray) configs = bs_plan_configs (&plan, NULL);

  bs_plan_sort_by_size (configs);
  g_assert_cmpuint (configs->len, ==, 2 * G_N_ELEMENTS (expected));
  for (guint i = 0; i < configs->len; i++) {
    const BsConfig *config = configs->pdata[i];
    g_autofree char *weights = bs_spec_to_string (&config->weights);
    g_assert_cmpstr (weights, ==, expected[i / 2]);
    g_assert_cmpuint (config->acts.bits, ==, i % 2 == 0 ? 8 : 4);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/race/bars", test_bars);
  g_test_add_func ("/race/threads", test_threads);
  g_test_add_func ("/race/sorted-data", test_sorted_data);
  g_test_add_func ("/race/stride", test_stride);
  g_test_add_func ("/race/order", test_order);
  return g_test_run ();
}
