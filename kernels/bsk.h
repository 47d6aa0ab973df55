/* Bitstair kernels: quantized arithmetic on integers, bit-identical on every CPU.
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Conventions, valid for every function below
 *
 * Codes      real = (q - zero_point) * scale. Rounding is to nearest, ties to even ("rne");
 *            saturation is to [qmin, qmax]; the zero point is added after rounding.
 * Matrices   Row-major with a row stride in elements: A[m][k] activations, W[n][k] weights,
 *            C[m][n].
 * Images     NHWC; convolution weights are OHWI: output channel, row, column, input channel of
 *            the group.
 * Memory     The library allocates nothing: the caller gives memory of the size that a "..._bytes"
 *            function tells. Packed memory and scratch must be aligned to BSK_ALIGN; other buffers
 *            need no alignment. Codes read by bsk_gemm and bsk_conv must be followed by BSK_SLACK
 *            readable bytes of any content. Nothing is ever written outside the stated output.
 *            Input and output must not overlap unless a function says so. A call takes up to 80 KiB
 *            of stack.
 * Threads    The library starts none and keeps no mutable state after it is loaded. Packed memory
 *            is read-only once packed and may be shared by any number of threads; scratch belongs
 *            to one call at a time.
 * Errors     Functions return BSK_OK or a reason; arguments are checked before anything is
 *            written.
 * Exactness  Every result has the same bits on every CPU and at every level, plain C included.
 *            Sums are exact: packing refuses (BSK_ERANGE) weights with which an int32 could
 *            overflow for some activations in [a.qmin, a.qmax]. Depth k up to 65793 never
 *            overflows with 8-bit codes and no bias, up to 33025 with zero points of weights.
 *
 * Requantization, the normative rule (float32, each operation rounded; it agrees bit for bit with
 * ONNX Runtime and XNNPACK):
 *
 *     m[n] = (a.scale * w_scale[n]) / out.scale
 *     q    = clamp (rne ((float) acc * m[n]) + out.zero_point, out.qmin, out.qmax)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BSK_VERSION_MAJOR 0
#define BSK_VERSION_MINOR 1
#define BSK_VERSION_MICRO 0

#define BSK_ALIGN 64 /* alignment of packed memory and scratch, bytes */
#define BSK_SLACK 64 /* readable bytes after the last code that bsk_gemm or bsk_conv reads */

#if defined(__GNUC__)
#define BSK_API __attribute__ ((visibility ("default")))
#else
#define BSK_API
#endif

typedef enum {
  BSK_OK = 0,
  BSK_EINVAL, /* a null pointer, a size ≤ 0, a range outside its type, an unknown enumeration value
               */
  BSK_ERANGE,  /* an int32 sum could overflow, a scale is not positive and finite, a size does not
                  fit size_t */
  BSK_EALIGN,  /* packed memory or scratch is not aligned to BSK_ALIGN */
  BSK_ENOTSUP, /* valid, but this library cannot do it */
} BskStatus;

/* bsk_strerror: an English sentence for a status; never NULL. */
BSK_API const char *bsk_strerror (BskStatus status);

/* bsk_version: "major.minor.micro" of the library in use. */
BSK_API const char *bsk_version (void);

/* ---- Instruction-set levels ---- */

typedef enum {
  BSK_CPU_SSE41 = 1u << 0,
  BSK_CPU_AVX2 = 1u << 1,       /* with FMA and F16C */
  BSK_CPU_AVXVNNI = 1u << 2,    /* 256-bit dot products, VEX or EVEX encoded */
  BSK_CPU_AVX512VNNI = 1u << 3, /* F, BW, DQ, VL and VNNI */
  BSK_CPU_POPCNT512 = 1u << 4,  /* VPOPCNTDQ: binary products at the AVX-512 level */
  BSK_CPU_NEON = 1u << 5,
  BSK_CPU_DOTPROD = 1u << 6,
  BSK_CPU_I8MM = 1u << 7,
} BskCpu;

/* bsk_cpu: the BskCpu bits that processor and operating system offer and that BSK_CPU and
 * bsk_cpu_mask allow. The environment variable
 * BSK_CPU=ref|sse41|avx2|avxvnni|avx512vnni|neon|dotprod|i8mm, read once, caps the level. */
