/* JSON on standard output: exactly one document, written when it is complete.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A member of the open object. Numbers that JSON does not have (NaN, infinities) become null. */
void bs_json_text (JsonBuilder *json, const char *name, const char *value);
void bs_json_integer (JsonBuilder *json, const char *name, gint64 value);
void bs_json_number (JsonBuilder *json, const char *name, double value);
void bs_json_flag (JsonBuilder *json, const char *name, gboolean value);
void bs_json_dims (JsonBuilder *json,
                   const char *name,
                   const gint64 *dims,
                   guint n_dims); /* free ones are null */

/* An element of the open array. */
void bs_json_add_number (JsonBuilder *json, double value);

void bs_json_begin_array (JsonBuilder *json, const char *name);

/* bs_json_raw: a member that is JSON text already; null when it does not parse. */
void bs_json_raw (JsonBuilder *json, const char *name, const char *text);

/* bs_json_print: writes the finished document and a line feed. */
void bs_json_print (JsonBuilder *json);

G_END_DECLS
