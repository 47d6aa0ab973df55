/* Data as one line of text: written for a study, read when its data is opened again.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/data_text.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

#define SYNTHETIC "synthetic:"

void
bs_data_text_clear (BsDataText *data)
{
  g_clear_pointer (&data->spec, g_free);
  g_clear_pointer (&data->layout, g_free);
  g_clear_pointer (&data->input, g_free);
}

static void
append_number (GString *text, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_dtostr (buffer, sizeof buffer, value));
}

static void
append_list (GString *text, const char *option, const double *values, guint n)
{
  for (guint i = 0; i < n; i++) {
    if (i == 0)
      g_string_append_printf (text, " --%s ", option);
    else
      g_string_append_c (text, ',');
    append_number (text, values[i]);
  }
}

static void
append_text (GString *text, const char *option, const char *value)
{
  g_autofree char *quoted = value != NULL ? g_shell_quote (value) : NULL;

  if (quoted != NULL)
    g_string_append_printf (text, " --%s %s", option, quoted);
}

/* A path that shells read as it is stays readable. */
static char *
quote_path (const char *path)
{
  static const char plain[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+:,@%";

  return path[strspn (path, plain)] == '\0' ? g_strdup (path) : g_shell_quote (path);
}

char *
bs_data_text (const char *spec, const BsDatasetOptions *options)
{
  g_autofree char *path =
    g_str_has_prefix (spec, SYNTHETIC) ? g_strdup (spec) : g_canonicalize_filename (spec, NULL);
  g_autofree char *quoted = quote_path (path);
  GString *text = g_string_new (quoted);

  if (options->scale != 0)
    append_list (text, "scale", &options->scale, 1);
  append_list (text, "mean", options->mean, options->n_mean);
  append_list (text, "std", options->std, options->n_std);
  append_text (text, "layout", options->layout);
  append_text (text, "input", options->input);
  if (options->limit != 0)
    g_string_append_printf (text, " --limit %u", options->limit);
  if (options->calibration != 0)
    g_string_append_printf (text, " --calibration %u", options->calibration);
  if (options->seed != 0)
    g_string_append_printf (text, " --seed %" G_GUINT64_FORMAT, options->seed);
  return g_string_free (text, FALSE);
}

gboolean
bs_data_number (const char *text, double *value)
{
  char *end;

  *value = g_ascii_strtod (text, &end);
  if (end == text)
    return FALSE;
  if (*end == '/') {
    const char *below = end + 1;
    double divisor = g_ascii_strtod (below, &end);

    if (end == below)
      return FALSE;
    *value /= divisor;
  }
  return *end == '\0' && isfinite (*value);
}

static gboolean
refuse (GError **error, const char *name, const char *takes, const char *value)
{
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "--%s takes %s, not “%s”", name, takes, value);
  return FALSE;
}

static gboolean
set_list (double *values, guint *n, const char *name, const char *value, GError **error)
{
  g_auto (GStrv) split = g_strsplit (value, ",", -1);

  *n = g_strv_length (split);
  if (*n < 1 || *n > 4)
    return refuse (error, name, "one to four numbers, one per channel", value);
  for (guint i = 0; i < *n; i++) {
    if (!bs_data_number (split[i], &values[i]))
      return refuse (error, name, "numbers like 0.5 or 1/16", value);
    if (values[i] == 0 && strcmp (name, "std") == 0)
      return refuse (error, name, "numbers that are not 0", value);
  }
  return TRUE;
}

static gboolean
set_count (guint *count, const char *name, const char *value, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT, &number, NULL))
    return refuse (error, name, "a count", value);
  *count = (guint) number;
  return TRUE;
}

gboolean
bs_data_option (BsDataText *data, const char *name, const char *value, GError **error)
{
  BsDatasetOptions *options = &data->options;

  if (strcmp (name, "scale") == 0) {
    if (!bs_data_number (value, &options->scale) || options->scale == 0)
      return refuse (error, name, "a number like 0.5 or 1/16", value);
    return TRUE;
  }
  if (strcmp (name, "mean") == 0)
    return set_list (options->mean, &options->n_mean, name, value, error);
  if (strcmp (name, "std") == 0)
    return set_list (options->std, &options->n_std, name, value, error);
  if (strcmp (name, "limit") == 0)
    return set_count (&options->limit, name, value, error);
  if (strcmp (name, "calibration") == 0)
    return set_count (&options->calibration, name, value, error);
  if (strcmp (name, "seed") == 0)
    return g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &options->seed, NULL) ||
           refuse (error, name, "a whole number", value);
  if (strcmp (name, "layout") == 0) {
    if (strcmp (value, "hwc") != 0 && strcmp (value, "chw") != 0)
      return refuse (error, name, "hwc or chw", value);
    g_free (data->layout);
    options->layout = data->layout = g_strdup (value);
    return TRUE;
  }
  if (strcmp (name, "input") == 0) {
    g_free (data->input);
    options->input = data->input = g_strdup (value);
    return TRUE;
  }
  g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "There is no data option --%s", name);
  return FALSE;
}

gboolean
bs_data_text_parse (const char *text, BsDataText *data, GError **error)
{
  g_auto (GStrv) words = NULL;
  gboolean plain = g_file_test (text, G_FILE_TEST_EXISTS) || g_str_has_prefix (text, SYNTHETIC);

  *data = (BsDataText){ 0 };
  if (plain && strstr (text, " --") == NULL) {
    data->spec = g_strdup (text);
    return TRUE;
  }
  if (!g_shell_parse_argv (text, NULL, &words, NULL)) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” does not name data", text);
    return FALSE;
  }
  data->spec = g_strdup (words[0]);
  for (guint i = 1; words[i] != NULL; i += 2) {
    if (!g_str_has_prefix (words[i], "--") || words[i + 1] == NULL) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "“%s” does not name data", text);
      bs_data_text_clear (data);
      return FALSE;
    }
    if (!bs_data_option (data, words[i] + 2, words[i + 1], error)) {
      bs_data_text_clear (data);
      return FALSE;
    }
  }
  return TRUE;
}
