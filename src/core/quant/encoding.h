/* Encodings: which codes exist and what they mean.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/quant.h"

G_BEGIN_DECLS

typedef enum {
  BS_FAMILY_NONE,     /* float: left alone */
  BS_FAMILY_INTEGER,  /* int…, uint…: uniform */
  BS_FAMILY_BINARY,   /* binary, ternary */
  BS_FAMILY_NONLINEAR, /* powers of two, mu-law, code books */
  BS_FAMILY_FLOAT,    /* fp16 … fp4 */
  BS_FAMILY_BLOCK,    /* MX, NVFP4: blocks with a shared exponent */
} BsFamily;

struct _BsEncoding {
  const char *id;          /* "int", "pow2", "fp8e4m3": what stands before the bits in a spec */
  const char *title;       /* N_() */
  const char *description; /* N_(): one paragraph with its source; shown by --help, the window and the manual */
  BsFamily family;
  guint8 min_bits, max_bits; /* equal: the width is part of the id and not written again */
  const BsParam *params;   /* NULL: none */

  /* Fills codes, values, scale, zero, size_bits of quant, whose spec, dims and groups are set.
   *   x         the tensor, row-major
   *   intervals one per scale group, already chosen and including 0 */
  gboolean (*encode) (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error);
};

extern const BsEncoding *const bs_encodings[]; /* all rows, ending with NULL */
extern const BsEncoding bs_encoding_float;
const BsEncoding *bs_encoding_find (const char *id);

G_END_DECLS
