/* Block formats of ggml (llama.cpp), byte for byte.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/ggml.h"
#include "base/vectorize.h"
#include "quant/minifloat.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const struct {
  const char *id;
  guint16 block, bytes;
  gboolean has_min, has_fifth;
} types[] = {
  [BS_GGML_Q4_0] = { "q4_0", 32, 18, FALSE, FALSE },
  [BS_GGML_Q4_1] = { "q4_1", 32, 20, TRUE, FALSE },
  [BS_GGML_Q5_0] = { "q5_0", 32, 22, FALSE, TRUE },
  [BS_GGML_Q5_1] = { "q5_1", 32, 24, TRUE, TRUE },
  [BS_GGML_Q8_0] = { "q8_0", 32, 34, FALSE, FALSE },
  [BS_GGML_Q4_K] = { "q4_K", 256, 144, TRUE, FALSE },
  [BS_GGML_Q6_K] = { "q6_K", 256, 210, FALSE, FALSE },
};

gboolean
bs_ggml_find (const char *id, BsGgmlType *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].id, id) == 0) {
      *type = (BsGgmlType) i;
      return TRUE;
    }
  return FALSE;
}

guint
bs_ggml_block (BsGgmlType type)
{
  return types[type].block;
}

guint
bs_ggml_block_bytes (BsGgmlType type)
{
  return types[type].bytes;
}

static void
put_half (guint8 *bytes, float v)
{
  guint code = bs_minifloat_encode (&bs_fp16, v, TRUE);

  bytes[0] = (guint8) code;
  bytes[1] = (guint8) (code >> 8);
}

static float
get_half (const guint8 *bytes)
{
  return bs_minifloat_decode (&bs_fp16, bytes[0] | (guint) bytes[1] << 8);
}

/* make_finite: what is not becomes 0 or the largest magnitude of what is. Returns that; the bits of
 * magnitudes have their order. */
BS_INLINE float
make_finite (const float *restrict x, float *restrict clean)
{
  const guint32 infinity = 0x7F800000;
  guint32 bits[32], largest = 0;
  float amax;

  memcpy (bits, x, sizeof bits);
  for (guint i = 0; i < 32; i++) {
    guint32 size = bits[i] & G_MAXINT32;
    size = size < infinity ? size : 0;
    largest = MAX (largest, size);
  }
  memcpy (&amax, &largest, sizeof amax);
  for (guint i = 0; i < 32; i++) {
    float v = bs_select (x[i] == x[i], x[i], 0);
    v = bs_select (v > FLT_MAX, amax, v);
    clean[i] = bs_select (v < -FLT_MAX, -amax, v);
  }
  return amax;
}

/* to_codes: truncates to codes, without leaving [0, max]; a reciprocal that overflowed gives
 * infinity or NaN here. */
BS_INLINE void
to_codes (const float *restrict x,
          float min,
          float inverse,
          float offset,
          guint max,
          gint32 *restrict codes)
{
  for (guint i = 0; i < 32; i++) {
    float v = (x[i] - min) * inverse + offset;
    v = bs_select (v > 0, v, 0);
    codes[i] = (gint32) bs_select (v < (float) max, v, (float) max);
  }
}

/* Just less than a half, which added to what is just less than a half would give 1. */
#define HALF 0x1.fffffep-2f

BS_INLINE void
encode_8 (const float *restrict x, float amax, guint8 *restrict bytes)
{
  float d = amax / 127, inverse = d != 0 ? 1 / d : 0;
  gint32 codes[32];

  put_half (bytes, d);
  for (guint i = 0; i < 32; i++) {
    float v = x[i] * inverse;
    v = bs_select (v == v, v, 0);
    v = bs_select (v > -127, v, -127);
    v = bs_select (v < 127, v, 127);
    codes[i] = (gint32) (v + bs_select (v < 0, -HALF, HALF)); /* halves away from zero */
  }
  for (guint i = 0; i < 32; i++)
    bytes[2 + i] = (guint8) codes[i];
}

