/* Convolutions with weights of 4, 2 and 1 bits, code books and groups against their definition and
 * plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <string.h>

/* Without a code for zero: groups of channels cannot be merged then. */
static const int8_t uneven[16] = { -127, -88, -67, -50, -36, -23, -12, -3,
                                   10,   20,  31,  43,  56,  71,  92,  127 };

typedef struct {
  BskConvShape s;
  BskGemmArgs args;
  int8_t codebook[16];
  int8_t *w;
  uint8_t *a;
  int kind; /* 0 random codes; 1 the largest weights and activations */
} Case;

/* The value at an output position, in float: what requantization rounds. */
static float
definition (const Case *c, size_t image, int y, int x, int o, int32_t *sum_out)
{
  const BskConvShape *s = &c->s;
  const BskGemmArgs *args = &c->args;
  int cin = s->cin / s->groups, k = s->kh * s->kw * cin, group = args->group ? args->group : k;
  float f = args->bias_real ? args->bias_real[o] / args->a.scale : 0;
  int64_t sum = args->bias ? args->bias[o] : 0;

  for (int i = 0; i < k; i++) {
    int tap = i / cin, iy = y * s->stride_h + tap / s->kw * s->dilation_h - s->pad_top,
        ix = x * s->stride_w + tap % s->kw * s->dilation_w - s->pad_left;
    int8_t code = c->w[o * k + i];

    if (iy >= 0 && iy < s->h && ix >= 0 && ix < s->w) {
      uint8_t byte = c->a[((image * (size_t) s->h + (size_t) iy) * (size_t) s->w + (size_t) ix) *
                            (size_t) s->cin +
                          (size_t) (o / (s->cout / s->groups) * cin + i % cin)];

      sum += (int64_t) ((args->a_type == BSK_S8 ? (int8_t) byte : byte) - args->a.zero_point) *
             (args->w_type == BSK_W_CODEBOOK4 ? args->codebook[code] : code);
    }
    if (args->group && ((i + 1) % group == 0 || i == k - 1)) {
      f = fmaf ((float) sum, args->w_scale[o * ((k - 1) / group + 1) + i / group], f);
      sum = 0;
    }
  }
  *sum_out = (int32_t) sum;
  if (args->group)
    return args->out_type == BSK_F32 ? f * args->a.scale : f * (args->a.scale / args->out.scale);
  return (float) sum * (args->out_type == BSK_F32
                          ? args->a.scale * args->w_scale[o]
                          : args->a.scale * args->w_scale[o] / args->out.scale);
}

static bool
element_good (const Case *c, const void *out, size_t at, float want, int32_t sum)
{
  const BskQParams *q = &c->args.out;
  double code = (double) rintf (want) + q->zero_point;
  int32_t s;
  float f;

  if (c->args.out_type == BSK_U8 || c->args.out_type == BSK_S8)
    return ((const uint8_t *) out)[at] == (uint8_t) (code < q->qmin   ? q->qmin
                                                     : code > q->qmax ? q->qmax
                                                                      : (int) code);
  memcpy (&s, (const char *) out + 4 * at, 4);
  memcpy (&f, &s, 4);
  return c->args.out_type == BSK_S32 ? s == sum : f == want;
}

static void
fill (Case *c, size_t images, int seed)
{
  static const int lowest[] = { -128, -8, -2, 0, 0 }, highest[] = { 127, 7, 1, 1, 15 };
  int n = c->s.cout, k = c->s.kh * c->s.kw * (c->s.cin / c->s.groups);
  int scales = c->args.group ? (k - 1) / c->args.group + 1 : 1;
  size_t count = images * (size_t) (c->s.h * c->s.w * c->s.cin) + BSK_SLACK;
  int shift = c->args.a_type == BSK_S8 ? -128 : 0;
  float *scale = check_buffer ((size_t) (n * scales) * sizeof *scale),
        *real = check_buffer ((size_t) n * sizeof *real);
  int32_t *bias = check_buffer ((size_t) n * sizeof *bias);

  memcpy (c->codebook, uneven, 16);
  if (seed % 3)
    c->codebook[check_between (0, 15)] = 0;
  c->args.codebook = c->codebook;
  c->args.a = (BskQParams){ 0.02f, check_between (shift, shift + 255), shift, shift + 255 };
  c->args.out = (BskQParams){ 0.0005f * (float) (k + 1), 0, 0, 0 };
  c->args.out.qmin = c->args.out_type == BSK_S8 ? -128 : 0;
  c->args.out.qmax = c->args.out.qmin + (seed % 5 ? 255 : 15);
  c->args.out.zero_point = check_between (c->args.out.qmin, c->args.out.qmax);
  for (int i = 0; i < n * scales; i++)
    scale[i] = 0.004f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
  for (int i = 0; i < n; i++) {
    bias[i] = check_between (-500, 500);
    real[i] = check_normal ();
  }
  c->args.w_scale = scale;
  c->args.bias = c->args.group || seed % 2 ? NULL : bias;
  c->args.bias_real = c->args.group && seed % 2 ? real : NULL;
  c->w = check_buffer ((size_t) (n * k));
  for (int i = 0; i < n * k; i++) {
    int code = c->kind ? highest[c->args.w_type]
                       : check_between (lowest[c->args.w_type], highest[c->args.w_type]);

    c->w[i] = (int8_t) (c->args.w_type == BSK_W_BIT ? 2 * code - 1 : code);
  }
  c->a = check_buffer (count);
  check_fill (c->a, count, c->args.a_type, shift, shift + 255, c->kind);
}

