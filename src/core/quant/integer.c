/* Encodings: integers of 1 to 16 bits, symmetric and affine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/round.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

#define ROUNDER 0x1.8p23f /* v + ROUNDER − ROUNDER is v rounded half to even for |v| ≤ 2²² */

gboolean
bs_spec_integer_codes (const BsSpec *spec, gint32 *qmin, gint32 *qmax)
{
  if (spec->encoding->family != BS_FAMILY_INTEGER)
    return FALSE;
  gint32 half = 1 << (spec->bits - 1);
  if (qmin != NULL)
    *qmin = !spec->is_signed ? 0 : spec->affine || spec->full ? -half : 1 - half;
  if (qmax != NULL)
    *qmax = spec->is_signed ? half - 1 : 2 * half - 1;
  return TRUE;
}

/* symmetric_scale: not yet rounded to its storage type. */
static double
symmetric_scale (const BsSpec *spec, double amax)
{
  double levels = (double) (1 << spec->bits);

  switch (spec->scale_rule) {
  case BS_SCALE_HALF:
    return 2 * amax / (levels - 1);
  case BS_SCALE_POW2N:
    return amax / (levels / 2);
  case BS_SCALE_QMAX:
  default:
    return amax / (levels / 2 - 1);
  }
}

/* params_of: the scale as a double, for all storage types. */
static double
params_of (const BsSpec *spec, const BsInterval *interval, BsQuantParams *out)
{
  double scale;

  *out = (BsQuantParams){ .scale = 1 };
  bs_spec_integer_codes (spec, &out->qmin, &out->qmax);
  if (!spec->affine) {
    scale = bs_scale_store (symmetric_scale (spec, MAX (-interval->lo, interval->hi)), spec->store);
    out->zero = 0;
  } else {
    double lo = MIN (interval->lo, 0), hi = MAX (interval->hi, 0);
    scale = bs_scale_store ((hi - lo) / ((double) out->qmax - out->qmin), spec->store);
    out->zero = (gint32) CLAMP (rint (out->qmin - lo / scale), out->qmin, out->qmax);
  }
  out->scale = (float) scale;
  return scale;
}

void
bs_quant_params (const BsSpec *spec, const BsInterval *interval, BsQuantParams *out)
{
  params_of (spec, interval, out);
}

/* encode_plain: float division, half to even: ONNX QuantizeLinear. NaN is unequal to itself and
 * becomes 0. */
static void
encode_plain (const BsQuantParams *p, const float *x, gsize n, gint32 *codes, float *values)
{
  float lo = (float) (p->qmin - p->zero), hi = (float) (p->qmax - p->zero), scale = p->scale;
  gint32 zero = p->zero;

  for (gsize i = 0; i < n; i++) {
    float v = x[i] / scale;
    v = v < lo ? lo : v;
    v = v > hi ? hi : v;
    v = v == v ? v : 0;
    gint32 code = (gint32) (v + ROUNDER - ROUNDER);
    codes[i] = code + zero;
    values[i] = (float) code * scale;
  }
}

static void
encode_any (const BsSpec *spec,
            const BsQuantParams *p,
            double scale,
            guint64 draws,
            const float *x,
            gsize n,
            gint32 *codes,
            float *values)
{
  float inverse = 1 / p->scale;

  for (gsize i = 0; i < n; i++) {
    double v;
    if (spec->arith == BS_ARITH_F32)
      v = x[i] / p->scale;
    else if (spec->arith == BS_ARITH_F32MUL)
      v = x[i] * inverse;
    else
      v = x[i] / scale;
    v = isnan (v) ? 0 : v;
    guint64 draw = spec->rounding == BS_ROUND_STOCHASTIC ? bs_hash64 (draws + i) : 0;
    v = CLAMP (v, -1e6, 1e6); /* infinities */
    v = CLAMP (bs_round (v, spec->rounding, draw) + p->zero, p->qmin, p->qmax);
    codes[i] = (gint32) v;
    values[i] = (float) ((codes[i] - p->zero) * scale);
  }
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
  const BsSpec *spec = &quant->spec;
  BsQuantParams p;
  double scale = params_of (spec, interval, &p);

  quant->scale[k] = p.scale;
  if (quant->scale_f64 != NULL)
    quant->scale_f64[k] = scale;
  if (quant->zero != NULL)
    quant->zero[k] = p.zero;
  if (spec->arith == BS_ARITH_F32 && spec->rounding == BS_ROUND_HALF_EVEN &&
      spec->store != BS_STORE_F64)
    encode_plain (&p, x, n, codes, values);
  else
    encode_any (spec, &p, scale, bs_hash64 (spec->seed) + bs_hash64 (k), x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  if (quant->spec.affine && quant->zero == NULL)
    quant->zero = g_new0 (gint32, MAX (quant->n_scales, 1));
  if (quant->spec.store == BS_STORE_F64 && quant->scale_f64 == NULL)
    quant->scale_f64 = g_new0 (double, MAX (quant->n_scales, 1));
  bs_spec_integer_codes (&quant->spec, &quant->qmin, &quant->qmax);
  bs_groups_encode (quant, x, intervals, encode_group, NULL);
  return TRUE;
}

const BsEncoding bs_encoding_int = {
  .id = "int",
  .title = N_ ("Signed integer"),
  .description =
    N_ ("Evenly spaced codes with one scale, code = round (x / scale), zero in the middle, from "
        "−(2^(b−1)−1) to 2^(b−1)−1 (:full adds −2^(b−1); :affine adds a zero point, so that the "
        "codes cover an "
        "interval that is not centred). What matrix units multiply. Source: Jacob et al., CVPR "
        "2018; ONNX "
        "QuantizeLinear; TensorFlow Lite 8-bit quantization specification."),
  .family = BS_FAMILY_INTEGER,
  .min_bits = 1,
  .max_bits = 16,
  .encode = encode,
};

const BsEncoding bs_encoding_uint = {
  .id = "uint",
  .title = N_ ("Unsigned integer"),
  .description = N_ ("Evenly spaced codes 0 … 2^b−1 with a scale and a zero point, code = round (x "
                     "/ scale) + zero: covers any "
                     "interval that holds 0, and wastes no code on activations that are never "
                     "negative. Source: Jacob et "
                     "al., CVPR 2018, section 2.1; ONNX QuantizeLinear."),
  .family = BS_FAMILY_INTEGER,
  .min_bits = 1,
  .max_bits = 16,
  .encode = encode,
};
