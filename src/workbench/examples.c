/* The bundled examples: examples.json, its paths made absolute.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/examples.h"

#include "base/error.h"
#include "workbench/data_text.h"

#include <json-glib/json-glib.h>

#define LIST "examples.json"

void
bs_example_free (BsExample *example)
{
  g_free (example->id);
  g_free (example->title);
  g_free (example->shows);
  g_free (example->model);
  g_free (example->data);
  g_free (example->weights);
  g_free (example->acts);
  g_free (example->scopes);
  g_free (example->corrections);
  g_free (example);
}

/* The first folder that has the list; the last one where none has, for the error. */
static char *
find_folder (void)
{
  const char *folders[] = { g_getenv ("BITSTAIR_EXAMPLES"), BITSTAIR_SOURCE_EXAMPLES,
                            BITSTAIR_EXAMPLES };
  guint last = G_N_ELEMENTS (folders) - 1;

  for (guint i = 0; i < last; i++) {
    g_autofree char *list = folders[i] != NULL ? g_build_filename (folders[i], LIST, NULL) : NULL;

    if (list != NULL && g_file_test (list, G_FILE_TEST_EXISTS))
      return g_strdup (folders[i]);
  }
  return g_strdup (folders[last]);
}

static gboolean
read_data (JsonObject *object, const char *folder, BsExample *example, GError **error)
{
  g_autofree char *path = g_build_filename (
    folder, json_object_get_string_member_with_default (object, "data", ""), NULL);
  JsonObject *options = json_object_has_member (object, "options")
                          ? json_object_get_object_member (object, "options")
                          : NULL;
  g_autoptr (GList) names = options != NULL ? json_object_get_members (options) : NULL;
  g_auto (BsDataText) data = { 0 };

  for (GList *name = names; name != NULL; name = name->next) {
    const char *value = json_object_get_string_member_with_default (options, name->data, "");

    if (!bs_data_option (&data, name->data, value, error))
      return FALSE;
  }
  example->data = bs_data_text (path, &data.options);
  return TRUE;
}

static BsExample *
read_example (JsonObject *object, const char *folder, GError **error)
{
  g_autoptr (BsExample) example = g_new0 (BsExample, 1);
  const struct {
    const char *name;
    char **value;
  } members[] = {
    { "id", &example->id },
    { "title", &example->title },
    { "shows", &example->shows },
    { "weights", &example->weights },
    { "acts", &example->acts },
    { "scope", &example->scopes },
    { "corrections", &example->corrections },
  };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    *members[i].value =
      g_strdup (json_object_get_string_member_with_default (object, members[i].name, ""));
  example->model = g_build_filename (
    folder, json_object_get_string_member_with_default (object, "model", ""), NULL);
  if (!read_data (object, folder, example, error))
    return NULL;
  return g_steal_pointer (&example);
}

GPtrArray *
bs_examples (GError **error)
{
  g_autoptr (GPtrArray) examples =
    g_ptr_array_new_with_free_func ((GDestroyNotify) bs_example_free);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) problem = NULL;
  g_autofree char *folder = find_folder ();
  g_autofree char *path = g_build_filename (folder, LIST, NULL);
  JsonNode *root;
  JsonArray *list = NULL;

  if (!json_parser_load_from_file (parser, path, &problem)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "The list of examples “%s” cannot be read: %s", path,
                 problem->message);
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root) &&
      json_object_has_member (json_node_get_object (root), "examples"))
    list = json_object_get_array_member (json_node_get_object (root), "examples");
  if (list == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "“%s” is not a list of examples", path);
    return NULL;
  }
  for (guint i = 0; i < json_array_get_length (list); i++) {
    BsExample *example = read_example (json_array_get_object_element (list, i), folder, error);

    if (example == NULL)
      return NULL;
    g_ptr_array_add (examples, example);
  }
  return g_steal_pointer (&examples);
}
