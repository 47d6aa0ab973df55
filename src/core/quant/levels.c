/* Level tables: nearest level of a sorted table, the heart of code books and small float formats.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/levels.h"

#include <float.h>
#include <math.h>

float
bs_round_down (double v)
{
  float f = (float) CLAMP (v, -FLT_MAX, FLT_MAX);

  return (double) f > v ? nextafterf (f, -INFINITY) : f;
}

void
bs_levels_init (BsLevels *levels, const double *level, guint n)
{
  float rounded[BS_LEVELS_MAX], threshold[BS_LEVELS_MAX];
  guint zero = 0;

  for (guint i = 0; i < n; i++) {
    rounded[i] = (float) level[i];
    if (fabs (level[i]) < fabs (level[zero]))
      zero = i;
    if (i + 1 < n)
      threshold[i] = bs_round_down (level[i] + (level[i + 1] - level[i]) / 2);
  }
  BskStatus status = bsk_levels_init (levels, (int) n, rounded, threshold, (int) zero);
  g_assert (status == BSK_OK);
}

static void
encode (const BsLevels *levels,
        float scale,
        gboolean magnitudes,
        const float *x,
        gsize n,
        gint32 *codes,
        float *values)
{
  /* A scale stored as a double may be less than any float. */
  BskStatus status =
    bsk_quantize_levels (levels, x, n, MAX (scale, FLT_TRUE_MIN), magnitudes, codes, values);

  g_assert (status == BSK_OK);
}

void
bs_levels_encode (const BsLevels *levels,
                  float scale,
                  const float *x,
                  gsize n,
                  gint32 *codes,
                  float *values)
{
  encode (levels, scale, FALSE, x, n, codes, values);
}

void
bs_levels_encode_magnitudes (const BsLevels *levels,
                             float scale,
                             const float *x,
                             gsize n,
                             gint32 *codes,
                             float *values)
{
  encode (levels, scale, TRUE, x, n, codes, values);
}
