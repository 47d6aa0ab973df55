/* Values encoded some vectors at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/vectors.h"

#include <string.h>

void
bs_in_vectors (BsVectorFunc func,
               gconstpointer how,
               const float *x,
               gsize n,
               gint32 *codes,
               float *values)
{
  gsize rest = n % BS_VECTOR, whole = n - rest;
  float rest_x[BS_VECTOR] = { 0 }, rest_values[BS_VECTOR];
  gint32 rest_codes[BS_VECTOR];

  if (whole > 0)
    func (how, x, whole, 0, codes, values);
  if (rest == 0)
    return;
  memcpy (rest_x, x + whole, rest * sizeof *x);
  func (how, rest_x, BS_VECTOR, whole, rest_codes, rest_values);
  memcpy (codes + whole, rest_codes, rest * sizeof *codes);
  memcpy (values + whole, rest_values, rest * sizeof *values);
}
