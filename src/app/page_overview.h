/* Page: what the file holds, what was simplified, what is not supported.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_OVERVIEW (bs_page_overview_get_type ())
G_DECLARE_FINAL_TYPE (BsPageOverview, bs_page_overview, BS, PAGE_OVERVIEW, AdwBin)

void bs_page_overview_set_document (BsPageOverview *self, BsDocument *document); /* once */

G_END_DECLS
