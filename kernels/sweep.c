/* Squared errors of many settings: checks, blocks, and what a kernel need not know of.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <math.h>

enum { BLOCK = BSK_SWEEP_BLOCK, ROW = BSK_SWEEP_ROW };

/* Kernels take whole rows of finite values: zeros in the place of others add no error to a setting
 * that has a level 0. */
static bool
has_zero (const BskQParams *p)
{
  return p->qmin <= p->zero_point && p->zero_point <= p->qmax;
}

/* Returns how many values were not finite. */
static size_t
fill_up (const float *x, size_t n, float *rows)
{
  size_t bad = 0;

  for (size_t i = 0; i < n; i++) {
    bad += isfinite (x[i]) ? 0 : 1;
    rows[i] = isfinite (x[i]) ? x[i] : 0;
  }
  for (size_t i = n; i % ROW; i++)
    rows[i] = 0;
  return bad;
}

static size_t
sweep_run (const float *x, size_t n, const BskQParams *settings, size_t n_settings, double *err_sq)
{
  const BskTable *table = bsk_table ();
  float rows[BLOCK];
  size_t bad = 0;

  for (size_t i = 0; i < n; i += BLOCK) {
    size_t count = n - i < BLOCK ? n - i : BLOCK, left = n - i - count;

    if (count % ROW == 0 && table->sweep_block (x + i, count, left < BLOCK ? left : BLOCK, settings,
                                                n_settings, err_sq))
      continue;
    bad += fill_up (x + i, count, rows);
    table->sweep_block (rows, (count + ROW - 1) / ROW * ROW, 0, settings, n_settings, err_sq);
  }
  return bad;
}

static void
sweep_without_zero (const float *x, size_t n, const BskQParams *setting, double *err_sq)
{
  for (size_t i = 0; i < n; i += BLOCK)
    *err_sq += bsk_ref_sweep (x + i, n - i < BLOCK ? n - i : BLOCK, setting);
}

BskStatus
bsk_error_sweep (const float *x,
                 size_t n,
                 const BskQParams *settings,
                 size_t n_settings,
                 double *err_sq,
                 size_t *n_not_finite)
{
  size_t bad = 0, end;

  if ((n && !x) || (n_settings && (!settings || !err_sq)))
    return BSK_EINVAL;
  for (size_t i = 0; i < n_settings; i++) {
    BskStatus status = bsk_check_levels (&settings[i]);

    if (status)
      return status;
  }
  for (size_t i = 0; i < n_settings; i = end) {
    for (end = i; end < n_settings && has_zero (&settings[end]); end++) {
    }
    if (end > i)
      bad = sweep_run (x, n, settings + i, end - i, err_sq + i);
    for (; end < n_settings && !has_zero (&settings[end]); end++)
      sweep_without_zero (x, n, settings + end, err_sq + end);
  }
  if (n_not_finite) {
    if (n_settings == 0 || !has_zero (&settings[0])) {
      float min, max;

      return bsk_minmax (x, n, &min, &max, n_not_finite);
    }
    *n_not_finite = bad;
  }
  return BSK_OK;
}
