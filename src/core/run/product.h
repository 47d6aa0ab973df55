/* What the kernels multiply with: a layer's weights, packed for the codes around it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "run/operands.h"

G_BEGIN_DECLS

/* Of GLib's atomic reference counts, shared by plans. */
typedef struct {
  void *packed;
  BskGemmArgs args; /* packed for: the codes of input and output; without its arrays */
  char *what;       /* describes the weights, for the key of the output */
  gsize scratch_bytes;
  gsize a_image, c_image, ldc; /* elements */
  guint images;                /* a sample */
  int out_h;                   /* of a plain convolution */
  gsize rows, k;               /* a sample */
} BsProduct;

void bs_product_unref (gpointer product);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsProduct, bs_product_unref)

BskWeightType bs_product_weight_type (const BsPlannedLayer *layer);

/* bs_product_get: the weights of a node that runs on integers, packed, and its layer's operands: both
 * shared with the like plan where they would come out the same.
 *   convolves  or else it is a matrix product
 *   codes_out  the output is codes
 * Errors  BS_ERROR_TOO_LARGE; the kernels' own */
BsProduct *bs_product_get (BsLowering *l,
                           guint node,
                           const BsWeightOrder *order,
                           gboolean convolves,
                           gboolean codes_out,
                           GError **error);

/* The geometry of a convolution; of a transposed one, as bsk_deconv describes it. */
typedef struct {
  BskConvShape shape;
  gboolean transposed;
  int extra_h, extra_w; /* transposed */
} BsGeometry;

/* bs_geometry_of: FALSE where the kernels have no such window. */
gboolean bs_geometry_of (const BsLowering *l, const BsNode *node, BsGeometry *g);

G_END_DECLS
