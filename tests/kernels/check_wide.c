/* Products and convolutions of 16-bit codes against a definition in int64, and every level
 * against plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <string.h>

/* Weight and activation bits, and what they are filled with, as in check_fill. */
static void
one (BskConvShape s,
     bool product,
     size_t images,
     BskType out_type,
     int a_bits,
     int w_bits,
     int kind,
     int seed)
{
  int out_h = bsk_conv_out_h (&s), out_w = bsk_conv_out_w (&s), top = (1 << (a_bits - 1)) - 1;
  size_t k = (size_t) s.kh * (size_t) s.kw * (size_t) (s.cin / s.groups),
         pixels = (size_t) s.h * (size_t) s.w;
  size_t bytes = out_type == BSK_F32   ? 4
                 : out_type == BSK_S16 ? 2
                                       : 1,
         out_n, w_top = (1u << (w_bits - 1)) - 1;
  BskGemmArgs args = {
    .n = s.cout, .k = (int) k, .w_type = BSK_W_S16, .a_type = BSK_S16, .out_type = out_type
  };
  int16_t *a, *w;
  int32_t *bias;
  float *scale;
  char *got, *want;

  check_case ("16 bits %dx%dx%d>%d kernel %dx%d groups %d out %d bits %d %d kind %d seed %d", s.h,
              s.w, s.cin, s.cout, s.kh, s.kw, s.groups, (int) out_type, a_bits, w_bits, kind, seed);
  if (out_h < 1 || out_w < 1)
    return;
  check_seed ((uint64_t) seed);
  args.a = (BskQParams){ 0.001f, check_between (-top - 1, top), -top - 1, top };
  args.out = (BskQParams){ .scale = 0.1f,
                           .qmin = out_type == BSK_U8   ? 0
                                   : out_type == BSK_S8 ? -128
                                                        : -32768 };
  args.out.qmax = out_type == BSK_S16 ? 32767 : args.out.qmin + 255;
  args.out.scale =
    args.a.scale * 0.001f * (float) top * (float) w_top * (float) k / (float) args.out.qmax;
  args.out.zero_point = check_between (args.out.qmin, args.out.qmax);
  scale = check_buffer ((size_t) s.cout * 4);
  bias = check_buffer ((size_t) s.cout * 4);
  for (int i = 0; i < s.cout; i++) {
    scale[i] = 0.001f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
    bias[i] = check_between (-1000000, 1000000);
  }
  args.w_scale = scale;
  args.bias = seed % 2 ? bias : NULL;
  w = check_buffer ((size_t) s.cout * k * 2);
  check_fill (w, (size_t) s.cout * k, BSK_S16, -(int) w_top, (int) w_top, kind);
  a = check_buffer (images * pixels * (size_t) s.cin * 2 + BSK_SLACK);
  check_fill (a, images * pixels * (size_t) s.cin + BSK_SLACK / 2, BSK_S16, args.a.qmin,
              args.a.qmax, kind);
  out_n = images * (size_t) out_h * (size_t) out_w * (size_t) s.cout;
  got = check_buffer (out_n * bytes);
  want = check_buffer (out_n * bytes);
  for (int ref = 0; ref < 2; ref++) {
    void *packed, *scratch = NULL;
    BskStatus status;

    if (ref)
      check_ref ();
    else
      check_level ();
    if (product) {
      packed = check_buffer (bsk_gemm_bytes (&args));
      status = bsk_gemm_pack (&args, w, k, packed);
      if (!status)
        status = bsk_gemm (packed, a, k, ref ? want : got, (size_t) s.cout, 0, images * pixels);
    } else {
      packed = check_buffer (bsk_conv_bytes (&s, &args));
      status = bsk_conv_pack (&s, &args, w, packed);
      if (!status && bsk_conv_scratch_bytes (packed))
        scratch = check_buffer (bsk_conv_scratch_bytes (packed));
      if (!status)
        status = bsk_conv (packed, a, pixels * (size_t) s.cin, ref ? want : got, out_n / images,
                           (size_t) s.cout, images, 0, out_h, scratch);
    }
    if (!check_that (status == BSK_OK, "status %d", (int) status))
      break;
  }
  check_level ();
  check_same (got, want, out_n * bytes, "level against ref");

  for (size_t at = 0; at < out_n; at++) {
    int o = (int) (at % (size_t) s.cout), x = (int) (at / (size_t) s.cout % (size_t) out_w);
    int y = (int) (at / (size_t) s.cout / (size_t) out_w % (size_t) out_h), cin = s.cin / s.groups;
    const int16_t *image = a + at / (out_n / images) * pixels * (size_t) s.cin;
    int64_t sum = args.bias ? bias[o] : 0;
    float m = args.a.scale * scale[o], value;
    double q;
    int got_code;

    for (int ky = 0; ky < s.kh; ky++)
      for (int kx = 0; kx < s.kw; kx++) {
        int iy = y * s.stride_h + ky * s.dilation_h - s.pad_top,
            ix = x * s.stride_w + kx * s.dilation_w - s.pad_left;

        if (iy >= 0 && iy < s.h && ix >= 0 && ix < s.w)
          for (int c = 0; c < cin; c++)
            sum += (int64_t) (image[(iy * s.w + ix) * s.cin + o / (s.cout / s.groups) * cin + c] -
                              args.a.zero_point) *
                   w[(size_t) o * k + (size_t) ((ky * s.kw + kx) * cin + c)];
      }
    if (out_type == BSK_F32) {
      memcpy (&value, want + 4 * at, 4);
      if (!check_that (value == (float) sum * m, "element %zu", at))
        break;
      continue;
    }
    q = (double) rintf ((float) sum * (m / args.out.scale)) + args.out.zero_point;
    q = q < args.out.qmin ? args.out.qmin : q > args.out.qmax ? args.out.qmax : q;
    got_code = out_type == BSK_S16  ? ((int16_t *) want)[at]
               : out_type == BSK_S8 ? ((int8_t *) want)[at]
                                    : ((uint8_t *) want)[at];
    if (!check_that (got_code == (int) q, "element %zu is %d, not %d", at, got_code, (int) q))
      break;
  }
  check_free_all ();
}

