/* Element types of tensors, numbered as ONNX numbers them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/dtype.h"

static const struct {
  const char *name;
  guint bits;
} dtypes[] = {
  [BS_DTYPE_NONE] = { "none", 0 },         [BS_DTYPE_F32] = { "float32", 32 },
  [BS_DTYPE_U8] = { "uint8", 8 },          [BS_DTYPE_I8] = { "int8", 8 },
  [BS_DTYPE_U16] = { "uint16", 16 },       [BS_DTYPE_I16] = { "int16", 16 },
  [BS_DTYPE_I32] = { "int32", 32 },        [BS_DTYPE_I64] = { "int64", 64 },
  [BS_DTYPE_STRING] = { "string", 0 },     [BS_DTYPE_BOOL] = { "bool", 8 },
  [BS_DTYPE_F16] = { "float16", 16 },      [BS_DTYPE_F64] = { "float64", 64 },
  [BS_DTYPE_U32] = { "uint32", 32 },       [BS_DTYPE_U64] = { "uint64", 64 },
  [BS_DTYPE_BF16] = { "bfloat16", 16 },    [BS_DTYPE_F8E4M3] = { "float8e4m3fn", 8 },
  [BS_DTYPE_F8E5M2] = { "float8e5m2", 8 }, [BS_DTYPE_U4] = { "uint4", 4 },
  [BS_DTYPE_I4] = { "int4", 4 },           [BS_DTYPE_F4E2M1] = { "float4e2m1", 4 },
  [BS_DTYPE_U2] = { "uint2", 2 },          [BS_DTYPE_I2] = { "int2", 2 },
};

guint
bs_dtype_bits (BsDtype dtype)
{
  return (guint) dtype < G_N_ELEMENTS (dtypes) ? dtypes[dtype].bits : 0;
}

const char *
bs_dtype_name (BsDtype dtype)
{
  const char *name = (guint) dtype < G_N_ELEMENTS (dtypes) ? dtypes[dtype].name : NULL;

  return name != NULL ? name : "unknown";
}
