/* Export: the targets, what each cannot express before writing, and the check after.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_EXPORT_DIALOG (bs_export_dialog_get_type ())
G_DECLARE_FINAL_TYPE (BsExportDialog, bs_export_dialog, BS, EXPORT_DIALOG, AdwWindow)

/* bs_export_dialog_new: for the document's selected result. */
BsExportDialog *bs_export_dialog_new (GtkWindow *parent, BsDocument *document);

G_END_DECLS
