/* Axes: where a value lies on the paper, and round numbers to label it with.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "axis.h"

#include <math.h>
#include <string.h>

#define SMALLEST_COMPLEMENT 1e-6 /* 1 − value is not drawn smaller than this: 99.9999 % */

static double
transform (BsPlotScale scale, double value)
{
  switch (scale) {
  case BS_PLOT_LOG:
    return log10 (MAX (value, 1e-300));
  case BS_PLOT_COMPLEMENT:
    return -log10 (MAX (1 - value, SMALLEST_COMPLEMENT));
  case BS_PLOT_LINEAR:
  default:
    return value;
  }
}

static double
untransform (BsPlotScale scale, double position)
{
  switch (scale) {
  case BS_PLOT_LOG:
    return pow (10, position);
  case BS_PLOT_COMPLEMENT:
    return 1 - pow (10, -position);
  case BS_PLOT_LINEAR:
  default:
    return position;
  }
}

void
bs_plot_axis_init (BsPlotAxis *axis,
                   BsPlotScale scale,
                   double lo,
                   double hi,
                   double pad,
                   double unit)
{
  memset (axis, 0, sizeof *axis);
  axis->scale = scale;
  axis->unit = unit;
  if (!isfinite (lo) && !isfinite (hi))
    lo = scale == BS_PLOT_LOG ? 1 : 0, hi = scale == BS_PLOT_LOG ? 10 : 1;
  else if (!isfinite (lo))
    lo = hi;
  else if (!isfinite (hi))
    hi = lo;

  double a = transform (scale, lo), b = transform (scale, hi);
  if (a == b) {
    double half = scale == BS_PLOT_LINEAR ? MAX (fabs (a) * 0.05, unit * 0.5) : 0.15;
    a -= half;
    b += half;
  }
  double extra = (b - a) * pad;
  axis->lo = untransform (scale, a - extra);
  axis->hi = untransform (scale, b + extra);
}

void
bs_plot_axis_place (BsPlotAxis *axis, double from, double to)
{
  axis->from = from;
  axis->to = to;
}

double
bs_plot_axis_at (const BsPlotAxis *axis, double value)
{
  double a = transform (axis->scale, axis->lo), b = transform (axis->scale, axis->hi);

  if (isnan (value))
    return axis->from;
  double share = CLAMP ((transform (axis->scale, value) - a) / (b - a), 0, 1);
  return axis->from + share * (axis->to - axis->from);
}

gboolean
bs_plot_axis_shows (const BsPlotAxis *axis, double value)
{
  return value >= MIN (axis->lo, axis->hi) && value <= MAX (axis->lo, axis->hi);
}

void
bs_plot_axis_zoom (BsPlotAxis *axis, double from, double to)
{
  double a = transform (axis->scale, axis->lo), b = transform (axis->scale, axis->hi);

  axis->lo = untransform (axis->scale, a + (b - a) * from);
  axis->hi = untransform (axis->scale, a + (b - a) * to);
}

void
bs_plot_number (char *buffer, gsize size, double value, int decimals)
{
  char digits[64], format[8];

  if (isnan (value) || isinf (value)) {
    g_strlcpy (buffer, isnan (value) ? "–" : value > 0 ? "∞" : "−∞", size);
    return;
  }
  if (fabs (value) > 1e15 || (value != 0 && fabs (value) < 1e-6)) {
    g_ascii_formatd (digits, sizeof digits, "%.2g", value);
  } else {
    g_snprintf (format, sizeof format, "%%.%df", CLAMP (decimals, 0, 9));
    g_ascii_formatd (digits, sizeof digits, format, value);
  }

  const char *p = digits;
  gboolean negative = *p == '-';
  if (negative)
    p++;
  if (negative && strspn (p, "0.") == strlen (p))
    negative = FALSE; /* no “−0.0” */

  gsize whole = strspn (p, "0123456789");
  GString *out = g_string_new (negative ? "−" : "");
  for (gsize i = 0; i < strlen (p); i++) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0)
      g_string_append_c (out, ',');
    g_string_append_c (out, p[i]);
  }
  g_strlcpy (buffer, out->str, size);
  g_string_free (out, TRUE);
}

double
bs_plot_byte_unit (double bytes, const char **name)
{
  static const char *const names[] = { "B", "KiB", "MiB", "GiB" };
  guint i = 0;
  double unit = 1;

  while (i < 3 && bytes >= 1024 * unit) {
    unit *= 1024;
    i++;
  }
  *name = names[i];
  return unit;
}

void
bs_plot_bytes (char *buffer, gsize size, double bytes)
{
  const char *name;
  double unit = bs_plot_byte_unit (bytes, &name);
  char number[32];

  bs_plot_number (number, sizeof number, bytes / unit, unit == 1 || bytes / unit >= 100 ? 0 : 1);
  g_snprintf (buffer, size, "%s %s", number, name);
}

static void
add_tick (BsPlotAxis *axis, double shown, int decimals)
{
  if (axis->n_ticks == BS_PLOT_MAX_TICKS)
    return;
  BsPlotTick *tick = &axis->ticks[axis->n_ticks++];
  tick->value = shown * axis->unit;
  bs_plot_number (tick->label, sizeof tick->label, shown, decimals);
}

