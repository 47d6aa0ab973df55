/* Encoding: NF4, sixteen levels at the quantiles of a normal distribution.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/levels.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

/* Dettmers et al., arXiv:2305.14314, appendix E. */
static const double nf4_levels[16] = {
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
};

static float
scale_of (const BsSpec *spec, const BsInterval *interval)
{
  return (float) bs_scale_store (MAX (-interval->lo, interval->hi), spec->store);
}

static gboolean
fit (const BsSpec *spec,
     const float *x,
     gsize n,
     const BsInterval *interval,
     BsLevels *levels,
     float *scale)
{
  bs_levels_init (levels, nf4_levels, G_N_ELEMENTS (nf4_levels));
  *scale = scale_of (spec, interval);
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
  quant->scale[k] = scale_of (&quant->spec, interval);
  bs_levels_encode (user, quant->scale[k], x, n, codes, values);
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  BsLevels levels;

  bs_levels_init (&levels, nf4_levels, G_N_ELEMENTS (nf4_levels));
  bs_groups_encode (quant, x, intervals, encode_group, &levels);
  return TRUE;
}

const BsEncoding bs_encoding_nf4 = {
  .id = "nf4",
  .title = N_ ("NormalFloat, 4 bits"),
  .description = N_ ("Sixteen fixed levels, at the quantiles of a normal distribution and exactly "
                     "at 0, scaled to the "
                     "largest magnitude of each block of 64: suited to trained weights, which are "
                     "nearly normal. 4.5 bits "
                     "a weight. Source: Dettmers et al., QLoRA, arXiv:2305.14314; bitsandbytes."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 4,
  .max_bits = 4,
  .encode = encode,
  .fit = fit,
  .block = 64,
};
