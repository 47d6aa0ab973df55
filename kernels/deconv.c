/* Transposed convolution: outputs a stride apart are reached by the same taps, so that they are one
 * plain convolution; there is one for each offset. SPDX-License-Identifier: BSD-2-Clause */
#include "conv.h"

#define DECONV_MAGIC 0x766e6f63656b7362u

/* One direction. */
typedef struct {
  int in, out, kernel, stride, dilation, pad;
} Axis;

/* Outputs first, first + stride, … of an axis. Output j of them is the sum over i < taps of tap
 * (tap + (taps − 1 − i) · tap_step) with input start + j + i · dilation. */
typedef struct {
  int first, count, taps, tap, tap_step, start, dilation;
} Phase;

/* The outputs of a phase of rows and one of columns. */
typedef struct {
  Phase y, x;
  BskConvShape shape; /* of one row of them */
} Part;

/* The places of the parts follow, then their packed convolutions, then room for the weights of one. */
typedef struct {
  uint64_t magic;
  BskConvShape shape; /* as the caller described it */
  Axis y, x;
  int first_row, last_row;                 /* of the input and of the padding that parts need */
  size_t n_parts, px, copy_bytes, scratch; /* px: bytes of a pixel; scratch: of a part */
} Header;

static const size_t header_bytes = 256;
_Static_assert(sizeof (Header) <= 256, "the header must fit");

static bool
axis_of (int in, int kernel, int stride, int dilation, int pad, int pad_end, int extra, Axis *axis)
{
  const int most = INT32_MAX / 4;
  int64_t reach, spread, out;

  if (in < 1 || kernel < 1 || stride < 1 || dilation < 1 || extra < 0)
    return false;
  reach = (int64_t) (kernel - 1) * dilation;
  spread = (int64_t) (in - 1) * stride;
  if (reach > most || spread > most || extra > most || pad < 0 || pad > reach || pad_end < 0 ||
      pad_end > reach)
    return false;
  out = spread + reach + 1 + extra - pad - pad_end;
  *axis = (Axis){ in, (int) out, kernel, stride, dilation, pad };
  return out > 0;
}

static bool
axes_of (const BskConvShape *s, int extra_h, int extra_w, Axis *y, Axis *x)
{
  return s &&
         axis_of (s->h, s->kh, s->stride_h, s->dilation_h, s->pad_top, s->pad_bottom, extra_h, y) &&
         axis_of (s->w, s->kw, s->stride_w, s->dilation_w, s->pad_left, s->pad_right, extra_w, x);
}

int
bsk_deconv_out_h (const BskConvShape *shape, int extra_h)
{
  Axis y, x;

  return axes_of (shape, extra_h, 0, &y, &x) ? y.out : 0;
}

int
bsk_deconv_out_w (const BskConvShape *shape, int extra_w)
{
  Axis y, x;

  return axes_of (shape, 0, extra_w, &y, &x) ? x.out : 0;
}

static int
n_phases (const Axis *axis)
{
  return axis->stride < axis->out ? axis->stride : axis->out;
}

static int
common_divisor (int a, int b)
{
  return b ? common_divisor (b, a % b) : a;
}

/* Where no tap reaches, the first one meets padding. */
static Phase
phase_of (const Axis *axis, int first)
{
  int divisor = common_divisor (axis->stride, axis->dilation), at = first + axis->pad;
  Phase p = { .first = first,
              .count = (axis->out - first - 1) / axis->stride + 1,
              .taps = 1,
              .tap_step = axis->stride / divisor,
              .start = axis->in,
              .dilation = axis->dilation / divisor };

  for (int tap = 0; tap < axis->kernel && tap < p.tap_step; tap++)
    if ((at - tap * axis->dilation) % axis->stride == 0) {
      p.tap = tap;
      p.taps = (axis->kernel - 1 - tap) / p.tap_step + 1;
      p.start = (at - tap * axis->dilation) / axis->stride - (p.taps - 1) * p.dilation;
    }
  return p;
}

/* Inputs, with padding, that a row of outputs needs. */
static int
n_inputs (const Phase *p)
{
  return p->count + (p->taps - 1) * p->dilation;
}

