/* Size accounting, to the bit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 n, bits; /* codes */
  guint64 n_scales, scale_bits;
  guint64 n_zeros, zero_bits;    /* zero points */
  guint64 n_entries, entry_bits; /* code book */
} BsSizeParts;

guint64 bs_size_bits (const BsSizeParts *parts);
guint64 bs_size_bytes (guint64 bits);                      /* rounded up */
double bs_size_bits_per_weight (const BsSizeParts *parts); /* 0 without weights */

G_END_DECLS