BSK_API unsigned bsk_cpu (void);

/* bsk_cpu_mask: allow only the given BskCpu bits from now on; returns what bsk_cpu() then says.
 *
 * For tests and benchmarks. Affects what is packed or called afterwards; memory packed before keeps
 * the level it was packed for.
 * Threads  call it while no other function of the library runs. */
BSK_API unsigned bsk_cpu_mask (unsigned allow);

/* bsk_level_name: "ref", "sse41", "avx2", "avxvnni", "avx512vnni", "neon", "dotprod" or "i8mm": the
 * best level in use, for display and for storing with results. */
BSK_API const char *bsk_level_name (void);

/* ---- Types ---- */

typedef enum { BSK_U8, BSK_S8, BSK_S16, BSK_S32, BSK_F32 } BskType;

/* How codes of one tensor map to numbers. scale > 0 and finite; qmin ≤ qmax inside the type of the
 * codes; zero_point inside the type of the codes (it may lie outside [qmin, qmax], as with a fused
 * clip). */
typedef struct {
  float scale;
  int32_t zero_point;
  int32_t qmin, qmax;
} BskQParams;

/* ---- Matrix product C = A · Wᵀ ---- */

/* Weights come one code per int8 (BSK_W_S16: int16) to be packed; packed, they take the bits of
 * their type and are unpacked inside the kernel. A code stands for itself, except in a code book.
 */
typedef enum {
  BSK_W_S8,        /* any int8, 8 bits */
  BSK_W_S4,        /* −8 … 7, 4 bits; 3-bit codes fit too */
  BSK_W_S2,        /* −2 … 1, 2 bits */
  BSK_W_BIT,       /* −1 or +1, 1 bit */
  BSK_W_CODEBOOK4, /* 0 … 15, 4 bits: code i stands for codebook[i] */
  BSK_W_S16, /* −32767 … 32767, given as int16: codes of 9 to 16 bits, with a_type BSK_S16 */
  BSK_W_U8,  /* 0 … 255, given as uint8, 8 bits */
} BskWeightType;

/* What a product or convolution is made of, apart from its weights. Only read while packing. */
typedef struct {
  int n, k; /* ≥ 1; bsk_conv_* take both from the shape and ignore them here */
  BskWeightType w_type;
  int group;              /* 0: one scale per channel. Else one per `group` weights along k: a
                             multiple of 16 up to 256; the last group may be short. Convolutions,
                             where k counts [kh][kw][cin / groups]: a group must not reach from one
                             kernel row into the next (with dilation_w > 1 or groups > 1: from one
                             kernel element), and depthwise takes 0 only: else BSK_ENOTSUP */
  const int8_t *codebook; /* [16] for BSK_W_CODEBOOK4, else not looked at */
  const float *w_scale; /* [n], with groups [n][⌈k / group⌉]; may be NULL for out_type BSK_S32 */
  int32_t w_zero_point;         /* code that stands for 0, of all channels */
  const int32_t *w_zero_points; /* [n] one for each channel instead, or NULL. Either way inside the
                                   type of the codes, and for BSK_W_S8 and BSK_W_U8 without groups
                                   only: 0 elsewhere (BSK_ENOTSUP) */
  const int32_t *bias;    /* [n] in units of a.scale · w_scale[n], or NULL; NULL with groups */
  const float *bias_real; /* [n] real numbers, or NULL; NULL without groups */
  BskType a_type; /* BSK_U8 or BSK_S8; BSK_S16 with, and only with, w_type BSK_W_S16, where sums are
                     int64 and never overflow, and out_type may be BSK_S16 but not BSK_S32 */
  BskQParams a;   /* A caller that knows its codes to be below 8 bits says so in qmin, qmax:
                     faster on AVX2. Codes outside [qmin, qmax] then give undefined results.
                     scale may be anything when out_type is BSK_S32 */
  BskType out_type; /* BSK_U8, BSK_S8: requantized; BSK_S32: the sums; BSK_F32: (float) sum ·
                       (a.scale · w_scale[n]) */
  BskQParams out;   /* for BSK_U8 and BSK_S8; [qmin, qmax] also carries a fused ReLU or clip, and
                       codes below 8 bits */
} BskGemmArgs;

