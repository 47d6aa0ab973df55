/* Which measure of quality a set of results has, its value, and its text with unit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quality.h"

#include "axis.h"

#include <glib/gi18n-lib.h>
#include <math.h>

BsQuantity
bs_quantity_of (const BsResult *result)
{
  if (g_strcmp0 (result->metric, "top1") == 0)
    return BS_QUANTITY_TOP1;
  if (g_strcmp0 (result->metric, "perplexity") == 0)
    return BS_QUANTITY_PERPLEXITY;
  return isnan (result->agreement) ? BS_QUANTITY_SQNR : BS_QUANTITY_AGREEMENT;
}

void
bs_quantity_read (BsQuantity quantity, const BsResult *result, double *y, double *lo, double *hi)
{
  switch (quantity) {
  case BS_QUANTITY_AGREEMENT:
    *y = result->agreement, *lo = result->agreement_lo, *hi = result->agreement_hi;
    break;
  case BS_QUANTITY_SQNR:
    *y = *lo = *hi = result->output_sqnr_db;
    break;
  case BS_QUANTITY_TOP1:
  case BS_QUANTITY_PERPLEXITY:
  default:
    *y = result->value, *lo = result->ci_lo, *hi = result->ci_hi;
    break;
  }
}

char *
bs_quantity_text (BsQuantity quantity, double y)
{
  char number[32];

  switch (quantity) {
  case BS_QUANTITY_PERPLEXITY:
    bs_plot_number (number, sizeof number, y, 3);
    return g_strdup_printf (_ ("perplexity %s"), number);
  case BS_QUANTITY_SQNR:
    bs_plot_number (number, sizeof number, y, 1);
    return g_strdup_printf ("%s dB", number);
  case BS_QUANTITY_AGREEMENT:
    bs_plot_number (number, sizeof number, y * 100, 2);
    return g_strdup_printf (_ ("%s %% agreement"), number);
  case BS_QUANTITY_TOP1:
  default:
    bs_plot_number (number, sizeof number, y * 100, 2);
    return g_strdup_printf ("%s %%", number);
  }
}
