/* Float convolution in plain C: the definition of its results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>
#include <string.h>

/* fmaf where it is an instruction. Elsewhere the product is exact in double, and the sum is rounded
 * to odd, so that rounding it to float once more is right (Boldo, Melquiond, IEEE Trans. Comput. 57,
 * 2008). */
static inline float
multiply_add (float x, float y, float c)
{
#ifdef FP_FAST_FMAF
  return fmaf (x, y, c);
#else
  double p = (double) x * (double) y, s = p + (double) c, part = s - p;
  double rest = (p - (s - part)) + ((double) c - part);
  int64_t bits;

  memcpy (&bits, &s, sizeof bits);
  if ((rest < 0 || rest > 0) && (bits & 1) == 0)
    bits += (rest > 0) == (s > 0) ? 1 : -1;
  memcpy (&s, &bits, sizeof s);
  return (float) s;
#endif
}

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
          sum = multiply_add (t->a[(ptrdiff_t) (p * t->a_px) + t->seg[s].a + k],
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
        sum = multiply_add (t->a[(ptrdiff_t) (p * t->a_px) + t->seg[s].a + n],
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
