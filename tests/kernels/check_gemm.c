/* Matrix product against a definition in int64, and every level against plain C.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static const BskType out_types[] = { BSK_S32, BSK_F32, BSK_U8, BSK_S8 };

static size_t
bytes_of (BskType type)
{
  return type == BSK_S32 || type == BSK_F32 ? 4 : 1;
}

/* One product; a_kind and w_kind as in check_fill. */
static void
one (int m,
     int n,
     int k,
     BskType a_type,
     BskType out_type,
     int a_bits,
     int w_bits,
     int a_kind,
     int w_kind,
     CheckZeros zeros,
     int seed)
{
  size_t lda = (size_t) k, ldc = (size_t) n, ldw, bytes = bytes_of (out_type), out_bytes;
  int shift = a_type == BSK_S8 ? -(1 << (a_bits - 1)) : 0,
      w_top = w_bits == 8 ? 128 : (1 << (w_bits - 1)) - 1;
  BskGemmArgs args = { .n = n, .k = k, .a_type = a_type, .out_type = out_type };
  float *scale;
  int32_t *bias;
  uint8_t *a, *got, *want;
  void *w;
  int m0;

  check_case ("gemm %dx%dx%d a %s%d out %d w%d kinds %d %d zeros %d seed %d", m, n, k,
              a_type == BSK_S8 ? "s" : "u", a_bits, (int) out_type, w_bits, a_kind, w_kind,
              (int) zeros, seed);
  check_seed ((uint64_t) seed);
  lda += (size_t) check_between (0, 3);
  ldc += check_between (0, 1) ? (size_t) check_between (1, 5) : 0; /* kernels join adjacent rows */
  ldw = (size_t) k + (size_t) check_between (0, 2);
  m0 = m > 2 ? check_between (0, 2) : 0;
  args.a = (BskQParams){ .scale = 0.02f, .qmin = shift, .qmax = shift + (1 << a_bits) - 1 };
  args.a.zero_point = seed % 5 == 0   ? args.a.qmin
                      : seed % 5 == 1 ? args.a.qmax
                                      : check_between (args.a.qmin, args.a.qmax);
  args.out =
    (BskQParams){ .scale = 0.003f * (float) (k + 1), .qmin = out_type == BSK_S8 ? -128 : 0 };
  args.out.qmax = args.out.qmin + 255;
  args.out.zero_point = check_between (args.out.qmin, args.out.qmax);
  if (seed % 3 == 0) { /* fused clip, or codes below 8 bits */
    args.out.qmin += 3;
    args.out.qmax = args.out.qmin + 15;
  }
  if (seed % 11 == 0) /* everything saturates, far beyond int32 */
    args.out.scale = 0x1p-60f;

  scale = check_buffer ((size_t) n * sizeof *scale);
  bias = check_buffer ((size_t) n * sizeof *bias);
  for (int i = 0; i < n; i++) {
    scale[i] = 0.004f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
    bias[i] = check_between (-5000, 5000);
  }
  args.w_scale = scale;
  args.bias = seed % 2 ? bias : NULL;
  w = check_weights (&args, (size_t) n, (size_t) n * ldw, zeros, w_bits == 8 ? -128 : -w_top,
                     w_bits == 8 ? 127 : w_top, w_kind);
  a = check_buffer ((size_t) m * lda + BSK_SLACK);
  check_fill (a, (size_t) m * lda + BSK_SLACK, a_type, args.a.qmin, args.a.qmax, a_kind);
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
    if (!CHECK_OK (bsk_gemm_pack (&args, w, ldw, packed)))
      break;
    CHECK_OK (bsk_gemm (packed, a, lda, ref ? want : got, ldc, (size_t) m0, (size_t) m));
  }
  check_level ();
  check_same (got, want, out_bytes, "level against ref");

  for (int i = m0; i < m; i++)
    for (int j = 0; j < n; j++) {
      int64_t sum = args.bias ? bias[j] : 0;
      size_t at = (size_t) i * ldc + (size_t) j;
      float scaled, f;
      int32_t s;

      for (int l = 0; l < k; l++) {
        uint8_t byte = a[(size_t) i * lda + (size_t) l];

        sum += (int64_t) ((a_type == BSK_S8 ? (int8_t) byte : byte) - args.a.zero_point) *
               check_number (&args, w, (size_t) j, (size_t) j * ldw + (size_t) l);
      }
      scaled = args.a.scale * scale[j];
      if (out_type == BSK_S32) {
        memcpy (&s, want + 4 * at, 4);
        if (!check_that (s == sum, "sum %d %d is %d, not %lld", i, j, s, (long long) sum))
          i = m, j = n;
      } else if (out_type == BSK_F32) {
        memcpy (&f, want + 4 * at, 4);
        if (!check_that (f == (float) sum * scaled, "float %d %d", i, j))
          i = m, j = n;
      } else {
        int code = check_finish (sum, scaled / args.out.scale, &args.out);

        if (!check_that (want[at] == (uint8_t) code, "code %d %d is %d, not %d", i, j, want[at],
                         code))
          i = m, j = n;
      }
    }
  check_free_all ();
}