static Part
part_of (const BskConvShape *s, const Axis *y, const Axis *x, size_t i)
{
  size_t n_x = (size_t) n_phases (x);
  Part p = { .y = phase_of (y, (int) (i / n_x)), .x = phase_of (x, (int) (i % n_x)) };

  p.shape = (BskConvShape){ .h = (p.y.taps - 1) * p.y.dilation + 1,
                            .w = n_inputs (&p.x),
                            .cin = s->cin,
                            .cout = s->cout,
                            .kh = p.y.taps,
                            .kw = p.x.taps,
                            .stride_h = 1,
                            .stride_w = 1,
                            .dilation_h = p.y.dilation,
                            .dilation_w = p.x.dilation,
                            .groups = s->groups };
  return p;
}

static size_t
tap_bytes (const BskConvShape *s, const BskGemmArgs *args)
{
  return (size_t) (s->cin / s->groups) * (args->w_type == BSK_W_S16 ? 2 : 1);
}

/* Fills the header, and says how long the packed form is without the weights of one part. */
static BskStatus
describe (const BskConvShape *s,
          int extra_h,
          int extra_w,
          const BskGemmArgs *args,
          Header *header,
          size_t *bytes)
{
  Axis y, x;
  size_t columns = 0, n;

  if (!args || !axes_of (s, extra_h, extra_w, &y, &x))
    return BSK_EINVAL;
  if (args->group)
    return BSK_ENOTSUP;
  n = (size_t) n_phases (&y) * (size_t) n_phases (&x);
  *header =
    (Header){ .magic = DECONV_MAGIC, .shape = *s, .y = y, .x = x, .last_row = s->h, .n_parts = n };
  *bytes = header_bytes + bsk_align (n * sizeof (size_t));
  for (size_t i = 0; i < n; i++) {
    Part p = part_of (s, &y, &x, i);
    size_t inner = bsk_conv_bytes (&p.shape, args);

    if (inner == 0)
      return bsk_conv_pack (&p.shape, args, NULL, NULL); /* for the reason */
    if (__builtin_add_overflow (*bytes, bsk_align (inner), bytes))
      return BSK_ERANGE;
    if (p.y.start < header->first_row)
      header->first_row = p.y.start;
    if (p.y.start + n_inputs (&p.y) > header->last_row)
      header->last_row = p.y.start + n_inputs (&p.y);
    if ((size_t) p.shape.w > columns)
      columns = (size_t) p.shape.w;
  }
  header->px = (size_t) s->cin * bsk_type_bytes (args->a_type);
  if (!bsk_size_mul (columns * header->px, (size_t) (header->last_row - header->first_row),
                     &header->copy_bytes))
    return BSK_ERANGE;
  header->copy_bytes = bsk_align (header->copy_bytes + BSK_SLACK);
  return BSK_OK;
}

size_t
bsk_deconv_bytes (const BskConvShape *shape, int extra_h, int extra_w, const BskGemmArgs *args)
{
  Header header;
  size_t bytes, weights;

  if (describe (shape, extra_h, extra_w, args, &header, &bytes) ||
      !bsk_size_mul ((size_t) shape->kh * (size_t) shape->kw, (size_t) shape->cout, &weights) ||
      !bsk_size_mul (weights, tap_bytes (shape, args), &weights) ||
      __builtin_add_overflow (bytes, bsk_align (weights), &bytes))
    return 0;
  return bytes;
}

/* The weights of a part, turned around. */
static void
cut_weights (const BskConvShape *s, const Part *p, size_t bytes, const char *w, char *cut)
{
  for (int o = 0; o < s->cout; o++)
    for (int i = p->y.taps - 1; i >= 0; i--)
      for (int j = p->x.taps - 1; j >= 0; j--, cut += bytes) {
        size_t ky = (size_t) (p->y.tap + i * p->y.tap_step),
               kx = (size_t) (p->x.tap + j * p->x.tap_step);

        memcpy (cut, w + (((size_t) o * (size_t) s->kh + ky) * (size_t) s->kw + kx) * bytes, bytes);
      }
}

static size_t *
places_of (const void *packed)
{
  return (size_t *) (void *) ((char *) packed + header_bytes);
}

