/* Float convolution on NHWC images: packing, and the walk over an image whose kernels are cut at
 * its edges, so that nothing is padded or copied.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <string.h>

enum {
  UNIT = 16,
  MAX_SEGMENTS = 256,
  CHUNK = 4096 /* floats of input that stay in the first-level cache */
};

typedef struct {
  uint64_t magic;
  const BskTable *table;
  BskConvShape shape;
  int out_h, out_w;
  bool depthwise;
  bool rows;      /* the input below one kernel row is contiguous */
  bool pointwise; /* one pixel in, one out: images are long rows */
  float lo, hi;
  size_t k;        /* weights of one output */
  size_t units;    /* of 16 output channels in a group */
  size_t start, w; /* offsets in bytes from the header */
  size_t bytes;
} Packed;

#define MAGIC 0x3066636b73746942u

static BskStatus
describe (const BskConvShape *s, Packed *packed)
{
  int out_h = s ? bsk_conv_out_h (s) : 0, out_w = s ? bsk_conv_out_w (s) : 0;
  size_t group_k, image, weights, channels;

  if (out_h < 1 || out_w < 1)
    return BSK_EINVAL;
  *packed = (Packed){ .magic = MAGIC,
                      .table = bsk_table (),
                      .shape = *s,
                      .out_h = out_h,
                      .out_w = out_w,
                      .depthwise = s->groups > 1 && s->groups == s->cin && s->groups == s->cout,
                      .rows = s->groups == 1 && (s->dilation_w == 1 || s->kw == 1) };
  packed->pointwise = s->groups == 1 && s->kh == 1 && s->kw == 1 && s->stride_h == 1 &&
                      s->stride_w == 1 && packed->out_h == s->h && packed->out_w == s->w;
  if (!bsk_size_mul ((size_t) s->kh, (size_t) s->kw, &packed->k) ||
      !bsk_size_mul (packed->k, (size_t) (s->cin / s->groups), &group_k) ||
      !bsk_size_mul ((size_t) s->h * (size_t) s->w, (size_t) s->cin, &image) ||
      image > SIZE_MAX / 32)
    return BSK_ERANGE;
  if ((packed->rows ? (size_t) s->kh : packed->k) > MAX_SEGMENTS)
    return BSK_ENOTSUP;
  packed->k = group_k;
  packed->units = ((size_t) (packed->depthwise ? s->cout : s->cout / s->groups) + UNIT - 1) / UNIT;
  channels = packed->units * UNIT * (packed->depthwise ? 1 : (size_t) s->groups);
  if (!bsk_size_mul (packed->k, channels, &weights) || weights > SIZE_MAX / 32)
    return BSK_ERANGE;
  packed->start = bsk_align (sizeof *packed);
  packed->w = packed->start + bsk_align (channels * sizeof (float));
  packed->bytes = packed->w + bsk_align (weights * sizeof (float));
  return BSK_OK;
}

size_t
bsk_conv_f32_bytes (const BskConvShape *shape)
{
  Packed packed;

  return describe (shape, &packed) == BSK_OK ? packed.bytes : 0;
}

BskStatus
bsk_conv_f32_pack (const BskConvShape *shape,
                   const float *w,
                   const float *bias,
                   float lo,
                   float hi,
                   void *packed)
{
  Packed *p = packed, header;
  BskStatus status = describe (shape, &header);
  float *start, *columns;
  size_t groups, per_group;

  if (status)
    return status;
  if (!w || !packed || !(lo <= hi))
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  memset (packed, 0, header.bytes);
  *p = header;
  p->lo = lo;
  p->hi = hi;
  start = (float *) (void *) ((char *) packed + p->start);
  columns = (float *) (void *) ((char *) packed + p->w);
  groups = p->depthwise ? 1 : (size_t) shape->groups;
  per_group = (size_t) shape->cout / groups;
  for (size_t o = 0; o < (size_t) shape->cout; o++) {
    size_t g = o / per_group, n = o % per_group, unit = g * p->units + n / UNIT;

    start[unit * UNIT + n % UNIT] = bias ? bias[o] : 0;
    for (size_t k = 0; k < p->k; k++)
      columns[p->depthwise ? k * p->units * UNIT + n : (unit * p->k + k) * UNIT + n % UNIT] =
        w[o * p->k + k];
  }
  return BSK_OK;
}

