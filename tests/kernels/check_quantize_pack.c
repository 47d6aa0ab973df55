/* Quantizing and packing at once against quantizing, measuring and packing one after the other.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <math.h>
#include <string.h>

/* Weights, scales and activations of one case. */
typedef struct {
  BskConvShape s;
  BskGemmArgs args;
  bool conv;
  int n, k, run, runs, qmin, qmax;
  size_t ldw;
  float *w;
} Case;

static void
fill (Case *c)
{
  float *scale = check_buffer ((size_t) (c->n * c->runs) * sizeof *scale);
  int32_t *zeros = check_buffer ((size_t) c->n * sizeof *zeros);

  for (int i = 0; i < c->n * c->runs; i++)
    scale[i] = 0.01f * (1 + (float) (check_random () >> 8) * 0x1p-24f);
  for (int i = 0; i < c->n; i++)
    zeros[i] = c->args.w_type == BSK_W_U8 ? check_between (0, 255) : check_between (-128, 127);
  c->args.w_scale = scale;
  if (!c->args.group && (c->args.w_type == BSK_W_U8 || c->args.w_type == BSK_W_S8))
    c->args.w_zero_points = zeros;
  c->w = check_buffer ((size_t) c->n * c->ldw * sizeof *c->w);
  for (size_t i = 0; i < (size_t) c->n * c->ldw; i++)
    c->w[i] = check_random () % 97 ? check_normal () : check_random () & 1 ? NAN : INFINITY;
}

/* Codes and statistics by the other functions. */
static void
separately (const Case *c, void *codes, BskStats *stats)
{
  BskType type = c->args.w_type == BSK_W_U8 ? BSK_U8 : BSK_S8;
  BskStats own;

  bsk_stats_init (&own);
  for (int i = 0; i < c->n; i++)
    for (int r = 0; r < c->runs; r++) {
      size_t from = (size_t) (r * c->run), left = (size_t) c->k - from;
      const float *w = c->w + (size_t) i * c->ldw + from;
      BskQParams p = { c->args.w_scale[i * c->runs + r],
                       c->args.w_zero_points ? c->args.w_zero_points[i] : 0, c->qmin, c->qmax };

      left = left < (size_t) c->run ? left : (size_t) c->run;
      CHECK_OK (bsk_quantize_rows (w, 1, left, &p, type,
                                   (uint8_t *) codes + (size_t) i * (size_t) c->k + from));
      CHECK_OK (bsk_error (w, left, &p, &own));
    }
  bsk_stats_merge (stats, &own);
}

static void
one (Case *c, int seed)
{
  size_t out = c->conv ? (size_t) (bsk_conv_out_h (&c->s) * bsk_conv_out_w (&c->s)) : 3;
  size_t inputs = c->conv ? (size_t) (c->s.h * c->s.w * c->s.cin) : 3 * (size_t) c->k, bytes, both;
  uint8_t *a = check_buffer (inputs + BSK_SLACK), *codes[2];
  float *result[2];
  BskStats stats[2];

  check_case ("quantize and pack %dx%d type %d group %d conv %d seed %d", c->n, c->k,
              (int) c->args.w_type, c->args.group, c->conv, seed);
  fill (c);
  check_fill (a, inputs + BSK_SLACK, BSK_U8, 0, 255, 0);
  bytes = c->conv ? bsk_conv_bytes (&c->s, &c->args) : bsk_gemm_bytes (&c->args);
  check_that (bytes > 0, "bytes");
  both = (size_t) (c->n * c->k);
  for (int i = 0; i < 2; i++) {
    void *packed = check_buffer (bytes), *scratch = NULL;

    codes[i] = check_buffer (both);
    result[i] = check_buffer (out * (size_t) c->n * sizeof **result);
    bsk_stats_init (&stats[i]);
    if (i == 0) {
      CHECK_OK (bsk_quantize_pack (c->conv ? &c->s : NULL, &c->args, c->qmin, c->qmax, c->w, c->ldw,
                                   codes[i], packed, &stats[i]));
    } else {
      separately (c, codes[i], &stats[i]);
      CHECK_OK (c->conv ? bsk_conv_pack (&c->s, &c->args, codes[i], packed)
                        : bsk_gemm_pack (&c->args, codes[i], (size_t) c->k, packed));
    }
    if (c->conv && bsk_conv_scratch_bytes (packed))
      scratch = check_buffer (bsk_conv_scratch_bytes (packed));
    CHECK_OK (c->conv ? bsk_conv (packed, a, inputs, result[i], out * (size_t) c->n, (size_t) c->n,
                                  1, 0, bsk_conv_out_h (&c->s), scratch)
                      : bsk_gemm (packed, a, (size_t) c->k, result[i], (size_t) c->n, 0, 3));
  }
  check_same (codes[0], codes[1], both, "codes");
  check_same (result[0], result[1], out * (size_t) c->n * sizeof **result, "products");
  check_same (&stats[0].sum_sq, &stats[1].sum_sq, 3 * sizeof (double), "statistics");
  check_that (stats[0].count == stats[1].count && stats[0].n_not_finite == stats[1].n_not_finite &&
                stats[0].clipped_low == stats[1].clipped_low &&
                stats[0].clipped_high == stats[1].clipped_high,
              "counts");
  check_free_all ();
}

