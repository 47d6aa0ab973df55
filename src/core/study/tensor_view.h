/* What the weight histogram shows of one weight, for the window and the command line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"
#include "quant/spec.h"
#include "quant/stats.h"
#include "study/result.h"

G_BEGIN_DECLS

typedef struct {
  guint tensor;
  guint scale, n_scales; /* which of its scales is shown; n_scales 0: not quantized */
  float *values;         /* [n] those with this scale */
  gsize n;
  double *levels; /* [n_levels] ascending */
  guint n_levels;
  double clip_lo, clip_hi;           /* lo ≥ hi: none */
  double sqnr_db;                    /* of the whole weight */
  double error_span;                 /* largest error; 0: not quantized, or none */
  guint64 error_bins[BS_ERROR_BINS]; /* of the whole weight, over ±error_span */
  double bits_each; /* size in bits of the whole weight with its scales, per element */
} BsTensorView;

void bs_tensor_view_free (BsTensorView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsTensorView, bs_tensor_view_free)

/* bs_tensor_view_new: quantizes one weight and looks at the part that shares a scale.
 *
 *   model  simplified
 *   index  of the tensor
 *   spec   NULL: values only
 *   scale  which scale to look at; past the end: the last
 *
 * Errors  BS_ERROR_UNSUPPORTED where the weight is not float32; the quantizer's own. */
BsTensorView *bs_tensor_view_new (const BsModel *model,
                                  guint index,
                                  const BsSpec *spec,
                                  guint scale,
                                  GError **error);

/* bs_tensor_view_of_levels: values that each become the nearest of n_levels ≥ 1 ascending ones.
 * (transfer full) */
BsTensorView *
bs_tensor_view_of_levels (const float *x, gsize n, const double *levels, guint n_levels);

/* bs_tensor_view_of_stats: of an activation: the range that is chosen from its statistics and the
 * levels of integers in it, without values. spec float: neither.
 *   name  of the tensor
 * Errors  bs_range_choose's own */
BsTensorView *bs_tensor_view_of_stats (const BsStats *stats,
                                       const BsSpec *spec,
                                       const char *name,
                                       GError **error);

G_END_DECLS
