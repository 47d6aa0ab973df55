/* Small binary floating-point formats: sign, exponent, mantissa.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include <string.h>

G_BEGIN_DECLS

typedef struct {
  const char *id;
  guint8 exponent_bits, mantissa_bits;
  gint16 bias;
  guint16 max_code; /* of the largest finite number, sign 0 */
  guint16 inf_code; /* 0: no infinity */
  guint16 nan_code; /* 0: no NaN */
  float max;        /* largest finite number */
} BsMinifloat;

extern const BsMinifloat bs_fp16, bs_bf16, bs_fp8e4m3, bs_fp8e5m2, bs_fp6e3m2, bs_fp6e2m3,
  bs_fp4e2m1;

/* bs_minifloat_encode: x with one rounding, half to even.
 *   saturate  TRUE: what is too large, and infinity, become the largest number; FALSE: infinity, or
 * NaN where the format has no infinity, or the largest number where it has neither NaN stays NaN;
 * formats without NaN give +0. Source  OCP 8-bit Floating Point (OFP8) v1.0; OCP Microscaling v1.0;
 * IEEE 754. */
guint bs_minifloat_encode (const BsMinifloat *format, double x, gboolean saturate);
float bs_minifloat_decode (const BsMinifloat *format, guint code);

/* bs_power_of_two: 2^exponent, which a float can hold: exponent from −149 to 127. */
static inline float
bs_power_of_two (gint exponent)
{
  guint32 bits =
    exponent >= -126 ? (guint32) (exponent + 127) << 23 : 1u << (guint32) (exponent + 149);
  float v;

  memcpy (&v, &bits, sizeof v);
  return v;
}

/* bs_minifloat_encode_array: codes of x / scale (float division) and values = decoded · scale. */
void bs_minifloat_encode_array (const BsMinifloat *format,
                                float scale,
                                gboolean saturate,
                                const float *x,
                                gsize n,
                                gint32 *codes,
                                float *values);

/* bs_minifloat_encode_twice: the same for a scale that is a product: codes of x / scale and values
 * = decoded · first · second, in this order. */
void bs_minifloat_encode_twice (const BsMinifloat *format,
                                float scale,
                                float first,
                                float second,
                                gboolean saturate,
                                const float *x,
                                gsize n,
                                gint32 *codes,
                                float *values);

/* bs_minifloat_encode_rows: the same, saturated, for rows of `inner` values, each with its own scale
 * and first factor; inner is a multiple of BS_VECTOR. */
void bs_minifloat_encode_rows (const BsMinifloat *format,
                               const float *scale,
                               const float *first,
                               float second,
                               const float *x,
                               gsize rows,
                               gsize inner,
                               gint32 *codes,
                               float *values);

const BsMinifloat *bs_minifloat_find (const char *id); /* NULL: no such format */

/* bs_minifloat_bits: width of a code. */
static inline guint
bs_minifloat_bits (const BsMinifloat *format)
{
  return 1u + format->exponent_bits + format->mantissa_bits;
}

G_END_DECLS
