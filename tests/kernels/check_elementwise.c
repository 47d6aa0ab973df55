/* Pooling, elementwise, lookup and transposition against their definitions, and every level
 * against plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <string.h>

static BskQParams
random_params (BskType type)
{
  int shift = type == BSK_S8 ? -128 : 0;
  BskQParams p = { .scale = 0.01f * (1 + (float) (check_random () >> 8) * 0x1p-22f),
                   .qmin = shift,
                   .qmax = shift + 255 };

  if (check_between (0, 2) == 0) {
    p.qmin = shift + check_between (0, 20);
    p.qmax = p.qmin + check_between (0, 60);
  }
  p.zero_point = shift + check_between (0, 255);
  return p;
}

static int
code_of (const void *codes, size_t i, BskType type)
{
  return type == BSK_S8 ? ((const int8_t *) codes)[i] : ((const uint8_t *) codes)[i];
}

static BskType
random_type (void)
{
  return check_between (0, 1) ? BSK_S8 : BSK_U8;
}

static void
pool (int seed)
{
  BskPoolShape s;
  BskType type, c_type;
  BskQParams qa, qc;
  size_t images, a_bytes, c_bytes;
  uint8_t *a, *got, *want;
  int include, mode;

  check_seed ((uint64_t) seed);
  type = random_type ();
  c_type = random_type ();
  qa = random_params (type);
  qc = random_params (c_type);
  mode = check_between (0, 1);
  include = check_between (0, 1);
  images = (size_t) check_between (1, 2);
  s = (BskPoolShape){ .h = check_between (1, 9),
                      .w = check_between (1, 9),
                      .channels = check_between (1, seed % 5 ? 40 : 600),
                      .kh = check_between (1, 4),
                      .kw = check_between (1, 4),
                      .stride_h = check_between (1, 3),
                      .stride_w = check_between (1, 3),
                      .dilation_h = check_between (1, 2),
                      .dilation_w = check_between (1, 2),
                      .pad_top = check_between (0, 2),
                      .pad_left = check_between (0, 2),
                      .pad_bottom = check_between (0, 2),
                      .pad_right = check_between (0, 2) };
  if (seed % 28 == 0) /* sums of more bytes than fit in 16 bits */
    s.w = check_between (258, 600);
  if (seed % 4 == 0) { /* global */
    s.kh = s.h, s.kw = s.w, s.dilation_h = s.dilation_w = 1;
    s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
  }
  /* As in ceil mode: one more window than fits entirely, sometimes without a pixel in it. */
  s.out_h = (s.h + s.pad_top + s.pad_bottom) / s.stride_h + 1;
  s.out_w = (s.w + s.pad_left + s.pad_right) / s.stride_w + 1;
  check_case ("%s pool %dx%dx%d kernel %dx%d seed %d", mode ? "average" : "max", s.h, s.w,
              s.channels, s.kh, s.kw, seed);
  a_bytes = images * (size_t) (s.h * s.w * s.channels);
  c_bytes = images * (size_t) (s.out_h * s.out_w * s.channels);
  a = check_buffer (a_bytes);
  got = check_buffer (c_bytes);
  want = check_buffer (c_bytes);
  check_fill (a, a_bytes, type, type == BSK_S8 ? -128 : 0, type == BSK_S8 ? 127 : 255,
              seed % 7 == 0 ? 1 : 0);
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    if (mode)
      CHECK_OK (
        bsk_average_pool (&s, include, type, &qa, a, c_type, &qc, ref ? want : got, images));
    else
      CHECK_OK (bsk_max_pool (&s, type, a, ref ? want : got, images));
  }
  check_level ();
  check_same (got, want, c_bytes, "level against ref");

  for (size_t i = 0, at = 0; i < images; i++)
    for (int y = 0; y < s.out_h; y++)
      for (int x = 0; x < s.out_w; x++)
        for (int c = 0; c < s.channels; c++, at++) {
          int top = type == BSK_S8 ? -128 : 0, sum = 0, n = 0, all = 0, expected;

          for (int ky = 0; ky < s.kh; ky++)
            for (int kx = 0; kx < s.kw; kx++) {
              int iy = y * s.stride_h - s.pad_top + ky * s.dilation_h,
                  ix = x * s.stride_w - s.pad_left + kx * s.dilation_w;
              int code;

              all += iy < s.h + s.pad_bottom && ix < s.w + s.pad_right;
              if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w)
                continue;
              code = code_of (a,
                              ((i * (size_t) s.h + (size_t) iy) * (size_t) s.w + (size_t) ix) *
                                  (size_t) s.channels +
                                (size_t) c,
                              type);
              top = code > top ? code : top;
              sum += code - qa.zero_point;
              n++;
            }
          if (include)
            n = all;
          expected = !mode ? top : check_finish (sum, n ? qa.scale / qc.scale / (float) n : 0, &qc);
          if (!check_that (want[at] == (uint8_t) expected, "y %d x %d channel %d: %d, not %d", y, x,
                           c, want[at], (uint8_t) expected))
            i = images, y = s.out_h, x = s.out_w, c = s.channels;
        }
  check_free_all ();
}

