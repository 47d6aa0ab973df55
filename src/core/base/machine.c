/* Which processor this is: what measured times say they were measured on.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/machine.h"

#include <string.h>

/* The value of the first line "key : value". (transfer full); NULL: there is none. */
static char *
find_line (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    const char *colon = strchr (lines[i], ':');
    if (colon != NULL && g_str_has_prefix (lines[i], key))
      return g_strstrip (g_strdup (colon + 1));
  }
  return NULL;
}

const char *
bs_machine_name (void)
{
  static char *name;

  if (g_once_init_enter (&name)) {
    g_autofree char *text = NULL;
    char *found = NULL;
    if (g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL)) {
      found = find_line (text, "model name"); /* x86 */
      if (found == NULL)
        found = find_line (text, "Hardware"); /* some ARM */
      if (found == NULL)
        found = find_line (text, "CPU part");
    }
    g_once_init_leave (&name, found != NULL ? found : g_strdup (""));
  }
  return name;
}
