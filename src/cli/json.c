/* JSON on standard output, through json-glib's builder.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json.h"

#include <math.h>
#include <stdio.h>

void
bs_json_text (JsonBuilder *json, const char *name, const char *value)
{
  /* a path may have any bytes; a document has UTF-8 */
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  json_builder_set_member_name (json, name);
  if (value != NULL)
    json_builder_add_string_value (json, valid);
  else
    json_builder_add_null_value (json);
}

void
bs_json_integer (JsonBuilder *json, const char *name, gint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, value);
}

void
bs_json_add_number (JsonBuilder *json, double value)
{
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

void
bs_json_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  bs_json_add_number (json, value);
}

void
bs_json_flag (JsonBuilder *json, const char *name, gboolean value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_boolean_value (json, value);
}

void
bs_json_begin_array (JsonBuilder *json, const char *name)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
}

void
bs_json_dims (JsonBuilder *json, const char *name, const gint64 *dims, guint n_dims)
{
  bs_json_begin_array (json, name);
  for (guint i = 0; i < n_dims; i++) {
    if (dims[i] >= 0)
      json_builder_add_int_value (json, dims[i]);
    else
      json_builder_add_null_value (json);
  }
  json_builder_end_array (json);
}

void
bs_json_raw (JsonBuilder *json, const char *name, const char *text)
{
  JsonNode *node = json_from_string (text, NULL);

  json_builder_set_member_name (json, name);
  if (node != NULL)
    json_builder_add_value (json, node);
  else
    json_builder_add_null_value (json);
}

void
bs_json_print (JsonBuilder *json)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = NULL;

  json_generator_set_pretty (generator, TRUE);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, NULL);
  puts (text);
}
