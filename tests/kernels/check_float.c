/* Float convolution against a definition in double, and every level against plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Output element (y, x, o) and the sum of the magnitudes that made it. */
static double
definition (const BskConvShape *s,
            const float *image,
            const float *w,
            const float *bias,
            int y,
            int x,
            int o,
            double *size)
{
  int cin = s->cin / s->groups, group = o / (s->cout / s->groups);
  double sum = bias ? (double) bias[o] : 0;

  *size = fabs (sum);
  for (int ky = 0; ky < s->kh; ky++)
    for (int kx = 0; kx < s->kw; kx++) {
      int iy = y * s->stride_h + ky * s->dilation_h - s->pad_top,
          ix = x * s->stride_w + kx * s->dilation_w - s->pad_left;

      if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
        continue;
      for (int c = 0; c < cin; c++) {
        double p = (double) image[(iy * s->w + ix) * s->cin + group * cin + c] *
                   (double) w[((o * s->kh + ky) * s->kw + kx) * cin + c];

        sum += p;
        *size += fabs (p);
      }
    }
  return sum;
}

static float *
normals (size_t n)
{
  float *x = check_buffer (n * sizeof *x);

  for (size_t i = 0; i < n; i++)
    x[i] = check_normal ();
  /* now and then what cancels, nearly cancels, or is far away */
  for (size_t i = 0; i + 1 < n; i += (size_t) check_between (2, 40))
    x[i] = check_between (0, 1) ? ldexpf (x[i], check_between (-60, 30)) : -x[i + 1];
  return x;
}

static void
one (BskConvShape s, size_t images, int seed)
{
  int out_h = bsk_conv_out_h (&s), out_w = bsk_conv_out_w (&s), k = s.kh * s.kw * s.cin / s.groups;
  size_t in = (size_t) (s.h * s.w * s.cin), ldc = (size_t) (s.cout + (seed % 3 == 1 ? 3 : 0)),
         out = (size_t) (out_h * out_w) * ldc;
  float lo = seed % 2 ? -0.5f : -INFINITY, hi = seed % 2 ? 1 : INFINITY;

  check_case (
    "conv_f32 %dx%dx%d>%d k %dx%d stride %dx%d dil %dx%d pad %d,%d,%d,%d groups %d images "
    "%zu seed %d",
    s.h, s.w, s.cin, s.cout, s.kh, s.kw, s.stride_h, s.stride_w, s.dilation_h, s.dilation_w,
    s.pad_top, s.pad_left, s.pad_bottom, s.pad_right, s.groups, images, seed);
  if (out_h < 1 || out_w < 1)
    return;
  check_seed ((uint64_t) seed);
  float *a = normals (images * in), *w = normals ((size_t) (s.cout * k)),
        *bias = seed % 4 ? normals ((size_t) s.cout) : NULL;
  float *c[2];
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    void *packed = aligned_alloc (BSK_ALIGN, bsk_conv_f32_bytes (&s));
    c[ref] = check_buffer (images * out * sizeof (float));
    memset (c[ref], 0x55, images * out * sizeof (float));
    CHECK_OK (bsk_conv_f32_pack (&s, w, bias, lo, hi, packed));
    CHECK_OK (bsk_conv_f32 (packed, a, c[ref], ldc, images));
    free (packed);
  }
  check_level ();
  check_same (c[0], c[1], images * out * sizeof (float), "level against ref");
  for (size_t i = 0; i < images * (size_t) (out_h * out_w); i++)
    for (int o = 0; o < s.cout; o++) {
      int pixel = (int) (i % (size_t) (out_h * out_w));
      double size, want = definition (&s, a + i / (size_t) (out_h * out_w) * in, w, bias,
                                      pixel / out_w, pixel % out_w, o, &size);

      want = fmin (fmax (want, (double) lo), (double) hi);
      if (!check_that (fabs ((double) c[1][i * ldc + (size_t) o] - want) <= size * k * 0x1p-24,
                       "pixel %zu channel %d is %g, not %g", i, o,
                       (double) c[1][i * ldc + (size_t) o], want))
        return;
    }
  check_free_all ();
}