/* bsk_gemm_bytes: size of the packed form; 0 when the arguments are invalid (bsk_gemm_pack says
 * why). */
BSK_API size_t bsk_gemm_bytes (const BskGemmArgs *args);

/* bsk_gemm_pack: prepare weights for bsk_gemm.
 *
 *   w       [n × k] weights, row stride ldw ≥ k elements
 *   packed  bsk_gemm_bytes (args) bytes, aligned to BSK_ALIGN; self-contained: args, w and what
 *           they point at may go away afterwards
 *
 * Zero points are folded into the start values of the sums, scales into one multiplier per channel,
 * so that a call of bsk_gemm does nothing twice. Where every w − w_zero_point of a channel fits in
 * int8, that is what is packed, at no cost; else
 *
 *     Σ (a − za) (w − zw) = Σ a w − za Σ w − zw Σ a + k za zw
 *
 * and bsk_gemm sums the rows of A too, once for all channels.
 * Errors   BSK_EINVAL, BSK_EALIGN, BSK_ENOTSUP; BSK_ERANGE when a sum could overflow or a
 *          multiplier is not finite. */
BSK_API BskStatus bsk_gemm_pack (const BskGemmArgs *args, const void *w, size_t ldw, void *packed);

/* Products with groups sum integers inside a group and floats over the groups, in this order
 * (float32, fused):
 *
 *     f      bias_real[n] / a.scale, or 0; then for g = 0, 1, …
 *            f = fma ((float) acc[g], w_scale[n][g], f)
 *     F32    f · a.scale
 *     8 bit  clamp (rne (f · (a.scale / out.scale)) + out.zero_point, out.qmin, out.qmax)
 *
 * BSK_S32 is not possible with groups. */

/* bsk_gemm: rows [m0, m1) of C = requantize ((A − a.zero_point) · (W − w_zero_point)ᵀ + bias).
 *
 *   a  codes [≥ m1 × k], row stride lda ≥ k elements, readable BSK_SLACK bytes past the end
 *   c  out_type [≥ m1 × n], row stride ldc ≥ n elements
 *
 * Threads  any, on disjoint row ranges.
 * Source   Jacob et al., CVPR 2018, section 2.3, with the float multiplier of the rule at the top
 *          of this file. */
BSK_API BskStatus
bsk_gemm (const void *packed, const void *a, size_t lda, void *c, size_t ldc, size_t m0, size_t m1);

/* ---- Products of bits ---- */

/* bsk_bits_bytes: size of n rows of k bits, packed; 0 when n or k < 1 or it does not fit size_t. */
BSK_API size_t bsk_bits_bytes (int n, int k);

/* bsk_bits_pack: rows of ⌈k / 64⌉ words, ldw ≥ that many words apart; bits past k must be 0. */
BSK_API BskStatus bsk_bits_pack (int n, int k, const uint64_t *w, size_t ldw, void *packed);

typedef enum { BSK_XOR, BSK_AND } BskBitOp;

typedef struct {
  BskBitOp op;
  int32_t offset, factor;
  int accumulate; /* c[m][n] itself is the offset */
} BskBitsArgs;

/* bsk_gemm_bits: rows [m0, m1) of c[m][n] = offset + factor · popcount (a[m] op w[n]), int32,
 * wrapping.
 *
 *   a  rows of ⌈k / 64⌉ words, lda ≥ that many words apart; bits past k must be 0
 *   c  [≥ m1 × n], row stride ldc ≥ n elements
 *
 * Numbers −1, +1 as bits 0, 1: the dot product is k − 2 · popcount (a xor w), hence BSK_XOR,
 * offset k, factor −2. Bit-serial, with planes a_i, w_j of codes: Σ 2^(i + j) · popcount (a_i and
 * w_j), one call per pair of planes with BSK_AND and factor 2^(i + j), accumulating; the sign plane
 * of two's complement has a negative factor. On x86 this pays up to 4 pairs of planes: a pair is
 * 5.3 times as fast as an 8-bit product.
 * Threads  any, on disjoint row ranges. */
BSK_API BskStatus bsk_gemm_bits (const void *packed,
                                 const BskBitsArgs *args,
                                 const uint64_t *a,
                                 size_t lda,
                                 int32_t *c,
                                 size_t ldc,
                                 size_t m0,
                                 size_t m1);