BskStatus
bsk_deconv_pack (const BskConvShape *shape,
                 int extra_h,
                 int extra_w,
                 const BskGemmArgs *args,
                 const void *w,
                 void *packed)
{
  Header header;
  size_t bytes, at;
  BskStatus status;
  char *cut;

  if (!shape || !args || !w || !packed)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  status = describe (shape, extra_h, extra_w, args, &header, &bytes);
  if (status)
    return status;
  *(Header *) packed = (Header){ .magic = 0 };
  at = header_bytes + bsk_align (header.n_parts * sizeof at);
  cut = (char *) packed + bytes;
  for (size_t i = 0; i < header.n_parts; i++) {
    Part p = part_of (shape, &header.y, &header.x, i);
    char *inner = (char *) packed + at;

    cut_weights (shape, &p, tap_bytes (shape, args), w, cut);
    status = bsk_conv_pack (&p.shape, args, cut, inner);
    if (status)
      return status;
    places_of (packed)[i] = at;
    at += bsk_align (bsk_conv_bytes (&p.shape, args));
    if (bsk_conv_scratch_bytes (inner) > header.scratch)
      header.scratch = bsk_conv_scratch_bytes (inner);
  }
  *(Header *) packed = header;
  return BSK_OK;
}

size_t
bsk_deconv_scratch_bytes (const void *packed)
{
  const Header *header = packed;

  return packed && header->magic == DECONV_MAGIC ? header->copy_bytes + header->scratch : 0;
}

/* The inputs of a phase of columns, padding around them. */
static void
copy_inputs (const Header *header,
             const BskPacked *inner,
             const Phase *x,
             const char *image,
             char *copy)
{
  const BskConvShape *s = &header->shape;
  int n = n_inputs (x), first = x->start > 0 ? x->start : 0,
      last = x->start + n < s->w ? x->start + n : s->w;
  size_t row = (size_t) n * header->px, rows = (size_t) (header->last_row - header->first_row);

  bsk_fill_padding (inner, (uint8_t *) copy, rows * row);
  for (int y = 0; y < s->h && first < last; y++)
    memcpy (copy + (size_t) (y - header->first_row) * row +
              (size_t) (first - x->start) * header->px,
            image + ((size_t) y * (size_t) s->w + (size_t) first) * header->px,
            (size_t) (last - first) * header->px);
}

/* The rows of a part are images of their own to its convolution. */
static BskStatus
run_part (const Header *header,
          const Part *p,
          const BskPacked *inner,
          const char *copy,
          char *c,
          size_t ldc,
          void *scratch)
{
  size_t row = (size_t) p->shape.w * (size_t) p->shape.cin, out_row = (size_t) header->x.out * ldc;

  return bsk_conv (inner, copy + (size_t) (p->y.start - header->first_row) * row * inner->a_bytes,
                   row,
                   c + ((size_t) p->y.first * out_row + (size_t) p->x.first * ldc) * inner->c_bytes,
                   (size_t) header->y.stride * out_row, (size_t) header->x.stride * ldc,
                   (size_t) p->y.count, 0, 1, scratch);
}

BskStatus
bsk_deconv (const void *packed,
            const void *a,
            size_t a_image,
            void *c,
            size_t c_image,
            size_t ldc,
            size_t n_images,
            void *scratch)
{
  const Header *header = packed;
  char *copy = scratch;

  if (!packed || (uintptr_t) packed % BSK_ALIGN || header->magic != DECONV_MAGIC)
    return BSK_EINVAL;
  if (n_images == 0)
    return BSK_OK;
  if (!a || !c || !scratch || ldc < (size_t) header->shape.cout)
    return BSK_EINVAL;
  if ((uintptr_t) scratch % BSK_ALIGN)
    return BSK_EALIGN;
  for (size_t i = 0; i < n_images; i++)
    for (size_t x = 0, n_x = (size_t) n_phases (&header->x); x < n_x; x++)
      for (size_t at = x; at < header->n_parts; at += n_x) {
        Part p = part_of (&header->shape, &header->y, &header->x, at);
        const BskPacked *inner =
          (const BskPacked *) (const void *) ((const char *) packed + places_of (packed)[at]);
        BskStatus status;

        if (at == x)
          copy_inputs (header, inner, &p.x, (const char *) a + i * a_image * inner->a_bytes, copy);
        status = run_part (header, &p, inner, copy, (char *) c + i * c_image * inner->c_bytes, ldc,
                           copy + header->copy_bytes);
        if (status)
          return status;
      }
  return BSK_OK;
}
