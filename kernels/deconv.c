/* Transposed convolution: a plain convolution with the kernel turned around, over the image with
 * padding codes, which stand for zero, between its pixels. SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <string.h>

#define DECONV_MAGIC 0x766e6f63656b7362u

typedef struct {
  uint64_t magic;
  BskConvShape shape;  /* as the caller described it */
  BskConvShape spread; /* the convolution that does it */
  size_t px;           /* bytes of a pixel */
  int16_t pad_code;
} Header;

static const size_t header_bytes = 192;
_Static_assert(sizeof (Header) <= 192, "the header must fit");

static bool
spread_shape (const BskConvShape *s, int extra_h, int extra_w, BskConvShape *out)
{
  int64_t reach_h, reach_w, h, w;

  if (!s || s->h < 1 || s->w < 1 || s->kh < 1 || s->kw < 1 || s->stride_h < 1 || s->stride_w < 1 ||
      s->dilation_h < 1 || s->dilation_w < 1 || extra_h < 0 || extra_w < 0)
    return false;
  reach_h = (int64_t) (s->kh - 1) * s->dilation_h;
  reach_w = (int64_t) (s->kw - 1) * s->dilation_w;
  h = (int64_t) (s->h - 1) * s->stride_h + 1;
  w = (int64_t) (s->w - 1) * s->stride_w + 1;
  if (h > INT32_MAX / 4 || w > INT32_MAX / 4 || reach_h > INT32_MAX / 4 ||
      reach_w > INT32_MAX / 4 || extra_h > INT32_MAX / 4 || extra_w > INT32_MAX / 4)
    return false;
  *out = *s;
  out->h = (int) h;
  out->w = (int) w;
  out->stride_h = out->stride_w = 1;
  out->pad_top = (int) reach_h - s->pad_top;
  out->pad_left = (int) reach_w - s->pad_left;
  out->pad_bottom = (int) reach_h - s->pad_bottom + extra_h;
  out->pad_right = (int) reach_w - s->pad_right + extra_w;
  /* Cropping more than the kernel reaches would need negative padding. */
  return s->pad_top >= 0 && s->pad_left >= 0 && s->pad_bottom >= 0 && s->pad_right >= 0 &&
         out->pad_top >= 0 && out->pad_left >= 0 && out->pad_bottom >= 0 && out->pad_right >= 0;
}

int
bsk_deconv_out_h (const BskConvShape *shape, int extra_h)
{
  BskConvShape spread;

  return spread_shape (shape, extra_h, 0, &spread) ? bsk_conv_out_h (&spread) : 0;
}

int
bsk_deconv_out_w (const BskConvShape *shape, int extra_w)
{
  BskConvShape spread;

  return spread_shape (shape, 0, extra_w, &spread) ? bsk_conv_out_w (&spread) : 0;
}

static size_t
weight_count (const BskConvShape *s)
{
  return (size_t) s->cout * (size_t) s->kh * (size_t) s->kw * (size_t) (s->cin / s->groups);
}

size_t
bsk_deconv_bytes (const BskConvShape *shape, int extra_h, int extra_w, const BskGemmArgs *args)
{
  BskConvShape spread;
  size_t inner =
    spread_shape (shape, extra_h, extra_w, &spread) ? bsk_conv_bytes (&spread, args) : 0;

  /* The turned weights are made at the end; bsk_conv_bytes has checked that their number fits. */
  return inner
           ? header_bytes + inner + bsk_align (weight_count (shape) * bsk_type_bytes (args->a_type))
           : 0;
}

BskStatus
bsk_deconv_pack (const BskConvShape *shape,
                 int extra_h,
                 int extra_w,
                 const BskGemmArgs *args,
                 const void *w,
                 void *packed)
{
  Header *header = packed;
  BskConvShape spread;
  size_t inner, cin, bytes;
  BskStatus status;
  char *turned;

  if (!shape || !args || !w || !packed)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  if (!spread_shape (shape, extra_h, extra_w, &spread))
    return BSK_EINVAL;
  inner = bsk_conv_bytes (&spread, args);
  if (inner == 0) /* for the reason; writes nothing then */
    return bsk_conv_pack (&spread, args, w, packed);
  cin = (size_t) (shape->cin / shape->groups);
  bytes = cin * (args->w_type == BSK_W_S16 ? 2 : 1);
  turned = (char *) packed + header_bytes + inner;
  for (size_t o = 0; o < (size_t) shape->cout; o++) {
    size_t taps = (size_t) shape->kh * (size_t) shape->kw;

    for (size_t tap = 0; tap < taps; tap++)
      memcpy (turned + (o * taps + taps - 1 - tap) * bytes,
              (const char *) w + (o * taps + tap) * bytes, bytes);
  }
  *header = (Header){ .magic = 0 };
  status = bsk_conv_pack (&spread, args, turned, (char *) packed + header_bytes);
  if (status == BSK_OK)
    *header = (Header){ .magic = DECONV_MAGIC,
                        .shape = *shape,
                        .spread = spread,
                        .px = (size_t) shape->cin * bsk_type_bytes (args->a_type),
                        .pad_code = (int16_t) args->a.zero_point };
  return status;
}

static size_t
spread_bytes (const Header *header)
{
  return bsk_align ((size_t) header->spread.h * (size_t) header->spread.w * header->px + BSK_SLACK);
}

size_t
bsk_deconv_scratch_bytes (const void *packed)
{
  const Header *header = packed;

  if (!packed || header->magic != DECONV_MAGIC)
    return 0;
  return spread_bytes (header) + bsk_conv_scratch_bytes ((const char *) packed + header_bytes);
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
  const BskPacked *inner = (const BskPacked *) ((const char *) packed + header_bytes);
  const BskConvShape *s;
  char *spread = scratch;

  if (!packed || (uintptr_t) packed % BSK_ALIGN || header->magic != DECONV_MAGIC)
    return BSK_EINVAL;
  if (n_images == 0)
    return BSK_OK;
  if (!a || !c || !scratch || ldc < (size_t) header->shape.cout)
    return BSK_EINVAL;
  if ((uintptr_t) scratch % BSK_ALIGN)
    return BSK_EALIGN;
  s = &header->shape;
  for (size_t i = 0; i < spread_bytes (header); i += inner->a_bytes)
    memcpy (spread + i, &header->pad_code, inner->a_bytes);
  for (size_t i = 0; i < n_images; i++) {
    const char *image = (const char *) a + i * a_image * inner->a_bytes;
    BskStatus status;

    for (size_t y = 0; y < (size_t) s->h; y++)
      for (size_t x = 0; x < (size_t) s->w; x++)
        memcpy (spread + (y * (size_t) s->stride_h * (size_t) header->spread.w +
                          x * (size_t) s->stride_w) *
                           header->px,
                image + (y * (size_t) s->w + x) * header->px, header->px);
    status = bsk_conv (inner, spread, 0, (char *) c + i * c_image * inner->c_bytes, 0, ldc, 1, 0,
                       inner->out_h, spread + spread_bytes (header));
    if (status)
      return status;
  }
  return BSK_OK;
}
