/* Squared errors of many settings in plain C, on 64 virtual lanes: the definition of their bits.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "ref.h"

#include <math.h>
#include <string.h>

enum { LANES = BSK_SWEEP_ROW, ROWS = BSK_SWEEP_BLOCK / BSK_SWEEP_ROW };

/* Two sums: of rows whose values all lie inside the range, and of rows some of which are cut. */
typedef struct {
  float lane[2][LANES];
} Lanes;

/* Adds lanes pairwise: (i, i + 32), (i, i + 16), …, (0, 1). */
static double
reduce (Lanes *lanes)
{
  for (int cut = 0; cut < 2; cut++)
    for (int width = LANES / 2; width > 0; width /= 2)
      for (int i = 0; i < width; i++)
        lanes->lane[cut][i] += lanes->lane[cut][i + width];
  return (double) lanes->lane[0][0] + (double) lanes->lane[1][0];
}

static void
find_cut (const float *x, size_t n, const BskSweepSetting *s, bool *cut)
{
  for (size_t row = 0; row * LANES < n; row++) {
    size_t end = (row + 1) * LANES < n ? (row + 1) * LANES : n;

    cut[row] = false;
    for (size_t i = row * LANES; i < end; i++)
      if (isfinite (x[i])) {
        float r = rintf (x[i] * s->inverse);

        cut[row] |= r < s->lo || r > s->hi;
      }
  }
}

static double
sum_of (const float *x, size_t n, const BskSweepSetting *s, const bool *cut, bool in_steps)
{
  Lanes lanes = { 0 };

  for (size_t i = 0; i < n; i++) {
    float t = x[i] * s->inverse, r, e;
    float *lane = &lanes.lane[cut[i / LANES]][i % LANES];

    if (!isfinite (x[i]))
      continue;
    r = rintf (t);
    r = r < s->lo ? s->lo : r > s->hi ? s->hi : r;
    e = in_steps ? t - r : fmaf (-r, s->scale, x[i]);
    *lane = fmaf (e, e, *lane);
  }
  return reduce (&lanes);
}

double
bsk_ref_sweep (const float *x, size_t n, const BskQParams *params)
{
  BskSweepSetting s = bsk_sweep_setting (params);
  bool cut[ROWS];
  double steps;

  find_cut (x, n, &s, cut);
  if (s.in_steps) {
    steps = sum_of (x, n, &s, cut, true);
    if (bsk_sweep_enough (&s, steps))
      return bsk_sweep_scaled (&s, steps);
  }
  return sum_of (x, n, &s, cut, false);
}

static bool
sweep_block (const float *x,
             size_t n,
             size_t ahead,
             const BskQParams *settings,
             size_t n_settings,
             double *err_sq)
{
  for (size_t i = 0; i < n; i++)
    if (!isfinite (x[i]))
      return false;
  for (size_t i = 0; i < n_settings; i++)
    err_sq[i] += bsk_ref_sweep (x, n, &settings[i]);
  return true;
}

void
bsk_ref_sweep_init (BskTable *table)
{
  table->sweep_block = sweep_block;
}
