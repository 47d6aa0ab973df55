/* Products of 16-bit codes in plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>
#include <string.h>

static void
gemm_tile_16 (const BskTileArgs *t)
{
  const BskFinish *f = t->finish;

  for (size_t i = 0; i < t->rows; i++) {
    const int16_t *w = t->w;
    int64_t sum = t->start64[0];
    char *c = (char *) t->c + i * t->c_row;
    float value;

    for (int s = 0; s < t->n_seg; s++)
      for (int k = 0; k < 2 * t->quads; k++, w++) {
        int16_t a;

        memcpy (&a, t->a + i * t->a_row + t->seg[s] + 2 * k, 2);
        sum += (int64_t) a * *w;
      }
    value = (float) sum * t->m[0];
    if (f->out == BSK_F32) {
      memcpy (c, &value, 4);
    } else if (f->out == BSK_S16) {
      float lo = (float) (f->lo - f->zero), hi = (float) (f->hi - f->zero), r = rintf (value);
      int16_t code;

      r = r < lo ? lo : r > hi ? hi : r;
      code = (int16_t) ((int32_t) r + f->zero);
      memcpy (c, &code, 2);
    } else {
      *(uint8_t *) c = bsk_ref_finish (f, value);
    }
  }
}

void
bsk_ref_wide_init (BskTable *table)
{
  table->gemm_tile_16 = gemm_tile_16;
}
