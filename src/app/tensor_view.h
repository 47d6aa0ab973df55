/* What the weight histogram shows: the values of one weight that share a scale, the levels they may
 * take, the range kept. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/facts.h"
#include "quant/spec.h"

G_BEGIN_DECLS

typedef struct {
  guint tensor;
  guint scale, n_scales; /* which of its scales is shown; n_scales 0: not quantized */
  float *values;         /* [n] those with this scale */
  gsize n;
  double *levels; /* [n_levels] ascending */
  guint n_levels;
  double clip_lo, clip_hi; /* lo ≥ hi: none */
  double sqnr_db;          /* of the whole weight */
  double bits_each;        /* size in bits of the whole weight with its scales, per element */
} BsTensorView;

void bs_tensor_view_free (BsTensorView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsTensorView, bs_tensor_view_free)

/* bs_tensor_view_async: quantizes one weight of facts->simplified on a worker thread.
 *
 *   spec   NULL: values only
 *   scale  which scale to look at; past the end: the last
 *
 * Errors  BS_ERROR_UNSUPPORTED where the weight is not float32; the quantizer's own. */
void bs_tensor_view_async (BsFacts *facts,
                           guint tensor,
                           const BsSpec *spec,
                           guint scale,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user);
BsTensorView *bs_tensor_view_finish (GAsyncResult *result, GError **error);

BsTensorView *bs_tensor_view_make (BsFacts *facts,
                                   guint tensor,
                                   const BsSpec *spec,
                                   guint scale,
                                   GError **error); /* the same, blocking */

G_END_DECLS
