/* Tests of databases in places that cannot be written: read as they are.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/store.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* In a child that may not write, as root may everywhere: reads, and is told why it cannot write. */
static int
read_as_guest (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsStore) store = NULL;

  if (geteuid () == 0 && (setgid (NOBODY) != 0 || setuid (NOBODY) != 0))
    return 1;
  store = bs_store_open_read_only (path, &error);
  if (store == NULL) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  g_autoptr (GPtrArray) studies = bs_store_studies (store, NULL);
  if (studies == NULL)
    return 3;
  g_autoptr (BsStore) writer = bs_store_open (path, &error);
  return writer == NULL && strstr (error->message, "read-only") != NULL ? 0 : 4;
}

static void
test_folder (void)
{
  g_autofree char *folder = g_dir_make_tmp ("bitstair-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.db", NULL);
  g_autoptr (GError) error = NULL;
  int status;

  bs_store_free (bs_store_open (path, &error));
  g_assert_no_error (error);
  g_chmod (path, 0444);
  g_chmod (folder, 0555);
  pid_t child = fork ();
  if (child == 0)
    _exit (read_as_guest (path));
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_chmod (folder, 0700);
  g_unlink (path);
  g_rmdir (folder);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/read-only/folder", test_folder);
  return g_test_run ();
}
