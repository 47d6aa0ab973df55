/* Product tiles, depthwise rows and packed-weight products of the 128-bit levels, over a handful
 * of vector operations that the including file defines (Vec, VecA, VecW, vec_*): SSE4.1 and NEON
 * share them. Sums leave through memory and are finished in plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <string.h>

enum { LANES = 4, MAX_VECS = 2, MAX_ROWS = 4 };

/* One row of codes, sums or floats from int32 sums. */
ALWAYS_INLINE void
finish_row (const BskFinish *f, const int32_t *sum, const float *m, char *c, int cols)
{
  const float lo = (float) (f->lo - f->zero), hi = (float) (f->hi - f->zero);

  for (int j = 0; j < cols; j++) {
    float value = (float) sum[j] * m[j], r;

    if (f->out == BSK_S32) {
      memcpy (c + 4 * j, &sum[j], 4);
    } else if (f->out == BSK_F32) {
      memcpy (c + 4 * j, &value, 4);
    } else {
      r = rintf (value);
      r = r < lo ? lo : r > hi ? hi : r;
      c[j] = (char) (((int32_t) r + f->zero) ^ f->flip);
    }
  }
}

ALWAYS_INLINE void
tile (const BskTileArgs *t, size_t first, const int rows, const int vecs)
{
  const uint8_t *a = t->a + first * t->a_row;
  const int8_t *w = t->w;
  Vec sum[MAX_ROWS * MAX_VECS];

#pragma GCC unroll 8
  for (int i = 0; i < rows * vecs; i++)
    sum[i] = vec_load (t->start + LANES * (i % vecs));
  for (int s = 0; s < t->n_seg; s++) {
    const uint8_t *p = a + t->seg[s];

    for (int q = 0; q < t->quads; q++, p += 4, w += VEC_QUAD_BYTES * LANES * vecs) {
      VecW b[MAX_VECS];

#pragma GCC unroll 2
      for (int j = 0; j < vecs; j++)
        b[j] = vec_weights (w + VEC_QUAD_BYTES * LANES * j);
#pragma GCC unroll 4
      for (int i = 0; i < rows; i++) {
        VecA x = vec_broadcast (p + (size_t) i * t->a_row, t->a_flip);

#pragma GCC unroll 2
        for (int j = 0; j < vecs; j++)
          sum[i * vecs + j] = vec_dot (sum[i * vecs + j], x, b[j]);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; i++) {
    int32_t out[LANES * MAX_VECS];

#pragma GCC unroll 2
    for (int j = 0; j < vecs; j++)
      vec_store (out + LANES * j, sum[i * vecs + j]);
    finish_row (t->finish, out, t->m, (char *) t->c + (first + (size_t) i) * t->c_row, t->cols);
  }
}

static void
gemm_tile (const BskTileArgs *t)
{
  size_t i = 0;

  for (; i + 4 <= t->rows; i += 4)
    if (t->vecs == 2)
      tile (t, i, 4, 2);
    else
      tile (t, i, 4, 1);
  for (; i < t->rows; i++)
    if (t->vecs == 2)
      tile (t, i, 1, 2);
    else
      tile (t, i, 1, 1);
}

static void
depthwise_row (const BskDepthwiseArgs *d)
{
  const int8_t *w = d->w;

  for (int channel = 0; channel < d->channels;
       channel += LANES, w += d->n_taps * d->n_rows * VEC_QUAD_BYTES * LANES)
    /* Last row first: where it is not to be kept, the first one overwrites it. */
    for (int row = d->n_rows - 1; row >= 0; row--)
      for (int x = 0; x < d->pixels; x++) {
        const uint8_t *q = d->q + (size_t) x * d->q_step + 4 * channel;
        size_t bytes = d->finish->out == BSK_U8 || d->finish->out == BSK_S8 ? 1 : 4;
        Vec sum = vec_load (d->start + channel);
        int32_t out[LANES];

        for (int t = 0; t < d->n_taps; t++)
          sum = vec_dot (sum, vec_quads (q + d->tap[t]),
                         vec_weights (w + (t * d->n_rows + row) * VEC_QUAD_BYTES * LANES));
        vec_store (out, sum);
        finish_row (d->finish, out, d->m + channel,
                    (char *) d->c[row] + (size_t) x * d->c_step + (size_t) channel * bytes,
                    d->channels - channel < LANES ? d->channels - channel : LANES);
      }
}
