/* bitstair-vectors DIR RESULTS [PREFIX]: runs test vectors through the product.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include <gsl/gsl_errno.h>

#include <math.h>

static void
npy_free (gpointer data)
{
  bs_npy_clear (data);
  g_free (data);
}

static GHashTable *
load_inputs (const char *dir, JsonObject *object, GError **error)
{
  g_autoptr (GHashTable) inputs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, npy_free);
  JsonObject *files = json_object_has_member (object, "inputs")
                        ? json_object_get_object_member (object, "inputs")
                        : NULL;
  g_autoptr (GList) names = files != NULL ? json_object_get_members (files) : NULL;

  for (GList *at = names; at != NULL; at = at->next) {
    g_autofree char *path =
      g_build_filename (dir, json_object_get_string_member (files, at->data), NULL);
    BsNpy *array = g_new0 (BsNpy, 1);
    g_hash_table_insert (inputs, g_strdup (at->data), array);
    if (!bs_npy_load (path, array, error))
      return NULL;
  }
  return g_steal_pointer (&inputs);
}

static gboolean
save_scalars (const Case *c, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autofree char *path = g_build_filename (c->dir, "result.json", NULL);

  json_node_set_object (root, c->scalars);
  json_generator_set_root (generator, root);
  return json_generator_to_file (generator, path, error);
}

static gboolean
run_case (const char *dir, const char *results, JsonObject *object, GError **error)
{
  const char *id = json_object_get_string_member (object, "id");
  const char *name = json_object_get_string_member (object, "op");
  OpFunc func = find_op (name);
  g_autofree char *out = g_build_filename (results, id, NULL);
  g_autoptr (JsonObject) scalars = json_object_new ();
  g_autoptr (JsonObject) none = json_object_new ();

  if (func == NULL)
    return fail (error, "there is no operation “%s”", name);
  g_autoptr (GHashTable) inputs = load_inputs (dir, object, error);
  if (inputs == NULL)
    return FALSE;
  if (g_mkdir_with_parents (out, 0777) != 0)
    return fail (error, "“%s” cannot be made", out);
  Case c = { id,
             json_object_has_member (object, "params")
               ? json_object_get_object_member (object, "params")
               : none,
             inputs, out, scalars };
  return func (&c, error) && save_scalars (&c, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  guint n_failed = 0, n_run = 0;

  if (argc < 3 || argc > 4) {
    g_printerr ("Usage: bitstair-vectors DIR RESULTS [PREFIX]\n");
    return 2;
  }
  gsl_set_error_handler_off ();
  g_autofree char *manifest = g_build_filename (argv[1], "manifest.json", NULL);
  if (!json_parser_load_from_file (parser, manifest, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root) ||
      !json_object_has_member (json_node_get_object (root), "cases")) {
    g_printerr ("“%s” is not a manifest of test vectors.\n", manifest);
    return 1;
  }
  JsonArray *cases = json_object_get_array_member (json_node_get_object (root), "cases");
  for (guint i = 0; i < json_array_get_length (cases); i++) {
    JsonObject *object = json_array_get_object_element (cases, i);
    g_autoptr (GError) problem = NULL;
    if (argc == 4 && !g_str_has_prefix (json_object_get_string_member (object, "id"), argv[3]))
      continue;
    n_run++;
    if (!run_case (argv[1], argv[2], object, &problem)) {
      g_printerr ("%s: %s\n", json_object_get_string_member (object, "id"), problem->message);
      n_failed++;
    }
  }
  g_print ("%u run, %u could not be run\n", n_run, n_failed);
  return n_failed > 0;
}
