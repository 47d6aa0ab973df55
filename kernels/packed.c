/* Packing shared by product and convolution: checks, start values, multipliers, panels.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of one quad of weights as packed. */
static size_t
quad_bytes (const BskPacked *header)
{
  return header->narrow || header->wide ? 4 : (size_t) header->table->quad_bytes;
}

static bool
good_scale (float scale)
{
  return scale > 0 && isfinite (scale);
}

BskStatus
bsk_check_qparams (const BskQParams *params, BskType type, bool needs_scale)
{
  int32_t lo, hi;

  switch (type) {
  case BSK_U8:
    lo = 0, hi = UINT8_MAX;
    break;
  case BSK_S8:
    lo = INT8_MIN, hi = INT8_MAX;
    break;
  case BSK_S16:
    lo = INT16_MIN, hi = INT16_MAX;
    break;
  default:
    return BSK_EINVAL;
  }
  if (params->qmin < lo || params->qmax > hi || params->qmin > params->qmax ||
      params->zero_point < lo || params->zero_point > hi)
    return BSK_EINVAL;
  return needs_scale && !good_scale (params->scale) ? BSK_ERANGE : BSK_OK;
}

BskFinish
bsk_finish (BskType type, const BskQParams *params)
{
  int32_t shift = type == BSK_S8 ? 128 : 0;

  if (type == BSK_S16)
    return (
      BskFinish){ .out = type, .zero = params->zero_point, .lo = params->qmin, .hi = params->qmax };
  if (!bsk_is_8bit (type))
    return (BskFinish){ .out = type };
  return (BskFinish){ .out = type,
                      .zero = params->zero_point + shift,
                      .lo = params->qmin + shift,
                      .hi = params->qmax + shift,
                      .flip = bsk_flip (type),
                      .plain = type == BSK_U8 && params->qmin == 0 && params->qmax == 255 };
}

static int32_t
zero_of (const BskGemmArgs *args, size_t channel)
{
  return args->w_zero_points ? args->w_zero_points[channel] : args->w_zero_point;
}

static BskStatus
check_zeros (const BskGemmArgs *args, int n)
{
  bool is_8bit = args->w_type == BSK_W_S8 || args->w_type == BSK_W_U8;
  int lo = args->w_type == BSK_W_U8 ? 0 : INT8_MIN,
      hi = args->w_type == BSK_W_U8 ? UINT8_MAX : INT8_MAX;

  if (args->w_type == BSK_W_U8 && args->group)
    return BSK_ENOTSUP;
  for (int i = 0; i < (args->w_zero_points ? n : 1); i++) {
    int32_t zero = zero_of (args, (size_t) i);

    if (zero && (!is_8bit || args->group))
      return BSK_ENOTSUP;
    if (is_8bit && (zero < lo || zero > hi))
      return BSK_EINVAL;
  }
  return BSK_OK;
}

bool
bsk_may_have_zeros (const BskGemmArgs *args)
{
  return args->w_type == BSK_W_U8 || args->w_zero_points || args->w_zero_point;
}

BskChannel
bsk_channel (const BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw, size_t n)
{
  BskChannel channel = { .w = (const uint8_t *) w + n * ldw,
                         .is_signed = args->w_type != BSK_W_U8 };
  int lo = INT8_MAX, hi = INT8_MIN;

  if (args->w_type == BSK_W_CODEBOOK4)
    channel.levels = args->codebook;
  if (!header->zeros)
    return channel;
  for (size_t i = 0; i < (size_t) header->k; i++) {
    int code = channel.is_signed ? (int8_t) channel.w[i] : channel.w[i];

    lo = code < lo ? code : lo;
    hi = code > hi ? code : hi;
  }
  channel.shift = zero_of (args, n);
  if (!header->depthwise && (lo - channel.shift < INT8_MIN || hi - channel.shift > INT8_MAX)) {
    channel.zero = channel.shift;
    channel.shift = channel.is_signed ? 0 : 128;
    channel.zero -= channel.shift;
  }
  return channel;
}

