/* Convolution and depthwise convolution against a definition in int64, and every level against
 * plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <string.h>

/* The sum of one output element, by the definition. */
static int64_t
definition (const BskConvShape *s,
            const BskGemmArgs *args,
            const uint8_t *image,
            const void *w,
            int y,
            int x,
            int o)
{
  int cin = s->cin / s->groups, group = o / (s->cout / s->groups);
  int64_t sum = args->bias ? args->bias[o] : 0;

  for (int ky = 0; ky < s->kh; ky++)
    for (int kx = 0; kx < s->kw; kx++) {
      int iy = y * s->stride_h + ky * s->dilation_h - s->pad_top,
          ix = x * s->stride_w + kx * s->dilation_w - s->pad_left;

      if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
        continue;
      for (int c = 0; c < cin; c++) {
        uint8_t byte = image[((size_t) iy * (size_t) s->w + (size_t) ix) * (size_t) s->cin +
                             (size_t) (group * cin + c)];
        int code = args->a_type == BSK_S8 ? (int8_t) byte : byte;

        sum += (int64_t) (code - args->a.zero_point) *
               check_number (
                 args, w, (size_t) o,
                 (((size_t) o * (size_t) s->kh + (size_t) ky) * (size_t) s->kw + (size_t) kx) *
                     (size_t) cin +
                   (size_t) c);
      }
    }
  return sum;
}

static void
one (BskConvShape s,
     size_t images,
     BskType a_type,
     BskType out_type,
     int a_kind,
     int w_kind,
     CheckZeros zeros,
     int seed)
{
  int out_h = bsk_conv_out_h (&s), out_w = bsk_conv_out_w (&s), y0, y1;
  size_t k = (size_t) s.kh * (size_t) s.kw * (size_t) (s.cin / s.groups),
         bytes = out_type == BSK_S32 ? 4 : 1;
  size_t a_image = (size_t) s.h * (size_t) s.w * (size_t) s.cin, ldc = (size_t) s.cout, c_image,
         out_bytes;
  BskGemmArgs args = { .a_type = a_type, .out_type = out_type };
  int32_t *bias;
  float *scale;
  uint8_t *a, *got, *want;
  void *w;

  check_case ("conv %dx%dx%d>%d k %dx%d stride %dx%d dil %dx%d pad %d,%d,%d,%d groups %d images "
              "%zu a %d out %d zeros %d seed %d",
              s.h, s.w, s.cin, s.cout, s.kh, s.kw, s.stride_h, s.stride_w, s.dilation_h,
              s.dilation_w, s.pad_top, s.pad_left, s.pad_bottom, s.pad_right, s.groups, images,
              (int) a_type, (int) out_type, (int) zeros, seed);
  if (out_h < 1 || out_w < 1)
    return;
  check_seed ((uint64_t) seed);
  a_image += (size_t) (seed % 4 == 1 ? 5 : 0);
  ldc += (size_t) (seed % 3 == 1 ? 3 : 0);
  c_image = (size_t) out_h * (size_t) out_w * ldc + (size_t) (seed % 4 == 2 ? 7 : 0);
  y0 = seed % 3 == 2 ? check_between (0, out_h - 1) : 0;
  y1 = seed % 3 == 2 ? check_between (y0 + 1, out_h) : out_h;
  args.a = (BskQParams){ .scale = 0.02f, .qmin = a_type == BSK_S8 ? -128 : 0 };
  args.a.qmax = args.a.qmin + 255;
  args.a.zero_point = check_between (args.a.qmin, args.a.qmax);
  if (seed % 5 < 2) /* behind a Relu: padding is the lowest code */
    args.a.zero_point = args.a.qmin;
  args.out =
    (BskQParams){ .scale = 0.0001f * (float) (k + 1), .qmin = out_type == BSK_S8 ? -128 : 0 };
  args.out.qmax = args.out.qmin + 255;
  args.out.zero_point = check_between (args.out.qmin, args.out.qmax);
  scale = check_buffer ((size_t) s.cout * sizeof *scale);
  bias = check_buffer ((size_t) s.cout * sizeof *bias);
  for (int i = 0; i < s.cout; i++) {
    scale[i] = 0.004f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
    bias[i] = check_between (-5000, 5000);
  }
  args.w_scale = scale;
  args.bias = seed % 2 ? bias : NULL;
  w = check_weights (&args, (size_t) s.cout, (size_t) s.cout * k, zeros, seed % 7 ? -128 : -7,
                     seed % 7 ? 127 : 7, w_kind);
  a = (seed % 2 ? check_buffer : check_buffer_behind_page) (images * a_image + BSK_SLACK);
  check_fill (a, images * a_image + BSK_SLACK, a_type, args.a.qmin, args.a.qmax, a_kind);
  out_bytes =
    ((images - 1) * c_image + ((size_t) out_h * (size_t) out_w - 1) * ldc + (size_t) s.cout) *
    bytes;
  got = check_buffer (out_bytes);
  want = check_buffer (out_bytes);

  for (int ref = 0; ref < 2; ref++) {
    void *packed, *scratch = NULL;
    size_t size;

    if (ref)
      check_ref ();
    else
      check_level ();
    size = bsk_conv_bytes (&s, &args);
    if (!check_that (size > 0, "bytes"))
      break;
    packed = check_buffer (size);
    if (!CHECK_OK (bsk_conv_pack (&s, &args, w, packed)))
      break;
    if (bsk_conv_scratch_bytes (packed))
      scratch = check_buffer (bsk_conv_scratch_bytes (packed));
    CHECK_OK (
      bsk_conv (packed, a, a_image, ref ? want : got, c_image, ldc, images, y0, y1, scratch));
  }
  check_level ();
  check_same (got, want, out_bytes, "level against ref");

  for (size_t i = 0; i < images; i++)
    for (int y = y0; y < y1; y++)
      for (int x = 0; x < out_w; x++)
        for (int o = 0; o < s.cout; o++) {
          int64_t sum = definition (&s, &args, a + i * a_image, w, y, x, o);
          size_t at = i * c_image + ((size_t) y * (size_t) out_w + (size_t) x) * ldc + (size_t) o;
          bool good;
          int32_t value;

          if (out_type == BSK_S32) {
            memcpy (&value, want + 4 * at, 4);
            good = value == sum;
          } else {
            value = want[at];
            good = value == (uint8_t) check_finish (sum, args.a.scale * scale[o] / args.out.scale,
                                                    &args.out);
          }
          if (!check_that (good, "image %zu y %d x %d channel %d: %d from sum %lld", i, y, x, o,
                           value, (long long) sum))
            i = images, y = y1, x = out_w, o = s.cout;
        }
  check_free_all ();
}

