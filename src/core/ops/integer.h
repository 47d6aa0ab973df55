/* What the two ways of ONNX's integer products share: the operands, and the count of each way.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "bsk.h"
#include "ops/op.h"

G_BEGIN_DECLS

/* The inputs of the four operators have other places, but the same meaning. */
typedef struct {
  const BsValue *a, *a_zero, *b, *b_zero;
  const BsValue *a_scale, *b_scale, *y_scale, *y_zero,
    *bias; /* Q…: NULL in the …Integer operators */
} BsIntegerInputs;

/* bs_integer_code: code i of a uint8 or int8 tensor. */
gint bs_integer_code (const BsValue *value, gsize i);

/* bs_integer_zero: the zero point of a channel; 0 where there is none. */
gint bs_integer_zero (const BsValue *zero, gsize channel);

/* The products of one call, all of the same size; memory is the call's scratch. */
typedef struct {
  BskGemmArgs args;
  guint8 *a, *turned; /* a: all of the first input, followed by the slack that kernels read */
  void *packed;
} BsIntegerProduct;

/* bs_integer_product_open: a product a [m × k] · b [k × n] on the integer kernels, requantized where
 * in->y_scale is there. bs_integer_product_pack: takes the matrix b from now on.
 * bs_integer_product_run: y [m × n] from the matrix at element `at` of the first input.
 *
 * Returns  FALSE when the kernels refuse the operands (sums that may leave 32 bits, scales that are
 * not positive and finite, sizes beyond int) or memory is out: nothing is lost, the plain loops give
 * the same numbers. */
gboolean bs_integer_product_open (BsCall *call,
                                  const BsIntegerInputs *in,
                                  gsize k,
                                  gsize n,
                                  BsIntegerProduct *product);
gboolean bs_integer_product_pack (BsIntegerProduct *product, const guint8 *b);
gboolean bs_integer_product_run (const BsIntegerProduct *product, gsize at, gsize m, void *y);

/* bs_integer_kernel_conv: the whole convolution in one or two dimensions; returns as above. */
gboolean bs_integer_kernel_conv (BsCall *call, const BsIntegerInputs *in, const BsWindow *window);

/* bs_integer_paths: how many products and convolutions since the program began ran on the kernels,
 * and how many in plain loops.
 * Threads  any. */
void bs_integer_paths (guint64 *on_kernels, guint64 *plain);

G_END_DECLS
