/* Products and depthwise rows in plain C: the definition that every level must equal.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>
#include <string.h>

uint8_t
bsk_ref_finish (const BskFinish *f, float value)
{
  float lo = (float) (f->lo - f->zero), hi = (float) (f->hi - f->zero);
  float r = rintf (value);

  /* NaN, which only float sums over groups can be, gives the lowest code. */
  r = r >= lo ? r > hi ? hi : r : lo;
  return (uint8_t) (((int32_t) r + f->zero) ^ f->flip);
}

/* Writes one output element. */
static void
put (const BskFinish *f, int32_t sum, float m, void *c, size_t i)
{
  float value = (float) sum * m;

  if (f->out == BSK_S32)
    memcpy ((char *) c + 4 * i, &sum, 4);
  else if (f->out == BSK_F32)
    memcpy ((char *) c + 4 * i, &value, 4);
  else
    ((uint8_t *) c)[i] = bsk_ref_finish (f, value);
}

/* The panel is one column wide at this level, so its weights are one plain row, zero filled to
 * whole quads. */
static void
gemm_tile (const BskTileArgs *t)
{
  for (size_t i = 0; i < t->rows; i++) {
    const int8_t *w = t->w;
    uint32_t sum = (uint32_t) t->start[0];

    if (t->row_sum)
      sum -= (uint32_t) t->row_sum[i] * (uint32_t) t->w_zero[0];
    for (int s = 0; s < t->n_seg; s++) {
      const uint8_t *a = t->a + i * t->a_row + t->seg[s];
      int32_t part = 0;

      for (int k = 0; k < 4 * t->quads; k++)
        part = (int32_t) ((uint32_t) part + (uint32_t) ((a[k] ^ t->a_flip) * w[k]));
      sum += (uint32_t) part;
      w += 4 * t->quads;
    }
    put (t->finish, (int32_t) sum, t->m[0], (char *) t->c + i * t->c_row, 0);
  }
}

static void
row_sums (const BskRowSums *args)
{
  for (size_t i = 0; i < args->rows; i++) {
    uint32_t sum = 0;

    for (int s = 0; s < args->n_seg; s++)
      for (int k = 0; k < args->bytes; k++)
        sum += args->a[(ptrdiff_t) (i * args->a_row) + args->seg[s] + k] ^ args->a_flip;
    args->sums[i] = (int32_t) sum;
  }
}

/* Codes of column `column` of the panel; levels without a kernel of their own use this one with
 * their wider panels. */
static void
low_column (const BskLowArgs *t, const uint8_t *a, int column, char *c)
{
  const int per_block = 8 / t->bits, mask = (1 << t->bits) - 1;
  const uint8_t *w = t->w + 4 * column, *row = a;
  float f = t->from[column];
  uint32_t sum = 0;

  for (int g = 0; g < t->n_runs; g++) {
    const bool last = g == t->n_runs - 1;
    const int quads = last ? t->last_quads : t->run_quads;
    const uint32_t mask_last = last ? t->last_mask : t->run_mask;

    if (g == 0 || t->scale)
      sum = (uint32_t) t->start[g * t->width + column];
    a = row + t->seg[g];
    for (int q = 0; q < quads; q++, a += 4)
      for (int j = 0; j < 4; j++) {
        int code = w[q / per_block * 4 * t->width + j] >> t->bits * (q % per_block) & mask;

        if (q < quads - 1 || (mask_last >> 8 * j & 1))
          sum += (uint32_t) ((a[j] ^ t->a_flip) * (t->bits == 8 ? (int8_t) code : t->levels[code]));
      }
    w += (quads + per_block - 1) / per_block * 4 * t->width;
    if (t->scale)
      f = fmaf ((float) (int32_t) sum, t->scale[g * t->width + column], f);
  }
  if (!t->scale) {
    put (t->finish, (int32_t) sum, t->m[column], c, (size_t) column);
  } else if (t->finish->out == BSK_F32) {
    f *= t->m[column];
    memcpy (c + 4 * column, &f, 4);
  } else {
    c[column] = (char) bsk_ref_finish (t->finish, f * t->m[column]);
  }
}

static void
gemm_low (const BskLowArgs *t)
{
  for (size_t i = 0; i < t->rows; i++)
    for (int column = 0; column < t->cols; column++)
      low_column (t, t->a + i * t->a_row, column, (char *) t->c + i * t->c_row);
}

static void
interleave4 (const BskInterleaveArgs *args)
{
  for (size_t px = 0; px < args->pixels; px++)
    for (size_t i = 0; i < args->n; i++)
      for (size_t r = 0; r < 4; r++)
        args->out[px * args->out_step + 4 * i + r] =
          args->rows[r][px * args->step + i] ^ args->flip;
}

static void
depthwise_row (const BskDepthwiseArgs *d)
{
  const int8_t *w = d->w;

  for (int channel = 0; channel < d->channels; channel++, w += 4 * d->n_taps * d->n_rows)
    /* Last row first: where it is not to be kept, the first one overwrites it. */
    for (int row = d->n_rows - 1; row >= 0; row--)
      for (int x = 0; x < d->pixels; x++) {
        const uint8_t *q = d->q + (size_t) x * d->q_step + 4 * (size_t) channel;
        uint32_t sum = (uint32_t) d->start[channel];

        for (int t = 0; t < d->n_taps; t++)
          for (int i = 0; i < 4; i++)
            sum += (uint32_t) (q[d->tap[t] + i] * w[(t * d->n_rows + row) * 4 + i]);
        put (d->finish, (int32_t) sum, d->m[channel], (char *) d->c[row] + (size_t) x * d->c_step,
             (size_t) channel);
      }
}

void
bsk_ref_init (BskTable *table)
{
  table->lanes = 1;
  table->max_vecs = 1;
  table->quad_bytes = 4;
  table->gemm_tile = gemm_tile;
  table->gemm_tile_narrow = NULL;
  table->row_sums = row_sums;
  table->low_vecs = 1;
  table->gemm_low = gemm_low;
  table->interleave4 = interleave4;
  table->depthwise_row = depthwise_row;
  bsk_ref_bits_init (table);
  bsk_ref_elementwise_init (table);
  bsk_ref_wide_init (table);
  bsk_ref_float_init (table);
  bsk_ref_stream_init (table);
  bsk_ref_stats_init (table);
  bsk_ref_sweep_init (table);
  bsk_ref_levels_init (table);
}
