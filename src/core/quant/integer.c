/* Encodings: integers of 1 to 16 bits, symmetric and affine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/round.h"
#include "quant/scale.h"
#include "quant/vectors.h"

#include <glib/gi18n-lib.h>

#include <string.h>

#define ROUNDER 0x1.8p23f /* v + ROUNDER − ROUNDER is v rounded half to even for |v| ≤ 2²² */
#define ROUNDER_F64 0x1.8p52 /* the same for doubles, |v| < 2⁵¹ */

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

/* Codes of a spec, and how many steps its range is long: of symmetric ones, the half above 0. */
typedef struct {
  gint32 qmin, qmax;
  double steps;
} Codes;

static Codes
codes_of (const BsSpec *spec)
{
  Codes codes = { 0, 0, 1 };
  double levels = (double) (1 << spec->bits);

  bs_spec_integer_codes (spec, &codes.qmin, &codes.qmax);
  if (spec->affine)
    codes.steps = (double) codes.qmax - codes.qmin;
  else if (spec->scale_rule == BS_SCALE_HALF)
    codes.steps = (levels - 1) / 2;
  else if (spec->scale_rule == BS_SCALE_POW2N)
    codes.steps = levels / 2;
  else
    codes.steps = levels / 2 - 1;
  return codes;
}

/* params_of: the scale as a double, for all storage types. */
static inline double
params_of (Codes codes,
           gboolean affine,
           BsScaleStore store,
           const BsInterval *interval,
           BskQParams *out)
{
  double lo = MIN (interval->lo, 0), hi = MAX (interval->hi, 0);
  double scale = bs_scale_store ((affine ? hi - lo : MAX (-lo, hi)) / codes.steps, store);
  gint32 zero =
    affine ? (gint32) CLAMP (rint (codes.qmin - lo / scale), codes.qmin, codes.qmax) : 0;

  *out = (BskQParams){ (float) scale, zero, codes.qmin, codes.qmax };
  return scale;
}

void
bs_quant_params (const BsSpec *spec, const BsInterval *interval, BskQParams *out)
{
  params_of (codes_of (spec), spec->affine, spec->store, interval, out);
}

/* params_vector: as params_of, of BS_VECTOR intervals and for scales stored as float. */
BS_INLINE void
params_vector (Codes codes, gboolean affine, const BsInterval *restrict intervals, BskQParams *out)
{
  double qmin = codes.qmin, qmax = codes.qmax;
  float scale[BS_VECTOR];
  gint32 zero[BS_VECTOR];

  for (guint i = 0; i < BS_VECTOR; i++) {
    double lo = bs_select_f64 (intervals[i].lo < 0, intervals[i].lo, 0);
    double hi = bs_select_f64 (intervals[i].hi > 0, intervals[i].hi, 0);
    double s = (affine ? hi - lo : bs_select_f64 (hi < -lo, -lo, hi)) / codes.steps, z;
    gboolean usable = (s > 0) & (s < INFINITY);
    s = bs_select_f64 (s > FLT_MIN, s, FLT_MIN);
    s = bs_select_f64 (s < FLT_MAX, s, FLT_MAX);
    scale[i] = (float) bs_select_f64 (usable, s, 1);
    z = qmin - lo / (double) scale[i];
    z = bs_select_f64 (z > qmin, z, qmin);
    z = bs_select_f64 (z < qmax, z, qmax);
    zero[i] = affine ? (gint32) (z + ROUNDER_F64 - ROUNDER_F64) : 0;
  }
  for (guint i = 0; i < BS_VECTOR; i++)
    out[i] = (BskQParams){ scale[i], zero[i], codes.qmin, codes.qmax };
}

BS_VECTORIZED static gsize
params_vectors (Codes codes, gboolean affine, const BsInterval *intervals, gsize n, BskQParams *out)
{
  gsize whole = n - n % BS_VECTOR;

  for (gsize i = 0; i < whole; i += BS_VECTOR)
    if (affine)
      params_vector (codes, TRUE, intervals + i, out + i);
    else
      params_vector (codes, FALSE, intervals + i, out + i);
  return whole;
}

void
bs_quant_params_rows (const BsSpec *spec, const BsInterval *intervals, gsize n, BskQParams *out)
{
  Codes codes = codes_of (spec);
  gsize i =
    spec->store == BS_STORE_F32 ? params_vectors (codes, spec->affine, intervals, n, out) : 0;

  for (; i < n; i++)
    params_of (codes, spec->affine, spec->store, &intervals[i], &out[i]);
}

/* What the loops below need to know of a group. */
typedef struct {
  const BskQParams *p;
  double scale; /* not rounded to float with a scale stored as a double */
  BsArith arith;
  BsRounding rounding;
  guint64 draws; /* of stochastic rounding, for the first value */
} Job;

/* round_floats, round_doubles: as bs_round, in forms that make vectors: to the nearest, half to even,
 * and from there by what is left of v. */
#define EACH(select, up, down)                                                                     \
  for (guint i = 0; i < BS_VECTOR; i++)                                                            \
  v[i] = even[i] + select (up, 1, 0) - select (down, 1, 0)

