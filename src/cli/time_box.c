/* --time: how long work may take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/time_box.h"

#include "cli/command.h"

#include <string.h>

gboolean
bs_time_from_option (const char *text, double *seconds, GError **error)
{
  static const struct {
    const char *unit;
    double seconds;
  } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 } };
  char *end;
  double value;

  if (text == NULL)
    return TRUE;
  value = g_ascii_strtod (text, &end);
  for (guint i = 0; end != text && value > 0 && value < 1e9 && i < G_N_ELEMENTS (units); i++) {
    if (strcmp (end, units[i].unit) == 0) {
      *seconds = value * units[i].seconds;
      return TRUE;
    }
  }
  return bs_cli_usage (error, _ ("--time takes a time like 30s, 5m or 1h, not “%s”"), text);
}