/* The end of the output pixels from first on whose kernels are cut in the same way: one at an edge, or all between
 * the edges. */
static int
same_cut (int first, int out, int size, int pad, int kernel, int dilation, int stride)
{
  int64_t at = (int64_t) first * stride - pad, span = (int64_t) (kernel - 1) * dilation + 1;
  int64_t last; /* that fits */

  if (at < 0 || at + span > size)
    return first + 1;
  last = (size + (int64_t) pad - span) / stride;
  return last + 1 < out ? (int) last + 1 : out;
}

/* Output pixels [y0, y1) × [x0, x1), whose kernels are cut in the same way: the kernel rows and
 * columns that are there become segments. */
static void
run_region (const Packed *p, const float *a, float *c, size_t ldc, int y0, int y1, int x0, int x1)
{
  const BskConvShape *s = &p->shape;
  const size_t cin = (size_t) s->cin, per_group = cin / (size_t) s->groups;
  const int64_t at_y = (int64_t) y0 * s->stride_h - s->pad_top,
                at_x = (int64_t) x0 * s->stride_w - s->pad_left;
  /* pixels are taken along the longer side */
  const bool down = y1 - y0 > x1 - x0;
  const size_t a_x = (size_t) s->stride_w * cin, a_y = (size_t) s->stride_h * (size_t) s->w * cin,
               c_y = (size_t) p->out_w * ldc;
  int y_from, y_to, x_from, x_to, n = 0;
  BskFloatSegment seg[MAX_SEGMENTS];
  BskFloatTile tile = { .a = a,
                        .a_px = down ? a_y : a_x,
                        .seg = seg,
                        .lo = p->lo,
                        .hi = p->hi,
                        .c = c + (size_t) y0 * c_y + (size_t) x0 * ldc,
                        .c_px = down ? c_y : ldc,
                        .pixels = (size_t) (down ? y1 - y0 : x1 - x0),
                        .start = (const float *) (const void *) ((const char *) p + p->start),
                        .w = (const float *) (const void *) ((const char *) p + p->w),
                        .w_unit = p->k * UNIT,
                        .cols = s->cout / s->groups };

  bsk_taps_inside (at_y, s->h, s->kh, s->dilation_h, &y_from, &y_to);
  bsk_taps_inside (at_x, s->w, s->kw, s->dilation_w, &x_from, &x_to);
  for (int ky = y_from; ky < y_to; ky++) {
    int64_t row = (at_y + (int64_t) ky * s->dilation_h) * s->w + at_x;

    for (int kx = x_from; kx < x_to; kx++) {
      seg[n++] =
        (BskFloatSegment){ .a = (ptrdiff_t) (row + (int64_t) kx * s->dilation_w) * (ptrdiff_t) cin,
                           .w = ((size_t) ky * (size_t) s->kw + (size_t) kx) * per_group,
                           .len = (int) per_group };
      if (p->rows) {
        seg[n - 1].len *= x_to - x_from;
        break;
      }
    }
  }
  tile.n_seg = n;
  for (int line = 0; line < (down ? x1 - x0 : y1 - y0); line++) {
    BskFloatTile group = tile;

    for (int g = 0; g < s->groups; g++) {
      p->table->dense_f32 (&group);
      group.a += per_group;
      group.c += tile.cols;
      group.start += p->units * UNIT;
      group.w += p->units * tile.w_unit;
    }
    tile.a += down ? a_x : a_y;
    tile.c += down ? ldc : c_y;
  }
}

