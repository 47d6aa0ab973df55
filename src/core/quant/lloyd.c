/* Encoding: the optimal code book of a normal or Laplace distribution, scaled to the values.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/vectorize.h"
#include "quant/density.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/levels.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

#include <math.h>

enum { P_LAPLACE };

static const BsParam params[] = {
  [P_LAPLACE] = { "laplace", N_ ("Laplace instead of normal distribution"), BS_PARAM_INT, 0, 1, 0 },
  { NULL },
};

#define LANES 64 /* partial sums: enough vectors of them that none waits for its last addition */

typedef struct {
  double count[LANES], sum_sq[LANES];
} Lanes;

BS_VECTORIZED static void
add_squares (Lanes *lanes, const float *restrict x, gsize n)
{
  for (gsize from = 0; from < n; from += LANES)
    for (guint j = 0; j < LANES; j++) {
      double v = x[from + j];
      gboolean finite = v - v == 0;
      lanes->count[j] += finite ? 1 : 0;
      lanes->sum_sq[j] += finite ? v * v : 0;
    }
}

/* root_mean_square: of the finite values. */
static double
root_mean_square (const float *x, gsize n)
{
  Lanes lanes = { 0 };
  double count = 0, sum_sq = 0;
  gsize whole = n - n % LANES;

  add_squares (&lanes, x, whole);
  for (guint j = 0; j < LANES; j++) {
    count += lanes.count[j];
    sum_sq += lanes.sum_sq[j];
  }
  for (gsize i = whole; i < n; i++)
    if (isfinite (x[i])) {
      count++;
      sum_sq += (double) x[i] * x[i];
    }
  return count > 0 ? sqrt (sum_sq / count) : 0;
}

static void
levels_of (const BsSpec *spec, BsLevels *levels)
{
  double level[BS_LEVELS_MAX];
  gboolean laplace = spec->encoding_params[P_LAPLACE] != 0;

  bs_density_lloyd_max (laplace ? BS_DENSITY_LAPLACE : BS_DENSITY_NORMAL, 1u << spec->bits, level);
  bs_levels_init (levels, level, 1u << spec->bits);
}

static gboolean
fit (const BsSpec *spec,
     const float *x,
     gsize n,
     const BsInterval *interval,
     BsLevels *levels,
     float *scale)
{
  levels_of (spec, levels);
  *scale = (float) bs_scale_store (root_mean_square (x, n), spec->store);
  return TRUE;
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
  quant->scale[k] = (float) bs_scale_store (root_mean_square (x, n), quant->spec.store);
  bs_levels_encode (user, quant->scale[k], x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  BsLevels levels;

  levels_of (&quant->spec, &levels);
  bs_groups_encode (quant, x, NULL, encode_group, &levels);
  return TRUE;
}

const BsEncoding bs_encoding_lloyd = {
  .id = "lloyd",
  .title = N_ ("Lloyd–Max"),
  .description =
    N_ ("The 2^b levels with the least expected squared error for a normal (laplace=1: Laplace) "
        "distribution, scaled by the root mean square of the values: a code book that need not be "
        "stored. Source: Max 1960; Lloyd 1982."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 1,
  .max_bits = 8,
  .params = params,
  .encode = encode,
  .fit = fit,
  .flags = BS_ENCODING_OWN_RANGE,
};
