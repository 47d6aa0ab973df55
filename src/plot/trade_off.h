/* What the two files of the trade-off plot share: its numbers, laid out.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cost.h"
#include "data.h"
#include "quality.h"

#include "axis.h"

G_BEGIN_DECLS

#define BS_TRADE_OFF_SCOPES 6u /* those of BsScope, and float as the last */

typedef struct {
  double x, y, lo, hi;
  guint scope;              /* decides the colour */
  guint shape;              /* index into shapes */
  guint order;              /* place among the results */
  gboolean pareto, stopped; /* stopped: early, in a race */
  char width[8];            /* bits, inside the marker; "" when layers differ */
} BsTradeOffPoint;

typedef struct {
  BsQuantity quantity;
  BsPlotCost cost;
  BsPlotScale scale;
  GArray *points;                       /* BsTradeOffPoint, by cost */
  gboolean scopes[BS_TRADE_OFF_SCOPES]; /* which occur */
  guint n_stopped;                      /* of the points */
  GPtrArray *shapes;                    /* char *: what a marker's shape stands for */
  double float_y, float_x;
  double budget; /* bytes; 0: none */
  double best;   /* the largest share that the y axis needs to show */
} BsTradeOff;

/* trade_off_draw.c: the plot's draw. */
void bs_trade_off_draw (BsPlotData *data,
                        cairo_t *cr,
                        PangoContext *pango,
                        const BsPlotStyle *style,
                        double width,
                        double height);

G_END_DECLS
