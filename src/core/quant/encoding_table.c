/* The table of encodings.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"

#include <string.h>

extern const BsEncoding bs_encoding_binary, bs_encoding_ternary;
extern const BsEncoding bs_encoding_pow2, bs_encoding_apot, bs_encoding_mulaw, bs_encoding_kmeans,
  bs_encoding_lloyd, bs_encoding_nf4;
extern const BsEncoding bs_encoding_fp16, bs_encoding_bf16, bs_encoding_fp8e4m3,
  bs_encoding_fp8e5m2;
extern const BsEncoding bs_encoding_fp6e3m2, bs_encoding_fp6e2m3, bs_encoding_fp4e2m1;
extern const BsEncoding bs_encoding_mxfp8e4m3, bs_encoding_mxfp8e5m2, bs_encoding_mxfp6e3m2,
  bs_encoding_mxfp6e2m3;
extern const BsEncoding bs_encoding_mxfp4, bs_encoding_mxint8, bs_encoding_nvfp4;
extern const BsEncoding bs_encoding_q4_0, bs_encoding_q4_1, bs_encoding_q5_0, bs_encoding_q5_1,
  bs_encoding_q8_0;

/* clang-format off */
const BsEncoding *const bs_encodings[] = {
  &bs_encoding_float,
  &bs_encoding_int, &bs_encoding_uint,
  &bs_encoding_binary, &bs_encoding_ternary,
  &bs_encoding_pow2, &bs_encoding_apot, &bs_encoding_mulaw, &bs_encoding_kmeans, &bs_encoding_lloyd,
  &bs_encoding_nf4,
  &bs_encoding_fp16, &bs_encoding_bf16, &bs_encoding_fp8e4m3, &bs_encoding_fp8e5m2,
  &bs_encoding_fp6e3m2, &bs_encoding_fp6e2m3, &bs_encoding_fp4e2m1,
  &bs_encoding_mxfp8e4m3, &bs_encoding_mxfp8e5m2, &bs_encoding_mxfp6e3m2, &bs_encoding_mxfp6e2m3,
  &bs_encoding_mxfp4, &bs_encoding_mxint8, &bs_encoding_nvfp4,
  &bs_encoding_q4_0, &bs_encoding_q4_1, &bs_encoding_q5_0, &bs_encoding_q5_1, &bs_encoding_q8_0,
  NULL,
};
/* clang-format on */

const BsEncoding *
bs_encoding_find (const char *id)
{
  for (guint i = 0; bs_encodings[i] != NULL; i++)
    if (strcmp (bs_encodings[i]->id, id) == 0)
      return bs_encodings[i];
  return NULL;
}
