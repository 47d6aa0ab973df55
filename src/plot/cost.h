/* What a configuration costs, as the x axis of a plot: size, operations, traffic, time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "plot.h"

G_BEGIN_DECLS

/* bs_plot_cost_read: NaN where it was not measured. */
double bs_plot_cost_read (BsPlotCost cost, const BsResult *result);

/* bs_plot_cost_text: "51.2 KiB", "35.9 million", "0.143 ms". */
void bs_plot_cost_text (BsPlotCost cost, char *buffer, gsize size, double value);

/* bs_plot_cost_axis: the title of an axis up to this value, and its unit. (transfer full) */
char *bs_plot_cost_axis (BsPlotCost cost, double last, double *unit);

G_END_DECLS
