/* What a layer's weights can become: the rows of the editor's lists, and which row a spec is.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Titles are translated (transfer full). A position that no row has is G_MAXUINT, as in
 * GtkDropDown. Encodings: integers once without and once with a zero point. */
GListModel *bs_layer_encoding_titles (void);
guint bs_layer_encoding_find (const BsSpec *spec);

/* bs_layer_encoding_spec: the encoding of a row with the width, scales and range of old as far as
 * it takes them. FALSE: nothing to change. */
gboolean bs_layer_encoding_spec (guint at, const BsSpec *old, BsSpec *spec);

GListModel *bs_layer_scope_titles (void);
guint bs_layer_scope_find (const BsSpec *spec);
void bs_layer_scope_set (guint at, BsSpec *spec);

GListModel *bs_layer_range_titles (void); /* in the order of bs_ranges */
guint bs_layer_range_find (const BsSpec *spec);

G_END_DECLS
