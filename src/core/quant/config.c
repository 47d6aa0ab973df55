/* Configurations: canonical text, lookup by layer, files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/config.h"

#include "base/digest.h"
#include "quant/correction.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_FILE_BYTES (64 << 20) /* far above any real configuration */

static void
layer_free (gpointer data)
{
  BsLayerSpec *layer = data;

  g_free (layer->layer);
  g_free (layer);
}

static gint
compare_layers (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(BsLayerSpec *const *) a)->layer, (*(BsLayerSpec *const *) b)->layer);
}

static void
add_spec (JsonBuilder *builder, const char *member, const BsSpec *spec)
{
  g_autofree char *text = bs_spec_to_string (spec);

  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
}

static JsonNode *
to_json (const BsConfig *config)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "bitstair");
  json_builder_add_int_value (builder, 1);
  add_spec (builder, "weights", &config->weights);
  add_spec (builder, "acts", &config->acts);
  if (config->layers->len > 0) {
    json_builder_set_member_name (builder, "layers");
    json_builder_begin_object (builder);
    for (guint i = 0; i < config->layers->len; i++) {
      const BsLayerSpec *layer = config->layers->pdata[i];
      json_builder_set_member_name (builder, layer->layer);
      json_builder_begin_object (builder);
      if (layer->has_weights)
        add_spec (builder, "weights", &layer->weights);
      if (layer->has_acts)
        add_spec (builder, "acts", &layer->acts);
      json_builder_end_object (builder);
    }
    json_builder_end_object (builder);
  }
  if (config->corrections[0] != NULL) {
    json_builder_set_member_name (builder, "corrections");
    json_builder_begin_array (builder);
    for (guint i = 0; config->corrections[i] != NULL; i++)
      json_builder_add_string_value (builder, config->corrections[i]);
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* drop_defaults: layers that say nothing their defaults do not say: equal configurations have equal
 * texts. */
static void
drop_defaults (BsConfig *config)
{
  g_autofree char *weights = bs_spec_to_string (&config->weights);
  g_autofree char *acts = bs_spec_to_string (&config->acts);

  for (guint i = config->layers->len; i-- > 0;) {
    BsLayerSpec *layer = config->layers->pdata[i];
    g_autofree char *own_weights =
      bs_spec_to_string (layer->has_weights ? &layer->weights : &config->weights);
    g_autofree char *own_acts = bs_spec_to_string (layer->has_acts ? &layer->acts : &config->acts);
    layer->has_weights = strcmp (own_weights, weights) != 0;
    layer->has_acts = strcmp (own_acts, acts) != 0;
    if (!layer->has_weights && !layer->has_acts)
      g_ptr_array_remove_index (config->layers, i);
  }
}

BsConfig *
bs_config_new (const BsSpec *weights,
               const BsSpec *acts,
               GPtrArray *layers,
               const char *const *corrections)
{
  BsConfig *config = g_new0 (BsConfig, 1);

  g_atomic_ref_count_init (&config->refs);
  config->weights = *weights;
  config->acts = *acts;
  config->layers = layers != NULL ? layers : g_ptr_array_new ();
  g_ptr_array_set_free_func (config->layers, layer_free);
  g_ptr_array_sort (config->layers, compare_layers);
  drop_defaults (config);
  config->corrections =
    corrections != NULL ? g_strdupv ((char **) corrections) : g_new0 (char *, 1);

  g_autoptr (JsonNode) root = to_json (config);
  config->text = json_to_string (root, FALSE);
  bs_digest_text (config->text, config->key);
  return config;
}

/* The layers' specs as new ones. (transfer full) */
static GPtrArray *
copy_layers (const BsConfig *config)
{
  GPtrArray *layers = g_ptr_array_new_with_free_func (layer_free);

  for (guint i = 0; i < config->layers->len; i++) {
    BsLayerSpec *layer = g_memdup2 (config->layers->pdata[i], sizeof *layer);
    layer->layer = g_strdup (layer->layer);
    g_ptr_array_add (layers, layer);
  }
  return layers;
}

BsConfig *
bs_config_with_weights (const BsConfig *config, const char *layer, const BsSpec *weights)
{
  GPtrArray *layers = copy_layers (config);
  BsLayerSpec *found = NULL;

  for (guint i = 0; i < layers->len && found == NULL; i++)
    if (strcmp (((BsLayerSpec *) layers->pdata[i])->layer, layer) == 0)
      found = layers->pdata[i];
  if (found == NULL) {
    found = g_new0 (BsLayerSpec, 1);
    found->layer = g_strdup (layer);
    g_ptr_array_add (layers, found);
  }
  found->has_weights = TRUE;
  found->weights = *weights;
  return bs_config_new (&config->weights, &config->acts, layers,
                        (const char *const *) config->corrections);
}

BsConfig *
bs_config_with_corrections (const BsConfig *config, const char *const *corrections)
{
  return bs_config_new (&config->weights, &config->acts, copy_layers (config), corrections);
}

BsConfig *
bs_config_ref (BsConfig *config)
{
  g_atomic_ref_count_inc (&config->refs);
  return config;
}

void
bs_config_unref (BsConfig *config)
{
  if (config == NULL || !g_atomic_ref_count_dec (&config->refs))
    return;
  g_ptr_array_unref (config->layers);
  g_strfreev (config->corrections);
  g_free (config->text);
  g_free (config);
}

static const BsLayerSpec *
find_layer (const BsConfig *config, const char *layer)
{
  guint low = 0, high = config->layers->len;

  while (low < high) {
    guint middle = (low + high) / 2;
    const BsLayerSpec *candidate = config->layers->pdata[middle];
    gint order = strcmp (layer, candidate->layer);
    if (order == 0)
      return candidate;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

const BsSpec *
bs_config_weights (const BsConfig *config, const char *layer)
{
  const BsLayerSpec *own = find_layer (config, layer);

  return own != NULL && own->has_weights ? &own->weights : &config->weights;
}

const BsSpec *
bs_config_acts (const BsConfig *config, const char *layer)
{
  const BsLayerSpec *own = find_layer (config, layer);

  return own != NULL && own->has_acts ? &own->acts : &config->acts;
}

G_GNUC_PRINTF (2, 3)
static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, BS_ERROR, BS_ERROR_INVALID, message);
  return FALSE;
}

/* check_members: a misspelt member would silently leave a layer float. names: NULL-terminated. */
static gboolean
check_members (JsonObject *object, const char *const *names, GError **error)
{
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList *at = members; at != NULL; at = at->next)
    if (!g_strv_contains (names, at->data)) {
      g_autofree char *all = g_strjoinv (", ", (char **) names);
      return fail (error, "“%s” is no member of a configuration here; these are: %s.",
                   (const char *) at->data, all);
    }
  return TRUE;
}

