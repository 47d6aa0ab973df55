/* Block formats of ggml (llama.cpp), byte for byte.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BS_GGML_Q4_0,
  BS_GGML_Q4_1,
  BS_GGML_Q5_0,
  BS_GGML_Q5_1,
  BS_GGML_Q8_0,
  BS_GGML_Q4_K,
  BS_GGML_Q6_K
} BsGgmlType;

#define BS_GGML_MAX_BLOCK 256

/* bs_ggml_find: by name, "q4_0"; FALSE: not one of the types above. */
gboolean bs_ggml_find (const char *id, BsGgmlType *type);
guint bs_ggml_block (BsGgmlType type); /* values in a block: 32 or 256 */
guint bs_ggml_block_bytes (BsGgmlType type);

/* bs_ggml_encode: one block of 32 values to bytes. Types q4_0, q4_1, q5_0, q5_1, q8_0.
 * NaN becomes 0 and infinities the largest finite magnitude of the block, where ggml's result is
 * undefined; scales above the range of float16 saturate. Source  ggml-quants.c, quantize_row_…_ref:
 * float arithmetic, the reciprocal of the scale before its rounding to half. */
void bs_ggml_encode (BsGgmlType type, const float *x, guint8 *bytes);

/* bs_ggml_decode: one block of any type. values: [bs_ggml_block]. */
void bs_ggml_decode (BsGgmlType type, const guint8 *bytes, float *values);

/* bs_ggml_codes: the raw codes of one block of a type that encodes, before offset and scale; and
 * its scale. */
void bs_ggml_codes (BsGgmlType type, const guint8 *bytes, gint32 *codes, float *scale);

G_END_DECLS
