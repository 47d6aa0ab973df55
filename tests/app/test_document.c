/* The document and its job, without a window: opening, running, stopping, undo, linked selection.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document.h"
#include "app/list_util.h"
#include "app/text.h"
#include "store/store.h"

#include <glib/gstdio.h>
#include <string.h>

#define PATIENCE                                                                                   \
  120 /* seconds until a wait fails: a loaded machine is slow, a broken program hangs */

typedef struct {
  char *folder, *db, *model, *data;
  BsDocument *document;
  guint n_opened, n_batches;
  char *failure;
} Fixture;

static char *
example (const char *name)
{
  return g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", name, NULL);
}

static void
failed_cb (BsDocument *document, GError *error, Fixture *f)
{
  g_free (f->failure);
  f->failure = g_strdup (error->message);
}

static void
opened_cb (BsDocument *document, Fixture *f)
{
  f->n_opened++;
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  g_autofree char *digits = example ("digits.npz");

  f->folder = g_dir_make_tmp ("bitstair-app-XXXXXX", NULL);
  f->db = g_build_filename (f->folder, "results.db", NULL);
  f->model = example ("digits_mlp.onnx");
  f->data = g_strconcat (digits, " --scale 0.0625", NULL);
  f->document = bs_document_new (f->db);
  g_signal_connect (f->document, "failed", G_CALLBACK (failed_cb), f);
  g_signal_connect (f->document, "opened", G_CALLBACK (opened_cb), f);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  GDir *folder;
  const char *name;

  bs_document_close (f->document);
  g_assert_finalize_object (f->document);
  folder = g_dir_open (f->folder, 0, NULL);
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *path = g_build_filename (f->folder, name, NULL);
    g_remove (path);
  }
  g_dir_close (folder);
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->db);
  g_free (f->model);
  g_free (f->data);
  g_free (f->failure);
}

static gboolean
late_cb (gpointer late)
{
  *(gboolean *) late = TRUE;
  return G_SOURCE_CONTINUE;
}

#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gboolean late = FALSE;                                                                         \
    guint timer = g_timeout_add_seconds (PATIENCE, late_cb, &late);                                \
    while (!(condition) && !late)                                                                  \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (timer);                                                                       \
    g_assert_true (condition);                                                                     \
  }                                                                                                \
  G_STMT_END

static guint
n_results (Fixture *f)
{
  return g_list_model_get_n_items (bs_document_results (f->document));
}

static void
set_plan (Fixture *f, const char *weights, const char *scopes, guint limit)
{
  g_autoptr (BsSweepSettings) settings = bs_sweep_settings_new (
    &(BsPlan){ .weights = (char *) weights, .acts = "uint8", .scopes = (char *) scopes },
    &(BsSweepEffort){ .limit = limit }, NULL);

  bs_document_set_settings (f->document, settings);
}

static void
open_digits (Fixture *f)
{
  bs_document_open (f->document, f->model, f->data, NULL);
  wait_until (f->n_opened == 1 || f->failure != NULL);
  g_assert_null (f->failure);
}

static void
run_to_end (Fixture *f)
{
  bs_document_run (f->document);
  g_assert_true (bs_document_is_running (f->document));
  wait_until (!bs_document_is_running (f->document));
  g_assert_null (f->failure);
}

static void
test_open (Fixture *f, gconstpointer unused)
{
  gboolean has_model = FALSE;
  g_autofree char *summary = NULL;

  open_digits (f);
  g_object_get (f->document, "has-model", &has_model, "model-summary", &summary, NULL);
  g_assert_true (has_model);
  g_assert_cmpstr (summary, ==, "6,570 parameters · 25.7 KiB");
  g_assert_cmpstr (bs_document_title (f->document), ==, "digits_mlp · digits");
  g_assert_cmpuint (g_list_model_get_n_items (bs_document_layers (f->document)), ==, 3);
  g_assert_nonnull (bs_document_selected_layer (f->document));
}

