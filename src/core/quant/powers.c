/* Encodings: powers of two and sums of powers of two.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/powers.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/levels.h"
#include "quant/scale.h"
#include "quant/vectors.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P_LOG };
enum { P_PER_TERM };

static const BsParam pow2_params[] = {
  [P_LOG] = { "log", N_ ("Round the exponent instead of the value"), BS_PARAM_INT, 0, 1, 0 },
  { NULL },
};

static const BsParam apot_params[] = {
  [P_PER_TERM] = { "k", N_ ("Bits for each power of two"), BS_PARAM_INT, 1, 4, 2 },
  { NULL },
};

int
bs_pow2_exponent (double amax)
{
  int exponent;

  if (!(amax > 0) || !isfinite (amax))
    return 0;
  double mantissa =
    frexp (amax, &exponent); /* amax = mantissa · 2^exponent, mantissa in [0.5, 1) */
  return mantissa >= 0.75 ? exponent : exponent - 1;
}

/* What a block of values needs to know of their group. */
typedef struct {
  double unit;         /* 2^−e1 */
  guint64 half;        /* mantissa bits from which on the nearer power is the higher */
  gint32 n;            /* levels beside 0: 2^e1, 2^(e1−1), … */
  double least;        /* half of the smallest level, in units: from here on a value is not 0 */
  float value[1 << 7]; /* [n + 1], the last 0 */
} Powers;

#define MANTISSA ((G_GUINT64_CONSTANT (1) << 52) - 1)

/* pow2_vectors: as doubles, all floats are normal numbers. The index of a level is what the exponent
 * lacks to e1; n stands for 0. */
BS_VECTORIZED static void
pow2_vectors (gconstpointer how,
              const float *restrict x,
              gsize n,
              gsize first,
              gint32 *restrict codes,
              float *restrict values)
{
  const Powers *powers = how;

  for (gsize from = 0; from < n; from += BS_VECTOR)
    for (gsize i = from; i < from + BS_VECTOR; i++) {
      double magnitude = x[i] * powers->unit;
      guint64 bits;
      memcpy (&bits, &magnitude, sizeof bits);
      bits &= G_MAXINT64;
      memcpy (&magnitude, &bits, sizeof bits);
      gint32 nearest = (gint32) (bits >> 52) - 1023 + ((bits & MANTISSA) >= powers->half);
      gint32 index = nearest < 0 ? -nearest : 0;
      gint32 lowest = magnitude >= powers->least ? powers->n - 1 : powers->n;
      index = index < powers->n ? index : lowest;
      index = magnitude == magnitude ? index : powers->n;
      gint32 code = index < powers->n ? 1 + index : 0;
      float value = powers->value[index];
      codes[i] = x[i] < 0 ? -code : code;
      values[i] = x[i] < 0 && code != 0 ? -value : value;
    }
}

static void
pow2_group (BsQuant *quant,
            gsize k,
            const float *x,
            gsize n,
            const BsInterval *interval,
            gint32 *codes,
            float *values,
            gpointer user)
{
  int e1 = bs_pow2_exponent (MAX (-interval->lo, interval->hi));
  gboolean log_rule = quant->spec.encoding_params[P_LOG] != 0;
  gint32 n_levels = (1 << (quant->spec.bits - 1)) - 1;
  Powers powers = { .unit = ldexp (1, -e1), .n = n_levels };

  /* Linear: half-way is 1.5, a tie goes to the higher, and half of the smallest level is not 0.
   * Log: half-way is √2, which no double equals, and what rounds lower than the smallest is 0. */
  double half = log_rule ? nextafter (2 * M_SQRT1_2, 2) : 1.5;
  memcpy (&powers.half, &half, sizeof half);
  powers.half &= MANTISSA;
  powers.least = log_rule ? INFINITY : ldexp (1, -n_levels);
  for (gint32 i = 0; i < n_levels; i++)
    powers.value[i] = (float) ldexp (1, MIN (e1 - i, 127));
  quant->scale[k] = (float) ldexp (1, MIN (e1, 127));
  bs_in_vectors (pow2_vectors, &powers, x, n, codes, values);
}

