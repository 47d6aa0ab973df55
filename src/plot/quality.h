/* Which measure of quality a set of results has, its value, and its text with unit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

G_BEGIN_DECLS

typedef enum {
  BS_QUANTITY_TOP1,       /* share of correct samples */
  BS_QUANTITY_PERPLEXITY, /* smaller is better */
  BS_QUANTITY_AGREEMENT,  /* no labels: share of samples with the float model's class */
  BS_QUANTITY_SQNR,       /* no classes: dB of the output */
} BsQuantity;

BsQuantity bs_quantity_of (const BsResult *result);

/* bs_quantity_read: value and its 95 % interval; lo = hi = value where there is none. */
void bs_quantity_read (BsQuantity quantity,
                       const BsResult *result,
                       double *value,
                       double *lo,
                       double *hi);

/* bs_quantity_text: "98.40 %", "perplexity 4.420", "37.1 dB". (transfer full) */
char *bs_quantity_text (BsQuantity quantity, double value);

G_END_DECLS
