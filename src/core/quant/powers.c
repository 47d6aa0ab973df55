/* Encodings: powers of two and sums of powers of two.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/powers.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/levels.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <stdlib.h>

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

/* pow2_index: which level, 0 for 2^e1, 1 for 2^(e1−1), …; at least n: zero.
 * unit = |x| / 2^e1, finite. */
static int
pow2_index (double unit, gboolean log_rule, int n)
{
  int exponent;
  double mantissa =
    frexp (unit, &exponent); /* in [0.5, 1): nearest powers are 2^(exponent−1) and 2^exponent */
  /* Linear: half-way is 0.75, a tie goes to the larger. Log: half-way is √½, which no double
   * equals. */
  gboolean up = log_rule ? mantissa > M_SQRT1_2 : mantissa >= 0.75;
  int nearest = up ? exponent : exponent - 1;

  if (nearest >= 0)
    return 0;
  if (-nearest < n)
    return -nearest;
  /* Below the smallest level: linear, at least half of it; log, nothing whose exponent rounds
   * lower. */
  return !log_rule && unit >= ldexp (0.5, 1 - n) ? n - 1 : n;
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
  int n_levels = (1 << (quant->spec.bits - 1)) - 1;
  gboolean log_rule = quant->spec.encoding_params[P_LOG] != 0;
  double unit = ldexp (1, -e1);

  quant->scale[k] = (float) ldexp (1, MIN (e1, 127));
  for (gsize i = 0; i < n; i++) {
    double magnitude = fabs ((double) x[i]) * unit;
    int index = n_levels;
    if (isinf (magnitude))
      index = 0;
    else if (magnitude > 0)
      index = pow2_index (magnitude, log_rule, n_levels);
    codes[i] = index >= n_levels ? 0 : x[i] < 0 ? -1 - index : 1 + index;
    float value = index >= n_levels ? 0 : (float) ldexp (1, MIN (e1 - index, 127));
    values[i] = x[i] < 0 && value > 0 ? -value : value;
  }
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
apot_group (BsQuant *quant,
            gsize k,
            const float *x,
            gsize n,
            const BsInterval *interval,
            gint32 *codes,
            float *values,
            gpointer user)
{
  g_autofree float *magnitudes = g_new (float, MAX (n, 1));

  quant->scale[k] = (float) bs_scale_store (MAX (-interval->lo, interval->hi), quant->spec.store);
  for (gsize i = 0; i < n; i++)
    magnitudes[i] = fabsf (x[i]);
  bs_levels_encode (user, quant->scale[k], magnitudes, n, codes, values);
  for (gsize i = 0; i < n; i++)
    if (x[i] < 0 && codes[i] != 0) {
      codes[i] = -codes[i];
      values[i] = -values[i];
    }
}

static gboolean
encode_apot (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  double level[1 << 8];
  BsLevels levels;

  bs_levels_init (
    &levels, level,
    bs_apot_levels (quant->spec.bits - 1u, (guint) quant->spec.encoding_params[P_PER_TERM], level));
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
};
