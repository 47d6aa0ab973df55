/* Range rules: which interval the codes of one tensor must cover.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"
#include "quant/stats.h"

G_BEGIN_DECLS

typedef struct {
  double lo, hi; /* lo ≤ 0 ≤ hi */
} BsInterval;

struct _BsRange {
  const char *id;    /* "percentile" */
  const char *title; /* N_() */
  const char *
    description; /* N_(): one paragraph with its source; shown by --help, the window and the manual */
  const BsParam *params; /* at most BS_MAX_PARAMS; NULL: none */

  /* From streamed statistics (activations). */
  gboolean (*choose) (const BsStats *stats, const BsSpec *spec, BsInterval *out, GError **error);

  /* From the values themselves (weights: one scale's worth of values). NULL: choose is used on their statistics. */
  gboolean (
    *choose_values) (const float *x, gsize n, const BsSpec *spec, BsInterval *out, GError **error);

  gboolean is_given; /* the spec says the interval: choose is not interested in its statistics */
  /* Activations: choose_values is asked for each sample while the network runs; choose tells what
   * calibration would have expected. */
  gboolean at_run_time;
};

/* bs_range_choose: interval that the codes of one tensor must cover, made to include 0.
 * Errors  BS_ERROR_NO_DATA when stats is empty. */
gboolean bs_range_choose (const BsStats *stats,
                          const BsSpec *spec,
                          const char *tensor_name,
                          BsInterval *out,
                          GError **error);

/* bs_range_choose_values: the same from the values themselves, NaN and infinities left out; no finite value: [0, 0]. */
gboolean bs_range_choose_values (const float *x,
                                 gsize n,
                                 const BsSpec *spec,
                                 const char *tensor_name,
                                 BsInterval *out,
                                 GError **error);

/* bs_range_choose_rows: the same for each of `rows` rows of `inner` values: out [rows]. */
gboolean bs_range_choose_rows (const float *x,
                               gsize rows,
                               gsize inner,
                               const BsSpec *spec,
                               const char *tensor_name,
                               BsInterval *out,
                               GError **error);

/* bs_range_given: TRUE and the interval when spec says it, whatever the values. */
gboolean bs_range_given (const BsSpec *spec, BsInterval *out);

extern const BsRange bs_range_minmax;
extern const BsRange *const bs_ranges[]; /* all rows, ending with NULL */
const BsRange *bs_range_find (const char *id);

G_END_DECLS