/* read_spec: member of object, when it is there. */
static gboolean
read_spec (JsonObject *object, const char *member, BsSpec *spec, gboolean *found, GError **error)
{
  JsonNode *node = json_object_get_member (object, member);

  *found = node != NULL;
  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return fail (error, "“%s” in a configuration must be a spec in quotes, as \"int8:channel\".",
                 member);
  return bs_spec_parse (json_node_get_string (node), spec, error);
}

static gboolean
read_layers (JsonNode *node, GPtrArray *layers, GError **error)
{
  static const char *const known[] = { "weights", "acts", NULL };

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, "“layers” in a configuration must be an object with a member per layer.");
  JsonObject *object = json_node_get_object (node);
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *at = names; at != NULL; at = at->next) {
    JsonNode *member = json_object_get_member (object, at->data);
    BsLayerSpec *layer = g_new0 (BsLayerSpec, 1);
    layer->layer = g_strdup (at->data);
    g_ptr_array_add (layers, layer);
    if (!JSON_NODE_HOLDS_OBJECT (member))
      return fail (error,
                   "Layer “%s” in a configuration must be an object with “weights” or “acts”.",
                   layer->layer);
    if (!check_members (json_node_get_object (member), known, error) ||
        !read_spec (json_node_get_object (member), "weights", &layer->weights, &layer->has_weights,
                    error) ||
        !read_spec (json_node_get_object (member), "acts", &layer->acts, &layer->has_acts, error)) {
      g_prefix_error (error, "Layer “%s”: ", layer->layer);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_corrections (JsonNode *node, GPtrArray *ids, GError **error)
{
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return fail (error, "“corrections” in a configuration must be a list of names.");
  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *item = json_array_get_element (array, i);
    if (!JSON_NODE_HOLDS_VALUE (item) || json_node_get_value_type (item) != G_TYPE_STRING)
      return fail (error, "“corrections” in a configuration must be a list of names.");
    const BsCorrection *row;
    double params[BS_MAX_PARAMS];
    if (!bs_correction_parse (json_node_get_string (item), &row, params, error))
      return FALSE;
    g_ptr_array_add (ids, g_strdup (json_node_get_string (item)));
  }
  return TRUE;
}

static gboolean
check_version (JsonObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (object, "bitstair");

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64)
    return fail (error, "This is not a configuration: it lacks \"bitstair\": 1.");
  if (json_node_get_int (node) != 1)
    return fail (
      error, "This configuration has version %" G_GINT64_FORMAT "; this program reads version 1.",
      json_node_get_int (node));
  return TRUE;
}

