/* Encodings: which codes exist and what they mean.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/levels.h"
#include "quant/quant.h"

G_BEGIN_DECLS

typedef enum {
  BS_FAMILY_NONE,      /* float: left alone */
  BS_FAMILY_INTEGER,   /* int…, uint…: uniform */
  BS_FAMILY_BINARY,    /* binary, ternary */
  BS_FAMILY_NONLINEAR, /* powers of two, mu-law, code books */
  BS_FAMILY_FLOAT,     /* fp16 … fp4 */
  BS_FAMILY_BLOCK,     /* MX, NVFP4: blocks with a shared exponent */
} BsFamily;

typedef enum {
  BS_ENCODING_OWN_RANGE = 1 << 0, /* fits itself to the values: range rules have no meaning */
  BS_ENCODING_OWN_SCALE =
    1 << 1, /* the type of the scale is part of the format: store has no meaning */
  BS_ENCODING_BLOCKS_ONLY = 1 << 2, /* only BS_SCOPE_GROUP */
  BS_ENCODING_BLOCK_FIXED = 1 << 3, /* and only groups of `block` */
  BS_ENCODING_MAGNITUDES = 1 << 4,  /* the table of fit is one of magnitudes */
} BsEncodingFlags;

struct _BsEncoding {
  const char *id;    /* "int", "pow2", "fp8e4m3": what stands before the bits in a spec */
  const char *title; /* N_() */
  const char *
    description; /* N_(): one paragraph with its source; shown by --help, the window and the manual */
  BsFamily family;
  guint8 min_bits, max_bits; /* equal: the width is part of the id and not written again */
  const BsParam *params;     /* NULL: none */

  /* Fills codes, values, scale, zero, size_bits of quant, whose spec, dims and groups are set.
   *   x         the tensor, row-major
   *   intervals one per scale group, already chosen and including 0; NULL with BS_ENCODING_OWN_RANGE
   * What an earlier call left in quant is replaced, but tensor_scale is taken as it is unless 0. */
  gboolean (*encode) (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error);

  /* For rows whose values are those of a level table, NULL for others: the table and the scale of n
   * values that share one. encode gives the values of bs_levels_encode with them, or of
   * bs_levels_encode_magnitudes with BS_ENCODING_MAGNITUDES.
   *   interval  as one of those of encode
   * FALSE: spec asks for too many levels. */
  gboolean (*fit) (const BsSpec *spec,
                   const float *x,
                   gsize n,
                   const BsInterval *interval,
                   BsLevels *levels,
                   float *scale);

  float (*tensor_scale) (
    double amax); /* tensor_scale of BsQuant, from the largest magnitude in it; NULL: none */

  BsEncodingFlags flags;
  guint block; /* values that share a scale unless the spec says otherwise; 0: the whole tensor */

  /* Size of n values with n_scales scales. NULL: n · bits + scales and zero points as the spec stores them. */
  guint64 (*size_bits) (const BsSpec *spec, gsize n, gsize n_scales);
};

extern const BsEncoding *const bs_encodings[]; /* all rows, ending with NULL */
extern const BsEncoding bs_encoding_float, bs_encoding_int, bs_encoding_uint;
const BsEncoding *bs_encoding_find (const char *id);

G_END_DECLS