BskStatus
bsk_check_args (const BskGemmArgs *args, int n, int k)
{
  bool scaled = args->out_type != BSK_S32, wide = args->w_type == BSK_W_S16;
  BskStatus status;

  if (n < 1 || k < 1 || (scaled && !args->w_scale) || (unsigned) args->w_type > BSK_W_U8)
    return BSK_EINVAL;
  status = check_zeros (args, n);
  if (status)
    return status;
  if (wide ? args->a_type != BSK_S16 || !scaled
           : !bsk_is_8bit (args->a_type) || args->out_type == BSK_S16)
    return BSK_EINVAL;
  status = bsk_check_qparams (&args->a, args->a_type, scaled);
  if (status)
    return status;
  if (args->out_type == BSK_S32 || args->out_type == BSK_F32)
    return BSK_OK;
  return bsk_check_qparams (&args->out, args->out_type, true);
}

bool
bsk_layout (BskPacked *header, size_t quads_per_channel)
{
  size_t lanes = (size_t) header->table->lanes, entries, bytes;

  header->group_n = ((size_t) header->n + lanes - 1) / lanes * lanes;
  if (!bsk_size_mul (header->group_n, quads_per_channel, &header->group_w) ||
      !bsk_size_mul (header->group_w, quad_bytes (header), &header->group_w) ||
      !bsk_size_mul (header->group_w, (size_t) header->groups, &bytes) ||
      !bsk_size_mul (header->group_n, (size_t) header->groups * 4, &entries) ||
      bytes > SIZE_MAX / 4 || entries > SIZE_MAX / 16)
    return false;
  entries = bsk_align (entries);
  header->seg = bsk_align (sizeof *header);
  header->start = bsk_align (header->seg + ((size_t) header->n_seg + (size_t) header->dw_taps) *
                                             sizeof (ptrdiff_t));
  header->m = header->start + entries;
  header->cut = header->m + entries;
  header->start64 = header->cut + entries;
  header->zero = header->start64 + (header->wide ? 2 * entries : 0);
  header->w = header->zero + (header->zeros ? entries : 0);
  header->bytes = bsk_align (header->w + bytes);
  return true;
}

/* Multiplier of channel n by the normative rule. 2³⁰ is as good as more: a sum of ±1 saturates
 * either way. */
float
bsk_multiplier (const BskGemmArgs *args, size_t n)
{
  float m = 1;

  if (args->out_type != BSK_S32)
    m = args->a.scale * args->w_scale[n];
  if (bsk_is_8bit (args->out_type) || args->out_type == BSK_S16) {
    m = m / args->out.scale;
    if (m > 0x1p30f && isfinite (m))
      m = 0x1p30f;
  }
  return m;
}

void
bsk_channel_numbers (const BskChannel *channel, size_t from, size_t count, int8_t *out)
{
  const uint8_t *w = channel->w + from;

  if (channel->levels)
    for (size_t i = 0; i < count; i++)
      out[i] = channel->levels[w[i] & 15];
  else if (channel->shift == 0)
    memcpy (out, w, count);
  else /* modulo 256, hence for signed and unsigned codes */
    for (size_t i = 0; i < count; i++)
      out[i] = (int8_t) (uint8_t) (w[i] - channel->shift);
}

BskSums
bsk_channel_sums (const BskChannel *channel, size_t from, size_t count)
{
  int off = channel->shift + channel->zero;
  BskSums sums = { 0 };

  for (size_t end = from + count; from < end;) {
    size_t piece = end - from < 65536 ? end - from : 65536;
    const uint8_t *w = channel->w + from;
    int32_t positive = 0, negative = 0;

    if (channel->levels || !channel->is_signed)
      for (size_t i = 0; i < piece; i++) {
        int number = (channel->levels ? channel->levels[w[i] & 15] : w[i]) - off;

        positive += number > 0 ? number : 0;
        negative += number < 0 ? number : 0;
      }
    else
      for (size_t i = 0; i < piece; i++) {
        int number = (int8_t) w[i] - off;

        positive += number > 0 ? number : 0;
        negative += number < 0 ? number : 0;
      }
    sums.positive += positive;
    sums.negative += negative;
    from += piece;
  }
  return sums;
}

