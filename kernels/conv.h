/* What convolution and depthwise convolution share.
 * SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "packed.h"

#include <string.h>

/* Where one call of bsk_conv reads and writes. */
typedef struct {
  const uint8_t *a;
  size_t a_image; /* bytes */
  char *c;
  size_t c_image, c_px; /* bytes */
  size_t n_images;
  int y0, y1;
  uint8_t *scratch;
} BskConvRun;

/* bsk_conv_scratch: bytes of the padded copies of one block; false when the size overflows. */
bool bsk_conv_scratch (const BskPacked *header, size_t *bytes);

/* Depthwise: how a shape is packed, run, and what scratch it takes. `quads` are those of weights per
 * channel, as bsk_layout wants them; false when a size overflows. */
bool bsk_depthwise_describe (BskPacked *header, size_t *quads);
void bsk_depthwise_pack (BskPacked *header, const BskGemmArgs *args, const void *w);
bool bsk_depthwise_scratch (const BskPacked *header, size_t *bytes);
void bsk_depthwise_run (const BskPacked *header, const BskConvRun *run);

/* Weights less their zero point may take nine bits; they are then the sum of parts that fit in int8,
 * and every tap is done once for each part. */
enum { BSK_MAX_PARTS = 3 };
int8_t bsk_depthwise_part (int weight, int part);

/* The same for levels with depthwise_flat; the functions above call these. */
bool bsk_flat_describe (BskPacked *header, size_t *quads);
void bsk_flat_pack (BskPacked *header, const BskGemmArgs *args, const void *w);
bool bsk_flat_scratch (const BskPacked *header, size_t *bytes);
void bsk_flat_run (const BskPacked *header, const BskConvRun *run);

/* A one-row kernel puts four of its columns, not rows, into a quad. */
static inline bool
bsk_along_row (const BskConvShape *s)
{
  return s->kh == 1;
}

/* Columns of the padded image that the convolution reads. */
static inline size_t
bsk_padded_w (const BskConvShape *s)
{
  return (size_t) s->w + (size_t) s->pad_left + (size_t) s->pad_right;
}

/* Bytes of a pixel, and of a row of the padded image. */
static inline size_t
bsk_px_bytes (const BskPacked *header)
{
  return (size_t) header->shape.cin * header->a_bytes;
}

static inline size_t
bsk_row_bytes (const BskPacked *header)
{
  return bsk_padded_w (&header->shape) * bsk_px_bytes (header);
}

/* Writes the code of padding. */
static inline void
bsk_fill_padding (const BskPacked *header, uint8_t *out, size_t bytes)
{
  if (header->a_bytes == 1)
    memset (out, header->pad_code, bytes);
  else
    for (size_t i = 0; i < bytes; i += 2)
      memcpy (out + i, &header->pad_code, 2);
}