static void
refusals (void)
{
  BskConvShape s = { 4, 4, 2, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, t = s;
  float w[36] = { 0 }, a[32] = { 0 }, c[32];
  void *packed = aligned_alloc (BSK_ALIGN, bsk_conv_f32_bytes (&s));

  check_case ("conv_f32 refusals");
  CHECK_OK (bsk_conv_f32_pack (&s, w, NULL, 0, 0, packed));
  CHECK_OK (bsk_conv_f32 (packed, a, c, 2, 1));
  check_that (bsk_conv_f32_pack (&s, w, NULL, 1, 0, packed) == BSK_EINVAL, "lo above hi");
  check_that (bsk_conv_f32_pack (&s, w, NULL, 0, 0, (char *) packed + 4) == BSK_EALIGN,
              "alignment");
  CHECK_OK (bsk_conv_f32_pack (&s, w, NULL, 0, 0, packed));
  check_that (bsk_conv_f32 (packed, a, c, 1, 1) == BSK_EINVAL, "ldc below cout");
  check_that (bsk_conv_f32 (packed, NULL, c, 2, 1) == BSK_EINVAL, "no input");
  t.kw = 9;
  check_that (bsk_conv_f32_bytes (&t) == 0, "a kernel larger than the image");
  t = (BskConvShape){ 1, 600, 1, 1, 1, 300, 1, 1, 1, 2, 0, 0, 0, 0, 1 };
  check_that (bsk_conv_f32_pack (&t, w, NULL, 0, 0, packed) == BSK_ENOTSUP, "too many segments");
  free (packed);
}

void
check_float (void)
{
  static const int channels[] = { 1, 3, 15, 16, 17, 24, 33, 48, 80, 96, 100 };
  enum { N = sizeof channels / sizeof *channels };

  refusals ();
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      BskConvShape s = { 5, 5, channels[i], channels[j], 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1 };
      one (s, 2, 1 + i * N + j);
    }
  /* every size of tile, with every number of vectors */
  for (int w = 1; w < 32; w++)
    for (int cout = 8; cout <= 80; cout += 8) {
      BskConvShape s = { 1, w, 3, cout, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1 };
      one (s, 1, 2000 + w * 100 + cout);
    }
  for (int w = 2; w < 64; w++)
    for (int at = 0; at < 16; at++) {
      int stride = 1 + at % 2, wide = at & 8 ? 8 + w % 30 : 16 + w % 20;
      BskConvShape s = { 3, w, wide, wide,        3, 3,           stride, stride,
                         1, 1, 1,    at >> 1 & 1, 1, at >> 2 & 1, wide };
      one (s, 2, 6000 + w * 16 + at);
    }
  for (int i = 0; i < N; i++)
    for (int w = 1; w < 30; w += 4) {
      BskConvShape s = {
        4, w, channels[i], channels[i], 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, channels[i]
      };
      one (s, 2, 200 + i * 30 + w);
    }
  for (int seed = 1000; seed < 1300; seed++) {
    BskConvShape s;
    int groups, depthwise;

    check_seed ((uint64_t) seed);
    depthwise = check_between (0, 3) == 0;
    groups = depthwise ? check_between (1, 40) : check_between (0, 2) ? 1 : check_between (2, 5);
    s = (BskConvShape){ .h = check_between (1, 14),
                        .w = check_between (1, 30),
                        .cin = depthwise ? groups : groups * check_between (1, 12),
                        .kh = check_between (1, 5),
                        .kw = check_between (1, 5),
                        .stride_h = check_between (1, 3),
                        .stride_w = check_between (1, 3),
                        .dilation_h = check_between (1, 2),
                        .dilation_w = check_between (1, 2),
                        .pad_top = check_between (0, 5),
                        .pad_left = check_between (0, 5),
                        .pad_bottom = check_between (0, 5),
                        .pad_right = check_between (0, 5),
                        .groups = groups };
    s.cout = depthwise ? groups : groups * check_between (1, 20);
    one (s, (size_t) check_between (1, 3), seed);
  }
}
