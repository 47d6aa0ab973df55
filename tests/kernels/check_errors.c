/* Bad arguments are refused with the right reason, before anything is written.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_IS(status, call) check_that ((call) == (status), "%s is not %s", #call, #status)

/* The reason why a shape cannot be packed, from packing ones. */
static BskStatus
conv_status (const BskConvShape *s, const BskGemmArgs *args)
{
  static float scale[64];
  static int8_t w[2048];
  BskGemmArgs copy = *args;
  size_t bytes = bsk_conv_bytes (s, args);
  void *packed = aligned_alloc (BSK_ALIGN, bytes ? bytes : BSK_ALIGN);
  BskStatus status;

  for (int i = 0; i < 64; i++)
    scale[i] = 1;
  memset (w, 1, sizeof w);
  copy.w_scale = scale;
  status = bsk_conv_pack (s, &copy, w, packed);
  free (packed);
  return status;
}

void
check_errors (void)
{
  float scale[2] = { 1, 1 }, x[4] = { 0 }, y[4];
  int8_t w[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  uint8_t a[4 * 4 + BSK_SLACK] = { 0 };
  int32_t c[8];
  BskQParams p = { 1, 0, 0, 255 }, bad;
  BskGemmArgs good = { .n = 2,
                       .k = 4,
                       .w_scale = scale,
                       .a_type = BSK_U8,
                       .a = p,
                       .out_type = BSK_U8,
                       .out = p },
              args;
  BskConvShape s = { 4, 4, 1, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1 }, t;
  BskStats stats;
  void *packed = aligned_alloc (BSK_ALIGN, bsk_gemm_bytes (&good));
  int32_t bias[2] = { INT32_MAX, 0 }, zeros[2] = { 0, -1 };

  check_case ("errors");
  CHECK_IS (BSK_OK, bsk_gemm_pack (&good, w, 4, packed));
  CHECK_IS (BSK_OK, bsk_gemm (packed, a, 4, c, 2, 0, 4));
  CHECK_IS (BSK_OK, bsk_gemm (packed, NULL, 0, NULL, 0, 3, 3));
  CHECK_IS (BSK_EINVAL, bsk_gemm (packed, a, 3, c, 2, 0, 4));
  CHECK_IS (BSK_EINVAL, bsk_gemm (packed, a, 4, c, 1, 0, 4));
  CHECK_IS (BSK_EINVAL, bsk_gemm (packed, a, 4, c, 2, 2, 1));
  CHECK_IS (BSK_EINVAL, bsk_gemm (NULL, a, 4, c, 2, 0, 1));
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&good, w, 3, packed));
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (NULL, w, 4, packed));
  CHECK_IS (BSK_EALIGN, bsk_gemm_pack (&good, w, 4, (char *) packed + 1));
  args = good, args.n = 0;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  check_that (bsk_gemm_bytes (&args) == 0, "bytes of an invalid product");
  args = good, args.bias = bias;
  CHECK_IS (BSK_ERANGE, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.out.scale = 0;
  CHECK_IS (BSK_ERANGE, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.a.scale = NAN;
  CHECK_IS (BSK_ERANGE, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.a.qmax = 256;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.out.qmin = 200, args.out.qmax = 100;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.a_type = BSK_F32;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.w_zero_point = 128;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.w_type = BSK_W_U8, args.w_zero_points = zeros;
  CHECK_IS (BSK_EINVAL, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.w_type = BSK_W_S4, args.w_zero_point = 1;
  CHECK_IS (BSK_ENOTSUP, bsk_gemm_pack (&args, w, 4, packed));
  args = good, args.n = INT_MAX, args.k = INT_MAX;
  check_that (bsk_gemm_bytes (&args) != 1, "a huge product"); /* fits size_t or is refused */
  scale[1] = INFINITY;
  CHECK_IS (BSK_ERANGE, bsk_gemm_pack (&good, w, 4, packed));
  scale[1] = 1;

  check_that (bsk_conv_bytes (&s, &good) > 0 && bsk_conv_out_h (&s) == 3, "a valid convolution");
  t = s, t.kh = 5;
  check_that (bsk_conv_out_h (&t) == 0, "a kernel that does not fit");
  CHECK_IS (BSK_EINVAL, bsk_conv_pack (&t, &good, w, packed));
  t = s, t.groups = 3;
  CHECK_IS (BSK_EINVAL, bsk_conv_pack (&t, &good, w, packed));
  t = s, t.pad_left = -1;
  CHECK_IS (BSK_EINVAL, bsk_conv_pack (&t, &good, w, packed));
  t = s, t.h = t.w = t.cin = INT_MAX;
  CHECK_IS (BSK_ERANGE, bsk_conv_pack (&t, &good, w, packed));
  CHECK_IS (BSK_EINVAL,
            bsk_conv (packed, a, 16, c, 18, 2, 1, 0, 3, NULL)); /* packed for a product */

  t = s, t.cin = 16;
  args = good, args.group = 32, args.out_type = BSK_F32;
  CHECK_IS (BSK_OK, conv_status (&t, &args));
  args.group = 48; /* would reach from one kernel row into the next */
  CHECK_IS (BSK_ENOTSUP, conv_status (&t, &args));
  t.groups = t.cout = 16;
  CHECK_IS (BSK_ENOTSUP, conv_status (&t, &args));
  args = good, args.w_type = BSK_W_S2;
  CHECK_IS (BSK_EINVAL, bsk_conv_pack (&s, &args, w, packed));
  args.w_type = BSK_W_CODEBOOK4;
  CHECK_IS (BSK_EINVAL, bsk_conv_pack (&s, &args, w, packed));

  bad = p, bad.scale = -1;
  CHECK_IS (BSK_ERANGE, bsk_quantize (x, 4, &bad, BSK_U8, y));
  CHECK_IS (BSK_EINVAL, bsk_quantize (x, 4, &p, BSK_F32, y));
  CHECK_IS (BSK_EINVAL, bsk_quantize (NULL, 4, &p, BSK_U8, y));
  CHECK_IS (BSK_OK, bsk_quantize (NULL, 0, &p, BSK_U8, NULL));
  bad = p, bad.qmax = 1 << 25;
  bsk_stats_init (&stats);
  CHECK_IS (BSK_EINVAL, bsk_error (x, 4, &bad, &stats));
  CHECK_IS (BSK_EINVAL, bsk_histogram (x, 4, 1, 1, 4, (uint64_t *) y));
  CHECK_IS (BSK_EINVAL, bsk_histogram (x, 4, NAN, 1, 4, (uint64_t *) y));
  CHECK_IS (BSK_ERANGE, bsk_histogram (x, 4, -3e38f, 3e38f, 4, (uint64_t *) y));
  for (int i = -1; i < 10; i++)
    check_that (strlen (bsk_strerror ((BskStatus) i)) > 5, "words for status %d", i);
  free (packed);
}
