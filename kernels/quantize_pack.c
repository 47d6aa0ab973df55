/* Float weights to packed codes in one pass over them, with the error that quantizing made.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>

/* Scales of one row, each for `run` weights of its k. */
typedef struct {
  size_t n, k, run, n_runs;
  BskType type;
  int32_t qmin, qmax;
} Rows;

static BskStatus
describe (const BskConvShape *shape,
          const BskGemmArgs *args,
          int32_t qmin,
          int32_t qmax,
          Rows *rows)
{
  static const int lowest[] = { INT8_MIN, -8, -2 }, highest[] = { INT8_MAX, 7, 1 };
  bool is_signed = args->w_type != BSK_W_U8;

  if (is_signed && args->w_type > BSK_W_S2)
    return BSK_ENOTSUP;
  if (!args->w_scale || qmin > qmax || qmin < (is_signed ? lowest[args->w_type] : 0) ||
      qmax > (is_signed ? highest[args->w_type] : UINT8_MAX))
    return BSK_EINVAL;
  *rows = (Rows){ .type = is_signed ? BSK_S8 : BSK_U8, .qmin = qmin, .qmax = qmax };
  rows->n = (size_t) (shape ? shape->cout : args->n);
  rows->k = shape ? (size_t) shape->kh * (size_t) shape->kw * (size_t) (shape->cin / shape->groups)
                  : (size_t) args->k;
  rows->run = args->group ? (size_t) args->group : rows->k;
  rows->n_runs = (rows->k - 1) / rows->run + 1;
  for (size_t i = 0; i < rows->n * rows->n_runs; i++)
    if (!(args->w_scale[i] > 0 && isfinite (args->w_scale[i])))
      return BSK_ERANGE;
  return BSK_OK;
}

BskStatus
bsk_quantize_pack (const BskConvShape *shape,
                   const BskGemmArgs *args,
                   int32_t qmin,
                   int32_t qmax,
                   const float *w,
                   size_t ldw,
                   void *codes,
                   void *packed,
                   BskStats *stats)
{
  BskStats sum;
  BskStatus status;
  Rows rows;

  if (!args || !w || !codes || !packed)
    return BSK_EINVAL;
  if ((uintptr_t) packed % BSK_ALIGN)
    return BSK_EALIGN;
  if (!(shape ? bsk_conv_bytes (shape, args) : bsk_gemm_bytes (args))) /* for the reason */
    return shape ? bsk_conv_pack (shape, args, codes, packed)
                 : bsk_gemm_pack (args, codes, ldw, packed);
  status = describe (shape, args, qmin, qmax, &rows);
  if (status)
    return status;
  if (ldw < rows.k)
    return BSK_EINVAL;
  bsk_stats_init (&sum);
  for (size_t i = 0; i < rows.n; i++)
    for (size_t r = 0; r < rows.n_runs; r++) {
      size_t from = r * rows.run, left = rows.k - from, count = left < rows.run ? left : rows.run;
      BskQParams params = { .scale = args->w_scale[i * rows.n_runs + r],
                            .zero_point =
                              args->w_zero_points ? args->w_zero_points[i] : args->w_zero_point,
                            .qmin = rows.qmin,
                            .qmax = rows.qmax };

      bsk_quantize (w + i * ldw + from, count, &params, rows.type,
                    (uint8_t *) codes + i * rows.k + from);
      if (stats)
        bsk_error (w + i * ldw + from, count, &params, &sum);
    }
  status = shape ? bsk_conv_pack (shape, args, codes, packed)
                 : bsk_gemm_pack (args, codes, rows.k, packed);
  if (stats && status == BSK_OK)
    bsk_stats_merge (stats, &sum);
  return status;
}
