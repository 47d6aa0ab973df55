/* Elementwise addition and multiplication, lookup, requantization, byte transposition.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>

/* Scale ratios above these could leave int32 before the clamp; no sensible tensor has them. */
static const float SUM_RATIO_MAX = 0x1p21f, PRODUCT_RATIO_MAX = 0x1p14f;

static BskStatus
prepare (const BskBinaryArgs *args, BskAddArgs *out, bool product)
{
  BskStatus status;
  BskFinish f;

  if (!args || !bsk_is_8bit (args->a_type) || !bsk_is_8bit (args->b_type) ||
      !bsk_is_8bit (args->c_type))
    return BSK_EINVAL;
  status = bsk_check_qparams (&args->qa, args->a_type, true);
  if (!status)
    status = bsk_check_qparams (&args->qb, args->b_type, true);
  if (!status)
    status = bsk_check_qparams (&args->qc, args->c_type, true);
  if (status)
    return status;
  f = bsk_finish (args->c_type, &args->qc);
  *out = (BskAddArgs){ .a_flip = bsk_flip (args->a_type),
                       .b_flip = bsk_flip (args->b_type),
                       .c_flip = f.flip,
                       .a_zero = args->qa.zero_point + bsk_flip (args->a_type),
                       .b_zero = args->qb.zero_point + bsk_flip (args->b_type),
                       .zero = f.zero,
                       .lo = f.lo,
                       .hi = f.hi,
                       .ra = args->qa.scale / args->qc.scale,
                       .rb = args->qb.scale / args->qc.scale };
  if (product)
    out->ra = args->qa.scale * args->qb.scale / args->qc.scale;
  /* NaN fails the comparison too. */
  if (product)
    return out->ra <= PRODUCT_RATIO_MAX ? BSK_OK : BSK_ERANGE;
  return out->ra <= SUM_RATIO_MAX && out->rb <= SUM_RATIO_MAX ? BSK_OK : BSK_ERANGE;
}

typedef void (
  *Kernel) (const BskAddArgs *args, const uint8_t *a, const uint8_t *b, uint8_t *c, size_t n);

/* Cuts the broadcast into runs in which b either advances with a or stands still. */
static BskStatus
binary (const BskBinaryArgs *args,
        BskAddArgs *inner,
        Kernel kernel,
        const uint8_t *a,
        const uint8_t *b,
        uint8_t *c,
        size_t n)
{
  size_t count = args->b_count ? args->b_count : n, repeat = args->b_repeat ? args->b_repeat : 1;

  if (n == 0)
    return BSK_OK;
  if (!a || !b || !c)
    return BSK_EINVAL;
  inner->b_one = repeat > 1 || count == 1;
  if (count == 1)
    repeat = n;
  for (size_t i = 0, j = 0; i < n;) {
    size_t run = inner->b_one ? repeat : count;

    if (run > n - i)
      run = n - i;
    kernel (inner, a + i, inner->b_one ? b + j : b, c + i, run);
    i += run;
    j = j + 1 < count ? j + 1 : 0;
  }
  return BSK_OK;
}

BskStatus
bsk_add (const BskBinaryArgs *args, const void *a, const void *b, void *c, size_t n)
{
  BskAddArgs inner;
  BskStatus status = prepare (args, &inner, false);

  return status ? status : binary (args, &inner, bsk_table ()->add_bytes, a, b, c, n);
}

BskStatus
bsk_mul (const BskBinaryArgs *args, const void *a, const void *b, void *c, size_t n)
{
  BskAddArgs inner;
  BskStatus status = prepare (args, &inner, true);

  return status ? status : binary (args, &inner, bsk_table ()->mul_bytes, a, b, c, n);
}

BskStatus
bsk_lookup (const uint8_t table[256], const uint8_t *a, size_t n, uint8_t *c)
{
  if (n == 0)
    return BSK_OK;
  if (!table || !a || !c)
    return BSK_EINVAL;
  bsk_table ()->lookup (table, a, n, c);
  return BSK_OK;
}

BskStatus
bsk_requantize (BskType a_type,
                const BskQParams *qa,
                const void *a,
                BskType c_type,
                const BskQParams *qc,
                void *c,
                size_t n)
{
  uint8_t table[256];
  BskStatus status;
  float ratio;

  if (!qa || !qc || !bsk_is_8bit (a_type) || !bsk_is_8bit (c_type) || (n && (!a || !c)))
    return BSK_EINVAL;
  status = bsk_check_qparams (qa, a_type, true);
  if (!status)
    status = bsk_check_qparams (qc, c_type, true);
  if (status)
    return status;
  ratio = qa->scale / qc->scale;
  if (!isfinite (ratio))
    return BSK_ERANGE;
  for (int i = 0; i < 256; i++) {
    int code = a_type == BSK_S8 ? (int8_t) i : i;
    float lo = (float) (qc->qmin - qc->zero_point), hi = (float) (qc->qmax - qc->zero_point);
    float r = rintf ((float) (code - qa->zero_point) * ratio);

    r = r < lo ? lo : r > hi ? hi : r;
    table[i] = (uint8_t) ((int32_t) r + qc->zero_point);
  }
  return bsk_lookup (table, a, n, c);
}

BskStatus
bsk_transpose_8 (const void *a, size_t n_images, size_t rows, size_t cols, void *c)
{
  size_t image;

  if (!bsk_size_mul (rows, cols, &image))
    return BSK_ERANGE;
  if (n_images == 0 || image == 0)
    return BSK_OK;
  if (!a || !c)
    return BSK_EINVAL;
  for (size_t i = 0; i < n_images; i++)
    bsk_table ()->transpose_8 ((const uint8_t *) a + i * image, rows, cols, cols,
                               (uint8_t *) c + i * image, rows);
  return BSK_OK;
}
