/* Codes of level tables in plain C: the definition of their results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>

void
bsk_ref_quantize_levels (const BskLevels *levels,
                         const float *x,
                         size_t n,
                         float scale,
                         bool magnitudes,
                         int32_t *codes,
                         float *y)
{
  for (size_t i = 0; i < n; i++) {
    float v = (magnitudes ? fabsf (x[i]) : x[i]) / scale;
    int code = 0;

    for (int step = BSK_LEVELS_MAX / 2; step > 0; step /= 2)
      code += v > levels->threshold[code + step - 1] ? step : 0;
    code = isnan (v) ? levels->nan_code : code;
    y[i] = levels->level[code] * scale;
    codes[i] = code;
    if (magnitudes && x[i] < 0 && code) {
      codes[i] = -code;
      y[i] = -y[i];
    }
  }
}

void
bsk_ref_levels_init (BskTable *table)
{
  table->quantize_levels = bsk_ref_quantize_levels;
}
