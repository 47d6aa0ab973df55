/* Products of 16-bit codes in plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>
#include <string.h>

/* One output code or float. */
static void
put (const BskFinish *f, float value, char *c, int column)
{
  if (f->out == BSK_F32) {
    memcpy (c + 4 * column, &value, 4);
  } else if (f->out == BSK_S16) {
    float lo = (float) (f->lo - f->zero), hi = (float) (f->hi - f->zero), r = rintf (value);
    int16_t code;

    r = r < lo ? lo : r > hi ? hi : r;
    code = (int16_t) ((int32_t) r + f->zero);
    memcpy (c + 2 * column, &code, 2);
  } else {
    c[column] = (char) bsk_ref_finish (f, value);
  }
}

/* Levels without a kernel of their own use this one with their wider panels. */
static void
gemm_tile_16 (const BskTileArgs *t)
{
  for (size_t i = 0; i < t->rows; i++)
    for (int column = 0; column < t->cols; column++) {
      const int16_t *w = (const int16_t *) t->w + 2 * column;
      int64_t sum = t->start64[column];

      for (int s = 0; s < t->n_seg; s++)
        for (int q = 0; q < t->quads; q++, w += 2 * t->width) {
          int16_t a[2];

          memcpy (a, t->a + i * t->a_row + t->seg[s] + 4 * q, 4);
          sum += (int64_t) a[0] * w[0] + (int64_t) a[1] * w[1];
        }
      put (t->finish, (float) sum * t->m[column], (char *) t->c + i * t->c_row, column);
    }
}

void
bsk_ref_wide_init (BskTable *table)
{
  table->gemm_tile_16 = gemm_tile_16;
}
