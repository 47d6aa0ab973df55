/* What the files that make and free models share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

void bs_attr_clear (BsAttr *attr); /* frees what the attribute owns, not the struct */
void bs_node_clear (BsNode *node);

/* bs_model_sort: puts nodes into execution order and drops nodes and constants that nobody needs.
 * Errors  as bs_model_builder_finish. */
gboolean bs_model_sort (BsModel *model, GError **error);

G_END_DECLS
