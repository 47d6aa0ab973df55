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

/* Taps of a window that lie inside the image, and the first pixel below it. */
typedef struct {
  int y0, y1, x0, x1;
  int64_t top, left;
} Window;

static Window
window_at (const BskPoolShape *s, int y, int x)
{
  Window at = { .top = window_start (y, s->stride_h, s->pad_top),
                .left = window_start (x, s->stride_w, s->pad_left) };

  cut_window (at.top, s->kh, s->dilation_h, s->h, &at.y0, &at.y1);
  cut_window (at.left, s->kw, s->dilation_w, s->w, &at.x0, &at.x1);
  return at;
}

/* The pixel below tap (ky, kx). */
static const uint8_t *
tap_of (const BskPoolShape *s, const Window *at, const uint8_t *image, int ky, int kx)
{
  return image + ((size_t) (at->top + (int64_t) ky * s->dilation_h) * (size_t) s->w +
                  (size_t) (at->left + (int64_t) kx * s->dilation_w)) *
                   (size_t) s->channels;
}

static void
max_window (const BskPoolShape *s, uint8_t flip, const uint8_t *image, int y, int x, uint8_t *out)
{
  Window at = window_at (s, y, x);
  size_t channels = (size_t) s->channels;
  bool empty = true;

  for (int ky = at.y0; ky < at.y1; ky++)
    for (int kx = at.x0; kx < at.x1; kx++) {
      if (empty)
        memcpy (out, tap_of (s, &at, image, ky, kx), channels);
      else
        bsk_table ()->max_bytes (out, tap_of (s, &at, image, ky, kx), channels, flip);
      empty = false;
    }
  if (empty)
    memset (out, flip, channels);
}

enum { LINE = 4096 }; /* bytes of rows of the image compared at a time */

/* Outputs that fit in a line, whose windows are whole from left to right: the taps below each other
 * are compared first, and what is found in each column with the next one's, for all columns. */
static void
max_line (const BskPoolShape *s,
          uint8_t flip,
          const uint8_t *image,
          int y,
          int x,
          size_t count,
          uint8_t *out)
{
  Window at = window_at (s, y, x);
  const BskTable *table = bsk_table ();
  size_t channels = (size_t) s->channels, step = (size_t) s->dilation_w * channels;
  size_t bytes = ((count - 1) * (size_t) s->stride_w + 1) * channels,
         all = bytes + (size_t) (s->kw - 1) * step;
  uint8_t line[LINE];

  memset (line, flip, at.y0 < at.y1 ? 0 : all);
  for (int ky = at.y0; ky < at.y1; ky++)
    if (ky == at.y0)
      memcpy (line, tap_of (s, &at, image, ky, 0), all);
    else
      table->max_bytes (line, tap_of (s, &at, image, ky, 0), all, flip);
  for (int kx = s->kw - 1; kx > 0; kx--)
    table->max_bytes (line, line + step, bytes + (size_t) (kx - 1) * step, flip);
  for (size_t i = 0; i < count; i++)
    memcpy (out + i * channels, line + i * (size_t) s->stride_w * channels, channels);
}

/* Outputs [first, last) of a row have windows that are whole from left to right. */
static void
whole_windows (const BskPoolShape *s, int *first, int *last)
{
  int64_t left = ((int64_t) s->pad_left + s->stride_w - 1) / s->stride_w;
  int64_t room = (int64_t) s->w - 1 - (int64_t) (s->kw - 1) * s->dilation_w + s->pad_left;
  int64_t right = room < 0 ? 0 : room / s->stride_w + 1;

  *last = (int) (right < s->out_w ? right : s->out_w);
  *first = (int) (left < *last ? left : *last);
}

/* How many outputs fit in a line. */
static size_t
line_outputs (const BskPoolShape *s)
{
  size_t pixels = LINE / (size_t) s->channels,
         reach = (size_t) (s->kw - 1) * (size_t) s->dilation_w;

  return pixels > reach ? (pixels - reach - 1) / (size_t) s->stride_w + 1 : 0;
}

static void
max_row (const BskPoolShape *s, uint8_t flip, const uint8_t *image, int y, uint8_t *out)
{
  size_t fit = line_outputs (s), channels = (size_t) s->channels;
  int x = 0, first, last;

  whole_windows (s, &first, &last);
  while (x < s->out_w) {
    size_t left = (size_t) (last - x), count = left < fit ? left : fit;

    if (x < first || x >= last || count < 2) {
      max_window (s, flip, image, y, x, out + (size_t) x * channels);
      x++;
    } else {
      max_line (s, flip, image, y, x, count, out + (size_t) x * channels);
      x += (int) count;
    }
  }
}

BskStatus
bsk_max_pool (const BskPoolShape *s, BskType type, const void *a, void *c, size_t n_images)
{
  const uint8_t *image = a;
  uint8_t *out = c;

  if (!shape_valid (s) || !bsk_is_8bit (type) || (n_images && (!a || !c)))
    return BSK_EINVAL;
  for (size_t i = 0; i < n_images;
       i++, image += (size_t) s->h * (size_t) s->w * (size_t) s->channels)
    for (int y = 0; y < s->out_h; y++, out += (size_t) s->out_w * (size_t) s->channels)
      max_row (s, bsk_flip (type), image, y, out);
  return BSK_OK;
}

/* Window positions inside the padded image, the divisor of include_pad. */
static int64_t
padded_taps (int64_t start, int kernel, int dilation, int64_t size, int pad_after)
{
  int64_t room = size + pad_after - start, taps = room <= 0 ? 0 : (room + dilation - 1) / dilation;

  return taps < kernel ? taps : kernel;
}

/* The taps of a window, none where they are outside. Lines between which the image has nothing are
 * one. */
static void
find_taps (const BskPoolShape *s, const Window *at, const uint8_t *image, BskWindowArgs *args)
{
  args->lines = (size_t) (at->y1 - at->y0);
  args->taps = (size_t) (at->x1 - at->x0);
  if (args->lines == 0 || args->taps == 0) {
    args->lines = 0;
    return;
  }
  args->a = tap_of (s, at, image, at->y0, at->x0);
  if (args->taps == (size_t) s->w && s->dilation_h == 1 && s->dilation_w == 1) {
    args->taps *= args->lines;
    args->lines = 1;
  }
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
  const BskTable *table = bsk_table ();
  const uint8_t *image = a;
  uint8_t *out = c, flip = bsk_flip (a_type);
  BskFinish finish;
  BskWindowArgs args;
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
  args = (BskWindowArgs){ .line_step = (size_t) s->dilation_h * (size_t) s->w * channels,
                          .step = (size_t) s->dilation_w * channels,
                          .channels = channels,
                          .flip = flip,
                          .finish = &finish };

  for (size_t i = 0; i < n_images; i++, image += (size_t) s->h * (size_t) s->w * channels)
    for (int y = 0; y < s->out_h; y++)
      for (int x = 0; x < s->out_w; x++, out += channels) {
        Window at = window_at (s, y, x);
        int64_t taps, divisor;

        find_taps (s, &at, image, &args);
        taps = (int64_t) (args.lines * args.taps);
        divisor = include_pad ? padded_taps (at.top, s->kh, s->dilation_h, s->h, s->pad_bottom) *
                                  padded_taps (at.left, s->kw, s->dilation_w, s->w, s->pad_right)
                              : taps;
        args.start = (int32_t) - (taps * (qa->zero_point + flip));
        args.m = divisor ? ratio / (float) divisor : 0;
        args.c = out;
        table->average_window (&args);
      }
  return BSK_OK;
}
