/* Float convolution in plain C: the definition of its results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>

static float
clip (float x, const BskFloatTile *t)
{
  x = x < t->lo ? t->lo : x;
  return x > t->hi ? t->hi : x;
}

static void
dense_f32 (const BskFloatTile *t)
{
  for (size_t p = 0; p < t->pixels; p++)
    for (int n = 0; n < t->cols; n++) {
      const float *w = t->w + (size_t) (n / 16) * t->w_unit + n % 16;
      float sum = t->start[n];

      for (int s = 0; s < t->n_seg; s++)
        for (int k = 0; k < t->seg[s].len; k++)
          sum = fmaf (t->a[(ptrdiff_t) (p * t->a_px) + t->seg[s].a + k],
                      w[(t->seg[s].w + (size_t) k) * 16], sum);
      t->c[p * t->c_px + (size_t) n] = clip (sum, t);
    }
}

static void
depthwise_f32 (const BskFloatTile *t)
{
  for (size_t p = 0; p < t->pixels; p++)
    for (int n = 0; n < t->cols; n++) {
      float sum = t->start[n];

      for (int s = 0; s < t->n_seg; s++)
        sum = fmaf (t->a[(ptrdiff_t) (p * t->a_px) + t->seg[s].a + n],
                    t->w[t->seg[s].w * t->w_unit + (size_t) n], sum);
      t->c[p * t->c_px + (size_t) n] = clip (sum, t);
    }
}

void
bsk_ref_float_init (BskTable *table)
{
  table->dense_f32 = dense_f32;
  table->depthwise_f32 = depthwise_f32;
}
