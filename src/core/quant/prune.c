/* Corrections: weights set to zero, by magnitude or N of M.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P_SPARSITY };
enum { P_KEEP, P_OF };

static const BsParam magnitude_params[] = {
  [P_SPARSITY] = { "sparsity", N_ ("Share set to zero"), BS_PARAM_DOUBLE, 0, 1, 0.5 },
  { NULL },
};

static const BsParam n_of_m_params[] = {
  [P_KEEP] = { "keep", N_ ("Weights kept"), BS_PARAM_INT, 1, 32, 2 },
  [P_OF] = { "of", N_ ("Out of"), BS_PARAM_INT, 1, 32, 4 },
  { NULL },
};

typedef struct {
  float magnitude;
  gsize index;
} Entry;

/* by_magnitude: rising; equal magnitudes by index. NaN counts as largest: it is never pruned silently. */
static int
by_magnitude (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  if (x->magnitude != y->magnitude)
    return x->magnitude < y->magnitude ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static float
magnitude_of (float v)
{
  return isnan (v) ? INFINITY : fabsf (v);
}

void
bs_prune_magnitude (const float *x, gsize n, double sparsity, guint8 *mask)
{
  gsize n_cut = (gsize) rint (CLAMP (sparsity, 0, 1) * (double) n);
  g_autofree Entry *entries = g_new (Entry, MAX (n, 1));

  for (gsize i = 0; i < n; i++)
    entries[i] = (Entry){ magnitude_of (x[i]), i };
  qsort (entries, n, sizeof *entries, by_magnitude);
  memset (mask, 1, n);
  for (gsize i = 0; i < n_cut; i++)
    mask[entries[i].index] = 0;
}

void
bs_prune_n_of_m (const float *x, gsize rows, gsize columns, guint n_keep, guint m, guint8 *mask)
{
  for (gsize r = 0; r < rows; r++)
    for (gsize from = 0; from < columns; from += m) {
      const float *run = x + r * columns + from;
      guint8 *out = mask + r * columns + from;
      guint n = (guint) MIN (columns - from, m);
      for (guint i = 0; i < n; i++) {
        guint larger = 0;
        for (guint j = 0; j < n; j++)
          larger += magnitude_of (run[j]) > magnitude_of (run[i]) ||
                    (magnitude_of (run[j]) == magnitude_of (run[i]) && j < i);
        out[i] = larger < n_keep;
      }
    }
}

static void
change_magnitude (const BsLinear *layer, const double *params, float *weights)
{
  gsize n;

  if (!bs_dims_count (layer->dims, layer->n_dims, &n))
    return;
  g_autofree guint8 *mask = g_new (guint8, MAX (n, 1));
  bs_prune_magnitude (layer->weights, n, params[P_SPARSITY], mask);
  for (gsize i = 0; i < n; i++)
    weights[i] = mask[i] ? layer->weights[i] : 0;
}

/* change_n_of_m: along the inputs of each output, which is where hardware looks for the pattern. */
static void
change_n_of_m (const BsLinear *layer, const double *params, float *weights)
{
  gsize n_out, n_in;

  if (!bs_linear_shape (layer, &n_out, &n_in))
    return;
  g_autofree float *row = g_new (float, MAX (n_in, 1));
  g_autofree guint8 *mask = g_new (guint8, MAX (n_in, 1));
  for (gsize o = 0; o < n_out; o++) {
    for (gsize i = 0; i < n_in; i++)
      row[i] = layer->weights[bs_linear_at (layer, n_out, n_in, o, i)];
    bs_prune_n_of_m (row, 1, n_in, (guint) params[P_KEEP], (guint) params[P_OF], mask);
    for (gsize i = 0; i < n_in; i++)
      weights[bs_linear_at (layer, n_out, n_in, o, i)] = mask[i] ? row[i] : 0;
  }
}

const BsCorrection bs_correction_prune = {
  .id = "prune",
  .title = N_ ("Magnitude pruning"),
  .description =
    N_ ("Sets the smallest weights of each layer to zero before quantizing, which keeps them zero. "
        "Saves size "
        "only where zeros are stored compactly. Source: Han et al., NIPS 2015, arXiv:1506.02626."),
  .kind = BS_CORRECTION_WEIGHTS,
  .params = magnitude_params,
  .change = change_magnitude,
};

const BsCorrection bs_correction_prune_n_of_m = {
  .id = "prune-nm",
  .title = N_ ("N:M pruning"),
  .description = N_ ("Keeps the N largest of every M weights along the inputs (2 of 4 unless said "
                     "otherwise) and sets the "
                     "rest to zero: the pattern that sparse tensor cores run at twice the speed. "
                     "Source: Mishra et al., "
                     "arXiv:2104.08378."),
  .kind = BS_CORRECTION_WEIGHTS,
  .params = n_of_m_params,
  .change = change_n_of_m,
};
