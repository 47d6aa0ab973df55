/* Quantizers for a known distribution: the expected error of any levels, and the best there are.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/density.h"

#include <gsl/gsl_cdf.h>

#include <math.h>

#define ROUNDS 200
#define WIDTH M_SQRT1_2 /* of the Laplace distribution with variance 1 */

/* Mass, first and second moment of [a, b], 0 ≤ a < b ≤ ∞. */
typedef struct {
  double m0, m1, m2;
} Moments;

static double
normal_pdf (double x)
{
  return exp (-x * x / 2) / sqrt (2 * M_PI);
}

static Moments
moments (BsDensity density, double a, double b)
{
  if (density == BS_DENSITY_NORMAL) {
    double pa = normal_pdf (a), pb = isinf (b) ? 0 : normal_pdf (b);
    double m0 = (erfc (a * M_SQRT1_2) - (isinf (b) ? 0 : erfc (b * M_SQRT1_2))) / 2;
    return (Moments){ m0, pa - pb, m0 + a * pa - (isinf (b) ? 0 : b * pb) };
  }
  double ea = exp (-a / WIDTH) / 2, eb = isinf (b) ? 0 : exp (-b / WIDTH) / 2;
  double end = isinf (b) ? 0 : b;
  return (Moments){ ea - eb, (a + WIDTH) * ea - (end + WIDTH) * eb,
                    (a * a + 2 * WIDTH * a + 2 * WIDTH * WIDTH) * ea -
                      (end * end + 2 * WIDTH * end + 2 * WIDTH * WIDTH) * eb };
}

/* cell: of any interval, by symmetry. */
static Moments
cell (BsDensity density, double a, double b)
{
  if (a >= 0)
    return moments (density, a, b);
  if (b <= 0) {
    Moments m = moments (density, -b, -a);
    return (Moments){ m.m0, -m.m1, m.m2 };
  }
  Moments low = moments (density, 0, -a), high = moments (density, 0, b);
  return (Moments){ low.m0 + high.m0, high.m1 - low.m1, low.m2 + high.m2 };
}

double
bs_density_mse (BsDensity density, const double *levels, gsize n)
{
  double total = 0;

  for (gsize i = 0; i < n; i++) {
    double a = i > 0 ? (levels[i - 1] + levels[i]) / 2 : -INFINITY;
    double b = i + 1 < n ? (levels[i] + levels[i + 1]) / 2 : INFINITY;
    Moments m = cell (density, a, b);
    total += m.m2 - 2 * levels[i] * m.m1 + levels[i] * levels[i] * m.m0;
  }
  return total;
}

static double
pdf (BsDensity density, double x)
{
  if (isinf (x))
    return 0;
  return density == BS_DENSITY_NORMAL ? normal_pdf (x) : exp (-fabs (x) / WIDTH) / (2 * WIDTH);
}

/* step: one Newton step on F_i = y_i − mean of its cell, a tridiagonal system. Returns the largest
 * move. */
static double
step (BsDensity density, guint n, double *y)
{
  g_autofree double *upper = g_new (double, n), *right = g_new (double, n);
  double largest = 0, before_upper = 0, before_right = 0;

  for (guint i = 0; i < n; i++) {
    double a = i > 0 ? (y[i - 1] + y[i]) / 2 : -INFINITY;
    double b = i + 1 < n ? (y[i] + y[i + 1]) / 2 : INFINITY;
    Moments m = cell (density, a, b);
    double mean = m.m1 / m.m0;
    /* Derivatives of the mean by its ends, halved: each end is half-way between two levels. */
    double by_a = i > 0 ? pdf (density, a) * (mean - a) / m.m0 / 2 : 0;
    double by_b = i + 1 < n ? pdf (density, b) * (b - mean) / m.m0 / 2 : 0;
    double pivot = 1 - by_a - by_b + by_a * before_upper;
    upper[i] = before_upper = -by_b / pivot;
    right[i] = before_right = (mean - y[i] + by_a * before_right) / pivot;
  }
  double move = 0;
  for (guint i = n; i-- > 0;) {
    move = right[i] - (i + 1 < n ? upper[i] * move : 0);
    /* Not past half the way to a neighbour: levels stay in order. */
    double room =
      0.4 * MIN (i > 0 ? y[i] - y[i - 1] : INFINITY, i + 1 < n ? y[i + 1] - y[i] : INFINITY);
    right[i] = CLAMP (move, -room, room);
  }
  for (guint i = 0; i < n; i++) {
    y[i] += right[i];
    largest = MAX (largest, fabs (right[i]));
  }
  return largest;
}

double
bs_density_lloyd_max (BsDensity density, guint n, double *levels)
{
  g_assert (n >= 1 && n <= 4096);
  for (guint i = 0; i < n;
       i++) { /* quantiles of the density to the power 1/3, which is of the same kind */
    double p = (i + 0.5) / n;
    levels[i] = density == BS_DENSITY_NORMAL ? sqrt (3) * gsl_cdf_ugaussian_Pinv (p)
                                             : gsl_cdf_laplace_Pinv (p, 3 * WIDTH);
  }
  for (guint round = 0; round < ROUNDS; round++)
    if (step (density, n, levels) < 1e-14)
      break;
  for (guint i = 0; i < n / 2; i++) { /* symmetric to the last bit */
    double magnitude = (levels[n - 1 - i] - levels[i]) / 2;
    levels[i] = -magnitude;
    levels[n - 1 - i] = magnitude;
  }
  if (n % 2 == 1)
    levels[n / 2] = 0;
  return bs_density_mse (density, levels, n);
}