BsConfig *
bs_config_parse (const char *json, GError **error)
{
  static const char *const names[] = {
    "bitstair", "weights", "acts", "layers", "corrections", NULL
  };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func (layer_free);
  g_autoptr (GPtrArray) corrections = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) problem = NULL;
  BsSpec weights, acts;
  gboolean found;

  if (!json_parser_load_from_data (parser, json, -1, &problem)) {
    fail (error, "A configuration must be JSON: %s.", problem->message);
    return NULL;
  }
  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    fail (error, "A configuration must be a JSON object.");
    return NULL;
  }
  JsonObject *object = json_node_get_object (root);
  if (!check_version (object, error) || !check_members (object, names, error) ||
      !bs_spec_parse ("float", &weights, error) || !bs_spec_parse ("float", &acts, error) ||
      !read_spec (object, "weights", &weights, &found, error) ||
      !read_spec (object, "acts", &acts, &found, error))
    return NULL;
  if (json_object_has_member (object, "layers") &&
      !read_layers (json_object_get_member (object, "layers"), layers, error))
    return NULL;
  if (json_object_has_member (object, "corrections") &&
      !read_corrections (json_object_get_member (object, "corrections"), corrections, error))
    return NULL;
  g_ptr_array_add (corrections, NULL);
  return bs_config_new (&weights, &acts, g_steal_pointer (&layers),
                        (const char *const *) corrections->pdata);
}

BsConfig *
bs_config_load (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) problem = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &problem)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "“%s” cannot be read: %s.", path, problem->message);
    return NULL;
  }
  if (length > MAX_FILE_BYTES || strlen (text) != length) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "“%s” is not a configuration file.", path);
    return NULL;
  }
  BsConfig *config = bs_config_parse (text, error);
  if (config == NULL)
    g_prefix_error (error, "“%s”: ", path);
  return config;
}

gboolean
bs_config_save (const BsConfig *config, const char *path, GError **error)
{
  g_autoptr (JsonNode) root = to_json (config);
  g_autofree char *text = json_to_string (root, TRUE);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  g_autoptr (GError) problem = NULL;

  if (g_file_set_contents (path, line, -1, &problem))
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_IO, "“%s” cannot be written: %s.", path, problem->message);
  return FALSE;
}
