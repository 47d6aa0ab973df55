/* What model.c and builder.c share: freeing the parts of a model.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

void bs_attr_clear (BsAttr *attr); /* frees what the attribute owns, not the struct */
void bs_node_clear (BsNode *node);

G_END_DECLS