int64_t
bsk_largest_sum (const BskGemmArgs *args, BskSums sums, int64_t bias)
{
  int64_t lo = args->a.qmin - args->a.zero_point, hi = args->a.qmax - args->a.zero_point;
  int64_t top, bottom;

  if (lo > 0) /* padding is zero */
    lo = 0;
  if (hi < 0)
    hi = 0;
  top = sums.positive * hi + sums.negative * lo + bias;
  bottom = sums.positive * lo + sums.negative * hi + bias;
  return top > -bottom ? top : -bottom;
}

BskStatus
bsk_check_channels (BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw)
{
  size_t channels = (size_t) header->n * (size_t) header->groups;

  for (size_t n = 0; n < channels; n++) {
    float m = bsk_multiplier (args, n);
    BskChannel channel = bsk_channel (header, args, w, ldw, n);

    if (args->out_type != BSK_S32 && (!good_scale (args->w_scale[n]) || !isfinite (m)))
      return BSK_ERANGE;
    if (bsk_largest_sum (args, bsk_channel_sums (&channel, 0, (size_t) header->k),
                         args->bias ? args->bias[n] : 0) > INT32_MAX)
      return BSK_ERANGE;
    if (channel.zero)
      header->row_sums = true;
    if (header->depthwise && header->zeros)
      bsk_depthwise_count_parts (header, &channel);
  }
  return BSK_OK;
}

void
bsk_fill_cut (BskPacked *header, const BskGemmArgs *args, BskSums sums, size_t n, size_t at)
{
  double top = (double) bsk_largest_sum (args, sums, args->bias ? args->bias[n] : 0);
  double m = (double) bsk_multiplier (args, n), limit = 0x1p30 / m;
  bool needed = bsk_is_8bit (args->out_type) && top * m >= 0x1p30;
  int32_t *cut = bsk_at (header, header->cut);

  cut[at] = needed && limit < INT32_MAX ? (int32_t) limit : INT32_MAX;
  header->finish.cut |= needed;
}

void
bsk_fill_channels (BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw)
{
  int32_t *start = bsk_at (header, header->start), *cut = bsk_at (header, header->cut);
  int32_t *w_zero = bsk_at (header, header->zero);
  float *m = bsk_at (header, header->m);
  uint32_t zero = (uint32_t) args->a.zero_point + header->a_flip;

  for (int g = 0; g < header->groups; g++)
    for (size_t i = 0; i < header->group_n; i++) {
      size_t at = (size_t) g * header->group_n + i, n = (size_t) g * (size_t) header->n + i;
      BskChannel channel;
      BskSums sums;

      start[at] = 0;
      m[at] = 0;
      cut[at] = INT32_MAX;
      if (header->zeros)
        w_zero[at] = 0;
      if (i >= (size_t) header->n)
        continue;
      channel = bsk_channel (header, args, w, ldw, n);
      if (header->zeros)
        w_zero[at] = channel.zero;
      sums = bsk_channel_sums (&channel, 0, (size_t) header->k);
      /* Wraps, as the kernels do: only the final sum has to fit. */
      start[at] = (int32_t) ((args->bias ? (uint32_t) args->bias[n] : 0) -
                             zero * (uint32_t) (sums.positive + sums.negative));
      m[at] = bsk_multiplier (args, n);
      bsk_fill_cut (header, args, sums, n, at);
    }
}

int
bsk_pairs_fit (const BskPacked *header, const BskGemmArgs *args, const void *w, size_t ldw)
{
  size_t channels = (size_t) header->n * (size_t) header->groups;
  int top = args->a.qmax > args->a.zero_point ? args->a.qmax : args->a.zero_point, largest = 1;

  if (args->a_type == BSK_S8)
    top += 128;
  for (size_t n = 0; n < channels && largest * top <= INT16_MAX; n++) {
    BskChannel channel = bsk_channel (header, args, w, ldw, n);
    int8_t piece[BSK_PIECE + 1] = { 0 }; /* begins with the last number of the one before */

    for (size_t from = 0; from < (size_t) header->k; from += BSK_PIECE) {
      size_t count = bsk_piece (from, (size_t) header->k);

      bsk_channel_numbers (&channel, from, count, piece + 1);
      for (size_t i = 0; i < count; i++) {
        int pair = abs (piece[i]) + abs (piece[i + 1]);

        largest = pair > largest ? pair : largest;
      }
      piece[0] = piece[count];
    }
  }
  largest *= top;
  if (largest > INT16_MAX)
    return 0;
  return INT16_MAX / largest < 64 ? INT16_MAX / largest : 64;
}

