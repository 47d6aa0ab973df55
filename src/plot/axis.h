/* Axes: where a value lies on the paper, and round numbers to label it with.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  BS_PLOT_LINEAR,
  BS_PLOT_LOG,        /* values > 0 */
  BS_PLOT_COMPLEMENT, /* shares below 1, spaced by the logarithm of 1 − value: 90 %, 99 %, 99.9 %
                         are equally far apart */
} BsPlotScale;

#define BS_PLOT_MAX_TICKS 24

typedef struct {
  double value;
  char label[24];
} BsPlotTick;

typedef struct {
  BsPlotScale scale;
  double lo, hi;   /* values at the two ends; lo > hi turns the axis round */
  double unit;     /* labels show value / unit: 1024 for KiB, 0.01 for percent */
  double from, to; /* positions of lo and hi, in the picture's units */
  guint n_ticks;
  BsPlotTick ticks[BS_PLOT_MAX_TICKS];
} BsPlotAxis;

/* bs_plot_axis_init: an axis over the data's own range, a little widened so that nothing touches
 * the frame.
 *
 *   lo, hi  smallest and largest value in either order; equal or not finite: something sensible
 * around them pad     share of the length to add at either end */
void bs_plot_axis_init (BsPlotAxis *axis,
                        BsPlotScale scale,
                        double lo,
                        double hi,
                        double pad,
                        double unit);

void bs_plot_axis_place (BsPlotAxis *axis, double from, double to);
double bs_plot_axis_at (const BsPlotAxis *axis, double value);      /* clamped to the ends */
gboolean bs_plot_axis_shows (const BsPlotAxis *axis, double value); /* lies between the ends */

/* bs_plot_axis_zoom: keeps the part between two shares of the length, 0 … 1; before placing. */
void bs_plot_axis_zoom (BsPlotAxis *axis, double from, double to);

/* bs_plot_axis_ticks: chooses at most n_max round values; placed axes only. */
void bs_plot_axis_ticks (BsPlotAxis *axis, guint n_max);

/* bs_plot_number: "1,234.5" in fixed notation with a true minus sign; the decimal point is always a
 * point. */
void bs_plot_number (char *buffer, gsize size, double value, int decimals);

/* bs_plot_bytes: "51.2 KiB", "3.4 MiB". */
void bs_plot_bytes (char *buffer, gsize size, double bytes);

/* bs_plot_byte_unit: the unit for an axis up to this many bytes; *name is "B", "KiB", "MiB" or
 * "GiB". */
double bs_plot_byte_unit (double bytes, const char **name);

G_END_DECLS