/* ---- Convolution ---- */

/* One image and one kernel. A one-dimensional convolution has h = kh = 1. pads ≥ 0, all else ≥ 1;
 * cin and cout are totals over all groups. Padding stands for the real number 0, hence for the code
 * a.zero_point. */
typedef struct {
  int h, w, cin, cout;
  int kh, kw, stride_h, stride_w, dilation_h, dilation_w;
  int pad_top, pad_left, pad_bottom, pad_right;
  int groups;
} BskConvShape;

/* bsk_conv_out_h, bsk_conv_out_w: size of the output image; 0 when the kernel does not fit or the
 * shape is invalid. */
BSK_API int bsk_conv_out_h (const BskConvShape *shape);
BSK_API int bsk_conv_out_w (const BskConvShape *shape);

/* bsk_conv_bytes: size of the packed form; 0 when the arguments are invalid (bsk_conv_pack says
 * why). */
BSK_API size_t bsk_conv_bytes (const BskConvShape *shape, const BskGemmArgs *args);

/* bsk_conv_pack: prepare weights [cout][kh][kw][cin / groups] for bsk_conv; as bsk_gemm_pack.
 * Depthwise convolution (groups = cin = cout) is recognised here; its few weights are kept as int8
 * whatever their type. */
BSK_API BskStatus bsk_conv_pack (const BskConvShape *shape,
                                 const BskGemmArgs *args,
                                 const void *w,
                                 void *packed);

/* bsk_conv_scratch_bytes: scratch that one call of bsk_conv needs; may be 0. */
BSK_API size_t bsk_conv_scratch_bytes (const void *packed);

/* bsk_conv: output rows [y0, y1) of each of n_images images.
 *
 *   a        codes [n_images][h][w][cin], images a_image elements apart, readable BSK_SLACK bytes
 *            past the end
 *   c        out_type [n_images][out_h][out_w][ldc], of which the first cout of each pixel are
 *            written; images c_image elements apart; ldc ≥ cout. (ldc > cout writes one operand of
 *            a concatenation in place.)
 *   scratch  bsk_conv_scratch_bytes (packed) bytes aligned to BSK_ALIGN, one per thread; NULL when
 *            that is 0
 *
 * Several images per call cost less than one call per image.
 * Threads  any, on disjoint images or rows, each with its own scratch. */
BSK_API BskStatus bsk_conv (const void *packed,
                            const void *a,
                            size_t a_image,
                            void *c,
                            size_t c_image,
                            size_t ldc,
                            size_t n_images,
                            int y0,
                            int y1,
                            void *scratch);

/* ---- Transposed convolution ---- */

/* A transposed convolution is described by the same shape: h, w, cin are those of its input, stride
 * spreads it, the pads are cut off its output, and extra_h, extra_w ≥ 0 (ONNX output_padding) are
 * added below and to the right:
 *
 *     out[y · stride + ky · dilation − pad] += in[y] · w[cout][ky][kx][cin / groups]
 *
 * bsk_deconv_out_h, bsk_deconv_out_w: size of its output; 0 when invalid. Pads larger than
 * (kernel − 1) · dilation are not supported, nor are groups of weights with scales of their own. */
BSK_API int bsk_deconv_out_h (const BskConvShape *shape, int extra_h);
BSK_API int bsk_deconv_out_w (const BskConvShape *shape, int extra_w);

/* bsk_deconv_bytes, bsk_deconv_pack, bsk_deconv_scratch_bytes, bsk_deconv: as for bsk_conv, whole
 * images at a time. */
BSK_API size_t bsk_deconv_bytes (const BskConvShape *shape,
                                 int extra_h,
                                 int extra_w,
                                 const BskGemmArgs *args);
BSK_API BskStatus bsk_deconv_pack (const BskConvShape *shape,
                                   int extra_h,
                                   int extra_w,
                                   const BskGemmArgs *args,
                                   const void *w,
                                   void *packed);
BSK_API size_t bsk_deconv_scratch_bytes (const void *packed);
BSK_API BskStatus bsk_deconv (const void *packed,
                              const void *a,
                              size_t a_image,
                              void *c,
                              size_t c_image,
                              size_t ldc,
                              size_t n_images,
                              void *scratch);

