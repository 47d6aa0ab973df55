/* Amounts on the command line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/amount.h"

#include <math.h>
#include <string.h>

gboolean
bs_amount_parse (const char *text, gboolean share, double *amount)
{
  static const char units[] = "kmg";
  char *end;
  double value = g_ascii_strtod (text, &end);
  const char *unit = *end != '\0' ? strchr (units, g_ascii_tolower (*end)) : NULL;

  if (end == text || !isfinite (value) || value < 0)
    return FALSE;
  if (share && strcmp (end, "%") == 0)
    value /= 100;
  else if (!share && unit != NULL && end[1] == '\0')
    value = ldexp (value, 10 * (int) (unit - units + 1));
  else if (*end != '\0')
    return FALSE;
  *amount = value;
  return !share || value <= 1;
}