void
check_pool (void)
{
  for (int seed = 1; seed <= 200; seed++)
    pool (seed);
}

static void
binary (int seed)
{
  BskBinaryArgs args = { 0 };
  size_t n, count, repeat;
  uint8_t *a, *b, *got, *want;
  bool product = seed % 2;

  check_seed ((uint64_t) seed);
  n = (size_t) check_between (1, seed % 5 ? 200 : 5000);
  args.a_type = random_type ();
  args.b_type = random_type ();
  args.c_type = random_type ();
  args.qa = random_params (args.a_type);
  args.qb = random_params (args.b_type);
  args.qc = random_params (args.c_type);
  if (product)
    args.qc.scale *= 0.1f;
  if (seed % 13 == 0)
    args.qc.scale = args.qa.scale / 8000;
  if (seed % 3 == 0)
    args.b_count = (size_t) check_between (1, 40);
  if (seed % 6 == 0)
    args.b_repeat = (size_t) check_between (1, 40);
  check_case ("%s %zu b %zu x %zu seed %d", product ? "mul" : "add", n, args.b_count, args.b_repeat,
              seed);
  count = args.b_count ? args.b_count : n;
  repeat = args.b_repeat ? args.b_repeat : 1;
  a = check_buffer (n);
  b = check_buffer (count);
  got = check_buffer (n);
  want = check_buffer (n);
  check_fill (a, n, BSK_U8, 0, 255, 0);
  check_fill (b, count, BSK_U8, 0, 255, 0);
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    CHECK_OK (product ? bsk_mul (&args, a, b, ref ? want : got, n)
                      : bsk_add (&args, a, b, ref ? want : got, n));
  }
  check_level ();
  check_same (got, want, n, "level against ref");
  for (size_t i = 0; i < n; i++) {
    int x = code_of (a, i, args.a_type) - args.qa.zero_point;
    int y = code_of (b, i / repeat % count, args.b_type) - args.qb.zero_point;
    float value = product ? (float) (x * y) * (args.qa.scale * args.qb.scale / args.qc.scale)
                          : (float) x * (args.qa.scale / args.qc.scale) +
                              (float) y * (args.qb.scale / args.qc.scale);
    float r = rintf (value) + (float) args.qc.zero_point;
    int code = r < (float) args.qc.qmin   ? args.qc.qmin
               : r > (float) args.qc.qmax ? args.qc.qmax
                                          : (int) r;

    if (!check_that (want[i] == (uint8_t) code, "element %zu: %d, not %d", i, want[i],
                     (uint8_t) code))
      break;
  }
  check_free_all ();
}

static void
bytes (int seed)
{
  size_t n, rows, cols;
  uint8_t *a, *got, *want, table[256];
  BskType type, c_type;
  BskQParams qa, qc;

  check_seed ((uint64_t) seed);
  n = (size_t) check_between (1, 700);
  rows = (size_t) check_between (1, 70);
  cols = (size_t) check_between (1, 90);
  type = random_type ();
  c_type = random_type ();
  qa = random_params (type);
  qc = random_params (c_type);
  check_case ("bytes %zu, %zux%zu seed %d", n, rows, cols, seed);
  check_fill (table, 256, BSK_U8, 0, 255, 0);
  a = check_buffer (n);
  got = check_buffer (n);
  want = check_buffer (n);
  check_fill (a, n, BSK_U8, 0, 255, 0);
  CHECK_OK (bsk_lookup (table, a, n, got));
  for (size_t i = 0; i < n; i++)
    want[i] = table[a[i]];
  check_same (got, want, n, "lookup");
  CHECK_OK (bsk_requantize (type, &qa, a, c_type, &qc, got, n));
  for (size_t i = 0; i < n; i++)
    want[i] =
      (uint8_t) check_finish (code_of (a, i, type) - qa.zero_point, qa.scale / qc.scale, &qc);
  check_same (got, want, n, "requantize");
  a = check_buffer (2 * rows * cols);
  got = check_buffer (2 * rows * cols);
  want = check_buffer (2 * rows * cols);
  check_fill (a, 2 * rows * cols, BSK_U8, 0, 255, 0);
  CHECK_OK (bsk_transpose_8 (a, 2, rows, cols, got));
  for (size_t i = 0; i < 2; i++)
    for (size_t y = 0; y < rows; y++)
      for (size_t x = 0; x < cols; x++)
        want[i * rows * cols + x * rows + y] = a[i * rows * cols + y * cols + x];
  check_same (got, want, 2 * rows * cols, "transpose");
  check_free_all ();
}

void
check_elementwise (void)
{
  for (int seed = 1; seed <= 200; seed++)
    binary (seed);
  for (int seed = 1; seed <= 40; seed++)
    bytes (seed);
}