static BskConvShape
square (int size, int cin, int cout, int kernel, int stride, int pad, int groups)
{
  return (BskConvShape){ size, size, cin, cout, kernel, kernel, stride, stride,
                         1,    1,    pad, pad,  pad,    pad,    groups };
}

/* Cases after this many have weights with zero points. */
enum { N_PLAIN = 160 };

void
check_conv (void)
{
  static const BskType out_types[] = { BSK_U8, BSK_S32, BSK_S8 };
  int seed = 1;

  for (int i = 0; i < 400; i++, seed++) {
    BskConvShape s;
    int groups;

    check_seed ((uint64_t) seed * 131);
    groups = i % 4 ? 1 : check_between (1, 6);
    s = (BskConvShape){ .h = check_between (1, 14),
                        .w = check_between (1, 20),
                        .cin = groups * check_between (1, i % 8 ? 6 : 40),
                        .cout = groups * check_between (1, i % 8 > 1 ? 10 : 40),
                        .kh = check_between (1, 5),
                        .kw = check_between (1, 5),
                        .stride_h = check_between (1, 3),
                        .stride_w = check_between (1, 3),
                        .dilation_h = i % 5 ? 1 : check_between (1, 3),
                        .dilation_w = i % 5 ? 1 : check_between (1, 3),
                        .pad_top = check_between (0, 3),
                        .pad_left = check_between (0, 3),
                        .pad_bottom = check_between (0, 3),
                        .pad_right = check_between (0, 3),
                        .groups = groups };
    if (i % 6 == 0)
      s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
    one (s, (size_t) check_between (1, 3), i & 1 ? BSK_S8 : BSK_U8, out_types[i % 3],
         i % 9 == 8 ? 3 : 0, i % 9 == 8 ? 3 : 0,
         i < N_PLAIN ? CHECK_NO_ZEROS : (CheckZeros) (i / 2 % 8), seed);
  }
  one (square (28, 1, 16, 3, 1, 1, 1), 5, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, seed++);
  one (square (30, 3, 32, 3, 2, 1, 1), 2, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, seed++);
  one (square (9, 3, 64, 7, 2, 3, 1), 1, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, seed++);
  one (square (7, 24, 48, 1, 1, 0, 1), 3, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, seed++);
  one (square (8, 16, 24, 1, 2, 0, 1), 3, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, seed++);
  /* Tiles that go on from row to row of the image: every width of panels, lines of whole groups of
   * rows and others. */
  for (int w = 4; w <= 28; w += w < 16 ? 2 : 4)
    for (int n = 0; n < 6; n++) {
      static const int widths[] = { 16, 24, 32, 48, 64, 70 };

      one ((BskConvShape){ 9, w, 1 + n % 3, widths[n], 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 2,
           (w / 4 + n) % 2 ? BSK_S8 : BSK_U8, out_types[(w / 2 + n) % 3], 0, 0, CHECK_NO_ZEROS,
           seed++);
    }
  /* Two vectors of columns and lines not of fours: the longest K that counts as short, and more. */
  for (int i = 0; i < 6; i++)
    one ((BskConvShape){ 9, 6 + i % 3 * 4, 32 + i / 3, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 2,
         i % 2 ? BSK_S8 : BSK_U8, out_types[i % 3], 0, 0, CHECK_NO_ZEROS, seed++);
  /* Lines so short, and K so long, that tiles take rows from two or three of them. */
  for (int w = 3; w <= 9; w++)
    one ((BskConvShape){ 8, w, 40, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 2,
         w % 2 ? BSK_S8 : BSK_U8, out_types[w % 3], 0, 0, w == 5 ? CHECK_ZEROS : CHECK_NO_ZEROS,
         seed++);
  one ((BskConvShape){ 1, 50, 4, 20, 1, 9, 1, 2, 1, 2, 0, 8, 0, 8, 1 }, 2, BSK_S8, BSK_U8, 0, 0,
       CHECK_NO_ZEROS, seed++);
  one (square (60, 16, 20, 3, 1, 1, 1), 1, BSK_S8, BSK_S32, 0, 0, CHECK_ZEROS, seed++);
  one (square (12, 6, 20, 1, 1, 0, 1), 9, BSK_U8, BSK_U8, 0, 0, CHECK_ZEROS, seed++);
  /* Larger than one block of padded rows. */
  one (square (90, 32, 3, 3, 1, 1, 1), 1, BSK_U8, BSK_U8, 0, 0, CHECK_NO_ZEROS, 9 * seed++);
}

void
check_depthwise (void)
{
  static const int channels[] = { 2, 3, 7, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 70, 96, 130 };
  int seed = 1;

  for (int i = 0; i < 280; i++, seed++) {
    BskConvShape s;

    check_seed ((uint64_t) seed * 977);
    s = square (check_between (1, 13), channels[i % 16], 0, i % 2 ? 3 : check_between (1, 9),
                check_between (1, 2), 1, 0);
    s.cout = s.groups = s.cin;
    s.w = check_between (1, 23);
    if (i % 4 == 0) {
      s.kw = check_between (1, 9);
      s.dilation_h = check_between (1, 2);
      s.dilation_w = check_between (1, 3);
      s.stride_w = check_between (1, 3);
      s.pad_left = check_between (0, 4);
      s.pad_bottom = check_between (0, 4);
    }
    one (s, (size_t) check_between (1, 3), i & 1 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S32,
         i % 9 == 8 ? 3 : 0, i % 9 == 8 ? 3 : 0,
         i < N_PLAIN ? CHECK_NO_ZEROS : (CheckZeros) (i / 2 % 8), seed);
  }
  /* Pixels of whole vectors, of many vectors, and of an odd number of channels that is not small. */
  for (int i = 0; i < 12; i++, seed++) {
    static const int many[] = { 64, 144, 400, 457 };

    one (square (5 + i % 3, many[i % 4], many[i % 4], i < 8 ? 3 : 5, 1 + i / 4 % 2, 1, many[i % 4]),
         2, i % 3 == 2 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S32, 0, 0, CHECK_NO_ZEROS, seed);
  }
  /* Strides with pixels of more than a vector but not of whole ones. */
  for (int i = 0; i < 60; i++, seed++) {
    static const int wide[] = { 72, 80, 96, 144, 160 };
    BskConvShape s = square (5 + i % 7, wide[i % 5], wide[i % 5], i % 4 ? 3 : 5, 2 + i % 3 / 2,
                             i / 5 % 3, wide[i % 5]);

    s.w = 5 + i * 7 % 13;
    s.pad_left = i / 3 % 3;
    one (s, 2, i / 2 % 2 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S32, 0, 0, CHECK_NO_ZEROS, seed);
  }
  /* Blocks on an edge: all of a row's, several at each end, of whole pixels or not, and padding that
   * reaches further than the row is wide. */
  for (int i = 0; i < 96; i++, seed++) {
    static const int some[] = { 16, 24, 48, 64, 72, 96, 128, 192 };
    BskConvShape s = square (1 + i % 9, some[i % 8], some[i % 8], i % 3 ? 3 : 5, 1 + i / 8 % 2,
                             i % 3 ? 1 : 2, some[i % 8]);

    s.w = 1 + i * 5 % 17;
    s.pad_left = i % 7 ? s.pad_left : 6;
    s.pad_right = i % 11 ? s.pad_right : 20;
    one (s, 1 + (size_t) i % 3, i / 2 % 2 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S32,
         i % 4 ? 0 : 5, 0, i % 6 == 5 ? CHECK_ZEROS : CHECK_NO_ZEROS, seed);
  }
  /* Images larger than the first-level cache, with rows that share its sets and others. */
  for (int i = 0; i < 32; i++, seed++) {
    static const int some[] = { 16, 24, 48, 64, 96, 128, 32, 72 };
    int c = some[i % 8];
    BskConvShape s = square (i % 3 ? 38 : 67, c, c, 3, 1 + i / 8 % 2, 1, c);

    s.w = i < 16 ? 1024 / (c & -c) : 30 + 2048 / c;
    one (s, 1 + (size_t) i % 2, i / 2 % 2 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S8, 0, 0,
         i % 7 ? CHECK_NO_ZEROS : CHECK_ZEROS, seed);
  }
  /* Every other of small pixels: rows just long enough for this to be done in place, or too short. */
  for (int i = 0; i < 96; i++, seed++) {
    int c = 8 * (1 + i % 5);
    BskConvShape s = square (3 + i % 13, c, c, 3, 2, i / 3 % 3, c);

    s.w = (128 + c - 1) / c + i / 5 % 9 - 1 + s.pad_right;
    s.pad_left = i / 2 % 3;
    one (s, 1 + (size_t) i % 3, i / 2 % 2 ? BSK_S8 : BSK_U8, i % 5 ? BSK_U8 : BSK_S8,
         i % 11 ? 0 : 3, 0, i % 9 ? CHECK_NO_ZEROS : CHECK_ZEROS, seed);
  }
  /* One output pixel: the stride, however long, is not taken. */
  one ((BskConvShape){ 5, 5, 24, 24, 5, 5, 9999, 1 << 30, 1, 1, 0, 0, 0, 0, 24 }, 2, BSK_S8, BSK_U8,
       0, 0, CHECK_NO_ZEROS, seed++);
  /* A channel multiplier makes it a grouped convolution. */
  one ((BskConvShape){ 6, 6, 5, 15, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 5 }, 2, BSK_U8, BSK_U8, 0, 0,
       CHECK_NO_ZEROS, seed++);
  /* One row of 1-D sequence data. */
  one ((BskConvShape){ 1, 40, 20, 20, 1, 11, 1, 1, 1, 1, 0, 5, 0, 5, 20 }, 2, BSK_U8, BSK_U8, 0, 0,
       CHECK_NO_ZEROS, seed++);
}

/* Transposed: every input pixel is added to the outputs its kernel reaches. */
static void
transposed (BskConvShape s, int extra_h, int extra_w, int seed)
{
  int out_h, out_w;
  BskGemmArgs args = { .a_type = BSK_U8, .out_type = BSK_S32 };
  size_t taps, cin, images, n;
  uint8_t *a;
  int32_t *c;
  int64_t *want;
  int8_t *w;
  void *packed, *scratch;

  images = (size_t) check_between (1, 2);
  out_h = bsk_deconv_out_h (&s, extra_h);
  out_w = bsk_deconv_out_w (&s, extra_w);
  check_case ("transposed %dx%dx%d>%d kernel %dx%d seed %d", s.h, s.w, s.cin, s.cout, s.kh, s.kw,
              seed);
  if (out_h < 1 || out_w < 1)
    return;
  taps = (size_t) (s.kh * s.kw);
  cin = (size_t) (s.cin / s.groups);
  args.a = (BskQParams){ 1, check_between (0, 255), 0, 255 };
  n = images * (size_t) (out_h * out_w * s.cout);
  w = check_buffer ((size_t) s.cout * taps * cin);
  check_fill (w, (size_t) s.cout * taps * cin, BSK_S8, -128, 127, 0);
  a = check_buffer (images * (size_t) (s.h * s.w * s.cin) + BSK_SLACK);
  check_fill (a, images * (size_t) (s.h * s.w * s.cin) + BSK_SLACK, BSK_U8, 0, 255, 0);
  c = check_buffer (n * 4);
  want = check_buffer (n * 8);
  memset (want, 0, n * 8);
  packed = check_buffer (bsk_deconv_bytes (&s, extra_h, extra_w, &args));
  if (!CHECK_OK (bsk_deconv_pack (&s, extra_h, extra_w, &args, w, packed)))
    return;
  scratch = check_buffer (bsk_deconv_scratch_bytes (packed));
  CHECK_OK (bsk_deconv (packed, a, (size_t) (s.h * s.w * s.cin), c, n / images, (size_t) s.cout,
                        images, scratch));
  for (size_t i = 0; i < images; i++)
    for (int y = 0; y < s.h; y++)
      for (int x = 0; x < s.w; x++)
        for (int o = 0; o < s.cout; o++)
          for (size_t tap = 0; tap < taps; tap++) {
            int oy = y * s.stride_h + (int) tap / s.kw * s.dilation_h - s.pad_top;
            int ox = x * s.stride_w + (int) tap % s.kw * s.dilation_w - s.pad_left;

            if (oy < 0 || oy >= out_h || ox < 0 || ox >= out_w)
              continue;
            for (size_t k = 0; k < cin; k++)
              want[((i * (size_t) out_h + (size_t) oy) * (size_t) out_w + (size_t) ox) *
                     (size_t) s.cout +
                   (size_t) o] +=
                (a[((i * (size_t) s.h + (size_t) y) * (size_t) s.w + (size_t) x) * (size_t) s.cin +
                   (size_t) (o / (s.cout / s.groups)) * cin + k] -
                 args.a.zero_point) *
                w[((size_t) o * taps + tap) * cin + k];
          }
  for (size_t i = 0; i < n; i++)
    if (!check_that (c[i] == want[i], "element %zu is %d, not %lld", i, c[i], (long long) want[i]))
      break;
  check_free_all ();
}

static void
any_transposed (int seed)
{
  BskConvShape s;
  int extra_h, extra_w, groups;

  check_seed ((uint64_t) seed);
  groups = check_between (1, 3);
  s = (BskConvShape){ .h = check_between (1, 6),
                      .w = check_between (1, 6),
                      .cin = groups * check_between (1, seed % 5 ? 5 : 70),
                      .cout = groups * check_between (1, seed % 5 ? 9 : 70),
                      .kh = check_between (1, 4),
                      .kw = check_between (1, 4),
                      .stride_h = check_between (1, 4),
                      .stride_w = check_between (1, 4),
                      .dilation_h = check_between (1, 3),
                      .dilation_w = check_between (1, 3),
                      .groups = groups };
  s.pad_top = check_between (0, (s.kh - 1) * s.dilation_h);
  s.pad_left = check_between (0, (s.kw - 1) * s.dilation_w);
  s.pad_bottom = check_between (0, (s.kh - 1) * s.dilation_h);
  s.pad_right = check_between (0, (s.kw - 1) * s.dilation_w);
  extra_h = check_between (0, s.stride_h - 1);
  extra_w = check_between (0, s.stride_w - 1);
  transposed (s, extra_h, extra_w, seed);
}

void
check_transposed (void)
{
  int seed = 1;

  for (; seed <= 150; seed++)
    any_transposed (seed);
  /* No output needs the last row: pads cut off what it reaches. */
  check_seed ((uint64_t) seed);
  transposed ((BskConvShape){ 2, 64, 70, 3, 4, 1, 4, 1, 3, 1, 9, 0, 4, 0, 1 }, 0, 0, seed);
}
