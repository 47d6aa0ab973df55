/* What will hurt when the model is quantized, worst first, each with a button to try the cure.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_FINDING_LIST (bs_finding_list_get_type ())
G_DECLARE_FINAL_TYPE (BsFindingList, bs_finding_list, BS, FINDING_LIST, AdwPreferencesGroup)

void bs_finding_list_set_document (BsFindingList *self, BsDocument *document);

G_END_DECLS
