/* Encodings: OCP microscaling formats and NVFP4, small floats or integers with a scale per block.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/minifloat.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <string.h>

#define MX_INT8_MAX 127

/* block_exponent: of the shared scale 2^e, from the bits of amax, because log2 of a float may round
 * up. Denormal numbers are below the smallest scale whatever the format. */
static int
block_exponent (float amax, int largest_exponent)
{
  guint32 bits;

  memcpy (&bits, &amax, sizeof bits);
  return CLAMP ((int) (bits >> 23 & 0xFF) - 127 - largest_exponent, -127, 127);
}

static void
mx_group (BsQuant *quant,
          gsize k,
          const float *x,
          gsize n,
          const BsInterval *interval,
          gint32 *codes,
          float *values,
          gpointer user)
{
  const BsMinifloat *format = user;
  int largest = format != NULL ? ilogb (format->max) : 0;
  int exponent = block_exponent ((float) MAX (-interval->lo, interval->hi), largest);

  quant->scale[k] = (float) ldexp (1, exponent);
  if (format != NULL) {
    bs_minifloat_encode_array (format, quant->scale[k], TRUE, x, n, codes, values);
    return;
  }
  double inverse = ldexp (64, -exponent), step = ldexp (1, exponent - 6);
  for (gsize i = 0; i < n; i++) {
    double v = isnan (x[i]) ? 0 : CLAMP (x[i] * inverse, -MX_INT8_MAX, MX_INT8_MAX);
    codes[i] = (gint32) rint (v);
    values[i] = (float) (codes[i] * step);
  }
}

static gboolean
encode_mx (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  const char *id = quant->spec.encoding->id; /* "mxfp4" has only one element format */
  const BsMinifloat *format =
    strcmp (id, "mxfp4") == 0 ? &bs_fp4e2m1 : bs_minifloat_find (id + strlen ("mx"));

  bs_groups_encode (quant, x, intervals, mx_group, (gpointer) format);
  return TRUE;
}

static guint64
mx_size (const BsSpec *spec, gsize n, gsize n_scales)
{
  return (guint64) n * spec->bits + (guint64) n_scales * 8;
}

static void
nvfp4_group (BsQuant *quant,
             gsize k,
             const float *x,
             gsize n,
             const BsInterval *interval,
             gint32 *codes,
             float *values,
             gpointer user)
{
  double amax = MAX (-interval->lo, interval->hi);
  float block = bs_minifloat_decode (
    &bs_fp8e4m3,
    bs_minifloat_encode (&bs_fp8e4m3,
                         (float) (amax / (bs_fp4e2m1.max * (double) quant->tensor_scale)), TRUE));

  quant->scale[k] = block;
  float scale = block * quant->tensor_scale;
  if (scale > 0) {
    /* element · block is exact, so that the value is rounded once */
    bs_minifloat_encode_twice (&bs_fp4e2m1, scale, block, quant->tensor_scale, TRUE, x, n, codes,
                               values);
  } else {
    memset (codes, 0, n * sizeof *codes);
    memset (values, 0, n * sizeof *values);
  }
}

static gboolean
encode_nvfp4 (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  double amax = 0;

  for (gsize k = 0; k < quant->n_scales; k++)
    amax = MAX (amax, MAX (-intervals[k].lo, intervals[k].hi));
  quant->tensor_scale = amax > 0 ? (float) (amax / ((double) bs_fp4e2m1.max * bs_fp8e4m3.max)) : 1;
  quant->tensor_scale = MAX (quant->tensor_scale, 0x1p-126f);
  bs_groups_encode (quant, x, intervals, nvfp4_group, NULL);
  return TRUE;
}

static guint64
nvfp4_size (const BsSpec *spec, gsize n, gsize n_scales)
{
  return (guint64) n * 4 + (guint64) n_scales * 8 + 32;
}

#define ROW(name, the_title, width, text)                                                          \
  const BsEncoding bs_encoding_##name = {                                                          \
    .id = #name,                                                                                   \
    .title = the_title,                                                                            \
    .description = text,                                                                           \
    .family = BS_FAMILY_BLOCK,                                                                     \
    .min_bits = width,                                                                             \
    .max_bits = width,                                                                             \
    .encode = encode_mx,                                                                           \
    .flags = BS_ENCODING_OWN_SCALE | BS_ENCODING_BLOCKS_ONLY,                                      \
    .block = 32,                                                                                   \
    .size_bits = mx_size,                                                                          \
  }

ROW (mxfp8e4m3,
     N_ ("MXFP8 E4M3"),
     8,
     N_ ("FP8 E4M3 elements with one power-of-two scale per block of 32: 8.25 bits a value. Blocks "
         "whose largest magnitude "
         "lies between 1.75 and 2 times a power of two saturate. Source: OCP Microscaling Formats "
         "v1.0; arXiv:2310.10537."));
ROW (mxfp8e5m2,
     N_ ("MXFP8 E5M2"),
     8,
     N_ ("FP8 E5M2 elements with one power-of-two scale per block of 32: 8.25 bits a value. "
         "Source: OCP Microscaling Formats "
         "v1.0; Rouhani et al., arXiv:2310.10537."));
ROW (mxfp6e3m2,
     N_ ("MXFP6 E3M2"),
     6,
     N_ ("FP6 E3M2 elements with one power-of-two scale per block of 32: 6.25 bits a value. "
         "Source: OCP Microscaling Formats "
         "v1.0; Rouhani et al., arXiv:2310.10537."));
ROW (mxfp6e2m3,
     N_ ("MXFP6 E2M3"),
     6,
     N_ ("FP6 E2M3 elements with one power-of-two scale per block of 32: 6.25 bits a value. "
         "Source: OCP Microscaling Formats "
         "v1.0; Rouhani et al., arXiv:2310.10537."));
ROW (mxfp4,
     N_ ("MXFP4"),
     4,
     N_ ("FP4 E2M1 elements with one power-of-two scale per block of 32: 4.25 bits a value. "
         "Source: OCP Microscaling Formats "
         "v1.0; Rouhani et al., arXiv:2310.10537."));
ROW (mxint8,
     N_ ("MXINT8"),
     8,
     N_ ("8-bit integers in units of 1/64 with one power-of-two scale per block of 32: 8.25 bits a "
         "value. Source: OCP "
         "Microscaling Formats v1.0; Rouhani et al., arXiv:2310.10537."));

const BsEncoding bs_encoding_nvfp4 = {
  .id = "nvfp4",
  .title = N_ ("NVFP4"),
  .description = N_ (
    "FP4 E2M1 elements, an FP8 E4M3 scale per block of 16 and one float scale for the tensor: 4.5 "
    "bits a "
    "value, finer than MXFP4's powers of two. Source: NVIDIA, Introducing NVFP4, 2025; TensorRT "
    "quantization schemes."),
  .family = BS_FAMILY_BLOCK,
  .min_bits = 4,
  .max_bits = 4,
  .encode = encode_nvfp4,
  .flags = BS_ENCODING_OWN_SCALE | BS_ENCODING_BLOCKS_ONLY,
  .block = 16,
  .size_bits = nvfp4_size,
};