void
check_quantize_pack (void)
{
  static const BskWeightType types[] = { BSK_W_S8, BSK_W_U8, BSK_W_S4, BSK_W_S2 };
  static const int lowest[] = { -128, 0, -8, -2 }, highest[] = { 127, 255, 7, 1 };
  float w = 1, scale = 1;
  int8_t code[64];
  _Alignas(BSK_ALIGN) char packed[4096];
  BskGemmArgs args = {
    .n = 1, .k = 1, .w_scale = &scale, .a_type = BSK_U8, .a = { 1, 0, 0, 255 }, .out_type = BSK_F32
  };

  for (int seed = 1; seed <= 120; seed++) {
    Case c = { .conv = seed % 3 == 0 };
    int type = seed % 4;

    check_seed ((uint64_t) seed * 71);
    c.n = check_between (1, 40);
    c.k = check_between (1, 300);
    c.args = (BskGemmArgs){ .w_type = types[type],
                            .a_type = BSK_U8,
                            .a = { 0.02f, check_between (0, 255), 0, 255 },
                            .out_type = BSK_F32 };
    if (type != 1 && seed % 5 == 0 && !c.conv)
      c.args.group = 16 * check_between (1, 5);
    if (c.conv) {
      c.s = (BskConvShape){ 6, 7, check_between (1, 9), c.n, 3, 2, 1, 1, 1, 1, 1, 0, 1, 1, 1 };
      c.k = 6 * c.s.cin;
    }
    c.args.n = c.n;
    c.args.k = c.k;
    c.run = c.args.group ? c.args.group : c.k;
    c.runs = (c.k - 1) / c.run + 1;
    c.qmin = check_between (lowest[type], lowest[type] + 1);
    c.qmax = check_between (highest[type] - 1, highest[type]);
    c.ldw = (size_t) c.k + (size_t) check_between (0, 3);
    one (&c, seed);
  }
  check_case ("quantize and pack: errors");
  check_that (bsk_gemm_bytes (&args) <= sizeof packed, "room");
#define CHECK_IS(status, call) check_that ((call) == (status), "%s is not %s", #call, #status)
  CHECK_IS (BSK_OK, bsk_quantize_pack (NULL, &args, -127, 127, &w, 1, code, packed, NULL));
  CHECK_IS (BSK_EINVAL, bsk_quantize_pack (NULL, &args, -129, 127, &w, 1, code, packed, NULL));
  CHECK_IS (BSK_EINVAL, bsk_quantize_pack (NULL, &args, -127, 127, &w, 0, code, packed, NULL));
  CHECK_IS (BSK_EALIGN, bsk_quantize_pack (NULL, &args, -127, 127, &w, 1, code, packed + 1, NULL));
  args.w_type = BSK_W_BIT;
  CHECK_IS (BSK_ENOTSUP, bsk_quantize_pack (NULL, &args, -1, 1, &w, 1, code, packed, NULL));
  args.w_type = BSK_W_S8;
  scale = NAN;
  CHECK_IS (BSK_ERANGE, bsk_quantize_pack (NULL, &args, -127, 127, &w, 1, code, packed, NULL));
}
