/* Encodings: small floating-point formats, scaled to their range or cast as they are.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/minifloat.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

enum { P_SCALED, P_SATURATE };

#define SATURATE                                                                                   \
  {                                                                                                \
    "saturate", N_ ("What is too large becomes the largest number"), BS_PARAM_INT, 0, 1, 1         \
  }

static const BsParam cast_params[] = {
  [P_SCALED] = { "scaled", N_ ("Scale the largest magnitude to the largest number"), BS_PARAM_INT,
                 0, 1, 0 },
  [P_SATURATE] = SATURATE,
  { NULL },
};

static const BsParam scaled_params[] = {
  [P_SCALED] = { "scaled", N_ ("Scale the largest magnitude to the largest number"), BS_PARAM_INT,
                 0, 1, 1 },
  [P_SATURATE] = SATURATE,
  { NULL },
};

static gboolean
is_scaled (const BsSpec *spec)
{
  return spec->encoding_params[P_SCALED] != 0;
}

static void
encode_group (BsQuant *quant,
              gsize k,
              const float *x,
              gsize n,
              const BsInterval *interval,
              gint32 *codes,
              float *values,
              gpointer user)
{
  const BsMinifloat *format = user;
  gboolean saturate = quant->spec.encoding_params[P_SATURATE] != 0;
  float scale = 1;

  if (is_scaled (&quant->spec)) {
    scale =
      (float) bs_scale_store (MAX (-interval->lo, interval->hi) / format->max, quant->spec.store);
    quant->scale[k] = scale;
  }
  bs_minifloat_encode_array (format, scale, saturate, x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  const BsMinifloat *format = bs_minifloat_find (quant->spec.encoding->id);

  if (!is_scaled (&quant->spec))
    g_clear_pointer (&quant->scale, g_free);
  bs_groups_encode (quant, x, intervals, encode_group, (gpointer) format);
  return TRUE;
}

static guint64
size_bits (const BsSpec *spec, gsize n, gsize n_scales)
{
  return (guint64) n * spec->bits +
         (is_scaled (spec) ? (guint64) n_scales * bs_scale_bits (spec->store) : 0);
}

#define ROW(name, the_title, width, the_params, text)                                              \
  const BsEncoding bs_encoding_##name = {                                                          \
    .id = #name,                                                                                   \
    .title = the_title,                                                                            \
    .description = text,                                                                           \
    .family = BS_FAMILY_FLOAT,                                                                     \
    .min_bits = width,                                                                             \
    .max_bits = width,                                                                             \
    .params = the_params,                                                                          \
    .encode = encode,                                                                              \
    .size_bits = size_bits,                                                                        \
  }

ROW (fp16,
     N_ ("Half precision"),
     16,
     cast_params,
     N_ ("IEEE 754 half precision: 5 exponent and 10 mantissa bits, largest number 65504. Cast as "
         "it is, without a scale, "
         "unless scaled=1. Source: IEEE 754-2008, binary16."));
ROW (bf16,
     N_ ("bfloat16"),
     16,
     cast_params,
     N_ ("The upper half of a float32: all of its range, 7 mantissa bits. Cast as it is, without a "
         "scale, unless scaled=1. "
         "Source: Intel, BFLOAT16 hardware numerics definition, 2018."));
ROW (fp8e4m3,
     N_ ("FP8 E4M3"),
     8,
     scaled_params,
     N_ ("8-bit float with 4 exponent and 3 mantissa bits, no infinity, largest number 448; scaled "
         "so that the largest "
         "magnitude is 448 (scaled=0 casts). Source: Micikevicius et al., arXiv:2209.05433; OCP "
         "OFP8 v1.0."));
ROW (fp8e5m2,
     N_ ("FP8 E5M2"),
     8,
     scaled_params,
     N_ ("8-bit float with 5 exponent and 2 mantissa bits, largest number 57344: more range and "
         "less precision than E4M3, "
         "meant for gradients. Source: Micikevicius et al., arXiv:2209.05433; OCP OFP8 v1.0."));
ROW (fp6e3m2,
     N_ ("FP6 E3M2"),
     6,
     scaled_params,
     N_ ("6-bit float with 3 exponent and 2 mantissa bits, largest number 28, neither infinity nor "
         "NaN. Source: OCP "
         "Microscaling Formats v1.0, section 5.3."));
ROW (fp6e2m3,
     N_ ("FP6 E2M3"),
     6,
     scaled_params,
     N_ ("6-bit float with 2 exponent and 3 mantissa bits, largest number 7.5, neither infinity "
         "nor NaN: almost evenly "
         "spaced. Source: OCP Microscaling Formats v1.0, section 5.3."));
ROW (fp4e2m1,
     N_ ("FP4 E2M1"),
     4,
     scaled_params,
     N_ ("4-bit float: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives, scaled so that the largest "
         "magnitude is 6. Source: "
         "OCP Microscaling Formats v1.0, section 5.3."));