/* A file that is no model fails with a sentence that names it, and what was open stays open. */
static void
test_broken_file (Fixture *f, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (f->folder, "broken.onnx", NULL);

  open_digits (f);
  g_assert_true (g_file_set_contents (path, "this is no model", -1, NULL));
  bs_document_open (f->document, path, NULL, NULL);
  wait_until (f->failure != NULL);
  g_assert_nonnull (strstr (f->failure, "broken.onnx"));
  g_assert_cmpuint (f->n_opened, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (bs_document_layers (f->document)), ==, 3);
}

static void
test_run (Fixture *f, gconstpointer unused)
{
  g_autofree char *bits = NULL;

  open_digits (f);
  set_plan (f, "int2..int8", "model,tensor,channel", 100);
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 21);
  g_assert_nonnull (bs_document_float_result (f->document));
  g_assert_nonnull (bs_document_study (f->document));
  g_assert_cmpfloat (bs_document_seconds_each (f->document), >, 0);

  /* A result is proposed, and the layers show what it says about them. */
  g_assert_nonnull (bs_document_selected_result (f->document));
  g_object_get (bs_document_selected_layer (f->document), "bits-text", &bits, NULL);
  g_assert_cmpstr (bits, !=, "–");

  /* Again: everything is stored, nothing appears twice. */
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 21);

  /* Another number of samples is another yardstick. */
  set_plan (f, "int4", "tensor", 50);
  g_assert_cmpuint (n_results (f), ==, 0);
  g_assert_null (bs_document_selected_result (f->document));
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 1);
}

static void
test_choice_stays (Fixture *f, gconstpointer unused)
{
  open_digits (f);
  set_plan (f, "int2..int8", "tensor", 100);
  run_to_end (f);
  g_autoptr (BsResultItem) last = g_list_model_get_item (bs_document_results (f->document), 6);
  bs_document_select_result (f->document, last);
  set_plan (f, "int2..int8", "channel", 100);
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 14);
  g_assert_true (bs_document_selected_result (f->document) == last);
}

static void
test_stop (Fixture *f, gconstpointer unused)
{
  open_digits (f);
  set_plan (f,
            "int2..int8,int2:affine,int3:affine,int4:affine,int5:affine,int6:affine,int7:affine,"
            "int8:affine",
            "model,tensor,channel,group=32", 0);
  bs_document_run (f->document);
  wait_until (n_results (f) >= 1 || !bs_document_is_running (f->document));
  bs_document_stop (f->document);
  wait_until (!bs_document_is_running (f->document));
  guint stopped_at = n_results (f);
  g_assert_null (f->failure); /* stopping is no failure */
  g_assert_cmpuint (stopped_at, >=, 1);

  /* Running again goes on where it stopped, and keeps what was there. */
  bs_document_run (f->document);
  wait_until (n_results (f) > stopped_at || !bs_document_is_running (f->document));
  g_assert_cmpuint (n_results (f), >=, stopped_at);
  bs_document_stop (f->document);
  wait_until (!bs_document_is_running (f->document));
}

static guint
n_scanned (Fixture *f)
{
  const BsSensitivity *scan = bs_document_scanned (f->document, BS_SENSITIVITY_ONLY);
  guint n = 0;

  for (guint i = 0; scan != NULL && i < scan->n_layers * scan->n_options; i++)
    n += scan->results[i] != NULL;
  return n;
}

static void
scanned_cb (BsDocument *document, Fixture *f)
{
  f->n_batches += bs_document_is_running (document);
}

/* A scan is seen while it fills; stopping keeps what is there. */
static void
test_scan (Fixture *f, gconstpointer unused)
{
  g_autofree char *other = example ("fashion_mobilenet.onnx");

  bs_document_open (f->document, other, NULL, NULL);
  wait_until (f->n_opened == 1);
  g_signal_connect (f->document, "scanned", G_CALLBACK (scanned_cb), f);
  set_plan (f, "int2..int8", "tensor", 20);
  bs_document_scan (f->document, BS_SENSITIVITY_ONLY);
  wait_until (bs_document_scanned (f->document, BS_SENSITIVITY_ONLY) != NULL);
  g_assert_true (bs_document_is_running (f->document));
  wait_until (n_scanned (f) > 1 && f->n_batches > 1);
  guint seen = n_scanned (f);
  bs_document_stop (f->document);
  wait_until (!bs_document_is_running (f->document));
  g_assert_null (f->failure);
  g_assert_cmpuint (n_scanned (f), >=, seen);
  g_assert_true (bs_document_scanned (f->document, BS_SENSITIVITY_ONLY)->interrupted);
  set_plan (f, "int2..int8", "tensor", 10); /* another yardstick */
  g_assert_null (bs_document_scanned (f->document, BS_SENSITIVITY_ONLY));
}

