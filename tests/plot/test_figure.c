/* The plot of a figure: marks where their numbers say, clipped to the frame; handles, categories, items.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "plot/figure.h"

#include <math.h>
#include <string.h>

#define WIDTH 480
#define HEIGHT 300

static cairo_surface_t *
draw (BsPlotData *data, const BsPlotStyle *style)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create (surface);

  bs_plot_figure.draw (data, cr, NULL, style, WIDTH, HEIGHT);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

/* How many pixels in a part of the picture have nearly this colour. */
static guint
count (cairo_surface_t *surface, BsColor color, double x0, double y0, double x1, double y1)
{
  const double wanted[] = { color.b, color.g, color.r };
  const guint8 *pixels = cairo_image_surface_get_data (surface);
  int stride = cairo_image_surface_get_stride (surface);
  guint n = 0;

  for (int y = (int) y0; y < (int) y1; y++)
    for (int x = (int) x0; x < (int) x1; x++) {
      gboolean same = TRUE;
      for (guint c = 0; c < 3; c++)
        same &= fabs (pixels[y * stride + x * 4 + (int) c] / 255.0 - wanted[c]) < 0.1;
      n += same;
    }
  return n;
}

static BsPlotData *
build (BsFigure *figure)
{
  g_autoptr (GError) error = NULL;
  BsPlotData *data = bs_plot_figure.build (&(BsPlotInput){ .figure = figure }, &error);

  g_assert_no_error (error);
  return data;
}

static void
test_marks (void)
{
  g_autoptr (BsFigure) figure = bs_figure_new ("title", "x", "y");
  BsFigureSeries *line = bs_figure_add (figure, BS_FIGURE_LINE, "line", 0),
                 *points = bs_figure_add (figure, BS_FIGURE_POINTS, NULL, 2);
  double left, top, right, bottom;
  guint n;

  bs_figure_point (line, 0, 0, NULL);
  bs_figure_point (line, 1, 100, NULL); /* far out of the frame */
  bs_figure_point (line, NAN, NAN, NULL);
  bs_figure_point (points, 0.5, 0.5, g_strdup ("middle"));
  bs_figure_point (points, 0.5, 7, NULL); /* out of the frame: not drawn at its edge */
  figure->x_hi = figure->y_hi = 1;
  figure->handle = 0.25;
  figure->description = g_strdup ("1 line.");
  g_autoptr (BsPlotData) data = build (figure);
  g_assert_cmpstr (bs_plot_data_description (data), ==, "1 line.");
  cairo_surface_t *surface = draw (data, &bs_plot_style_light);
  g_assert_true (bs_plot_data_area (data, &left, &top, &right, &bottom));

  /* The line climbs at once and leaves at the top, in a hundredth of the width. */
  g_assert_cmpuint (count (surface, bs_plot_style_light.series[0], left, top, left + 8, bottom), >,
                    50);
  g_assert_cmpuint (
    count (surface, bs_plot_style_light.series[0], left + (right - left) / 2, 0, WIDTH, HEIGHT), ==,
    0);
  double x = (left + right) / 2, y = (top + bottom) / 2;
  g_assert_cmpuint (count (surface, bs_plot_style_light.series[2], x - 3, y - 3, x + 3, y + 3), >,
                    20);
  g_assert_cmpuint (count (surface, bs_plot_style_light.series[2], left, 0, right, y - 10), ==, 0);
  cairo_surface_destroy (surface);

  const BsPlotItem *items = bs_plot_data_items (data, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (items[0].text, ==, "middle");
  g_assert_cmpfloat_with_epsilon (items[0].x + items[0].width / 2, x, 1);
  const BsPlotHandle *handles = bs_plot_data_handles (data, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpfloat (handles[0].value, ==, 0.25);
  g_assert_cmpfloat_with_epsilon (bs_plot_data_value_at (data, handles[0].x), 0.25, 0.01);
}

/* Bars stand on the lower end, or on zero where there are negative ones; a figure outlives the data. */
static void
test_bars (void)
{
  BsFigure *figure = bs_figure_new ("bars", NULL, "y");
  BsFigureSeries *bars = bs_figure_add (figure, BS_FIGURE_BARS, NULL, 1);
  double left, top, right, bottom;
  guint n;

  figure->categories = g_strsplit ("one two three", " ", -1);
  figure->description = g_strdup ("3 bars.");
  bs_figure_point (bars, 0, 1, g_strdup ("a"));
  bs_figure_point (bars, 1, -1, g_strdup ("b"));
  bs_figure_point (bars, 2, 0.5, g_strdup ("c"));
  figure->y_lo = -1;
  figure->y_hi = 1;
  g_autoptr (BsPlotData) data = build (figure);
  bs_figure_unref (figure);
  BsPlotStyle style = bs_plot_style_dark;
  style.background = style.grid = (BsColor){ 1, 1, 1, 1 };
  style.series[1] = (BsColor){ 0, 0, 0, 1 }; /* bars let a fifth of the background through */
  cairo_surface_t *surface = draw (data, &style);
  const BsColor gray = { 0.2, 0.2, 0.2, 1 };
  g_assert_true (bs_plot_data_area (data, &left, &top, &right, &bottom));
  double third = (right - left) / 3, middle = (top + bottom) / 2;
  g_assert_cmpuint (count (surface, gray, left + 4, top, left + third, middle - 2), >, 1000);
  g_assert_cmpuint (count (surface, gray, left + 4, middle + 2, left + third, bottom), ==, 0);
  g_assert_cmpuint (count (surface, gray, left + third, middle + 2, left + 2 * third, bottom), >,
                    1000);
  cairo_surface_destroy (surface);
  bs_plot_data_items (data, &n);
  g_assert_cmpuint (n, ==, 3);
}

static void
test_nothing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsFigure) empty = bs_figure_new ("empty", NULL, NULL);
  double lo, hi;

  g_assert_null (bs_plot_figure.build (&(BsPlotInput){ 0 }, &error));
  g_assert_nonnull (error);
  g_assert_false (bs_figure_range (empty, TRUE, &lo, &hi));
  empty->description = g_strdup ("nothing.");
  g_autoptr (BsPlotData) data = build (empty);
  cairo_surface_destroy (draw (data, &bs_plot_style_light));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/figure/marks", test_marks);
  g_test_add_func ("/figure/bars", test_bars);
  g_test_add_func ("/figure/nothing", test_nothing);
  return g_test_run ();
}
