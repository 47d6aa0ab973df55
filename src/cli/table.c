/* Tables for people: cells are kept until all widths are known.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct _BsTable {
  guint n_columns;
  gboolean *right;
  GPtrArray *cells; /* char *, the titles first */
};

BsTable *
bs_table_new (const char *titles)
{
  g_auto (GStrv) split = g_strsplit (titles, "|", -1);
  BsTable *table = g_new0 (BsTable, 1);

  table->n_columns = g_strv_length (split);
  table->right = g_new0 (gboolean, table->n_columns);
  table->cells = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < table->n_columns; i++) {
    table->right[i] = split[i][0] == '>';
    g_ptr_array_add (table->cells, g_strdup (split[i] + (table->right[i] ? 1 : 0)));
  }
  return table;
}

void
bs_table_free (BsTable *table)
{
  g_ptr_array_unref (table->cells);
  g_free (table->right);
  g_free (table);
}

void
bs_table_add (BsTable *table, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (table->cells, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

void
bs_table_add_number (BsTable *table, double value, gint digits, const char *unit)
{
  if (fabs (value) < 0.5 * pow (10, -digits)) /* “−0.0” says nothing */
    value = 0;
  if (isnan (value))
    bs_table_add (table, "–");
  else if (isinf (value))
    bs_table_add (table, value > 0 ? "∞" : "−∞");
  else
    bs_table_add (table, "%.*f%s", digits, value, unit);
}

static guint
width_of (const char *text)
{
  guint width = 0;

  if (!g_utf8_validate (text, -1, NULL))
    return (guint) strlen (text);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (!g_unichar_iszerowidth (c))
      width += g_unichar_iswide (c) ? 2 : 1;
  }
  return width;
}

char *
bs_table_to_string (const BsTable *table)
{
  GString *text = g_string_new (NULL);
  g_autofree guint *widths = g_new0 (guint, table->n_columns);

  for (guint i = 0; i < table->cells->len; i++) {
    guint *width = &widths[i % table->n_columns];

    *width = MAX (*width, width_of (table->cells->pdata[i]));
  }
  for (guint i = 0; i < table->cells->len; i++) {
    const char *cell = table->cells->pdata[i];
    guint column = i % table->n_columns, padding = widths[column] - width_of (cell);
    gboolean last = column + 1 == table->n_columns;

    if (column > 0)
      g_string_append (text, "  ");
    if (table->right[column])
      g_string_append_printf (text, "%*s", (gint) padding, "");
    g_string_append (text, cell);
    if (!last && !table->right[column])
      g_string_append_printf (text, "%*s", (gint) padding, "");
    if (last) {
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  }
  return g_string_free (text, FALSE);
}

void
bs_table_print (const BsTable *table)
{
  g_autofree char *text = bs_table_to_string (table);

  fputs (text, stdout);
}

const GPtrArray *
bs_table_cells (const BsTable *table, guint *n_columns, const gboolean **right)
{
  *n_columns = table->n_columns;
  *right = table->right;
  return table->cells;
}

char *
bs_bytes_to_string (guint64 bytes)
{
  if (bytes < 1024)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " B", bytes);
  if (bytes < 1024 * 1024)
    return g_strdup_printf ("%.1f KiB", (double) bytes / 1024);
  return g_strdup_printf ("%.1f MiB", (double) bytes / (1024 * 1024));
}