/* ---- Float convolution ---- */

/* What integer networks are compared with, on the same NHWC images. bsk_conv_f32_bytes: size of
 * the packed form; 0 when the shape is invalid or has more than 256 segments (kernel rows, or with
 * groups or dilated columns kernel positions). */
BSK_API size_t bsk_conv_f32_bytes (const BskConvShape *shape);

/* bsk_conv_f32_pack: prepare weights for bsk_conv_f32.
 *
 *   w       [cout][kh][kw][cin / groups]
 *   bias    [cout] or NULL
 *   lo, hi  a fused ReLU or clip; −∞ and +∞ for none; lo ≤ hi
 *   packed  bsk_conv_f32_bytes (shape) bytes, aligned to BSK_ALIGN; self-contained */
BSK_API BskStatus bsk_conv_f32_pack (const BskConvShape *shape,
                                     const float *w,
                                     const float *bias,
                                     float lo,
                                     float hi,
                                     void *packed);

/* bsk_conv_f32: c = clip (conv (a)) for n_images images.
 *
 *   a  [n_images][h][w][cin]
 *   c  [n_images][out_h][out_w][ldc], of which the first cout of each pixel are written;
 *      ldc ≥ cout
 *
 * Definition  sum = bias; for kernel row, kernel column, input channel of the group in this order:
 *             sum = fma (a, w, sum), positions outside the image left out; then sum < lo ? lo : sum
 *             > hi ? hi : sum. Hence the same bits at every level; NaN stays NaN.
 * Threads     any, on disjoint images. */
BSK_API BskStatus
bsk_conv_f32 (const void *packed, const float *a, float *c, size_t ldc, size_t n_images);

/* ---- Pooling, NHWC ---- */

/* out_h and out_w are the caller's (floor or ceil mode); windows are cut to the image. */
typedef struct {
  int h, w, channels;
  int kh, kw, stride_h, stride_w, dilation_h, dilation_w;
  int pad_top, pad_left, pad_bottom, pad_right;
  int out_h, out_w;
} BskPoolShape;

/* bsk_max_pool: largest code of each window; padding never wins. Codes keep their scale.
 *
 *   type  BSK_U8 or BSK_S8, of a and c
 *   a, c  dense images, n_images of them
 *
 * A window without a pixel of the image gives the lowest code of the type. */
BSK_API BskStatus
bsk_max_pool (const BskPoolShape *shape, BskType type, const void *a, void *c, size_t n_images);

/* bsk_average_pool: mean of each window, requantized.
 *
 *   sum  = Σ (a − qa.zero_point) over the pixels of the window inside the image, int32
 *   div  = number of those pixels, or with include_pad of window positions in the padded image
 *   m    = (qa.scale / qc.scale) / (float) div
 *   c    = clamp (rne ((float) sum · m) + qc.zero_point, qc.qmin, qc.qmax)
 *
 * A window with div = 0 gives clamp (qc.zero_point). The global average is the case kh = h, kw = w
 * without pads.
 * Errors   BSK_ERANGE when kh · kw > 2²² or qa.scale / qc.scale ≥ 2²⁰; BSK_EINVAL. */
BSK_API BskStatus bsk_average_pool (const BskPoolShape *shape,
                                    int include_pad,
                                    BskType a_type,
                                    const BskQParams *qa,
                                    const void *a,
                                    BskType c_type,
                                    const BskQParams *qc,
                                    void *c,
                                    size_t n_images);

/* ---- Elementwise ---- */

/* bsk_add, bsk_mul: c = a + b, c = a · b on codes; types BSK_U8 or BSK_S8, each its own.
 *
 *   add   ra = qa.scale / qc.scale, rb = qb.scale / qc.scale
 *         c  = clamp (rne ((float) (a − za) · ra + (float) (b − zb) · rb) + zc, qc.qmin, qc.qmax)
 *   mul   r  = (qa.scale · qb.scale) / qc.scale
 *         c  = clamp (rne ((float) ((a − za) · (b − zb)) · r) + zc, qc.qmin, qc.qmax)
 *
 * float32, each operation rounded on its own. Broadcasting by runs: element i of c takes
 * b[(i / b_repeat) % b_count], so b_count = n, b_repeat = 1 is "same shape"; b_count = channels,
 * b_repeat = 1 is one per NHWC channel; b_count = 1 a constant. c may be a or b itself when the
 * shapes are equal.
 * Errors   BSK_ERANGE when ra or rb > 2²¹ or r > 2¹⁴. */
