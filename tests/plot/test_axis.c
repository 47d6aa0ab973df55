/* Axes: positions, round ticks, and numbers as people write them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "plot/axis.h"

#include <math.h>

static void
check_ticks (const BsPlotAxis *axis)
{
  double lo = MIN (axis->lo, axis->hi), hi = MAX (axis->lo, axis->hi);

  g_assert_cmpuint (axis->n_ticks, >=, 2);
  for (guint i = 0; i < axis->n_ticks; i++) {
    g_assert_cmpfloat (axis->ticks[i].value, >=, lo - 1e-9 * fabs (hi - lo));
    g_assert_cmpfloat (axis->ticks[i].value, <=, hi + 1e-9 * fabs (hi - lo));
    g_assert_true (g_utf8_validate (axis->ticks[i].label, -1, NULL));
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (axis->ticks[i].label, !=, axis->ticks[j].label);
  }
}

/* Whatever the data and the room, there are at least two labels, they differ and lie on the axis.
 */
static void
test_any_range (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20);

  for (int round = 0; round < 2000; round++) {
    BsPlotScale scale = (BsPlotScale) (round % 3);
    double size = pow (10, g_rand_double_range (rand, -5, 9));
    double a = g_rand_double_range (rand, -1, 1) * size,
           b = a + g_rand_double_range (rand, 1e-3, 1) * size;
    if (scale == BS_PLOT_LOG) {
      a = fabs (a) + 1e-9 * size;
      b = a * (1 + g_rand_double_range (rand, 0.5, 1e4));
    } else if (scale == BS_PLOT_COMPLEMENT) {
      a = g_rand_double_range (rand, 0, 0.9);
      b = 1 - (1 - a) * pow (10, g_rand_double_range (rand, -4, -0.2));
    }
    BsPlotAxis axis;
    bs_plot_axis_init (&axis, scale, a, b, 0.05, scale == BS_PLOT_COMPLEMENT ? 0.01 : 1);
    bs_plot_axis_place (&axis, 40, 540);
    bs_plot_axis_ticks (&axis, 2 + (guint) round % 8);
    check_ticks (&axis);
    g_assert_cmpfloat (bs_plot_axis_at (&axis, a), >, 40);
    g_assert_cmpfloat (bs_plot_axis_at (&axis, b), <, 540);
    g_assert_cmpfloat (bs_plot_axis_at (&axis, a), <, bs_plot_axis_at (&axis, b));
  }
}

static void
test_degenerate (void)
{
  static const double pairs[][2] = {
    { 0, 0 },        { 5, 5 },        { NAN, NAN }, { NAN, 3 }, { -INFINITY, INFINITY },
    { 1, INFINITY }, { 1e300, 1e300 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    BsPlotAxis axis;
    bs_plot_axis_init (&axis, BS_PLOT_LINEAR, pairs[i][0], pairs[i][1], 0.05, 1);
    bs_plot_axis_place (&axis, 0, 100);
    bs_plot_axis_ticks (&axis, 6);
    g_assert_true (isfinite (axis.lo) && isfinite (axis.hi));
    g_assert_cmpfloat (axis.lo, !=, axis.hi);
    g_assert_true (isfinite (bs_plot_axis_at (&axis, NAN)));
    g_assert_true (isfinite (bs_plot_axis_at (&axis, INFINITY)));
  }
}

static void
test_complement (void)
{
  BsPlotAxis axis;

  bs_plot_axis_init (&axis, BS_PLOT_COMPLEMENT, 0.1, 0.999, 0, 0.01);
  bs_plot_axis_place (&axis, 0, 300);
  bs_plot_axis_ticks (&axis, 6);
  /* 90 % and 99 % are a decade apart, so are 99 % and 99.9 % */
  double first = bs_plot_axis_at (&axis, 0.99) - bs_plot_axis_at (&axis, 0.9);
  g_assert_cmpfloat_with_epsilon (bs_plot_axis_at (&axis, 0.999) - bs_plot_axis_at (&axis, 0.99),
                                  first, 1e-6);
  gboolean has_99 = FALSE;
  for (guint i = 0; i < axis.n_ticks; i++)
    has_99 = has_99 || g_str_equal (axis.ticks[i].label, "99");
  g_assert_true (has_99);
}

static void
test_reversed (void)
{
  BsPlotAxis axis;

  bs_plot_axis_init (&axis, BS_PLOT_LOG, 68, 4.4, 0, 1);
  bs_plot_axis_place (&axis, 300, 0);
  bs_plot_axis_ticks (&axis, 6);
  check_ticks (&axis);
  g_assert_cmpfloat (bs_plot_axis_at (&axis, 4.4), <,
                     bs_plot_axis_at (&axis, 68)); /* smaller is higher up */
}

static void
check_number (double value, int decimals, const char *expected)
{
  char text[48];

  bs_plot_number (text, sizeof text, value, decimals);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_numbers (void)
{
  char text[48];

  check_number (85918, 0, "85,918");
  check_number (6570, 0, "6,570");
  check_number (1234567.25, 2, "1,234,567.25");
  check_number (-1.5, 1, "−1.5");
  check_number (-0.001, 1, "0.0"); /* not “−0.0” */
  check_number (NAN, 1, "–");
  check_number (INFINITY, 1, "∞");
  check_number (-INFINITY, 1, "−∞");
  bs_plot_bytes (text, sizeof text, 1023);
  g_assert_cmpstr (text, ==, "1,023 B");
  bs_plot_bytes (text, sizeof text, 52429);
  g_assert_cmpstr (text, ==, "51.2 KiB");
  bs_plot_bytes (text, sizeof text, 343672);
  g_assert_cmpstr (text, ==, "336 KiB");
  bs_plot_bytes (text, sizeof text, 3.5 * 1024 * 1024);
  g_assert_cmpstr (text, ==, "3.5 MiB");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/axis/any-range", test_any_range);
  g_test_add_func ("/axis/degenerate", test_degenerate);
  g_test_add_func ("/axis/complement", test_complement);
  g_test_add_func ("/axis/reversed", test_reversed);
  g_test_add_func ("/axis/numbers", test_numbers);
  return g_test_run ();
}
