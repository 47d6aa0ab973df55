/* Encoding: the optimal code book of a normal or Laplace distribution, scaled to the values.
 * SPDX-License-Identifier: GPL-3.0-or-later */
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

/* encode_group: the scale is the root mean square of the finite values. */
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
  double sum_sq = 0;
  gsize count = 0;

  for (gsize i = 0; i < n; i++)
    if (isfinite (x[i])) {
      sum_sq += (double) x[i] * x[i];
      count++;
    }
  double rms = count > 0 ? sqrt (sum_sq / (double) count) : 0;
  quant->scale[k] = (float) bs_scale_store (rms, quant->spec.store);
  bs_levels_encode (user, quant->scale[k], x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  double level[BS_LEVELS_MAX];
  BsLevels levels;
  BsDensity density =
    quant->spec.encoding_params[P_LAPLACE] != 0 ? BS_DENSITY_LAPLACE : BS_DENSITY_NORMAL;

  bs_density_lloyd_max (density, 1u << quant->spec.bits, level);
  bs_levels_init (&levels, level, 1u << quant->spec.bits);
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
  .flags = BS_ENCODING_OWN_RANGE,
};
