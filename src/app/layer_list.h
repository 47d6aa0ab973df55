/* The list of layers: filter, sortable columns, linked selection.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_LAYER_LIST (bs_layer_list_get_type ())
G_DECLARE_FINAL_TYPE (BsLayerList, bs_layer_list, BS, LAYER_LIST, AdwBin)

void bs_layer_list_set_document (BsLayerList *self, BsDocument *document); /* once */

G_END_DECLS
