/* Numbers with units, as texts for labels and columns.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/text.h"

#include "plot/axis.h"
#include "plot/quality.h"

#include <glib/gi18n.h>
#include <math.h>

static char *
number (double value, int decimals)
{
  char buffer[48];

  bs_plot_number (buffer, sizeof buffer, value, decimals);
  return g_strdup (buffer);
}

char *
bs_text_count (double n)
{
  return number (n, 0);
}

char *
bs_text_bytes (double bytes)
{
  char buffer[48];

  bs_plot_bytes (buffer, sizeof buffer, bytes);
  return g_strdup (buffer);
}

char *
bs_text_percent (double share)
{
  g_autofree char *text = number (share * 100, 2);

  return isnan (share) ? g_strdup ("–") : g_strconcat (text, " %", NULL);
}

char *
bs_text_db (double db)
{
  g_autofree char *text = number (db, 1);

  return isnan (db) ? g_strdup ("–") : g_strconcat (text, " dB", NULL);
}

char *
bs_text_seconds (double seconds)
{
  if (seconds < 90)
    return g_strdup_printf (_ ("%.0f s"), MAX (ceil (seconds), 1));
  if (seconds < 5400)
    return g_strdup_printf (_ ("%.0f min"), ceil (seconds / 60));
  return g_strdup_printf (_ ("%.1f h"), seconds / 3600);
}

char *
bs_text_quality (const BsResult *result)
{
  BsQuantity quantity = bs_quantity_of (result);
  double value, lo, hi;

  bs_quantity_read (quantity, result, &value, &lo, &hi);
  switch (quantity) {
  case BS_QUANTITY_PERPLEXITY:
    return number (value, 3);
  case BS_QUANTITY_SQNR:
    return bs_text_db (value);
  case BS_QUANTITY_TOP1:
  case BS_QUANTITY_AGREEMENT:
  default:
    return bs_text_percent (value);
  }
}

char *
bs_text_samples (const BsResult *result)
{
  g_autofree char *count = bs_text_count ((double) result->n_samples);

  return g_strdup_printf (result->stopped_early ? _ ("%s, stopped early") : "%s", count);
}

const char *
bs_text_quality_title (const BsResult *result)
{
  switch (bs_quantity_of (result)) {
  case BS_QUANTITY_PERPLEXITY:
    return _ ("Perplexity");
  case BS_QUANTITY_SQNR:
    return _ ("Output SQNR");
  case BS_QUANTITY_AGREEMENT:
    return _ ("Agreement");
  case BS_QUANTITY_TOP1:
  default:
    return _ ("Accuracy");
  }
}