static void
linear_ticks (BsPlotAxis *axis, double lo, double hi, guint n_max)
{
  static const double steps[] = { 1, 2, 5, 10 };
  double rough = (hi - lo) / MAX (n_max, 2);
  double decade = pow (10, floor (log10 (rough)));
  double step = 10 * decade;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i] * decade >= rough * (1 - 1e-9)) {
      step = steps[i] * decade;
      break;
    }
  int decimals = MAX (0, (int) -floor (log10 (step) + 1e-9));
  double first = ceil (lo / step - 1e-9);
  for (guint i = 0; i < BS_PLOT_MAX_TICKS && (first + i) * step <= hi + step * 1e-9; i++)
    add_tick (axis, (first + i) * step, decimals);
}

static void
log_label (char *buffer, gsize size, double value)
{
  static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
  int exponent = (int) floor (log10 (value) + 1e-9);
  int mantissa = (int) lround (value / pow (10, exponent));
  GString *text;

  if (value >= 0.001 && value < 1e5) {
    bs_plot_number (buffer, size, value, MAX (0, (int) -floor (log10 (value) + 1e-9)));
    return;
  }
  text = g_string_new (NULL);
  if (mantissa != 1)
    g_string_append_printf (text, "%d·", mantissa);
  g_string_append (text, "10");
  if (exponent < 0)
    g_string_append (text, "⁻");
  char plain[16];
  g_snprintf (plain, sizeof plain, "%d", ABS (exponent));
  for (const char *p = plain; *p != '\0'; p++)
    g_string_append (text, digits[*p - '0']);
  g_strlcpy (buffer, text->str, size);
  g_string_free (text, TRUE);
}

static void
log_ticks (BsPlotAxis *axis, double lo, double hi, guint n_max)
{
  static const double fine[] = { 1, 2, 5 }, coarse[] = { 1 };
  double decades = log10 (hi / lo);
  gboolean use_fine = decades * 3 <= n_max;
  int every = MAX (1, (int) ceil (decades / MAX (n_max, 2)));

  if (decades < 1) {
    linear_ticks (axis, lo, hi, n_max);
    return;
  }
  for (int e = (int) floor (log10 (lo)); e <= (int) ceil (log10 (hi)); e++) {
    const double *mantissas = use_fine ? fine : coarse;
    if (!use_fine && e % every != 0)
      continue;
    for (guint i = 0; i < (use_fine ? G_N_ELEMENTS (fine) : 1); i++) {
      double value = mantissas[i] * pow (10, e);
      if (value < lo * (1 - 1e-9) || value > hi * (1 + 1e-9) || axis->n_ticks == BS_PLOT_MAX_TICKS)
        continue;
      BsPlotTick *tick = &axis->ticks[axis->n_ticks++];
      tick->value = value * axis->unit;
      log_label (tick->label, sizeof tick->label, value);
    }
  }
}

static void
complement_ticks (BsPlotAxis *axis, guint n_max)
{
  /* Shares people quote; taken in this order as long as they keep their distance. */
  static const double wanted[] = { 0.9,   0.99,  0.5,  0,     0.999,  0.95,  0.98, 0.8,
                                   0.7,   0.97,  0.96, 0.995, 0.6,    0.3,   0.94, 0.92,
                                   0.985, 0.975, 0.93, 0.91,  0.9999, 0.998, 0.85, 0.75,
                                   0.4,   0.2,   0.1,  0.965, 0.945,  0.992, 0.997 };
  double distance = fabs (axis->to - axis->from) / MAX (n_max, 2);
  double lo = MIN (axis->lo, axis->hi), hi = MAX (axis->lo, axis->hi);

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++) {
    gboolean crowded = wanted[i] < lo || wanted[i] > hi;
    for (guint j = 0; j < axis->n_ticks; j++)
      if (fabs (bs_plot_axis_at (axis, axis->ticks[j].value) - bs_plot_axis_at (axis, wanted[i])) <
          distance)
        crowded = TRUE;
    if (crowded)
      continue;
    double shown = wanted[i] / axis->unit;
    int decimals = fabs (shown - round (shown)) < 1e-9             ? 0
                   : fabs (shown * 10 - round (shown * 10)) < 1e-9 ? 1
                                                                   : 2;
    add_tick (axis, shown, decimals);
  }
}

void
bs_plot_axis_ticks (BsPlotAxis *axis, guint n_max)
{
  double lo = MIN (axis->lo, axis->hi) / axis->unit, hi = MAX (axis->lo, axis->hi) / axis->unit;

  axis->n_ticks = 0;
  n_max = MIN (n_max, BS_PLOT_MAX_TICKS);
  if (axis->scale == BS_PLOT_LOG)
    log_ticks (axis, lo, hi, n_max);
  else if (axis->scale == BS_PLOT_COMPLEMENT)
    complement_ticks (axis, n_max);
  /* A step that is a little too coarse can leave one label or none: an axis needs two. */
  for (guint n = n_max; axis->n_ticks < 2 && n <= n_max + 8; n++) {
    axis->n_ticks = 0;
    linear_ticks (axis, lo, hi, n);
  }
}