#define DEFINE_ROUND(name, real, select, rounder)                                                  \
  BS_INLINE void name (BsRounding rounding, real *restrict v)                                      \
  {                                                                                                \
    real even[BS_VECTOR], rest[BS_VECTOR];                                                         \
    for (guint i = 0; i < BS_VECTOR; i++) {                                                        \
      even[i] = v[i] + rounder - rounder;                                                          \
      rest[i] = v[i] - even[i];                                                                    \
    }                                                                                              \
    if (rounding == BS_ROUND_HALF_AWAY)                                                            \
      EACH (select, (rest[i] == 0.5f) & (v[i] > 0), (rest[i] == -0.5f) & (v[i] < 0));              \
    else if (rounding == BS_ROUND_HALF_UP)                                                         \
      EACH (select, rest[i] == 0.5f, 0);                                                           \
    else if (rounding == BS_ROUND_FLOOR)                                                           \
      EACH (select, 0, rest[i] < 0);                                                               \
    else if (rounding == BS_ROUND_CEIL)                                                            \
      EACH (select, rest[i] > 0, 0);                                                               \
    else if (rounding == BS_ROUND_TRUNC)                                                           \
      EACH (select, (rest[i] > 0) & (v[i] < 0), (rest[i] < 0) & (v[i] > 0));                       \
    else                                                                                           \
      memcpy (v, even, sizeof even);                                                               \
  }

DEFINE_ROUND (round_floats, float, bs_select, ROUNDER)
DEFINE_ROUND (round_doubles, double, bs_select_f64, ROUNDER_F64)

/* encode_floats: in float arithmetic; half to even it is ONNX QuantizeLinear. NaN is unequal to
 * itself and becomes 0. */
BS_VECTORIZED static void
encode_floats (gconstpointer how,
               const float *restrict x,
               gsize n,
               gsize first,
               gint32 *restrict codes,
               float *restrict values)
{
  const Job job = *(const Job *) how;
  const BskQParams *p = job.p;
  float lo = (float) (p->qmin - p->zero_point), hi = (float) (p->qmax - p->zero_point),
        scale = p->scale, inverse = 1 / scale;
  gboolean multiply = job.arith == BS_ARITH_F32MUL;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    float v[BS_VECTOR];
    for (guint i = 0; i < BS_VECTOR; i++)
      v[i] = multiply ? x[from + i] * inverse : x[from + i] / scale;
    for (guint i = 0; i < BS_VECTOR; i++) {
      v[i] = bs_select (v[i] < lo, lo, v[i]);
      v[i] = bs_select (v[i] > hi, hi, v[i]);
      v[i] = bs_select (v[i] == v[i], v[i], 0);
    }
    round_floats (job.rounding, v);
    for (guint i = 0; i < BS_VECTOR; i++) {
      codes[from + i] = (gint32) v[i] + p->zero_point;
      values[from + i] = (v[i] + 0.0f) * scale; /* + 0 turns −0 into +0 */
    }
  }
}

/* units: x in steps, in the arithmetic asked for; NaN is 0, and infinities are far out. */
BS_INLINE void
units (const Job *job, const float *restrict x, double *restrict v)
{
  float scale = job->p->scale, inverse = 1 / scale;

  if (job->arith == BS_ARITH_F32)
    for (guint i = 0; i < BS_VECTOR; i++)
      v[i] = x[i] / scale;
  else if (job->arith == BS_ARITH_F32MUL)
    for (guint i = 0; i < BS_VECTOR; i++)
      v[i] = x[i] * inverse;
  else
    for (guint i = 0; i < BS_VECTOR; i++)
      v[i] = x[i] / job->scale;
  for (guint i = 0; i < BS_VECTOR; i++) {
    v[i] = bs_select_f64 (v[i] == v[i], v[i], 0);
    v[i] = bs_select_f64 (v[i] < -1e6, -1e6, v[i]);
    v[i] = bs_select_f64 (v[i] > 1e6, 1e6, v[i]);
  }
}

BS_VECTORIZED static void
encode_any (gconstpointer how,
            const float *restrict x,
            gsize n,
            gsize first,
            gint32 *restrict codes,
            float *restrict values)
{
  const Job job = *(const Job *) how;
  double zero = job.p->zero_point, qmin = job.p->qmin, qmax = job.p->qmax, scale = job.scale;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    double v[BS_VECTOR];
    units (&job, x + from, v);
    if (job.rounding == BS_ROUND_STOCHASTIC)
      for (guint i = 0; i < BS_VECTOR; i++)
        v[i] = bs_round (v[i], job.rounding, bs_hash64 (job.draws + first + from + i));
    else
      round_doubles (job.rounding, v);
    for (guint i = 0; i < BS_VECTOR; i++) {
      double code = v[i] + zero;
      code = bs_select_f64 (code < qmin, qmin, code);
      code = bs_select_f64 (code > qmax, qmax, code);
      codes[from + i] = (gint32) code;
      values[from + i] = (float) ((code - zero) * scale);
    }
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
  BskQParams p;
  double scale = params_of (codes_of (spec), spec->affine, spec->store, interval, &p);

  quant->scale[k] = p.scale;
  if (quant->scale_f64 != NULL)
    quant->scale_f64[k] = scale;
  if (quant->zero != NULL)
    quant->zero[k] = p.zero_point;
  Job job = { &p, scale, spec->arith, spec->rounding, bs_hash64 (spec->seed) + bs_hash64 (k) };
  gboolean floats = spec->arith != BS_ARITH_F64 && spec->store != BS_STORE_F64 &&
                    spec->rounding != BS_ROUND_STOCHASTIC;
  bs_in_vectors (floats ? encode_floats : encode_any, &job, x, n, codes, values);
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
