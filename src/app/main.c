/* The window's program: bitstair.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/application.h"
#include "ops/blas.h"

#include <glib/gi18n.h>
#include <locale.h>

int
main (int argc, char **argv)
{
  const char *set = g_getenv ("BITSTAIR_LOCALE_DIR");

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, set != NULL ? set : BS_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  bs_blas_init ();

  g_autoptr (BsApplication) application = bs_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
