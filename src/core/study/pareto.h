/* The frontier of a trade-off: points that no other beats in both ways.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_pareto_front: indices of the points with strictly less error than all smaller ones, by rising
 * size; of equal points the first. NaN errors are never on it. front  [n], filled from the start
 * Returns  how many. */
guint bs_pareto_front (const double *size, const double *error, guint n, guint *front);

G_END_DECLS
