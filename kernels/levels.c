/* Level tables: checks, and where to look for a code among many levels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <string.h>

/* A threshold in a higher bucket than v is above v, one in a lower bucket is not, because no step
 * to the bucket falls when v rises. */
static void
sort_in (BskLevels *levels)
{
  const float *threshold = levels->threshold;
  float width = threshold[levels->n - 2] - threshold[0];
  float per_unit = (float) (BSK_LEVELS_BUCKETS - 1) / width;
  int at = 0;

  levels->low = threshold[0];
  levels->per_unit = isfinite (per_unit) && isfinite (width) ? per_unit : 0;
  levels->depth = 0;
  for (int b = 0; b < BSK_LEVELS_BUCKETS; b++) {
    int before = at;

    levels->first[b] = at;
    while (at + 1 < levels->n && bsk_levels_bucket (levels, threshold[at]) == b)
      at++;
    levels->depth = at - before > levels->depth ? at - before : levels->depth;
  }
}

/* A level of the tree after the other; node i of the 2ᵈ in one comes after i of 2ᵈ equal parts. */
static void
plant (BskLevels *levels)
{
  int height = bsk_levels_height (levels->n);

  for (int d = 0; d < height; d++)
    for (int i = 0; i < 1 << d; i++)
      levels->heap[(1 << d) + i] = levels->threshold[((2 * i + 1) << (height - 1 - d)) - 1];
}

BskStatus
bsk_levels_init (BskLevels *levels, int n, const float *level, const float *threshold, int nan_code)
{
  if (!levels || n < 1 || n > BSK_LEVELS_MAX || !level || (n > 1 && !threshold) || nan_code < 0 ||
      nan_code >= n)
    return BSK_EINVAL;
  for (int i = 0; i + 1 < n; i++)
    if (!isfinite (threshold[i]) || (i > 0 && threshold[i] < threshold[i - 1]))
      return BSK_EINVAL;
  memset (levels, 0, sizeof *levels);
  levels->n = n;
  levels->nan_code = nan_code;
  memcpy (levels->level, level, (size_t) n * sizeof *level);
  for (int i = 0; i < 2 * BSK_LEVELS_MAX; i++)
    levels->threshold[i] = i + 1 < n ? threshold[i] : INFINITY;
  plant (levels);
  if (n > 1)
    sort_in (levels);
  return BSK_OK;
}

BskStatus
bsk_quantize_levels (const BskLevels *levels,
                     const float *x,
                     size_t n,
                     float scale,
                     int magnitudes,
                     int32_t *codes,
                     float *y)
{
  if (!levels || levels->n < 1 || levels->n > BSK_LEVELS_MAX || (n && (!x || !codes || !y)))
    return BSK_EINVAL;
  if (!(scale > 0) || !isfinite (scale))
    return BSK_ERANGE;
  if (n)
    bsk_table ()->quantize_levels (levels, x, n, scale, magnitudes != 0, codes, y);
  return BSK_OK;
}
