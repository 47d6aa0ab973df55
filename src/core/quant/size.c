/* Size accounting, to the bit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/size.h"

guint64
bs_size_bits (const BsSizeParts *parts)
{
  return parts->n * parts->bits + parts->n_scales * parts->scale_bits +
         parts->n_zeros * parts->zero_bits + parts->n_entries * parts->entry_bits;
}

guint64
bs_size_bytes (guint64 bits)
{
  return bits / 8 + (bits % 8 != 0);
}

double
bs_size_bits_per_weight (const BsSizeParts *parts)
{
  return parts->n > 0 ? (double) bs_size_bits (parts) / (double) parts->n : 0;
}
