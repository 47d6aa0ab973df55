/* Operators whose form changed between opsets: attributes that became inputs. Private to
 * src/core/export. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "export/onnx_writer.h"

G_BEGIN_DECLS

/* bs_onnx_upgrade_inputs: appends to inputs (names, owned) what the node's attributes became in the
 * writer's opset. Returns the names of attributes that must not be written any more,
 * NULL-terminated, static; NULL: all are written. */
const char *const *bs_onnx_upgrade_inputs (BsOnnxWriter *writer,
                                           const BsModel *model,
                                           const BsNode *node,
                                           GPtrArray *inputs);

G_END_DECLS
