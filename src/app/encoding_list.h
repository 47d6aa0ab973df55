/* Encodings other than integers as rows by family: what each is, a switch to measure it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_ENCODING_LIST (bs_encoding_list_get_type ())
G_DECLARE_FINAL_TYPE (BsEncodingList, bs_encoding_list, BS, ENCODING_LIST, AdwPreferencesGroup)

void bs_encoding_list_set_document (BsEncodingList *self, BsDocument *document);

G_END_DECLS
