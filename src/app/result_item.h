/* A result as a row of list models.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define BS_TYPE_RESULT_ITEM (bs_result_item_get_type ())
G_DECLARE_FINAL_TYPE (BsResultItem, bs_result_item, BS, RESULT_ITEM, GObject)

/* Properties: label, quality-text, size-text, agreement-text, sqnr-text, samples-text (read only,
 * for columns), and the numbers behind them for sorting: quality, size, agreement, sqnr, samples. */
BsResultItem *bs_result_item_new (BsResult *result);
BsResult *bs_result_item_get (BsResultItem *item); /* borrowed */

/* bs_result_item_judge: the same configuration measured again, for its predictions: results from the
 * store have none. bs_result_item_judged: the result or that, whichever has predictions, borrowed;
 * NULL: neither. */
void bs_result_item_judge (BsResultItem *item, BsResult *again);
const BsResult *bs_result_item_judged (BsResultItem *item);

G_END_DECLS
