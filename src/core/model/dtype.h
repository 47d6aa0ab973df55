/* Element types of tensors, numbered as ONNX numbers them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { /* values: onnx.TensorProto.DataType */
               BS_DTYPE_NONE = 0,
               BS_DTYPE_F32 = 1,
               BS_DTYPE_U8 = 2,
               BS_DTYPE_I8 = 3,
               BS_DTYPE_U16 = 4,
               BS_DTYPE_I16 = 5,
               BS_DTYPE_I32 = 6,
               BS_DTYPE_I64 = 7,
               BS_DTYPE_STRING = 8,
               BS_DTYPE_BOOL = 9,
               BS_DTYPE_F16 = 10,
               BS_DTYPE_F64 = 11,
               BS_DTYPE_U32 = 12,
               BS_DTYPE_U64 = 13,
               BS_DTYPE_BF16 = 16,
               BS_DTYPE_F8E4M3 = 17,
               BS_DTYPE_F8E5M2 = 19,
               BS_DTYPE_U4 = 21,
               BS_DTYPE_I4 = 22,
               BS_DTYPE_F4E2M1 = 23,
               BS_DTYPE_U2 = 25,
               BS_DTYPE_I2 = 26,
} BsDtype;

/* bs_dtype_bits: width of one element in bits; 0 for NONE, STRING and unknown numbers. */
guint bs_dtype_bits (BsDtype dtype);

/* bs_dtype_name: "float32", "int8", …; "unknown" for numbers not listed above. */
const char *bs_dtype_name (BsDtype dtype);

G_END_DECLS
