/* The table of range rules.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/range.h"

#include <string.h>

extern const BsRange bs_range_percentile, bs_range_mse, bs_range_kl, bs_range_aciq,
  bs_range_average, bs_range_dynamic, bs_range_fixed;

const BsRange *const bs_ranges[] = {
  &bs_range_minmax,  &bs_range_percentile, &bs_range_mse,   &bs_range_kl, &bs_range_aciq,
  &bs_range_average, &bs_range_dynamic,    &bs_range_fixed, NULL,
};

const BsRange *
bs_range_find (const char *id)
{
  for (guint i = 0; bs_ranges[i] != NULL; i++)
    if (strcmp (bs_ranges[i]->id, id) == 0)
      return bs_ranges[i];
  return NULL;
}
