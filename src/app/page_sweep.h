/* Page: the axes of the sweep, the data, and how many configurations that makes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_SWEEP (bs_page_sweep_get_type ())
G_DECLARE_FINAL_TYPE (BsPageSweep, bs_page_sweep, BS, PAGE_SWEEP, AdwBin)

void bs_page_sweep_set_document (BsPageSweep *self, BsDocument *document); /* once */

G_END_DECLS
