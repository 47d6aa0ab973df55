/* Pooling, elementwise and lookup kernels in plain C: the definition of their results.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>

static void
max_bytes (uint8_t *acc, const uint8_t *a, size_t n, uint8_t flip)
{
  for (size_t i = 0; i < n; i++)
    if ((a[i] ^ flip) > (acc[i] ^ flip))
      acc[i] = a[i];
}

/* Channels in blocks, for the compiler to make vectors of. */
void
bsk_ref_average_window (const BskWindowArgs *t)
{
  enum { BLOCK = 64 };

  for (size_t first = 0; first < t->channels; first += BLOCK) {
    size_t n = t->channels - first < BLOCK ? t->channels - first : BLOCK;
    int32_t sum[BLOCK];

    for (size_t i = 0; i < n; i++)
      sum[i] = t->start;
    for (size_t line = 0; line < t->lines; line++)
      for (size_t tap = 0; tap < t->taps; tap++) {
        const uint8_t *a = t->a + line * t->line_step + tap * t->step + first;

        for (size_t i = 0; i < n; i++)
          sum[i] += a[i] ^ t->flip;
      }
    for (size_t i = 0; i < n; i++)
      t->c[first + i] = bsk_ref_finish (t->finish, (float) sum[i] * t->m);
  }
}

static uint8_t
finish (const BskAddArgs *args, float value)
{
  BskFinish f = { .zero = args->zero, .lo = args->lo, .hi = args->hi, .flip = args->c_flip };

  return bsk_ref_finish (&f, value);
}

static void
add_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    float x = (float) ((a[i] ^ args->a_flip) - args->a_zero) * args->ra;
    float y = (float) ((b[args->b_one ? 0 : i] ^ args->b_flip) - args->b_zero) * args->rb;

    c[i] = finish (args, x + y);
  }
}

static void
mul_bytes (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    int32_t x = (a[i] ^ args->a_flip) - args->a_zero,
            y = (b[args->b_one ? 0 : i] ^ args->b_flip) - args->b_zero;

    c[i] = finish (args, (float) (x * y) * args->ra);
  }
}

static void
lookup (const uint8_t *table, const uint8_t *a, size_t n, uint8_t *c)
{
  for (size_t i = 0; i < n; i++)
    c[i] = table[a[i]];
}

static void
transpose_8 (const uint8_t *a, size_t rows, size_t cols, size_t lda, uint8_t *c, size_t ldc)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      c[j * ldc + i] = a[i * lda + j];
}

void
bsk_ref_elementwise_init (BskTable *table)
{
  table->max_bytes = max_bytes;
  table->average_window = bsk_ref_average_window;
  table->add_bytes = add_bytes;
  table->mul_bytes = mul_bytes;
  table->lookup = lookup;
  table->transpose_8 = transpose_8;
}
