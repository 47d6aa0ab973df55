/* Products of bits in plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

static void
bits_tile (const BskBitsTile *t)
{
  for (size_t i = 0; i < t->rows; i++) {
    const uint64_t *a = t->a + i * t->a_row;
    int32_t *c = t->c + i * t->c_row;
    uint32_t count = 0, from = (uint32_t) (t->how->accumulate ? *c : t->how->offset);

    for (int j = 0; j < t->words; j++)
      count +=
        (uint32_t) __builtin_popcountll (t->how->op == BSK_XOR ? a[j] ^ t->w[j] : a[j] & t->w[j]);
    *c = (int32_t) (from + (uint32_t) t->how->factor * count);
  }
}

void
bsk_ref_bits_init (BskTable *table)
{
  table->bits_lanes = 1;
  table->bits_tile = bits_tile;
}
