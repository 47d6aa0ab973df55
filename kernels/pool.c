/* Max and average pooling, NHWC.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <string.h>

static bool
shape_valid (const BskPoolShape *s)
{
  return s && s->h > 0 && s->w > 0 && s->channels > 0 && s->kh > 0 && s->kw > 0 &&
         s->stride_h > 0 && s->stride_w > 0 && s->dilation_h > 0 && s->dilation_w > 0 &&
         s->pad_top >= 0 && s->pad_left >= 0 && s->pad_bottom >= 0 && s->pad_right >= 0 &&
         s->out_h > 0 && s->out_w > 0;
}

/* The part [first, last) of a window's taps that lies inside [0, size). */
static void
cut_window (int64_t start, int kernel, int dilation, int64_t size, int *first, int *last)
{
  int64_t a = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int64_t b = size <= start ? 0 : (size - start + dilation - 1) / dilation;

  *first = (int) (a < kernel ? a : kernel);
  *last = (int) (b < kernel ? b : kernel);
  if (*last < *first)
    *last = *first;
}

static int64_t
window_start (int out, int stride, int pad)
{
  return (int64_t) out * stride - pad;
}

BskStatus
bsk_max_pool (const BskPoolShape *s, BskType type, const void *a, void *c, size_t n_images)
{
  const BskTable *table = bsk_table ();
  uint8_t flip = bsk_flip (type), *out = c;
  const uint8_t *image = a;
  size_t channels;

  if (!shape_valid (s) || !bsk_is_8bit (type) || (n_images && (!a || !c)))
    return BSK_EINVAL;
  channels = (size_t) s->channels;
  for (size_t i = 0; i < n_images; i++, image += (size_t) s->h * (size_t) s->w * channels)
    for (int y = 0; y < s->out_h; y++)
      for (int x = 0; x < s->out_w; x++, out += channels) {
        int64_t top = window_start (y, s->stride_h, s->pad_top),
                left = window_start (x, s->stride_w, s->pad_left);
        int y0, y1, x0, x1;
        bool empty = true;

        cut_window (top, s->kh, s->dilation_h, s->h, &y0, &y1);
        cut_window (left, s->kw, s->dilation_w, s->w, &x0, &x1);
        for (int ky = y0; ky < y1; ky++)
          for (int kx = x0; kx < x1; kx++) {
            size_t at = (size_t) (top + (int64_t) ky * s->dilation_h) * (size_t) s->w +
                        (size_t) (left + (int64_t) kx * s->dilation_w);

            if (empty)
              memcpy (out, image + at * channels, channels);
            else
              table->max_bytes (out, image + at * channels, channels, flip);
            empty = false;
          }
        if (empty)
          memset (out, flip, channels);
      }
  return BSK_OK;
}

/* Window positions inside the padded image, the divisor of include_pad. */
static int64_t
padded_taps (int64_t start, int kernel, int dilation, int64_t size, int pad_after)
{
  int64_t room = size + pad_after - start, taps = room <= 0 ? 0 : (room + dilation - 1) / dilation;

  return taps < kernel ? taps : kernel;
}

BskStatus
bsk_average_pool (const BskPoolShape *s,
                  int include_pad,
                  BskType a_type,
                  const BskQParams *qa,
                  const void *a,
                  BskType c_type,
                  const BskQParams *qc,
                  void *c,
                  size_t n_images)
{
  enum { CHUNK = 512 }; /* channels summed at a time */
  const BskTable *table = bsk_table ();
  const uint8_t *image = a;
  uint8_t *out = c, flip = bsk_flip (a_type);
  BskFinish finish;
  size_t channels;
  BskStatus status;
  float ratio;

  if (!shape_valid (s) || !qa || !qc || !bsk_is_8bit (a_type) || !bsk_is_8bit (c_type) ||
      (n_images && (!a || !c)))
    return BSK_EINVAL;
  status = bsk_check_qparams (qa, a_type, true);
  if (!status)
    status = bsk_check_qparams (qc, c_type, true);
  if (status)
    return status;
  ratio = qa->scale / qc->scale;
  if ((int64_t) s->kh * s->kw > 1 << 22 || !(ratio < 0x1p20f))
    return BSK_ERANGE;
  finish = bsk_finish (c_type, qc);
  channels = (size_t) s->channels;

  for (size_t i = 0; i < n_images; i++, image += (size_t) s->h * (size_t) s->w * channels)
    for (int y = 0; y < s->out_h; y++)
      for (int x = 0; x < s->out_w; x++, out += channels) {
        int64_t top = window_start (y, s->stride_h, s->pad_top),
                left = window_start (x, s->stride_w, s->pad_left);
        int y0, y1, x0, x1, lines;
        int64_t taps, divisor;

        cut_window (top, s->kh, s->dilation_h, s->h, &y0, &y1);
        cut_window (left, s->kw, s->dilation_w, s->w, &x0, &x1);
        taps = (int64_t) (y1 - y0) * (x1 - x0);
        /* Lines of the window between which the image has nothing are one. */
        lines = x1 - x0 == s->w && s->dilation_h == 1 && s->dilation_w == 1 ? y1 > y0 : y1 - y0;
        divisor = include_pad ? padded_taps (top, s->kh, s->dilation_h, s->h, s->pad_bottom) *
                                  padded_taps (left, s->kw, s->dilation_w, s->w, s->pad_right)
                              : taps;
        for (size_t first = 0; first < channels; first += CHUNK) {
          size_t n = channels - first < CHUNK ? channels - first : CHUNK;
          int32_t sum[CHUNK] = { 0 };

          for (int ky = y0; ky < y0 + lines && x0 < x1; ky++) {
            size_t at = (size_t) (top + (int64_t) ky * s->dilation_h) * (size_t) s->w +
                        (size_t) (left + (int64_t) x0 * s->dilation_w);

            table->sum_rows (sum, image + at * channels + first, (size_t) (taps / lines),
                             (size_t) s->dilation_w * channels, n, flip);
          }
          table->requantize_s32 (sum, n, (int32_t) - (taps * (qa->zero_point + flip)),
                                 divisor ? ratio / (float) divisor : 0, &finish, out + first);
        }
      }
  return BSK_OK;
}
