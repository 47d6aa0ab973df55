/* Page: two results side by side.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_COMPARE (bs_page_compare_get_type ())
G_DECLARE_FINAL_TYPE (BsPageCompare, bs_page_compare, BS, PAGE_COMPARE, AdwBin)

void bs_page_compare_set_document (BsPageCompare *self, BsDocument *document); /* once */

G_END_DECLS
