/* Page: which layer minds which configuration, as a map.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_SENSITIVITY (bs_page_sensitivity_get_type ())
G_DECLARE_FINAL_TYPE (BsPageSensitivity, bs_page_sensitivity, BS, PAGE_SENSITIVITY, AdwBin)

void bs_page_sensitivity_set_document (BsPageSensitivity *self, BsDocument *document); /* once */

G_END_DECLS
