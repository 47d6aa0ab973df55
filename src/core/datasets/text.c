/* Datasets of text: UTF-8 cut into samples of characters, the labels being the next ones.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/folder.h"

#include "run/walk.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define FREE_LENGTH 128 /* characters of a sample where the model takes any number */
#define FILE_MAX ((gsize) 1 << 30)
#define BYTE_ORDER_MARK 0xFEFF

static const char vocabulary_suffix[] = ".vocab.txt";

/* The characters of a file; a byte order mark at the start is none of them. */
static gunichar *
read_characters (const char *path, glong *n, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) problem = NULL;
  const char *wrong;
  gunichar *characters;
  gsize size;

  if (!g_file_get_contents (path, &bytes, &size, &problem)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "The file “%s” cannot be read: %s", name,
                 problem->message);
    return NULL;
  }
  if (size > FILE_MAX) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "The text “%s” is too large", name);
    return NULL;
  }
  if (!g_utf8_validate_len (bytes, size, &wrong)) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "“%s” is not UTF-8 text: see byte %zu", name,
                 (gsize) (wrong - bytes) + 1);
    return NULL;
  }
  characters = g_utf8_to_ucs4_fast (bytes, (glong) size, n);
  if (*n > 0 && characters[0] == BYTE_ORDER_MARK)
    memmove (characters, characters + 1, (gsize) (*n)-- * sizeof *characters);
  return characters;
}

static gpointer
key_of (gunichar character)
{
  return GUINT_TO_POINTER (character + 1); /* a table's keys are not NULL */
}

static void
add_character (GHashTable *vocabulary, gunichar character)
{
  if (!g_hash_table_contains (vocabulary, key_of (character)))
    g_hash_table_insert (vocabulary, key_of (character),
                         GUINT_TO_POINTER (g_hash_table_size (vocabulary)));
}

/* One character a line, its number the line's, from 0; \n, \r, \t and \\ stand for what they do in C. */
static GHashTable *
read_vocabulary (const char *path, GError **error)
{
  static const struct {
    char letter;
    gunichar character;
  } escapes[] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { '\\', '\\' } };
  g_autoptr (GHashTable) vocabulary = g_hash_table_new (NULL, NULL);
  glong n;
  g_autofree gunichar *text = read_characters (path, &n, error);
  guint line = 0;

  if (text == NULL)
    return NULL;
  for (glong at = 0; at < n;) {
    glong end = at;
    gunichar character = text[at];
    while (end < n && text[end] != '\n')
      end++;
    line++;
    if (end - at == 2 && text[at] == '\\')
      for (guint i = 0; i < G_N_ELEMENTS (escapes); i++)
        if (text[at + 1] == (gunichar) escapes[i].letter) {
          character = escapes[i].character;
          at++;
        }
    if (end - at != 1 || g_hash_table_contains (vocabulary, key_of (character))) {
      g_autofree char *name = g_filename_display_basename (path);
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                   "“%s”, line %u: a vocabulary has one new character a line", name, line);
      return NULL;
    }
    add_character (vocabulary, character);
    at = end + 1;
  }
  return g_steal_pointer (&vocabulary);
}

/* NAME.vocab.txt beside NAME.txt, vocab.txt, or the only file of the folder whose name ends so;
 * NULL: none. */
static char *
find_vocabulary (const char *path)
{
  static const char *const suffixes[] = { vocabulary_suffix, NULL };
  g_autofree char *folder = g_path_get_dirname (path);
  const char *dot = strrchr (path, '.');
  g_autofree char *stem = g_strndup (
    path, dot != NULL && strchr (dot, '/') == NULL ? (gsize) (dot - path) : strlen (path));
  g_autofree char *own = g_strconcat (stem, vocabulary_suffix, NULL);
  g_autofree char *common = g_build_filename (folder, vocabulary_suffix + 1, NULL);
  g_autoptr (GPtrArray) all = bs_list_files (folder, suffixes);

  if (g_file_test (own, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&own);
  if (g_file_test (common, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&common);
  return all->len == 1 ? g_strdup (all->pdata[0]) : NULL;
}

static int
compare_characters (gconstpointer a, gconstpointer b)
{
  gunichar x = *(const gunichar *) a, y = *(const gunichar *) b;

  return (x > y) - (x < y);
}

/* Without a file: the distinct characters by code point, as whoever trains on the whole text numbers
 * them. That they are as many as the model knows is what says that it did. */
static GHashTable *
guess_vocabulary (const gunichar *text, glong n)
{
  g_autofree gunichar *sorted = g_memdup2 (text, (gsize) n * sizeof *text);
  GHashTable *vocabulary = g_hash_table_new (NULL, NULL);

  if (n > 0)
    qsort (sorted, (gsize) n, sizeof *sorted, compare_characters);
  for (glong i = 0; i < n; i++)
    add_character (vocabulary, sorted[i]);
  return vocabulary;
}

static GHashTable *
choose_vocabulary (const char *path,
                   const gunichar *text,
                   glong n,
                   const BsDatasetTarget *target,
                   GError **error)
{
  g_autofree char *file = find_vocabulary (path);
  g_autofree char *name = g_filename_display_basename (file != NULL ? file : path);
  g_autoptr (GHashTable) vocabulary =
    file != NULL ? read_vocabulary (file, error) : guess_vocabulary (text, n);
  gint64 size;

  if (vocabulary == NULL)
    return NULL;
  size = g_hash_table_size (vocabulary);
  if (file != NULL ? target->n_tokens == 0 || size <= target->n_tokens : size == target->n_tokens)
    return g_steal_pointer (&vocabulary);
  if (file != NULL)
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "The vocabulary “%s” has %" G_GINT64_FORMAT " characters, but the model knows "
                 "only %" G_GINT64_FORMAT,
                 name, size, target->n_tokens);
  else
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "The text “%s” needs a vocabulary: a file whose name ends in %s in its folder, "
                 "one character a line in the model's order",
                 name, vocabulary_suffix);
  return NULL;
}