typedef struct {
  BskType a_type, b_type, c_type;
  BskQParams qa, qb, qc;
  size_t b_count, b_repeat; /* 0 stands for n and for 1 */
} BskBinaryArgs;
BSK_API BskStatus
bsk_add (const BskBinaryArgs *args, const void *a, const void *b, void *c, size_t n);
BSK_API BskStatus
bsk_mul (const BskBinaryArgs *args, const void *a, const void *b, void *c, size_t n);

/* bsk_lookup: c[i] = table[a[i]], any function of one 8-bit tensor. For signed codes the table is
 * indexed by the bit pattern. c may be a itself. */
BSK_API BskStatus bsk_lookup (const uint8_t table[256], const uint8_t *a, size_t n, uint8_t *c);

/* bsk_requantize: c = clamp (rne ((float) (a − za) · (qa.scale / qc.scale)) + zc, qc.qmin,
 * qc.qmax); 8-bit types. */
BSK_API BskStatus bsk_requantize (BskType a_type,
                                  const BskQParams *qa,
                                  const void *a,
                                  BskType c_type,
                                  const BskQParams *qc,
                                  void *c,
                                  size_t n);

/* bsk_transpose_8: [n_images][rows][cols] bytes → [n_images][cols][rows]; NCHW → NHWC with rows =
 * channels and cols = pixels, NHWC → NCHW the other way round. */
BSK_API BskStatus
bsk_transpose_8 (const void *a, size_t n_images, size_t rows, size_t cols, void *c);

/* ---- Streams ---- */

/* bsk_quantize: q[i] = clamp (rne (x[i] / scale) + zero_point, qmin, qmax), the quotient correctly
 * rounded to float.
 *
 *   type  BSK_U8, BSK_S8 or BSK_S16
 *
 * NaN gives the zero point (clamped), infinities the ends. Same as ONNX QuantizeLinear. */
BSK_API BskStatus
bsk_quantize (const float *x, size_t n, const BskQParams *params, BskType type, void *q);

/* bsk_quantize_rows: the same with params[row] for each of `rows` rows of `inner` values: per
 * channel, or per group with inner = group size. */
BSK_API BskStatus bsk_quantize_rows (const float *x,
                                     size_t rows,
                                     size_t inner,
                                     const BskQParams *params,
                                     BskType type,
                                     void *q);

/* bsk_quantize_nchw: x [n_images][channels][pixels] → q [n_images][pixels][channels], quantized: a
 * network's input. */
BSK_API BskStatus bsk_quantize_nchw (const float *x,
                                     size_t n_images,
                                     size_t channels,
                                     size_t pixels,
                                     const BskQParams *params,
                                     BskType type,
                                     void *q);

/* bsk_dequantize: x[i] = (float) (q[i] − zero_point) · scale; type BSK_U8, BSK_S8, BSK_S16 or
 * BSK_S32 (there the difference wraps). qmin and qmax are not looked at. */
BSK_API BskStatus
bsk_dequantize (const void *q, size_t n, const BskQParams *params, BskType type, float *x);
BSK_API BskStatus bsk_dequantize_rows (const void *q,
                                       size_t rows,
                                       size_t inner,
                                       const BskQParams *params,
                                       BskType type,
                                       float *x);

/* bsk_dequantize_nchw: q [n_images][pixels][channels] → x [n_images][channels][pixels]: back to the
 * float layout. */
BSK_API BskStatus bsk_dequantize_nchw (const void *q,
                                       size_t n_images,
                                       size_t channels,
                                       size_t pixels,
                                       const BskQParams *params,
                                       BskType type,
                                       float *x);

/* bsk_fake_quantize: y[i] = dequantize (quantize (x[i])). Codes up to 24 bits: qmax − zero_point
 * and zero_point − qmin at most 2²⁴. y may be x itself. */