static void
run_image (const Packed *p, const float *a, float *c, size_t ldc)
{
  const BskConvShape *s = &p->shape;

  for (int y = 0, y_end; y < p->out_h; y = y_end) {
    y_end = same_cut (y, p->out_h, s->h, s->pad_top, s->kh, s->dilation_h, s->stride_h);
    for (int x = 0, x_end; x < p->out_w; x = x_end) {
      x_end = same_cut (x, p->out_w, s->w, s->pad_left, s->kw, s->dilation_w, s->stride_w);
      run_region (p, a, c, ldc, y, y_end, x, x_end);
    }
  }
}

static void
run_depthwise (const Packed *p, const float *a, float *c, size_t ldc)
{
  const BskConvShape *s = &p->shape;
  const size_t row = (size_t) s->w * (size_t) s->cin;
  BskFloatRow r = { .a_row = (size_t) s->dilation_h * row,
                    .w_px = p->units * UNIT,
                    .kw = s->kw,
                    .dilation = s->dilation_w,
                    .stride = s->stride_w,
                    .pad = s->pad_left,
                    .width = s->w,
                    .start = (const float *) (const void *) ((const char *) p + p->start),
                    .lo = p->lo,
                    .hi = p->hi,
                    .c_px = ldc,
                    .pixels = p->out_w,
                    .channels = s->cout };

  for (int y = 0; y < p->out_h; y++) {
    int64_t at = (int64_t) y * s->stride_h - s->pad_top;
    int from, to;

    bsk_taps_inside (at, s->h, s->kh, s->dilation_h, &from, &to);
    r.rows = to - from;
    r.a = a + (r.rows ? (size_t) (at + (int64_t) from * s->dilation_h) * row : 0);
    r.w =
      (const float *) (const void *) ((const char *) p + p->w) + (size_t) (from * s->kw) * r.w_px;
    r.c = c + (size_t) (y * p->out_w) * ldc;
    p->table->depthwise_f32 (&r);
  }
}

/* All pixels of all images as one matrix, some rows of it at a time. */
static void
run_pointwise (const Packed *p, const float *a, float *c, size_t ldc, size_t pixels)
{
  const size_t cin = (size_t) p->shape.cin, chunk = CHUNK / cin < 48 ? 48 : CHUNK / cin / 24 * 24;
  const BskFloatSegment all = { .len = p->shape.cin };
  BskFloatTile tile = { .a_px = cin,
                        .seg = &all,
                        .n_seg = 1,
                        .w = (const float *) (const void *) ((const char *) p + p->w),
                        .w_unit = p->k * UNIT,
                        .start = (const float *) (const void *) ((const char *) p + p->start),
                        .lo = p->lo,
                        .hi = p->hi,
                        .c_px = ldc,
                        .cols = p->shape.cout };

  for (size_t i = 0; i < pixels; i += chunk) {
    tile.a = a + i * cin;
    tile.c = c + i * ldc;
    tile.pixels = pixels - i < chunk ? pixels - i : chunk;
    p->table->dense_f32 (&tile);
  }
}

BskStatus
bsk_conv_f32 (const void *packed, const float *a, float *c, size_t ldc, size_t n_images)
{
  const Packed *p = packed;

  if (!p || p->magic != MAGIC || ldc < (size_t) p->shape.cout || (n_images && (!a || !c)))
    return BSK_EINVAL;
  size_t in = (size_t) p->shape.h * (size_t) p->shape.w,
         out = (size_t) p->out_h * (size_t) p->out_w;
  if (p->pointwise) {
    run_pointwise (p, a, c, ldc, in * n_images);
    return BSK_OK;
  }
  for (size_t i = 0; i < n_images; i++)
    (p->depthwise ? run_depthwise : run_image) (p, a + i * in * (size_t) p->shape.cin,
                                                c + i * out * ldc, ldc);
  return BSK_OK;
}
