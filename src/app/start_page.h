/* What is shown while no model is open: open, examples, recent models.
 *
 * Signals: "open-example" (BsExample, borrowed); "open-path" (const char *).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "workbench/examples.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_START_PAGE (bs_start_page_get_type ())
G_DECLARE_FINAL_TYPE (BsStartPage, bs_start_page, BS, START_PAGE, AdwBin)

/* bs_start_page_remember: puts a model that was opened among the recent ones. */
void bs_start_page_remember (BsStartPage *self, const char *path);

G_END_DECLS