void
check_gemm (void)
{
  static const int edges[] = {
    1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 70
  };
  enum { N_EDGES = sizeof edges / sizeof *edges };
  int seed = 1;

  for (int i = 0; i < 400; i++, seed++) {
    check_seed ((uint64_t) seed * 77);
    int m = check_between (0, 1) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 40);
    int n = check_between (0, 3) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 130);
    int k = check_between (0, 1) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 200);

    one (m, n, k, i & 1 ? BSK_S8 : BSK_U8, out_types[i / 2 % 4], i % 3 ? 8 : check_between (1, 8),
         i % 5 ? 8 : check_between (2, 7), 0, 0, CHECK_NO_ZEROS, seed);
  }
  /* Every tile height for every panel width. */
  for (int m = 1; m <= 20; m++)
    for (int n = 8; n <= 72; n += 8)
      one (m, n, 12, m & 1 ? BSK_U8 : BSK_S8, BSK_U8, 8, 8, 0, 0, CHECK_NO_ZEROS, seed++);
  /* Many tiles below each other, in turn or begun at different quads of K: every width and output. */
  for (int n = 0; n < 7; n++)
    for (int k = 0; k < 6; k++)
      for (int t = 0; t < 8; t++) {
        static const int widths[] = { 5, 16, 20, 24, 32, 48, 130 };
        static const int depths[] = { 1, 7, 10, 40, 61, 96 };

        one (68 + t % 5, widths[n], depths[k], t & 1 ? BSK_S8 : BSK_U8, out_types[t / 2], 8, 8, 0,
             0, CHECK_NO_ZEROS, seed++);
      }
  /* Extremes: what saturates a pair sum or overflows a sum would show here. */
  for (int a_kind = 1; a_kind < 4; a_kind++)
    for (int w_kind = 1; w_kind < 4; w_kind++)
      for (int t = 0; t < 4; t++) {
        one (7, 20, 260, BSK_U8, out_types[t], 8, 8, a_kind, w_kind, CHECK_NO_ZEROS, seed++);
        one (7, 20, 260, BSK_S8, out_types[t], 8, 8, a_kind, w_kind, CHECK_NO_ZEROS, seed++);
        one (5, 20, 130, BSK_U8, out_types[t], 7, 8, a_kind, w_kind, CHECK_NO_ZEROS, seed++);
        one (5, 20, 130, BSK_U8, out_types[t], 8, 7, a_kind, w_kind, CHECK_NO_ZEROS, seed++);
      }
  /* Weights with zero points: random, extremes, and the deepest sums. */
  for (int i = 0; i < 240; i++, seed++) {
    check_seed ((uint64_t) seed * 77);
    int m = check_between (0, 1) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 40);
    int n = check_between (0, 3) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 130);
    int k = check_between (0, 1) ? edges[check_between (0, N_EDGES - 1)] : check_between (1, 200);

    one (m, n, k, i & 1 ? BSK_S8 : BSK_U8, out_types[i / 2 % 4], i % 3 ? 8 : check_between (1, 8),
         i % 5 ? 8 : check_between (2, 7), i % 7 == 6 ? i / 7 % 4 : 0, i % 7 == 6 ? i / 28 % 4 : 0,
         (CheckZeros) (i / 3 % 8), seed);
  }
  one (1000, 3, 2, BSK_S8, BSK_S32, 8, 8, 0, 0, CHECK_ZEROS, seed++);
  one (2, 3, 33025, BSK_U8, BSK_S32, 8, 8, 1, 1, CHECK_U8 + CHECK_EXTREME_ZEROS, 10 * seed);
  one (2, 17, 33025, BSK_S8, BSK_S32, 8, 8, 2, 2, CHECK_EXTREME_ZEROS, 10 * seed);
  /* The deepest sums that are always allowed. */
  one (2, 3, 65793, BSK_U8, BSK_S32, 8, 8, 1, 2, CHECK_NO_ZEROS, 10 * seed);
  one (2, 17, 65793, BSK_S8, BSK_S32, 8, 8, 2, 2, CHECK_NO_ZEROS, 10 * seed);
}
