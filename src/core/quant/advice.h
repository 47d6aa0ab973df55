/* Advice before quantizing: what in a model will hurt, the measure that shows it, and what to try.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/quant.h"

G_BEGIN_DECLS

typedef enum {
  BS_FINDING_CHANNEL_SPREAD, /* ratio of the largest channel range to the smallest */
  BS_FINDING_OUTLIERS,       /* largest magnitude over the 99.9 % quantile of magnitudes */
  BS_FINDING_DEAD_CHANNELS,  /* output channels without a weight other than 0 */
  BS_FINDING_SATURATION,     /* share of values outside the chosen range */
  BS_FINDING_UNUSED_CODES,   /* share of the codes that no value takes */
  BS_FINDING_BIAS_OVERFLOW,  /* largest bias in units of its scale, over 2³¹ */
  BS_FINDING_NOT_FINITE,     /* NaN and infinities */
} BsFindingKind;

typedef struct {
  BsFindingKind kind;
  double value;     /* of the measure named above */
  char *where;      /* layer or tensor */
  char *text;       /* a sentence for people, with the figure */
  const char *cure; /* what to try: a correction ("equalize") or a token of a spec ("channel",
                       "mse", "uint8"); NULL: nothing helps */
} BsFinding;

void bs_finding_free (BsFinding *finding);

/* bs_finding_id: "channel-spread", "outliers", … what scripts read. */
const char *bs_finding_id (BsFindingKind kind);

/* bs_finding_bits: about how many bits of precision the finding costs: what to sort by, worst
 * first. Ranges too wide by a factor f cost log2 f bits, codes that nobody takes log2 of their
 * share; clipping counts a bit for each doubling over the limit of 1 %. */
double bs_finding_bits (const BsFinding *finding);

/* All functions add findings (BsFinding, transfer full) to an array made with bs_findings_new. */
GPtrArray *bs_findings_new (void);

/* bs_advise_weights: one weight tensor, as bs_quantize would see it.
 * Thresholds: ranges that differ by more than 16 (4 bits lost), outliers beyond 8 times the 99.9 %
 * quantile, fewer than half of the codes used by ten times as many values. */
void bs_advise_weights (const char *layer,
                        const float *w,
                        const gint64 *dims,
                        guint n_dims,
                        gint channel_axis,
                        const BsSpec *spec,
                        GPtrArray *findings);

/* bs_advise_acts: one activation, from its statistics. More than 1 % outside the range counts as
 * saturation. */
void
bs_advise_acts (const char *tensor, const BsStats *stats, const BsSpec *spec, GPtrArray *findings);

/* bs_advise_bias: a bias in units of input scale · weight scale must fit into 32 bits.
 *   w_scale  [n_scales], n_scales 1 or n */
void bs_advise_bias (const char *layer,
                     const float *bias,
                     gsize n,
                     float input_scale,
                     const float *w_scale,
                     gsize n_scales,
                     GPtrArray *findings);

G_END_DECLS
