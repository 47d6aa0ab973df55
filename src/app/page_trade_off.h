/* Page: the trade-off plot over the table of results.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_TRADE_OFF (bs_page_trade_off_get_type ())
G_DECLARE_FINAL_TYPE (BsPageTradeOff, bs_page_trade_off, BS, PAGE_TRADE_OFF, AdwBin)

void bs_page_trade_off_set_document (BsPageTradeOff *self, BsDocument *document); /* once */

G_END_DECLS
