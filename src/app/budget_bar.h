/* The budget slider: the best under a size at once, the widths it would pick, measured when the slider rests.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_BUDGET_BAR (bs_budget_bar_get_type ())
G_DECLARE_FINAL_TYPE (BsBudgetBar, bs_budget_bar, BS, BUDGET_BAR, AdwBin)

/* Signal "changed": another size, or another answer to it. */
void bs_budget_bar_set_document (BsBudgetBar *self, BsDocument *document);

double bs_budget_bar_bytes (BsBudgetBar *self);     /* 0: no size was asked for */
BsResult *bs_budget_bar_picked (BsBudgetBar *self); /* widths per layer; borrowed; NULL: none */

G_END_DECLS