static void
one (Case *c, size_t images, int seed)
{
  const BskConvShape *s = &c->s;
  int out_h = bsk_conv_out_h (s), out_w = bsk_conv_out_w (s);
  size_t a_image = (size_t) (s->h * s->w * s->cin), ldc, c_image, bytes, out_bytes;
  char *got, *want;

  check_case (
    "low conv %dx%dx%d>%d k %dx%d stride %dx%d dil %dx%d pad %d,%d,%d,%d groups %d type %d "
    "group %d a %d out %d seed %d",
    s->h, s->w, s->cin, s->cout, s->kh, s->kw, s->stride_h, s->stride_w, s->dilation_h,
    s->dilation_w, s->pad_top, s->pad_left, s->pad_bottom, s->pad_right, s->groups,
    (int) c->args.w_type, c->args.group, (int) c->args.a_type, (int) c->args.out_type, seed);
  if (out_h < 1 || out_w < 1)
    return;
  check_seed ((uint64_t) seed);
  fill (c, images, seed);
  ldc = (size_t) s->cout + (size_t) check_between (0, 2);
  c_image = (size_t) (out_h * out_w) * ldc;
  bytes = c->args.out_type == BSK_S32 || c->args.out_type == BSK_F32 ? 4 : 1;
  out_bytes = (images * c_image - ldc + (size_t) s->cout) * bytes;
  got = check_buffer (out_bytes);
  want = check_buffer (out_bytes);
  for (int ref = 0; ref < 2; ref++) {
    void *packed, *scratch = NULL;
    size_t size;

    if (ref)
      check_ref ();
    else
      check_level ();
    size = bsk_conv_bytes (s, &c->args);
    if (!check_that (size > 0, "bytes"))
      break;
    packed = check_buffer (size);
    if (!CHECK_OK (bsk_conv_pack (s, &c->args, c->w, packed)))
      break;
    if (bsk_conv_scratch_bytes (packed))
      scratch = check_buffer (bsk_conv_scratch_bytes (packed));
    CHECK_OK (
      bsk_conv (packed, c->a, a_image, ref ? want : got, c_image, ldc, images, 0, out_h, scratch));
  }
  check_level ();
  check_same (got, want, out_bytes, "level against ref");
  for (size_t i = 0; i < images; i++)
    for (int y = 0; y < out_h; y++)
      for (int x = 0; x < out_w; x++)
        for (int o = 0; o < s->cout; o++) {
          int32_t sum;
          float value = definition (c, i, y, x, o, &sum);
          size_t at = i * c_image + (size_t) (y * out_w + x) * ldc + (size_t) o;

          if (!check_that (element_good (c, want, at, value, sum), "image %zu y %d x %d channel %d",
                           i, y, x, o))
            i = images, y = out_h, x = out_w, o = s->cout;
        }
  check_free_all ();
}

void
check_low_conv (void)
{
  static const BskWeightType types[] = { BSK_W_S4, BSK_W_S2, BSK_W_BIT, BSK_W_CODEBOOK4, BSK_W_S8 };
  static const BskType outs[] = { BSK_U8, BSK_F32, BSK_S8, BSK_S32 };
  int seed = 1;

  for (int i = 0; i < 500; i++, seed++) {
    Case c = { .args.w_type = types[i % 5], .kind = i % 17 == 16 };
    int groups, cin, cout;

    check_seed ((uint64_t) seed * 313);
    groups = i % 3 ? 1 : check_between (2, 6);
    cin = check_between (1, i % 4 ? 9 : 40);
    cout = check_between (1, i % 7 ? 12 : 70);
    if (types[i % 5] == BSK_W_S8 || i % 4 == 0) { /* scales per group along k */
      c.args.group = 16 * check_between (1, 3);
      cin = i % 8 ? c.args.group * check_between (1, 2) : cin;
    } else if (i % 3 == 0 && i % 2) { /* depthwise */
      cin = cout = 1;
      groups = check_between (2, 40);
    }
    c.args.a_type = i / 5 % 2 ? BSK_S8 : BSK_U8;
    c.args.out_type = outs[i / 3 % (c.args.group ? 3 : 4)];
    c.s = (BskConvShape){ .h = check_between (1, 9),
                          .w = check_between (1, 18),
                          .cin = groups * cin,
                          .cout = groups * cout,
                          .kh = check_between (1, 4),
                          .kw = check_between (1, 4),
                          .stride_h = check_between (1, 2),
                          .stride_w = check_between (1, 3),
                          .dilation_h = i % 5 == 1 ? check_between (1, 3) : 1,
                          .dilation_w = i % 5 == 1 ? check_between (1, 3) : 1,
                          .pad_top = check_between (0, 2),
                          .pad_left = check_between (0, 2),
                          .pad_bottom = check_between (0, 2),
                          .pad_right = check_between (0, 2),
                          .groups = groups };
    if (c.args.group && cin % c.args.group) /* a single piece of K may be cut anywhere */
      c.s.kh = c.s.kw = 1;
    if (i % 6 == 0)
      c.s.pad_top = c.s.pad_left = c.s.pad_bottom = c.s.pad_right = 0;
    one (&c, (size_t) check_between (1, 3), seed);
  }
}
