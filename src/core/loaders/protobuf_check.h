/* Looking over a protobuf message before protobuf-c unpacks it, because unpacking is recursive.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"

#include <protobuf-c/protobuf-c.h>

G_BEGIN_DECLS

#define BS_PROTOBUF_MAX_DEPTH                                                                      \
  64 /* ONNX: a body inside a body costs three levels; real files stay below 16 */

/* bs_protobuf_check: whether the bytes are whole fields, nested at most BS_PROTOBUF_MAX_DEPTH
 * messages deep.
 *
 * Errors  BS_ERROR_FORMAT: cut off, impossible lengths; BS_ERROR_TOO_LARGE: nested too deeply, or
 * more messages than 64 million (each costs memory many times its size in the file). */
gboolean bs_protobuf_check (const ProtobufCMessageDescriptor *type,
                            const guint8 *data,
                            gsize size,
                            GError **error);

G_END_DECLS
