/* ONNX's TensorProto: element type, dimensions and data, inside the file or beside it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/digest.h"
#include "base/error.h"
#include "ops/op.h"

G_BEGIN_DECLS

typedef struct Onnx__TensorProto BsOnnxTensorProto; /* onnx.pb-c.h, made at build time */

/* Where external data is looked for, and what was found so far. */
typedef struct {
  char *folder;         /* of the model; NULL: external data is refused */
  GHashTable *files;    /* location → GBytes, mapped once each */
  BsLazyDigest *digest; /* each external file is added when it is first mapped; may be NULL */
} BsOnnxExternal;

/* bs_onnx_tensor: what a TensorProto holds.
 *
 *   message  the bytes that keep tensor alive
 *   value    dtype, dims; data packed, alive as long as *backing
 *   backing  message itself, a mapped file, or converted data (transfer full)
 *
 * Errors  BS_ERROR_FORMAT, BS_ERROR_UNSUPPORTED, BS_ERROR_TOO_LARGE, BS_ERROR_IO naming the tensor.
 */
gboolean bs_onnx_tensor (const BsOnnxTensorProto *tensor,
                         GBytes *message,
                         BsOnnxExternal *external,
                         BsValue *value,
                         GBytes **backing,
                         GError **error);

/* bs_onnx_read_tensor: a file that holds one TensorProto, as ONNX's test data has them.
 * value->data is owned: bs_value_clear. Errors as above. */
gboolean bs_onnx_read_tensor (const char *path, BsValue *value, GError **error);

G_END_DECLS
