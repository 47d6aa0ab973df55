/* Datasets in CSV: one sample a line, numbers between commas, semicolons or tabs, labels in a
 * column of that name. SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/dataset_table.h"

#include "run/walk.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((gsize) 2 << 30)

typedef struct {
  const char *name; /* of the file, for messages */
  char separator;
  guint n_columns;
  gint label;        /* column of the labels; −1: none */
  GArray *numbers;   /* double, without labels */
  GPtrArray *labels; /* their text */
} Table;

/* The next field of a line, without blanks and quotes; *line moves behind it, NULL after the last.
 */
static char *
next_field (char **line, char separator)
{
  char *start = *line, *end;

  while (*start == ' ')
    start++;
  if (*start == '"' && (end = strchr (start + 1, '"')) != NULL) {
    *end = '\0';
    start++;
    *line = strchr (end + 1, separator);
  } else {
    *line = strchr (start, separator);
  }
  if (*line != NULL)
    *(*line)++ = '\0';
  return g_strstrip (start);
}

static gboolean
read_number (const char *text, double *number)
{
  char *end;

  *number = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*number);
}

static gboolean
is_label_name (const char *text)
{
  static const char *const names[] = { "label", "labels", "class", "target", "y" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (text, names[i]) == 0)
      return TRUE;
  return FALSE;
}

static char
find_separator (const char *line)
{
  return strchr (line, '\t') != NULL ? '\t' : strchr (line, ';') != NULL ? ';' : ',';
}

/* Whether the first line names columns; which one is the labels'. */
static gboolean
read_header (Table *table, const char *first)
{
  g_autofree char *copy = g_strdup (first);
  gboolean header = FALSE;
  double number;

  table->label = -1;
  table->n_columns = 0;
  for (char *line = copy; line != NULL; table->n_columns++) {
    const char *field = next_field (&line, table->separator);
    if (!read_number (field, &number))
      header = TRUE;
    if (is_label_name (field))
      table->label = (gint) table->n_columns;
  }
  return header;
}

static gboolean
read_line (Table *table, char *line, guint number, GError **error)
{
  guint column = 0;

  for (; line != NULL && column <= table->n_columns; column++) {
    char *field = next_field (&line, table->separator);
    double value;
    if ((gint) column == table->label)
      g_ptr_array_add (table->labels, g_strdup (field));
    else if (read_number (field, &value))
      g_array_append_val (table->numbers, value);
    else {
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "“%s”, line %u: “%.40s” is not a number",
                   table->name, number, field);
      return FALSE;
    }
  }
  if (column == table->n_columns)
    return TRUE;
  g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
               "“%s”, line %u: it has not the %u columns of the first line", table->name, number,
               table->n_columns);
  return FALSE;
}

static int
compare_text (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Labels that are integers are the classes; others are numbered in alphabetical order. */
static gboolean
number_labels (const Table *table, BsValue *y)
{
  g_autofree const char **sorted = g_new (const char *, table->labels->len + 1);
  gboolean all_integers = TRUE;
  guint n = 0;

  *y = (BsValue){ .dtype = BS_DTYPE_I64, .n_dims = 1, .dims = { table->labels->len } };
  if (!bs_value_alloc (y))
    return FALSE;
  for (guint i = 0; i < table->labels->len; i++) {
    double number;
    if (!read_number (table->labels->pdata[i], &number) || number != floor (number) ||
        fabs (number) > 1e15)
      all_integers = FALSE;
    else
      ((gint64 *) y->data)[i] = (gint64) number;
    sorted[i] = table->labels->pdata[i];
  }
  if (all_integers)
    return TRUE;
  qsort (sorted, table->labels->len, sizeof *sorted, compare_text);
  for (guint i = 0; i < table->labels->len; i++)
    if (n == 0 || strcmp (sorted[n - 1], sorted[i]) != 0)
      sorted[n++] = sorted[i];
  for (guint i = 0; i < table->labels->len; i++) {
    const char **found =
      bsearch (&table->labels->pdata[i], sorted, n, sizeof *sorted, compare_text);
    ((gint64 *) y->data)[i] = found - sorted;
  }
  return TRUE;
}

static gboolean
finish (const Table *table, guint rows, BsRawDataset *raw, GError **error)
{
  guint columns = table->n_columns - (table->label >= 0 ? 1 : 0);
  double *data;

  if (rows == 0 || columns == 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA, "“%s” holds no samples", table->name);
    return FALSE;
  }
  raw->x = (BsValue){ .dtype = BS_DTYPE_F64, .n_dims = 2, .dims = { rows, columns } };
  if (!bs_value_alloc (&raw->x) || (table->label >= 0 && !number_labels (table, &raw->y))) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "No memory for “%s”", table->name);
    return FALSE;
  }
  data = raw->x.data;
  memcpy (data, table->numbers->data, (gsize) rows * columns * sizeof *data);
  return TRUE;
}

static gboolean
read_rows (Table *table, char *text, BsRawDataset *raw, GError **error)
{
  guint number = 0, rows = 0;

  for (char *next = text; next != NULL;) {
    char *line = next;
    next = strchr (line, '\n');
    if (next != NULL)
      *next++ = '\0';
    number++;
    g_strchomp (line);
    if (*line == '\0')
      continue;
    if (table->n_columns == 0) {
      table->separator = find_separator (line);
      if (read_header (table, line))
        continue;
    }
    if (!read_line (table, line, number, error))
      return FALSE;
    rows++;
  }
  return finish (table, rows, raw, error);
}

static gboolean
read_csv (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *text = NULL;
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) problem = NULL;
  Table table = { .name = name, .label = -1, .numbers = numbers, .labels = labels };
  gsize size;

  if (!g_file_get_contents (path, &text, &size, &problem)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "The file “%s” cannot be read: %s", name,
                 problem->message);
    return FALSE;
  }
  if (size > FILE_MAX || strlen (text) != size) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "“%s” is not a text file", name);
    return FALSE;
  }
  return read_rows (&table, text, raw, error);
}

static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  return g_str_has_suffix (path, ".csv") || g_str_has_suffix (path, ".tsv");
}

const BsDatasetReader bs_dataset_csv = {
  .id = "csv",
  .title = N_ ("CSV"),
  .suffixes = ".csv .tsv",
  .probe = probe,
  .read = read_csv,
};