static char *
sensitivity_text (Fixture *f)
{
  char *text;

  g_object_get (bs_document_selected_layer (f->document), "sensitivity-text", &text, NULL);
  return text;
}

/* Layers say how well they bear being quantized alone once all widths are scanned. */
static void
test_sensitivity (Fixture *f, gconstpointer unused)
{
  open_digits (f);
  set_plan (f, "int2,int8", "tensor", 20);
  g_autofree char *before = sensitivity_text (f);
  g_assert_cmpstr (before, ==, "–");
  bs_document_scan (f->document, BS_SENSITIVITY_ONLY);
  wait_until (!bs_document_is_running (f->document));
  const BsSensitivity *scan = bs_document_scanned (f->document, BS_SENSITIVITY_ONLY);
  g_autofree char *expected =
    bs_text_db ((scan->results[0]->output_sqnr_db + scan->results[1]->output_sqnr_db) / 2);
  g_autofree char *scanned = sensitivity_text (f);
  g_assert_cmpstr (scanned, ==, expected);
  set_plan (f, "int2,int8", "tensor", 10);
  g_autofree char *after = sensitivity_text (f);
  g_assert_cmpstr (after, ==, "–");
}

/* Opening another model ends the job of the first; what that still delivers is dropped. */
static void
test_open_while_running (Fixture *f, gconstpointer unused)
{
  g_autofree char *other = example ("mnist_lenet_bn.onnx");

  open_digits (f);
  bs_document_run (f->document);
  bs_document_open (f->document, other, NULL, NULL);
  wait_until (f->n_opened == 2);
  g_assert_false (bs_document_is_running (f->document));
  g_assert_cmpuint (n_results (f), ==, 0);
  for (guint i = 0; i < 50; i++) {
    g_usleep (2000);
    while (g_main_context_iteration (NULL, FALSE))
      continue;
  }
  g_assert_cmpuint (n_results (f), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (bs_document_layers (f->document)), ==, 5);
}

static void
test_undo (Fixture *f, gconstpointer unused)
{
  gboolean can_undo, can_redo;

  open_digits (f);
  g_autofree char *first = g_strdup (bs_document_settings (f->document)->plan.weights);
  set_plan (f, "int4", "tensor", 0);
  set_plan (f, "int5", "tensor", 0);
  set_plan (f, "int5", "tensor", 0); /* no change: nothing to undo */
  bs_document_undo (f->document);
  g_assert_cmpstr (bs_document_settings (f->document)->plan.weights, ==, "int4");
  bs_document_undo (f->document);
  g_assert_cmpstr (bs_document_settings (f->document)->plan.weights, ==, first);
  g_object_get (f->document, "can-undo", &can_undo, "can-redo", &can_redo, NULL);
  g_assert_false (can_undo);
  g_assert_true (can_redo);
  bs_document_redo (f->document);
  g_assert_cmpstr (bs_document_settings (f->document)->plan.weights, ==, "int4");
  g_autoptr (BsSweepSettings) cured =
    bs_sweep_settings_with_cure (bs_document_settings (f->document), "equalize");
  g_autoptr (BsSweepSettings) twice = bs_sweep_settings_with_cure (cured, "equalize");
  g_autoptr (BsSweepSettings) clipped = bs_sweep_settings_with_cure (cured, "mse");
  g_assert_cmpstr (twice->plan.corrections, ==, "none,equalize");
  g_assert_cmpstr (clipped->plan.ranges, ==, "minmax,mse");
  g_assert_cmpstr (clipped->plan.corrections, ==, "none,equalize");
  set_plan (f, "int6", "tensor", 0); /* a new edit forgets what was undone */
  g_object_get (f->document, "can-redo", &can_redo, NULL);
  g_assert_false (can_redo);
}

