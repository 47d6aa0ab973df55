/* Tests of text as data: numbers of characters, labels one further, vocabularies found and missed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "datasets/dataset.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define LENGTH 3 /* of a sample */

static char *folder, *text, *vocabulary, *other;
static const gint64 dims[] = { BS_DIM_FREE, LENGTH, 1 }; /* of what looks up rows of a table */

static void
put (const char *path, const char *content)
{
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
remove_all (void)
{
  g_unlink (text);
  g_unlink (vocabulary);
  g_unlink (other);
}

static void
check (const BsModel *model, const gint64 *x, const gint64 *y)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsDataset) data = bs_dataset_open (text, model, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (data->n, ==, 2);
  g_assert_cmpuint (data->n_calibration, ==, 2);
  g_assert_cmpuint (data->labels_per_sample, ==, LENGTH);
  g_assert_cmpmem (data->x, 2 * data->sample_bytes, x, 2 * LENGTH * sizeof *x);
  g_assert_cmpmem (data->labels, 2 * LENGTH * sizeof *y, y, 2 * LENGTH * sizeof *y);
}

/* Numbers are lines of the vocabulary, however it is called; labels are the next characters; what
 * fills no sample is left out; a mark of the byte order is no character. Without a file the text's
 * own characters in order, where they are as many as the model's. */
static void
test_numbers (void)
{
  static const gint64 x[] = { 4, 1, 0, 3, 1, 2 }, y[] = { 1, 0, 3, 1, 2, 4 };
  static const gint64 own_x[] = { 3, 1, 0, 4, 1, 2 }, own_y[] = { 1, 0, 4, 1, 2, 3 };
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_I64, 2, dims, 5);

  put (text, "\xEF\xBB\xBF" /* the mark */ "é \nü bé ");
  check (model, own_x, own_y);
  put (vocabulary, "\\n\n \nb\nü\né\n");
  check (model, x, y);
  g_unlink (vocabulary);
  put (other, "\\n\n \nb\nü\né");
  check (model, x, y);
  remove_all ();
}

static void
check_refused (const BsModel *model,
               const char *content,
               const char *words,
               gint code,
               const char *why)
{
  g_autoptr (GError) error = NULL;

  put (text, content);
  if (words != NULL)
    put (vocabulary, words);
  g_assert_null (bs_dataset_open (text, model, NULL, &error));
  g_assert_error (error, BS_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
  remove_all ();
}

static void
test_wrong (void)
{
  g_autoptr (BsModel) model = fixture_model (BS_DTYPE_I64, 2, dims, 3);
  g_autoptr (BsModel) deep = fixture_model (BS_DTYPE_I64, 3, dims, 3);
  g_autoptr (BsModel) narrow = fixture_model (BS_DTYPE_U8, 2, dims, 3);

  check_refused (model, "abab", NULL, BS_ERROR_NO_DATA, ".vocab.txt");
  check_refused (model, "ab\nabd", "a\nb\n\\n\n", BS_ERROR_FORMAT, "line 2");
  check_refused (model, "abab", "a\nb\nc\nd\n", BS_ERROR_SHAPE, "4 characters");
  check_refused (model, "abab", "a\nbc\n", BS_ERROR_FORMAT, "line 2");
  check_refused (model, "abab", "a\nb\na\n", BS_ERROR_FORMAT, "line 3");
  check_refused (model, "abc", "a\nb\nc\n", BS_ERROR_NO_DATA, "3 characters");
  check_refused (model, "", "a\nb\n", BS_ERROR_NO_DATA, "0 characters");
  check_refused (model, "ab\xff", "a\nb\n", BS_ERROR_FORMAT, "byte 3");
  check_refused (deep, "abcabc", "a\nb\nc\n", BS_ERROR_SHAPE, "rows of integers");
  check_refused (narrow, "abcabc", "a\nb\nc\n", BS_ERROR_SHAPE, "rows of integers");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bitstair-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  text = g_build_filename (folder, "a.txt", NULL);
  vocabulary = g_build_filename (folder, "a.vocab.txt", NULL);
  other = g_build_filename (folder, "letters.vocab.txt", NULL);
  g_test_add_func ("/text/numbers", test_numbers);
  g_test_add_func ("/text/wrong", test_wrong);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  g_free (text);
  g_free (vocabulary);
  g_free (other);
  return status;
}
