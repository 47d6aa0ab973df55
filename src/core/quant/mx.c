/* Encodings: OCP microscaling formats and NVFP4, small floats or integers with a scale per block.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/minifloat.h"
#include "quant/vectors.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <string.h>

#define MX_INT8_MAX 127
#define ROUNDER 0x1.8p52 /* v + ROUNDER − ROUNDER is v rounded half to even for |v| < 2⁵¹ */

/* block_exponent: of the shared scale 2^e, from the bits of amax, because log2 of a float may round
 * up. Denormal numbers are below the smallest scale whatever the format. */
static int
block_exponent (float amax, int largest_exponent)
{
  guint32 bits;

  memcpy (&bits, &amax, sizeof bits);
  return CLAMP ((int) (bits >> 23 & 0xFF) - 127 - largest_exponent, -127, 127);
}

/* MXINT8: codes of x in units of step, doubles, both exact. */
typedef struct {
  double inverse, step;
} Steps;

BS_INLINE void
int8_encode (Steps steps,
             const float *restrict x,
             gsize n,
             gint32 *restrict codes,
             float *restrict values)
{
  for (gsize from = 0; from < n; from += BS_VECTOR)
    for (gsize i = from; i < from + BS_VECTOR; i++) {
      double v = x[i] * steps.inverse;
      v = bs_select_f64 (v == v, v, 0);
      v = bs_select_f64 (v < -MX_INT8_MAX, -MX_INT8_MAX, v);
      v = bs_select_f64 (v > MX_INT8_MAX, MX_INT8_MAX, v);
      v = v + ROUNDER - ROUNDER;
      codes[i] = (gint32) v;
      values[i] = (float) (v * steps.step);
    }
}

BS_VECTORIZED static void
int8_vectors (gconstpointer how,
              const float *restrict x,
              gsize n,
              gsize first,
              gint32 *restrict codes,
              float *restrict values)
{
  int8_encode (*(const Steps *) how, x, n, codes, values);
}

static Steps
steps_of (float scale)
{
  return (Steps){ 64 / (double) scale, (double) scale / 64 };
}

BS_VECTORIZED static void
int8_rows (const float *scale,
           const float *x,
           gsize rows,
           gsize inner,
           gint32 *codes,
           float *values)
{
  for (gsize row = 0; row < rows; row++)
    int8_encode (steps_of (scale[row]), x + row * inner, inner, codes + row * inner,
                 values + row * inner);
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
  Steps steps = steps_of (quant->scale[k]);

  if (format != NULL)
    bs_minifloat_encode_array (format, quant->scale[k], TRUE, x, n, codes, values);
  else
    bs_in_vectors (int8_vectors, &steps, x, n, codes, values);
}

/* rows_of_vectors: groups one after the other, each of whole vectors: the number of values of each;
 * else 0. */
static gsize
rows_of_vectors (const BsQuant *quant)
{
  gsize row = bs_groups_in_rows (quant);

  return row % BS_VECTOR == 0 ? row : 0;
}

static gboolean
encode_mx (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  const char *id = quant->spec.encoding->id; /* "mxfp4" has only one element format */
  const BsMinifloat *format =
    strcmp (id, "mxfp4") == 0 ? &bs_fp4e2m1 : bs_minifloat_find (id + strlen ("mx"));
  int largest = format != NULL ? ilogb (format->max) : 0;
  gsize row = rows_of_vectors (quant);

  for (gsize k = 0; k < quant->n_scales; k++) {
    float amax = (float) MAX (-intervals[k].lo, intervals[k].hi);
    quant->scale[k] = bs_power_of_two (block_exponent (amax, largest));
  }
  if (row == 0)
    bs_groups_encode (quant, x, intervals, mx_group, (gpointer) format);
  else if (format == NULL)
    int8_rows (quant->scale, x, quant->n_scales, row, quant->codes, quant->values);
  else
    bs_minifloat_encode_rows (format, quant->scale, quant->scale, 1, x, quant->n_scales, row,
                              quant->codes, quant->values);
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
  float block = quant->scale[k];
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

static float
nvfp4_tensor_scale (double amax)
{
  float scale = amax > 0 ? (float) (amax / ((double) bs_fp4e2m1.max * bs_fp8e4m3.max)) : 1;

  return MAX (scale, 0x1p-126f);
}

static gboolean
encode_nvfp4 (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  double amax = 0;

  for (gsize k = 0; k < quant->n_scales; k++)
    amax = MAX (amax, MAX (-intervals[k].lo, intervals[k].hi));
  if (quant->tensor_scale == 0)
    quant->tensor_scale = nvfp4_tensor_scale (amax);

  g_autofree float *wanted = g_new (float, MAX (quant->n_scales, 1));
  g_autofree gint32 *codes = g_new (gint32, MAX (quant->n_scales, 1));
  for (gsize k = 0; k < quant->n_scales; k++)
    wanted[k] = (float) (MAX (-intervals[k].lo, intervals[k].hi) /
                         (bs_fp4e2m1.max * (double) quant->tensor_scale));
  bs_minifloat_encode_array (&bs_fp8e4m3, 1, TRUE, wanted, quant->n_scales, codes, quant->scale);
  gsize row = rows_of_vectors (quant);
  if (row == 0) {
    bs_groups_encode (quant, x, intervals, nvfp4_group, NULL);
    return TRUE;
  }
  for (gsize k = 0; k < quant->n_scales; k++)
    wanted[k] = quant->scale[k] * quant->tensor_scale;
  bs_minifloat_encode_rows (&bs_fp4e2m1, wanted, quant->scale, quant->tensor_scale, x,
                            quant->n_scales, row, quant->codes, quant->values);
  for (gsize k = 0; k < quant->n_scales; k++)
    if (!(wanted[k] > 0))
      nvfp4_group (quant, k, x + k * row, row, NULL, quant->codes + k * row,
                   quant->values + k * row, NULL);
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
  .tensor_scale = nvfp4_tensor_scale,
  .flags = BS_ENCODING_OWN_SCALE | BS_ENCODING_BLOCKS_ONLY,
  .block = 16,
  .size_bits = nvfp4_size,
};
