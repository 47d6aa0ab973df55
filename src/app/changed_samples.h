/* The samples that two results judge differently, as images where they are images.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_CHANGED_SAMPLES (bs_changed_samples_get_type ())
G_DECLARE_FINAL_TYPE (BsChangedSamples, bs_changed_samples, BS, CHANGED_SAMPLES, AdwBin)

/* bs_changed_samples_show: those of the document's two compared results. Where classes are not known,
 * since results came from the store, a button has both measured again. */
void bs_changed_samples_show (BsChangedSamples *self, BsDocument *document);

G_END_DECLS
