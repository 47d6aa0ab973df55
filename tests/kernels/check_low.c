/* Products with weights of 4, 2 and 1 bits, code books and groups against their definition and
 * plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <string.h>

static const int8_t nf4[16] = { -127, -88, -67, -50, -36, -23, -12, 0,
                                10,   20,  31,  43,  56,  71,  92,  127 };

static int8_t
random_code (BskWeightType type, int kind)
{
  int lo = type == BSK_W_S8    ? -128
           : type == BSK_W_S4  ? -8
           : type == BSK_W_S2  ? -2
           : type == BSK_W_BIT ? -1
                               : 0;
  int hi = type == BSK_W_S8 ? 127 : type == BSK_W_S4 ? 7 : type == BSK_W_CODEBOOK4 ? 15 : 1;

  if (type == BSK_W_BIT)
    return kind == 1 || (kind == 0 && check_between (0, 1)) ? 1 : -1;
  return (int8_t) (kind == 1 ? hi : kind == 2 ? lo : check_between (lo, hi));
}

static void
one (int m,
     int n,
     int k,
     int group,
     BskWeightType type,
     BskType a_type,
     BskType out_type,
     int kind,
     int seed)
{
  int groups = group ? (k + group - 1) / group : 1, shift = a_type == BSK_S8 ? -128 : 0;
  size_t bytes = out_type == BSK_S32 || out_type == BSK_F32 ? 4 : 1, lda, ldc, out_bytes;
  BskGemmArgs args = {
    .n = n, .k = k, .w_type = type, .group = group, .a_type = a_type, .out_type = out_type
  };
  float *scale, *bias_real;
  int32_t *bias;
  uint8_t *a, *got, *want;
  int8_t *w;

  check_case ("low %dx%dx%d group %d type %d a %d out %d kind %d seed %d", m, n, k, group,
              (int) type, (int) a_type, (int) out_type, kind, seed);
  check_seed ((uint64_t) seed);
  lda = (size_t) k + (size_t) check_between (0, 3);
  ldc = (size_t) n + (size_t) check_between (0, 3);
  args.codebook = nf4;
  args.a = (BskQParams){ 0.02f, check_between (shift, shift + 255), shift, shift + 255 };
  args.out =
    (BskQParams){ .scale = 0.002f * (float) (k + 1), .qmin = out_type == BSK_S8 ? -128 : 0 };
  args.out.qmax = args.out.qmin + (seed % 3 ? 255 : 15);
  args.out.zero_point = check_between (args.out.qmin, args.out.qmax);
  scale = check_buffer ((size_t) (n * groups) * sizeof *scale);
  bias = check_buffer ((size_t) n * sizeof *bias);
  bias_real = check_buffer ((size_t) n * sizeof *bias_real);
  for (int i = 0; i < n * groups; i++)
    scale[i] = 0.004f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
  for (int i = 0; i < n; i++) {
    bias[i] = check_between (-500, 500);
    bias_real[i] = check_normal ();
  }
  if (seed % 13 == 0 && group) /* sums leave float: infinities, and zero times infinity */
    for (int i = 0; i < n * groups; i++)
      scale[i] = 1e37f;
  args.w_scale = scale;
  args.bias = group || seed % 2 ? NULL : bias;
  args.bias_real = group && seed % 2 ? bias_real : NULL;
  w = check_buffer ((size_t) n * (size_t) k);
  for (int i = 0; i < n * k; i++)
    w[i] = random_code (type, kind);
  a = check_buffer ((size_t) m * lda + BSK_SLACK);
  check_fill (a, (size_t) m * lda + BSK_SLACK, a_type, shift, shift + 255, kind);
  out_bytes = ((size_t) (m - 1) * ldc + (size_t) n) * bytes;
  got = check_buffer (out_bytes);
  want = check_buffer (out_bytes);

  for (int ref = 0; ref < 2; ref++) {
    void *packed;
    size_t size;

    if (ref)
      check_ref ();
    else
      check_level ();
    size = bsk_gemm_bytes (&args);
    if (!check_that (size > 0, "bytes"))
      break;
    packed = check_buffer (size);
    if (!CHECK_OK (bsk_gemm_pack (&args, w, (size_t) k, packed)))
      break;
    CHECK_OK (bsk_gemm (packed, a, lda, ref ? want : got, ldc, 0, (size_t) m));
  }
  check_level ();
  check_same (got, want, out_bytes, "level against ref");

  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      float f = args.bias_real ? bias_real[j] / args.a.scale : 0, result;
      int64_t sum = args.bias ? bias[j] : 0;
      size_t at = (size_t) i * ldc + (size_t) j;
      int32_t s;
      bool good;

      for (int g = 0; g < groups; g++) {
        for (int l = group ? g * group : 0; l < k && (!group || l < (g + 1) * group); l++) {
          uint8_t byte = a[(size_t) i * lda + (size_t) l];
          int8_t code = w[(size_t) j * (size_t) k + (size_t) l];

          sum += (int64_t) ((a_type == BSK_S8 ? (int8_t) byte : byte) - args.a.zero_point) *
                 (type == BSK_W_CODEBOOK4 ? nf4[code] : code);
        }
        if (group) {
          f = fmaf ((float) sum, scale[j * groups + g], f);
          sum = 0;
        }
      }
      if (out_type == BSK_S32) {
        memcpy (&s, want + 4 * at, 4);
        good = s == sum;
      } else if (out_type == BSK_F32) {
        float expected = group ? f * args.a.scale : (float) sum * (args.a.scale * scale[j]);

        memcpy (&result, want + 4 * at, 4);
        good = result == expected || (isnan (result) && isnan (expected));
      } else if (group) {
        double q = (double) rintf (f * (args.a.scale / args.out.scale)) + args.out.zero_point;

        good =
          want[at] == (uint8_t) (q >= args.out.qmin ? q > args.out.qmax ? args.out.qmax : (int) q
                                                    : args.out.qmin);
      } else {
        good = want[at] ==
               (uint8_t) check_finish (sum, args.a.scale * scale[j] / args.out.scale, &args.out);
      }
      if (!check_that (good, "element %d %d", i, j))
        i = m, j = n;
    }
  check_free_all ();
}

