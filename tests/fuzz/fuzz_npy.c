/* Fuzz target: any bytes as a NumPy array.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/npy.h"
#include "fuzz_file.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (BsNpy) array = { 0 };

  bs_npy_parse (data, size, "fuzz.npy", &array, NULL);
  return 0;
}
