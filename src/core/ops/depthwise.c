/* Depthwise convolution in float: each plane padded once, then convolved as one long row.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ops/conv.h"

#include <string.h>

/* Padded planes are convolved as if they were one row of height · width elements: output i of that
 * row is Σ kernel[y, x] · plane[i + y · dilation · width + x · dilation], and the outputs between
 * two rows are waste. That keeps the inner loop long and free of borders. */
typedef struct {
  gsize height, width; /* of the padded plane */
  gsize kernel_h, kernel_w, step_h, step_w;
  gsize out_h, out_w, stride_h, stride_w;
  gsize pad_top, pad_left, in_h, in_w;
} Plane;

static Plane
plane_of (const BsWindow *w)
{
  guint x = w->n_spatial - 1;
  Plane p = { .kernel_h = 1, .step_h = 1, .out_h = 1, .stride_h = 1, .in_h = 1, .height = 1 };

  p.kernel_w = (gsize) w->kernel[x];
  p.step_w = (gsize) w->dilation[x];
  p.out_w = (gsize) w->out[x];
  p.stride_w = (gsize) w->stride[x];
  p.in_w = (gsize) w->in[x];
  p.pad_left = (gsize) w->pad_begin[x];
  p.width = (gsize) (w->in[x] + w->pad_begin[x] + w->pad_end[x]);
  if (w->n_spatial > 1) {
    p.kernel_h = (gsize) w->kernel[0];
    p.step_h = (gsize) w->dilation[0];
    p.out_h = (gsize) w->out[0];
    p.stride_h = (gsize) w->stride[0];
    p.in_h = (gsize) w->in[0];
    p.pad_top = (gsize) w->pad_begin[0];
    p.height = (gsize) (w->in[0] + w->pad_begin[0] + w->pad_end[0]);
  }
  return p;
}

gsize
bs_depthwise_scratch (const BsWindow *window)
{
  Plane p = plane_of (window);
  gsize count;

  if (!g_size_checked_mul (&count, p.height, p.width) || count > G_MAXINT64 / 64)
    return G_MAXSIZE;
  return 2 * count * sizeof (float);
}

static void
pad (const Plane *p, const float *in, float *padded)
{
  memset (padded, 0, p->height * p->width * sizeof *padded);
  for (gsize y = 0; y < p->in_h; y++)
    memcpy (padded + (y + p->pad_top) * p->width + p->pad_left, in + y * p->in_w,
            p->in_w * sizeof *in);
}

static void
convolve_3x3 (const Plane *p,
              const float *in,
              const float *k,
              float bias,
              float *restrict out,
              gsize n)
{
  const float *a = in, *b = in + p->step_h * p->width, *c = b + p->step_h * p->width;
  gsize s = p->step_w;

  for (gsize i = 0; i < n; i++)
    out[i] = bias + k[0] * a[i] + k[1] * a[i + s] + k[2] * a[i + 2 * s] + k[3] * b[i] +
             k[4] * b[i + s] + k[5] * b[i + 2 * s] + k[6] * c[i] + k[7] * c[i + s] +
             k[8] * c[i + 2 * s];
}

/* n outputs of the long row, beginning at in */
static void
convolve (const Plane *p,
          const float *in,
          const float *kernel,
          float bias,
          float *restrict out,
          gsize n)
{
  if (p->kernel_h == 3 && p->kernel_w == 3) {
    convolve_3x3 (p, in, kernel, bias, out, n);
    return;
  }
  for (gsize i = 0; i < n; i++)
    out[i] = bias;
  for (gsize y = 0; y < p->kernel_h; y++)
    for (gsize x = 0; x < p->kernel_w; x++) {
      const float factor = kernel[y * p->kernel_w + x];
      const float *from = in + y * p->step_h * p->width + x * p->step_w;
      for (gsize i = 0; i < n; i++)
        out[i] += factor * from[i];
    }
}

void
bs_depthwise_plane (const BsWindow *window,
                    const float *in,
                    const float *kernel,
                    float bias,
                    float *scratch,
                    float *out)
{
  Plane p = plane_of (window);
  float *padded = scratch, *row = scratch + p.height * p.width;
  gsize span = (p.out_w - 1) * p.stride_w + 1; /* of the long row that one output row needs */

  pad (&p, in, padded);
  if (p.stride_h == 1 && p.stride_w == 1) {
    convolve (&p, padded, kernel, bias, row, (p.out_h - 1) * p.width + span);
    for (gsize y = 0; y < p.out_h; y++)
      memcpy (out + y * p.out_w, row + y * p.width, p.out_w * sizeof *out);
    return;
  }
  for (gsize y = 0; y < p.out_h; y++) {
    convolve (&p, padded + y * p.stride_h * p.width, kernel, bias, row, span);
    for (gsize x = 0; x < p.out_w; x++)
      out[y * p.out_w + x] = row[x * p.stride_w];
  }
}
