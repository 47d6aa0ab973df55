/* The corrections as rows: what each does, a switch to measure with and without it, what it gained.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_CORRECTION_LIST (bs_correction_list_get_type ())
G_DECLARE_FINAL_TYPE (BsCorrectionList,
                      bs_correction_list,
                      BS,
                      CORRECTION_LIST,
                      AdwPreferencesGroup)

void bs_correction_list_set_document (BsCorrectionList *self, BsDocument *document);

G_END_DECLS
