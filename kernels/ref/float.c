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
clip (float x, float lo, float hi)
{
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
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
      t->c[p * t->c_px + (size_t) n] = clip (sum, t->lo, t->hi);
    }
}

static void
depthwise_f32 (const BskFloatRow *r)
{
  for (int p = 0; p < r->pixels; p++) {
    int64_t at = (int64_t) p * r->stride - r->pad;
    int from, to;

    bsk_taps_inside (at, r->width, r->kw, r->dilation, &from, &to);
    for (int n = 0; n < r->channels; n++) {
      float sum = r->start[n];

      for (int y = 0; y < r->rows; y++)
        for (int x = from; x < to; x++)
          sum = multiply_add (
            r->a[(size_t) y * r->a_row +
                 (size_t) (at + (int64_t) x * r->dilation) * (size_t) r->channels + (size_t) n],
            r->w[(size_t) (y * r->kw + x) * r->w_px + (size_t) n], sum);
      r->c[(size_t) p * r->c_px + (size_t) n] = clip (sum, r->lo, r->hi);
    }
  }
}

void
bsk_ref_float_init (BskTable *table)
{
  table->dense_f32 = dense_f32;
  table->depthwise_f32 = depthwise_f32;
}
