/* Errors of quantizing a tensor, without keeping its codes: at the speed of memory where integers
 * allow. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/measure.h"
#include "quant/quant.h"

G_BEGIN_DECLS

/* bs_quant_error: adds to sums what bs_quantize with the same arguments would do to x.
 *
 * Speed   integer specs with round=half-even, arith=f32 and a float scale read x twice, for the
 *         range and for the error, and write nothing. Others are encoded a slice at a time where
 *         their scope allows. In both cases sum_sq_y and sum_xy become NaN: they are not measured.
 *
 * Exact   codes are the same; sums are float32 in blocks of 4096 values, double across blocks.
 *
 * Errors  as bs_quantize. */
gboolean bs_quant_error (const BsSpec *spec,
                         const float *x,
                         const gint64 *dims,
                         guint n_dims,
                         gint channel_axis,
                         const BsInterval *model_range,
                         const char *name,
                         BsErrorSums *sums,
                         GError **error);

/* bs_quant_error_sweep: mean squared error of n values under each of n_specs specs, with one scale
 * per tensor whatever their scopes.
 *
 *   mse  [n_specs]
 *
 * Speed  one pass over memory for all integer specs with round=half-even, arith=f32 and a float
 *        scale together, and one before it when any of their ranges is minmax; each range that is
 *        neither minmax nor fixed takes its own, each other encoding quantizes. */
gboolean bs_quant_error_sweep (const BsSpec *specs,
                               guint n_specs,
                               const float *x,
                               gsize n,
                               const char *name,
                               double *mse,
                               GError **error);

G_END_DECLS