BS_VECTORIZED void
bs_ggml_encode (BsGgmlType type, const float *x, guint8 *bytes)
{
  guint max = types[type].has_fifth ? 31 : 15;
  guint at = types[type].has_min ? 4 : 2;
  float clean[32], d, offset, min = 0;
  gint32 codes[32];
  guint32 fifth = 0;

  g_assert (types[type].block == 32);
  float amax = make_finite (x, clean);
  if (type == BS_GGML_Q8_0) {
    encode_8 (clean, amax, bytes);
    return;
  }
  if (types[type].has_min) {
    float hi = clean[0];
    min = clean[0];
    for (guint i = 1; i < 32; i++) {
      min = MIN (clean[i], min);
      hi = MAX (clean[i], hi);
    }
    d = (hi - min) / (float) max;
    offset = 0.5f;
    put_half (bytes + 2, min);
  } else {
    guint first = 0; /* of largest magnitude, with its sign: it becomes code 0, exactly */
    while (fabsf (clean[first]) < amax)
      first++;
    d = (amax > 0 ? clean[first] : 0) / -(float) ((max + 1) / 2);
    offset = (float) ((max + 1) / 2) + 0.5f;
  }
  float inverse = d != 0 ? 1 / d : 0;
  put_half (bytes, d);
  guint8 *nibbles = bytes + at + (types[type].has_fifth ? 4 : 0);
  to_codes (clean, min, inverse, offset, max, codes);
  for (guint j = 0; j < 16; j++) {
    guint low = (guint) codes[j], high = (guint) codes[j + 16];
    nibbles[j] = (guint8) ((low & 15) | (high & 15) << 4);
    fifth |= (low >> 4) << j | (high >> 4) << (j + 16);
  }
  for (guint i = 0; types[type].has_fifth && i < 4; i++)
    bytes[at + i] = (guint8) (fifth >> (8 * i));
}

void
bs_ggml_codes (BsGgmlType type, const guint8 *bytes, gint32 *codes, float *scale)
{
  guint at = types[type].has_min ? 4 : 2;
  const guint8 *nibbles = bytes + at + (types[type].has_fifth ? 4 : 0);
  guint32 fifth = 0;

  *scale = get_half (bytes);
  if (type == BS_GGML_Q8_0) {
    for (guint i = 0; i < 32; i++)
      codes[i] = (gint8) bytes[2 + i];
    return;
  }
  for (guint i = 0; types[type].has_fifth && i < 4; i++)
    fifth |= (guint32) bytes[at + i] << (8 * i);
  for (guint j = 0; j < 16; j++) {
    codes[j] = (gint32) ((nibbles[j] & 15) | (fifth >> j & 1) << 4);
    codes[j + 16] = (gint32) (nibbles[j] >> 4 | (fifth >> (j + 16) & 1) << 4);
  }
}

static void
decode_q4_k (const guint8 *bytes, float *values)
{
  float d = get_half (bytes), dmin = get_half (bytes + 2);
  const guint8 *s = bytes + 4, *nibbles = bytes + 16;

  for (guint j = 0; j < 8; j++) {
    guint scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    guint min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
    float step = d * (float) scale, base = dmin * (float) min;
    for (guint i = 0; i < 32; i++) {
      guint8 pair = nibbles[j / 2 * 32 + i];
      values[j * 32 + i] = step * (float) (j % 2 == 0 ? pair & 15 : pair >> 4) - base;
    }
  }
}

static void
decode_q6_k (const guint8 *bytes, float *values)
{
  const guint8 *low = bytes, *high = bytes + 128, *scales = bytes + 192;
  float d = get_half (bytes + 208);

  for (guint half = 0; half < 2; half++)
    for (guint quarter = 0; quarter < 4; quarter++)
      for (guint i = 0; i < 32; i++) {
        guint8 nibble = low[half * 64 + quarter % 2 * 32 + i];
        guint q = (quarter < 2 ? nibble & 15u : (guint) nibble >> 4) |
                  (high[half * 32 + i] >> (2 * quarter) & 3u) << 4;
        gint8 scale = (gint8) scales[half * 8 + quarter * 2 + i / 16];
        values[half * 128 + quarter * 32 + i] = d * (float) scale * (float) ((int) q - 32);
      }
}

void
bs_ggml_decode (BsGgmlType type, const guint8 *bytes, float *values)
{
  static const gint32 zero[] = {
    [BS_GGML_Q4_0] = 8, [BS_GGML_Q5_0] = 16, [BS_GGML_Q8_0] = 0, [BS_GGML_Q6_K] = 0
  };
  gint32 codes[32];
  float d;

  if (type == BS_GGML_Q4_K) {
    decode_q4_k (bytes, values);
    return;
  }
  if (type == BS_GGML_Q6_K) {
    decode_q6_k (bytes, values);
    return;
  }
  bs_ggml_codes (type, bytes, codes, &d);
  float min = types[type].has_min ? get_half (bytes + 2) : 0;
  for (guint i = 0; i < 32; i++)
    values[i] =
      types[type].has_min ? (float) codes[i] * d + min : (float) (codes[i] - zero[type]) * d;
}
