/* Columns: structs to rows and back, by one list of members.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/columns.h"

#include "base/digest.h"

#include <math.h>

char *
bs_columns_names (const BsColumn *columns)
{
  GString *text = g_string_new (NULL);

  for (const BsColumn *c = columns; c->name != NULL; c++)
    g_string_append_printf (text, "%s%s", c == columns ? "" : ", ", c->name);
  return g_string_free (text, FALSE);
}

char *
bs_columns_insert (const char *table, const char *extra, guint n_extra, const BsColumn *columns)
{
  g_autofree char *names = bs_columns_names (columns);
  GString *text = g_string_new (NULL);
  guint n = n_extra;

  for (const BsColumn *c = columns; c->name != NULL; c++)
    n++;
  g_string_append_printf (text, "INSERT INTO %s (%s, %s) VALUES (?", table, extra, names);
  for (guint i = 1; i < n; i++)
    g_string_append (text, ", ?");
  g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}

void
bs_columns_bind (sqlite3_stmt *statement, gint first, const BsColumn *columns, const void *object)
{
  for (const BsColumn *c = columns; c->name != NULL; c++, first++) {
    const void *member = (const char *) object + c->offset;

    switch (c->kind) {
    case BS_COLUMN_TEXT: {
      const char *text = *(char *const *) member;

      sqlite3_bind_text (statement, first, text != NULL ? text : "", -1, SQLITE_STATIC);
      break;
    }
    case BS_COLUMN_DIGEST:
      sqlite3_bind_text (statement, first, member, -1, SQLITE_STATIC);
      break;
    case BS_COLUMN_FLAG:
      sqlite3_bind_int (statement, first, *(const gboolean *) member != FALSE);
      break;
    case BS_COLUMN_INTEGER:
      sqlite3_bind_int64 (statement, first, *(const gint64 *) member);
      break;
    case BS_COLUMN_REAL:
      sqlite3_bind_double (statement, first, *(const double *) member); /* NaN becomes NULL */
      break;
    }
  }
}

void
bs_columns_read (sqlite3_stmt *statement, gint first, const BsColumn *columns, void *object)
{
  for (const BsColumn *c = columns; c->name != NULL; c++, first++) {
    void *member = (char *) object + c->offset;
    const char *text;

    switch (c->kind) {
    case BS_COLUMN_TEXT:
      text = (const char *) sqlite3_column_text (statement, first);
      g_free (*(char **) member);
      *(char **) member = g_strdup (text != NULL ? text : "");
      break;
    case BS_COLUMN_DIGEST:
      text = (const char *) sqlite3_column_text (statement, first);
      g_strlcpy (member, text != NULL ? text : "", BS_DIGEST_SIZE);
      break;
    case BS_COLUMN_FLAG:
      *(gboolean *) member = sqlite3_column_int (statement, first) != 0;
      break;
    case BS_COLUMN_INTEGER:
      *(gint64 *) member = sqlite3_column_int64 (statement, first);
      break;
    case BS_COLUMN_REAL:
      *(double *) member = sqlite3_column_type (statement, first) == SQLITE_NULL
                             ? (double) NAN
                             : sqlite3_column_double (statement, first);
      break;
    }
  }
}