/* Times are measured when asked for, in the place of results that have none. */
static void
test_latency (Fixture *f, gconstpointer unused)
{
  const BsPlan plan = { .weights = "int4,int8", .acts = "uint8", .scopes = "tensor" };

  open_digits (f);
  set_plan (f, plan.weights, plan.scopes, 0);
  run_to_end (f);
  g_assert_true (isnan (bs_result_item_get (bs_document_float_result (f->document))->latency_ms));
  g_autoptr (BsSweepSettings) settings =
    bs_sweep_settings_new (&plan, &(BsSweepEffort){ .latency = TRUE }, NULL);
  bs_document_set_settings (f->document, settings);
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 2);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (BsResultItem) item = g_list_model_get_item (bs_document_results (f->document), i);
    g_assert_cmpfloat (bs_result_item_get (item)->latency_ms, >, 0);
  }
  g_assert_cmpfloat (bs_result_item_get (bs_document_float_result (f->document))->latency_ms, >, 0);
}

/* Results of an earlier session come back with their model and data. */
static void
test_stored_study (Fixture *f, gconstpointer unused)
{
  open_digits (f);
  set_plan (f, "int2..int8", "tensor", 0);
  run_to_end (f);
  BsDocument *again = bs_document_new (f->db);
  bs_document_open_study (again, 0, NULL, NULL);
  wait_until (g_list_model_get_n_items (bs_document_results (again)) > 0);
  g_assert_cmpuint (g_list_model_get_n_items (bs_document_results (again)), ==, 7);
  g_assert_nonnull (bs_document_float_result (again));
  g_assert_nonnull (bs_document_selected_result (again));
  g_assert_nonnull (strstr (bs_document_data_text (again), "--scale 0.0625"));
  g_assert_finalize_object (again);
}

/* A limit among the options of the data is a number of samples, wherever they come from. */
static void
test_limit (Fixture *f, gconstpointer unused)
{
  g_autofree char *text = g_strconcat (f->data, " --limit 40", NULL),
                  *other = g_strconcat (f->data, " --limit 30", NULL);

  bs_document_open (f->document, f->model, text, NULL);
  wait_until (f->n_opened == 1);
  g_assert_cmpuint (bs_document_settings (f->document)->effort.limit, ==, 40);
  g_assert_null (strstr (bs_document_data_text (f->document), "--limit"));
  run_to_end (f);
  BsDocument *again = bs_document_new (f->db);
  bs_document_open_study (again, 0, NULL, NULL);
  wait_until (g_list_model_get_n_items (bs_document_results (again)) > 0);
  g_assert_cmpuint (bs_document_settings (again)->effort.limit, ==, 40);
  g_assert_cmpstr (bs_document_data_text (again), ==, bs_document_data_text (f->document));
  g_autoptr (BsResultItem) item = g_list_model_get_item (bs_document_results (again), 0);
  g_assert_cmpuint (bs_result_item_get (item)->n_samples, ==, 40);
  g_assert_finalize_object (again);
  bs_document_set_data (f->document, other);
  g_assert_cmpuint (bs_document_settings (f->document)->effort.limit, ==, 30);
  g_assert_null (strstr (bs_document_data_text (f->document), "--limit"));
  g_assert_cmpuint (n_results (f), ==, 0);
}

static void
exported_cb (BsDocument *document, BsExportReport *report, double *agreement)
{
  g_assert_cmpuint (report->files->len, ==, 1);
  g_assert_true (g_file_test (report->files->pdata[0], G_FILE_TEST_IS_REGULAR));
  g_assert_true (report->checked);
  *agreement = report->agreement;
}

/* Results that come from the database have no study yet: it is prepared, then the choice goes out.
 */