BSK_API BskStatus bsk_fake_quantize (const float *x, size_t n, const BskQParams *params, float *y);

#define BSK_LEVELS_MAX 256
#define BSK_LEVELS_BUCKETS 4096

/* A table of levels: a code book, or any format of few numbers. Filled by bsk_levels_init. */
typedef struct {
  int n;                               /* 1 … BSK_LEVELS_MAX */
  int nan_code;                        /* what NaN becomes */
  float level[BSK_LEVELS_MAX];         /* what the codes 0 … n − 1 stand for */
  float threshold[2 * BSK_LEVELS_MAX]; /* n − 1 rising ones, then infinities */

  /* The library's own: the thresholds as a tree, heap[1] in the middle of all, heap[2 i] and
   * heap[2 i + 1] those between which a value below or above heap[i] is looked for next. And value v
   * lies in bucket trunc ((v − low) · per_unit); of the thresholds, first[bucket] lie in lower ones
   * and at most depth in it. */
  float heap[BSK_LEVELS_MAX];
  float low, per_unit;
  int depth;
  int32_t first[BSK_LEVELS_BUCKETS];
} BskLevels;

/* bsk_levels_init: a value is given the code i when it lies above i of the thresholds.
 *
 *   level      [n] what the codes stand for, in units of the scale
 *   threshold  [n − 1] finite, not falling, in units of the scale
 *   nan_code   0 … n − 1 */
BSK_API BskStatus bsk_levels_init (BskLevels *levels,
                                   int n,
                                   const float *level,
                                   const float *threshold,
                                   int nan_code);

/* bsk_quantize_levels: codes[i] = number of thresholds below x[i] / scale, the quotient correctly
 * rounded to float; y[i] = level[codes[i]] · scale.
 *
 *   magnitudes  not 0: both from |x[i]|, then negated where x[i] < 0 and the code is not 0
 *
 * y may be x itself. */
BSK_API BskStatus bsk_quantize_levels (const BskLevels *levels,
                                       const float *x,
                                       size_t n,
                                       float scale,
                                       int magnitudes,
                                       int32_t *codes,
                                       float *y);

/* bsk_minmax: smallest and largest finite value; returns through n_not_finite (may be NULL) how
 * many were NaN or infinite. Without a finite value min = +∞ and max = −∞. */
BSK_API BskStatus
bsk_minmax (const float *x, size_t n, float *min, float *max, size_t *n_not_finite);

/* bsk_minmax_rows: the same for each of `rows` rows of `inner` values; n_not_finite of all of them. */
BSK_API BskStatus bsk_minmax_rows (const float *x,
                                   size_t rows,
                                   size_t inner,
                                   float *min,
                                   float *max,
                                   size_t *n_not_finite);

/* bsk_histogram: adds to counts[0 … bins − 1] the number of values in equal bins over [lo, hi].
 *
 *   index  trunc ((x − lo) · (bins / (hi − lo))), float32, clamped to [0, bins − 1]: values outside
 *          [lo, hi] and infinities count in the end bins; NaN is not counted
 *   bins   1 … 32768; lo < hi, both and hi − lo finite */
BSK_API BskStatus
bsk_histogram (const float *x, size_t n, float lo, float hi, int bins, uint64_t *counts);

/* What quantizing a stream of values did to it. Values that are not finite are counted and
 * otherwise left out. */
typedef struct {
  uint64_t count, n_not_finite;       /* finite values; NaN and infinities */
  uint64_t clipped_low, clipped_high; /* values whose code was cut at qmin, qmax */
  float min, max;                     /* of the finite values; +∞, −∞ when there is none */
  float err_max;                      /* largest |error| */
  double sum, sum_sq;                 /* Σ x, Σ x² */
  double err_sum, err_sq; /* Σ e, Σ e², e = x − dequantize (quantize (x)); SQNR = sum_sq / err_sq */
  double xy, y_sq; /* Σ x·y, Σ y², y = dequantize (quantize (x)); cosine = xy / √(sum_sq · y_sq) */
} BskStats;

/* bsk_stats_init: the statistics of no values. */
BSK_API void bsk_stats_init (BskStats *stats);

