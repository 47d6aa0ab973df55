/* The error sweep against plain C, bit for bit, and against sums in double.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { N_SETTINGS = 9 };

/* Sums are of float32 in blocks. At level 32767, x · (1 / scale) may miss a tie by δ = 2⁻⁸ steps and
 * then choose the worse neighbour: of values at random a share of 2 δ, each by at most 2 δ. */
static const double tolerance = 1e-5, tolerance_16 = 12 * 0x1p-7 * 0x1p-7;

static double
error_by_definition (const float *x, size_t n, const BskQParams *p)
{
  double lo = p->qmin - p->zero_point, hi = p->qmax - p->zero_point, sum = 0;

  for (size_t i = 0; i < n; i++)
    if (isfinite (x[i])) {
      double r = fmin (fmax (rint ((double) x[i] / (double) p->scale), lo), hi);
      double e = (double) x[i] - r * (double) p->scale;

      sum += e * e;
    }
  return sum;
}

/* One of every kind: few and many codes, off centre, without a level 0, clipping nothing, some,
 * nearly all, and more codes than are summed in steps. */
static void
choose_settings (BskQParams *p, float amax)
{
  for (int i = 0; i < N_SETTINGS; i++) {
    int half = 1 << check_between (1, 10);

    p[i] = (BskQParams){ .zero_point = i % 3 ? 0 : check_between (-half, half - 1),
                         .qmin = -half,
                         .qmax = half - 1,
                         .scale = amax * (float) check_between (10, 110) / (float) (100 * half) };
    if (i == 4)
      p[i] = (BskQParams){ .scale = amax / 32767, .qmin = -32767, .qmax = 32767 };
    if (i == 7)
      p[i] = (BskQParams){ .scale = amax / 200, .zero_point = -300, .qmin = -128, .qmax = 127 };
    if (i == 8)
      p[i].scale = 1e6f * amax;
  }
}

static void
sweep (int seed)
{
  static const size_t lengths[] = { 1,    3,    16,   63,   64,   65,   127,  128,
                                    1000, 4032, 4095, 4096, 4097, 9000, 12288 };
  size_t n = lengths[seed % (int) (sizeof lengths / sizeof *lengths)], bad[2], want = 0;
  BskQParams p[N_SETTINGS];
  double err_sq[2][N_SETTINGS] = { { 0 } };
  float *x = check_buffer (n * 4);
  float unit = (const float[]){ 1, 1e-3f, 1e12f, 1e-30f }[seed % 4], amax = 0;

  check_seed ((uint64_t) seed);
  check_case ("sweep %zu seed %d", n, seed);
  for (size_t i = 0; i < n; i++) {
    x[i] = check_normal () * unit;
    if (seed % 3 == 0 && check_between (0, 40) == 0)
      x[i] =
        (const float[]){ NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MIN / 8 }[check_between (0, 5)];
    want += !isfinite (x[i]);
    amax = isfinite (x[i]) ? fmaxf (amax, fabsf (x[i])) : amax;
  }
  choose_settings (p, amax > 0 ? amax : unit);
  for (int ref = 0; ref < 2; ref++) {
    if (ref)
      check_ref ();
    else
      check_level ();
    CHECK_OK (bsk_error_sweep (x, n, p, N_SETTINGS, err_sq[ref], &bad[ref]));
    check_that (bad[ref] == want, "%zu values not finite, not %zu", bad[ref], want);
  }
  check_level ();
  check_same (err_sq[0], err_sq[1], sizeof *err_sq, "level against ref");
  for (int i = 0; i < N_SETTINGS; i++) {
    double right = error_by_definition (x, n, &p[i]);

    check_that (fabs (err_sq[1][i] - right) <= (i == 4 ? tolerance_16 : tolerance) * right ||
                  unit < 1e-20f || unit > 1e10f,
                "setting %d: %g, not %g", i, err_sq[1][i], right);
  }
  err_sq[0][7] = 0;
  CHECK_OK (bsk_error_sweep (x, n, p + 7, 1, err_sq[0] + 7, &bad[0]));
  check_that (bad[0] == want && err_sq[0][7] == err_sq[1][7], "one setting alone");
  check_free_all ();
}

/* What lies on a level has no error but that of its own last bit, although x · (1 / scale) is not
 * a whole number. */
static void
exact (void)
{
  float x[5000];
  BskQParams p[2] = { { .scale = 0.1f, .qmin = -128, .qmax = 127 },
                      { .scale = 1e-3f, .qmin = -32768, .qmax = 32767 } };
  double err_sq[2], right;
  size_t bad;

  check_case ("sweep of levels");
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 5000; i++)
      x[i] = (float) check_between (p[k].qmin, p[k].qmax) * p[k].scale;
    err_sq[k] = 0;
    CHECK_OK (bsk_error_sweep (x, 5000, p + k, 1, err_sq + k, NULL));
    right = error_by_definition (x, 5000, p + k);
    check_that (fabs (err_sq[k] - right) <= 1e-3 * right, "%g, not %g, on the levels", err_sq[k],
                right);
  }
  for (int i = 0; i < 5000; i++)
    x[i] = (float) check_between (-128, 127) * 0.125f;
  p[0].scale = 0.125f;
  err_sq[0] = 0;
  CHECK_OK (bsk_error_sweep (x, 5000, p, 1, err_sq, &bad));
  check_that (err_sq[0] == 0 && bad == 0, "%g on exact levels", err_sq[0]);
  x[17] = NAN;
  CHECK_OK (bsk_error_sweep (x, 5000, NULL, 0, NULL, &bad));
  check_that (bad == 1, "no settings: %zu", bad);
  CHECK_OK (bsk_error_sweep (NULL, 0, p, 2, err_sq, &bad));
  check_that (bad == 0 && err_sq[0] == 0, "no values");
}

void
check_sweep (void)
{
  for (int seed = 1; seed <= 180; seed++)
    sweep (seed);
  exact ();
}
