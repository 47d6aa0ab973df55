/* The frontier of a trade-off: points that no other beats in both ways.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/pareto.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  double size, error;
  guint index;
} Point;

static int
compare (const void *a, const void *b)
{
  const Point *x = a, *y = b;

  if (x->size != y->size)
    return x->size < y->size ? -1 : 1;
  if (x->error != y->error)
    return x->error < y->error ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

guint
bs_pareto_front (const double *size, const double *error, guint n, guint *front)
{
  g_autofree Point *points = g_new (Point, MAX (n, 1));
  guint n_points = 0, n_front = 0;
  double least = INFINITY;

  for (guint i = 0; i < n; i++)
    if (!isnan (size[i]) && !isnan (error[i]))
      points[n_points++] = (Point){ size[i], error[i], i };
  qsort (points, n_points, sizeof *points, compare);
  for (guint i = 0; i < n_points; i++)
    if (points[i].error < least) {
      least = points[i].error;
      front[n_front++] = points[i].index;
    }
  return n_front;
}
