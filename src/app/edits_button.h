/* The button that measures layers edited by hand; not there while nothing is edited.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_EDITS_BUTTON (bs_edits_button_get_type ())
G_DECLARE_FINAL_TYPE (BsEditsButton, bs_edits_button, BS, EDITS_BUTTON, AdwBin)

void bs_edits_button_set_document (BsEditsButton *self, BsDocument *document);

G_END_DECLS
