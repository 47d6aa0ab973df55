/* What a configuration costs, as the x axis of a plot: size, operations, traffic, time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cost.h"

#include "axis.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

gboolean
bs_plot_cost_find (const char *name, BsPlotCost *cost)
{
  static const char *const names[] = { "bytes", "bit-ops", "traffic", "latency" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0) {
      *cost = (BsPlotCost) i;
      return TRUE;
    }
  return FALSE;
}

double
bs_plot_cost_read (BsPlotCost cost, const BsResult *result)
{
  switch (cost) {
  case BS_PLOT_BIT_OPS:
    return (double) result->bit_ops;
  case BS_PLOT_TRAFFIC: /* 0 in results of earlier versions */
    return result->traffic_bytes > 0 ? (double) result->traffic_bytes : (double) NAN;
  case BS_PLOT_LATENCY:
    return result->latency_ms;
  case BS_PLOT_BYTES:
  default:
    return (double) result->weight_bytes;
  }
}

void
bs_plot_cost_text (BsPlotCost cost, char *buffer, gsize size, double value)
{
  char number[32];

  switch (cost) {
  case BS_PLOT_BIT_OPS:
    bs_plot_number (number, sizeof number, value / 1e6, value < 1e8 ? 2 : 0);
    g_snprintf (buffer, size, _ ("%s million bit operations"), number);
    break;
  case BS_PLOT_LATENCY:
    bs_plot_number (number, sizeof number, value, value < 0.1 ? 4 : value < 10 ? 3 : 1);
    g_snprintf (buffer, size, "%s ms", number);
    break;
  case BS_PLOT_TRAFFIC:
  case BS_PLOT_BYTES:
  default:
    bs_plot_bytes (buffer, size, value);
    break;
  }
}

char *
bs_plot_cost_axis (BsPlotCost cost, double last, double *unit)
{
  const char *name;

  switch (cost) {
  case BS_PLOT_BIT_OPS:
    *unit = 1e6;
    return g_strdup (_ ("Bit operations a sample (million)"));
  case BS_PLOT_LATENCY:
    *unit = last < 0.5 ? 1e-3 : 1;
    return g_strdup_printf (_ ("Time a sample on one thread (%s)"), last < 0.5 ? "µs" : "ms");
  case BS_PLOT_TRAFFIC:
    *unit = bs_plot_byte_unit (last, &name);
    return g_strdup_printf (_ ("Memory traffic a sample (%s)"), name);
  case BS_PLOT_BYTES:
  default:
    *unit = bs_plot_byte_unit (last, &name);
    return g_strdup_printf (_ ("Size of the weights (%s)"), name);
  }
}
