/* A race in the document: what is hopeless is marked, never proposed, and measured to the end later.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document.h"

#include <glib/gstdio.h>

#define N_CONFIGS 42

static guint
n_stopped (BsDocument *document, BsResultItem **last)
{
  GListModel *results = bs_document_results (document);
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (results); i++) {
    g_autoptr (BsResultItem) item = g_list_model_get_item (results, i);
    if (!bs_result_item_get (item)->stopped_early)
      continue;
    n++;
    *last = item; /* stays alive in the list */
  }
  return n;
}

static void
failed_cb (BsDocument *document, GError *error)
{
  g_error ("%s", error->message);
}

static void
opened_cb (BsDocument *document, gboolean *opened)
{
  *opened = TRUE;
}

static void
sweep (BsDocument *document, gboolean race)
{
  g_autoptr (BsSweepSettings) settings = bs_sweep_settings_new (
    &(BsPlan){ .weights = "int2..int8", .acts = "uint8,uint2", .scopes = "model,tensor,channel" },
    &(BsSweepEffort){ .race = race }, NULL);

  bs_document_set_settings (document, settings);
  g_assert_true (bs_document_settings (document)->effort.race == race);
  bs_document_run (document);
  while (bs_document_is_running (document))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (bs_document_results (document)), ==, N_CONFIGS);
}

static void
test_race (void)
{
  g_autofree char *folder = g_dir_make_tmp ("bitstair-race-XXXXXX", NULL),
                  *db = g_build_filename (folder, "results.db", NULL),
                  *examples =
                    g_build_filename (g_getenv ("BITSTAIR_SOURCE"), "data", "examples", NULL),
                  *model = g_build_filename (examples, "digits_mlp.onnx", NULL),
                  *data = g_strconcat (examples, "/digits.npz --scale 0.0625", NULL);
  g_autoptr (BsDocument) document = bs_document_new (db);
  gboolean opened = FALSE;
  BsResultItem *item = NULL;

  g_signal_connect (document, "failed", G_CALLBACK (failed_cb), NULL);
  g_signal_connect (document, "opened", G_CALLBACK (opened_cb), &opened);
  bs_document_open (document, model, data, NULL);
  while (!opened)
    g_main_context_iteration (NULL, TRUE);

  sweep (document, TRUE);
  g_assert_cmpuint (n_stopped (document, &item), >, 0);
  BsResultItem *proposed = bs_document_selected_result (document);
  g_assert_nonnull (proposed);
  g_assert_false (bs_result_item_get (proposed)->stopped_early);
  g_autofree char *samples = NULL;
  g_object_get (item, "samples-text", &samples, NULL);
  g_assert_true (g_str_has_suffix (samples, ", stopped early"));

  /* What is selected stays selected when its measurement is completed. */
  g_autofree char *key = g_strdup (bs_result_item_get (item)->key);
  bs_document_select_result (document, item);
  sweep (document, FALSE);
  g_assert_cmpuint (n_stopped (document, &item), ==, 0);
  BsResultItem *selected = bs_document_selected_result (document);
  g_assert_nonnull (selected);
  g_assert_cmpstr (bs_result_item_get (selected)->key, ==, key);
  g_assert_false (bs_result_item_get (selected)->stopped_early);

  bs_document_close (document);
  g_remove (db);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/document/race", test_race);
  return g_test_run ();
}