void
check_low (void)
{
  static const BskWeightType types[] = { BSK_W_S4, BSK_W_S2, BSK_W_BIT, BSK_W_CODEBOOK4, BSK_W_S8 };
  static const BskType outs[] = { BSK_F32, BSK_U8, BSK_S8, BSK_S32 };
  int seed = 1;

  for (int i = 0; i < 400; i++, seed++) {
    BskWeightType type = types[i % 5];
    int group, m, n, k;

    check_seed ((uint64_t) seed * 55);
    group = type == BSK_W_S8 || i % 3 ? 16 * check_between (1, 16) : 0;
    m = check_between (1, 14);
    n = check_between (1, 70);
    k = check_between (1, i % 4 ? 100 : 600);
    one (m, n, k, group, type, i / 5 % 2 ? BSK_S8 : BSK_U8, outs[i / 2 % (group ? 3 : 4)],
         i % 9 == 7   ? 1
         : i % 9 == 8 ? 2
                      : 0,
         seed);
  }
  /* Rows for which panels are unpacked first: every number of vectors in the last panel, K that
   * fills quads and that does not. */
  for (int i = 0; i < 64; i++, seed++)
    one (30 + i % 7, 16 * (i / 4 % 9) + 5, 1 + i % 16 * 7, 0, types[i % 4],
         i / 5 % 2 ? BSK_S8 : BSK_U8, outs[i / 3 % 4], i % 9 == 8, seed);
}

static void
bits (int seed)
{
  int m, n, k, words;
  uint64_t *a, *w;
  int32_t *c[2];
  size_t lda, ldc, out;
  BskBitsArgs args;

  check_seed ((uint64_t) seed);
  m = check_between (1, 15);
  n = check_between (1, 75);
  k = check_between (1, seed % 5 ? 300 : 9000);
  words = (k + 63) / 64;
  args = (BskBitsArgs){ .op = seed % 2 ? BSK_XOR : BSK_AND,
                        .offset = k,
                        .factor = check_between (-9, 9),
                        .accumulate = seed % 3 == 0 };
  check_case ("bits %dx%dx%d op %d seed %d", m, n, k, (int) args.op, seed);
  lda = (size_t) words + (size_t) check_between (0, 2);
  ldc = (size_t) n + (size_t) check_between (0, 2);
  a = check_buffer (((size_t) (m - 1) * lda + (size_t) words) * 8);
  w = check_buffer ((size_t) n * (size_t) words * 8);
  for (size_t i = 0; i < (size_t) (m - 1) * lda + (size_t) words; i++)
    a[i] = seed % 7 ? (uint64_t) check_random () << 32 | check_random () : UINT64_MAX;
  for (int i = 0; i < n * words; i++)
    w[i] = seed % 7   ? (uint64_t) check_random () << 32 | check_random ()
           : seed % 2 ? 0
                      : UINT64_MAX;
  if (k % 64) {
    for (int i = 0; i < m; i++)
      a[(size_t) i * lda + (size_t) words - 1] &= (1ull << k % 64) - 1;
    for (int i = 0; i < n; i++)
      w[i * words + words - 1] &= (1ull << k % 64) - 1;
  }
  out = (size_t) (m - 1) * ldc + (size_t) n;
  for (int ref = 0; ref < 2; ref++) {
    void *packed;

    if (ref)
      check_ref ();
    else
      check_level ();
    c[ref] = check_buffer (out * 4);
    packed = check_buffer (bsk_bits_bytes (n, k));
    CHECK_OK (bsk_bits_pack (n, k, w, (size_t) words, packed));
    CHECK_OK (bsk_gemm_bits (packed, &args, a, lda, c[ref], ldc, 0, (size_t) m));
  }
  check_level ();
  check_same (c[0], c[1], out * 4, "level against ref");
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      uint32_t want =
        args.accumulate ? 0xa5a5a5a5u : (uint32_t) args.offset; /* what fresh buffers hold */

      for (int l = 0; l < k; l++) {
        bool x = a[(size_t) i * lda + (size_t) l / 64] >> l % 64 & 1,
             y = w[j * words + l / 64] >> l % 64 & 1;

        want += (uint32_t) args.factor * (uint32_t) (args.op == BSK_XOR ? x != y : x && y);
      }
      if (!check_that ((uint32_t) c[1][(size_t) i * ldc + (size_t) j] == want, "element %d %d", i,
                       j))
        i = m, j = n;
    }
  check_free_all ();
}

void
check_bits (void)
{
  for (int seed = 1; seed <= 120; seed++)
    bits (seed);
}