static gboolean
encode_pow2 (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  bs_groups_encode (quant, x, intervals, pow2_group, NULL);
  return TRUE;
}

/* pow2_size: the scale is an exponent of 8 bits. */
static guint64
pow2_size (const BsSpec *spec, gsize n, gsize n_scales)
{
  return (guint64) n * spec->bits + (guint64) n_scales * 8;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

guint
bs_apot_levels (guint bits, guint per_term, double *levels)
{
  guint n_terms = (bits + per_term - 1) / per_term, n = 1;

  levels[0] = 0;
  for (guint i = 0; i < n_terms; i++) {
    guint term_bits = MIN (per_term, bits - i * per_term), before = n;
    for (guint j = 0; j + 1 < 1u << term_bits; j++)
      for (guint l = 0; l < before; l++)
        levels[n++] = levels[l] + ldexp (1, -(int) (i + j * n_terms));
  }
  qsort (levels, n, sizeof *levels, compare);
  guint unique = 1;
  for (guint i = 1; i < n; i++)
    if (levels[i] != levels[unique - 1])
      levels[unique++] = levels[i];
  double largest = levels[unique - 1];
  for (guint i = 0; i < unique; i++)
    levels[i] /= largest;
  return unique;
}

static void
apot_init (const BsSpec *spec, BsLevels *levels)
{
  double level[1 << 8];
  guint n = bs_apot_levels (spec->bits - 1u, (guint) spec->encoding_params[P_PER_TERM], level);

  bs_levels_init (levels, level, n);
}

static float
apot_scale (const BsSpec *spec, const BsInterval *interval)
{
  return (float) bs_scale_store (MAX (-interval->lo, interval->hi), spec->store);
}

static gboolean
fit_apot (const BsSpec *spec,
          const float *x,
          gsize n,
          const BsInterval *interval,
          BsLevels *levels,
          float *scale)
{
  apot_init (spec, levels);
  *scale = apot_scale (spec, interval);
  return TRUE;
}

static void
apot_group (BsQuant *quant,
            gsize k,
            const float *x,
            gsize n,
            const BsInterval *interval,
            gint32 *codes,
            float *values,
            gpointer user)
{
  quant->scale[k] = apot_scale (&quant->spec, interval);
  bs_levels_encode_magnitudes (user, quant->scale[k], x, n, codes, values);
}

static gboolean
encode_apot (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  BsLevels levels;

  apot_init (&quant->spec, &levels);
  bs_groups_encode (quant, x, intervals, apot_group, &levels);
  return TRUE;
}

const BsEncoding bs_encoding_pow2 = {
  .id = "pow2",
  .title = N_ ("Powers of two"),
  .description = N_ (
    "Zero and ±2^e for the highest exponents that fit: a multiplication becomes a shift. More bits "
    "add only "
    "ever smaller levels, so that beyond 4 bits nothing is gained. log=1 rounds the exponent "
    "instead of "
    "the value. Source: Zhou et al., INQ, arXiv:1702.03044; Miyashita et al., arXiv:1603.01025."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 2,
  .max_bits = 8,
  .params = pow2_params,
  .encode = encode_pow2,
  .flags = BS_ENCODING_OWN_SCALE,
  .size_bits = pow2_size,
};

const BsEncoding bs_encoding_apot = {
  .id = "apot",
  .title = N_ ("Additive powers of two"),
  .description = N_ ("A sign and a sum of powers of two, one for every two bits, scaled to the "
                     "largest magnitude: a few "
                     "shifts and additions, with levels dense around 0 and still fine far out, "
                     "where pow2 is coarse. "
                     "Source: Li, Dong and Wang, arXiv:1909.13144."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 2,
  .max_bits = 9,
  .params = apot_params,
  .encode = encode_apot,
  .fit = fit_apot,
  .flags = BS_ENCODING_MAGNITUDES,
};
