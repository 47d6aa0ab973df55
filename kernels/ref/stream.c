/* Quantizing and dequantizing streams in plain C: the definition of their results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>

/* Code minus zero point, as a float: clamp (rne (x / scale)); NaN is 0. */
static float
level (float x, const BskQParams *p)
{
  float lo = (float) (p->qmin - p->zero_point), hi = (float) (p->qmax - p->zero_point);
  float t = x / p->scale;

  if (isnan (t))
    t = 0;
  t = rintf (t);
  return t < lo ? lo : t > hi ? hi : t;
}

static void
quantize_8 (const float *x, size_t n, const BskQParams *p, uint8_t flip, uint8_t *q)
{
  (void) flip; /* parameters are those of the codes as stored */
  for (size_t i = 0; i < n; i++)
    q[i] = (uint8_t) ((int32_t) level (x[i], p) + p->zero_point);
}

static void
quantize_16 (const float *x, size_t n, const BskQParams *p, int16_t *q)
{
  for (size_t i = 0; i < n; i++)
    q[i] = (int16_t) ((int32_t) level (x[i], p) + p->zero_point);
}

static void
dequantize_8 (const uint8_t *q, size_t n, int32_t zero, float scale, uint8_t flip, float *x)
{
  for (size_t i = 0; i < n; i++)
    x[i] = (float) ((q[i] ^ flip) - zero) * scale;
}

static void
fake_quantize (const float *x, size_t n, const BskQParams *p, float *y)
{
  for (size_t i = 0; i < n; i++)
    y[i] = (level (x[i], p) + 0.0f) * p->scale; /* + 0 turns −0 into the code's +0 */
}

void
bsk_ref_stream_init (BskTable *table)
{
  table->quantize_8 = quantize_8;
  table->quantize_16 = quantize_16;
  table->dequantize_8 = dequantize_8;
  table->fake_quantize = fake_quantize;
}
