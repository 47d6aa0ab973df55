/* Quantizing and dequantizing streams: checks, rows, layouts.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <string.h>

/* Pixels and channels transposed at a time: their floats and codes fit in the first-level cache. */
enum { TILE = 256, TILE_CHANNELS = 16 };

static size_t
min (size_t a, size_t b)
{
  return a < b ? a : b;
}

/* a [rows][lda] of codes → c [cols][ldc]. */
static void
transpose (const void *a, size_t rows, size_t cols, size_t lda, size_t bytes, void *c, size_t ldc)
{
  if (bytes == 1) {
    bsk_table ()->transpose_8 (a, rows, cols, lda, c, ldc);
    return;
  }
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      memcpy ((char *) c + (j * ldc + i) * bytes, (const char *) a + (i * lda + j) * bytes, bytes);
}

static void
quantize (const float *x, size_t n, const BskQParams *params, BskType type, void *q)
{
  if (type == BSK_S16)
    bsk_table ()->quantize_16 (x, n, params, q);
  else
    bsk_table ()->quantize_8 (x, n, params, bsk_flip (type), q);
}

BskStatus
bsk_quantize (const float *x, size_t n, const BskQParams *params, BskType type, void *q)
{
  BskStatus status;

  if (!params || (n && (!x || !q)))
    return BSK_EINVAL;
  status = bsk_check_qparams (params, type, true);
  if (!status && n)
    quantize (x, n, params, type, q);
  return status;
}

BskStatus
bsk_quantize_rows (const float *x,
                   size_t rows,
                   size_t inner,
                   const BskQParams *params,
                   BskType type,
                   void *q)
{
  size_t n;

  if (!bsk_size_mul (rows, inner, &n))
    return BSK_ERANGE;
  if (n && (!x || !params || !q))
    return BSK_EINVAL;
  for (size_t i = 0; i < rows; i++) {
    BskStatus status = bsk_check_qparams (&params[i], type, true);

    if (status)
      return status;
  }
  for (size_t i = 0; i < rows && inner; i++)
    quantize (x + i * inner, inner, &params[i], type,
              (char *) q + i * inner * bsk_type_bytes (type));
  return BSK_OK;
}

BskStatus
bsk_quantize_nchw (const float *x,
                   size_t n_images,
                   size_t channels,
                   size_t pixels,
                   const BskQParams *params,
                   BskType type,
                   void *q)
{
  size_t image, bytes = bsk_type_bytes (type);
  BskStatus status;

  if (!bsk_size_mul (channels, pixels, &image) || !bsk_size_mul (image, n_images, &image))
    return BSK_ERANGE;
  if (!params || (image && (!x || !q)))
    return BSK_EINVAL;
  status = bsk_check_qparams (params, type, true);
  if (status || image == 0)
    return status;
  if (channels == 1 || pixels == 1)
    return bsk_quantize (x, image, params, type, q);
  for (size_t i = 0; i < n_images; i++)
    for (size_t p = 0; p < pixels; p += TILE)
      for (size_t c = 0; c < channels; c += TILE_CHANNELS) {
        size_t n = min (pixels - p, TILE), high = min (channels - c, TILE_CHANNELS);
        int16_t codes[TILE_CHANNELS * TILE];

        for (size_t k = 0; k < high; k++)
          quantize (x + (i * channels + c + k) * pixels + p, n, params, type,
                    (char *) codes + k * n * bytes);
        transpose (codes, high, n, n, bytes, (char *) q + ((i * pixels + p) * channels + c) * bytes,
                   channels);
      }
  return BSK_OK;
}

/* The difference wraps for 32-bit codes; for the narrower ones it cannot. */
static void
dequantize (const void *q, size_t n, const BskQParams *params, BskType type, float *x)
{
  uint8_t flip = bsk_flip (type);

  if (bsk_is_8bit (type)) {
    bsk_table ()->dequantize_8 (q, n, params->zero_point + flip, params->scale, flip, x);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    int32_t code;
    int16_t half;

    if (type == BSK_S16) {
      memcpy (&half, (const char *) q + 2 * i, 2);
      code = half;
    } else {
      memcpy (&code, (const char *) q + 4 * i, 4);
    }
    x[i] = (float) (int32_t) ((uint32_t) code - (uint32_t) params->zero_point) * params->scale;
  }
}

static BskStatus
check_dequantize (const BskQParams *params, BskType type)
{
  BskQParams p = *params;

  if (!(p.scale > 0 && isfinite (p.scale)))
    return BSK_ERANGE;
  if (type == BSK_S32)
    return BSK_OK;
  p.qmin = p.qmax = p.zero_point; /* the range is not looked at */
  return bsk_check_qparams (&p, type, true);
}

BskStatus
bsk_dequantize (const void *q, size_t n, const BskQParams *params, BskType type, float *x)
{
  return bsk_dequantize_rows (q, 1, n, params, type, x);
}

BskStatus
bsk_dequantize_rows (const void *q,
                     size_t rows,
                     size_t inner,
                     const BskQParams *params,
                     BskType type,
                     float *x)
{
  size_t n;

  if (!bsk_size_mul (rows, inner, &n))
    return BSK_ERANGE;
  if (!params || (n && (!x || !q)))
    return BSK_EINVAL;
  for (size_t i = 0; i < rows; i++) {
    BskStatus status = check_dequantize (&params[i], type);

    if (status)
      return status;
  }
  for (size_t i = 0; i < rows && inner; i++)
    dequantize ((const char *) q + i * inner * bsk_type_bytes (type), inner, &params[i], type,
                x + i * inner);
  return BSK_OK;
}

BskStatus
bsk_dequantize_nchw (const void *q,
                     size_t n_images,
                     size_t channels,
                     size_t pixels,
                     const BskQParams *params,
                     BskType type,
                     float *x)
{
  size_t image, bytes = bsk_type_bytes (type);
  BskStatus status;

  if (!bsk_size_mul (channels, pixels, &image) || !bsk_size_mul (image, n_images, &image))
    return BSK_ERANGE;
  if (!params || (image && (!x || !q)))
    return BSK_EINVAL;
  status = check_dequantize (params, type);
  if (status || image == 0)
    return status;
  if (channels == 1 || pixels == 1) {
    dequantize (q, image, params, type, x);
    return BSK_OK;
  }
  for (size_t i = 0; i < n_images; i++)
    for (size_t p = 0; p < pixels; p += TILE)
      for (size_t c = 0; c < channels; c += TILE_CHANNELS) {
        size_t n = min (pixels - p, TILE), high = min (channels - c, TILE_CHANNELS);
        int32_t codes[TILE_CHANNELS * TILE];

        transpose ((const char *) q + ((i * pixels + p) * channels + c) * bytes, n, high, channels,
                   bytes, codes, n);
        for (size_t k = 0; k < high; k++)
          dequantize ((char *) codes + k * n * bytes, n, params, type,
                      x + (i * channels + c + k) * pixels + p);
      }
  return BSK_OK;
}

BskStatus
bsk_fake_quantize (const float *x, size_t n, const BskQParams *params, float *y)
{
  BskStatus status;

  if (!params || (n && (!x || !y)))
    return BSK_EINVAL;
  status = bsk_check_levels (params);
  if (!status && n)
    bsk_table ()->fake_quantize (x, n, params, y);
  return status;
}