/* Every character of the text becomes its number. */
static gboolean
number_characters (const char *path,
                   gunichar *text,
                   glong n,
                   const BsDatasetTarget *target,
                   GError **error)
{
  g_autoptr (GHashTable) vocabulary = choose_vocabulary (path, text, n, target, error);
  guint line = 1;

  if (vocabulary == NULL)
    return FALSE;
  for (glong i = 0; i < n; i++) {
    gpointer number;
    if (!g_hash_table_lookup_extended (vocabulary, key_of (text[i]), NULL, &number)) {
      g_autofree char *name = g_filename_display_basename (path);
      g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                   "“%s”, line %u: the vocabulary does not have the character U+%04X", name, line,
                   text[i]);
      return FALSE;
    }
    line += text[i] == '\n';
    text[i] = GPOINTER_TO_UINT (number);
  }
  return TRUE;
}

/* The tokens as samples [n, length] and, one further, their labels. */
static gboolean
cut (const char *path,
     const gunichar *tokens,
     glong n,
     gint64 length,
     BsRawDataset *raw,
     GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  gint64 samples = (n - 1) / length;
  BsValue shape = { .dtype = BS_DTYPE_U32, .n_dims = 2, .dims = { samples, length } };
  gsize bytes = (gsize) (samples * length) * sizeof *tokens;

  if (n < 1 || samples < 1) {
    g_set_error (
      error, BS_ERROR, BS_ERROR_NO_DATA,
      "The text “%s” has %ld characters, fewer than one sample and the next one: %" G_GINT64_FORMAT,
      name, n, length + 1);
    return FALSE;
  }
  raw->x = raw->y = shape;
  if (!bs_value_alloc (&raw->x) || !bs_value_alloc (&raw->y)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "No memory for “%s”", name);
    return FALSE;
  }
  memcpy (raw->x.data, tokens, bytes);
  memcpy (raw->y.data, tokens + 1, bytes);
  return TRUE;
}

static gboolean
read_text (const char *path, const BsDatasetTarget *target, BsRawDataset *raw, GError **error)
{
  const BsTensor *input = target->input;
  gboolean known = input->n_dims != BS_DIMS_UNKNOWN;
  gint64 length = known && input->n_dims == 2 && input->dims[1] > 0 ? input->dims[1] : FREE_LENGTH;
  g_autofree gunichar *text = NULL;
  glong n;

  if ((input->dtype != BS_DTYPE_I64 && input->dtype != BS_DTYPE_I32) ||
      (known && input->n_dims != 2)) {
    g_autofree char *name = g_filename_display_basename (path);
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE,
                 "“%s” is text, but input “%s” does not take rows of integers", name, input->name);
    return FALSE;
  }
  text = read_characters (path, &n, error);
  return text != NULL && number_characters (path, text, n, target, error) &&
         cut (path, text, n, length, raw, error);
}

/* Text that begins as text does; a character may be cut off where data ends. */
static gboolean
probe (const char *path, const guint8 *data, gsize size)
{
  const char *end;

  if (bs_has_suffix (path, ".txt"))
    return TRUE;
  if (size == 0 || memchr (data, 0, size) != NULL)
    return FALSE;
  return g_utf8_validate_len ((const char *) data, size, &end) ||
         (gsize) (end - (const char *) data) + 4 > size;
}

const BsDatasetReader bs_dataset_text = {
  .id = "text",
  .title = N_ ("Text"),
  .suffixes = ".txt",
  .probe = probe,
  .read = read_text,
};
