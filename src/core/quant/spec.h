/* What one tensor is asked to become: encoding, bits, scope, range rule, options. Text form as in the manual.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "base/param.h"

G_BEGIN_DECLS

typedef struct _BsEncoding BsEncoding; /* quant/encoding.h */
typedef struct _BsRange BsRange;       /* quant/range.h */

/* How many values share one scale, from global to local. */
typedef enum {
  BS_SCOPE_MODEL,
  BS_SCOPE_TENSOR,
  BS_SCOPE_CHANNEL,
  BS_SCOPE_GROUP,
  BS_SCOPE_ELEMENT
} BsScope;

typedef enum {
  BS_SCALE_QMAX,
  BS_SCALE_HALF,
  BS_SCALE_POW2N
} BsScaleRule; /* methods: symmetric scale rules */
typedef enum {
  BS_STORE_F32,
  BS_STORE_F16,
  BS_STORE_BF16,
  BS_STORE_F64,
  BS_STORE_POW2
} BsScaleStore; /* type the scale is rounded to, once */
typedef enum {
  BS_ROUND_HALF_EVEN,
  BS_ROUND_HALF_AWAY,
  BS_ROUND_HALF_UP,
  BS_ROUND_FLOOR,
  BS_ROUND_CEIL,
  BS_ROUND_TRUNC,
  BS_ROUND_STOCHASTIC,
} BsRounding;
typedef enum { BS_ARITH_F32, BS_ARITH_F32MUL, BS_ARITH_F64 } BsArith;

/* Plain data: copy by assignment. */
typedef struct {
  const BsEncoding *encoding; /* never NULL; &bs_encoding_float leaves the tensor alone */
  guint8 bits;                /* 1 … 16; the encoding's own width where it has only one */
  gboolean is_signed;         /* int… / uint… */
  gboolean affine;            /* with a zero point */
  gboolean full;              /* symmetric codes down to −2^(bits−1) */
  BsScope scope;
  gint axis;            /* channel axis; BS_AXIS_AUTO: the operator's output axis */
  guint group;          /* run length for BS_SCOPE_GROUP */
  const BsRange *range; /* never NULL */
  BsScaleRule scale_rule;
  BsScaleStore store;
  BsRounding rounding;
  BsArith arith;
  guint64 seed; /* stochastic rounding */
  double encoding_params[BS_MAX_PARAMS], range_params[BS_MAX_PARAMS];
} BsSpec;

#define BS_AXIS_AUTO G_MININT

/* bs_spec_parse: "int4:group=32:mse". Defaults: tensor, minmax, scale=qmax, store=f32, round=half-even, arith=f32.
 * Errors  BS_ERROR_INVALID naming the token and what would be accepted. */
gboolean bs_spec_parse (const char *text, BsSpec *spec, GError **error);

/* bs_spec_to_string: canonical text, defaults left out; bs_spec_parse gives the same spec back. (transfer full) */
char *bs_spec_to_string (const BsSpec *spec);

gboolean bs_spec_is_float (const BsSpec *spec); /* the tensor is left alone */

/* bs_spec_integer_codes: TRUE when codes are integers the kernels can run on (int…, uint…), and their range; qmin
 * and qmax may be NULL. */
gboolean bs_spec_integer_codes (const BsSpec *spec, gint32 *qmin, gint32 *qmax);

G_END_DECLS
