/* The controls for one layer's weights: encoding, width, scales, range; edits go to the document.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_LAYER_EDITOR (bs_layer_editor_get_type ())
G_DECLARE_FINAL_TYPE (BsLayerEditor, bs_layer_editor, BS, LAYER_EDITOR, AdwBin)

/* Signal "changed": the spec is another one now. */
void bs_layer_editor_set_document (BsLayerEditor *self, BsDocument *document);

/* bs_layer_editor_spec: what the selected layer's weights are to become: its edit, else what the
 * selected result gives it; FALSE: neither, show the values alone.
 *   edited  whether it is an edit */
gboolean bs_layer_editor_spec (BsLayerEditor *self, BsSpec *spec, gboolean *edited);

/* bs_layer_editor_show_clip: the range in force, to start from when it is set by hand. */
void bs_layer_editor_show_clip (BsLayerEditor *self, double lo, double hi);

/* bs_layer_editor_drag: an end of the range is being dragged. While it is not released, the range
 * only shows in bs_layer_editor_spec; then it becomes an edit.
 *   end  0: the lower, 1: the upper; the other one mirrors it where codes are symmetric */
void bs_layer_editor_drag (BsLayerEditor *self, guint end, double value, gboolean released);

G_END_DECLS
