/* The NEON level, and with BSK_I8MM the level with mixed-sign dot products.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "../table.h"

#include <arm_neon.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

enum { VEC_QUAD_BYTES = 4 };
typedef int32x4_t Vec;
typedef uint8x16_t VecA;
typedef int8x16_t VecW;

ALWAYS_INLINE Vec
vec_load (const int32_t *p)
{
  return vld1q_s32 (p);
}

ALWAYS_INLINE void
vec_store (int32_t *p, Vec v)
{
  vst1q_s32 (p, v);
}

ALWAYS_INLINE Vec
vec_less (Vec sum, int32_t factor, Vec v)
{
  return vmlsq_n_s32 (sum, v, factor);
}

ALWAYS_INLINE VecW
vec_weights (const int8_t *w)
{
  return vld1q_s8 (w);
}

ALWAYS_INLINE VecA
vec_broadcast (const uint8_t *p, uint8_t flip)
{
  uint32_t quad;

  memcpy (&quad, p, 4);
  return veorq_u8 (vreinterpretq_u8_u32 (vdupq_n_u32 (quad)), vdupq_n_u8 (flip));
}

ALWAYS_INLINE VecA
vec_quads (const uint8_t *p)
{
  return vld1q_u8 (p);
}

#if defined(BSK_I8MM_LEVEL)
#define INIT bsk_i8mm_init
ALWAYS_INLINE Vec
vec_dot (Vec sum, VecA a, VecW w)
{
  return vusdotq_s32 (sum, a, w);
}
#elif defined(BSK_DOTPROD_LEVEL)
#define INIT bsk_dotprod_init
/* The dot product takes two signed or two unsigned operands: a · w = (a − 128) · w + 128 · Σ w, and
 * Σ w is one more dot product with ones. */
ALWAYS_INLINE Vec
vec_dot (Vec sum, VecA a, VecW w)
{
  sum = vdotq_s32 (sum, vreinterpretq_s8_u8 (veorq_u8 (a, vdupq_n_u8 (0x80))), w);
  sum = vdotq_s32 (sum, vdupq_n_s8 (64), w);
  return vdotq_s32 (sum, vdupq_n_s8 (64), w);
}
#else
#define INIT bsk_neon_init
/* 255 · 127 fits in int16 only alone, so products are widened one pair at a time. */
ALWAYS_INLINE Vec
vec_dot (Vec sum, VecA a, VecW w)
{
  int16x8_t a0 = vreinterpretq_s16_u16 (vmovl_u8 (vget_low_u8 (a))),
            a1 = vreinterpretq_s16_u16 (vmovl_high_u8 (a));
  int16x8_t w0 = vmovl_s8 (vget_low_s8 (w)), w1 = vmovl_high_s8 (w);
  int32x4_t p0 = vmull_s16 (vget_low_s16 (a0), vget_low_s16 (w0)), p1 = vmull_high_s16 (a0, w0);
  int32x4_t p2 = vmull_s16 (vget_low_s16 (a1), vget_low_s16 (w1)), p3 = vmull_high_s16 (a1, w1);

  return vaddq_s32 (sum, vpaddq_s32 (vpaddq_s32 (p0, p1), vpaddq_s32 (p2, p3)));
}
#endif

#include "../tile128.inc"

void
INIT (BskTable *table)
{
  table->lanes = LANES;
  table->max_vecs = MAX_VECS;
  table->quad_bytes = VEC_QUAD_BYTES;
  table->gemm_tile = gemm_tile;
  table->depthwise_row = depthwise_row;
}