/* bsk_error: one pass over x, merged into stats (which bsk_stats_init or an earlier call filled).
 *
 * Definition  Blocks of 4096 values from the start of x; 16 virtual lanes, value i belongs to lane
 *             i mod 16. Each lane sums in float: e = fma (−(code − zero_point), scale, x), squares
 *             by fma. Lanes are added pairwise (i, i + 8), (i, i + 4), …, blocks in double. Hence
 *             the same bits at every level; another split of x gives other last bits. */
BSK_API BskStatus bsk_error (const float *x, size_t n, const BskQParams *params, BskStats *stats);

/* bsk_error_rows: the same with params[row] for each of `rows` rows of `inner` values: per channel, or
 * per group with inner = group size.
 *
 * Definition  As for bsk_error, but a block is as many whole rows as make at most 4096 values, from
 *             the first on, and lanes start anew in each row; rows longer than 4096 as by bsk_error
 *             one after the other. */
BSK_API BskStatus bsk_error_rows (const float *x,
                                  size_t rows,
                                  size_t inner,
                                  const BskQParams *params,
                                  BskStats *stats);

/* bsk_stats_merge: into = both; for threads that split x. */
BSK_API void bsk_stats_merge (BskStats *into, const BskStats *from);

/* bsk_compare: the same figures for two given streams: e = x − y, nothing clipped; pairs with a
 * value that is not finite are left out. */
BSK_API BskStatus bsk_compare (const float *x, const float *y, size_t n, BskStats *stats);

/* bsk_error_sweep: adds to err_sq[i] the squared error of settings[i], all from one pass over
 * memory. n_not_finite, which may be NULL, receives how many values were left out.
 *
 * Definition  Blocks of 4096 values from the start of x, each of rows of 64 values; 64 virtual
 *             lanes, value i belongs to lane i mod 64. With t = x · (1 / scale) and the level r =
 *             clamp (rne (t), qmin − zero_point, qmax − zero_point), the code may differ from the
 *             exact quotient's in near-ties, where both neighbours have the same error. The error
 *             is taken in steps, e = t − r, and the block's sum multiplied by scale², if reach, the
 *             largest |level|, is at most 2048 and that sum is at least reach² / 2¹⁴ and at most
 *             2¹²⁷. Otherwise e = fma (−r, scale, x), free of the error of t. Each lane sums by e · e + sum, fused, in float: once over the rows of which nothing was
 *             clamped, once over the others. Lanes are added pairwise (i, i + 32), (i, i + 16), …,
 *             the two sums, and blocks, in double. Hence the same bits at every level.
 * Codes       up to 24 bits. Up to 8 bits a value and setting cost four operations, six in rows
 *             with clamped values. */
BSK_API BskStatus bsk_error_sweep (const float *x,
                                   size_t n,
                                   const BskQParams *settings,
                                   size_t n_settings,
                                   double *err_sq,
                                   size_t *n_not_finite);

/* ---- Float weights ---- */

/* bsk_quantize_pack: quantizes float weights, measures the error and packs the codes, reading the
 * floats once: the inner step of a sweep over settings.
 *
 *   shape   of a convolution, whose weights are [cout][kh][kw][cin / groups]; NULL: a product
 *   args    w_type BSK_W_S8, BSK_W_U8, BSK_W_S4 or BSK_W_S2, else BSK_ENOTSUP; its w_scale and zero
 *           points are those to quantize with
 *   qmin, qmax  of the codes, inside the type
 *   w       [n × k] float, row stride ldw ≥ k
 *   codes   [n × k] int8 or uint8, dense; written even when a sum could overflow (BSK_ERANGE)
 *   packed  as for bsk_gemm_pack or bsk_conv_pack
 *   stats   merged into, or NULL
 *
 * The same bits as bsk_quantize_rows, bsk_error on each row (with groups: on each group of a row),
 * and bsk_gemm_pack or bsk_conv_pack. NaN gives the zero point and is left out of the statistics.
 * Errors   those of packing. */
BSK_API BskStatus bsk_quantize_pack (const BskConvShape *shape,
                                     const BskGemmArgs *args,
                                     int32_t qmin,
                                     int32_t qmax,
                                     const float *w,
                                     size_t ldw,
                                     void *codes,
                                     void *packed,
                                     BskStats *stats);

#ifdef __cplusplus
}
#endif