static void
test_export (Fixture *f, gconstpointer unused)
{
  g_autofree char *path = g_build_filename (f->folder, "out.onnx", NULL);
  double agreement = -1;

  open_digits (f);
  set_plan (f, "int8", "channel", 0);
  run_to_end (f);
  BsDocument *again = bs_document_new (f->db);
  bs_document_open_study (again, 0, NULL, NULL);
  wait_until (bs_document_selected_result (again) != NULL);
  g_assert_null (bs_document_study (again));
  bs_document_prepare (again);
  wait_until (!bs_document_is_running (again));
  g_assert_nonnull (bs_document_study (again));
  g_signal_connect (again, "exported", G_CALLBACK (exported_cb), &agreement);
  g_signal_connect (again, "failed", G_CALLBACK (failed_cb), f);
  bs_document_export (again, bs_export_find ("onnx-qdq"), path);
  wait_until (!bs_document_is_running (again));
  g_assert_cmpstr (f->failure, ==, NULL);
  g_assert_cmpfloat (agreement, >=, 0.99);
  g_assert_finalize_object (again);
}

static void
batch_cb (BsJob *job, GPtrArray *results, Fixture *f)
{
  f->n_batches++;
}

static void
done_cb (BsJob *job, gboolean *done)
{
  *done = TRUE;
}

static guint
n_stored (Fixture *f)
{
  g_autoptr (BsStore) store = bs_store_open_read_only (f->db, NULL);
  g_autoptr (GHashTable) keys = store != NULL ? bs_store_keys (store, 1, NULL) : NULL;

  return keys != NULL ? g_hash_table_size (keys) : 0;
}

/* A main loop that is busy gets one delivery afterwards, however many results there are. */
static void
test_one_wake_up (Fixture *f, gconstpointer unused)
{
  BsJobSpec *spec = g_new0 (BsJobSpec, 1);
  gboolean done = FALSE;
  gint64 end = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;

  open_digits (f);
  spec->model = bs_model_ref (bs_document_facts (f->document)->model);
  spec->model_path = g_strdup (f->model);
  spec->data_text = g_strdup (f->data);
  spec->db_path = g_strdup (f->db);
  spec->settings = bs_sweep_settings_new (
    &(BsPlan){ .weights = "int2..int8", .acts = "uint8", .scopes = "tensor" }, NULL, NULL);
  g_autoptr (BsJob) job = bs_job_new (spec);
  g_signal_connect (job, "results", G_CALLBACK (batch_cb), f);
  g_signal_connect (job, "finished", G_CALLBACK (done_cb), &done);
  bs_job_start (job);
  while (n_stored (f) < 7 && g_get_monotonic_time () < end)
    g_usleep (10000);
  g_assert_cmpuint (f->n_batches, ==, 0); /* nothing is delivered outside the main loop */
  wait_until (done);
  g_assert_no_error ((GError *) bs_job_error (job));
  g_assert_cmpuint (f->n_batches, >=, 1);
  g_assert_cmpuint (f->n_batches, <=, 2);
}

/* Data that does not fit fails with a sentence and leaves nothing running. */
static void
test_wrong_data (Fixture *f, gconstpointer unused)
{
  g_autofree char *data = example ("mnist10k.npz");

  bs_document_open (f->document, f->model, data, NULL);
  wait_until (f->n_opened == 1);
  bs_document_run (f->document);
  wait_until (!bs_document_is_running (f->document));
  g_assert_nonnull (f->failure);
  g_assert_cmpuint (n_results (f), ==, 0);
  bs_document_set_data (f->document, f->data);
  g_clear_pointer (&f->failure, g_free);
  set_plan (f, "int4", "tensor", 20);
  run_to_end (f);
  g_assert_cmpuint (n_results (f), ==, 1);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/document/open", test_open },
    { "/document/broken-file", test_broken_file },
    { "/document/run", test_run },
    { "/document/choice-stays", test_choice_stays },
    { "/document/stop", test_stop },
    { "/document/scan", test_scan },
    { "/document/sensitivity", test_sensitivity },
    { "/document/open-while-running", test_open_while_running },
    { "/document/undo", test_undo },
    { "/document/latency", test_latency },
    { "/document/stored-study", test_stored_study },
    { "/document/limit", test_limit },
    { "/document/wrong-data", test_wrong_data },
    { "/document/export", test_export },
    { "/job/one-wake-up", test_one_wake_up },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
