/* Page: the selected layer's weights with their levels, its output errors, and the errors of all
 * layers. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_LAYERS (bs_page_layers_get_type ())
G_DECLARE_FINAL_TYPE (BsPageLayers, bs_page_layers, BS, PAGE_LAYERS, AdwBin)

void bs_page_layers_set_document (BsPageLayers *self, BsDocument *document); /* once */

G_END_DECLS
