/* Example: a linear layer on 8-bit integers, from floats to floats, in the fewest steps.
 * SPDX-License-Identifier: BSD-2-Clause
 *
 *   cc linear.c $(pkg-config --cflags --libs bitstair-kernels) -lm */
#include <bsk.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 3, INPUTS = 20, OUTPUTS = 4 };

int
main (void)
{
  float x[ROWS * INPUTS], w[OUTPUTS * INPUTS], y[ROWS * OUTPUTS], scale[OUTPUTS], lo, hi;
  uint8_t a[ROWS * INPUTS + BSK_SLACK]; /* codes that are read: slack after the last one */
  int8_t codes[OUTPUTS * INPUTS];
  BskGemmArgs args = {
    .n = OUTPUTS, .k = INPUTS, .w_scale = scale, .a_type = BSK_U8, .out_type = BSK_F32
  };
  void *packed;
  double worst = 0;

  for (int i = 0; i < ROWS * INPUTS; i++)
    x[i] = sinf ((float) i);
  for (int i = 0; i < OUTPUTS * INPUTS; i++)
    w[i] = cosf ((float) (3 * i));

  /* Weights: symmetric, one scale per output. */
  for (int i = 0; i < OUTPUTS; i++) {
    bsk_minmax (w + i * INPUTS, INPUTS, &lo, &hi, NULL);
    scale[i] = fmaxf (-lo, hi) / 127;
    bsk_quantize (w + i * INPUTS, INPUTS, &(BskQParams){ scale[i], 0, -127, 127 }, BSK_S8,
                  codes + i * INPUTS);
  }
  /* Activations: affine, 0 is a code. */
  bsk_minmax (x, ROWS * INPUTS, &lo, &hi, NULL);
  args.a = (BskQParams){ (hi - lo) / 255, (int) lrintf (-lo / ((hi - lo) / 255)), 0, 255 };
  bsk_quantize (x, ROWS * INPUTS, &args.a, BSK_U8, a);

  packed = aligned_alloc (BSK_ALIGN, bsk_gemm_bytes (&args));
  if (!packed || bsk_gemm_pack (&args, codes, INPUTS, packed) ||
      bsk_gemm (packed, a, INPUTS, y, OUTPUTS, 0, ROWS))
    return 1;
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < OUTPUTS; j++) {
      float exact = 0;

      for (int k = 0; k < INPUTS; k++)
        exact += x[i * INPUTS + k] * w[j * INPUTS + k];
      printf ("%8.4f (%8.4f)%s", (double) y[i * OUTPUTS + j], (double) exact,
              j == OUTPUTS - 1 ? "\n" : "  ");
      worst = fmax (worst, fabs ((double) (y[i * OUTPUTS + j] - exact)));
    }
  printf ("largest error %.4f at level %s\n", worst, bsk_level_name ());
  free (packed);
  return worst > 0.1;
}