void
check_wide (void)
{
  static const BskType outs[] = { BSK_S16, BSK_F32, BSK_U8, BSK_S8 };
  int seed = 1;

  for (int i = 0; i < 120; i++, seed++) {
    int groups, kernel;
    BskConvShape s;

    check_seed ((uint64_t) seed * 31);
    groups = i % 4 ? 1 : check_between (1, 4);
    kernel = i % 3 ? check_between (1, 4) : 1;
    s = (BskConvShape){ check_between (1, 7),
                        check_between (1, 9),
                        groups * check_between (1, i % 3 ? 7 : 300),
                        groups * check_between (1, 20),
                        kernel,
                        check_between (1, kernel),
                        check_between (1, 2),
                        check_between (1, 2),
                        1,
                        check_between (1, 2),
                        check_between (0, 2),
                        check_between (0, 2),
                        check_between (0, 2),
                        check_between (0, 2),
                        groups };
    one (s, false, (size_t) check_between (1, 2), outs[i % 4], check_between (9, 16),
         check_between (9, 16), i % 7 == 6 ? check_between (1, 3) : 0, seed);
    s = (BskConvShape){ 1,
                        check_between (1, 20),
                        check_between (1, 700),
                        check_between (1, 40),
                        1,
                        1,
                        1,
                        1,
                        1,
                        1,
                        0,
                        0,
                        0,
                        0,
                        1 };
    one (s, true, 1, outs[i % 4], i % 5 ? 16 : check_between (9, 16),
         i % 5 ? 16 : check_between (9, 16), i % 7 == 6 ? check_between (1, 3) : 0, seed);
  }
}
