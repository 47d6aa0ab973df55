/* A layer with weights as a row of list models.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define BS_TYPE_LAYER_ITEM (bs_layer_item_get_type ())
G_DECLARE_FINAL_TYPE (BsLayerItem, bs_layer_item, BS, LAYER_ITEM, GObject)

/* Properties, read only: name, op, shape, parameters-text, bits-text, sqnr-text, sensitivity-text,
 * and for sorting and bars: position, parameters, share, bits, sqnr, sensitivity. The bits and SQNR
 * are those of the measured layer last given; an edit's width stands in for its bits. */
BsLayerItem *bs_layer_item_new (guint position,
                                const char *name,
                                const char *op,
                                const char *shape,
                                guint64 parameters,
                                double share,
                                guint tensor);

const char *bs_layer_item_name (BsLayerItem *item);
const char *bs_layer_item_op (BsLayerItem *item);
guint
bs_layer_item_tensor (BsLayerItem *item); /* its weight, in the model of the document's facts */

/* bs_layer_item_measure: what the selected result says about this layer; NULL: nothing. */
void bs_layer_item_measure (BsLayerItem *item, const BsLayerResult *layer);

/* bs_layer_item_scan: its bs_sensitivity_mean_db; NaN: not known. */
void bs_layer_item_scan (BsLayerItem *item, double sensitivity_db);

void bs_layer_item_edit (BsLayerItem *item, guint bits); /* 0: not edited */

G_END_DECLS