void
bsk_sum_rows (const BskPacked *header, const uint8_t *a, size_t a_row, size_t rows, int32_t *sums)
{
  header->table->row_sums (&(BskRowSums){ .a = a,
                                          .a_row = a_row,
                                          .seg = bsk_at (header, header->seg),
                                          .n_seg = header->n_seg,
                                          .bytes = header->seg_bytes,
                                          .a_flip = header->a_flip,
                                          .rows = rows,
                                          .sums = sums });
}

int
bsk_panel_vecs (int left, int max_vecs, bool threes)
{
  /* Powers of two fill vectors of codes whole, which tells where K is small; but a last three are
   * better off together. */
  if (threes && left == 3)
    return 3;
  while (max_vecs > left)
    max_vecs /= 2;
  return max_vecs;
}

void
bsk_put_quads (const BskPacked *header,
               uint8_t *panel,
               int panel_n,
               int quad,
               int column,
               const int8_t *w,
               size_t count)
{
  size_t lanes = (size_t) header->table->lanes, bytes = quad_bytes (header);
  size_t step = (size_t) panel_n * bytes;
  size_t in_vector = (size_t) column % lanes;
  uint8_t *out = panel + (size_t) quad * step;

  if (bytes == 4)
    out += 4 * (size_t) column;
  else
    out += 8 * ((size_t) column - in_vector) + 4 * in_vector;
  for (size_t i = 0; i < count; i += 4, out += step) {
    int8_t b[4] = { 0 };

    if (count - i >= 4) /* of known size, hence one load */
      memcpy (b, w + i, 4);
    else
      memcpy (b, w + i, count - i);
    if (bytes == 4) {
      memcpy (out, b, 4);
    } else {
      int16_t even[2] = { b[0], b[2] }, odd[2] = { b[1], b[3] };

      memcpy (out, even, 4);
      memcpy (out + 4 * lanes, odd, 4);
    }
  }
}

void
bsk_panel_open (const BskPacked *header, int group, BskTileArgs *tile)
{
  size_t first = (size_t) group * header->group_n;

  *tile =
    (BskTileArgs){ .line = SIZE_MAX,
                   .seg = bsk_at (header, header->seg),
                   .n_seg = header->n_seg,
                   .quads = header->quads,
                   .chunk = header->chunk,
                   .depth = header->depth,
                   .a_flip = header->a_flip,
                   .w = (char *) bsk_at (header, header->w) + (size_t) group * header->group_w,
                   .start = (int32_t *) bsk_at (header, header->start) + first,
                   .start64 =
                     header->wide ? (int64_t *) bsk_at (header, header->start64) + first : NULL,
                   .m = (float *) bsk_at (header, header->m) + first,
                   .cut = (int32_t *) bsk_at (header, header->cut) + first,
                   .w_zero = (int32_t *) bsk_at (header, header->zero) + first,
                   .finish = &header->finish };
}

bool
bsk_panel_next (const BskPacked *header, BskTileArgs *tile)
{
  int lanes = header->table->lanes, done = tile->vecs * lanes;

  tile->w = (const char *) tile->w +
            (size_t) done * (size_t) header->n_seg * (size_t) header->quads * quad_bytes (header);
  tile->start += done;
  if (tile->start64)
    tile->start64 += done;
  tile->m += done;
  tile->cut += done;
  tile->w_zero += done;
  tile->column += done;
  if (tile->column >= header->n)
    return false;
  tile->vecs = bsk_panel_vecs (((int) header->group_n - tile->column) / lanes, header->max_vecs,
                               header->table->threes && !header->wide);
  tile->width = tile->vecs * lanes;
  tile->cols =
    header->n - tile->column < tile->vecs * lanes ? header->n - tile->column : tile->vecs * lanes;
  return true;
}

BskTileKernel
bsk_tile_kernel (const BskPacked *header)
{
  if (header->wide)
    return header->table->gemm_tile_16;
  return header->narrow ? header->table->gemm_tile_narrow : header->table->gemm_tile;
}
