/* Tests of the exponential and the logarithm of vectors: against those of the C library.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/transcendental.h"

#include <float.h>
#include <math.h>

#define STEPS 400000

/* units: how far a is from b in units of the last place of b. */
static double
units (double a, double b)
{
  return fabs (a - b) / (nextafter (fabs (b), INFINITY) - fabs (b));
}

static void
test_exp (void)
{
  double worst = 0, at = 0;

  for (gint i = -STEPS; i <= STEPS; i++) {
    double x = 700.0 * i / STEPS, far = units (bs_exp (x), exp (x));
    if (far > worst) {
      worst = far;
      at = x;
    }
    x *= 1e-3; /* where one would see the terms of the series */
    worst = MAX (worst, units (bs_exp (x), exp (x)));
  }
  g_test_message ("exp: at most %.2f units of the last place, at %.17g", worst, at);
  g_assert_cmpfloat (worst, <=, 2);
  g_assert_cmpfloat (bs_exp (0), ==, 1);
  g_assert_cmpfloat (bs_exp (-0.0), ==, 1);
  /* beyond as at the end */
  g_assert_cmpfloat (bs_exp (1e9), ==, bs_exp (700));
  g_assert_cmpfloat (bs_exp (INFINITY), ==, bs_exp (700));
  g_assert_cmpfloat (bs_exp (-1e9), ==, bs_exp (-700));
  g_assert_cmpfloat (bs_exp (-INFINITY), ==, bs_exp (-700));
}

static void
check_log (double x, double *worst, double *worst_units)
{
  double expected = log (x), got = bs_log (x);

  if (fabs (expected) > 1)
    *worst_units = MAX (*worst_units, units (got, expected));
  else
    *worst = MAX (*worst, fabs (got - expected));
}

static void
test_log (void)
{
  double worst = 0, worst_units = 0;

  for (gint i = 0; i <= STEPS; i++) {
    check_log (1 + (double) i / STEPS, &worst, &worst_units); /* one power of two, all of it */
    check_log (0.5 + 0.5 * i / STEPS, &worst, &worst_units);
    check_log (exp (700.0 * (2.0 * i / STEPS - 1)), &worst, &worst_units);
  }
  for (int n = -1022; n <= 1023; n++) { /* both sides of where the power of two changes */
    double power = ldexp (1, n), middle = ldexp (M_SQRT1_2, n);
    check_log (power, &worst, &worst_units);
    check_log (nextafter (power, INFINITY), &worst, &worst_units);
    if (n > -1022) {
      check_log (nextafter (power, 0), &worst, &worst_units);
      check_log (nextafter (middle, 0), &worst, &worst_units);
      check_log (middle, &worst, &worst_units);
      check_log (nextafter (middle, INFINITY), &worst, &worst_units);
    }
  }
  check_log (DBL_MAX, &worst, &worst_units);
  g_test_message ("log: at most %.3g, or %.2f units of the last place", worst, worst_units);
  g_assert_cmpfloat (worst, <=, DBL_EPSILON);
  g_assert_cmpfloat (worst_units, <=, 2);
  g_assert_cmpfloat (bs_log (1), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transcendental/exp", test_exp);
  g_test_add_func ("/transcendental/log", test_log);
  return g_test_run ();
}
