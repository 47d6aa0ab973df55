/* The plot of a figure (base/figure.h): lessons' pictures. No row of bs_plots: it is not made from
 * results. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "plot.h"

G_BEGIN_DECLS

/* Needs BsPlotInput.figure. Points with a text are items,
 * numbered over all series. */
extern const BsPlot bs_plot_figure;

G_END_DECLS
